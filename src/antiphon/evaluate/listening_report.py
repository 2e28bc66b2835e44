"""The verdict of a listening test as a Markdown page and as JSON-ready values."""

from __future__ import annotations

import math
from typing import Any

from antiphon.evaluate.listening import Duel, Interval, Standing, Verdict


def _span(interval: Interval, form: str) -> str:
    return f"{interval[0]:{form}} to {interval[1]:{form}}"


def _cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _standing(standing: Standing, rated: bool, reference: str | None) -> str:
    name = _cell(standing.system) + (" (reference)" if standing.system == reference else "")
    cells = [name, f"{standing.strength:+.2f}", _span(standing.strength_interval, "+.2f"), str(standing.comparisons)]
    if rated and standing.rating is not None and standing.rating_interval is not None:
        cells[1:1] = [f"{standing.rating:.1f}", _span(standing.rating_interval, ".1f")]
    return "| " + " | ".join(cells) + " |"


def _duel(duel: Duel) -> str:
    pair = f"{_cell(duel.left)} over {_cell(duel.right)}"
    counts = f"{duel.wins} / {duel.ties} / {duel.losses}"
    return f"| {pair} | {duel.rate:.0%} | {_span(duel.rate_interval, '.0%')} | {counts} | {duel.p:.3g} | {duel.p_holm:.3g} |"


def markdown(verdict: Verdict) -> str:
    """The verdict as two tables and the notes one needs to read them."""
    rated = verdict.mode == "rating"
    people = "1 listener" if verdict.listeners == 1 else f"{verdict.listeners} listeners"
    out = ["# Listening test", "", f"{people}; 95% intervals by bootstrap over {_UNITS[verdict.unit]}.", ""]
    if rated:
        out += ["| system | rating | 95% | strength | 95% | comparisons |", "|---|---|---|---|---|---|"]
    else:
        out += ["| system | strength | 95% | comparisons |", "|---|---|---|---|"]
    out += [_standing(s, rated, verdict.reference) for s in verdict.standings]
    out += ["", "| pair | preferred | 95% | won / tied / lost | p | p (Holm) |", "|---|---|---|---|---|---|"]
    out += [_duel(d) for d in verdict.duels]
    out += ["", "Strength: Bradley-Terry log-odds, 0 on average. p: exact sign test, ties left out."]
    if verdict.first_shown is not None:
        out.append(f"The clip shown first was chosen in {verdict.first_shown:.0%} of the decided answers (50% is no bias).")
    if verdict.left_out:
        out += ["", "Left out for failing the attention checks:"]
        out += [f"- {_cell(name)} ({count} failed)" for name, count in verdict.left_out.items()]
    if verdict.set_aside:
        out += ["", "Files that could not be used:"]
        out += [f"- {_cell(reason)}" for reason in verdict.set_aside.values()]
    return "\n".join(out) + "\n"


_UNITS = {"listeners": "listeners", "answers": "single answers", "both": "listeners and trials"}


def to_dict(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON-ready values (unknown interval ends as null)."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 4)

    def ends(interval: Interval | None) -> list[float | None] | None:
        return None if interval is None else [number(v) for v in interval]

    systems = [
        {
            "system": s.system,
            "strength": number(s.strength),
            "strength_interval": ends(s.strength_interval),
            "rating": None if s.rating is None else number(s.rating),
            "rating_interval": ends(s.rating_interval),
            "comparisons": s.comparisons,
        }
        for s in verdict.standings
    ]
    pairs = [
        {
            "left": d.left,
            "right": d.right,
            "wins": d.wins,
            "ties": d.ties,
            "losses": d.losses,
            "rate": number(d.rate),
            "rate_interval": ends(d.rate_interval),
            "p": d.p,
            "p_holm": d.p_holm,
        }
        for d in verdict.duels
    ]
    return {
        "mode": verdict.mode,
        "listeners": verdict.listeners,
        "bootstrap_over": verdict.unit,
        "reference": verdict.reference,
        "systems": systems,
        "pairs": pairs,
        "first_shown": None if verdict.first_shown is None else round(verdict.first_shown, 4),
        "left_out": dict(verdict.left_out),
        "set_aside": dict(verdict.set_aside),
    }
