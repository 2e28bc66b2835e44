"""The published shape of a brief and of a plan as JSON schemas, and the check of a value against them in one sentence."""

from __future__ import annotations

import difflib
import json
import math
from typing import Any

from antiphon.compose.brief import (
    CONFLICTS,
    MAX_BARS,
    MAX_DRAWINGS,
    MAX_SEED,
    MAX_TAKES,
    MAX_TOP_K,
    PENALTY_LIMITS,
    SECONDS_LIMITS,
    TEMPERATURE_LIMITS,
    TEMPO_LIMITS,
)
from antiphon.compose.brief_values import MAX_PHRASE_BARS, MAX_POINTS, MAX_POLYPHONY
from antiphon.compose.mood import MOODS
from antiphon.errors import BriefError

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MAX_TEXT = 20_000


def _integer(low: int, high: int, about: str) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "description": about}


def _number(limits: tuple[float, float], about: str) -> Schema:
    return {"type": "number", "minimum": limits[0], "maximum": limits[1], "description": about}


def _text(about: str, example: str) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "description": about, "examples": [example]}


_TYPED: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
"""As typed on a command line: "0.3 0.9", "melody=C4-C6, piano=C2-C5"."""


def _curve(about: str) -> Schema:
    one = {"type": "number", "minimum": 0, "maximum": 1}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_POINTS}
    return {"anyOf": [one, many, _TYPED], "description": about, "examples": [0.5, [0.3, 0.4, 0.9]]}


def _texts(about: str, example: str | list[str]) -> Schema:
    one = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}], "description": about, "examples": [example]}


def _by_role(of: Schema, about: str, example: dict[str, Any]) -> Schema:
    table = {"type": "object", "additionalProperties": of, "minProperties": 1}
    return {"anyOf": [table, _TYPED], "description": about, "examples": [example]}


_TOP_K = _integer(0, MAX_TOP_K, "Only so many of the likeliest options of each choice are drawn; 0: all. Sequence models only.")
_PENALTY = _number(
    PENALTY_LIMITS, "Pitches that a part played lately are so many times less likely; 1: no penalty. Sequence models only."
)

BRIEF: Schema = {
    "$schema": DRAFT,
    "title": "Antiphon brief",
    "description": "What a piece shall be; everything left out is chosen.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "seed": _integer(0, MAX_SEED, "Names the piece, together with the model and the other wishes; left out: a new piece."),
        "style": _text("A style, as 'antiphon models' lists them.", "pop"),
        "model": _text("A snapshot by name or folder, instead of a style.", "pop"),
        "bars": _integer(1, MAX_BARS, "Length in bars."),
        "seconds": _number(SECONDS_LIMITS, "Length in seconds, met exactly."),
        "key": _text("Key.", "A minor"),
        "strict": {"type": "boolean", "description": "No note may be foreign to the key."},
        "tempo": _number(TEMPO_LIMITS, "Quarter notes a minute."),
        "meter": _text("Meter.", "3/4"),
        "chords": _text("Chords, or roman numerals, one a bar or with bar lines; repeated to fill the piece.", "Am F | C G/B"),
        "on_conflict": {
            "type": "string",
            "enum": list(CONFLICTS),
            "description": "What gives way where chords are foreign to a strict key: refuse, or follow the key, or the chords.",
        },
        "form": _text("Phrase letters, with or without bars; i is an introduction, o an ending.", "i4A8B8A8o2"),
        "intro": _integer(0, MAX_PHRASE_BARS, "Bars of introduction."),
        "outro": _integer(0, MAX_PHRASE_BARS, "Bars of ending."),
        "mood": {"type": "string", "enum": list(MOODS), "description": "A mood by name."},
        "valence": _curve("Mood from dark (0) to bright (1), constant or over time; instead of a name."),
        "arousal": _curve("Mood from still (0) to driven (1), constant or over time; instead of a name."),
        "energy": _curve("Loudness from pianissimo (0) to fortissimo (1), constant or over time."),
        "density": _curve("Onsets over time, 1 being sixteenth notes throughout, 0.5 eighths, 0.25 quarters."),
        "tracks": _texts("Roles wanted, of those that the model has.", ["melody", "piano"]),
        "instruments": {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
                {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
                {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}, "minProperties": 1},
            ],
            "description": "General MIDI instruments by role, or simply those wanted.",
            "examples": [{"melody": "violin"}, ["flute", "piano"]],
        },
        "ranges": _by_role({"type": "string", "minLength": 1}, "Lowest and highest pitch by role.", {"melody": "C4-C6"}),
        "polyphony": _by_role(_integer(1, MAX_POLYPHONY, "Notes."), "Most notes at once by role.", {"piano": 4}),
        "track_density": _by_role(_number((0, 1), "Density."), "Density by role, constant.", {"piano": 0.5}),
        "silences": _texts("Where roles must rest.", ["piano in intro", "bass in bars 1-4"]),
        "takes": _integer(1, MAX_TAKES, "How many are written; the best is kept."),
        "drawings": _integer(1, MAX_DRAWINGS, "How often each take is drawn, where the model has a critic that keeps one."),
        "temperature": _number(TEMPERATURE_LIMITS, "Below 1 tamer, above 1 wilder."),
        "top_k": _TOP_K,
        "repetition_penalty": _PENALTY,
    },
}
"""JSON schema of a brief, as docs/brief.schema.json has it."""

_NULL = {"type": "null"}
_BAR_CURVE = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1, "maxItems": MAX_BARS}
_MAYBE_TEXT = {"anyOf": [{"type": "string", "minLength": 1, "maxLength": MAX_TEXT}, _NULL]}

PLAN: Schema = {
    "$schema": DRAFT,
    "title": "Antiphon plan",
    "description": "What will be written, bar by bar; edit it, and compose with --plan.",
    "type": "object",
    "additionalProperties": False,
    "required": ["plan", "bars", "meter"],
    "properties": {
        "plan": {"type": "integer", "enum": [1], "description": "Version of this format."},
        "model": _MAYBE_TEXT,
        "bars": _integer(1, MAX_BARS, "Length in bars."),
        "meter": _text("Meter of every bar.", "4/4"),
        "tempo": {"anyOf": [_number(TEMPO_LIMITS, "Quarter notes a minute."), _NULL]},
        "seconds": {"anyOf": [_number(SECONDS_LIMITS, "Length; fixes the tempo, or slows the end."), _NULL]},
        "key": _MAYBE_TEXT,
        "strict": {"type": "boolean", "description": "No note may be foreign to the key."},
        "temperature": _number(TEMPERATURE_LIMITS, "Below 1 tamer, above 1 wilder."),
        "top_k": _TOP_K,
        "repetition_penalty": _PENALTY,
        "dynamics": {"type": "number", "description": "Factor on velocities by the mood, for information."},
        "form": {
            "anyOf": [
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["phrase", "bars"],
                        "properties": {
                            "phrase": {"type": "string", "minLength": 1, "maxLength": 1},
                            "bars": _integer(1, MAX_PHRASE_BARS, "Bars."),
                        },
                    },
                },
                _NULL,
            ]
        },
        "harmony": {
            "anyOf": [{"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1, "maxLength": 200}}, _NULL],
            "description": "The chords of each bar; null leaves the harmony to the model.",
        },
        "energy": {"anyOf": [_BAR_CURVE, _NULL], "description": "Loudness of each bar; null: as the model writes."},
        "density": {"anyOf": [_BAR_CURVE, _NULL], "description": "Onsets in each bar; null: as the model writes."},
        "tracks": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["role"],
                "properties": {
                    "role": {"type": "string", "minLength": 1, "maxLength": 60},
                    "instrument": _MAYBE_TEXT,
                    "range": _MAYBE_TEXT,
                    "polyphony": {"anyOf": [_integer(1, MAX_POLYPHONY, "Notes."), _NULL]},
                    "density": {"anyOf": [_number((0, 1), "Density."), _NULL]},
                    "rests": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 40}},
                },
            },
        },
        "decisions": {"type": "array", "items": {"type": "string"}},
        "brief": BRIEF | {"description": "The wishes that the plan answers; its seed and number of takes are used."},
    },
}
"""JSON schema of a plan, as docs/plan.schema.json has it."""

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list, tuple), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
_SAID = {
    "object": "a table", "array": "a list", "string": "text", "integer": "a whole number", "number": "a number",
    "boolean": "true or false", "null": "null",
}  # fmt: skip


def check(value: object, schema: Schema, where: str, kinds: bool = False) -> None:
    """Hold a plain value against a schema (of the words that the schemas here use).

    Args:
      value: as JSON or TOML gives it.
      schema: a part of BRIEF or PLAN.
      where: what the value is called in the sentence.
      kinds: look at kinds of values and names of fields only; their limits are then checked, and better told, by who reads.

    Raises:
      BriefError: one sentence with the name of the field and what is wrong.
    """
    if "anyOf" in schema:
        fitting = [part for part in schema["anyOf"] if _is(value, part["type"])]
        if not fitting:
            raise BriefError(f"{where} must be {' or '.join(_SAID[part['type']] for part in schema['anyOf'])}.")
        check(value, fitting[0], where, kinds)
        return
    if not _is(value, schema["type"]):
        raise BriefError(f"{where} must be {_SAID[schema['type']]}.")
    if isinstance(value, dict):
        _check_object(value, schema, where, kinds)
    elif isinstance(value, list | tuple):
        if not kinds and not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", MAX_BARS):
            raise BriefError(f"{where} has {len(value)} entries; it may have {schema.get('minItems', 0)} or more.")
        for i, item in enumerate(value):
            check(item, schema["items"], f"{where}, entry {i + 1},", kinds)
    elif not kinds:
        _check_limits(value, schema, where)


def _check_limits(value: object, schema: Schema, where: str) -> None:
    """Limits of a single value."""
    if "enum" in schema and value not in schema["enum"]:
        raise BriefError(f"{where} must be one of {', '.join(str(item) for item in schema['enum'])}, not {_short(value)}.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(value, schema, where)
    elif isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", MAX_TEXT):
        raise BriefError(f"{where} is empty." if not value else f"{where} is too long.")


def _is(value: object, kind: str) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_number(value: float, schema: Schema, where: str) -> None:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not (math.isfinite(value) and low <= value <= high):
        raise BriefError(f"{where} must be {low:g} to {high:g}, not {_short(value)}.")


def _check_object(value: dict[str, object], schema: Schema, where: str, kinds: bool) -> None:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    missing = [name for name in schema.get("required", []) if name not in value]
    if missing:
        raise BriefError(f"{where} lacks {missing[0]!r}.")
    if not kinds and len(value) < schema.get("minProperties", 0):
        raise BriefError(f"{where} is empty.")
    for name, item in value.items():
        if name in known:
            check(item, known[name], f"{where}: {name}", kinds)
        elif others is False:
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f"; did you mean {near[0]!r}" if near else f"; there are {', '.join(known)}"
            raise BriefError(f"{where} has no field {_short(name)}{hint}.")
        elif isinstance(others, dict):
            check(item, others, f"{where}: {str(name)[:60]}", kinds)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def schema_text(schema: Schema) -> str:
    """A schema as the file that docs/ publishes."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
