"""mgeval's nine features with overlap area and divergence of distance distributions (Yang and Lerch 2018).

The pitches of a clip are all its pitched notes together, sorted by onset. Times are in seconds at 120 quarter notes a
minute. The published divergence compares densities on two different grids, so it is no true KL; it is computed that
way here too, for comparison with printed tables only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.evaluate.clip import Clip, Floats
from antiphon.evaluate.distance import euclidean

LENGTH_CLASSES = np.array([96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8]) / 96
"""Full, half, quarter, eighth, sixteenth; dotted half to dotted sixteenth; triplet half, quarter, eighth; in bars."""
MAX_DISTANCES = 4000
GRID = 1000


def features(clip: Clip) -> dict[str, Floats]:
    """The nine features of one clip, each a vector; all zero where the clip is silent."""
    onset, duration, pitch = clip.pitched
    n = len(pitch)
    classes = pitch % 12
    kinds = np.abs(duration[:, None] / clip.bar_steps - LENGTH_CLASSES[None, :]).argmin(axis=1)
    moves, turns = np.zeros((12, 12)), np.zeros((12, 12))
    np.add.at(moves, (classes[:-1], classes[1:]), 1.0)
    np.add.at(turns, (kinds[:-1], kinds[1:]), 1.0)
    histogram = np.bincount(classes, minlength=12).astype(np.float64)
    return {
        "pitch count": np.array([float(len(np.unique(pitch)))]),
        "pitch-class histogram": histogram / max(1, n),
        "pitch-class transitions": moves.ravel(),
        "pitch range": np.array([float(np.ptp(pitch)) if n else 0.0]),
        "mean interval": np.array([float(np.abs(np.diff(pitch)).mean()) if n > 1 else 0.0]),
        "note count": np.array([float(n)]),
        "mean inter-onset interval": np.array([float(onset[-1] - onset[0]) * 0.125 / (n - 1) if n > 1 else 0.0]),
        "note-length histogram": np.bincount(kinds, minlength=12).astype(np.float64),
        "note-length transitions": turns.ravel(),
    }


def density(sample: Floats, at: Floats) -> Floats:
    """Gaussian kernel density of a sample [N] at points [M], Scott's bandwidth (as scipy.stats.gaussian_kde)."""
    width = max(float(sample.std(ddof=1)), 1e-9) * len(sample) ** (-1 / 5)
    return np.asarray(np.exp(-0.5 * ((at[:, None] - sample[None, :]) / width) ** 2).mean(axis=1) / (width * np.sqrt(2 * np.pi)))


def overlap_area(first: Floats, second: Floats) -> float:
    """Area under the smaller of two densities over their joint range, trapezoids on GRID points."""
    grid = np.linspace(min(first.min(), second.min()), max(first.max(), second.max()), GRID)
    if grid[-1] - grid[0] < 1e-12:
        return 1.0
    return float(np.trapezoid(np.minimum(density(first, grid), density(second, grid)), grid))


def divergence(first: Floats, second: Floats) -> float:
    """The published "KLD": entropy of densities sampled on each set's own range, not a true divergence."""
    own = [np.maximum(density(s, np.linspace(s.min(), s.max(), GRID)), 1e-300) for s in (first, second)]
    p, q = (d / d.sum() for d in own)
    return float((p * np.log(p / q)).sum())


def compare_features(first: Sequence[Clip], second: Sequence[Clip], seed: int = 0) -> dict[str, tuple[float, float]]:
    """For each feature (overlap area, divergence) of distances within `first` and between `first` and `second`.

    At most MAX_DISTANCES distances of each kind are drawn; nan with fewer than three clips in a set.
    """
    rng = np.random.default_rng([seed, 407])
    ours, theirs = ([features(c) for c in clips] for clips in (first, second))
    out = {}
    for name in ours[0] if ours else ():
        a, b = (np.stack([f[name] for f in s]) for s in (ours, theirs))
        if min(len(a), len(b)) < 3:
            out[name] = (float("nan"), float("nan"))
            continue
        inside = euclidean(a, a)[~np.eye(len(a), dtype=bool)]
        across = euclidean(a, b).ravel()
        drawn = [d if len(d) <= MAX_DISTANCES else rng.choice(d, MAX_DISTANCES, replace=False) for d in (inside, across)]
        flat = any(np.ptp(d) < 1e-9 for d in drawn)
        both_flat = flat and abs(float(drawn[0].mean() - drawn[1].mean())) < 1e-9 and all(np.ptp(d) < 1e-9 for d in drawn)
        out[name] = (float(both_flat), float("nan")) if flat else (overlap_area(*drawn), divergence(*drawn))
    return out
