"""A model's own critic in the choice: how sure it is that a take is one, and by what it knows.

The critic lies in the snapshot (evaluate.realness). A take that it holds for music as surely as it does music gets no points,
another as many as are missing. What the style's ear says of departures is told, but not counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from antiphon.compose.beside import folder_of, part_of
from antiphon.compose.critique import Reason, Verdict
from antiphon.compose.critique_measures import WORDS
from antiphon.evaluate.realness import FILE, Heard, Realness
from antiphon.generate.request import Description, Generator, Request
from antiphon.music.score import Score

KIND = "own critic"
SHORT = 50.0
"""Points of a take in which nothing can be heard, while others can."""
COUNTED = frozenset({*WORDS, "small"})
"""Kinds of reasons that the critic's descriptors count already."""


def critic_of(generator: Generator, request: Request) -> Realness | None:
    """The critic in the generator's snapshot, if it has one that knows such pieces: new, with all parts, in the usual meter.

    Raises:
      SnapshotError: the critic is damaged or of another version.
    """
    folder = folder_of(generator)
    if folder is None or not _knows(generator.description, request):
        return None
    return part_of(folder, FILE, Realness.load, "fit")


def _knows(model: Description, request: Request) -> bool:
    whole = request.tracks is None or set(request.tracks) == set(model.roles)
    return whole and request.given is None and request.meter in (None, model.meters[0])


def with_own(verdicts: Sequence[Verdict], scores: Sequence[Score], critic: Realness) -> list[Verdict]:
    """The verdicts with what the model's own critic says of each take."""
    heard = critic.hear(scores)
    if not any(heard):
        return list(verdicts)
    out = []
    for verdict, found in zip(verdicts, heard, strict=True):
        reason = Reason("its own critic hears nothing in it", SHORT, KIND) if found is None else _reason(found)
        told = tuple(replace(r, points=0.0) if r.kind in COUNTED else r for r in verdict.reasons)
        told = (*told, reason)
        out.append(replace(verdict, reasons=told, penalty=sum(r.points for r in told)))
    return out


def _reason(found: Heard) -> Reason:
    points = max(0.0, found.usual - found.ratio)
    if points == 0:
        return Reason("its own critic holds it for music", 0.0, KIND)
    told = [WORDS[name][0 if more else 1] for name, more in found.minded if name in WORDS]
    if not told:
        return Reason("its own critic hears the machine in it", points, KIND)
    return Reason(f"its own critic hears the machine in it: {told[0]}", points, KIND)
