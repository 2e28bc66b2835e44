"""Readings: every headline measure of one set of clips against real ones, with interval, z-score and p-value.

Three kinds: the mean of a statistic (bootstrap and permutation over pieces), a distance between sets of descriptors
(permutation of pieces), and the accuracy of a classifier two-sample test. One function takes them all, so that the
generated set, the other half of the reference (the ceiling) and damaged halves (the floors) are read alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from antiphon.evaluate.clip import Clip, Floats, Ints
from antiphon.evaluate.descriptor import Standardiser, describe_all
from antiphon.evaluate.distance import (
    Neighbours,
    copying_test,
    diversity,
    euclidean,
    frechet_distance,
    kernel_distance,
    neighbours,
    polynomial_kernel,
)
from antiphon.evaluate.encoder import Encoder
from antiphon.evaluate.neural import neural_test
from antiphon.evaluate.statistics import columns, mean, statistics
from antiphon.evaluate.structure import structure
from antiphon.evaluate.twosample import TwoSample, ridge_test

ROUNDS = 120
"""Permutations of a set distance: the smallest p-value is 1 / 121."""
STATISTICS = (
    "pitch-class entropy",
    "scale consistency",
    "groove consistency",
    "repetition, lag 4",
    "long-range similarity",
    "bars repeated exactly",
    "compression ratio",
)
"""Statistics of a clip that are headline measures; with them goes the tonal distance, mean over pairs of parts."""


class Reading(NamedTuple):
    """One measure: its value, 95% interval, and how surprising it is if both sets were alike."""

    value: float
    low: float
    high: float
    z: float
    p_value: float


class Sample(NamedTuple):
    """Clips with what is computed of them once: statistics by name [N], raw descriptors [N, D], encoder features or None."""

    clips: tuple[Clip, ...]
    statistics: dict[str, Floats]
    vectors: Floats
    features: Floats | None

    @property
    def groups(self) -> list[str]:
        """Piece of each clip."""
        return [c.group for c in self.clips]

    def rows(self, index: Sequence[int]) -> Sample:
        """The clips at these places."""
        at = np.asarray(index, dtype=np.int64)
        return Sample(
            tuple(self.clips[i] for i in at.tolist()),
            {n: v[at] for n, v in self.statistics.items()},
            self.vectors[at],
            None if self.features is None else self.features[at],
        )


def sample(clips: Sequence[Clip], encoder: Encoder | None = None) -> Sample:
    """Compute statistics and descriptors of clips."""
    table = columns([statistics(c) | structure(c) for c in clips])
    pairs = [v for n, v in table.items() if n.startswith("tonal distance [")]
    if pairs:
        table["tonal distance"] = np.array([mean(row) for row in np.stack(pairs, axis=1)])
    vectors, _ = describe_all(clips)
    return Sample(tuple(clips), table, vectors, None if encoder is None else encoder(clips))


def piece_means(values: Floats, groups: Sequence[str]) -> Floats:
    """Mean of a statistic for every piece that has one [G]."""
    known = ~np.isnan(values)
    if not known.any():
        return np.zeros(0)
    _, place = np.unique(np.asarray(groups)[known], return_inverse=True)
    return np.asarray(np.bincount(place, weights=values[known]) / np.bincount(place))


def read_mean(values: Floats, groups: Sequence[str], others: Floats, other_groups: Sequence[str], seed: int = 0) -> Reading:
    """Mean of a statistic over pieces, and its distance from another set's mean; two-sided permutation p over pieces."""
    nan = float("nan")
    ours, theirs = piece_means(values, groups), piece_means(others, other_groups)
    if len(ours) == 0:
        return Reading(nan, nan, nan, nan, nan)
    rng = np.random.default_rng([seed, 408])
    draws = ours[rng.integers(0, len(ours), (1000, len(ours)))].mean(axis=1)
    # one piece does not say how pieces scatter
    low, high = np.quantile(draws, [0.025, 0.975]) if len(ours) > 1 else (nan, nan)
    value = float(ours.mean())
    if min(len(ours), len(theirs)) < 2:
        return Reading(value, float(low), float(high), nan, nan)
    gap = value - float(theirs.mean())
    error = float(np.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs)))
    if error < 1e-12:
        return Reading(value, float(low), float(high), 0.0 if abs(gap) < 1e-9 else np.sign(gap) * 99.0, float(abs(gap) < 1e-9))
    pooled = np.concatenate([ours, theirs])
    order = np.argsort(rng.random((2000, len(pooled))), axis=1)
    first = pooled[order[:, : len(ours)]].sum(axis=1)
    null = np.abs(first / len(ours) - (pooled.sum() - first) / len(theirs))
    p = float((1 + (null >= abs(gap) - 1e-12).sum()) / 2001)
    return Reading(value, float(low), float(high), gap / error, p)


def read_distance(
    measure: Callable[[Ints, Ints], Sequence[float]],
    first: int,
    groups: Sequence[str],
    worse_is: Sequence[int],
    seed: int = 0,
    rounds: int = ROUNDS,
) -> list[Reading]:
    """Distances between two sets with their permutation test over pieces and an interval.

    Args:
      measure: (rows of the first set, rows of the second) -> one or more values.
      first: the first so many rows are the first set.
      groups: pieces of all rows.
      worse_is: for each value +1 where larger is worse, -1 where smaller is.

    The interval is the value plus or minus 1.96 deviations over random halves of the pieces, which scatter as the bootstrap
    does (Politis, Romano and Wolf 1999) but hold no piece twice: a double would spoil every nearest-neighbour measure.
    """
    rows = np.arange(len(groups))
    values = np.array(measure(rows[:first], rows[first:]))
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    label = np.zeros(len(names), dtype=bool)
    label[place[:first]] = True
    rng = np.random.default_rng([seed, 409])
    null = []
    for _ in range(rounds):
        mask = rng.permutation(label)[place]
        null.append(measure(rows[mask], rows[~mask]) if 1 < mask.sum() < len(mask) - 1 else [np.nan] * len(values))
    members = [[np.flatnonzero(place == g) for g in np.flatnonzero(label == side)] for side in (True, False)]
    draws = []
    for _ in range(rounds // 4):
        a, b = (np.concatenate([m[int(i)] for i in rng.permutation(len(m))[: -(-len(m) // 2)]]) for m in members)
        draws.append(measure(a, b))
    return [
        _reading(v, np.array(n), np.array(d), w)
        for v, n, d, w in zip(values.tolist(), zip(*null, strict=True), zip(*draws, strict=True), worse_is, strict=True)
    ]


def _reading(value: float, null: Floats, halves: Floats, worse_is: int) -> Reading:
    """A value with the spread over halves, and its place in the permutation distribution."""
    null, halves = null[~np.isnan(null)], halves[~np.isnan(halves)]
    if np.isnan(value) or len(null) == 0:
        return Reading(value, *(float("nan"),) * 4)
    spread = 1.96 * float(halves.std()) if len(halves) > 1 else float("nan")
    deviation = float(null.std())
    z = worse_is * (value - float(null.mean())) / deviation if deviation > 0 else float("nan")
    p = float((1 + (worse_is * null >= worse_is * value).sum()) / (1 + len(null)))
    return Reading(value, value - spread, value + spread, z, p)


def read_test(test: TwoSample) -> Reading:
    """A two-sample test as a reading."""
    error = max((test.high - test.low) / 3.92, 1e-3)
    return Reading(test.accuracy, test.low, test.high, float(np.minimum(99.0, (test.accuracy - 0.5) / error)), test.p_value)


def read_all(
    ours: Sample, real: Sample, standard: Standardiser, seed: int = 0, neural: bool = True, train: Floats | None = None
) -> dict[str, Reading]:
    """Every headline measure of `ours` against `real`; pieces of the two are taken as different whatever their names.

    Args:
      standard: of the descriptors, fitted on the whole reference.
      neural: also train the network.
      train: raw descriptors of the training set, for the data-copying test.
    """
    groups = [f"a {g}" for g in ours.groups] + [f"b {g}" for g in real.groups]
    out: dict[str, Reading] = {}
    for name in ("tonal distance", *STATISTICS):
        if name in ours.statistics and name in real.statistics:
            out[name] = read_mean(ours.statistics[name], ours.groups, real.statistics[name], real.groups, seed)
    first = len(ours.clips)
    both = np.concatenate([standard(ours.vectors), standard(real.vectors)])
    out["Fréchet distance, descriptor"] = _read_frechet(both, first, groups, seed)
    if ours.features is not None and real.features is not None:
        features = np.concatenate([ours.features, real.features])
        out["Fréchet distance, encoder"] = _read_frechet(features, first, groups, seed)
    kernel = polynomial_kernel(both, both)
    out["kernel distance"] = read_distance(lambda a, b: [kernel_distance(kernel, a, b)], first, groups, [1], seed, 4 * ROUNDS)[
        0
    ]
    table = euclidean(both, both)
    near = read_distance(lambda a, b: [*neighbours(table, a, b), diversity(table, a, b)], first, groups, [-1] * 5, seed)
    for name, reading in zip((*Neighbours._fields, "diversity"), near, strict=True):
        top = 1.0 if name in ("precision", "recall", "coverage") else float("inf")
        out[name] = _within(reading, top)
    out["two-sample test, ridge"] = read_test(ridge_test(ours.vectors, real.vectors, groups, seed))
    if neural:
        out["two-sample test, network"] = read_test(neural_test([*ours.clips, *real.clips], len(ours.clips), groups, seed))
    if train is not None and len(train):
        z, p = copying_test(both[:first], both[first:], standard(train))
        out["data copying"] = Reading(z, float("nan"), float("nan"), z, p)
    return out


def _read_frechet(rows: Floats, first: int, groups: Sequence[str], seed: int) -> Reading:
    found = read_distance(lambda a, b: [frechet_distance(rows[a], rows[b])], first, groups, [1], seed)[0]
    return _within(found, float("inf"))


def _within(reading: Reading, top: float) -> Reading:
    """The reading with its interval cut to what the measure can be, 0 to `top`; an unknown end stays unknown."""
    return reading._replace(low=float(np.maximum(0.0, reading.low)), high=float(np.minimum(top, reading.high)))
