"""Tasks on the user's piece: what is not open comes back note for note, through files; weird files work or are refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from filling_generator import FillingGenerator, chorale, folk
from hypothesis import given, settings
from hypothesis import strategies as st

import antiphon
from antiphon.compose.answer import Answer
from antiphon.compose.answer_manifest import answer_manifest
from antiphon.compose.fit import bars_of
from antiphon.compose.likeness import same_bars
from antiphon.compose.melodies import chords_below, skyline
from antiphon.compose.roles import Part, match
from antiphon.compose.seams import missed, seam_reasons
from antiphon.errors import AntiphonError, BriefError
from antiphon.generate.request import Opening, Request, Take
from antiphon.io import midi
from antiphon.music.beats import bar_count, tempo_at
from antiphon.music.harmony import Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track, notes_array
from strategies import midi_scores

ROWS = Counter[tuple[object, ...]]
SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def song(
    bars: int = 16, *, resolution: int = 480, meter: tuple[int, int] = (4, 4), tempos: tuple[Tempo, ...] = (), seed: int = 0
) -> Score:
    """A song with voice, piano, bass and drums, a little off the grid, as played."""
    rng = np.random.default_rng(seed)
    bar = resolution * 4 * meter[0] // meter[1]
    beat = resolution * 4 // meter[1]
    voice, piano, low, kit = [], [], [], []
    for b in range(bars):
        root = [60, 57, 65, 67][b % 4]
        for i, tick in enumerate(range(b * bar, (b + 1) * bar, beat)):
            late = int(rng.integers(0, max(1, resolution // 48)))
            voice.append((tick + late, beat * 9 // 10, SCALE[int(rng.integers(8))] + 12, int(rng.integers(60, 110))))
            kit.append((tick, 10, 36 if i % 2 == 0 else 38, 100))
        piano += [(b * bar, bar - 1, root + step, 70) for step in (0, 4 if root != 57 else 3, 7)]
        low.append((b * bar, bar, root - 24, 90))
    tracks = (
        Track("Lead Vocal", 52, False, voice),
        Track("Klavier", 0, False, piano, [(0, bar * bars)]),
        Track("E-Bass", 33, False, low),
        Track("Drums", 0, True, kit),
    )
    return Score(resolution, tracks, tempos, (Meter(0, *meter),), (KeyMark(0, Key(0)),), title="Song", length=bars * bar)


def tune(bars: int = 8, meter: tuple[int, int] = (4, 4)) -> Score:
    bar = 480 * 4 * meter[0] // meter[1]
    unit = 480 * 4 // meter[1]
    notes = [(t, unit, SCALE[(t // unit * 3) % 8], 80) for t in range(0, bars * bar - unit, unit)]
    return Score(480, (Track("Tune", 73, False, [*notes, (bars * bar - unit, unit, 60, 80)]),), meters=(Meter(0, *meter),))


def filed(score: Score) -> Score:
    """The score written to the bytes of a file and read again."""
    return midi.loads(midi.dumps(score))


def rows(score: Score, outside: tuple[int, int] = (0, 0), tracks: tuple[str, ...] | None = None) -> ROWS:
    """All that a track holds outside some ticks (in the named tracks), as a multiset."""
    found: ROWS = Counter()
    for track in score.tracks:
        for note in track.notes.tolist():
            if (tracks is not None and track.name not in tracks) or not outside[0] <= note[0] < outside[1]:
                found[track.name, track.program, track.is_drum, *note] += 1
    return found


def frame(score: Score) -> tuple[object, ...]:
    """All of a piece but its tracks."""
    return score.resolution, score.tempos, score.meters, score.keys, score.chords, score.sections, score.title


# --------------------------------------------------------------------------------------------- what is closed stays


@settings(max_examples=25, deadline=None)
@given(midi_scores(), st.data())
def test_closed_bars_and_tracks_come_back_through_files(score: Score, data: st.DataObject) -> None:
    piece = filed(score)
    if piece.note_count == 0 or piece.end > 2000 * piece.resolution:
        return
    bars = bars_of(piece)
    first = data.draw(st.integers(1, len(bars)))
    last = data.draw(st.integers(first, min(len(bars), first + 8)))
    names = data.draw(st.none() | st.sampled_from([t.name for t in piece.tracks]).map(lambda name: (name,)))
    fake = data.draw(st.sampled_from([FillingGenerator(), chorale(), folk()]))
    try:
        answer = antiphon.infill(piece, bars=(first, last), tracks=names, takes=2, seed=5, generator=fake)
    except BriefError as error:
        assert "\n" not in str(error)
        return
    opened = (bars[first - 1].start, bars[last - 1].stop)
    for take in answer.takes:
        assert frame(take) == frame(piece)
        assert rows(take, opened, names) == rows(piece, opened, names)
        assert rows(filed(take), opened, names) == rows(filed(piece), opened, names)
    assert all(wish.kept for wish in answer.wishes if wish.name == "untouched")


@settings(max_examples=15, deadline=None)
@given(midi_scores(), st.sampled_from(["continue", "harmonize", "accompany"]))
def test_everything_stays_where_parts_are_added(score: Score, task: str) -> None:
    piece = filed(score)
    if piece.note_count == 0 or piece.end > 1000 * piece.resolution:
        return
    try:
        if task == "continue":
            answer = antiphon.continue_(piece, bars=3, takes=1, seed=5, generator=FillingGenerator())
        elif task == "harmonize":
            answer = antiphon.harmonize(piece, style=None, takes=1, seed=5, generator=folk())
        else:
            answer = antiphon.accompany(piece, add=("bass", "drums", "strings"), takes=1, seed=5, generator=FillingGenerator())
    except BriefError as error:
        assert "\n" not in str(error)
        return
    assert rows(filed(piece)) <= rows(filed(answer.score))


@pytest.mark.parametrize("resolution", [24, 25, 96, 384, 480, 960, 1000])
def test_new_notes_stand_in_their_bars_at_any_resolution(resolution: int) -> None:
    piece = song(resolution=resolution)
    answer = antiphon.infill(piece, bars=(5, 6), tracks=("Klavier",), seed=1, generator=FillingGenerator())
    bar = 4 * resolution
    old, new = (s.tracks[1].notes for s in (piece, answer.score))
    fresh = new[(new["onset"] >= 4 * bar) & (new["onset"] < 6 * bar)]
    assert len(fresh) == 16
    assert (fresh["onset"] + fresh["duration"]).max() <= 6 * bar
    assert np.array_equal(np.unique(fresh["onset"]), np.floor(np.arange(4 * bar, 6 * bar, resolution / 2) + 0.5))
    assert np.array_equal(new[new["onset"] < 4 * bar], old[old["onset"] < 4 * bar])
    assert answer.score.tracks[0] == piece.tracks[0]
    assert answer.score.tracks[1].pedals.tolist() == [(0, 4 * bar), (6 * bar, 10 * bar)]


def test_new_notes_are_as_loud_as_what_is_around_them() -> None:
    for level in (30, 70, 120):
        piece = song()
        quiet = piece.tracks[1].notes.copy()
        quiet["velocity"] = level
        piece = piece.with_tracks((piece.tracks[0], replace(piece.tracks[1], notes=quiet), *piece.tracks[2:]))
        answer = antiphon.infill(piece, bars=(5, 6), tracks=("piano",), seed=1, generator=FillingGenerator())
        notes = answer.score.tracks[1].notes
        fresh = notes[(notes["onset"] >= 4 * 1920) & (notes["onset"] < 6 * 1920)]
        assert fresh["velocity"].mean() == pytest.approx(level, abs=3)


def test_a_note_that_rings_into_the_open_bars_is_kept_whole_and_not_struck_again() -> None:
    held = Track("melody", 0, False, [(0, 4800, 67, 80), (7680, 1920, 67, 80)])
    piece = Score(480, (held, Track("piano", 0, False, [(t, 480, 60, 80) for t in range(0, 9600, 480)])), length=9600)
    answer = antiphon.infill(piece, bars=(2, 4), seed=3, generator=FillingGenerator())
    for take in answer.takes:
        notes = [tuple(n) for n in filed(take).tracks[0]]
        assert (0, 4800, 67, 80) in notes
        assert (7680, 1920, 67, 80) in notes
        assert all(n[0] >= 4800 and n[0] + n[1] <= 7680 for n in notes if n[0] not in (0, 7680))


def test_only_the_named_track_changes_by_name_number_or_role() -> None:
    piece = song()
    for name in ("Lead Vocal", "vocal", "track 1", "1", "melody"):
        answer = antiphon.infill(piece, bars=(3, 4), tracks=(name,), seed=1, generator=FillingGenerator())
        assert [a == b for a, b in zip(answer.score.tracks, piece.tracks, strict=True)] == [False, True, True, True], name
    fake = FillingGenerator()
    antiphon.infill(piece, bars=(3, 4), tracks=("melody",), seed=1, generator=fake)
    assert fake.asked[0].openings[0].roles == ("melody",)
    assert {t.name for t in fake.asked[0].given.tracks} == {"melody", "piano"}  # type: ignore[union-attr]


def test_the_tempo_map_and_marks_stay() -> None:
    tempos = (Tempo(0, 500_000), Tempo(3000, 400_000), Tempo(9000, 600_001))
    piece = replace(
        song(tempos=tempos), sections=(Section(0, "A"), Section(7680, "B")), chords=(ChordMark(0, None),), title="Übung"
    )
    for answer in (
        antiphon.infill(piece, bars=(3, 6), seed=1, generator=FillingGenerator()),
        antiphon.vary(piece, amount=0.5, seed=1, generator=FillingGenerator()),
        antiphon.accompany(piece, add=("strings",), seed=1, generator=FillingGenerator()),
    ):
        assert frame(answer.score) == frame(piece)


# --------------------------------------------------------------------------------------------------- weird files


def test_unknown_meters_are_refused_where_open_and_kept_elsewhere() -> None:
    piece = replace(song(12), meters=(Meter(0, 4, 4), Meter(4 * 1920, 5, 8), Meter(4 * 1920 + 3 * 1200, 4, 4)))
    with pytest.raises(BriefError, match="5/8"):
        antiphon.infill(piece, bars=(5, 6), seed=1, generator=FillingGenerator())
    answer = antiphon.infill(piece, bars=(9, 10), seed=1, generator=FillingGenerator())
    assert rows(answer.score) != rows(piece)
    whole = antiphon.vary(piece, amount=1, seed=1, generator=FillingGenerator())
    assert any("5/8" in note and "stay as they were" in note for note in whole.notes)
    odd = (4 * 1920, 4 * 1920 + 3 * 1200)
    assert rows(whole.score.with_tracks(_between(whole.score, odd))) == rows(piece.with_tracks(_between(piece, odd)))


def _between(score: Score, span: tuple[int, int]) -> list[Track]:
    return [
        replace(t, notes=notes_array(t.notes[(t.notes["onset"] >= span[0]) & (t.notes["onset"] < span[1])]))
        for t in score.tracks
    ]


@pytest.mark.parametrize(
    ("meter", "works"),
    [((4, 4), True), ((2, 2), True), ((2, 4), True), ((6, 4), True), ((8, 4), True), ((5, 4), False), ((7, 8), False)],
)  # fmt: skip
def test_meters_are_told_by_bars_joined_or_split(meter: tuple[int, int], works: bool) -> None:
    piece = song(8, meter=meter)
    if not works:
        with pytest.raises(BriefError, match=f"{meter[0]}/{meter[1]}"):
            antiphon.infill(piece, bars=(4, 5), seed=1, generator=FillingGenerator())
        return
    answer = antiphon.infill(piece, bars=(4, 5), tracks=("Klavier",), seed=1, generator=FillingGenerator())
    bars = bars_of(piece)
    opened = (bars[3].start, bars[4].stop)
    assert rows(answer.score, opened) == rows(piece, opened)
    notes = answer.score.tracks[1].notes
    fresh = notes[(notes["onset"] >= opened[0]) & (notes["onset"] < opened[1])]
    assert len(np.unique(fresh["onset"])) == (opened[1] - opened[0]) // 240


def test_a_melody_in_three_is_harmonised_by_a_choir_that_knows_four() -> None:
    piece = tune(8, (3, 4))
    answer = antiphon.harmonize(piece, style=None, seed=1, generator=chorale())
    assert [t.name for t in answer.score.tracks] == ["Tune", "alto", "tenor", "bass"]
    assert all(t.end == 8 * 1440 for t in answer.score.tracks)
    assert answer.score.meters == piece.meters


def test_sixteen_tracks_without_names_or_tempo() -> None:
    rng = np.random.default_rng(1)
    tracks = [
        Track("", int(rng.integers(128)), i == 9, [(t, 240, 36 + 3 * i, 90) for t in range(0, 7680, 480)]) for i in range(16)
    ]
    piece = filed(Score(96, tuple(tracks)))
    answer = antiphon.infill(piece, bars=(3, 4), seed=1, generator=FillingGenerator())
    bars = bars_of(piece)
    opened = (bars[2].start, bars[3].stop)
    assert rows(filed(answer.score), opened) == rows(filed(piece), opened)
    assert any("stay as they were" in note for note in answer.notes)


def test_triplets_are_kept_where_closed_and_told() -> None:
    notes = [(t, 160, 60 + (t // 160) % 12, 80) for t in range(0, 15360, 160)]
    piece = Score(480, (Track("melody", 0, False, notes), song(8).tracks[1]), length=15360)
    answer = antiphon.infill(piece, bars=(3, 4), seed=1, generator=FillingGenerator())
    assert any("grid of sixteenths" in note for note in answer.notes)
    assert rows(answer.score, (3840, 7680)) == rows(piece, (3840, 7680))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: antiphon.infill(song(), bars=(0, 3), generator=FillingGenerator()), "counted from 1"),
        (lambda: antiphon.infill(song(), bars=(16, 17), generator=FillingGenerator()), "16 bars"),
        (lambda: antiphon.infill(song(), bars=(1, 2), tracks=("Drums",), generator=FillingGenerator()), "no role"),
        (lambda: antiphon.infill(song(), bars=(1, 2), tracks=("harp",), generator=FillingGenerator()), "no track 'harp'"),
        (lambda: antiphon.infill(Score(), bars=(1, 1), generator=FillingGenerator()), "not one note"),
        (lambda: antiphon.infill(song(), bars=(1, 2), generator=FillingGenerator(infills=False)), "whole pieces"),
        (lambda: antiphon.infill(song(), bars=(1, 2), chords="Qx", generator=FillingGenerator()), "not a chord"),
        (lambda: antiphon.infill(song(), bars=(1, 2), takes=0, generator=FillingGenerator()), "takes"),
        (lambda: antiphon.infill(song(), bars=(1, 2), seed=-1, generator=FillingGenerator()), "seed"),
        (lambda: antiphon.infill(song(), bars=(1, 2), temperature=9, generator=FillingGenerator()), "temperature"),
        (lambda: antiphon.infill(song(), bars=(1, 2), style="folk", generator=FillingGenerator()), "folk"),
        (lambda: antiphon.continue_(song(), bars=0, generator=FillingGenerator()), "1 to 1000"),
        (lambda: antiphon.vary(song(), amount=1.5, generator=FillingGenerator()), "0 to 1"),
        (lambda: antiphon.accompany(song(), add=(), generator=FillingGenerator()), "No part"),
        (lambda: antiphon.accompany(song(), add=("xyzzy",), generator=FillingGenerator()), "no instrument"),
        (lambda: antiphon.accompany(song(), add=("bass", "bass"), generator=FillingGenerator()), "twice"),
        (lambda: antiphon.harmonize(song().with_tracks(song().tracks[3:]), style=None, generator=chorale()), "single line"),
        (lambda: antiphon.interpolate(song(), song(), steps=1, generator=FillingGenerator()), "2 to 64"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(call: object, word: str) -> None:
    with pytest.raises(AntiphonError, match=word) as refusal:
        call()  # type: ignore[operator]
    assert "\n" not in str(refusal.value)


# --------------------------------------------------------------------------------------------------- each task


def test_the_same_seed_gives_the_same_answer_and_takes_do_not_change_each_other() -> None:
    one = antiphon.infill(song(), bars=(5, 8), seed=9, takes=1, generator=FillingGenerator())
    four = antiphon.infill(song(), bars=(5, 8), seed=9, takes=4, generator=FillingGenerator())
    assert one.takes[0] == four.takes[0]
    assert len({midi.dumps(take) for take in four.takes}) == 4
    assert four.score == four.takes[four.chosen]
    assert four.verdicts[four.chosen].penalty == min(v.penalty for v in four.verdicts)
    long = antiphon.vary(song(70), amount=0.9, seed=9, takes=1, generator=FillingGenerator())
    assert long.takes[0] == antiphon.vary(song(70), amount=0.9, seed=9, takes=2, generator=FillingGenerator()).takes[0]


def test_typed_chords_bind_the_open_bars_only() -> None:
    fake = FillingGenerator()
    piece = song()
    answer = antiphon.infill(piece, bars=(5, 8), chords="Fm | Bb7 Eb", seed=1, generator=fake)
    chords = fake.asked[0].chords
    assert chords is not None
    assert [[str(c) for c in bar] for bar in chords[4:8]] == [["Fm"], ["A#7", "D#"], ["Fm"], ["A#7", "D#"]]
    assert "Fm" not in [str(c) for bar in (*chords[:4], *chords[8:]) for c in bar]
    assert answer.score.chords == ()
    free = FillingGenerator()
    antiphon.infill(piece, bars=(5, 8), chords="free", seed=1, generator=free)
    assert free.asked[0].chords is None
    assert free.asked[0].free_harmony


def test_continue_adds_bars_at_the_usual_tempo_and_keeps_the_drums_going() -> None:
    piece = song(8, tempos=(Tempo(0, 500_000), Tempo(6 * 1920, 600_000), Tempo(7 * 1920, 900_000)))
    answer = antiphon.continue_(piece, bars=6, seed=2, generator=FillingGenerator())
    assert bar_count(answer.score) == 14
    assert answer.score.end == 14 * 1920
    assert rows(answer.score, (8 * 1920, 14 * 1920)) == rows(piece)
    assert tempo_at(answer.score, 8 * 1920).mspq == 500_000
    names = {t.name for t in answer.score.tracks if (t.notes["onset"] >= 8 * 1920).any()}
    assert names == {"Lead Vocal", "Klavier", "Drums"}
    pattern = [n.pitch for n in answer.score.tracks[3] if 4 * 1920 <= n.onset < 8 * 1920]
    assert [n.pitch for n in answer.score.tracks[3] if 8 * 1920 <= n.onset < 12 * 1920] == pattern
    silent = replace(piece, length=20 * 1920)
    assert bar_count(antiphon.continue_(silent, bars=6, seed=2, generator=FillingGenerator()).score) == 14


def test_harmonize_adds_the_other_voices_and_marks_the_chords() -> None:
    piece = tune()
    answer = antiphon.harmonize(piece, style=None, seed=1, generator=chorale())
    assert answer.score.tracks[0] == piece.tracks[0]
    assert [t.name for t in answer.score.tracks[1:]] == ["alto", "tenor", "bass"]
    assert [t.program for t in answer.score.tracks[1:]] == [52, 52, 52]
    folksy = antiphon.harmonize(piece, style=None, seed=1, generator=folk())
    assert [t.name for t in folksy.score.tracks[1:]] == ["chords"]
    assert str(folksy.score.chords[-1].chord) == "C"
    popular = antiphon.harmonize(piece, style=None, chords="C | F G", seed=1, generator=FillingGenerator())
    assert [t.name for t in popular.score.tracks] == ["Tune", "bridge", "piano"]
    assert [str(m.chord) for m in popular.score.chords[:4]] == ["C", "F", "G", "C"]


def test_accompany_uses_the_model_where_it_can_and_rules_elsewhere() -> None:
    piece = tune(16)
    answer = antiphon.accompany(
        piece, add=("piano", "strings", "bass", "drums"), chords="C Am F G", seed=1, generator=FillingGenerator()
    )
    made = {t.name: t for t in answer.score.tracks[1:]}
    assert list(made) == ["piano", "strings", "bass", "drums"]
    assert [made[n].program for n in ("piano", "strings", "bass")] == [0, 48, 33]
    assert made["drums"].is_drum
    assert any("by rule" in note and "bass, drums" in note for note in answer.notes)
    roots = [n.pitch % 12 for n in made["bass"] if n.onset % 1920 == 0]
    assert roots == [0, 9, 5, 7] * 4
    assert {36, 38, 42} <= {n.pitch for n in made["drums"]}
    ruled = antiphon.accompany(piece, add=("bass", "drums"), seed=1)
    assert ruled.model.kind == "rules"
    assert len(ruled.takes) == 3


@pytest.mark.parametrize("meter", [(5, 8), (7, 8), (3, 4), (6, 8), (12, 8), (5, 4), (3, 2)])
def test_rules_know_any_meter(meter: tuple[int, int]) -> None:
    piece = tune(9, meter)
    answer = antiphon.accompany(piece, add=("bass", "drums"), seed=1)
    low, kit = answer.score.tracks[1:]
    starts = {bar.start for bar in bars_of(piece)}
    assert starts <= {n.onset for n in low}
    assert starts <= {n.onset for n in kit if n.pitch == 36}
    assert low.end <= bars_of(piece)[-1].stop


def test_vary_opens_more_of_the_same_bars_with_more_amount() -> None:
    piece = song(16)
    for seed in (1, 2):
        still = antiphon.vary(piece, amount=0, seed=seed, generator=FillingGenerator())
        assert still.score == piece
        likeness = [
            same_bars(piece, antiphon.vary(piece, amount=a, seed=seed, takes=1, generator=FillingGenerator()).score)
            for a in (0, 0.25, 0.6, 1)
        ]
        assert likeness == sorted(likeness, reverse=True)
        assert likeness[0] == 1
        assert likeness[-1] < 0.1
    fake = FillingGenerator()
    antiphon.vary(piece, amount=0.5, bars=(9, 16), tracks=("melody",), seed=1, takes=1, generator=fake)
    opened = {b for o in fake.asked[0].openings for b in range(o.first, o.stop)}
    assert len(opened) == 4
    assert all(o.roles == ("melody",) for o in fake.asked[0].openings)


def test_restyle_keeps_the_melody_and_measures_what_is_left() -> None:
    piece = song()
    answer = antiphon.restyle(piece, style="chorale", seed=1, generator=chorale())
    assert answer.score.tracks[0] == piece.tracks[0]
    assert [t.name for t in answer.score.tracks[1:]] == ["alto", "tenor", "bass"]
    measured = {wish.name: wish.measured for wish in answer.wishes}
    assert float(str(measured["contour"])) > 0.95
    assert 0.5 < float(str(measured["chroma"])) <= 1
    solid = Score(
        480, (Track("Piano", 0, False, [(t, 480, p, 80) for t in range(0, 7680, 480) for p in (48, 52, 67 + t // 960)]),)
    )
    played = antiphon.restyle(solid, style="folk", seed=1, generator=folk())
    assert [n.pitch for n in played.score.tracks[0]] == [67 + t // 960 for t in range(0, 7680, 480)]


def test_interpolate_goes_from_the_first_to_the_last() -> None:
    a, b = song(16), song(24, resolution=96, tempos=(Tempo.from_qpm(0, 60),), seed=5)
    answer = antiphon.interpolate(a, b, steps=5, seed=1, generator=FillingGenerator())
    path = answer.takes
    assert path[0] == a
    assert path[-1] == b
    assert [bar_count(p) for p in path] == [16, 18, 20, 22, 24]
    assert [round(p.tempos[0].qpm, 2) for p in path] == [120, 100.91, 84.85, 71.35, 60]
    shares = [float(np.mean([n in set(rows_of(b)) for n in rows_of(p)])) for p in path]
    assert shares[0] < 0.5 < shares[-1]
    assert all(t.end <= p.end for p in path for t in p.tracks)
    other = antiphon.interpolate(
        a, replace(tune(8, (5, 8)), keys=(KeyMark(0, Key(0)),)), steps=3, seed=1, generator=FillingGenerator()
    )
    assert {m[1:] for m in other.takes[1].meters} == {(4, 4), (5, 8)}


def rows_of(score: Score) -> list[tuple[int, int]]:
    """Onset in sixteenths within the piece and pitch of every melody note."""
    return [(round(4 * n.onset / score.resolution), n.pitch) for n in score.tracks[0]]


def test_an_answer_tells_itself_as_plain_json() -> None:
    answer = antiphon.infill(song(), bars=(5, 8), tracks=("Klavier",), seed=1, generator=FillingGenerator())
    assert isinstance(answer, Answer)
    told = json.loads(json.dumps(answer_manifest(answer), allow_nan=False))
    assert told["task"] == "infill"
    assert told["asked"] == {"bars": [5, 8], "tracks": ["Klavier"]}
    assert told["seed"] == 1
    assert [take["kept"] for take in told["takes"]].count(True) == 1
    assert any("'Klavier' as piano" in note for note in told["notes"])
    assert {wish["name"] for wish in told["wishes"]} == {"untouched"}


# ----------------------------------------------------------------------------------------------------- the parts


class Shy(FillingGenerator):
    """Leaves the piano out the first time that it is asked for it."""

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        takes = super().write(request, seeds)
        if request.openings[0].roles == ("piano",):
            return takes
        silent = []
        for take in takes:
            opened = [(o.first * 1920, o.stop * 1920) for o in request.openings]
            tracks = [
                t
                if t.name != "piano"
                else replace(t, notes=notes_array([n for n in t.notes.tolist() if not any(a <= n[0] < b for a, b in opened)]))
                for t in take.score.tracks
            ]
            silent.append(replace(take, score=take.score.with_tracks(tracks)))
        return silent


def test_a_part_that_falls_silent_without_need_is_written_once_more() -> None:
    shy = Shy()
    piece = song()
    answer = antiphon.infill(piece, bars=(5, 8), seed=1, takes=2, generator=shy)
    assert [o.roles for o in shy.asked[-1].openings] == [("piano",)]
    for take in answer.takes:
        notes = take.tracks[1].notes
        assert ((notes["onset"] >= 4 * 1920) & (notes["onset"] < 8 * 1920)).sum() == 32
    assert not any(r.kind == "seam" and "silent" in r.text for v in answer.verdicts for r in v.reasons)


def test_seams_are_judged_by_what_is_around() -> None:
    rows = [(t, 240, 60, 80) for b in range(12) if not 4 <= b < 8 for t in range(b * 1920, (b + 1) * 1920, 480)]
    given = Score(480, (Track("piano", notes=notes_array(rows)),), length=12 * 1920)
    opening = Opening(4, 8, ("piano", "melody"))
    assert missed(given, (opening,), 12) == (Opening(4, 8, ("piano",)), Opening(4, 8, ("melody",)))
    assert [round(r.points, 2) for r in seam_reasons(given, (opening,), 12)] == [3.0, 3.0]
    busy = [*rows, *((t, 60, 60, 80) for t in range(4 * 1920, 8 * 1920, 120))]
    found = seam_reasons(given.with_tracks([Track("piano", notes=notes_array(busy))]), (Opening(4, 8, ("piano",)),), 12)
    assert len(found) == 1
    assert "busier" in found[0].text
    even = [(t, 240, 60, 80) for t in range(0, 12 * 1920, 480)]
    assert seam_reasons(given.with_tracks([Track("piano", notes=notes_array(even))]), (Opening(4, 8, ("piano",)),), 12) == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Vocals", "Strings", "E-Piano", "Fingered Bass"], {"melody": 0, "bridge": 1, "piano": 2}),
        (["", "", ""], {"melody": 0, "piano": 1}),
    ],
)
def test_roles_are_found_by_name_and_by_nature(names: list[str], expected: dict[str, int]) -> None:
    high = [(t, 400, SCALE[t // 480 % 8] + 12, 80) for t in range(0, 15360, 480)]
    chordal = [(t, 900, p, 70) for t in range(0, 15360, 960) for p in (48, 55, 60, 64)]
    low = [(t, 900, 36, 70) for t in range(0, 15360, 960)]
    parts = [high, high, chordal, low] if len(names) == 4 else [high, chordal, low]
    score = Score(480, tuple(Track(n, 48 if n == "Strings" else 0, False, p) for n, p in zip(names, parts, strict=True)))
    found = match(score, ("melody", "bridge", "piano"))
    assert {role: part.tracks[0] for role, part in found.items() if role in expected} == expected


def test_two_hands_are_one_part_and_get_their_own_notes_back() -> None:
    right = Track("Piano right", 0, False, [(t, 480, p, 80) for t in range(0, 15360, 480) for p in (64, 67, 72)])
    left = Track("Piano left", 0, False, [(t, 960, p, 80) for t in range(0, 15360, 960) for p in (36, 43)])
    piece = Score(480, (right, left))
    assert match(piece, ("melody", "bridge", "piano"))["piano"].tracks == (0, 1)
    answer = antiphon.infill(piece, bars=(3, 4), seed=1, generator=FillingGenerator())
    fresh = [[n.pitch for n in t if 3840 <= n.onset < 7680] for t in answer.score.tracks]
    assert min(fresh[0]) > max(fresh[1], default=0)


def test_chords_below_a_melody_end_at_home() -> None:
    piece = tune(8)
    marks = chords_below(piece, Part("melody", (0,)), "folk")
    assert str(marks[-1].chord) == "C"
    assert [m.tick for m in marks] == sorted({m.tick for m in marks})
    assert all(m.tick % 960 == 0 for m in marks)


def test_bars_cut_short_are_not_whole_and_the_last_one_is() -> None:
    piece = Score(
        480, (Track("", 0, False, [(0, 2500, 60, 80)]),), meters=(Meter(0, 4, 4), Meter(480, 4, 4), Meter(9000, 3, 4))
    )
    assert [(b.start, b.stop, b.whole) for b in bars_of(piece)] == [(0, 480, False), (480, 2400, True), (2400, 4320, True)]


def test_a_skyline_is_the_uppermost_line() -> None:
    score = Score(480, (Track("", 0, False, [(0, 960, 72, 80), (0, 960, 48, 80), (480, 240, 60, 80), (960, 480, 50, 80)]),))
    assert [tuple(n)[:3] for n in skyline(score)] == [(0, 960, 72), (960, 480, 50)]
    cut = Score(480, (Track("", 0, False, [(0, 960, 60, 80), (480, 480, 72, 80)]),))
    assert [tuple(n)[:3] for n in skyline(cut)] == [(0, 480, 60), (480, 480, 72)]
