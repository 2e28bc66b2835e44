"""ONNX graphs of a grid model run round by round: what was read and what may be looked at are kept outside of the graphs.

Legend: B takes, m cells just written, q cells asked for, K events of a cell, P cells read, N events in sight, F = 3 fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.generate.runtime import Floats, Ints, session
from antiphon.generate.snapshot import Snapshot
from antiphon.representations.grid import BEGIN, END, FEATURES, MOST


class Cells(NamedTuple):
    """Cells of all takes: events [B, m, K, 3] (after the last, anything), how many [B, m], and where they stand."""

    events: Ints
    counts: Ints
    row: Ints
    bar: Ints
    features: Ints


class Places(NamedTuple):
    """Cells that are asked for, [B, q]; features [B, q, 4]."""

    row: Ints
    bar: Ints
    features: Ints


@dataclass
class Memory:
    """What a number of takes have read: the mind's keys and values [L, B, H, P, e], the hand's sights, how many each has."""

    keys: Floats
    values: Floats
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
        past = np.zeros((s["streams"], takes, s["heads"], 0, s["head"]), np.float32)
        look = np.zeros((takes, s["looks"], 64, s["look"]), np.float32)
        none = np.zeros((takes, 1), np.int64)
        first = Cells(np.zeros((takes, 1, 1, 3), np.int64), none, none, none, np.zeros((takes, 1, len(FEATURES)), np.int64))
        return Memory(past, past, look, look.copy(), np.ones(takes, np.int64), [first])

    def answers(self, memory: Memory, piece: Ints, ask: Places) -> Floats:
        """Read what was written last, and answer [B, q, d] for the cells asked."""
        new = join(memory.unread)
        memory.unread = []
        given = {"piece": piece, **new._asdict(), "keys": memory.keys, "values": memory.values}
        given |= {f"ask_{name}": value for name, value in ask._asdict().items()}
        answer, keys, values, look_keys, look_values = self.mind.run(None, given)
        memory.keys = np.concatenate([memory.keys, keys], axis=3)
        memory.values = np.concatenate([memory.values, values], axis=3)
        self._sight(memory, new, look_keys, look_values)
        return np.asarray(answer)

    def _sight(self, memory: Memory, new: Cells, keys: Floats, values: Floats) -> None:
        """Keep what the hand may look at: a cell's beginning and its events, and nothing of what fills them up."""
        place = np.arange(new.events.shape[2] + 1)
        valid = ((place <= new.counts[..., None]) & (new.row > 0)[..., None]).reshape(len(keys), -1)
        ends = memory.seen + valid.sum(1)
        room = memory.look_keys.shape[2]
        if ends.max(initial=0) > room:
            more = ((0, 0), (0, 0), (0, int(ends.max()) + 64 - room), (0, 0))
            memory.look_keys, memory.look_values = np.pad(memory.look_keys, more), np.pad(memory.look_values, more)
        for b, (start, stop) in enumerate(zip(memory.seen.tolist(), ends.tolist(), strict=True)):
            memory.look_keys[b, :, start:stop] = keys[b][:, valid[b]]
            memory.look_values[b, :, start:stop] = values[b][:, valid[b]]
        memory.seen = ends

    def write(
        self, memory: Memory, piece: Ints, ask: Places, uniform: Floats, temperature: float, floor: float
    ) -> tuple[Cells, npt.NDArray[np.float64]]:
        """Write the cells asked for, all at once, and have them read next time.

        Args:
          uniform: random numbers [B, q, MOST, 3].
          temperature, floor: of the drawing; see models.grid_steps.

        Returns:
          The cells, and the log-likelihood in nats of each [B, q].
        """
        answer = self.answers(memory, piece, ask)
        b, q = ask.row.shape
        count = self.shape["at_once"]
        events = np.zeros((b, q, MOST, 3), np.int64)
        likely = np.zeros((b, q, MOST))
        counts = np.full((b, q), MOST, np.int64)
        work = Work.of(answer, ask, uniform, memory, self.shape["hand"])
        shares = {"temperature": np.array([temperature], np.float32), "floor": np.array([floor], np.float32)}
        for at in range(0, MOST, count):
            new, nats, work.state = self.hand.run(None, work.inputs(at, count) | shares)
            places = work.take[:, None], work.column
            events[(*places, slice(at, at + count))] = new
            likely[(*places, slice(at, at + count))] = nats.sum(-1)
            work.last = np.ascontiguousarray(new[:, :, -1])
            ends = np.where(new[..., 0] == END, at + np.arange(count), MOST).min(-1)
            counts[places] = np.minimum(counts[places], ends)
            if (counts[places] < at + count).all():
                break
            work = work.without(counts[places] < at + count)
        nats = (likely * (np.arange(MOST) <= counts[..., None])).sum(-1)
        most = max(1, int(counts.max()))
        cells = Cells(np.ascontiguousarray(events[:, :, :most]), counts, ask.row, ask.bar, ask.features)
        memory.unread.append(cells)
        return cells, nats


@dataclass
class Work:
    """What the hand still has to write: some cells (columns) of some takes; finished ones leave when many are.

    Attributes:
      take: [B'] takes; column: [B', q'] cells of each.
      answer, row, bar, last, state, uniform: of these cells [B', q', ...].
      look_keys, look_values, seen: of these takes [B', ...].
    """

    take: Ints
    column: Ints
    answer: Floats
    row: Ints
    bar: Ints
    last: Ints
    state: Floats
    uniform: Floats
    look_keys: Floats
    look_values: Floats
    seen: Ints

    @classmethod
    def of(cls, answer: Floats, ask: Places, uniform: Floats, memory: Memory, width: int) -> Work:
        """All cells of all takes, not yet begun."""
        b, q = ask.row.shape
        last = np.zeros((b, q, 3), np.int64)
        last[..., 0] = BEGIN
        near = -(-int(memory.seen.max(initial=0)) // 16) * 16
        keys, values = (np.ascontiguousarray(x[:, :, :near]) for x in (memory.look_keys, memory.look_values))
        state, column = np.zeros((b, q, width), np.float32), np.tile(np.arange(q), (b, 1))
        return cls(np.arange(b), column, answer, ask.row, ask.bar, last, state, uniform, keys, values, memory.seen)

    def inputs(self, at: int, count: int) -> dict[str, npt.NDArray[np.generic]]:
        """What the graph takes, for the events from the `at`-th on."""
        names = ("answer", "row", "bar", "last", "state", "look_keys", "look_values", "seen")
        return {name: getattr(self, name) for name in names} | {
            "uniform": np.ascontiguousarray(self.uniform[:, :, at : at + count])
        }

    def without(self, done: npt.NDArray[np.bool_]) -> Work:
        """The same without finished takes and cells [B', q'], if that makes it at least a quarter smaller."""
        stays = ~done.all(1)
        most = int((~done[stays]).sum(1).max())
        if stays.sum() * most > 0.75 * done.size:
            return self
        # the cells still open come first; a take with fewer of them than others keeps some finished ones
        order = np.argsort(done[stays], axis=1, kind="stable")[:, :most]
        rows = np.flatnonzero(stays)

        def some(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.ascontiguousarray(x[rows[:, None], order])

        names = ("column", "answer", "row", "bar", "last", "state", "uniform")
        cells = {name: some(getattr(self, name)) for name in names}
        takes = {name: getattr(self, name)[rows] for name in ("take", "look_keys", "look_values", "seen")}
        return Work(**cells, **takes)


def join(cells: list[Cells]) -> Cells:
    """Several sets of cells as one, in their order."""
    if len(cells) == 1:
        return cells[0]
    most = max(c.events.shape[2] for c in cells)
    events = [np.pad(c.events, ((0, 0), (0, 0), (0, most - c.events.shape[2]), (0, 0))) for c in cells]
    rest = [np.concatenate(parts, axis=1) for parts in zip(*(c[1:] for c in cells), strict=True)]
    return Cells(np.concatenate(events, axis=1), *rest)
