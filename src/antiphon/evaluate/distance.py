"""Distances between two sets of vectors: Fréchet, kernel, and nearest-neighbour measures of quality and variety.

Sets are arrays [N, D]; rows of one piece share a group, and resampling is over groups.
"""

from __future__ import annotations

from math import erf, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.evaluate.clip import Floats, Ints

Bools = npt.NDArray[np.bool_]


def frechet_distance(first: Floats, second: Floats) -> float:
    """Squared Fréchet distance of the Gaussians fitted to two sets: |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2).

    The trace of the square root is the nuclear norm of A B^T with S1 = A^T A and S2 = B^T B, which needs no matrix
    square root and stays exact where there are fewer rows than dimensions (Dowson and Landau 1982).
    """
    centred = [(s - s.mean(axis=0)) / np.sqrt(max(1, len(s) - 1)) for s in (first, second)]
    small = [np.linalg.qr(c, mode="r") if len(c) > c.shape[1] else c for c in centred]
    product: Floats = np.asarray(small[0]) @ np.asarray(small[1]).T
    root = float(np.linalg.svd(product, full_matrices=False, compute_uv=False).sum())
    shift = float(((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum())
    return max(0.0, shift + float((centred[0] ** 2).sum() + (centred[1] ** 2).sum()) - 2 * root)


def frechet_extrapolated(first: Floats, second: Floats, rng: np.random.Generator, points: int = 12) -> float:
    """Fréchet distance at infinitely many samples: a line over 1/N through the distances of subsets of size N, at 1/N = 0.

    As FID-infinity of Chong and Forsyth 2020. Sizes run from half of the smaller set to all of it. With fewer samples
    than a few times D the curve is not quite straight, so read it beside the split-half ceiling.
    """
    most = min(len(first), len(second))
    sizes = np.unique(np.linspace(max(2, most // 2), most, points).round().astype(int))
    if len(sizes) < 3:
        return float("nan")
    values = [
        np.mean([frechet_distance(rng.permutation(first)[:n], rng.permutation(second)[:n]) for _ in range(2)]) for n in sizes
    ]
    return float(np.polyfit(1.0 / sizes, values, 1)[1])


def polynomial_kernel(rows: Floats, columns: Floats) -> Floats:
    """The kernel (x.y / D + 1)^3 of Binkowski et al. 2018."""
    return np.asarray((rows @ columns.T / rows.shape[1] + 1.0) ** 3)


def kernel_distance(kernel: Floats, first: Ints, second: Ints) -> float:
    """Unbiased squared maximum mean discrepancy of the rows `first` and `second` of a kernel matrix; may be below zero."""
    m, n = len(first), len(second)
    if m < 2 or n < 2:
        return float("nan")
    own = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (kernel[np.ix_(r, r)] for r in (first, second))]
    return float(own[0] + own[1] - 2 * kernel[np.ix_(first, second)].mean())


def euclidean(rows: Floats, columns: Floats) -> Floats:
    """Distances between all rows of two sets [N, M]."""
    square = (rows**2).sum(axis=1)[:, None] + (columns**2).sum(axis=1)[None, :] - 2 * rows @ columns.T
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


class Neighbours(NamedTuple):
    """Nearest-neighbour measures, each about 1 (density may exceed it) for two samples of one distribution.

    precision: share of generated rows inside the reference's manifold; recall: the reverse (Kynkaanniemi et al. 2019);
    density, coverage: their outlier-proof forms (Naeem et al. 2020).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbours(table: Floats, generated: Ints, reference: Ints, k: int = 5) -> Neighbours:
    """Precision, recall, density and coverage by the radii of the k-th neighbours; nan with k or fewer rows.

    Args:
      table: distances of all rows [N, N].
      generated, reference: rows of the two sets.
    """
    if min(len(generated), len(reference)) <= k:
        return Neighbours(*(float("nan"),) * 4)
    across = table[np.ix_(generated, reference)]
    real, fake = (np.partition(table[np.ix_(r, r)], k, axis=1)[:, k] for r in (reference, generated))
    within = across <= real[None, :]
    return Neighbours(
        precision=float(within.any(axis=1).mean()),
        recall=float((across <= fake[:, None]).any(axis=0).mean()),
        density=float(within.sum() / (k * len(generated))),
        coverage=float((across.min(axis=0) <= real).mean()),
    )


def diversity(table: Floats, generated: Ints, reference: Ints) -> float:
    """Mean distance of a generated row to its nearest sibling, over the same among as many reference rows.

    1 = as varied as the reference, near 0 = the same few pieces again and again.
    """
    n = min(len(generated), len(reference))
    if n < 3:
        return float("nan")
    means = []
    for rows in (generated, reference):
        some = rows[np.linspace(0, len(rows) - 1, n).round().astype(int)]
        means.append(float(np.partition(table[np.ix_(some, some)], 1, axis=1)[:, 1].mean()))
    return means[0] / means[1] if means[1] > 0 else float("nan")


def copying_test(generated: Floats, held_out: Floats, train: Floats) -> tuple[float, float]:
    """Data-copying test (Meehan, Chaudhuri and Dasgupta 2020): are generated rows nearer to training rows than held-out ones?

    Returns (z, one-sided p); z far below 0 means copying, far above 0 means that the model stays away from the data.
    """
    near, free = (euclidean(rows, train).min(axis=1) for rows in (generated, held_out))
    u = float((near[:, None] > free[None, :]).sum() + 0.5 * (near[:, None] == free[None, :]).sum())
    m, n = len(near), len(free)
    z = (u - m * n / 2) / sqrt(m * n * (m + n + 1) / 12)
    return z, normal_tail(-z)


def normal_tail(z: float) -> float:
    """Probability of a standard normal value above z."""
    return 0.5 * (1.0 - erf(z / sqrt(2)))
