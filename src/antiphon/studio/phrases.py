"""English sentences of the package recognised: a stable code and the named values beside each, for pages in other languages.

A template of the tables holds its values as {name} (any text), {name:#} (a number), {name:w} (one word), {name:key} (a key),
{name:?} (the s of a plural, or nothing) or {name!r} (quoted).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from antiphon.studio.sentences import SENTENCES
from antiphon.studio.sentences_music import MUSIC

LONGEST = 600
"""Longer texts are no sentences; they are not looked at."""
LAST = "request.field"
"""What would fit many others is tried when these are not it."""
NESTED = ("why", "what", "which", "whose", "manner")
"""Values that may be sentences themselves."""
_VALUE = re.compile(r"\{(\w+)(?::(#|w|key|\?)|(!r))?\}")
_KINDS = {
    None: ".+?",
    "#": r"[-+]?\d[\d,.]*(?:e[-+]?\d+)?%?",
    "w": r"\S+",
    "key": r"[A-G][b#]{0,2} (?:major|minor)",
    "?": "s?",
}


def phrases(sentences: Iterable[object]) -> dict[str, Mapping[str, Any]]:
    """Those of the sentences that are known, each with its code and its values."""
    found = {text: find(text) for text in sentences if isinstance(text, str)}
    return {text: phrase for text, phrase in found.items() if phrase is not None}


@lru_cache(maxsize=20_000)
def find(sentence: str) -> Mapping[str, Any] | None:
    """Code and values of a sentence, {"code", "values"}, a value that is a sentence itself with its "text"; None: unknown."""
    if len(sentence) > LONGEST:
        return None
    for code, pattern in _patterns():
        match = pattern.fullmatch(sentence)
        if match:
            return {"code": code, "values": {name: _value(name, text) for name, text in match.groupdict().items()}}
    return None


def _value(name: str, text: str) -> str | Mapping[str, Any]:
    if text[:1] in "'\"" and text[:1] == text[-1:] and len(text) > 1:
        text = text[1:-1]
    inner = find(text) if name in NESTED else None
    return text if inner is None else {"text": text, **inner}


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    known = templates()
    order = sorted(known, key=lambda code: code == LAST)
    return [(code, pattern_of(known[code])) for code in order]


def templates() -> dict[str, str]:
    """All sentences that have a code: code -> template."""
    from antiphon.compose.critique_measures import WORDS  # only here: it brings the critic's ears, which few need at once

    ears = {
        ear_code(name, side): text for name, both in WORDS.items() for side, text in zip(("more", "less"), both, strict=True)
    }
    return SENTENCES | MUSIC | ears


def ear_code(measure: str, side: str) -> str:
    """The code of what is said where a measure of the critic's ear is higher ("more") or lower ("less") than usual."""
    return f"ear.{re.sub(r'[^a-z0-9]+', '_', measure)}.{side}"


def pattern_of(template: str) -> re.Pattern[str]:
    """What matches the sentences of a template, its values as named groups."""
    parts, at = [], 0
    for value in _VALUE.finditer(template):
        parts.append(re.escape(template[at : value.start()]))
        name, kind, quoted = value.groups()
        inner = r"'[^']*'|\"[^\"]*\"|'.*'" if quoted else _KINDS[kind]
        parts.append(f"(?P<{name}>{inner})")
        at = value.end()
    return re.compile("".join([*parts, re.escape(template[at:])]), re.DOTALL)


def values_of(template: str) -> set[str]:
    """The names of a template's values."""
    return {match[1] for match in _VALUE.finditer(template)}
