"""Voice-leading repair: hand-made faults go, fixed notes and rhythm stay, faults never become more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.fixed import Fixed, fixed_notes
from antiphon.compose.repair import repair, voice_faults
from antiphon.compose.voices import Voices
from antiphon.errors import InputError
from antiphon.music.harmony import Chord, Key, parse_chord
from antiphon.music.measure import faults
from antiphon.music.score import ChordMark, KeyMark, Score, Track, notes_array

VOICES = ("soprano", "alto", "tenor", "bass")
C, D, F, G = (Chord(root) for root in (0, 2, 5, 7))


def chorale(*chords: tuple[int, int, int, int], marks: tuple[Chord, ...] = (), names: tuple[str, ...] = VOICES) -> Score:
    """Half notes in four parts, soprano first, in C major."""
    tracks = [
        Track(name, 52, False, notes_array([(960 * i, 960, chord[v], 80) for i, chord in enumerate(chords)]))
        for v, name in enumerate(names)
    ]
    symbols = tuple(ChordMark(960 * i, mark) for i, mark in enumerate(marks))
    return Score(480, tuple(tracks), keys=(KeyMark(0, Key(0)),), chords=symbols)


@st.composite
def four_voices(draw: st.DrawFn) -> Score:
    """Voices of random pitches and lengths over random chords, some of them crossing and leaping."""
    tracks = []
    for name, low, high in zip(VOICES, (60, 55, 48, 41), (79, 72, 67, 60), strict=True):
        rows, now = [], 0
        for _ in range(draw(st.integers(2, 8))):
            length = draw(st.sampled_from([240, 480, 480, 960]))
            rows.append((now, length, draw(st.integers(low, high)), 80))
            now += length + draw(st.sampled_from([0, 0, 0, 240]))
        tracks.append(Track(name, 52, False, notes_array(rows)))
    roots = draw(st.lists(st.sampled_from(["C", "G", "F", "Am", "Dm", "G7", "Em"]), max_size=6))
    chords = tuple(ChordMark(960 * i, parse_chord(root)) for i, root in enumerate(roots))
    keys = (KeyMark(0, Key(0)),) if draw(st.booleans()) else ()
    return Score(480, tuple(tracks), keys=keys, chords=chords)


def test_parallel_octaves_are_counted_and_mended() -> None:
    score = chorale((76, 67, 60, 48), (77, 69, 62, 50), marks=(C, D))
    assert voice_faults(score) == {"parallel octaves": 1, "parallel fifths": 2}
    mended, said = repair(score)
    assert not voice_faults(mended)
    assert said and all(sentence.startswith("Bar 1: ") and sentence.endswith(").") for sentence in said)


def test_crossing_leap_range_and_doubled_leading_tone() -> None:
    assert voice_faults(chorale((72, 60, 67, 48), marks=(C,))) == {}
    crossed = chorale((72, 67, 64, 48), (72, 60, 67, 48), marks=(C, C))
    assert voice_faults(crossed) == {"crossing": 1}
    assert voice_faults(chorale((64, 60, 55, 48), (79, 60, 55, 48), marks=(C, C))) == {"leap": 1}
    assert voice_faults(chorale((72, 67, 64, 28), (72, 67, 64, 28), marks=(C, C))) == {"range": 2}
    doubled = chorale((72, 64, 55, 48), (71, 62, 59, 43), marks=(C, G))
    assert voice_faults(doubled)["doubled leading tone"] == 1
    for score in (crossed, doubled):
        assert sum(voice_faults(repair(score)[0]).values()) < sum(voice_faults(score).values())


def test_a_suspension_and_a_passing_seventh_are_no_faults() -> None:
    suspended = chorale((72, 64, 55, 48), (72, 62, 55, 43), (71, 62, 55, 43), marks=(C, G, G))
    assert "dissonance" not in voice_faults(suspended)
    seventh = chorale((72, 64, 55, 48), (77, 62, 59, 43), marks=(C, G))
    assert "dissonance" not in voice_faults(seventh)


def test_clean_music_stays_as_it_is() -> None:
    clean = chorale((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48), marks=(C, F, G, C))
    assert not voice_faults(clean)
    assert repair(clean) == (clean, [])


def test_the_melody_does_not_pay_for_a_doubled_leading_tone() -> None:
    doubled = chorale((72, 64, 55, 48), (71, 62, 59, 43), marks=(C, G))
    mended, _ = repair(doubled)
    assert mended.tracks[0] == doubled.tracks[0]


def test_a_piece_without_voices_comes_back() -> None:
    chords = Track("piano", 0, False, notes_array([(0, 480, p, 80) for p in (60, 64, 67)]))
    for score in (Score(480), Score(480, (chords,))):
        assert repair(score) == (score, [])


def test_roles_and_fixed_tracks_must_exist() -> None:
    score = chorale((72, 67, 64, 48), (72, 67, 64, 48))
    with pytest.raises(InputError, match="no track 'flute' to repair"):
        repair(score, roles=("flute",))
    with pytest.raises(InputError, match="no track 'flute' to keep"):
        repair(score, Fixed(("flute",)))
    with pytest.raises(InputError, match="Bars 0 to 2"):
        fixed_notes(score, Fixed(bars=((0, 2),)))
    with pytest.raises(InputError, match="2 tracks, but the piece has 4"):
        fixed_notes(score, Fixed(notes=(None, None)))
    with pytest.raises(InputError, match="3 entries for 2 notes"):
        fixed_notes(score, Fixed(notes=(np.zeros(3, dtype=bool), None, None, None)))


def test_tracks_of_one_name_are_told_apart() -> None:
    score = chorale((76, 67, 60, 48), (77, 69, 62, 50), marks=(C, D), names=("choir",) * 4)
    mended, said = repair(score)
    assert said
    assert sum(voice_faults(mended).values()) < sum(voice_faults(score).values())


def test_masks_name_tracks_bars_and_notes() -> None:
    score = chorale((72, 67, 64, 48), (72, 67, 64, 48), (72, 67, 64, 48))
    one = np.array([False, True, False])
    masks = fixed_notes(score, Fixed(("alto",), ((2, 9),), (None, None, one, None)))
    assert [m.tolist() for m in masks] == [[False, False, True], [True] * 3, [False, True, True], [False, False, True]]


@settings(max_examples=20, deadline=None)
@given(four_voices(), st.sets(st.sampled_from(VOICES), max_size=2), st.booleans())
def test_faults_never_become_more_and_fixed_notes_stay(score: Score, kept: set[str], first_bar: bool) -> None:
    fixed = Fixed(tuple(sorted(kept)), ((1, 1),) if first_bar else ())
    masks = fixed_notes(score, fixed)
    mended, said = repair(score, fixed, VOICES)
    assert sum(voice_faults(mended, VOICES).values()) <= sum(voice_faults(score, VOICES).values())
    assert len(faults(mended)) <= len(faults(score))
    moved = 0
    for before, after, mask in zip(score.tracks, mended.tracks, masks, strict=True):
        for name in ("onset", "duration", "velocity"):
            assert np.array_equal(before.notes[name], after.notes[name])
        assert np.array_equal(before.notes["pitch"][mask], after.notes["pitch"][mask])
        moved += int((before.notes["pitch"] != after.notes["pitch"]).sum())
    assert moved == len(said)
    assert mended.chords == score.chords


@settings(max_examples=10, deadline=None)
@given(four_voices())
def test_a_repaired_piece_needs_little_more(score: Score) -> None:
    once, _ = repair(score, roles=VOICES)
    twice, _ = repair(once, roles=VOICES)
    assert sum(voice_faults(twice, VOICES).values()) <= sum(voice_faults(once, VOICES).values())
    assert len(Voices(once).lines) == len(Voices(score).lines)
