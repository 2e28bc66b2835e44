"""Keys are found where they are plain, whatever the transposition; known keys are placed where the music turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.music.edit import transpose
from antiphon.music.harmony import Key
from antiphon.music.score import Score, Track
from antiphon.music.tonality import KEYS, find_key, key_scores, pitch_class_weights, place_keys

SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60)
MINOR_TUNE = (57, 59, 60, 62, 64, 60, 57, 56, 57, 64, 65, 64, 62, 60, 59, 57)


def tune(pitches: tuple[int, ...], drums: bool = False) -> Score:
    return Score(480, (Track("melody", 0, drums, [(i * 480, 480, p, 80) for i, p in enumerate(pitches)]),))


@pytest.mark.parametrize("up", range(12))
def test_a_plain_tune_has_its_key_in_every_transposition(up: int) -> None:
    major, minor = find_key(transpose(tune(SCALE), up)), find_key(transpose(tune(MINOR_TUNE), up))
    assert major is not None and minor is not None
    assert major.key == Key(up)
    assert minor.key == Key((9 + up) % 12, minor=True)
    assert major.lead > 0


def test_silence_and_drums_have_no_key() -> None:
    assert find_key(Score()) is None
    assert find_key(tune(SCALE, drums=True)) is None
    assert find_key(tune(SCALE), 480 * 100, 480 * 101) is None


def test_only_the_stretch_asked_for_counts() -> None:
    both = tune(SCALE + tuple(p + 6 for p in SCALE))
    first, second = find_key(both, 0, 480 * len(SCALE)), find_key(both, 480 * len(SCALE))
    assert first is not None and first.key == Key(0)
    assert second is not None and second.key == Key(6)


def test_weights_are_quarters_sounding_in_each_cell() -> None:
    score = Score(480, (Track("a", 0, False, [(0, 720, 60, 80), (240, 480, 64, 80)]),))
    weights = pitch_class_weights(score, [0, 480, 960, 1440])
    expected = np.zeros((3, 12))
    expected[0, 0], expected[1, 0] = 1.0, 0.5
    expected[0, 4], expected[1, 4] = 0.5, 0.5
    assert weights == pytest.approx(expected)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 3000), st.integers(0, 127), st.just(80)), min_size=1, max_size=30),
    st.sets(st.integers(1, 9000), max_size=9),
)
def test_weights_over_all_cells_add_up_to_all_durations(notes: list[tuple[int, int, int, int]], cuts: set[int]) -> None:
    score = Score(480, (Track("a", 0, False, notes),))
    weights = pitch_class_weights(score, [0, *sorted(cuts), 10_000])
    assert weights.sum() == pytest.approx(sum(n[1] for n in notes) / 480)


def test_equal_weights_suit_every_key_alike() -> None:
    assert key_scores(np.ones(12)) == pytest.approx(np.zeros(24))
    assert key_scores(np.zeros((2, 3, 12))).shape == (2, 3, 24)
    assert len(KEYS) == 24


def test_keys_known_in_order_begin_where_the_music_turns() -> None:
    in_c = key_profile_cells(0, 10)
    in_e = key_profile_cells(4, 6)
    cells = np.concatenate([in_c, in_e, in_c])
    assert place_keys(cells, [Key(0), Key(4), Key(0)]) == [0, 10, 16]
    assert place_keys(cells, [Key(0)]) == [0]


def key_profile_cells(tonic: int, count: int) -> np.ndarray:
    cell = np.zeros(12)
    cell[[(tonic + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)]] = (3, 1, 2, 1, 3, 1, 1)
    return np.tile(cell, (count, 1))


@settings(deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(0, 23), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_every_key_gets_its_least_room(cells: int, numbers: list[int], seed: int) -> None:
    weights = np.random.default_rng(seed).random((cells, 12))
    keys = [KEYS[n] for n in numbers]
    starts = place_keys(weights, keys, least=2)
    room = min(2, cells // len(keys))
    assert starts[0] == 0
    assert all(b - a >= room for a, b in zip(starts, [*starts[1:], cells], strict=True))
