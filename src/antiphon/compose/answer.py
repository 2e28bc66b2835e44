"""The result that every task gives back: the piece, its other takes, what was decided, kept and refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from antiphon.compose.critique import Verdict
from antiphon.compose.wishes import Wish
from antiphon.generate.request import Description
from antiphon.music.score import Score


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of the user's with some of it written anew, and everything about how it came to be.

    Attributes:
      task: name of the verb ("infill", "continue", "harmonize", ...).
      asked: what was asked of it, as JSON values.
      score: the take that was kept, at the user's own resolution.
      takes: every take, finished, in order; of an interpolation the steps of the path.
      verdicts: the critic on each take, in order.
      chosen: index of the take that became the score.
      wishes: each thing asked for measured on the score.
      notes: one sentence each: what was understood and decided, what was kept as it was, and why.
      model: what the generator says of itself; of parts made by rule, what the rules say of themselves.
      seed: with the same model, file and wishes the same answer.
      originality: what of the new notes stands in the model's training pieces, as JSON values; empty where no model wrote.
    """

    task: str
    asked: dict[str, object]
    score: Score
    takes: tuple[Score, ...]
    verdicts: tuple[Verdict, ...]
    chosen: int
    wishes: tuple[Wish, ...]
    notes: tuple[str, ...]
    model: Description
    seed: int
    originality: dict[str, Any] = field(default_factory=dict)
