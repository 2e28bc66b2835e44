"""Chords and key kept: hand-made bars that agree or do not, and repairs that move as little as they can."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.agreement import agreeing, foreign_notes, keep_chords, keep_key
from antiphon.compose.brief import Progression
from antiphon.compose.harmony import bent, foreign_chords
from antiphon.music.harmony import Chord, Key, parse_chord, parse_chords
from antiphon.music.measure import home_classes
from antiphon.music.score import Score, Track

BAR = 1920
FOUR = (4, 4)


def chords(text: str) -> Progression:
    return tuple(tuple(bar) for bar in parse_chords(text))


def piece(*notes: tuple[int, int, int], name: str = "piano") -> Score:
    return Score(480, (Track(name, 0, False, [(*note, 80) for note in notes]),))  # type: ignore[arg-type]


def pitches(score: Score, track: int = 0) -> list[int]:
    return [note.pitch for note in score.tracks[track]]


def test_a_bar_agrees_by_two_thirds_and_by_its_bass() -> None:
    triad = [(0, BAR, 48), (0, BAR, 64), (0, BAR, 67)]
    assert agreeing(piece(*triad), chords("C"), FOUR, BAR) == [True]
    assert agreeing(piece(*triad, (0, 480, 70)), chords("C"), FOUR, BAR) == [True]
    assert agreeing(piece(*triad, (0, BAR, 70), (0, BAR, 73)), chords("C"), FOUR, BAR) == [False]
    assert agreeing(piece((0, BAR, 47), *triad), chords("C"), FOUR, BAR) == [False]  # B in the bass
    assert agreeing(piece(*triad), chords("C/E"), FOUR, BAR) == [False]
    assert agreeing(piece((0, BAR, 40), *triad), chords("C/E"), FOUR, BAR) == [True]


def test_weak_beats_silence_and_no_chord_do_not_count() -> None:
    assert agreeing(piece((0, BAR, 48), (480, 480, 61), (1440, 480, 66)), chords("C"), FOUR, BAR) == [True]
    assert agreeing(piece((480, 240, 61)), chords("C"), FOUR, BAR) == [None]
    assert agreeing(piece((0, BAR, 61)), chords("N.C."), FOUR, BAR) == [None]
    assert agreeing(Score(480), chords("C"), FOUR, BAR) == [None]


def test_a_chord_inside_the_bar_counts_where_it_begins() -> None:
    score = piece((0, 960, 48), (960, 960, 48))
    assert agreeing(score, chords("C | C F C G"), FOUR, BAR)[0] is True
    assert agreeing(piece((0, BAR, 48)), chords("C G |"), FOUR, BAR) == [False]


def test_an_accompanying_note_goes_to_the_nearest_chord_tone() -> None:
    done, said = keep_chords(piece((0, BAR, 48), (0, BAR, 65), (0, BAR, 67)), chords("C"), FOUR, BAR, {})
    assert pitches(done) == [48, 64, 67]
    assert said == "Notes changed to keep the chords asked for: 1 moved."


def test_a_note_is_never_moved_onto_another_of_its_track() -> None:
    done, _ = keep_chords(piece((0, BAR, 48), (0, BAR, 64), (0, BAR, 65)), chords("C"), FOUR, BAR, {})
    assert sorted(pitches(done)) == [48, 64, 67]


def test_a_held_note_ends_where_the_chord_begins() -> None:
    done, said = keep_chords(piece((0, 2 * BAR, 65), (BAR, BAR, 48)), chords("F C"), FOUR, BAR, {})
    assert [tuple(n)[:3] for n in done.tracks[0]] == [(0, BAR, 65), (BAR, BAR, 48)]
    assert "1 shortened" in said


def test_a_melody_keeps_its_short_dissonance_but_not_a_long_one() -> None:
    below = Track("piano", 0, False, [(0, BAR, 48, 80), (0, BAR, 52, 80), (0, BAR, 55, 80)])
    short = Score(480, (Track("melody", 0, False, [(0, 240, 77, 80), (240, 240, 76, 80)]), below))
    assert keep_chords(short, chords("C"), FOUR, BAR, {}) == (short, "")
    long = Score(480, (Track("melody", 0, False, [(0, 960, 77, 80), (960, 960, 72, 80)]), below))
    assert pitches(keep_chords(long, chords("C"), FOUR, BAR, {})[0]) == [76, 72]


def test_a_slash_chord_gets_its_bass() -> None:
    done, _ = keep_chords(piece((0, BAR, 48), (0, BAR, 64), (0, BAR, 67)), chords("C/E"), FOUR, BAR, {})
    assert min(pitches(done)) % 12 == 4


def test_ranges_are_kept_to() -> None:
    done, _ = keep_chords(piece((0, BAR, 61)), chords("C"), FOUR, BAR, {"piano": (61, 90)})
    assert pitches(done) == [64]


def test_a_strict_key_moves_foreign_notes_only() -> None:
    done, said = keep_key(piece((0, 480, 60), (480, 480, 61), (960, 480, 64)), Key(0), None, BAR, {})
    assert pitches(done) in ([60, 62, 64], [60, 60, 64])
    assert said == "1 note foreign to C major moved into it."
    minor = piece((0, 480, 66), (480, 480, 68), (960, 480, 69))
    assert keep_key(minor, Key(9, minor=True), None, BAR, {}) == (minor, "")
    assert foreign_notes(piece((0, 480, 61)).tracks, Key(0)) == 1


def test_notes_of_a_chord_asked_for_stand_in_a_strict_key() -> None:
    score = piece((0, 480, 66), (BAR, 480, 66))
    assert pitches(keep_key(score, Key(0), chords("D C"), BAR, {})[0]) in ([66, 65], [66, 67])


@pytest.mark.parametrize(("chord", "becomes"), [("F#m", "F"), ("E", "Em"), ("A7", "Am7"), ("C", "C"), ("Bb", "Bdim")])
def test_chords_are_bent_into_the_key(chord: str, becomes: str) -> None:
    found = parse_chord(chord)
    assert found is not None
    if foreign_chords(((found,),), Key(0)):
        assert str(bent(found, Key(0))) == becomes


@given(st.integers(0, 11), st.sampled_from(["", "m", "7", "maj7", "dim", "aug", "sus4"]), st.integers(0, 11), st.booleans())
def test_a_bent_chord_is_in_the_key(root: int, quality: str, tonic: int, minor: bool) -> None:
    key = Key(tonic, minor)
    assert set(bent(Chord(root, quality), key).pitch_classes) <= home_classes(key)


NOTES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(36, 84)),
    min_size=1,
    max_size=30,
    unique_by=lambda n: (n[0], n[2]),
)
PROGRESSIONS = st.sampled_from(["C", "Am F C G", "Dm7 | G7 C/E | Bm7b5", "N.C. F#m", "C E G Bb | Ab", "C/D F/G"])


@settings(deadline=None, max_examples=60)
@given(NOTES, NOTES, PROGRESSIONS)
def test_random_notes_come_to_agree(high: list[tuple[int, int, int]], low: list[tuple[int, int, int]], text: str) -> None:
    parts = [
        Track(name, 0, False, [(t * 240, d * 120, p, 80) for t, d, p in notes])
        for name, notes in (("melody", high), ("piano", low))
    ]
    given_chords = chords(text)
    bars = tuple(given_chords[i % len(given_chords)] for i in range(5))
    score = Score(480, tuple(parts))
    done, _ = keep_chords(score, bars, FOUR, BAR, {"melody": (36, 96), "piano": (24, 84)})
    assert False not in agreeing(done, bars, FOUR, BAR)
    assert [t.name for t in done.tracks] == ["melody", "piano"]
    for track in done.tracks:
        assert {n.onset for n in track} <= {n.onset for part in score.tracks for n in part}
