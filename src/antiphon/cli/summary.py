"""What a person reads: a composition in a few lines with the wishes that were not kept; a model's card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def summary(told: Mapping[str, Any], folder: Path) -> str:
    """A manifest as the lines that matter, and where the sound lies."""
    piece, takes = told["piece"], told["takes"]
    kept = next(take["take"] for take in takes if take["kept"])
    facts = [piece["key"], piece["meter"], f"{piece['tempo']:.4g} bpm", f"{piece['bars']} bars", f"{piece['seconds']:.1f} s"]
    lines = [f"{piece['title']}: {', '.join(fact for fact in facts if fact and fact not in piece['title'])}"]
    lines += [f"  {sentence}" for sentence in (*told.get("notes", ()), *told["plan"]["decisions"])]
    lines += [
        f"  Not kept: {wish['name']}: asked {short(wish['asked'])}; came {short(wish['measured'])} ({wish['why']})."
        for wish in told["wishes"]
        if not wish["kept"]
    ]
    lines.append(f"Model {told['model']['name']}, seed {told['seed']}, take {kept + 1} of {len(takes)}.")
    sound = [name for name in told["files"] if Path(name).stem == "piece" and Path(name).suffix not in (".mid", ".musicxml")]
    lines.append(f"Listen: {folder / sound[0]}" if sound else f"Written: {folder}")
    return "\n".join(lines)


def model_text(values: Mapping[str, Any]) -> str:
    """A model's own words, one fact a line."""
    lines = [
        f"{values['name']}: style {values['style']}, {values['kind']}",
        f"  tracks: {', '.join(values['tracks'])}",
        f"  meters: {', '.join(values['meters'])}; up to {values['max_bars']} bars",
    ]
    lines += [f"  {name}: {short(fact)}" for name, fact in values["card"].items()]
    return "\n".join(lines)


def short(value: object) -> str:
    """A value of a manifest in one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {short(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(short(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
