"""The critic that learns: what the page shows of it, in words that promise nothing."""

from __future__ import annotations

from typing import Any

from antiphon.studio.phrases import phrases
from antiphon.studio.ratings import Ratings

NEEDED = 10
"""Ratings from which on the critic learns anything at all."""


def describe(ratings: Ratings) -> dict[str, Any]:
    """What the critic learnt from the ratings, or what it still needs."""
    count = ratings.count()
    learnt = ratings.learnt()
    if learnt is None:
        missing = NEEDED - count
        if missing > 0:
            sentence = (
                "The critic has learnt nothing from you yet and changes nothing; "
                f"it needs {missing} more rating{'s' * (missing > 1)}."
            )
        else:
            sentence = f"You gave {count} ratings; now the critic can learn from them."
        learnt = {"learned": False, "accuracy": None, "interval": None, "leans": [], "updated": None, "sentence": sentence}
    shown = ("learned", "accuracy", "interval", "sentence", "leans", "updated")
    known = {name: learnt.get(name) for name in shown}
    return {"ratings": count, "needed": NEEDED, **known, "phrases": phrases((known["sentence"],))}
