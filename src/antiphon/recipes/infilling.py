"""Examples with an opening: some roles over some bars are taken out and asked for at the end of the sequence."""

from __future__ import annotations

import numpy as np

from antiphon.recipes.data import EventSet, drop_roles
from antiphon.representations.events import EventCodec
from antiphon.representations.openings import Rows, opened

SHARE_OF_LENGTH = 0.8
"""Of a window's events: the open bars state their lines and chords a second time, which must fit in too."""
REWRITE, PART = 0.4, 0.75
"""Shares of the kinds of opening, cumulated: all roles over some bars; some roles throughout; some roles over some bars."""
CHORDS_STAY = 0.6
LATER = 0.4
MOST_BARS = 8


def whole_bars(data: EventSet, piece: int, first: int, length: int) -> tuple[Rows, Rows, int]:
    """Header and whole bars of a piece from the `first`-th bar on, at most `length` events (one bar at least).

    Returns:
      events [T, 4], times [T] from 0, and the time at which the last bar ends.
    """
    events, times, bars = data.pieces[piece], data.times[piece], data.bars[piece]
    begin = int(bars[first])
    last = max(first + 1, int(np.searchsorted(bars, begin + length - 1, side="right")) - 1)
    if begin + length - 1 >= len(events):
        last = len(bars)
    stop = int(bars[last]) if last < len(bars) else len(events)
    cut = np.concatenate([events[:1], events[begin:stop]]).astype(np.int64)
    time = np.concatenate([[0], times[begin:stop] - times[begin]]).astype(np.int64)
    ends = int(times[min(stop, len(times) - 1)] - times[begin])
    return cut, time, ends


def infilling(
    codec: EventCodec, data: EventSet, piece: int, first: int, length: int, fewer: bool, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """One example [<= length]: `events`, `times`, and `learnt`, 1 for the events that belong into the opening.

    Args:
      first: bar at which the window begins; fewer: whether some roles are left out altogether.
    """
    events, times, ends = whole_bars(data, piece, first, int(length * SHARE_OF_LENGTH))
    if fewer:
        less = drop_roles(codec, {"events": events, "times": times}, rng)
        events, times = less["events"], less["times"]
    bars = int((events[:, 0] == codec.vocabularies[0].encode("bar")).sum())
    present = int(events[0, 2]) - codec.vocabularies[2].span("roles").start
    subsets = [m for m in range(1, present) if m & present == m]
    kind = rng.random()
    roles = present if kind < REWRITE or not subsets else subsets[int(rng.integers(len(subsets)))]
    start, stop = 0, bars
    if kind < REWRITE or kind >= PART:
        run = min(bars, 1 + int(rng.integers(MOST_BARS)))
        start = int(rng.integers(bars - run + 1))
        stop = start + run
    later = roles != present and stop < bars and bool(rng.random() < LATER)
    parts = opened(codec, events, times, ends, start, stop, roles, bool(rng.random() < CHORDS_STAY), later)
    return {
        "events": np.concatenate([parts.events, parts.gap])[:length],
        "times": np.concatenate([parts.times, parts.gap_times])[:length],
        "learnt": np.concatenate([np.zeros(len(parts.events)), np.ones(len(parts.gap))]).astype(np.int64)[:length],
    }
