"""Takes in order: by the critic's points, and by this listener's taste once it has been learnt from ratings."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from antiphon.compose.critique import Reason, Verdict
from antiphon.compose.taste import FEATURES, features
from antiphon.errors import FormatError
from antiphon.evaluate.preference import Choice, Preference, Rating, Stars, Thumb, fit
from antiphon.music.score import Score
from antiphon.studio.scorejson import unpack

HALF = 3.5
"""Penalty that costs half of the ten points."""
LEANS = 6


@dataclass(frozen=True, slots=True)
class Ranking:
    """Takes judged with the listener's taste.

    Attributes:
      verdicts: in the order of the takes.
      places: of each take, 1 is best.
      preferences: how likely the listener likes it, 0 to 1; None where no taste is known.
      best: index of the best one.
    """

    verdicts: list[Verdict]
    places: list[int]
    preferences: list[float | None]
    best: int


def ranked(scores: Sequence[Score], verdicts: Sequence[Verdict], learnt: Mapping[str, Any] | None) -> Ranking:
    """The takes in order; the earlier one wins a tie, and one that copies its model's training pieces comes last.

    Args:
      scores, verdicts: of the takes, in their order; without verdicts the first take is best.
      learnt: what the critic learnt from ratings (see `learn`); None: nothing.
    """
    preference = known_taste(learnt)
    if preference is None or not verdicts:
        told: list[Verdict] = list(verdicts)
        preferences: list[float | None] = [None] * len(scores)
    else:
        worth = preference.score(np.stack([features(score) for score in scores])).tolist()
        told = [_with_worth(v, w) for v, w in zip(verdicts, worth, strict=True)]
        preferences = [round(1 / (1 + math.exp(-1.7 * w)), 3) for w in worth]
    order = sorted(range(len(told)), key=lambda i: (told[i].copies, told[i].penalty, i)) or list(range(len(scores)))
    return Ranking(told, [order.index(i) + 1 for i in range(len(order))], preferences, order[0])


def known_taste(learnt: Mapping[str, Any] | None) -> Preference | None:
    """The preference that was learnt, if it changes anything and this version still hears its features."""
    if learnt is None or not learnt.get("learned"):
        return None
    try:
        preference = Preference.from_json(learnt["preference"])
    except FormatError:
        return None
    return preference if preference.report.active and preference.names == FEATURES else None


def _with_worth(verdict: Verdict, worth: float) -> Verdict:
    said = f"your ratings speak {'for' if worth >= 0 else 'against'} it"
    return replace(verdict, penalty=verdict.penalty - worth, reasons=(*verdict.reasons, Reason(said, -worth, "taste")))


def learn(args: Mapping[str, Any]) -> dict[str, Any]:
    """What ratings tell of a taste, as it is stored and shown.

    Args:
      args: `ratings` as the database has them, and `scores`: hash -> gzipped exact form in base64.
    """
    names = sorted(args["scores"])
    place = {name: i for i, name in enumerate(names)}
    table = np.array([features(unpack(base64.b64decode(args["scores"][name]))) for name in names])
    given = [_rating(row, place) for row in args["ratings"] if row["score"] != row["other_score"]]
    preference = fit(table.reshape(len(names), len(FEATURES)), given, FEATURES)
    report = preference.report
    return {
        "learned": report.active,
        "accuracy": report.accuracy,
        "interval": None if report.low is None or report.high is None else [report.low, report.high],
        "sentence": report.why,
        "leans": [{"feature": name, "weight": round(weight, 4)} for name, weight in preference.likes(LEANS)]
        if report.active
        else [],
        "preference": preference.to_json(),
    }


def _rating(row: Mapping[str, Any], place: Mapping[str, int]) -> Rating:
    piece = place[row["score"]]
    if row["kind"] == "ab":
        return Choice(piece, place[row["other_score"]])
    return Stars(piece, float(row["value"])) if row["kind"] == "stars" else Thumb(piece, row["value"] > 0)


def verdict_json(verdict: Verdict, place: int | None, preference: float | None) -> dict[str, Any]:
    """A verdict as the page shows it; `score` is 10 without a fault and halves with every HALF points of penalty."""
    likelihood = verdict.log_likelihood
    return {
        "score": points(verdict.penalty),
        "penalty": round(verdict.penalty, 4),
        "log_likelihood": round(likelihood, 4) if math.isfinite(likelihood) else None,
        "rank": place,
        "preference": preference,
        "weakest": verdict.weakest,
        "copies": verdict.copies,
        "reasons": [{"text": r.text, "points": round(r.points, 4)} for r in verdict.reasons],
    }


def points(penalty: float) -> float:
    """A penalty as points out of ten."""
    return round(10 * 2 ** (-max(0.0, penalty) / HALF), 1)
