"""Clip: one stretch of music as arrays on a sixteenth grid, the form in which every measure reads it.

Axes: T steps (four a quarter note), B bars, P pitches, R roles (tracks that play the same part in every piece).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.score import Score, Track

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEPS_PER_QUARTER = 4
MAX_ROLES = 6


class Part(NamedTuple):
    """The notes of one role: onset and duration in steps, pitch, and the exact (start, length) in quarter notes [N, 2]."""

    role: str
    is_drum: bool
    onset: Ints
    duration: Ints
    pitch: Ints
    exact: Floats


@dataclass(frozen=True)
class Clip:
    """A window of one piece.

    Attributes:
      group: the piece it was cut from; windows of one piece share it and are never told apart as independent.
      bars: length in bars.
      bar_steps: steps a bar (16 in 4/4).
      parts: one Part a role, in the order of the Roles they were cut with; empty where the role is silent.
    """

    group: str
    bars: int
    bar_steps: int
    parts: tuple[Part, ...]
    bar_quarters: float = field(default=4.0)

    @property
    def steps(self) -> int:
        """Length in steps."""
        return self.bars * self.bar_steps

    @cached_property
    def pitched(self) -> tuple[Ints, Ints, Ints]:
        """(onset, duration, pitch) of all parts but the drums, sorted by onset, then pitch; doubled notes once."""
        parts = [p for p in self.parts if not p.is_drum]
        if not parts:
            return (np.zeros(0, np.int64),) * 3
        onset, duration, pitch = (np.concatenate([getattr(p, n) for p in parts]) for n in ("onset", "duration", "pitch"))
        return _single(onset, duration, pitch)

    @cached_property
    def note_count(self) -> int:
        """Notes in all parts."""
        return sum(len(p.onset) for p in self.parts)

    @cached_property
    def chromas(self) -> Floats:
        """Sounding notes a step and pitch class for each part [R, T, 12]; zero for drums."""
        out = np.zeros((len(self.parts), self.steps, 12))
        for r, part in enumerate(self.parts):
            if not part.is_drum:
                out[r] = sounding(part.onset, part.duration, part.pitch % 12, self.steps, 12)
        return out

    @cached_property
    def roll(self) -> Ints:
        """Sounding pitched notes a step and pitch, all parts together [T, 128]."""
        onset, duration, pitch = self.pitched
        return sounding(onset, duration, pitch, self.steps, 128).astype(np.int64)

    def led(self) -> Clip:
        """The clip without leading empty bars, silent bars appended instead, so that no window is known by its pause."""
        first = min((int(p.onset.min()) for p in self.parts if len(p.onset)), default=0) // self.bar_steps
        if first == 0:
            return self
        parts = tuple(
            p._replace(onset=p.onset - first * self.bar_steps, exact=p.exact - np.array([first * self.bar_quarters, 0.0]))
            for p in self.parts
        )
        return Clip(self.group, self.bars, self.bar_steps, parts, self.bar_quarters)


def sounding(onset: Ints, duration: Ints, lane: Ints, steps: int, lanes: int) -> Floats:
    """How many notes sound at each step in each lane [steps, lanes]."""
    size = (steps + 1) * lanes
    change = np.bincount(onset * lanes + lane, minlength=size) - np.bincount(
        np.minimum(onset + duration, steps) * lanes + lane, minlength=size
    )
    return np.asarray(np.cumsum(change.reshape(steps + 1, lanes)[:steps], axis=0), dtype=np.float64)


def _single(onset: Ints, duration: Ints, pitch: Ints) -> tuple[Ints, Ints, Ints]:
    """Sorted notes; of several with one onset and pitch, the longest."""
    order = np.lexsort((-duration, pitch, onset))
    onset, duration, pitch = onset[order], duration[order], pitch[order]
    if len(onset) < 2:
        return onset, duration, pitch
    keep = np.concatenate([[True], (np.diff(onset) != 0) | (np.diff(pitch) != 0)])
    return onset[keep], duration[keep], pitch[keep]


@dataclass(frozen=True)
class Roles:
    """How tracks are matched between pieces.

    Attributes:
      names: the roles, in order; drums last where there are any.
      by_name: True where tracks are matched by their name, False where by register (highest median pitch first).
    """

    names: tuple[str, ...]
    by_name: bool

    def of(self, score: Score) -> list[list[Track]]:
        """Tracks of `score` for each role; what fits no role joins the last pitched one."""
        slots: list[list[Track]] = [[] for _ in self.names]
        pitched = [t for t in score.tracks if not t.is_drum and len(t)]
        if "drums" in self.names:
            slots[self.names.index("drums")] = [t for t in score.tracks if t.is_drum]
        places = [i for i, n in enumerate(self.names) if n != "drums"]
        if self.by_name:
            for track in pitched:
                name = _plain(track.name)
                slots[self.names.index(name) if name in self.names else places[-1]].append(track)
        else:
            pitched.sort(key=lambda t: (-float(np.median(t.notes["pitch"])), t.name))
            for i, track in enumerate(pitched):
                slots[places[min(i, len(places) - 1)]].append(track)
        return slots


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


def common_roles(*sets: Sequence[Score]) -> Roles:
    """The roles in which the given sets of pieces can be compared.

    By name where at least half of the pieces of every set carry the same track names; otherwise by register,
    with as many parts as half of the pieces of the last set (the reference) have.
    """
    usual: list[set[str]] = []
    for scores in sets:
        seen = Counter(n for s in scores for n in {_plain(t.name) for t in s.tracks if not t.is_drum and len(t)})
        usual.append({n for n, c in seen.items() if n and 2 * c >= len(scores)})
    reference = sets[-1]
    drums = any(t.is_drum and len(t) for s in sets for scores in [s] for piece in scores for t in piece.tracks)
    tail = ("drums",) if drums else ()
    if usual[0] and all(u == usual[0] for u in usual) and len(usual[0]) <= MAX_ROLES:
        heights = {n: np.mean([t.notes["pitch"].mean() for s in reference for t in s.tracks if _plain(t.name) == n and len(t)])
                   for n in sorted(usual[0])}  # fmt: skip
        return Roles((*sorted(heights, key=lambda n: -heights[n]), *tail), by_name=True)
    counts = sorted(sum(1 for t in s.tracks if not t.is_drum and len(t)) for s in reference)
    typical = counts[len(counts) // 2] if counts else 1
    return Roles((*(f"part {i + 1}" for i in range(min(max(typical, 1), MAX_ROLES))), *tail), by_name=False)


def named_roles(names: Sequence[str], *sets: Sequence[Score]) -> Roles:
    """The given roles, matched by name whatever a piece's tracks leave silent; "drums" are the drum tracks.

    `common_roles` falls back on register where one set leaves a role silent in most of its pieces, and then compares a
    melody with a bridge; who knows what the tracks are called says so here.

    Args:
      names: track names in the order in which parts are to stand; a track of another name joins the last pitched one.

    Raises:
      InputError: a name is given twice, none is pitched, or no piece of a set has a track with notes of any of these names.
    """
    plain = tuple(_plain(n) for n in names)
    if len(set(plain)) < len(plain) or not set(plain) - {"drums"}:
        raise InputError(f"The roles {', '.join(names) or '(none)'} are not distinct names with a pitched one among them.")
    for scores in sets:
        if not any(len(t) and ("drums" if t.is_drum else _plain(t.name)) in plain for s in scores for t in s.tracks):
            raise InputError(
                f"No piece of a set has a track named {', '.join(names)}; leave the roles out to match by register."
            )
    return Roles(plain, by_name=True)


def cut_clips(score: Score, bars: int, roles: Roles, group: str, most: int = 4) -> list[Clip]:
    """Non-overlapping windows of `bars` bars of one piece, at most `most`, evenly spread over it.

    A window lies inside one meter. The piece begins at its first bar with a note and is filled up with silence to a
    whole window if at least three quarters of one are there; a shorter or silent piece gives none.
    """
    if score.note_count == 0:
        return []
    starts = np.array(bar_starts(score) or [0], dtype=np.int64)
    lengths = np.array([meter_at(score, int(t)).bar_ticks(score.resolution) for t in starts], dtype=np.int64)
    slots = roles.of(score)
    onsets = np.concatenate([t.notes["onset"].astype(np.int64) for tracks in slots for t in tracks] or [np.zeros(0, np.int64)])
    if len(onsets) == 0:
        return []
    heard = np.searchsorted(starts, [onsets.min(), onsets.max()], side="right") - 1
    first, last = int(max(0, heard[0])), int(heard[1])
    begins: list[int] = []
    bar = first
    while bar <= last:
        run = lengths[bar : bar + bars]
        same = int((run == run[0]).argmin()) if (run != run[0]).any() else len(run)
        at_end = bar + same > last
        if same == bars or (at_end and 4 * same >= 3 * bars):
            begins.append(bar)
        bar += max(1, same)
    if len(begins) > most:
        begins = [begins[i] for i in np.unique(np.linspace(0, len(begins) - 1, most).round().astype(int))]
    return [_cut(score, int(starts[b]), int(lengths[b]), bars, slots, roles, group) for b in begins]


def _cut(score: Score, start: int, bar: int, bars: int, slots: list[list[Track]], roles: Roles, group: str) -> Clip:
    """The window of `bars` bars of `bar` ticks from tick `start`."""
    per_step = score.resolution / STEPS_PER_QUARTER
    bar_steps = max(1, round(bar / per_step))
    total, end = bars * bar_steps, start + bars * bar
    parts = []
    for role, tracks in zip(roles.names, slots, strict=True):
        notes = (
            np.concatenate([t.notes for t in tracks])
            if tracks
            else np.zeros(0, dtype=[("onset", "i4"), ("duration", "i4"), ("pitch", "i2")])
        )
        notes = notes[(notes["onset"] >= start) & (notes["onset"] < end)]
        begin = notes["onset"].astype(np.int64) - start
        stop = np.minimum(begin + notes["duration"], end - start)
        onset = np.minimum(np.floor(begin / per_step + 0.5).astype(np.int64), total - 1)
        duration = np.clip(np.floor(stop / per_step + 0.5).astype(np.int64) - onset, 1, total - onset)
        pitch = notes["pitch"].astype(np.int64)
        exact = np.stack([begin, stop - begin], axis=1) / score.resolution
        order = np.lexsort((-duration, pitch, onset))
        keep = np.ones(len(order), dtype=bool)
        keep[1:] = (np.diff(onset[order]) != 0) | (np.diff(pitch[order]) != 0)
        order = order[keep]
        parts.append(Part(role, role == "drums", onset[order], duration[order], pitch[order], exact[order]))
    return Clip(group, bars, bar_steps, tuple(parts), bar / score.resolution)
