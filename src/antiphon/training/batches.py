"""Batches: endless, seeded, resumable - the order is a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor


def shuffled(count: int, seed: int, start: int = 0) -> Iterator[int]:
    """Indices 0 .. count-1 in ever new orders, epoch after epoch, beginning at the `start`-th of the stream."""
    epoch, at = divmod(start, count)
    while True:
        order = np.random.default_rng([seed, epoch]).permutation(count)
        yield from order[at:].tolist()
        epoch, at = epoch + 1, 0


def batches(
    count: int,
    make: Callable[[int, np.random.Generator], dict[str, np.ndarray]],
    size: int,
    seed: int,
    step: int = 0,
    part: tuple[int, int] = (0, 1),
) -> Iterator[dict[str, Tensor]]:
    """Batches of `size` examples, from step `step` on.

    `make(index, rng)` gives one example as arrays; `rng` is derived from (seed, place in the stream), so a resumed
    run sees what an uninterrupted one would have seen. `part` is (rank, processes): a process among several gets its
    own slice of the batch that one process alone would get.
    """
    rank, processes = part
    place = step * size
    order = shuffled(count, seed, place)
    while True:
        rows = []
        for i in range(size):
            index = next(order)
            if i * processes // size == rank:
                rows.append(make(index, np.random.default_rng([seed, 1, place])))
            place += 1
        yield collate(rows)


def collate(rows: Sequence[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Stack examples; the first axis is padded with zeros to the longest."""
    out = {}
    for name in rows[0]:
        longest = max(len(r[name]) for r in rows)
        stacked = np.zeros((len(rows), longest, *rows[0][name].shape[1:]), dtype=rows[0][name].dtype)
        for i, r in enumerate(rows):
            stacked[i, : len(r[name])] = r[name]
        out[name] = torch.from_numpy(stacked)
    return out
