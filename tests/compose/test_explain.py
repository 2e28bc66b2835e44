"""Explanations on pieces small enough to be explained by hand, and on anything that a file can hold."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from antiphon.compose.explain import MOST_BARS, explain
from antiphon.compose.explain_form import phrases, sections
from antiphon.compose.explain_harmony import close, harmonies, key_spans, main_key, numeral
from antiphon.compose.explain_shape import energy, tension
from antiphon.errors import InputError, LimitError
from antiphon.music.beats import bar_count
from antiphon.music.harmony import Chord, Key, parse_chord
from antiphon.music.score import ChordMark, Meter, Score, Section, Tempo, Track
from antiphon.render.explained import explained, save_explained
from strategies import midi_scores

C, A_MINOR = Key(0), Key(9, True)
BAR = 1920


@pytest.mark.parametrize(
    ("chord", "key", "expected"),
    [
        ("C", C, "I"), ("Dm", C, "ii"), ("G7", C, "V7"), ("G7/B", C, "V65"), ("G7/D", C, "V43"), ("G7/F", C, "V42"),
        ("C/G", C, "I64"), ("F/A", C, "IV6"), ("Bdim", C, "viio"), ("Bm7b5", C, "viiø7"), ("Fmaj7", C, "IVM7"),
        ("D7", C, "V7/V"), ("D", C, "V/V"), ("E7/G#", C, "V65/vi"), ("C7", C, "V7/IV"), ("F#dim", C, "viio/V"),
        ("Bb", C, "bVII"), ("Fm", C, "iv"), ("Eb", C, "bIII"), ("Am", A_MINOR, "i"), ("E7", A_MINOR, "V7"),
        ("G#dim7", A_MINOR, "viio7"), ("C", A_MINOR, "III"), ("G", A_MINOR, "VII"), ("F", A_MINOR, "VI"),
        ("Bm7b5", A_MINOR, "iiø7"), ("Em", A_MINOR, "v"),
    ],
)  # fmt: skip
def test_numerals(chord: str, key: Key, expected: str) -> None:
    parsed = parse_chord(chord)
    assert parsed is not None
    assert numeral(parsed, key) == expected


def song(chords: list[str], melody: list[int], key: int = 0) -> Score:
    """A bar of four quarter notes of melody over each chord held in close position."""
    held, marks = [], []
    for i, name in enumerate(chords):
        chord = parse_chord(name)
        assert chord is not None
        marks.append(ChordMark(i * BAR, chord))
        low = 36 + chord.lowest
        held += [(i * BAR, BAR, low), *((i * BAR, BAR, 48 + pc) for pc in chord.pitch_classes)]
    line = [(i * 480, 480, pitch) for i, pitch in enumerate(melody)]
    tracks = (Track("melody", 0, False, line), Track("piano", 0, False, held))
    return Score(480, tracks, chords=tuple(marks), title="Song")


OPEN = [64, 65, 67, 64, 65, 67, 69, 67, 67, 65, 64, 65]
TUNE = [*OPEN, 62, 62, 62, 62, *OPEN, 60, 60, 60, 60]
CLOSE = ["C", "F", "C", "G", "C", "F", "G", "C"]


def test_a_period_in_c_major() -> None:
    score = song(CLOSE, TUNE)
    told = explain(score)
    assert str(told.key) == "C major"
    assert [(s.first, s.last, str(s.key)) for s in told.keys] == [(1, 8, "C major")]
    assert [h.numeral for h in told.chords] == ["I", "IV", "I", "V", "I", "IV", "V", "I"]
    assert told.marked
    assert told.cadences[-1] == "perfect"
    assert [t.name for t in told.tracks] == ["melody", "piano"]
    assert (told.tracks[0].lowest, told.tracks[0].highest) == (60, 69)
    words = told.text()
    for said in ("in C major", "G (V)", "perfect authentic cadence", "THE CRITIC", "melody: 32 notes, C4 to A4"):
        assert said in words


def test_cadences_by_name() -> None:
    def heard(names: list[str]) -> list:  # type: ignore[type-arg]
        score = song(names, [60] * 4 * len(names))
        return list(harmonies(score, score.chords, key_spans(score, C)))

    last = BAR * 2
    assert close(heard(["C", "G", "C"]), last, C, 72) == "perfect"
    assert close(heard(["C", "G", "C"]), last, C, 76) == "imperfect"
    assert close(heard(["C", "G/B", "C"]), last, C, 72) == "imperfect"
    assert close(heard(["C", "F", "G"]), last, C, 74) == "half"
    assert close(heard(["C", "G", "Am"]), last, C, 72) == "deceptive"
    assert close(heard(["G", "F", "C"]), last, C, 72) == "plagal"
    assert close(heard(["C", "Dm", "Em"]), last, C, 72) is None
    assert close([], 0, C, 60) is None


def test_a_modulation_is_found_where_it_happens() -> None:
    names = ["C", "F", "G7", "C"] * 3 + ["E", "A", "B7", "E"] * 3
    score = replace(
        song(names, [p for n in names for p in ([60, 64, 65, 67] if n in "C F G7" else [64, 68, 69, 71])]), chords=()
    )
    spans = key_spans(score, main_key(score))
    assert [str(s.key) for s in spans] == ["C major", "E major"]
    assert 12 <= spans[1].first <= 14


def test_what_returns_has_one_letter() -> None:
    first, second = [60, 62, 64, 65] * 4, [72, 71, 67, 79] * 4
    score = song(["C"] * 4 + ["G"] * 4 + ["C"] * 4, first + second + first)
    parts, marked = sections(score)
    assert ([p.label for p in parts], marked) == (["A", "B", "A"], False)
    assert [(p.span.first, p.span.last) for p in parts] == [(1, 4), (5, 8), (9, 12)]
    assert parts[2].likeness == pytest.approx(1)
    named = replace(score, sections=(Section(0, "verse"), Section(4 * BAR, "chorus")))
    parts, marked = sections(named)
    assert ([(p.label, p.span.first, p.span.last) for p in parts], marked) == ([("verse", 1, 4), ("chorus", 5, 12)], True)


def test_phrases_end_at_long_notes() -> None:
    notes, at = [], 0
    for _ in range(3):
        for length in (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4):
            notes.append((at, length * 480, 60 + at // 480 % 7))
            at += length * 480
    found = phrases(Score(480, (Track("melody", 0, False, notes),)))
    assert [(p.span.first, p.span.last) for p in found] == [(1, 4), (5, 8), (9, 12)]


def test_energy_and_tension_follow_the_music() -> None:
    soft = [(i * 480, 480, 60, 40) for i in range(4)]
    loud = [(BAR + i * 120, 120, p, 110) for i in range(16) for p in (72, 76)]
    score = Score(480, (Track("piano", 0, False, soft + loud),))
    low, high = energy(score)
    assert high > low
    calm = song(["C", "C"], [60] * 8)
    harsh = song(["C", "F#7"], [60] * 8)
    home = tension(calm, harmonies(calm, calm.chords, key_spans(calm, C)), C)
    away = tension(harsh, harmonies(harsh, harsh.chords, key_spans(harsh, C)), C)
    assert away[1] > home[1] + 0.1
    assert np.allclose(away[0], home[0])


def test_a_clash_is_in_the_heat_of_its_bar() -> None:
    score = song(CLOSE, TUNE)
    spoiled = replace(score, tracks=(*score.tracks, Track("flute", 73, False, [(4 * BAR, BAR, 61)])))
    told = explain(spoiled)
    assert max(told.heat, key=lambda v: v.points).bar == 5
    assert told.weakest.startswith("Bar 5 is the weakest: ")


def test_silence_drums_and_one_note_are_explained() -> None:
    assert "not one note" in explain(Score()).text()
    drums = explain(Score(480, (Track("kit", 0, True, [(0, 10, 36), (960, 10, 38)]),)))
    assert drums.key is None
    assert "kit: 2 notes, drums" in drums.text()
    one = explain(Score(480, (Track("", 0, False, [(0, 480, 60)]),)))
    assert "track 1: 1 notes, C4 to C4" in one.text()
    json.dumps(one.to_dict())


def test_odd_meters_and_upbeats_are_explained() -> None:
    notes = [(i * 240, 240, 60 + i % 12) for i in range(60)]
    score = Score(
        480, (Track("x", 0, False, notes),), (Tempo(0, 400_000), Tempo(3000, 700_000)), (Meter(0, 5, 8), Meter(2400, 7, 8))
    )
    told = explain(score)
    assert told.bars == bar_count(score) == len(told.heat) == len(told.energy) == len(told.tension)


def test_a_piece_beyond_the_limit_is_refused_in_one_sentence() -> None:
    long = Score(1, (Track("x", 0, False, [(0, 1, 60)]),), length=4 * 5000)
    with pytest.raises(LimitError, match="5,000 bars"):
        explain(long)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(midi_scores())
def test_anything_is_explained(score: Score) -> None:
    if bar_count(score) > MOST_BARS:
        with pytest.raises(LimitError):
            explain(score)
        return
    told = explain(score)
    values = told.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert len(values["heat"]) in (0, told.bars)
    assert len(values["energy"]) == len(values["tension"]) == told.bars
    assert all(0 <= v <= 1 for v in (*values["energy"], *values["tension"]))
    assert told.text()


def test_the_picture_is_drawn_and_only_as_png(tmp_path) -> None:  # type: ignore[no-untyped-def]
    score = song(CLOSE, TUNE)
    told = explain(score).to_dict()
    image = explained(score, told, width=800)
    assert image.size[0] == 800
    assert len(image.getcolors(1 << 20) or []) > 50
    save_explained(score, told, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(InputError):
        save_explained(score, told, tmp_path / "a.jpg")
    with pytest.raises(InputError):
        explained(score, told, width=10)


def test_numerals_of_every_chord_and_key_are_written() -> None:
    from antiphon.music.harmony import QUALITIES

    for quality in QUALITIES:
        for root in range(12):
            for key in (Key(0), Key(9, True)):
                text = numeral(Chord(root, quality), key)
                assert any(letter in text.upper() for letter in "IV")
