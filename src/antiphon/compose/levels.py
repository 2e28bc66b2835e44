"""How busy and how thick a piece is, bar by bar, and what each bar is to become where another level is asked for.

The two attributes and their measures are those of MuseMorphose (Wu and Yang 2023): rhythmic intensity is the share of a bar's
sixteenths on which a note begins, polyphony the mean number of notes that sound on a sixteenth. Drums count in neither.
Legend: B bars, G sixteenths of all bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.compose.fit import Bar
from antiphon.music.score import Score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TURNS = 60
"""Halvings of the search for a shift, or a factor, that brings the mean of all bars to what is asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The sixteenths of a piece: where its bars begin [B], how many sixteenths lie before each [B + 1], ticks of one."""

    starts: Ints
    before: Ints
    step: float

    @classmethod
    def of(cls, bars: Sequence[Bar], resolution: int) -> Grid:
        """The sixteenths of these bars; a bar that no number of them fills has the nearest number, at least one."""
        step = resolution / 4
        counts = [max(1, round((bar.stop - bar.start) / step)) for bar in bars]
        return cls(np.array([bar.start for bar in bars], dtype=np.int64), np.concatenate([[0], np.cumsum(counts)]), step)

    @property
    def counts(self) -> Ints:
        """Sixteenths of each bar [B]."""
        return np.diff(self.before)

    def nearest(self, ticks: npt.ArrayLike, *, ends: bool = False) -> Ints:
        """The nearest sixteenth to each tick; of ends, the one before which a note ends."""
        at = np.asarray(ticks, dtype=np.float64) + self.step / 2
        bar = np.clip(np.searchsorted(self.starts, at, side="right") - 1, 0, len(self.starts) - 1)
        place = np.clip(np.floor((at - self.starts[bar]) / self.step), 0, self.counts[bar] - (0 if ends else 1))
        return np.asarray(self.before[bar] + place, dtype=np.int64)

    def tick(self, place: int) -> int:
        """Where a sixteenth begins."""
        bar = min(int(np.searchsorted(self.before, place, side="right")) - 1, len(self.starts) - 1)
        return int(self.starts[bar]) + round((place - int(self.before[bar])) * self.step)

    def by_bar(self, values: npt.ArrayLike) -> Floats:
        """Mean over each bar [B] of values of all sixteenths [G]."""
        return np.asarray(np.add.reduceat(np.asarray(values, dtype=np.float64), self.before[:-1]) / self.counts)


def spread(score: Score, grid: Grid) -> tuple[Ints, Ints]:
    """First sixteenth of every pitched note, and the first one after it; each note has at least one."""
    parts = [t.notes for t in score.tracks if not t.is_drum and len(t)]
    onset = np.concatenate([p["onset"].astype(np.int64) for p in parts] or [np.zeros(0, np.int64)])
    length = np.concatenate([p["duration"].astype(np.int64) for p in parts] or [np.zeros(0, np.int64)])
    first = grid.nearest(onset)
    return first, np.maximum(grid.nearest(onset + length, ends=True), first + 1)


def rhythmic_intensity(score: Score, grid: Grid) -> Floats:
    """Share of the sixteenths of each bar on which a note begins [B]."""
    struck = np.zeros(int(grid.before[-1]))
    struck[spread(score, grid)[0]] = 1
    return grid.by_bar(struck)


def polyphony(score: Score, grid: Grid) -> Floats:
    """Mean number of notes that sound on the sixteenths of each bar [B]."""
    size = int(grid.before[-1]) + 1
    first, last = spread(score, grid)
    change = np.bincount(first, minlength=size) - np.bincount(np.minimum(last, size - 1), minlength=size)
    return grid.by_bar(np.cumsum(change)[:-1])


def onsets_for(asked: Sequence[float], now: Floats, counts: Ints) -> Ints:
    """How many sixteenths of each bar are to have an onset [B]; a silent bar stays silent, any other has at least one.

    Args:
      asked: one number is the mean of all bars that sound, each of which stays busier or calmer than the others as it was;
        several follow each other over the bars.
      now: intensity of each bar; counts: its sixteenths.
    """
    heard = now > 0
    if len(asked) > 1:
        wanted = np.interp(np.linspace(0, 1, len(now)), np.linspace(0, 1, len(asked)), asked)
    else:
        inside = np.clip(now, 0.5 / counts, 1 - 0.5 / counts)
        odds = np.log(inside / (1 - inside))
        low, high = -20.0, 20.0
        for _ in range(TURNS):
            shift = (low + high) / 2
            mean = float((1 / (1 + np.exp(-odds - shift)))[heard].mean()) if heard.any() else 0.0
            low, high = (shift, high) if mean < asked[0] else (low, shift)
        wanted = 1 / (1 + np.exp(-odds - (low + high) / 2))
    return np.where(heard, _rounded(wanted * counts, heard, counts), 0)


def steps_for(asked: Sequence[float], now: Floats, counts: Ints) -> Ints:
    """How many sixteenths all notes that sound in each bar are to last together [B]; a silent bar stays silent.

    Args:
      asked: one number is the mean of all bars that sound, the bars keeping their proportions; several follow each other.
      now: polyphony of each bar; counts: its sixteenths.
    """
    heard = now > 0
    if len(asked) > 1:
        wanted = np.interp(np.linspace(0, 1, len(now)), np.linspace(0, 1, len(asked)), asked)
    else:
        wanted = now * (asked[0] / float(now[heard].mean())) if heard.any() else now
    return np.where(heard, _rounded(wanted * counts, heard, None), 0)


def _rounded(values: Floats, heard: npt.NDArray[np.bool_], most: Ints | None) -> Ints:
    """Whole numbers from 1, what rounding takes from one bar being given to the next, so that the mean stays."""
    out, owed = np.zeros(len(values), np.int64), 0.0
    for i in np.flatnonzero(heard).tolist():
        wish = float(values[i]) + owed
        out[i] = max(1, round(wish)) if most is None else min(max(1, round(wish)), int(most[i]))
        owed = max(-1.0, min(1.0, wish - int(out[i])))
    return out
