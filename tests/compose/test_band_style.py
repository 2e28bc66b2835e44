"""Tests of the band as a style: who plays what is asked for, what a sentence means by it, the files that come out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from filling_generator import FillingGenerator

import antiphon
from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.compose import compose
from antiphon.compose.critique import judge
from antiphon.compose.plan import plan, take_seed
from antiphon.compose.roles import match
from antiphon.compose.sentence import read_sentence
from antiphon.compose.styles import Voices, suits, usual_style
from antiphon.generate.request import Request, Take
from antiphon.io import midi, musicxml
from antiphon.music.beats import bar_count
from antiphon.music.score import Score, Track

ROLES = ("lead", "keys", "strings", "bass", "drums")
BAND = Voices("band", ROLES, ((4, 4),))
POP = Voices("pop", ("melody", "bridge", "piano"), ((4, 4),))
CHORALE = Voices("chorale", ("soprano", "alto", "tenor", "bass"), ((4, 4),))


class BandGenerator(FillingGenerator):
    """Writes eighths in every role, the drums on a drum track with short strokes of kick, snare and hat."""

    def __init__(self) -> None:
        super().__init__("band", ROLES)

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        return [replace(take, score=_with_kit(take.score)) for take in super().write(request, seeds)]


def _with_kit(score: Score) -> Score:
    tracks = []
    for track in score.tracks:
        if track.name == "drums":
            notes = track.notes.copy()
            notes["pitch"] = np.array([36, 42, 38, 42])[np.arange(len(notes)) % 4]
            notes["duration"] = 120
            track = Track("drums", 0, True, notes)
        tracks.append(track)
    return score.with_tracks(tracks)


def asked(**wishes: object) -> Brief:
    return read_brief(**{"seed": 1, "bars": 8, "meter": "4/4"} | wishes)  # type: ignore[arg-type]


def programs(brief: Brief) -> dict[str, int | None]:
    made = plan(brief, BandGenerator().description)
    return {force.role: force.program for force in made.forces}


def test_a_composed_band_has_drums_on_the_drum_channel_and_every_file_opens() -> None:
    piece = compose(asked(style="band", takes=2), BandGenerator())
    assert {t.name: t.is_drum for t in piece.score.tracks} == {name: name == "drums" for name in ROLES}
    assert bar_count(piece.score) == 8
    back = midi.loads(midi.dumps(piece.score))
    assert [t.is_drum for t in back.tracks] == [False] * 4 + [True]
    page = musicxml.loads(musicxml.dumps(piece.score))
    assert len(page.tracks) == 5
    assert piece.score.title.startswith("Song in ")


def test_instruments_go_to_the_parts_that_they_commonly_play() -> None:
    found = programs(asked(instruments="drums, electric guitar, string ensemble 2, synth bass 1"))
    assert found == {"lead": 27, "keys": None, "strings": 49, "bass": 38, "drums": None}
    assert programs(asked(instruments="drums, piano")) == {
        "lead": None,
        "keys": 0,
        "strings": None,
        "bass": None,
        "drums": None,
    }
    assert programs(asked(instruments="lead=trumpet"))["lead"] == 56


def test_drums_are_no_instrument_beyond_a_band() -> None:
    pop = FillingGenerator()
    made = plan(asked(instruments="drums, violin"), pop.description)
    assert [u.asked for u in made.unmet] == ["drums"]
    assert {f.program for f in made.forces} == {40}


def test_wishes_reach_single_parts() -> None:
    piece = compose(
        asked(tracks="bass,drums", silences="drums in bars 1-4", instruments="bass=slap bass 1", takes=1), BandGenerator()
    )
    bass, drums = piece.score.tracks
    assert (bass.name, bass.program, drums.name) == ("bass", 36, "drums")
    assert int(drums.notes["onset"].min()) >= 4 * 1920


@pytest.mark.parametrize(
    ("wishes", "style"),
    [
        ({}, "pop"),
        ({"instruments": "drums"}, "band"),
        ({"tracks": "drums,bass"}, "band"),
        ({"tracks": "lead,keys"}, "band"),
        ({"tracks": "melody,piano"}, "pop"),
        ({"instruments": "piano"}, "pop"),
    ],
)
def test_who_asks_for_drums_means_a_band(wishes: dict[str, str], style: str) -> None:
    assert usual_style(asked(**wishes)) == style


@pytest.mark.parametrize(
    ("text", "wishes", "unknown"),
    [
        ("a rock band in E minor, 16 bars", {"style": "band", "key": "E minor", "bars": 16}, ()),
        ("band with drums and bass, fast", {"style": "band", "instruments": ["drums"], "tempo": 138}, ()),
        ("angry metal for a boss", {"style": "band", "mood": "angry"}, ("boss",)),
        ("tracks: drums, bass and keys", {"tracks": ["drums", "bass", "keys"]}, ()),
        ("pop with bass", {"style": "pop"}, ("bass",)),
        ("摇滚乐队，快，E小调", {"style": "band", "key": "E minor", "tempo": 138}, ()),
        ("乐队，鼓和贝斯，16小节", {"style": "band", "instruments": ["drums", "fingered bass"], "bars": 16}, ()),
    ],
)
def test_a_band_is_asked_for_in_words(text: str, wishes: dict[str, object], unknown: tuple[str, ...]) -> None:
    said = read_sentence(text)
    assert (said.wishes, said.unknown) == (wishes, unknown)


def rock(names: tuple[str, ...]) -> Score:
    """Lead, power chords, electric bass and drums under any names."""
    bars = range(8)
    lead = [(b * 1920 + i * 240, 240, 70 + (b + i * i) % 7, 90) for b in bars for i in range(8)]
    power = [(b * 1920 + i * 480, 480, p, 80) for b in bars for i in range(4) for p in (45, 52, 57)]
    bass = [(b * 1920 + i * 240, 240, 33, 90) for b in bars for i in range(8)]
    kit = [(b * 1920 + i * 480, 60, (36, 38)[i % 2], 100) for b in bars for i in range(4)]
    parts = ((81, False, lead), (30, False, power), (33, False, bass), (0, True, kit))
    return Score(480, tuple(Track(name, *part) for name, part in zip(names, parts, strict=True)))


def test_a_foreign_band_suits_the_band_and_its_bass_keeps_its_octave() -> None:
    song = rock(("Track 1", "Track 2", "Track 3", "Track 4"))
    assert suits(song, BAND) > max(suits(song, POP), suits(song, CHORALE))
    parts = match(song, ROLES)
    assert {role: part.tracks for role, part in parts.items()} == {"lead": (0,), "keys": (1,), "bass": (2,), "drums": (3,)}
    assert parts["bass"].octave == 0
    assert match(song.with_tracks(song.tracks[2:3]), CHORALE.roles)["bass"].octave == 12


def test_parts_are_added_by_a_band() -> None:
    song = rock(("lead", "guitar", "bass", "drums")).with_tracks(rock(("lead", "guitar", "bass", "drums")).tracks[:2])
    answer = antiphon.accompany(song, add=("drums", "bass", "strings"), generator=BandGenerator(), takes=1, seed=1)
    assert [(t.name, t.is_drum) for t in answer.score.tracks] == [
        ("lead", False), ("guitar", False), ("drums", True), ("bass", False), ("strings", False),
    ]  # fmt: skip
    assert answer.score.tracks[:2] == song.tracks
    assert not any("rule" in note for note in answer.notes)
    buffer = io.BytesIO(midi.dumps(answer.score))
    assert len(midi.loads(buffer.getvalue()).tracks) == 5


class EvenKit(BandGenerator):
    """Its drums have one loudness."""

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        return [replace(take, score=_evened(take.score)) for take in super().write(request, seeds)]


def _evened(score: Score) -> Score:
    kit = score.tracks[-1].notes.copy()
    kit["velocity"] = 90
    return score.with_tracks((*score.tracks[:-1], replace(score.tracks[-1], notes=kit)))


def test_an_even_part_gets_a_players_loudness_and_an_uneven_one_keeps_its_own() -> None:
    model = EvenKit()
    piece = compose(asked(style="band", takes=1), model).score
    written = model.write(model.asked[0], [take_seed(1, 0)])[0].score
    drums = piece.tracks[-1].notes["velocity"]
    assert len(set(drums.tolist())) > 4
    assert abs(float(drums.mean()) - 90) < 2
    for track, before in zip(piece.tracks[:-1], written.tracks[:-1], strict=True):
        assert track.notes["velocity"].tolist() == before.notes["velocity"].tolist()


def test_a_take_without_drums_is_marked_down() -> None:
    model = BandGenerator()
    brief = asked(style="band")
    takes = model.write(replace(plan(brief, model.description).request, meter=(4, 4)), [1, 2])
    silent = takes[0].score.with_tracks(t for t in takes[0].score.tracks if t.name not in ("drums", "bass"))
    request = plan(brief, model.description).request
    full, bare = judge(takes, [takes[0].score, silent], model.description, request)
    said = {r.text for r in bare.reasons} - {r.text for r in full.reasons}
    assert {"the drums never play", "the bass never plays"} <= said
    two = judge(takes, [silent, silent], model.description, replace(request, tracks=("lead", "keys", "bass")))
    assert not any(r.kind == "unplayed" for v in two for r in v.reasons)
