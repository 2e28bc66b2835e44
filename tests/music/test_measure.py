"""Facts and faults of one Score: by hand, and parallels against music21."""

from __future__ import annotations

import math

import numpy as np
from music21 import note, voiceLeading

from antiphon.music.harmony import Chord, Key
from antiphon.music.measure import cadence, cadences, facts, faults, parallels, piece_key
from antiphon.music.score import ChordMark, KeyMark, Score, Track, notes_array


def score(
    *parts: list[tuple[int, int, int]], key: Key | None = None, chords: tuple[ChordMark, ...] = (), length: int = 0
) -> Score:
    tracks = tuple(Track(f"voice {i + 1}", notes=notes_array([(*n, 80) for n in p])) for i, p in enumerate(parts))
    return Score(4, tracks, keys=(KeyMark(0, key),) if key else (), chords=chords, length=length)


def line(*pitches: int) -> list[tuple[int, int, int]]:
    return [(4 * i, 4, p) for i, p in enumerate(pitches)]


def test_a_clash_is_explained_in_words() -> None:
    """F natural held against F sharp in D major."""
    s = score([(0, 4, 62), (16, 4, 66)], [(0, 16, 50), (16, 4, 53)], key=Key(2), chords=(ChordMark(0, Chord(2)),), length=32)
    assert [f.text for f in faults(s)] == ["bar 2: F natural against F sharp"]
    assert facts(s).out_of_key_strong == 0.25


def test_foreign_notes_on_strong_and_weak_beats() -> None:
    s = score([(0, 2, 61), (2, 2, 60), (4, 2, 64), (6, 2, 66)], key=Key(0), chords=(ChordMark(0, Chord(0)),), length=16)
    found = facts(s)
    assert (found.out_of_key_strong, found.out_of_key_weak) == (0.5, 0.5)
    assert (found.non_chord_strong, found.non_chord_weak) == (0.5, 0.5)


def test_the_leading_note_belongs_to_minor() -> None:
    assert facts(score(line(69, 68, 69), key=Key(9, minor=True))).out_of_key_strong == 0


def test_cadences_by_name() -> None:
    c, g, f, a, g7 = Chord(0), Chord(7), Chord(5), Chord(9, "m"), Chord(7, "7")
    key = Key(0)
    pairs = {(g, c): "authentic", (g7, c): "authentic", (f, c): "plagal", (g, a): "deceptive", (c, g): "half", (c, f): None}
    assert {p: cadence(*p, key) for p in pairs} == pairs
    assert cadence(Chord(4), Chord(5), Key(9, minor=True)) == "deceptive"
    assert cadence(Chord(4, "m"), Chord(9, "m"), Key(9, minor=True)) is None


def test_cadences_at_the_ends_of_groups() -> None:
    marks = (ChordMark(0, Chord(0)), ChordMark(48, Chord(7)), ChordMark(64, Chord(5)), ChordMark(80, Chord(0)))
    s = score([(0, 96, 60)], key=Key(0), chords=marks)
    assert cadences(s, Key(0), marks) == ((4, "half"), (6, "plagal"))


def test_parallel_fifths_and_octaves_by_hand() -> None:
    fifths, octaves = score(line(67, 69), line(60, 62)), score(line(72, 74, 74), line(60, 62, 62))
    assert parallels(fifths) == ([(4, "fifths", 0, 1)], 1)
    assert parallels(octaves) == ([(4, "octaves", 0, 1)], 2)
    assert faults(fifths)[0].text == "bar 1: parallel fifths between voice 1 and voice 2"
    assert parallels(score(line(67, 67), line(60, 60)))[0] == []
    assert parallels(score(line(67, 65), line(60, 67)))[0] == []


def test_chords_are_no_voice() -> None:
    block = [(0, 4, 60), (0, 4, 64), (4, 4, 62), (4, 4, 65)]
    assert parallels(score(block, line(67, 69))) == ([], 0)


def test_parallels_against_music21() -> None:
    """In similar motion above white keys; music21 counts contrary motion too, and goes by spelling."""
    rng = np.random.default_rng(4)
    looked = 0
    while looked < 200:
        lower = rng.choice([48, 50, 52, 53, 55, 57, 60, 62], 2)
        upper = lower + rng.choice([0, 5, 7, 12, 19], 2)
        if (upper[1] - upper[0]) * (lower[1] - lower[0]) <= 0:
            continue
        looked += 1
        a, b, c, d = (note.Note(int(p)) for p in (upper[0], upper[1], lower[0], lower[1]))
        quartet = voiceLeading.VoiceLeadingQuartet(a, b, c, d)
        expected = quartet.parallelFifth() or quartet.parallelOctave() or quartet.parallelUnison()
        found = parallels(score(line(*upper.tolist()), line(*lower.tolist())))[0]
        assert bool(found) == bool(expected), (upper, lower)


def test_notes_outside_an_instrument_are_named() -> None:
    flute = Score(4, (Track("flute", 73, notes=notes_array([(0, 4, 40, 80), (4, 4, 72, 80)])),), keys=(KeyMark(0, Key(0)),))
    assert [f.kind for f in faults(flute)] == ["range"]
    assert facts(flute).out_of_range == 0.5


def test_a_silent_piece_has_no_key_and_no_faults() -> None:
    empty = Score(4, (Track("x"),))
    assert piece_key(empty) is None and faults(empty) == () and math.isnan(facts(empty).parallels)
    drums = Score(4, (Track("drums", is_drum=True, notes=notes_array([(0, 1, 36, 90)])),))
    assert facts(drums).key is None and facts(drums).notes == 1
