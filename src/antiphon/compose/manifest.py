"""The manifest of a composition: everything needed to understand it, trust it and make it again, as plain JSON values."""

from __future__ import annotations

import math
import platform
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from antiphon import __version__
from antiphon.compose.brief import Brief, chords_text
from antiphon.compose.compose import Composition
from antiphon.compose.plan import Plan
from antiphon.generate.request import Description
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.harmony import Key
from antiphon.music.score import Score

FORMAT = 1
"""Counts up when a reader of manifests would have to change."""

_LIBRARIES = ("numpy", "onnxruntime", "symusic", "soundfile", "pillow")


def manifest(composition: Composition) -> dict[str, Any]:
    """The composition in words and numbers; the same composition gives the same manifest."""
    return {
        "manifest": FORMAT,
        "seed": composition.seed,
        "brief": _brief(composition.brief),
        "plan": _plan(composition.plan),
        "model": model_values(composition.model),
        "wishes": [
            {"name": w.name, "asked": w.asked, "measured": w.measured, "kept": w.kept, "why": w.why} for w in composition.wishes
        ],
        "takes": [
            {
                "take": v.take,
                "seed": v.seed,
                "kept": v.take == composition.chosen,
                "log_likelihood": round(v.log_likelihood, 6) if math.isfinite(v.log_likelihood) else None,
                "penalty": round(v.penalty, 6),
                "reasons": [{"text": r.text, "points": round(r.points, 6)} for r in v.reasons],
            }
            for v in composition.verdicts
        ],
        "piece": describe(composition.score),
        "versions": _versions(),
    }


def model_values(model: Description) -> dict[str, Any]:
    """What a snapshot says of itself."""
    return {
        "name": model.name,
        "style": model.style,
        "kind": model.kind,
        "tracks": list(model.roles),
        "meters": [f"{numerator}/{denominator}" for numerator, denominator in model.meters],
        "max_bars": model.max_bars,
        "digest": model.digest,
        "card": model.card,
    }


def describe(score: Score) -> dict[str, Any]:
    """What a reader wants to know of a score before opening it."""
    return {
        "title": score.title,
        "bars": bar_count(score),
        "seconds": round(duration_seconds(score), 4),
        "tempo": round(score.tempos[0].qpm, 4),
        "meter": f"{score.meters[0].numerator}/{score.meters[0].denominator}",
        "key": str(score.keys[0].key) if score.keys else None,
        "notes": score.note_count,
        "tracks": [{"name": t.name, "program": t.program, "drums": t.is_drum, "notes": len(t)} for t in score.tracks],
    }


def _brief(brief: Brief) -> dict[str, Any]:
    return {f.name: _plain(getattr(brief, f.name)) for f in fields(brief) if getattr(brief, f.name) is not None}


def _plan(plan: Plan) -> dict[str, Any]:
    request = {f.name: _plain(getattr(plan.request, f.name)) for f in fields(plan.request)}
    return {
        "bars": plan.request.bars,
        "meter": f"{plan.meter[0]}/{plan.meter[1]}",
        "dynamics": plan.dynamics,
        "request": request,
        "decisions": list(plan.decisions),
    }


def _plain(value: object) -> object:
    """Musical values as people write them."""
    if isinstance(value, Key):
        return str(value)
    if isinstance(value, tuple) and value and all(isinstance(bar, tuple) for bar in value):
        return chords_text(value)
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(n, int) for n in value):
        return f"{value[0]}/{value[1]}"
    return list(value) if isinstance(value, tuple) else value


def _versions() -> dict[str, str]:
    found = {"antiphon": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
