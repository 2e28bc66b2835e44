"""Statistics of paired comparisons: Bradley-Terry strengths, the sign test, Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PRIOR = 0.1
"""Wins added to each side of each pair, so that a system that never lost keeps a finite strength."""


def bradley_terry(wins: FloatArray, prior: float = PRIOR) -> FloatArray:
    """Bradley-Terry strengths by Newton's method, in log-odds with mean 0 (Bradley and Terry, Biometrika 1952).

    Args:
      wins: [..., K, K], how often row was preferred to column, ties as halves.
      prior: wins added to both sides of each pair.

    Returns:
      [..., K]
    """
    size = wins.shape[-1]
    won = (wins + prior) * (1 - np.eye(size))
    total = won + np.swapaxes(won, -1, -2)
    strength = np.zeros(wins.shape[:-1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(strength[..., None, :] - strength[..., :, None]))
        slope = (won - total * chance).sum(-1)
        weight = total * chance * (1 - chance)
        # The likelihood does not know the mean of the strengths: the constant matrix holds it at 0.
        curvature = np.eye(size) * weight.sum(-1)[..., None] - weight + 1 / size
        step = np.clip(np.linalg.solve(curvature, slope[..., None])[..., 0], -1, 1)
        strength = strength + step
        if np.abs(step).max(initial=0) < 1e-10:
            break
    return np.asarray(strength - strength.mean(-1, keepdims=True), dtype=np.float64)


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p-value of as uneven a split or worse, if both sides were equally likely."""
    n, high = wins + losses, max(wins, losses)
    if n == 0:
        return 1.0
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2) for k in range(high, n + 1)]
    return min(1.0, 2 * math.fsum(math.exp(value) for value in logs))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction: p-values that may be read one by one although several were tested."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    out, highest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        out[i] = highest
    return out
