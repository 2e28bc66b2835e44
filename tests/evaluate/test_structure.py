"""Structure by hand: repeats, profiles, phrases, compression, and the fitness of a repeated segment."""

from __future__ import annotations

import math

import numpy as np
import pytest
from invented_songs import clip_of, clips, songs

from antiphon.evaluate import structure as s

BAR_A = [(0, 4, 60), (4, 4, 64), (8, 8, 67)]
BAR_B = [(0, 2, 61), (2, 6, 66), (12, 4, 70)]


def bars(*kinds: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [(o + 16 * i, d, p) for i, kind in enumerate(kinds) for o, d, p in kind]


def test_profile_of_alternating_bars() -> None:
    similarity = s.bar_similarity(clip_of(bars(BAR_A, BAR_B, BAR_A, BAR_B)))
    assert s.repetition_profile(similarity).tolist() == pytest.approx([0, 1, 0])
    assert s.exact_repeats(similarity) == pytest.approx(2 / 3)
    assert s.long_range_similarity(similarity) == pytest.approx(1)


def test_silent_bars_are_alike() -> None:
    similarity = s.bar_similarity(clip_of(bars(BAR_A), bars=4))
    assert similarity[1, 2] == 1 and similarity[0, 1] == 0


def test_a_loop_compresses_better_than_a_walk() -> None:
    rng = np.random.default_rng(0)
    loop = clip_of(bars(*[BAR_A] * 8), bars=8)
    walk = clip_of([(i * 5, int(rng.integers(1, 5)), int(rng.integers(40, 90))) for i in range(24)], bars=8)
    assert s.compression_ratio(loop) < s.compression_ratio(walk)
    assert math.isnan(s.compression_ratio(clip_of(BAR_A)))


def test_phrases_end_at_rests() -> None:
    line = [(0, 2, 60), (2, 2, 62), (4, 4, 64), (16, 2, 60), (18, 6, 62)]
    assert s.phrase_lengths(clip_of(line)).tolist() == [2.0, 2.0]


def test_skyline_takes_the_outer_notes() -> None:
    c = clip_of([(0, 4, 60), (0, 4, 72), (4, 4, 50)])
    assert s.skyline(c)[2].tolist() == [72, 50]
    assert s.skyline(c, lowest=True)[2].tolist() == [60, 50]


def brute_fitness(matrix: np.ndarray, start: int, length: int) -> float:
    """Fitness of one segment by the recursion written out with dictionaries (Mueller, Fundamentals, section 4.3)."""
    n = len(matrix)
    cost: dict[tuple[int, int], tuple[float, int, int]] = {}
    lift: tuple[float, int, int] = (0.0, 0, 0)
    for row in range(n):
        for m in range(length):
            value = float(matrix[row, start + m])
            if m == 0:
                options = [(lift, 1)]
            else:
                steps = ((1, 1), (2, 1), (1, 2))
                options = [(cost[row - a, m - b], a) for a, b in steps if (row - a, m - b) in cost]
            if options:
                best, rows = max(options, key=lambda o: o[0][0])
                cost[row, m] = (best[0] + value, best[1] + 1, best[2] + rows)
        if (row, length - 1) in cost and cost[row, length - 1][0] > lift[0]:
            lift = cost[row, length - 1]
    gain = max(0.0, (lift[0] - length) / max(1, lift[1]))
    cover = max(0.0, (lift[2] - length) / n)
    return 2 * gain * cover / (gain + cover) if gain + cover > 0 else 0.0


def test_fitness_against_the_plain_recursion() -> None:
    rng = np.random.default_rng(3)
    raw = rng.random((9, 9))
    matrix = np.where(raw + raw.T > 0.9, (raw + raw.T) / 2, -2.0)
    np.fill_diagonal(matrix, 1.0)
    found = s.fitness_by_length(matrix[None])[0]
    for length in range(1, 10):
        by_hand = max(brute_fitness(matrix, start, length) for start in range(9 - length + 1))
        assert found[length - 1] == pytest.approx(by_hand, abs=1e-5)


def test_a_piece_that_repeats_is_fitter_than_a_shuffled_one() -> None:
    blocks = np.repeat(np.arange(4), 4)
    repeated = np.concatenate([blocks, blocks])
    chroma = np.eye(12)[repeated + np.tile([0, 2, 4, 6], 8)]
    shuffled = chroma[np.random.default_rng(1).permutation(32)]
    fit, unfit = (s.fitness_by_length(s.enhanced_similarity(c)[None])[0, 14:].max() for c in (chroma, shuffled))
    assert fit > unfit + 0.1


def test_frame_consistency_of_a_set_with_itself_is_perfect() -> None:
    frames = [s.frame_overlaps(c) for c in clips(songs(6, bars=12), 12)]
    assert s.frame_consistency(frames, frames) == (1.0, 1.0)
    assert math.isnan(s.frame_consistency([], frames)[0])


def test_structureness_of_a_silent_clip_is_nan() -> None:
    some = clips(songs(2, bars=16), 16)
    silent = clip_of([(0, 1, 60)], bars=16)
    found = s.structureness([*some, type(silent)("x", 16, 16, ())])
    assert not np.isnan(found["short"][:2]).any() and math.isnan(found["short"][2])
