"""ONNX graphs of a grid model run round by round: what was read and what may be looked at are kept outside of the graphs.

Legend: B takes, m cells just written, q cells asked for, n cells still open, K events of a cell, P places for cells read,
N places for events in sight, H heads, e width of a head, d and w widths of mind and hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.generate.runtime import Floats, Ints, session
from antiphon.generate.snapshot import Snapshot
from antiphon.representations.grid import BEGIN, COPIES, COPY, END, FEATURES, MOST
from antiphon.representations.returns import Written

LUCK = np.float32(0.999999)
"""Random numbers are taken so much smaller that the last option's end is never passed by rounding."""
PLACES, SIGHTS = 32, 64
"""Room for cells and for sights grows by so many. A sum over sights comes out the same however many zeros follow, as long
as whole vectors do: a take's notes must not hang on what is drawn beside it."""
FEW = 6
"""So many cells are written to their end in one call."""
GO_ON = 40
"""Per cent: more cells are written until no more than these are open; then the rest goes on by itself."""
MUCH_LESS = 0.5
"""Sights are copied, each open cell its own, when so small a share of the places is still needed."""


class Shares(NamedTuple):
    """How a cell's beginning (silent, a copy, or its first step), steps, pitches and durations are drawn.

    Attributes:
      temperature: of each.
      floor: of each; options less likely than this share of the likeliest are never drawn.
    """

    temperature: tuple[float, ...]
    floor: tuple[float, ...]


class Cells(NamedTuple):
    """Cells of all takes: events [B, m, K, 3] (after the last, anything), how many [B, m], where they stand, and `echo` [B, m]:
    1 + the first of COPIES that says the same, or 0."""

    events: Ints
    counts: Ints
    row: Ints
    bar: Ints
    features: Ints
    echo: Ints


class Places(NamedTuple):
    """Cells that are asked for, [B, q]; features [B, q, 4]."""

    row: Ints
    bar: Ints
    features: Ints


@dataclass
class Memory:
    """What a number of takes have read.

    Attributes:
      past: the mind's keys and values [2 * layers, B, H, P, e], of which `length` places are taken.
      look_keys, look_values: the hand's sights [B, looks, N, LOOK], of which each take has `seen` [B].
      unread: cells that are to be read next.
    """

    past: Floats
    length: int
    look_keys: Floats
    look_values: Floats
    seen: Ints
    unread: list[Cells] = field(default_factory=list)


class GridRuntime:
    """Mind and hand of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.mind, self.hand, self.shape = session(snapshot, "mind"), session(snapshot, "hand"), snapshot.shape

    def begin(self, takes: int) -> Memory:
        """An empty memory: the first cell stands for the piece itself, the first sight for nothing at all."""
        s = self.shape
        past = np.zeros((2 * s["layers"], takes, s["heads"], PLACES, s["head"]), np.float32)
        look = np.zeros((takes, s["looks"], SIGHTS, s["look"]), np.float32)
        none = np.zeros((takes, 1), np.int64)
        unknown = np.zeros((takes, 1, len(FEATURES)), np.int64)
        first = Cells(np.zeros((takes, 1, 1, 3), np.int64), none, none, none, unknown, none)
        return Memory(past, 0, look, look.copy(), np.ones(takes, np.int64), [first])

    def answers(self, memory: Memory, piece: Ints, ask: Places) -> Floats:
        """Read what was written last, and answer [B, q, d] for the cells asked."""
        new = join(memory.unread)
        memory.unread = []
        place = np.arange(new.events.shape[2] + 1)
        there = ((place <= new.counts[..., None]) & (new.row > 0)[..., None]).reshape(len(piece), -1)
        read, write = _around(new)
        flat = there.ravel()
        given = {"piece": piece, "read": read[flat], "write": write[flat], "owner": flat.nonzero()[0] // len(place)}
        given |= {"row": new.row, "bar": new.bar, "features": new.features, "echo": new.echo}
        given |= {"length": np.array([memory.length])}
        given |= {"ask_row": ask.row, "ask_bar": ask.bar, "ask_features": ask.features}
        given |= {f"past{i}": part for i, part in enumerate(memory.past)}
        answer, past, look_keys, look_values = self.mind.run(None, given)
        memory.past = longer(memory.past, memory.length + past.shape[3], PLACES, 3)
        memory.past[:, :, :, memory.length : memory.length + past.shape[3]] = past
        memory.length += past.shape[3]
        ends = memory.seen + there.sum(1)
        memory.look_keys = longer(memory.look_keys, int(ends.max()), SIGHTS, 2)
        memory.look_values = longer(memory.look_values, int(ends.max()), SIGHTS, 2)
        take = there.nonzero()[0]
        target = (memory.seen[:, None] + there.cumsum(1) - 1)[there]
        memory.look_keys[take, :, target] = look_keys
        memory.look_values[take, :, target] = look_values
        memory.seen = ends
        return np.asarray(answer)

    def write(
        self,
        memory: Memory,
        piece: Ints,
        ask: Places,
        uniform: Floats,
        shares: Shares,
        written: Written,
    ) -> tuple[Cells, npt.NDArray[np.float64]]:
        """Write the cells asked for, all at once, and have them read next time.

        Args:
          uniform: random numbers [B, q, MOST, 3].
          shares: of the drawing; see models.grid_hand.
          written: the cells that are there already; those written now are put among them.

        Returns:
          The cells, and the log-likelihood in nats of each [B, q].
        """
        b, q = ask.row.shape
        places = list(zip(ask.bar[0].tolist(), (ask.row[0] - 1).tolist(), strict=True))  # the same for all takes
        returns = np.stack([written.returns(bar, row) for bar, row in places], axis=1).reshape(b * q, len(COPIES), -1)
        answer = self.answers(memory, piece, ask)
        work = Work.of(answer, ask, returns.astype(np.float32), uniform, memory, self.shape["hand"])
        given = {name: np.array(value, np.float32) for name, value in shares._asdict().items()}
        events, likely = np.zeros((b * q, MOST, 3), np.int64), np.zeros((b * q, MOST, 3), np.float32)
        at = 0
        while len(work.cells):
            new, nats, state = self.hand.run(None, work.inputs(at) | given)
            events[work.cells, at : at + len(new)] = new.transpose(1, 0, 2)
            likely[work.cells, at : at + len(new)] = nats.transpose(1, 0, 2)
            at += len(new)
            ended = (new[..., 0] >= END).any(0) if at < MOST else np.ones(len(work.cells), dtype=bool)
            work = work.going_on(~ended, new[-1], state)
        ends = events[..., 0] >= END
        counts = np.where(ends.any(1), ends.argmax(1), MOST)
        place = np.arange(MOST)
        said = (likely.sum(-1) * (place < counts[:, None])).sum(1)
        said = said + np.where(place == counts[:, None], likely[..., 0], 0.0).sum(1)
        for i in (events[:, 0, 0] >= COPY).nonzero()[0].tolist():
            bar, row = places[i % q]
            copied = written.source(i // q, bar, row, int(events[i, 0, 0]) - COPY)
            events[i, : len(copied)], counts[i] = copied, len(copied)
        most = max(1, int(counts.max()))
        made = np.ascontiguousarray(events[:, :most].reshape(b, q, most, 3))
        counts = counts.reshape(b, q)
        echo = [
            written.put(bar, row, [made[take, i, : counts[take, i]] for take in range(b)])
            for i, (bar, row) in enumerate(places)
        ]
        cells = Cells(made, counts, ask.row, ask.bar, ask.features, np.stack(echo, axis=1))
        memory.unread.append(cells)
        return cells, said.reshape(b, q).astype(np.float64)


@dataclass
class Work:
    """What the hand still has to write.

    Attributes:
      cells: numbers [n] of the cells that are open, among all of all takes.
      answer, row, bar, last, state, returns: of these cells [n, ...].
      uniform: their random numbers [MOST, n, 3].
      slot: where each stands in `grid` [n].
      grid: which cell looks at which sights: each of a row [B', q'] at the same; a place that none has is any cell.
      keys, values, seen: the sights [B', ...].
    """

    cells: Ints
    answer: Floats
    row: Ints
    bar: Ints
    last: Ints
    state: Floats
    returns: Floats
    uniform: Floats
    slot: Ints
    grid: Ints
    keys: Floats
    values: Floats
    seen: Ints

    @classmethod
    def of(cls, answer: Floats, ask: Places, returns: Floats, uniform: Floats, memory: Memory, width: int) -> Work:
        """All cells of all takes, not yet begun."""
        b, q = ask.row.shape
        n = b * q
        last = np.zeros((n, 3), np.int64)
        last[:, 0] = BEGIN
        state, luck = np.zeros((n, width), np.float32), uniform.reshape(n, MOST, 3).transpose(1, 0, 2) * LUCK
        index = np.arange(n)
        return cls(
            index, answer.reshape(n, -1), ask.row.reshape(n), ask.bar.reshape(n), last, state, returns, luck, index,
            index.reshape(b, q), memory.look_keys, memory.look_values, memory.seen,
        )  # fmt: skip

    def inputs(self, at: int) -> dict[str, npt.NDArray[np.generic]]:
        """What the graph takes, for the events from the `at`-th on."""
        n = len(self.cells)
        names = ("answer", "row", "bar", "last", "state", "returns", "slot", "keys", "values", "seen")
        return {name: getattr(self, name) for name in names} | {
            "cell": self.grid,
            "uniform": np.ascontiguousarray(self.uniform[at:]),
            "stop": np.array(n * GO_ON // 100 if n > FEW else 0),
        }

    def going_on(self, stays: npt.NDArray[np.bool_], last: Ints, state: Floats) -> Work:
        """The cells that stay; each gets sights of its own if that saves many places where nobody stands."""
        kept = {name: getattr(self, name)[stays] for name in ("cells", "answer", "row", "bar", "returns", "slot")}
        kept |= {"last": last[stays], "state": state[stays], "uniform": self.uniform[:, stays]}
        n = len(kept["cells"])
        if n > MUCH_LESS * self.grid.size:
            grid = np.zeros(self.grid.size, np.int64)
            grid[kept["slot"]] = np.arange(n)
            return Work(**kept, grid=grid.reshape(self.grid.shape), keys=self.keys, values=self.values, seen=self.seen)
        of = kept["slot"] // self.grid.shape[1]
        kept["slot"] = np.arange(n)
        return Work(**kept, grid=np.arange(n)[:, None], keys=self.keys[of], values=self.values[of], seen=self.seen[of])


def longer(x: Floats, wanted: int, step: int, axis: int) -> Floats:
    """An array with room for so many places along an axis, a whole number of steps of them; new ones are zero."""
    room = x.shape[axis]
    if wanted <= room:
        return x
    size = list(x.shape)
    size[axis] = -(-wanted // step) * step
    out = np.zeros(size, x.dtype)
    out[(slice(None),) * axis + (slice(room),)] = x
    return out


def _around(cells: Cells) -> tuple[Ints, Ints]:
    """The beginning and the events of each cell, and what follows each, one below the other [B * m * (K + 1), 3]."""
    b, m, most, fields = cells.events.shape
    read, write = np.zeros((2, b, m, most + 1, fields), np.int64)
    read[:, :, 0, 0] = BEGIN
    read[:, :, 1:] = write[:, :, :-1] = cells.events
    write[np.arange(b)[:, None], np.arange(m), cells.counts] = END, 0, 0
    return read.reshape(-1, fields), write.reshape(-1, fields)


def join(cells: list[Cells]) -> Cells:
    """Several sets of cells as one, in their order."""
    if len(cells) == 1:
        return cells[0]
    most = max(c.events.shape[2] for c in cells)
    events = [np.pad(c.events, ((0, 0), (0, 0), (0, most - c.events.shape[2]), (0, 0))) for c in cells]
    rest = [np.concatenate(parts, axis=1) for parts in zip(*(c[1:] for c in cells), strict=True)]
    return Cells(np.concatenate(events, axis=1), *rest)
