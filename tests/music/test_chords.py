"""Chords are named by their tones and bass, and recognised in plain accompaniments at the right beats."""

from __future__ import annotations

import pytest

from antiphon.music.chords import beat_ticks, chord_of, recognise_chords
from antiphon.music.edit import transpose
from antiphon.music.harmony import QUALITIES, Chord
from antiphon.music.score import ChordMark, Meter, Score, Track


@pytest.mark.parametrize(
    ("pitches", "chord"),
    [
        ((60, 64, 67), Chord(0)),
        ((52, 60, 67), Chord(0, "", 4)),
        ((57, 60, 64, 67), Chord(9, "m7")),
        ((60, 64, 67, 69), Chord(0, "6")),
        ((55, 59, 62, 65), Chord(7, "7")),
        ((53, 59, 62, 67), Chord(7, "7", 5)),
        ((59, 62, 65), Chord(11, "dim")),
        ((60, 65, 67), Chord(0, "sus4")),
        ((60, 64, 68), Chord(0, "aug")),
        ((60, 67), None),
        ((60, 72), None),
    ],
)
def test_sets_of_tones_have_their_names(pitches: tuple[int, ...], chord: Chord | None) -> None:
    assert chord_of(pitches) == chord


@pytest.mark.parametrize("quality", [q for q in QUALITIES if q != "5"])
@pytest.mark.parametrize("root", [0, 7])
def test_every_quality_in_root_position_is_named_as_itself_or_its_equal(quality: str, root: int) -> None:
    found = chord_of(48 + root + i for i in QUALITIES[quality])
    assert found is not None
    assert set(found.pitch_classes) == set(Chord(root, quality).pitch_classes)
    assert found.lowest == root


def test_a_foreign_tone_does_not_hide_the_chord() -> None:
    assert chord_of([48, 52, 55, 61]) == Chord(0)


def accompaniment(chords: list[tuple[int, ...]], beats: int = 2) -> Score:
    rows = [(i * beats * 480 + k * 240, 240, p, 80) for i, tones in enumerate(chords) for k, p in enumerate((*tones, tones[1]))]
    rows += [(i * beats * 480, beats * 480, tones[0] - 12, 80) for i, tones in enumerate(chords)]
    return Score(480, (Track("piano", 0, False, rows),))


def test_broken_chords_are_recognised_where_they_change() -> None:
    score = accompaniment([(60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62)], beats=2)
    expected = (Chord(0), Chord(9, "m"), Chord(5), Chord(7))
    assert recognise_chords(score) == tuple(ChordMark(960 * i, c) for i, c in enumerate(expected))
    up = recognise_chords(transpose(score, 3))
    assert up == tuple(ChordMark(960 * i, c.transpose(3)) for i, c in enumerate(expected))


def test_silence_is_no_chord_and_drums_are_not_heard() -> None:
    gap = Score(480, (Track("a", 0, False, [(t, 1920, p, 80) for t in (0, 5760) for p in (60, 64, 67)]),), length=7680)
    assert recognise_chords(gap) == (ChordMark(0, Chord(0)), ChordMark(1920, None), ChordMark(5760, Chord(0)))
    drums = Score(480, (Track("d", 0, True, [(0, 480, 36, 80), (480, 480, 38, 80)]),))
    assert recognise_chords(drums) == (ChordMark(0, None),)
    assert recognise_chords(Score()) == ()


def test_beats_follow_the_meter() -> None:
    assert beat_ticks(Score(480, meters=(Meter(0, 3, 4),), length=1440)) == [0, 480, 960]
    assert beat_ticks(Score(480, meters=(Meter(0, 6, 8),), length=1440)) == [0, 720]
    assert beat_ticks(Score(480, meters=(Meter(0, 2, 2),), length=1920)) == [0, 960]
    assert beat_ticks(Score(480, meters=(Meter(0, 7, 8),), length=1680)) == [0, 480, 960, 1440]
