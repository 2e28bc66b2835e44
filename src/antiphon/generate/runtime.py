"""ONNX graphs run event by event: the cache of keys and values, or the recurrent state, kept outside of the graph.

Legend: B takes, F fields, H heads, P places in the cache, e width of a head, d width, L layers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import SnapshotError
from antiphon.generate.snapshot import Snapshot

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

BUCKET = 128
"""The cache grows by so many places at a time."""


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
    """A model that is fed one event of every take at a time."""

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
        """Forget all takes but these, which move up in their order."""

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        """Logits [B, size] of one field of the next event, given its earlier fields [B, field]."""
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
        self.past: list[Floats] = []
        self.length = 0

    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""
        self.past = [np.zeros((takes, self.heads, BUCKET, self.e), np.float32) for _ in range(2 * self.layers)]
        self.length = 0

    def keep(self, rows: list[int]) -> None:
        """Forget all takes but these."""
        self.past = [p[rows] for p in self.past]

    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, d]."""
        if self.length == self.past[0].shape[2]:
            self.past = [np.concatenate([p, np.zeros_like(p[:, :, :BUCKET])], axis=2) for p in self.past]
        inputs: dict[str, Any] = {
            "events": events,
            "index": np.full(len(events), self.length, np.int64),
            "time": times,
            "length": np.array([self.length], np.int64),
        }
        inputs |= {f"past{i}": p for i, p in enumerate(self.past)}
        state, *new = self.step.run(None, inputs)
        for old, one in zip(self.past, new, strict=True):
            old[:, :, self.length] = one[:, :, 0]
        self.length += 1
        return np.asarray(state)


class GruRuntime(Runtime):
    """Recurrent network with its state handed in and back."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.step = session(snapshot, "step")
        self.layers, self.width = snapshot.shape["layers"], snapshot.shape["width"]
        self.state = np.zeros((self.layers, 1, self.width), np.float32)

    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""
        self.state = np.zeros((self.layers, takes, self.width), np.float32)

    def keep(self, rows: list[int]) -> None:
        """Forget all takes but these."""
        self.state = self.state[:, rows]

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
        """Forget all takes but these."""
        self.window = self.window[rows]

    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, 3 * order], ids as floats."""
        self.window = np.concatenate([events[:, :3].astype(np.float32), self.window], axis=1)[:, : 3 * self.order]
        return self.window
