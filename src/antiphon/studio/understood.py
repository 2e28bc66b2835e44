"""A brief as the page sends it, understood: the free line read, the fields beside it, what was left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.sentence import read_sentence

_EITHER = (("mood", ("valence", "arousal")), ("valence", ("mood",)), ("arousal", ("mood",)), ("form", ("intro", "outro")))
"""A field that is filled in takes the place of these wishes of the line, which say the same otherwise."""


@dataclass(frozen=True, slots=True)
class Understood:
    """The brief; what of the line was understood, in words; which words were not; and what should be remarked."""

    brief: Brief
    told: tuple[str, ...]
    unclear: tuple[str, ...]
    remarks: tuple[str, ...]


def understand(wishes: Mapping[str, Any]) -> Understood:
    """The brief in the fields and in the free line `text`; a field wins over the line.

    Raises:
      BriefError: a wish cannot be understood, or contradicts another one.
    """
    fields = {name: value for name, value in wishes.items() if name != "text"}
    text = str(wishes.get("text", "")).strip()
    if not text:
        return Understood(read_brief(**fields), (), (), ())
    said = read_sentence(text)
    covered = set(fields) | {other for name, others in _EITHER if name in fields for other in others}
    line = {name: value for name, value in said.wishes.items() if name not in covered}
    told = tuple(f"{name.replace('_', ' ')}: {_words(value)}" for name, value in line.items())
    return Understood(read_brief(**(line | fields)), told, tuple(said.unknown), tuple(said.remarks))


def _words(value: object) -> str:
    """A wish's value as a person would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
