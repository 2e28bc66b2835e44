"""A piece with an opening, as one sequence: all that stays, then a fill event, then what belongs into the open bars.

Legend: T events, F = 4 fields.

    header, bar, ..., bar, ...      what stays: the open bars keep their bar lines, phrase marks and, where they bind, chords
    fill                            which roles are open; its time is that of the first open bar
    bar, chord, note, ..., end      the open bars with their chords and the notes of the open roles, at their own times

A causal model that reads this knows what comes after the gap before it writes (cf. Bavarian et al. 2022, "fill in the
middle"); positions in musical time tell it where the gap is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.representations.events import PITCHES, EventCodec

Rows = npt.NDArray[np.int64]


class Opened(NamedTuple):
    """What stays, and what belongs into the gap, each with musical times."""

    events: Rows
    times: Rows
    gap: Rows
    gap_times: Rows


def opened(
    codec: EventCodec,
    events: Rows,
    times: Rows,
    length: int,
    first: int,
    stop: int,
    roles: int,
    chords_stay: bool,
    later: bool = False,
) -> Opened:
    """Open some roles of a sequence from the `first`-th to before the `stop`-th of its bars.

    Args:
      events: header and whole bars, [T, 4]; times: musical time of each, [T]; length: time at which the last bar ends.
      roles: bit mask of the roles to open.
      chords_stay: whether the chords of the open bars are told before the gap (they are always stated inside it).
      later: whether these roles are silent after the gap too, being still unwritten there.

    Returns:
      events: [T', 4], the fill event last; gap: [G, 4], from the first open bar line to `end`; and their times.
    """
    kind, value, _, _ = codec.vocabularies
    k = events[:, 0]
    bar_id, notes, chords = kind.encode("bar"), kind.span("note"), kind.span("chord")
    bar = np.cumsum(k == bar_id) - 1
    is_note, is_chord = (k >= notes.start) & (k < notes.stop), (k >= chords.start) & (k < chords.stop)
    role = np.where(is_note, (events[:, 1] - value.span("pitch").start) // PITCHES, 0)
    inside = (bar >= first) & (bar < stop)
    mine = is_note & ((roles >> role) & 1).astype(bool)
    gone = mine & (inside | (later & (bar >= stop)))
    gone |= is_chord & inside & (not chords_stay)
    fills = inside & ((k == bar_id) | is_chord | mine)
    begin = int(times[np.flatnonzero(bar == first)[0]])
    following = np.flatnonzero((bar == stop) & (k == bar_id))
    ends = int(times[following[0]]) if len(following) else length
    return Opened(
        np.concatenate([events[~gone], [codec.fill(roles)]]),
        np.concatenate([times[~gone], [begin]]),
        np.concatenate([events[fills], [codec.end()]]),
        np.concatenate([times[fills], [ends]]),
    )
