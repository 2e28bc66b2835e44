"""Classifier two-sample tests: can a judge, trained on both sets, tell pieces apart that it has not seen?

Accuracy on held-out pieces, 0.5 = indistinguishable (Lopez-Paz and Oquab 2017). Folds are by piece: windows of one
piece never stand on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from antiphon.evaluate.clip import Floats, Ints
from antiphon.evaluate.descriptor import Standardiser
from antiphon.evaluate.distance import Bools, normal_tail

RIDGE_GRID = tuple(10.0**e for e in (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4))


class TwoSample(NamedTuple):
    """Accuracy, its 95% interval, the one-sided p-value of being above one half, and the number of pieces of both sets."""

    accuracy: float
    low: float
    high: float
    p_value: float
    pieces: int


Judge = Callable[[Ints, Ints, int], Floats]
"""(training rows, test rows, seed) -> a score a test row, positive for "generated"."""


def group_folds(groups: Sequence[str], label: Bools, folds: int, rng: np.random.Generator) -> Ints:
    """Fold number of each row; whole groups, each class spread evenly over the folds."""
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    of_class = np.zeros(len(names), dtype=bool)
    of_class[place[label]] = True
    fold = np.zeros(len(names), dtype=np.int64)
    for cls in (False, True):
        members = np.flatnonzero(of_class == cls)
        fold[rng.permutation(members)] = np.arange(len(members)) % folds
    return np.asarray(fold[place])


def balance(groups: Sequence[str], label: Bools, rng: np.random.Generator) -> Ints:
    """Rows in which both classes have equally many, whole groups of the larger class left out at random first."""
    names = np.asarray(groups)
    sides = [np.flatnonzero(~label), np.flatnonzero(label)]
    small = min(len(s) for s in sides)
    kept = []
    for side in sides:
        order = rng.permutation(np.unique(names[side]))
        rank = {g: i for i, g in enumerate(order.tolist())}
        ordered = side[np.argsort([rank[g] for g in names[side].tolist()], kind="stable")]
        kept.append(np.sort(ordered[:small]))
    return np.concatenate(kept)


def cross_validate(judge: Judge, groups: Sequence[str], label: Bools, seed: int, folds: int = 5, repeats: int = 2) -> TwoSample:
    """Held-out accuracy of a judge over grouped folds, averaged over `repeats` ways to fold."""
    rng = np.random.default_rng([seed, 401])
    names = np.asarray(groups)
    fewest = min(len(np.unique(names[label])), len(np.unique(names[~label])))
    if fewest < 2:
        return TwoSample(*(float("nan"),) * 4, pieces=fewest)
    right = np.zeros(len(label))
    for repeat in range(repeats):
        fold = group_folds(groups, label, min(folds, fewest), rng)
        for f in range(int(fold.max()) + 1):
            test = np.flatnonzero(fold == f)
            score = judge(np.flatnonzero(fold != f), test, seed * 1000 + repeat * 100 + f)
            right[test] += np.where(score == 0, 0.5, (score > 0) == label[test])
    right /= repeats
    return _interval(right, names, label, min(folds, fewest), rng)


def _interval(right: Floats, names: np.ndarray, label: Bools, folds: int, rng: np.random.Generator) -> TwoSample:
    """Mean over both classes; its error by bootstrap over pieces, widened because the folds share training pieces.

    The factor is the corrected resampled variance of Nadeau and Bengio 2003; without it a fifth more real-against-real
    comparisons than stated fall outside the interval.
    """
    accuracy, draws, pieces = 0.0, np.zeros(1000), 0
    for cls in (False, True):
        _, place = np.unique(names[label == cls], return_inverse=True)
        sums, counts = np.bincount(place, weights=right[label == cls]), np.bincount(place)
        accuracy += float(sums.sum() / counts.sum()) / 2
        pick = rng.integers(0, len(sums), (1000, len(sums)))
        draws += sums[pick].sum(axis=1) / counts[pick].sum(axis=1) / 2
        pieces += len(sums)
    error = max(float(draws.std()), 0.05 / np.sqrt(pieces)) * np.sqrt(1 + folds / (folds - 1))
    low, high = max(0.0, accuracy - 1.96 * error), min(1.0, accuracy + 1.96 * error)
    return TwoSample(accuracy, low, high, normal_tail((accuracy - 0.5) / error), pieces)


def ridge_test(generated: Floats, reference: Floats, groups: Sequence[str], seed: int = 0) -> TwoSample:
    """Ridge classifier on descriptors; `groups` names the pieces of generated, then reference rows.

    Vectors are standardised by ranks of the pooled, unlabelled rows; the penalty is chosen by leave-one-out error
    within each training side.
    """
    both = np.concatenate([generated, reference])
    label = np.arange(len(both)) < len(generated)
    rows = balance(groups, label, np.random.default_rng([seed, 402]))
    both, label, names = both[rows], label[rows], [groups[i] for i in rows]
    vectors = Standardiser(both)(both)
    vectors = vectors[:, vectors.std(axis=0) > 1e-9]
    sign = np.where(label, 1.0, -1.0)

    def judge(train: Ints, test: Ints, seed: int) -> Floats:
        mean = vectors[train].mean(axis=0)
        return np.asarray((vectors[test] - mean) @ ridge_weights(vectors[train] - mean, sign[train] - sign[train].mean()))

    return cross_validate(judge, names, label, seed)


def ridge_weights(rows: Floats, target: Floats) -> Floats:
    """Ridge solution [D] with the penalty of RIDGE_GRID that has the least leave-one-out error."""
    u, s, vt = np.linalg.svd(rows, full_matrices=False)
    along = u.T @ target
    best: tuple[float, Floats] | None = None
    for penalty in RIDGE_GRID:
        shrink = s**2 / (s**2 + penalty)
        fitted = u @ (shrink * along)
        leverage = (u**2) @ shrink
        error = float((((target - fitted) / np.maximum(1 - leverage, 1e-6)) ** 2).mean())
        if best is None or error < best[0]:
            best = (error, vt.T @ (s / (s**2 + penalty) * along))
    assert best is not None
    return best[1]
