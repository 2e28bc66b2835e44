"""A foreign Score in a generator's terms: a stretch in one meter that it knows, on its grid, its tracks named by roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd
from typing import NamedTuple

import numpy as np

from antiphon.compose.roles import Part
from antiphon.errors import LimitError
from antiphon.generate.request import Opening
from antiphon.music.beats import tempo_at
from antiphon.music.edit import without_overlaps
from antiphon.music.harmony import Key
from antiphon.music.score import (
    ChordMark,
    KeyMark,
    Meter,
    NoteArray,
    Score,
    Tempo,
    Track,
    notes_array,
)

GRID = 4
"""Steps a quarter note that every sequence model writes on."""
RESOLUTION = 480
"""Ticks a quarter note of what a generator is given."""
STEP = RESOLUTION // GRID
MAX_BARS = 20_000
CONTEXT = 16
"""Bars of what stays that a generator is shown on either side of what is open."""
MOST_OPEN = 64
"""Most bars of one window: a longer opening is written in several, each knowing the one before it."""

Span = tuple[int, int]
Cells = Mapping[int, frozenset[str]]
"""Bar of the file, from 0 -> roles that are open in it."""


class Bar(NamedTuple):
    """A bar of the file: its ticks, its meter, and whether it has its full length."""

    start: int
    stop: int
    meter: tuple[int, int]
    whole: bool


class Tiling(NamedTuple):
    """How bars of the file become bars of the model: so many of these are so many of those."""

    meter: tuple[int, int]
    file: int
    model: int


def bars_of(score: Score) -> list[Bar]:
    """The bars of a piece; the last one counts as whole, being as long as its meter says.

    Raises:
      LimitError: there are more than MAX_BARS.
    """
    found: list[Bar] = []
    for i, meter in enumerate(score.meters):
        limit = score.meters[i + 1].tick if i + 1 < len(score.meters) else score.end + meter.bar_ticks(score.resolution)
        until, length = min(score.end, limit), meter.bar_ticks(score.resolution)
        if (until - meter.tick) // length + len(found) > MAX_BARS:
            raise LimitError(f"The piece has more than {MAX_BARS:,} bars; cut it before it is worked on.")
        exact = score.resolution * 4 * meter.numerator % meter.denominator == 0
        for start in range(meter.tick, until, length):
            stop = min(start + length, limit)
            found.append(Bar(start, stop, (meter.numerator, meter.denominator), exact and stop - start == length))
    return found


def tiling(meter: tuple[int, int], known: Sequence[tuple[int, int]], loose: bool = False) -> Tiling | None:
    """How a meter is told to a model that knows only some: as it is, or by bars joined or split where the beat stays.

    2/2 is 4/4; 6/4 is two bars of 3/4; two bars of 2/4 are one of 4/4. `loose` allows any meter in quarters or halves to
    run across the model's bar lines (four bars of 3/4 are three of 4/4), as the parts of a chorale may.
    """
    if meter in known:
        return Tiling(meter, 1, 1)
    length, threes = _sixteenths(meter), in_threes(meter)
    alike = [m for m in known if in_threes(m) == threes]
    for times in (1, 2, 4, 3):
        for m in alike:
            if length == times * _sixteenths(m):
                return Tiling(m, 1, times)
    for times in (2, 4):
        for m in alike:
            if times * length == _sixteenths(m):
                return Tiling(m, times, 1)
    if loose and not threes and meter[1] <= 4 and meter[0] in (2, 3, 4, 6) and alike:
        common = gcd(int(length), int(_sixteenths(alike[0])))
        return Tiling(alike[0], int(_sixteenths(alike[0])) // common, int(length) // common)
    return None


def _sixteenths(meter: tuple[int, int]) -> float:
    return 16 * meter[0] / meter[1]


def in_threes(meter: tuple[int, int]) -> bool:
    """Whether the meter's beats are eighths or sixteenths in threes, as in 6/8."""
    return meter[0] % 3 == 0 and meter[1] >= 8


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the file in the model's bars, with what is open in it.

    Attributes:
      start: tick of the file at which it begins; resolution: of the file.
      meter, bars: of the model.
      openings: in the model's bars.
      spans: role -> stretches of the file, in ticks, that are open.
      changed: bars of the file, first and last (from 0), that hold an opening.
      begins: bar of the file that is its first one; None where its bars are not the file's.
    """

    start: int
    resolution: int
    meter: tuple[int, int]
    bars: int
    openings: tuple[Opening, ...]
    spans: dict[str, tuple[Span, ...]]
    changed: Span
    begins: int | None = None

    @property
    def ticks(self) -> int:
        """Its length in the generator's ticks."""
        return self.bars * Meter(0, *self.meter).bar_ticks(RESOLUTION)

    @property
    def stop(self) -> int:
        """Tick of the file at which it ends."""
        return self.outward(self.ticks)

    def outward(self, tick: int) -> int:
        """The file's tick nearest to one of the generator's."""
        return self.start + (2 * tick * self.resolution + RESOLUTION) // (2 * RESOLUTION)

    def steps(self, tick: int) -> int:
        """The step of the grid nearest to a tick of the file."""
        return (2 * (tick - self.start) * GRID + self.resolution) // (2 * self.resolution)


def windows(
    bars: Sequence[Bar], cells: Cells, resolution: int, known: Sequence[tuple[int, int]], most: int, loose: bool = False
) -> list[Window]:
    """The stretches in which the open cells are written, in order of time, each with CONTEXT bars on either side.

    Every open bar must be whole and of a meter that `tiling` can tell the model; `most`: bars that a window may have.
    """
    found: list[Window] = []
    opened = sorted(cells)
    at = 0
    while at < len(opened):
        first = opened[at]
        tile = tiling(bars[first].meter, known, loose)
        assert tile is not None, "the caller leaves out bars that cannot be told"
        room = max(1, min(most, MOST_OPEN) * tile.file // tile.model)
        last = at
        while (
            last + 1 < len(opened)
            and opened[last + 1] - opened[last] <= 2 * CONTEXT
            and opened[last + 1] - first < room
            and _one_run(bars, opened[last], opened[last + 1])
        ):
            last += 1
        found.append(_window(bars, cells, opened[at : last + 1], resolution, tile, most))
        at = last + 1
    return found


def _one_run(bars: Sequence[Bar], a: int, b: int) -> bool:
    """Whether all bars from the a-th to the b-th are whole and of one meter."""
    return all(bar.whole and bar.meter == bars[a].meter for bar in bars[a : b + 1])


def _window(bars: Sequence[Bar], cells: Cells, opened: Sequence[int], resolution: int, tile: Tiling, most: int) -> Window:
    first, stop = opened[0], opened[-1] + 1
    spare = max(0, most * tile.file // tile.model - (stop - first))
    before = 0
    while before < min(CONTEXT, (spare + 1) // 2) and first - before > 0 and _one_run(bars, first - before - 1, first):
        before += 1
    before -= before % tile.file
    while stop - opened[-1] <= min(CONTEXT, spare - before) and stop < len(bars) and _one_run(bars, opened[-1], stop):
        stop += 1
    start = bars[first - before].start
    step = Meter(0, *tile.meter).bar_ticks(RESOLUTION)

    def inward(tick: int) -> int:
        return (tick - start) * RESOLUTION // resolution

    count = -(-inward(bars[stop - 1].stop) // step)
    roles = sorted({role for bar in opened for role in cells[bar]})
    by_bar: list[set[str]] = [set() for _ in range(count)]
    spans: dict[str, tuple[Span, ...]] = {}
    for role in roles:
        spans[role] = tuple(joined((bars[b].start, bars[b].stop) for b in opened if role in cells[b]))
        for a, b in spans[role]:
            for bar in range(inward(a) // step, -(-inward(b) // step)):
                by_bar[bar].add(role)
    openings: list[Opening] = []
    for bar, names in enumerate(by_bar):
        ordered = tuple(role for role in roles if role in names)
        if openings and openings[-1].stop == bar and openings[-1].roles == ordered:
            openings[-1] = replace(openings[-1], stop=bar + 1)
        elif ordered:
            openings.append(Opening(bar, bar + 1, ordered))
    begins = first - before if tile.file == tile.model else None
    return Window(start, resolution, tile.meter, count, tuple(openings), spans, (opened[0], opened[-1]), begins)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Stretches in order, those that touch made one."""
    found: list[Span] = []
    for a, b in sorted(spans):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found


def given(
    score: Score, parts: Mapping[str, Part], window: Window, key: Key | None, chords: Sequence[ChordMark], roles: Sequence[str]
) -> Score:
    """The window of the piece as the generator wants it; what is open is left out.

    Args:
      score: the piece; parts: what plays its roles; roles: the model's, in score order.
      key: of the window; chords: marks in ticks of the file.
    """
    tracks = []
    for role in roles:
        part = parts.get(role)
        if part is not None:
            notes = np.concatenate([score.tracks[i].notes for i in part.tracks])
            rows = _inward(notes, window, part.octave, window.spans.get(role, ()))
            tracks.append(Track(role, score.tracks[part.tracks[0]].program, role == "drums", without_overlaps(rows)))
    marks = [m for m in chords if m.tick < window.stop]
    early = [m for m in marks if m.tick <= window.start][-1:]
    inside = [m for m in marks if m.tick > window.start]
    told = [ChordMark(max(0, window.steps(m.tick) * STEP), m.chord) for m in (*early, *inside)]
    return Score(
        RESOLUTION,
        tuple(tracks),
        (Tempo(0, tempo_at(score, window.start).mspq),),
        (Meter(0, *window.meter),),
        (KeyMark(0, key),) if key is not None else (),
        tuple(m for m in told if m.tick < window.ticks),
        length=window.ticks,
    )


def _inward(notes: NoteArray, window: Window, octave: int, spans: Sequence[Span]) -> NoteArray:
    """Notes of the file on the generator's grid, those of the open stretches left out.

    A note that the grid would move across the edge of an opening stays on the last step before it: it is no part of it.
    """
    rows = []
    end = window.ticks // STEP
    onsets = notes["onset"].astype(np.int64)
    near = notes[(onsets < window.stop) & (onsets + notes["duration"] > window.start)]
    for onset, duration, pitch, velocity in near.tolist():
        if any(a <= onset < b for a, b in spans):
            continue
        begin = max(0, window.steps(onset))
        for a, _ in spans:
            if onset < a <= window.outward(begin * STEP):
                begin = max(0, window.steps(a) - 1)
        stop = min(end, max(window.steps(onset + duration), begin + 1))
        if begin < stop:
            rows.append((begin * STEP, (stop - begin) * STEP, on_keyboard(pitch + octave), velocity))
    return notes_array(rows)


def on_keyboard(pitch: int, low: int = 21, high: int = 108) -> int:
    """The pitch brought onto the keyboard by octaves."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch
