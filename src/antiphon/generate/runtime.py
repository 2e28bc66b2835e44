"""ONNX graphs run event by event: the cache of keys and values, or the recurrent state, kept outside of the graph.

Legend: B takes, T events, F fields, H heads, P places in the cache, e width of a head, d width, L layers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import SnapshotError
from antiphon.generate.snapshot import Snapshot

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

BUCKET = 128
"""The cache grows by so many places at a time, and so many events are read at once."""

Part = tuple[Ints, Ints]
"""Events [T, F] and their times [T]."""


def session(snapshot: Snapshot, name: str) -> Any:
    """An inference session on one thread: more threads are slower at this size, and results stay the same.

    Raises:
      SnapshotError: the graph is missing or is none.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(snapshot.graph(name)), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common root of their own
        reason = str(error).splitlines()[0]
        raise SnapshotError(f"{snapshot.graph(name)} cannot be loaded ({reason}); export or install it again.") from error


class Runtime(ABC):
    """A model that is fed one event of every take at a time, or reads many at once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.fields = [session(snapshot, f"field{i}") for i in range(4)]

    @abstractmethod
    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""

    @abstractmethod
    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, d]."""

    @abstractmethod
    def keep(self, rows: list[int]) -> None:
        """Go on with these takes only, in this order; one may be named several times."""

    @abstractmethod
    def memory(self) -> Any:
        """All that is remembered, to be joined again."""

    @abstractmethod
    def join(self, memories: Sequence[Any]) -> None:
        """Remember all of these, their takes side by side."""

    def read(self, events: Ints, times: Ints) -> Floats:
        """Events [B, T, F] and times [B, T] of every take -> state after each, [B, T, d]."""
        return np.stack([self.feed(events[:, t], times[:, t]) for t in range(events.shape[1])], axis=1)

    def prime(self, parts: Sequence[Part]) -> Floats:
        """Begin with what each take has read so far, be it the same or of different lengths -> state [B, d]."""
        first: list[int] = []  # of each take, the memory that is its own
        memories, states = [], []
        for row, (events, times) in enumerate(parts):
            same = next((i for i in range(row) if parts[i][0] is events and parts[i][1] is times), None)
            if same is not None:
                first.append(first[same])
                continue
            self.reset(1)
            states.append(self.read(events[None], times[None])[:, -1])
            memories.append(self.memory())
            first.append(len(memories) - 1)
        self.join(memories)
        self.keep(first)
        return np.concatenate(states)[first]

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        """Logits [B, size] of one field of the next event, given its earlier fields [B, field].

        A row's logits are the same to the last bit whatever stands beside it.
        """
        inputs = {"h": state} if field == 0 else {"h": state, "known": known}
        out: Floats = self.fields[field].run(None, inputs)[0]
        return out


class TransformerRuntime(Runtime):
    """Transformer with a preallocated cache that is written in place."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.step = session(snapshot, "step")
        self.layers, self.heads = snapshot.shape["layers"], snapshot.shape["heads"]
        self.e = snapshot.shape["width"] // self.heads
        self.reset(1)

    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""
        self.past = [np.zeros((takes, self.heads, BUCKET, self.e), np.float32) for _ in range(2 * self.layers)]
        self.lengths = np.zeros(takes, np.int64)

    def keep(self, rows: list[int]) -> None:
        """Go on with these takes only."""
        if rows != list(range(len(self.lengths))):
            self.past = [p[rows] for p in self.past]
            self.lengths = self.lengths[rows]

    def memory(self) -> tuple[list[Floats], Ints]:
        """The cache, and how much of it each take has filled."""
        return self.past, self.lengths

    def join(self, memories: Sequence[tuple[list[Floats], Ints]]) -> None:
        """Remember all of these."""
        places = max(past[0].shape[2] for past, _ in memories)
        self.past = [np.concatenate([_longer(past[i], places) for past, _ in memories]) for i in range(2 * self.layers)]
        self.lengths = np.concatenate([lengths for _, lengths in memories])

    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, d]."""
        return self._step(events[:, None], times[:, None])[:, 0]

    def read(self, events: Ints, times: Ints) -> Floats:
        """Events [B, T, F] and times [B, T] of every take -> state after each, [B, T, d]."""
        begins = range(0, events.shape[1], BUCKET)
        return np.concatenate([self._step(events[:, a : a + BUCKET], times[:, a : a + BUCKET]) for a in begins], axis=1)

    def _step(self, events: Ints, times: Ints) -> Floats:
        """At most BUCKET events of every take at once."""
        count = events.shape[1]
        if int(self.lengths.max()) + count > self.past[0].shape[2]:
            self.past = [_longer(p, p.shape[2] + BUCKET) for p in self.past]
        inputs: dict[str, Any] = {
            "events": events,
            "index": self.lengths[:, None] + np.arange(count),
            "time": times,
            "length": self.lengths,
        }
        inputs |= {f"past{i}": p for i, p in enumerate(self.past)}
        state, *new = self.step.run(None, inputs)
        for old, some in zip(self.past, new, strict=True):
            for row, length in enumerate(self.lengths.tolist()):
                old[row, :, length : length + count] = some[row]
        self.lengths = self.lengths + count
        return np.asarray(state)


def _longer(cache: Floats, places: int) -> Floats:
    """The cache [B, H, P, e] with so many places."""
    return np.pad(cache, ((0, 0), (0, 0), (0, places - cache.shape[2]), (0, 0)))


class GruRuntime(Runtime):
    """Recurrent network with its state handed in and back."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.step = session(snapshot, "step")
        self.layers, self.width = snapshot.shape["layers"], snapshot.shape["width"]
        self.reset(1)

    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""
        self.state = np.zeros((self.layers, takes, self.width), np.float32)

    def keep(self, rows: list[int]) -> None:
        """Go on with these takes only."""
        self.state = self.state[:, rows]

    def memory(self) -> Floats:
        """The recurrent state."""
        return self.state

    def join(self, memories: Sequence[Floats]) -> None:
        """Remember all of these."""
        self.state = np.concatenate(memories, axis=1)

    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, d]."""
        h, self.state = self.step.run(None, {"events": events, "time": times, "state": self.state})
        return np.asarray(h)


class MarkovRuntime(Runtime):
    """Markov chain, whose state is the last events themselves: without their last field, the latest event first."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.order = snapshot.shape["order"]
        self.reset(1)

    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""
        self.window = np.zeros((takes, 3 * self.order), np.float32)

    def keep(self, rows: list[int]) -> None:
        """Go on with these takes only."""
        self.window = self.window[rows]

    def memory(self) -> Floats:
        """The last events."""
        return self.window

    def join(self, memories: Sequence[Floats]) -> None:
        """Remember all of these."""
        self.window = np.concatenate(memories)

    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, 3 * order], ids as floats."""
        self.window = np.concatenate([events[:, :3].astype(np.float32), self.window], axis=1)[:, : 3 * self.order]
        return self.window

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        """Logits [B, size] of one field; row by row, since the graph's sums over its tables round otherwise for several."""
        rows = range(len(state))
        return np.concatenate([super(MarkovRuntime, self).logits(field, state[i : i + 1], known[i : i + 1]) for i in rows])
