"""The mood that a brief asks for: what it means, and how it is called."""

from __future__ import annotations

import numpy as np

from antiphon.compose.brief import Brief
from antiphon.compose.layout import at_bars
from antiphon.compose.mood import MOODS, Mood, feeling


def mood_of(brief: Brief) -> Mood | None:
    """What the mood asked for means, by its name or by the middle of its dials."""
    if brief.mood is not None:
        return MOODS[brief.mood]
    if brief.valence is None and brief.arousal is None:
        return None
    middle = [None if c is None else float(np.mean(at_bars(c, 16))) for c in (brief.valence, brief.arousal)]
    return feeling(middle[0], middle[1])


def mood_name(brief: Brief) -> str:
    """The mood in words."""
    if brief.mood is not None:
        return brief.mood
    dials = (("valence", brief.valence), ("arousal", brief.arousal))
    return " and ".join(f"{name} {' to '.join(f'{v:g}' for v in c)}" for name, c in dials if c is not None)
