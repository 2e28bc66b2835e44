"""What is wrong where new bars meet old ones: a part that falls silent, or is much busier or much emptier than around."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from antiphon.compose.critique import Reason
from antiphon.generate.request import Opening
from antiphon.music.score import Score

NEAR = 8
"""Closed bars on either side of an opening that it is compared with."""
PLAYS = 0.75
"""Share of these bars in which a part begins a note, from which on it is expected in the open ones too."""
REST = 2
"""Open bars on end without a note from which on an expected part is missed."""
MISSED, UNLIKE, FACTOR = 3.0, 0.5, 2.5
"""Points for a part that is silent in all open bars; for every e-fold by which it is busier or emptier beyond a factor."""


def busy_bars(score: Score, role: str, bars: int) -> list[int]:
    """Onsets of a role in each bar of a piece in one meter."""
    track = next((t for t in score.tracks if t.name == role), None)
    counts = np.zeros(bars, dtype=np.int64)
    if track is not None and len(track):
        length = score.meters[0].bar_ticks(score.resolution)
        counts += np.bincount(np.unique(track.notes["onset"]) // length, minlength=bars)[:bars]
    return [int(count) for count in counts]


def open_bars(openings: Sequence[Opening], role: str) -> list[int]:
    """Bars in which a role is open."""
    return sorted({bar for o in openings if role in o.roles for bar in range(o.first, o.stop)})


def around(counts: Sequence[int], opened: Sequence[int]) -> list[int]:
    """Onsets in the closed bars nearest to some open ones."""
    inside = set(opened)
    near = {bar for o in opened for bar in range(o - NEAR, o + NEAR + 1)} - inside
    return [counts[bar] for bar in sorted(near) if 0 <= bar < len(counts)]


def missed(score: Score, openings: Sequence[Opening], bars: int) -> tuple[Opening, ...]:
    """Where a part is silent that plays nearly everywhere around, or that is new, as openings of its own.

    Args:
      score: in the generator's terms, its openings written.
    """
    found: list[Opening] = []
    for role in dict.fromkeys(r for o in openings for r in o.roles):
        counts, opened = busy_bars(score, role, bars), open_bars(openings, role)
        near = around(counts, opened)
        new = not any(near)
        if not new and np.mean(np.array(near) > 0) < PLAYS:
            continue
        least = min(len(opened), 2 * REST if new else REST)
        run: list[int] = []
        for bar in [*opened, -1]:
            if bar >= 0 and counts[bar] == 0 and (not run or bar == run[-1] + 1):
                run.append(bar)
                continue
            if len(run) >= least:
                found.append(Opening(run[0], run[-1] + 1, (role,)))
            run = [bar] if bar >= 0 and counts[bar] == 0 else []
    return tuple(found)


def seam_reasons(score: Score, openings: Sequence[Opening], bars: int) -> list[Reason]:
    """What speaks against a take at its seams, each with its points; empty where the new bars are like those around."""
    found: list[Reason] = []
    for opening in missed(score, openings, bars):
        role = opening.roles[0]
        share = (opening.stop - opening.first) / len(open_bars(openings, role))
        found.append(
            Reason(f"the {role} falls silent in {opening.stop - opening.first} of the new bars", MISSED * share, "seam")
        )
    for role in dict.fromkeys(r for o in openings for r in o.roles):
        counts, opened = busy_bars(score, role, bars), open_bars(openings, role)
        near = around(counts, opened)
        inside, outside = float(np.mean([counts[b] for b in opened])), float(np.mean(near)) if near else 0.0
        if outside < 0.5 or inside == 0:
            continue
        beyond = abs(log(inside / outside)) - log(FACTOR)
        if beyond > 0:
            words = "busier" if inside > outside else "emptier"
            said = f"the {role} is much {words} than around ({inside:.1f} against {outside:.1f} onsets a bar)"
            found.append(Reason(said, UNLIKE * (1 + beyond), "seam"))
    return found
