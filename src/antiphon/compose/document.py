"""A brief as plain values: to and from JSON and TOML, read from files, and said in words."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from antiphon.compose.brief import Brief, chords_text, read_brief
from antiphon.compose.brief_values import Curve, form_text, pitch_name, program_name
from antiphon.compose.numerals import numerals_text
from antiphon.compose.schema import BRIEF, check
from antiphon.errors import BriefError, InputError

MAX_BYTES = 4_000_000


def document(brief: Brief) -> dict[str, Any]:
    """The brief as plain values, only what is asked; `from_document` reads it back to the same brief."""
    chords = None
    if brief.chords is not None:
        chords = chords_text(brief.chords)
    elif brief.numerals is not None:
        chords = numerals_text(brief.numerals)
    found: dict[str, Any] = {
        "seed": brief.seed,
        "style": brief.style,
        "model": brief.model,
        "bars": brief.bars,
        "seconds": brief.seconds,
        "key": str(brief.key) if brief.key is not None else None,
        "strict": brief.strict or None,
        "tempo": brief.tempo,
        "meter": f"{brief.meter[0]}/{brief.meter[1]}" if brief.meter is not None else None,
        "chords": chords,
        "on_conflict": brief.on_conflict if brief.on_conflict != "refuse" else None,
        "form": form_text(brief.form) if brief.form is not None else None,
        "intro": brief.intro,
        "outro": brief.outro,
        "mood": brief.mood,
        "valence": plain_curve(brief.valence),
        "arousal": plain_curve(brief.arousal),
        "energy": plain_curve(brief.energy),
        "density": plain_curve(brief.density),
        "tracks": list(brief.tracks) if brief.tracks is not None else None,
        "instruments": _instruments(brief),
        "ranges": {r.role: f"{pitch_name(r.low)}-{pitch_name(r.high)}" for r in brief.ranges} or None,
        "polyphony": dict(brief.polyphony) or None,
        "track_density": dict(brief.track_density) or None,
        "silences": [str(silence) for silence in brief.silences] or None,
        "takes": brief.takes,
        "drawings": brief.drawings,
        "temperature": brief.temperature,
        "top_k": brief.top_k,
        "repetition_penalty": brief.repetition_penalty,
    }
    return {name: value for name, value in found.items() if value is not None}


def plain_curve(curve: Curve | None) -> float | list[float] | None:
    """A curve as people write it: a single number where it is constant."""
    if curve is None:
        return None
    return curve[0] if len(curve) == 1 else list(curve)


def _instruments(brief: Brief) -> dict[str, str] | list[str] | None:
    named = {i.role: program_name(i.program) for i in brief.instruments if i.role is not None}
    if named and len(named) == len(brief.instruments):
        return named
    return [f"{i.role}=" * (i.role is not None) + program_name(i.program) for i in brief.instruments] or None


def from_document(data: Mapping[str, Any], kinds: bool = False) -> Brief:
    """The brief of plain values.

    Args:
      data: as schema.BRIEF has it.
      kinds: whether the schema is asked for kinds of values only, since their limits are told better by `read_brief`.

    Raises:
      BriefError: a field is unknown, of the wrong kind, or its value cannot be understood.
    """
    check(dict(data), BRIEF, "The brief", kinds)
    whole = {name: int(value) for name, value in data.items() if BRIEF["properties"][name].get("type") == "integer"}
    return read_brief(**{**data, **whole})


def read_file(path: Path) -> dict[str, Any]:
    """The table in a TOML file (by its suffix) or a JSON file.

    Raises:
      InputError: the file is missing or too large.
      BriefError: it holds something else.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is too large to be a brief or a plan.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BriefError(f"{path} is not text.") from error
    try:
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix.lower() == ".toml" else "JSON"
        raise BriefError(f"{path} is not valid {kind}: {str(error).splitlines()[0]}.") from error
    if not isinstance(data, dict):
        raise BriefError(f"{path} holds no table of wishes.")
    return data


def read_wishes(path: Path) -> dict[str, Any]:
    """The wishes in a file, checked: a brief, or the brief inside a manifest or a plan.

    Raises:
      InputError: the file is missing.
      BriefError: it holds no brief, or a wrong one.
    """
    data = read_file(path)
    inner = data.get("brief")
    wishes = inner if isinstance(inner, dict) and ("manifest" in data or "plan" in data) else data
    check(wishes, BRIEF, "The brief")
    return dict(wishes)


def words(brief: Brief) -> str:
    """The brief echoed in one line, in the order in which a person would say it."""
    d = document(brief)
    said: list[str] = []
    if "mood" in d:
        said.append(d["mood"])
    for dial in ("valence", "arousal"):
        if dial in d:
            said.append(_curve_words(dial, d[dial]))
    said += [f"{d['style']} style"] if "style" in d else []
    said += [f"model {d['model']}"] if "model" in d else []
    if isinstance(d.get("instruments"), dict):
        said.append(", ".join(f"{role} on {name}" for role, name in d["instruments"].items()))
    elif "instruments" in d:
        said.append("for " + " and ".join(text.replace("=", " on ") for text in d["instruments"]))
    said += [f"tracks {', '.join(d['tracks'])}"] if "tracks" in d else []
    said += [f"in {d['key']}" + (" strictly" if brief.strict else "")] if "key" in d else ["strictly in its key"] * brief.strict
    said += [d["meter"]] if "meter" in d else []
    said += [f"{d['tempo']:g} bpm"] if "tempo" in d else []
    said += [f"{d['bars']} bars"] if "bars" in d else []
    said += [f"{d['seconds']:g} seconds"] if "seconds" in d else []
    said += [f"form {d['form']}"] if "form" in d else []
    for name, words_ in (("intro", "introduction"), ("outro", "ending")):
        if name in d:
            said.append(f"{d[name]} bars of {words_}" if d[name] else f"no {words_}")
    said += [f"chords {d['chords']}"] if "chords" in d else []
    said += [_curve_words(name, d[name]) for name in ("energy", "density") if name in d]
    for name, text in (("ranges", "range"), ("polyphony", "polyphony"), ("track_density", "density")):
        said += [f"{text} of {role} {value}" for role, value in d.get(name, {}).items()]
    said += [f"no {silence}" for silence in d.get("silences", [])]
    said += [f"temperature {d['temperature']:g}"] if "temperature" in d else []
    said += [f"top-k {d['top_k']}"] if "top_k" in d else []
    said += [f"repetition penalty {d['repetition_penalty']:g}"] if "repetition_penalty" in d else []
    return ", ".join(said) or "nothing in particular"


def _curve_words(name: str, value: float | list[float]) -> str:
    points = [value] if isinstance(value, int | float) else value
    return f"{name} " + " to ".join(f"{point:g}" for point in points)
