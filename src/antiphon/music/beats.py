"""Beats, bars and seconds: where bars begin, and the tempo map both ways."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from antiphon.music.score import Meter, Score, Tempo


def bar_starts(score: Score, end: int | None = None) -> list[int]:
    """Ticks at which bars begin, from 0 up to (not including) `end` (default: the end of the piece).

    A meter change always begins a new bar, so the bar before it may be short.
    """
    stop = score.end if end is None else end
    starts: list[int] = []
    for i, meter in enumerate(score.meters):
        until = min(stop, score.meters[i + 1].tick) if i + 1 < len(score.meters) else stop
        starts.extend(range(meter.tick, until, meter.bar_ticks(score.resolution)))
    return starts


def bar_count(score: Score) -> int:
    """Number of bars, the last one possibly incomplete."""
    return len(bar_starts(score))


def meter_at(score: Score, tick: int) -> Meter:
    """The meter in force at `tick`."""
    return score.meters[max(0, bisect_right([m.tick for m in score.meters], tick) - 1)]


def tempo_at(score: Score, tick: int) -> Tempo:
    """The tempo in force at `tick`."""
    return score.tempos[max(0, bisect_right([t.tick for t in score.tempos], tick) - 1)]


def ticks_to_seconds(score: Score, ticks: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Seconds from the start at which the given ticks lie, by the tempo map; any shape."""
    marks = np.array([t.tick for t in score.tempos], dtype=np.float64)
    pace = np.array([t.mspq for t in score.tempos], dtype=np.float64) / 1e6 / score.resolution
    begun = np.concatenate([[0.0], np.cumsum(np.diff(marks) * pace[:-1])])
    at = np.asarray(ticks, dtype=np.float64)
    i = np.maximum(np.searchsorted(marks, at, side="right") - 1, 0)
    return np.asarray(begun[i] + (at - marks[i]) * pace[i], dtype=np.float64)


def seconds_to_ticks(score: Score, seconds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Nearest ticks at the given seconds, by the tempo map; the inverse of `ticks_to_seconds`."""
    marks = np.array([t.tick for t in score.tempos], dtype=np.float64)
    begun = ticks_to_seconds(score, marks)
    pace = np.array([t.mspq for t in score.tempos], dtype=np.float64) / 1e6 / score.resolution
    at = np.asarray(seconds, dtype=np.float64)
    i = np.maximum(np.searchsorted(begun, at, side="right") - 1, 0)
    return np.asarray(np.rint(marks[i] + (at - begun[i]) / pace[i]), dtype=np.int64)


def duration_seconds(score: Score) -> float:
    """Length of the piece in seconds."""
    return float(ticks_to_seconds(score, score.end))
