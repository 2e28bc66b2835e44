"""Which take is kept: the critic's points, the listener's taste, and no take that copies more than people do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from antiphon.compose.critique import Reason, Verdict, best, judge
from antiphon.compose.critique_own import critic_of, with_own
from antiphon.compose.provenance import Copying, copying, index_of
from antiphon.compose.taste import features
from antiphon.evaluate.originality import Index
from antiphon.evaluate.preference import Preference
from antiphon.generate.request import Generator, Request, Take
from antiphon.music.score import Score


@dataclass(frozen=True, slots=True)
class Ranking:
    """The takes judged, and the one to keep.

    Attributes:
      verdicts: one a take, in order.
      chosen: index of the take to keep.
      order: indices of all takes, the best first; those that copy come last.
      originality: JSON values for a manifest: what of the kept take stands in the training pieces, how many takes were dropped.
      notes: one sentence for each thing that a user should know of the choice.
    """

    verdicts: tuple[Verdict, ...]
    chosen: int
    order: tuple[int, ...]
    originality: dict[str, Any]
    notes: tuple[str, ...]


def rank(
    takes: Sequence[Take],
    scores: Sequence[Score],
    generator: Generator,
    request: Request,
    *,
    preference: Preference | None = None,
    before: Score | None = None,
) -> Ranking:
    """Judge takes and choose one; see `judge` and `choose`.

    Args:
      takes: as the generator wrote them.
      scores: the same pieces, finished.
      generator: who wrote them.
      request: what was asked.
      preference: of the listener; None: the plain critic.
      before: what was given, in the same tracks; what stands in it is not the model's and is not held against it.
    """
    verdicts = judge(takes, scores, generator.description, request)
    own = critic_of(generator, request)
    if own is not None:
        verdicts = with_own(verdicts, scores, own)
    return choose(verdicts, scores, generator, preference=preference, before=before)


def choose(
    verdicts: Sequence[Verdict],
    scores: Sequence[Score],
    generator: Generator,
    *,
    preference: Preference | None = None,
    before: Score | None = None,
) -> Ranking:
    """The take to keep of those that were judged: the least penalty among those that copy no more than people do.

    Where all takes copy, the one that copies least is kept, and that is said. The listener's taste takes its points from
    the penalty, or adds to it.
    """
    told = _with_taste(list(verdicts), scores, preference) if preference is not None else list(verdicts)
    index = index_of(generator)
    if index is None:
        kept = best(told)
        why = f"Model {generator.description.name!r} ships no index of its training pieces, so nothing is known of copies."
        order = sorted(range(len(told)), key=lambda i: (told[i].penalty, told[i].take))
        return Ranking(tuple(told), _place(told, kept), tuple(order), {"known": False, "said": why}, ())
    found = [copying(score, index, before) for score in scores]
    told = [replace(v, copies=c.copies) for v, c in zip(told, found, strict=True)]
    order = sorted(range(len(told)), key=lambda i: _rank_key(told[i], found[i]))
    notes = _notes(found)
    values = _values(found, order[0], index, generator.description.name)
    return Ranking(tuple(told), order[0], tuple(order), values, notes)


def _place(verdicts: Sequence[Verdict], kept: Verdict) -> int:
    return next(i for i, v in enumerate(verdicts) if v is kept)


def _rank_key(verdict: Verdict, found: Copying) -> tuple[float, float, int]:
    """Takes that copy come last, those that copy less before those that copy more."""
    return (found.excess if found.copies else 0.0, verdict.penalty, verdict.take)


def _notes(found: Sequence[Copying]) -> tuple[str, ...]:
    dropped = sum(c.copies for c in found)
    if not dropped:
        return ()
    if dropped == len(found):
        which = "The take copies" if dropped == 1 else f"All {dropped} takes copy"
        least = "it was kept, there being no other" if dropped == 1 else "the one that copies least was kept"
        return (f"{which} more of the training pieces than nineteen in twenty pieces by people do; {least}.",)
    which = "One take was" if dropped == 1 else f"{dropped} takes were"
    return (f"{which} dropped for copying more of the training pieces than nineteen in twenty pieces by people do.",)


def _values(found: Sequence[Copying], kept: int, index: Index, model: str) -> dict[str, Any]:
    copies = sum(c.copies for c in found)
    return {
        "known": True,
        "against": f"{len(index.names)} training pieces of {model}",
        "takes": len(found),
        "dropped": copies if copies < len(found) else len(found) - 1,
        **found[kept].to_dict(),
    }


def _with_taste(verdicts: list[Verdict], scores: Sequence[Score], preference: Preference) -> list[Verdict]:
    """The verdicts with the listener's taste among their reasons; unchanged where it is not known well enough."""
    if not preference.report.active or preference.strength == 0:
        return verdicts
    worth = preference.score(np.stack([features(score) for score in scores]))
    out = []
    for verdict, value in zip(verdicts, worth.tolist(), strict=True):
        said = f"your ratings speak {'for' if value >= 0 else 'against'} it"
        reasons = (*verdict.reasons, Reason(said, -value, "taste"))
        out.append(replace(verdict, penalty=verdict.penalty - value, reasons=reasons))
    return out
