"""Locks: cells of bars and tracks whose notes nothing may change, and how they are put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.beats import bar_starts
from antiphon.music.score import NoteArray, Score, Track, notes_array


class LockedError(InputError):
    """What was asked would change bars that the user has locked."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Bars `first` to `last` (from 1, both inside) of the named tracks; None: of all tracks."""

    first: int
    last: int
    tracks: tuple[str, ...] | None = None

    def holds(self, track: str) -> bool:
        """Whether the lock concerns this track."""
        return self.tracks is None or track in self.tracks


def locked_spans(score: Score, locks: Iterable[Lock], track: str) -> list[tuple[int, int]]:
    """Stretches [start, end) of ticks that are locked in a track, in order and without overlap; the last bar has no end."""
    starts = bar_starts(score)
    edges = [*starts, 2**31 - 1]
    held = sorted({bar for lock in locks if lock.holds(track) for bar in range(lock.first, min(lock.last, len(starts)) + 1)})
    spans: list[tuple[int, int]] = []
    for bar in held:
        start, end = edges[bar - 1], edges[bar]
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def inside(onsets: npt.NDArray[np.integer], spans: Sequence[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Which of the onsets lie in one of the spans."""
    held = np.zeros(len(onsets), dtype=bool)
    for start, end in spans:
        held |= (onsets >= start) & (onsets < end)
    return held


def locked_notes(score: Score, locks: Sequence[Lock], track: Track) -> NoteArray:
    """The notes of a track that begin in locked bars."""
    return np.asarray(track.notes[inside(track.notes["onset"], locked_spans(score, locks, track.name))])


def keep_locked(before: Score, after: Score, locks: Sequence[Lock]) -> tuple[Score, bool]:
    """`after` with every locked cell as it was in `before`, and whether anything had to be put back.

    A note of `after` that would sound into a locked bar ends where the bar begins; a track that `after` has lost comes back
    with its locked notes alone.

    Raises:
      LockedError: `after` has the locked bars at other places, so that they cannot be put back.
    """
    if not locks:
        return after, False
    last = max(min(lock.last, len(bar_starts(before))) for lock in locks)
    old = np.array(bar_starts(before)[: last + 1], dtype=np.float64) / before.resolution
    new = np.array(bar_starts(after)[: last + 1], dtype=np.float64) / after.resolution
    if len(new) < last or not np.array_equal(old[:last], new[:last]):
        raise LockedError("This would move or remove bars that are locked; unlock them first.")
    scale = _scale(before, after)
    names = {t.name: i for i, t in enumerate(after.tracks)}
    tracks = list(after.tracks)
    changed = False
    for track in before.tracks:
        spans = locked_spans(after, locks, track.name)
        notes = locked_notes(before, locks, track)
        if not spans:
            continue
        notes = notes_array([(on * scale, d * scale, p, v) for on, d, p, v in notes.tolist()])
        at = names.get(track.name)
        if at is None:
            if len(notes):
                tracks.append(replace(track, notes=notes, pedals=track.pedals[:0]))
                changed = True
            continue
        found = tracks[at]
        free = _outside(found.notes, spans, {tuple(n) for n in track.notes.tolist()} if scale == 1 else set())
        whole = notes_array(np.concatenate([free, notes]))
        if not np.array_equal(whole, found.notes):
            tracks[at] = replace(found, notes=whole)
            changed = True
    return after.with_tracks(tracks), changed


def _scale(before: Score, after: Score) -> int:
    """Factor from the ticks of `before` to those of `after`.

    Raises:
      LockedError: the locked notes would not keep their exact places.
    """
    if after.resolution % before.resolution:
        raise LockedError("This would move locked notes to a coarser grid; unlock them first.")
    return after.resolution // before.resolution


def _outside(notes: NoteArray, spans: Sequence[tuple[int, int]], old: set[tuple[int, ...]]) -> NoteArray:
    """Notes that begin in no span; one that is not of the `old` notes is cut where the next span begins."""
    free = notes[~inside(notes["onset"], spans)].copy()
    ends = free["onset"].astype(np.int64) + free["duration"]
    new = np.array([tuple(n) not in old for n in free.tolist()], dtype=bool)
    for start, _ in spans:
        ends = np.where(new & (free["onset"] < start) & (ends > start), start, ends)
    free["duration"] = ends - free["onset"]
    return free


def checked(score: Score, locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """The locks, if they mean something in this piece.

    Raises:
      InputError: a lock names bars or tracks that the piece has not.
    """
    bars, names = len(bar_starts(score)), {t.name for t in score.tracks}
    out = tuple(locks)
    for lock in out:
        if not 1 <= lock.first <= lock.last <= bars:
            raise InputError(f"The lock of bars {lock.first} to {lock.last} does not lie in this piece of {bars} bars.")
        missing = [t for t in lock.tracks or () if t not in names]
        if missing:
            raise InputError(f"There is no track {missing[0]!r} to lock; the piece has {', '.join(sorted(names)) or 'none'}.")
    return out


def bar_of(score: Score, tick: int) -> int:
    """Number of the bar, from 1, in which a tick lies."""
    starts = bar_starts(score, max(score.end, tick + 1))
    return next((i for i, (a, b) in enumerate(pairwise([*starts, 2**31]), 1) if a <= tick < b), 1)
