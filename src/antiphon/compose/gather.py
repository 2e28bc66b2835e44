"""How a file, a sentence and single wishes come together to one brief, and what is to be said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from antiphon.compose.brief import Brief
from antiphon.compose.document import from_document, read_wishes, words
from antiphon.compose.plan_file import read_plan
from antiphon.compose.sentence import read_sentence
from antiphon.errors import BriefError

SAME = (("mood", ("valence", "arousal")), ("valence", ("mood",)), ("arousal", ("mood",)), ("form", ("intro", "outro")))
"""A wish, and the earlier wishes whose place it takes."""


def gather(sentence: str | None, file: Path | None, flags: Mapping[str, Any]) -> tuple[Brief, tuple[str, ...]]:
    """The brief of a file, of a sentence, which goes before the file, and of flags, which go before both; and remarks.

    Raises:
      InputError: the file is missing.
      BriefError: a wish cannot be understood.
    """
    wishes: dict[str, Any] = read_wishes(file) if file is not None else {}
    remarks: list[str] = []
    if sentence is not None and sentence.strip():
        said = read_sentence(sentence)
        wishes = _over(wishes, said.wishes)
        remarks += said.remarks
        if said.unknown:
            remarks.append(f"Not understood: {', '.join(said.unknown)}.")
    brief = from_document(_over(wishes, {name: value for name, value in flags.items() if value is not None}), kinds=True)
    if sentence is not None or file is not None:
        remarks.insert(0, f"Understood: {words(brief)}.")
    return brief, tuple(remarks)


def _over(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """The wishes of both, the later ones in the place of earlier ones that say the same, if in other words."""
    gone = {other for name, others in SAME if name in later for other in others}
    return {name: value for name, value in earlier.items() if name not in gone} | dict(later)


BESIDE = ("seed", "takes", "drawings")
"""Wishes that may stand beside a plan."""


def planned(plan: Path, sentence: str | None, file: Path | None, flags: Mapping[str, Any]) -> tuple[Brief, tuple[str, ...]]:
    """The brief that an edited plan stands for; only another seed and numbers of takes and drawings may stand beside it.

    Raises:
      InputError: the file is missing.
      BriefError: the plan is wrong, or other wishes stand beside it.
    """
    others = [name for name, value in flags.items() if value is not None and name not in BESIDE]
    if sentence is not None or file is not None or others:
        what = f"--{others[0].replace('_', '-')}" if others else "another brief"
        raise BriefError(f"A plan says everything; write the wish into {plan.name} instead of {what}.")
    brief = read_plan(plan)
    changed = {name: flags[name] for name in BESIDE if flags.get(name) is not None}
    return replace(brief, **changed), (f"Composed to the plan {plan.name}.",)
