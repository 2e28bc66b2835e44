"""Density, polyphony, rests, ranges and loudness on notes that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.thickness import (
    keep_density,
    keep_polyphony,
    mean_velocities,
    most_at_once,
    onset_density,
    play_energy,
    silenced,
    velocity_of,
    within,
)
from antiphon.music.score import Score, Track

BAR = 1920
QUARTERS = Track("piano", 0, False, [(t * 480, 480, 60 + t % 5, 80) for t in range(8)])


def test_density_is_the_share_of_sixteenths() -> None:
    assert onset_density([QUARTERS], BAR, 2, 480).tolist() == [0.25, 0.25]


def test_weak_beats_go_first_and_the_note_before_lasts_on() -> None:
    done, changed = keep_density([QUARTERS], [0.125, 0.25], BAR, 480, [False, False])
    assert [tuple(n)[:2] for n in done[0]][:3] == [(0, 960), (960, 960), (1920, 480)]
    assert changed == 2


def test_notes_are_struck_again_on_the_strong_places() -> None:
    whole = Track("piano", 0, False, [(0, BAR, 48, 80), (0, BAR, 55, 80)])
    done, changed = keep_density([whole], [0.25], BAR, 480, [False])
    assert sorted({n.onset for n in done[0]}) == [0, 480, 960, 1440]
    assert changed == 3
    assert {n.pitch for n in done[0]} == {48, 55}


def test_the_accompaniment_is_struck_again_before_the_melody() -> None:
    melody, piano = (Track(name, 0, False, [(0, BAR, 60, 80)]) for name in ("melody", "piano"))
    done, _ = keep_density([melody, piano], [0.25], BAR, 480, [False])
    assert (len(done[0]), len(done[1])) == (1, 4)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 31), st.integers(1, 8), st.integers(40, 80)), min_size=4, max_size=40), st.floats(0.05, 1)
)
def test_density_never_exceeds_what_is_wanted(notes: list[tuple[int, int, int]], density: float) -> None:
    track = Track("piano", 0, False, list({(t, p): (t * 120, d * 120, p, 80) for t, d, p in notes}.values()))
    done, _ = keep_density([track], [density] * 3, BAR, 480, [False] * 3)
    assert (onset_density(done, BAR, 3, 480) <= max(1, round(density * 16)) / 16 + 1e-9).all()


def test_polyphony_keeps_the_outer_notes() -> None:
    chord = Track("piano", 0, False, [(0, BAR, p, 80) for p in (48, 52, 55, 60)])
    assert most_at_once(chord.notes) == 4
    assert [n.pitch for n in keep_polyphony(chord, 2)[0]] == [48, 60]
    assert [n.pitch for n in keep_polyphony(chord, 3)[0]] == [48, 55, 60]
    assert [n.pitch for n in keep_polyphony(chord, 1)[0]] == [60]
    assert keep_polyphony(chord, 4) == (chord, 0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 12), st.integers(40, 60)), max_size=30), st.integers(1, 5))
def test_polyphony_is_held(notes: list[tuple[int, int, int]], voices: int) -> None:
    track = Track("piano", 0, False, list({(t, p): (t * 120, d * 120, p, 80) for t, d, p in notes}.values()))
    assert most_at_once(keep_polyphony(track, voices)[0].notes) <= voices


def test_rests_are_silent_and_what_is_held_into_them_ends() -> None:
    track = Track("piano", 0, False, [(0, 3 * BAR, 60, 80), (BAR, 480, 64, 80), (2 * BAR, 480, 65, 80)], [(0, 3 * BAR)])
    done, count = silenced(track, [(BAR, 2 * BAR)])
    assert [tuple(n)[:3] for n in done] == [(0, BAR, 60), (2 * BAR, 480, 65)]
    assert count == 1
    assert done.pedals["duration"].tolist() == [BAR]


@given(st.lists(st.integers(0, 127), min_size=1, max_size=20), st.integers(0, 100), st.integers(11, 60))
def test_octave_shifts_keep_the_pitch_class(pitches: list[int], low: int, span: int) -> None:
    track = Track("flute", 73, False, [(i * 480, 480, p, 80) for i, p in enumerate(pitches)])
    done, moved = within(track, low, min(127, low + span))
    assert [n.pitch % 12 for n in done] == [p % 12 for p in pitches]
    if low + span <= 127:
        assert all(low <= n.pitch <= low + span for n in done)
    assert moved == sum(a.pitch != b for a, b in zip(done, pitches, strict=True))


@given(st.lists(st.floats(0.05, 0.95), min_size=2, max_size=2), st.lists(st.integers(30, 110), min_size=8, max_size=8))
def test_each_bar_is_as_loud_as_its_energy(energy: list[float], velocities: list[int]) -> None:
    track = Track("piano", 0, False, [(t * 480, 480, 60, v) for t, v in enumerate(velocities)])
    done = play_energy(Score(480, (track,)), energy, BAR)
    found = mean_velocities(done, BAR, 2)
    assert np.abs(found - [velocity_of(e) for e in energy]).max() < 13
    ranks = np.argsort(velocities[:4], kind="stable")
    assert (np.diff(np.array([n.velocity for n in done.tracks[0]])[:4][ranks]) >= 0).all()


def test_loudness_without_clipping_is_exact() -> None:
    done = play_energy(Score(480, (QUARTERS,)), [0.2, 0.7], BAR)
    assert mean_velocities(done, BAR, 2) == pytest.approx([velocity_of(0.2), velocity_of(0.7)], abs=0.6)
