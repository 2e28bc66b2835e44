"""A plan as plain values that a person edits, and the wishes that an edited plan stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from antiphon.compose.brief import Brief, Progression, parse_meter
from antiphon.compose.brief_values import pitch_name, program_name
from antiphon.compose.document import document, from_document, read_file
from antiphon.compose.forces import Force
from antiphon.compose.length import MOST_SLOWING, bar_quarters, slowed_bars
from antiphon.compose.numerals import is_numerals, parse_numerals
from antiphon.compose.plan import Plan
from antiphon.compose.schema import PLAN, check
from antiphon.compose.styles import USUAL
from antiphon.errors import BriefError
from antiphon.generate.request import Description, Request
from antiphon.music.harmony import Key, parse_chords, parse_key

VERSION = 1
ROUNDING = 0.005
"""Seconds by which a length may miss bars times tempo and still be taken for them."""


def plan_document(plan: Plan, brief: Brief, model: Description) -> dict[str, Any]:
    """The plan as plain values, every field in the order in which a person reads it; see schema.PLAN."""
    request = plan.request
    seconds = brief.seconds
    forces = plan.forces or tuple(Force(role) for role in request.tracks or model.roles)
    form = [{"phrase": letter, "bars": bars} for letter, bars in plan.form] if plan.form is not None else None
    found = {
        "plan": VERSION,
        "model": brief.model or model.style or None,
        "bars": request.bars,
        "meter": f"{plan.meter[0]}/{plan.meter[1]}",
        "tempo": request.tempo,
        "seconds": seconds,
        "key": str(request.key) if request.key is not None else None,
        "strict": plan.strict,
        "temperature": request.temperature,
        **_narrowing(request),
        "dynamics": plan.dynamics,
        "form": form,
        "harmony": harmony_texts(request.chords, request.key) if request.chords is not None else None,
        "energy": list(plan.energy) if plan.energy is not None else None,
        "density": list(plan.density) if plan.density is not None else None,
        "tracks": [_track(force) for force in forces],
        "decisions": list(plan.decisions),
        "brief": document(brief),
    }
    if seconds is not None and not _fits(request.bars, plan.meter, request.tempo, seconds):
        found["seconds"] = None  # tempo and whole bars were asked for too, and come no nearer
    return found


def _narrowing(request: Request) -> dict[str, Any]:
    """Top-k and repetition penalty, where they are asked for: not every model has them."""
    asked: dict[str, Any] = {"top_k": request.top_k} if request.top_k else {}
    return asked | ({"repetition_penalty": request.repetition_penalty} if request.repetition_penalty != 1.0 else {})


def plan_text(document: dict[str, Any]) -> str:
    """A plan as a file for people: one line a field, one a phrase and one a track."""
    lines = []
    for name, value in document.items():
        if isinstance(value, list) and value and not isinstance(value[0], int | float | str):
            items = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in value)
            text = f"[\n  {items}\n ]"
        else:
            text = json.dumps(value, ensure_ascii=False)
        lines.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def harmony_texts(chords: Progression, key: Key | None) -> list[str]:
    """The chords of each bar as text, spelt as the key has them."""
    flats = key is not None and key.fifths < 0
    return [" ".join("N.C." if chord is None else chord.name(flats) for chord in bar) for bar in chords]


def _track(force: Force) -> dict[str, Any]:
    limited = force.low is not None and force.high is not None
    return {
        "role": force.role,
        "instrument": program_name(force.program) if force.program is not None else None,
        "range": f"{pitch_name(force.low or 0)}-{pitch_name(force.high or 0)}" if limited else None,
        "polyphony": force.polyphony,
        "density": force.density,
        "rests": [f"{first + 1}-{stop}" for first, stop in force.rests],
    }


def _fits(bars: int, meter: tuple[int, int], tempo: float | None, seconds: float) -> bool:
    """Whether a piece of these bars can last so long: as it is, or slowed at its end."""
    if tempo is None:
        return True
    bar = bar_quarters(meter) * 60 / tempo
    return -ROUNDING <= seconds - bars * bar <= MOST_SLOWING * slowed_bars(bars) * bar


def read_plan(path: Path) -> Brief:
    """The brief that an edited plan stands for: everything in it is a wish now.

    Raises:
      InputError: the file is missing.
      BriefError: it holds no plan, or a field is wrong; the sentence names the field.
    """
    data = read_file(path)
    inner = data.get("plan")
    if "manifest" in data and isinstance(inner, dict):
        data = {"brief": data.get("brief", {}), **inner}
    if "plan" not in data:
        raise BriefError(f"{path} holds no plan; write one with 'antiphon plan -o {path.name}'.")
    return brief_of(data)


def brief_of(data: dict[str, Any]) -> Brief:
    """The brief that a plan's plain values stand for.

    Raises:
      BriefError: a field is wrong, or fields contradict each other; the sentence names the field.
    """
    check(data, PLAN, "The plan")
    bars, meter = int(data["bars"]), parse_meter(data["meter"])
    inner = data.get("brief", {})
    wishes: dict[str, Any] = {
        n: inner[n] for n in ("seed", "takes", "drawings", "style", "model", "mood", "valence", "arousal") if n in inner
    }
    if not {"style", "model"} & wishes.keys() and data.get("model"):
        wishes["style" if data["model"] in USUAL else "model"] = data["model"]  # a plan by style names the style here
    wishes |= {"meter": data["meter"], **_length(data, bars, meter)}
    for name in ("key", "temperature", "top_k", "repetition_penalty"):
        if data.get(name) is not None:
            wishes[name] = data[name]
    if data.get("key") is not None:
        parse_key(data["key"])
    wishes |= {"strict": True, "on_conflict": "chords"} if data.get("strict") else {}
    wishes |= _by_bars(data, bars)
    wishes |= _tracks(data.get("tracks", []), bars)
    return from_document(wishes)


def _length(data: dict[str, Any], bars: int, meter: tuple[int, int]) -> dict[str, Any]:
    tempo, seconds = data.get("tempo"), data.get("seconds")
    if seconds is None:
        return {"bars": bars} | ({"tempo": tempo} if tempo is not None else {})
    if tempo is None:
        return {"bars": bars, "seconds": seconds}
    lasts = bars * bar_quarters(meter) * 60 / tempo
    if abs(lasts - seconds) <= ROUNDING:
        return {"bars": bars, "seconds": seconds}
    whole = int(seconds / (lasts / bars) + 1e-9)
    if not _fits(bars, meter, tempo, seconds) or whole != bars:
        raise BriefError(
            f"The plan: {bars} bars at tempo {tempo:g} last {lasts:.4g} seconds, but seconds says {seconds:g}; "
            "change one, or set seconds or tempo to null."
        )
    return {"tempo": tempo, "seconds": seconds}


def _by_bars(data: dict[str, Any], bars: int) -> dict[str, Any]:
    """Form, harmony and curves, each as long as the piece."""
    found: dict[str, Any] = {}
    if data.get("form") is not None:
        total = sum(int(item["bars"]) for item in data["form"])
        if total != bars:
            raise BriefError(f"The plan: form has {total} bars, but the piece has {bars}.")
        found["form"] = "".join(f"{item['phrase']}{int(item['bars'])}" for item in data["form"])
    for name in ("harmony", "energy", "density"):
        value = data.get(name)
        if value is None:
            continue
        if len(value) != bars:
            raise BriefError(f"The plan: {name} has {len(value)} entries, but the piece has {bars} bars.")
        if name != "harmony":
            found[name] = list(value)
    if data.get("harmony") is not None:
        cells = [_cell(text, i) for i, text in enumerate(data["harmony"])]
        found["chords"] = cells[0] + " |" if len(cells) == 1 else " | ".join(cells)
    return found


def _cell(text: str, bar: int) -> str:
    """The chords of one bar, checked."""
    try:
        if "|" in text:
            raise BriefError("A bar line stands inside it.")
        if is_numerals(text):
            parse_numerals(text)
        else:
            parse_chords(text)
    except BriefError as error:
        raise BriefError(f"The plan: harmony of bar {bar + 1}: {error}") from error
    return text


def _tracks(tracks: list[dict[str, Any]], bars: int) -> dict[str, Any]:
    """Roles and what they are held to."""
    found: dict[str, Any] = {}
    if tracks:
        found["tracks"] = [item["role"] for item in tracks]
    silences = []
    for item in tracks:
        role = item["role"]
        for field, wish in (
            ("instrument", "instruments"), ("range", "ranges"), ("polyphony", "polyphony"), ("density", "track_density"),
        ):  # fmt: skip
            if item.get(field) is not None:
                found.setdefault(wish, {})[role] = item[field]
        for rest in item.get("rests", []):
            first, _, last = str(rest).replace("–", "-").partition("-")
            ends = [first.strip(), (last or first).strip()]
            if not all(end.isascii() and end.isdigit() and len(end) < 6 for end in ends):
                raise BriefError(f"The plan: rests of {role}: {rest!r} is no stretch of bars; write for example 1-4.")
            if not 1 <= int(ends[0]) <= int(ends[1]) <= bars:
                raise BriefError(f"The plan: rests of {role}: bars {rest} do not lie within the {bars} bars of the piece.")
            silences.append(f"{role} in bars {ends[0]}-{ends[1]}")
    if silences:
        found["silences"] = silences
    return found
