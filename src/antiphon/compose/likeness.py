"""How much of a piece is left in another: chroma, contour of the melody, bars that are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.compose.critique import bar_likeness
from antiphon.compose.fit import bars_of
from antiphon.compose.melodies import skyline
from antiphon.music.score import NoteArray, Score
from antiphon.music.tonality import pitch_class_weights


def chroma_likeness(a: Score, b: Score, edges: Sequence[int]) -> float:
    """Mean cosine between the pitch classes of two pieces of one resolution, stretch by stretch; 1 where both are silent.

    Args:
      edges: rising ticks, as the bar lines.
    """
    left, right = pitch_class_weights(a, edges), pitch_class_weights(b, edges)
    sizes = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    both = np.linalg.norm(left, axis=1) + np.linalg.norm(right, axis=1) > 0
    cosine = np.divide((left * right).sum(axis=1), sizes, out=np.zeros(len(left)), where=sizes > 0)
    return float(cosine[both].mean()) if both.any() else 1.0


def contour_likeness(a: Score, b: Score) -> float:
    """Correlation of the uppermost lines of two pieces of one resolution, on a grid of eighths where both sound; 1: alike.

    A line moved as a whole (by octaves, into another key) counts as the same; nan where there is too little to compare.
    """
    step = max(1, a.resolution // 2)
    count = max(a.end, b.end) // step + 1
    one, two = (_line(skyline(score), step, count) for score in (a, b))
    heard = (one > 0) & (two > 0)
    if heard.sum() < 3 or np.ptp(one[heard]) == 0 or np.ptp(two[heard]) == 0:
        return float("nan")
    return float(np.corrcoef(one[heard], two[heard])[0, 1])


def _line(notes: NoteArray, step: int, count: int) -> np.ndarray:
    """Pitch that sounds in each step, 0 for none."""
    line = np.zeros(count)
    for onset, duration, pitch, _ in notes.tolist():
        line[onset // step : max(onset // step + 1, -(-(onset + duration) // step))] = pitch
    return line


def same_bars(a: Score, b: Score) -> float:
    """Share of bars, of two pieces with the same bar lines, in which the same notes begin in every track."""
    one, two = bar_likeness(a), bar_likeness(b)
    count = min(len(one), len(two), len(bars_of(a)))
    return float(np.mean([one[i] == two[i] for i in range(count)])) if count else 1.0
