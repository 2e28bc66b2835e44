"""The critic's ear for a style: what is usual there, measured on music by people, and how much each departure weighs.

The ears lie in data/ears.json. benchmarks/critic_fit.py makes them: a logistic regression with weights that cannot be negative
tells held-out real stretches from damaged ones and from takes of the shipped models; its weights are the points.
Axes: d measures (see critique_measures.NAMES).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.compose.critique_measures import NAMES, WORDS
from antiphon.errors import SnapshotError

Floats = npt.NDArray[np.float64]

EARS = Path(__file__).with_name("data") / "ears.json"
ANY = "any"
"""The ear for music of no known style, fitted to all styles together."""
QUANTILES = (5, 25, 50, 75, 95)
MOST = 3.0
"""Departures beyond so many spreads count no more: one wild measure shall not rule the choice."""


@dataclass(frozen=True, slots=True, eq=False)
class Ear:
    """How one style sounds.

    Attributes:
      style: its name; ANY for music of unknown style.
      usual: quantiles of each measure over real stretches [5, d].
      over, under: points of a departure of one spread upwards, downwards [d].
      factors: kind of fault -> factor on its points.
    """

    style: str
    usual: Floats
    over: Floats
    under: Floats
    factors: Mapping[str, float]

    def factor(self, kind: str) -> float:
        """Factor on the points of a kind of fault; 1 for kinds that were not fitted."""
        return self.factors.get(kind, 1.0)


class Departure(NamedTuple):
    """A measure that lies outside what is usual: its name, its points, and one clause in words."""

    name: str
    points: float
    text: str


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(EARS.read_text(encoding="utf-8"))
        if list(data["measures"]) != list(NAMES) or ANY not in data["ears"]:
            raise ValueError("its measures are not this version's")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"The critic's ears in {EARS} cannot be read ({error}); install Antiphon again.") from error
    return data


@lru_cache(maxsize=16)
def ear_for(style: str | None) -> Ear:
    """The ear for a style; where that style has none of its own, the one for any music.

    Raises:
      SnapshotError: the file with the ears is missing or damaged.
    """
    known = _document()["ears"]
    name = style if style is not None and style in known else ANY
    ear = known[name]
    return Ear(name, np.array(ear["usual"]), np.array(ear["over"]), np.array(ear["under"]), dict(ear["factors"]))


def ears() -> dict[str, Any]:
    """The whole document: measures, ears, and under "provenance" how they were fitted and what they reach."""
    return _document()


def excess(vectors: Floats, usual: Floats) -> tuple[Floats, Floats]:
    """How far each measure lies above the upper and below the lower quartile, in spreads, at most MOST: two [N, d].

    The spread is the distance from the median to the 95th (5th) percentile; a measure that means nothing departs nowhere.
    """
    low, first, middle, third, high = usual
    least = 0.05 * (high - low) + 1e-6
    up = np.clip((vectors - third) / np.maximum(high - middle, least), 0, MOST)
    down = np.clip((first - vectors) / np.maximum(middle - low, least), 0, MOST)
    return np.nan_to_num(up), np.nan_to_num(down)


def departures(found: Mapping[str, float], ear: Ear) -> list[Departure]:
    """Every measure that costs points, in the order of NAMES."""
    row = np.array([found.get(name, np.nan) for name in NAMES])
    up, down = (part[0] for part in excess(row[None], ear.usual))
    out: list[Departure] = []
    for i, name in enumerate(NAMES):
        for side, points in enumerate((up[i] * ear.over[i], down[i] * ear.under[i])):
            if points > 0:
                low, high = ear.usual[0][i], ear.usual[4][i]
                whose = "real music" if ear.style == ANY else f"{ear.style} pieces"
                text = f"{WORDS[name][side]} ({name} {row[i]:.2g}; nine in ten {whose}: {low:.2g} to {high:.2g})"
                out.append(Departure(name, float(points), text))
    return out
