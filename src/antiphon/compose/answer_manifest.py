"""The manifest of an Answer: what was asked of a piece, understood, decided, kept and measured, as plain JSON values."""

from __future__ import annotations

import math
from typing import Any

from antiphon.compose.answer import Answer
from antiphon.compose.manifest import FORMAT, describe, model_values, versions


def answer_manifest(answer: Answer) -> dict[str, Any]:
    """The answer in words and numbers; the same answer gives the same manifest."""
    return {
        "manifest": FORMAT,
        "task": answer.task,
        "seed": answer.seed,
        "asked": answer.asked,
        "notes": list(answer.notes),
        "originality": answer.originality,
        "model": model_values(answer.model),
        "wishes": [
            {"name": w.name, "asked": w.asked, "measured": w.measured, "kept": w.kept, "why": w.why} for w in answer.wishes
        ],
        "takes": [
            {
                "take": v.take,
                "seed": v.seed,
                "kept": v.take == answer.chosen,
                "log_likelihood": round(v.log_likelihood, 6) if math.isfinite(v.log_likelihood) else None,
                "penalty": round(v.penalty, 6),
                "weakest": v.weakest,
                "reasons": [{"text": r.text, "points": round(r.points, 6)} for r in v.reasons],
            }
            for v in answer.verdicts
        ],
        "piece": describe(answer.score),
        "versions": versions(),
    }
