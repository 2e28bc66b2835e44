"""Vocabularies and the event codec: ids by hand, and Score -> events -> Score without loss for what events can hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import InputError
from antiphon.music.edit import without_overlaps
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track, notes_array
from antiphon.representations.events import (
    DURATIONS,
    LETTERS,
    VELOCITY_BINS,
    EventCodec,
    EventSpec,
    fold,
    section_letter,
    transposition,
)
from antiphon.representations.vocabulary import Range, Vocabulary

SPEC = EventSpec(("melody", "piano"), (73, 0), ((4, 4), (3, 4), (6, 8)), 4, 16)
CODEC = EventCodec(SPEC)
GRID = 120
"""Ticks a step at 480 ticks a quarter."""

keys = st.builds(Key, st.integers(0, 11), st.booleans())
chords = st.builds(
    lambda root, quality, bass: Chord(root, quality, None if bass == root else bass),
    st.integers(0, 11),
    st.sampled_from(sorted(QUALITIES)),
    st.none() | st.integers(0, 11),
)


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Score, Key]:
    """A score that events can hold exactly, as the codec itself would write it down, and its key."""
    key = draw(keys)
    meter = draw(st.sampled_from(SPEC.meters))
    bars, steps = draw(st.integers(1, 10)), 16 * meter[0] // meter[1]
    end = bars * steps
    tracks = []
    for name, program in zip(SPEC.roles, SPEC.programs, strict=True):
        rows = draw(
            st.lists(
                st.tuples(
                    st.integers(0, end - 1),
                    st.sampled_from([d for d in DURATIONS if d <= 16]),
                    st.integers(36, 96),
                    st.integers(0, VELOCITY_BINS - 1),
                ),
                max_size=12,
                unique_by=lambda row: row[2],  # no pitch twice, so that no note is cut by another
            )
        )
        notes = [(o * GRID, d * GRID, p, 8 * v + 4) for o, d, p, v in rows if o + d <= end]
        if notes:
            tracks.append(Track(name, program, notes=notes))
    if not tracks:
        tracks.append(Track("piano", 0, notes=[(0, GRID, 60, 68)]))
    marks: list[ChordMark] = []
    places = sorted({0} | draw(st.sets(st.integers(0, end - 1), max_size=5)))
    for step in places if draw(st.booleans()) else []:
        chord = draw(st.none() | chords)
        if not marks or marks[-1].chord != chord:
            marks.append(ChordMark(step * GRID, chord))
    phrases = sorted(draw(st.sets(st.integers(0, bars - 1), max_size=3)))
    sections = tuple(Section(b * steps * GRID, draw(st.sampled_from(LETTERS))) for b in phrases)
    score = Score(
        480, tuple(tracks), (Tempo.from_qpm(0, 120.0),), (Meter(0, *meter),), (KeyMark(0, key),), tuple(marks), sections,
        length=end * GRID,
    )  # fmt: skip
    return score, key


def test_ids_are_the_declared_ranges_laid_end_to_end() -> None:
    v = Vocabulary((Range("none", 1), Range("root", 13), Range("pitch", 88)))
    assert v.size == 102
    assert [v.encode("none"), v.encode("root", 12), v.encode("pitch", 39)] == [0, 13, 53]
    assert v.span("pitch") == slice(14, 102)
    assert [v.decode(i) for i in (0, 1, 13, 14, 101)] == [
        ("none", 0), ("root", 0), ("root", 12), ("pitch", 0), ("pitch", 87),
    ]  # fmt: skip
    for name, index in (("root", 13), ("root", -1)):
        with pytest.raises(ValueError, match=r"outside 0\.\.12"):
            v.encode(name, index)
    for token in (-1, 102):
        with pytest.raises(ValueError, match="outside the vocabulary of 102"):
            v.decode(token)


def test_one_bar_by_hand() -> None:
    codec = EventCodec(EventSpec(("melody",), (0,)))
    score = Score(
        480,
        (Track("melody", 0, notes=[(480, 480, 62, 64)]),),
        keys=(KeyMark(0, Key(2)),),
        chords=(ChordMark(0, Chord(9, "7", 1)),),
        sections=(Section(0, "A8"),),
        length=1920,
    )
    quality, duration = list(QUALITIES).index("7"), 1 + 2 + 1 + 17 + len(QUALITIES)
    # kind: pad end header bar section chord*16 note*16; value: none mode*2 countdown*9 letter*9 root*13 pitch*88
    # extent: none roles*2 meter phrase*17 quality duration*25; accent: none bass*13 velocity*16
    assert codec.encode(score, Key(2)).tolist() == [
        [2, 1, 1 + 1, 0],  # header: major, the first role plays
        [3, 3 + 1, 3, 0],  # bar: one is left, 4/4
        [4, 12, 4 + 1, 0],  # section A of one bar
        [5, 21 + 7, 21 + quality, 1 + 1 + 4],  # A7 over C sharp in D major is G7 over B in C major
        [21 + 4, 34 + 60 - 21, duration + 3, 14 + 8],  # a quarter on the second beat, velocity 64 is bin 8
        [1, 0, 0, 0],
    ]


@settings(max_examples=60, deadline=None)
@given(pieces())
def test_what_events_can_hold_comes_back(piece: tuple[Score, Key]) -> None:
    score, key = piece
    events = CODEC.encode(score, key)
    assert CODEC.decode(events, key) == score
    assert events.min() >= 0
    assert all(events[:, f].max() < v.size for f, v in enumerate(CODEC.vocabularies))


@settings(max_examples=40, deadline=None)
@given(pieces())
def test_times_never_fall_and_end_with_the_piece(piece: tuple[Score, Key]) -> None:
    score, key = piece
    events = CODEC.encode(score, key)
    times = CODEC.times(events)
    assert (np.diff(times) >= 0).all()
    assert times[0] == 0 and times[-1] * GRID == score.length


@settings(max_examples=40, deadline=None)
@given(pieces(), keys)
def test_a_piece_in_another_key_says_the_same_events(piece: tuple[Score, Key], other: Key) -> None:
    score, key = piece
    events = CODEC.encode(score, key)
    if key.minor == other.minor:
        assert np.array_equal(CODEC.encode(CODEC.decode(events, other), other), events)


@given(keys)
def test_every_key_moves_by_less_than_half_an_octave_to_white_keys(key: Key) -> None:
    move = transposition(key)
    assert -6 <= move <= 5
    assert {(pc + move) % 12 for pc in key.scale} == {0, 2, 4, 5, 7, 9, 11}


@given(st.integers(-40, 200))
def test_folding_keeps_the_pitch_class(pitch: int) -> None:
    assert 21 <= fold(pitch) <= 108 and (fold(pitch) - pitch) % 12 == 0
    assert fold(pitch) == pitch or not 21 <= pitch <= 108


def test_notes_off_the_grid_are_quantised_and_overlaps_cut() -> None:
    score = Score(480, (Track("melody", 0, notes=[(130, 115, 60, 64), (1000, 800, 64, 64), (1440, 480, 64, 64)]),), length=1920)
    back = CODEC.decode(CODEC.encode(score, Key(0)), Key(0))
    assert back.tracks[0].notes[["onset", "duration", "pitch"]].tolist() == [(120, 120, 60), (960, 480, 64), (1440, 480, 64)]


def test_meters_may_change_at_bar_lines() -> None:
    notes = [(0, 480, 60, 68), (1920, 480, 62, 68), (1920 + 1440, 480, 64, 68)]
    score = Score(
        480, (Track("melody", 73, notes=notes),), (Tempo.from_qpm(0, 120.0),),
        (Meter(0, 4, 4), Meter(1920, 3, 4), Meter(1920 + 1440, 4, 4)), (KeyMark(0, Key(0)),), length=2 * 1920 + 1440,
    )  # fmt: skip
    assert CODEC.decode(CODEC.encode(score, Key(0)), Key(0)) == score


def test_what_cannot_be_said_is_refused() -> None:
    notes = notes_array([(0, 480, 60, 64)])
    with pytest.raises(InputError, match="meter 5/4"):
        CODEC.encode(Score(480, (Track("melody", 0, notes=notes),), meters=(Meter(0, 5, 4),)), Key(0))
    with pytest.raises(InputError, match="None of the tracks melody, piano has a note"):
        CODEC.encode(Score(480, (Track("drums", 0, True, without_overlaps(notes)),)), Key(0))


def test_the_countdown_begins_eight_bars_before_the_end() -> None:
    score = Score(480, (Track("melody", 0, notes=[(1920 * 10, 480, 60, 64)]),), length=1920 * 11)
    events = CODEC.encode(score, Key(0))
    bars = events[events[:, 0] == CODEC.vocabularies[0].encode("bar"), 1] - CODEC.vocabularies[1].span("countdown").start
    assert bars.tolist() == [0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]


def test_phrase_labels() -> None:
    labels = ("A8", "b4", "i4", "o2", "X1", "x2", "", "interlude", "other", "outro")
    assert [LETTERS[section_letter(label)] for label in labels] == [
        "A", "interlude", "intro", "outro", "other", "other", "other", "interlude", "other", "outro",
    ]  # fmt: skip


def test_events_that_cannot_stand_where_they_are_are_left_out() -> None:
    events = np.array([CODEC.note(0, 0, 60, 4, 64), CODEC.header(False, 1), CODEC.bar(1, 0), CODEC.end()], dtype=np.int16)
    assert CODEC.decode(events, Key(0)).note_count == 0


def test_the_spec_outlives_json() -> None:
    assert EventSpec.from_json(SPEC.to_json()) == SPEC
