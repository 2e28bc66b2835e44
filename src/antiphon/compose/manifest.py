"""The manifest of a composition: everything needed to understand it, trust it and make it again, as plain JSON values."""

from __future__ import annotations

import math
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from antiphon import __version__
from antiphon.compose.compose import Composition
from antiphon.compose.document import document
from antiphon.compose.plan_file import plan_document
from antiphon.generate.request import Description
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.score import Score

FORMAT = 1
"""Counts up when a reader of manifests would have to change."""

_LIBRARIES = ("numpy", "onnxruntime", "symusic", "soundfile", "pillow")


def manifest(composition: Composition) -> dict[str, Any]:
    """The composition in words and numbers; the same composition gives the same manifest."""
    return {
        "manifest": FORMAT,
        "seed": composition.seed,
        "brief": document(composition.brief),
        "plan": _plan(composition),
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
                "copies": v.copies,
                "weakest_bar": v.weakest,
                "reasons": [{"text": r.text, "points": round(r.points, 6)} for r in v.reasons],
            }
            for v in composition.verdicts
        ],
        "notes": list(composition.notes),
        "originality": composition.originality,
        "piece": describe(composition.score),
        "versions": versions(),
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


def _plan(composition: Composition) -> dict[str, Any]:
    """The plan as `antiphon plan` writes it, without the brief that stands beside it."""
    told = plan_document(composition.plan, composition.brief, composition.model)
    return {name: value for name, value in told.items() if name != "brief"}


def versions() -> dict[str, str]:
    """Versions of Antiphon and of what it stands on, as far as they are installed."""
    found = {"antiphon": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
