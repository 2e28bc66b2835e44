"""Preference: what one listener likes, learnt from their ratings, with an honest word on how well.

Model: a piece with features x is worth w.x to the listener, w ~ N(0, 1 / firmness). A choice between two pieces is logistic in
the difference of their worth (Bradley and Terry 1952), a thumb is logistic in the worth less the listener's threshold, stars
are the worth, centred and scaled, with Gaussian noise. Firmness is set by the evidence (Laplace approximation, MacKay 1992).
Axes: N pieces, d features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError, InputError

Floats = npt.NDArray[np.float64]

FORMAT, VERSION = "antiphon-preference", 1
LEAST_RATINGS = 10
"""Fewer ratings change nothing."""
FIRMNESS = tuple(float(f) for f in np.geomspace(1, 1000, 10))
NOISE = 0.6
"""Deviation of a star rating from the worth, in deviations of the listener's stars."""
SLOPE = 1.7
FOLDS, ROUNDS = 10, 400


class Stars(NamedTuple):
    """So many stars, 1 to 5, for a piece."""

    piece: int
    stars: float


class Thumb(NamedTuple):
    """A thumb up or down for a piece."""

    piece: int
    up: bool


class Choice(NamedTuple):
    """One piece chosen over another."""

    better: int
    worse: int


Rating = Stars | Thumb | Choice


@dataclass(frozen=True, slots=True)
class Report:
    """How well a listener's taste is known.

    Attributes:
      ratings: how many were given, by kind ("stars", "thumbs", "choices").
      accuracy: share of pairs of pieces, rated differently, that are put in the right order by a model that has seen neither
        rating (cross-validation); 0.5 is chance; None where there is no such pair.
      low, high: 95 in 100 resamplings of the pieces lie between.
      active: whether the preference changes anything; why: one sentence.
    """

    ratings: Mapping[str, int]
    accuracy: float | None
    low: float | None
    high: float | None
    active: bool
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Preference:
    """A listener's taste.

    Attributes:
      weights: worth of one deviation of each feature [d].
      centre, spread: of each feature over the rated pieces [d].
      names: of the features; empty where they have none.
      report: how well it is known.
      strength: factor on every score; 0 is the plain critic.
    """

    weights: Floats
    centre: Floats
    spread: Floats
    names: tuple[str, ...]
    report: Report
    strength: float = 1.0

    def score(self, features: npt.ArrayLike) -> Floats:
        """Worth of pieces [N] from their features [N, d]: 0 is middling, 1 one deviation better; all 0 while not active.

        Raises:
          InputError: the features are not those that the preference was learnt from.
        """
        rows = np.atleast_2d(np.asarray(features, dtype=np.float64))
        if rows.shape[1] != len(self.weights):
            raise InputError(f"The preference knows {len(self.weights)} features, not {rows.shape[1]}; learn it again.")
        if not self.report.active or self.strength == 0:
            return np.zeros(len(rows))
        return np.asarray(self.strength * (_standard(rows, self.centre, self.spread) @ self.weights))

    def with_strength(self, strength: float) -> Preference:
        """The same taste with another influence: 0 gives the plain critic back, 1 is the usual.

        Raises:
          InputError: the strength is negative or no number.
        """
        if not 0 <= strength <= 10:
            raise InputError(f"The strength of a preference is 0 to 10, not {strength}.")
        return replace(self, strength=float(strength))

    def likes(self, most: int = 6) -> list[tuple[str, float]]:
        """The features that weigh most, with their weights; negative ones are disliked."""
        order = np.argsort(-np.abs(self.weights))[:most]
        return [(self.names[i] if self.names else f"feature {i}", float(self.weights[i])) for i in order.tolist()]

    def to_json(self) -> str:
        """The preference as a JSON text."""
        told = self.report
        values = {
            "format": FORMAT,
            "version": VERSION,
            "names": list(self.names),
            "weights": self.weights.tolist(),
            "centre": self.centre.tolist(),
            "spread": self.spread.tolist(),
            "strength": self.strength,
            "report": {
                "ratings": dict(told.ratings), "accuracy": told.accuracy, "low": told.low, "high": told.high,
                "active": told.active, "why": told.why,
            },
        }  # fmt: skip
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Preference:
        """A preference from the text of `to_json`.

        Raises:
          FormatError: the text is no preference, or one of another version.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            if data["format"] != FORMAT or data["version"] != VERSION:
                raise ValueError("it is of another kind or version")
            told = data["report"]
            accuracy, low, high = (None if told[n] is None else float(told[n]) for n in ("accuracy", "low", "high"))
            counts = {str(k): int(v) for k, v in told["ratings"].items()}
            report = Report(counts, accuracy, low, high, bool(told["active"]), str(told["why"]))
            rows = [np.array(data[n], dtype=np.float64) for n in ("weights", "centre", "spread")]
            names = tuple(map(str, data["names"]))
            strength = float(data["strength"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"This is no preference that can be read ({error}); learn it again from the ratings.") from error
        same = all(r.ndim == 1 and r.shape == rows[0].shape and bool(np.isfinite(r).all()) for r in rows)
        if not same or (names and len(names) != len(rows[0])) or (rows[2] <= 0).any() or not 0 <= strength <= 10:
            raise FormatError("This preference contradicts itself; learn it again from the ratings.")
        return cls(rows[0], rows[1], rows[2], names, report, strength)


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """Ratings as three kinds of rows of standardised features: stars (y), thumbs (+1 or -1), choices (differences)."""

    stars: Floats
    y: Floats
    thumbs: Floats
    signs: Floats
    pairs: Floats
    width: int = field(default=0)


def fit(features: npt.ArrayLike, ratings: Sequence[Rating], names: Sequence[str] = (), seed: int = 0) -> Preference:
    """Learn a listener's taste.

    Args:
      features: one row a piece [N, d]; what is not a number counts as middling.
      ratings: of these pieces, by row number; a piece may be rated more than once and need not be rated at all.
      names: of the features, for the report.
      seed: of the folds and resamplings; the same input and seed give the same result.

    Raises:
      InputError: a rating names no piece or is out of its limits, or the features are no table.
    """
    table = np.asarray(features, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise InputError("The features must be a table with one row for each piece.")
    if names and len(names) != table.shape[1]:
        raise InputError(f"{len(names)} names are given for {table.shape[1]} features.")
    given = list(ratings)
    _check(given, len(table))
    used = sorted({p for r in given for p in _pieces(r)})
    known = table[used] if used else table[:1]
    with np.errstate(all="ignore"):
        counted = np.isfinite(known)
        filled = np.where(counted, known, 0.0)
        count = np.maximum(counted.sum(axis=0), 1)
        centre = filled.sum(axis=0) / count
        spread = np.sqrt((np.where(counted, known - centre, 0.0) ** 2).sum(axis=0) / count)
    spread = np.where(spread > 1e-9, spread, 1.0)
    rows = _standard(table, centre, spread)
    weights = _learn(rows, given) if given else np.zeros(table.shape[1])
    return Preference(weights, centre, spread, tuple(names), _report(rows, given, seed))


def _check(ratings: Sequence[Rating], pieces: int) -> None:
    for rating in ratings:
        if any(not 0 <= p < pieces for p in _pieces(rating)):
            raise InputError(f"A rating names piece {max(_pieces(rating))}, but there are {pieces} pieces, counted from 0.")
        if isinstance(rating, Stars) and not 1 <= rating.stars <= 5:
            raise InputError(f"A rating of {rating.stars:g} stars is given; stars are 1 to 5.")
        if isinstance(rating, Choice) and rating.better == rating.worse:
            raise InputError("A piece is chosen over itself; a choice needs two pieces.")


def _pieces(rating: Rating) -> tuple[int, ...]:
    return (rating.better, rating.worse) if isinstance(rating, Choice) else (rating.piece,)


def _standard(rows: Floats, centre: Floats, spread: Floats) -> Floats:
    """Deviations from the centre in spreads, within 3, 0 where a feature means nothing; shared out over the features."""
    with np.errstate(all="ignore"):
        deviations = np.clip((rows - centre) / spread, -3, 3)
    return np.asarray(np.nan_to_num(deviations) / np.sqrt(rows.shape[1]))


def _gather(rows: Floats, ratings: Sequence[Rating]) -> _Data:
    stars = [r for r in ratings if isinstance(r, Stars)]
    thumbs = [r for r in ratings if isinstance(r, Thumb)]
    choices = [r for r in ratings if isinstance(r, Choice)]
    values = np.array([r.stars for r in stars], dtype=np.float64)
    deviation = float(values.std()) if len(values) else 0.0
    y = (values - values.mean()) / deviation if deviation > 0 else np.zeros(len(values))
    pairs = rows[[r.better for r in choices]] - rows[[r.worse for r in choices]]
    signs = np.array([1.0 if r.up else -1.0 for r in thumbs])
    return _Data(rows[[r.piece for r in stars]], y, rows[[r.piece for r in thumbs]], signs, pairs, rows.shape[1])


def _learn(rows: Floats, ratings: Sequence[Rating]) -> Floats:
    """The most probable weights [d] under the firmness of most evidence."""
    data = _gather(rows, ratings)
    found = [_newton(data, firmness) for firmness in FIRMNESS]
    return max(found, key=lambda pair: pair[1])[0]


def _newton(data: _Data, firmness: float) -> tuple[Floats, float]:
    """The most probable weights under a firmness, and the log evidence for it (Laplace)."""
    d = data.width
    prior = np.full(d + 1, firmness / d)
    prior[d] = 0.25  # the threshold of a thumb, in units of worth
    logistic = np.concatenate(
        [
            np.concatenate([data.thumbs, -np.ones((len(data.thumbs), 1))], axis=1) * data.signs[:, None],
            np.concatenate([data.pairs, np.zeros((len(data.pairs), 1))], axis=1),
        ]
    )
    stars = np.concatenate([data.stars, np.zeros((len(data.stars), 1))], axis=1)
    w = np.zeros(d + 1)
    hessian = np.diag(prior)
    for _ in range(25):
        right = 1 / (1 + np.exp(np.clip(-SLOPE * (logistic @ w), -30, 30)))
        slope = prior * w + stars.T @ (stars @ w - data.y) / NOISE**2 - SLOPE * logistic.T @ (1 - right)
        weight = SLOPE**2 * right * (1 - right)
        hessian = np.diag(prior) + stars.T @ stars / NOISE**2 + logistic.T @ (logistic * weight[:, None])
        step = np.linalg.solve(hessian, slope)
        w = w - step
        if float(np.abs(step).max()) < 1e-8:
            break
    margin = np.logaddexp(0, -SLOPE * (logistic @ w)).sum()
    misfit = ((stars @ w - data.y) ** 2).sum() / (2 * NOISE**2) + margin + (prior * w**2).sum() / 2
    evidence = -misfit - np.linalg.slogdet(hessian)[1] / 2 + np.log(prior).sum() / 2
    return w[:d], float(evidence)


def _report(rows: Floats, ratings: Sequence[Rating], seed: int) -> Report:
    counts = {"stars": 0, "thumbs": 0, "choices": 0}
    for rating in ratings:
        counts["stars" if isinstance(rating, Stars) else "thumbs" if isinstance(rating, Thumb) else "choices"] += 1
    total = len(ratings)
    if total < LEAST_RATINGS:
        missing = LEAST_RATINGS - total
        why = f"{total} rating{'s' * (total != 1)} change nothing yet; {missing} more and a taste can be looked for."
        return Report(counts, None, None, None, False, why)
    pairs = _held_out_pairs(rows, ratings, np.random.default_rng([seed, 1]))
    if len(pairs) == 0:
        return Report(counts, None, None, None, False, "All pieces are rated alike, which tells no taste; nothing changes.")
    accuracy, low, high = _interval(pairs, np.random.default_rng([seed, 2]))
    said = f"{accuracy:.0%} of pairs of pieces are put in the listener's order unseen ({low:.0%} to {high:.0%}; chance 50%)"
    if low <= 0.5:
        return Report(counts, accuracy, low, high, False, f"{said}: no better than chance for sure, so nothing changes.")
    return Report(counts, accuracy, low, high, True, f"{said}: the choice of takes follows it.")


def _held_out_pairs(rows: Floats, ratings: Sequence[Rating], rng: np.random.Generator) -> Floats:
    """Pairs rated differently, as rows (piece, piece, 1 right, 0 wrong or 0.5), by models that have not seen these pieces."""
    pieces = np.array(sorted({p for r in ratings for p in _pieces(r)}))
    fold = dict(zip(rng.permutation(pieces).tolist(), (i % FOLDS for i in range(len(pieces))), strict=True))
    worth: dict[int, float] = {}
    out: list[tuple[float, float, float]] = []
    for leave in range(FOLDS):
        seen = [r for r in ratings if all(fold[p] != leave for p in _pieces(r))]
        weights = _learn(rows, seen) if seen else np.zeros(rows.shape[1])
        for piece in (p for p, f in fold.items() if f == leave):
            worth[piece] = float(rows[piece] @ weights)
        for rating in ratings:
            # a choice is held out when its better piece is; the other may not have been seen either way in this pair
            if isinstance(rating, Choice) and fold[rating.better] == leave:
                without = [r for r in seen if not (isinstance(r, Choice) and set(_pieces(r)) == set(_pieces(rating)))]
                own = weights if len(without) == len(seen) else _learn(rows, without)
                gap = float((rows[rating.better] - rows[rating.worse]) @ own)
                out.append((rating.better, rating.worse, 0.5 if gap == 0 else float(gap > 0)))
    for kind in (Stars, Thumb):
        values = [(r.piece, float(r[1])) for r in ratings if isinstance(r, kind)]
        for i, (a, first) in enumerate(values):
            for b, second in values[i + 1 :]:
                if first != second and a != b:
                    gap = (worth[a] - worth[b]) * (first - second)
                    out.append((a, b, 0.5 if gap == 0 else float(gap > 0)))
    return np.array(out, dtype=np.float64).reshape(-1, 3)


def _interval(pairs: Floats, rng: np.random.Generator) -> tuple[float, float, float]:
    """Share of pairs in the right order, and where 95 in 100 resamplings of the pieces have it."""
    pieces = np.unique(pairs[:, :2])
    first, second = (np.searchsorted(pieces, pairs[:, k]) for k in (0, 1))
    found = []
    for _ in range(ROUNDS):
        count = np.bincount(rng.integers(len(pieces), size=len(pieces)), minlength=len(pieces))
        weight = count[first] * count[second]
        if weight.sum():
            found.append(float((weight * pairs[:, 2]).sum() / weight.sum()))
    low, high = np.percentile(found, (2.5, 97.5)) if found else (0.0, 1.0)
    return float(pairs[:, 2].mean()), float(low), float(high)
