"""Listening tests scored: answers of blind listeners in, preferences with intervals out.

Conventions: a comparison is (better or worse, system i, system j); a tie counts half to each side. Strengths are
Bradley-Terry log-odds, 0 on average: system i is preferred to j with probability 1 / (1 + exp(s_j - s_i)).
Intervals are 95% percentile bootstrap intervals. Sign tests are exact, two-sided, leave ties out, and are corrected for
the number of pairs by Holm's method. Axes: A comparisons, K systems, R replicates.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.evaluate.listening_answers import TIE, Sheet
from antiphon.evaluate.listening_key import Key
from antiphon.evaluate.paired import FloatArray, bradley_terry, holm, sign_test

Interval = tuple[float, float]

FEW_LISTENERS = 5
"""Below this number the bootstrap draws single answers, because so few listeners cannot stand for others."""
REPLICATES = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All comparisons of all listeners: columns of equal length [A].

    Attributes:
      listener, trial: who compared, and where.
      left, right: numbers of the two systems, left < right.
      score: 1 if left was preferred, 0 if right, 0.5 for a tie.
      values: ratings of the two [A, 2]; NaN in a preference test.
    """

    listener: npt.NDArray[np.int64]
    trial: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    score: FloatArray
    values: FloatArray


def comparisons(sheets: Sequence[Sheet], key: Key) -> Comparisons:
    """Every comparison that the sheets hold; a rating trial of n systems gives n (n - 1) / 2 of them."""
    number = {name: i for i, name in enumerate(key.systems)}
    rows: list[tuple[float, ...]] = []
    for who, sheet in enumerate(sheets):
        for where, trial in enumerate(key.trials):
            if trial.check is not None or (trial.id not in sheet.choices and trial.id not in sheet.ratings):
                continue
            clips = sorted((number[c.system], c.id) for c in trial.clips if c.system is not None)
            for (i, a), (j, b) in itertools.combinations(clips, 2):
                if i == j:
                    continue
                if trial.id in sheet.choices:
                    chosen = sheet.choices[trial.id]
                    rows.append((who, where, i, j, 0.5 if chosen == TIE else float(chosen == a), math.nan, math.nan))
                else:
                    x, y = sheet.ratings[trial.id][a], sheet.ratings[trial.id][b]
                    rows.append((who, where, i, j, 0.5 if x == y else float(x > y), x, y))
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    columns = table[:, :4].astype(np.int64)
    return Comparisons(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3], table[:, 4], table[:, 5:])


Unit = Literal["auto", "listeners", "answers", "both"]


def _weights(found: Comparisons, unit: Unit, rng: np.random.Generator, count: int) -> FloatArray:
    """How often each comparison is drawn in each of `count` replicates, [count, A].

    "both" draws listeners and trials at once and multiplies (the pigeonhole bootstrap of Owen, Annals of Applied
    Statistics 2007): intervals that also allow for other pieces, wide but honest.
    """
    if unit == "answers":
        size = len(found.score)
        return rng.multinomial(size, np.full(size, 1 / size), count).astype(np.float64)
    who = _drawn(found.listener, rng, count)
    return who * _drawn(found.trial, rng, count) if unit == "both" else who


def _drawn(labels: npt.NDArray[np.int64], rng: np.random.Generator, count: int) -> FloatArray:
    names, index = np.unique(labels, return_inverse=True)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), count)
    return np.asarray(draws[:, index], dtype=np.float64)


def _bootstrap(
    found: Comparisons, statistic: Callable[[FloatArray], FloatArray], unit: Unit, rng: np.random.Generator, replicates: int
) -> FloatArray:
    """`statistic` of [r, A] weights -> [r, ...], for all replicates, in portions that bound the memory."""
    portion = max(1, min(replicates, 4_000_000 // max(1, len(found.score))))
    parts = [statistic(_weights(found, unit, rng, min(portion, replicates - done))) for done in range(0, replicates, portion)]
    return np.concatenate(parts)


def _interval(draws: FloatArray) -> Interval:
    low, high = np.nanpercentile(draws, [2.5, 97.5]) if not np.isnan(draws).all() else (math.nan, math.nan)
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Standing:
    """One system: Bradley-Terry strength and, in a rating test, its mean rating; each with its interval."""

    system: str
    strength: float
    strength_interval: Interval
    rating: float | None
    rating_interval: Interval | None
    comparisons: int


@dataclass(frozen=True, slots=True)
class Duel:
    """Two systems: how often `left` was preferred (ties half) with its interval, and the sign test, raw and by Holm."""

    left: str
    right: str
    wins: int
    ties: int
    losses: int
    rate: float
    rate_interval: Interval
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a listening test.

    Attributes:
      standings: systems, the strongest first.
      duels: all pairs that were compared.
      listeners: how many listeners count.
      left_out: listeners who failed the attention checks, by file, with the number failed.
      set_aside: files that could not be used, with the reason.
      first_shown: share of the choices that fell on the clip shown first, ties left out (0.5 is no bias); None unknown.
      unit: what the bootstrap drew.
      reference: the system that is music by people, if one was named.
    """

    mode: str
    standings: tuple[Standing, ...]
    duels: tuple[Duel, ...]
    listeners: int
    left_out: Mapping[str, int]
    set_aside: Mapping[str, str]
    first_shown: float | None
    unit: str
    reference: str | None


def judge(
    sheets: Sequence[Sheet],
    key: Key,
    *,
    set_aside: Mapping[str, str] | None = None,
    unit: Unit = "auto",
    allowed_failures: int = 0,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Verdict:
    """Score a test.

    Args:
      sheets, set_aside: what `load_answers` gave.
      unit: what the bootstrap draws; "auto" draws listeners, or single answers if there are fewer than five listeners.
      allowed_failures: attention checks that a listener may fail and still count.
      seed: of the bootstrap.

    Raises:
      InputError: no listener is left.
    """
    failures = {s.source: s.failed_checks(key) for s in sheets}
    left_out = {name: n for name, n in failures.items() if n > allowed_failures}
    counted = [s for s in sheets if s.source not in left_out]
    if not counted:
        raise InputError(
            "No answers are left to score: "
            f"{len(left_out)} failed the attention checks and {len(set_aside or {})} could not be used."
        )
    found = comparisons(counted, key)
    drawn: Unit = ("listeners" if len(counted) >= FEW_LISTENERS else "answers") if unit == "auto" else unit
    rng = np.random.default_rng(seed)
    standings = _standings(found, key, drawn, rng, replicates)
    duels = _duels(found, key, drawn, rng, replicates)
    return Verdict(
        key.mode,
        standings,
        duels,
        len(counted),
        left_out,
        dict(set_aside or {}),
        _first_shown(counted, key),
        drawn,
        key.reference,
    )


def _standings(found: Comparisons, key: Key, unit: Unit, rng: np.random.Generator, replicates: int) -> tuple[Standing, ...]:
    size, count = len(key.systems), len(found.score)
    contributions = np.zeros((count, size * size))
    contributions[np.arange(count), found.left * size + found.right] = found.score
    contributions[np.arange(count), found.right * size + found.left] = 1 - found.score

    def strengths(weights: FloatArray) -> FloatArray:
        return bradley_terry((weights @ contributions).reshape(-1, size, size))

    sums, member = np.zeros((count, size)), np.zeros((count, size))
    rows = np.arange(count)
    for side, values in ((found.left, found.values[:, 0]), (found.right, found.values[:, 1])):
        sums[rows, side], member[rows, side] = np.nan_to_num(values), 1.0

    def means(weights: FloatArray) -> FloatArray:
        heard = weights @ member
        return np.where(heard > 0, (weights @ sums) / np.maximum(heard, 1), np.nan)

    whole = np.ones((1, count))
    point, spread = strengths(whole)[0], _bootstrap(found, strengths, unit, rng, replicates)
    rated = key.mode == "rating"
    rating, rating_spread = means(whole)[0], _bootstrap(found, means, unit, rng, replicates if rated else 1)
    out = [
        Standing(
            name,
            float(point[i]),
            _interval(spread[:, i]),
            float(rating[i]) if rated else None,
            _interval(rating_spread[:, i]) if rated else None,
            int(member[:, i].sum()),
        )
        for i, name in enumerate(key.systems)
    ]
    return tuple(sorted(out, key=lambda s: (-s.strength, s.system)))


def _duels(found: Comparisons, key: Key, unit: Unit, rng: np.random.Generator, replicates: int) -> tuple[Duel, ...]:
    pairs = sorted(set(zip(found.left.tolist(), found.right.tolist(), strict=True)))
    inside = np.stack([(found.left == i) & (found.right == j) for i, j in pairs], axis=1).astype(np.float64)

    def rates(weights: FloatArray) -> FloatArray:
        heard = weights @ inside
        return np.where(heard > 0, (weights @ (inside * found.score[:, None])) / np.maximum(heard, 1), np.nan)

    spread = _bootstrap(found, rates, unit, rng, replicates)
    tallies = []
    for column in range(len(pairs)):
        scores = found.score[inside[:, column] > 0]
        tallies.append((int((scores == 1).sum()), int((scores == 0.5).sum()), int((scores == 0).sum()), float(scores.mean())))
    raw = [sign_test(wins, losses) for wins, _, losses, _ in tallies]
    return tuple(
        Duel(key.systems[i], key.systems[j], wins, ties, losses, rate, _interval(spread[:, column]), raw[column], fair)
        for column, ((i, j), (wins, ties, losses, rate), fair) in enumerate(zip(pairs, tallies, holm(raw), strict=True))
    )


def _first_shown(sheets: Sequence[Sheet], key: Key) -> float | None:
    real = {t.id for t in key.trials if t.check is None}
    hits = [
        choice == sheet.first[trial]
        for sheet in sheets
        for trial, choice in sheet.choices.items()
        if trial in real and trial in sheet.first and choice != TIE
    ]
    return sum(hits) / len(hits) if hits else None
