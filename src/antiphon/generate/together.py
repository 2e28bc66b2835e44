"""Many takes on several processors: shares of the seeds, each written in a thread of its own, put together in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from antiphon.generate.request import Take

LEAST = 4
"""Fewer takes are written by one thread: a share of one take costs nearly as much as one of two."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shares(seeds: Sequence[int], most: int) -> list[Sequence[int]]:
    """The seeds in runs of nearly equal length, at least two runs from LEAST seeds on, none longer than `most`.

    The cut hangs on nothing but the number of seeds, never on the machine: a take's notes are the same in any company,
    but the last digits of its likelihood may hang on the shape of the arrays that it was reckoned in.
    """
    count = len(seeds)
    parts = max(-(-count // most), 2 if count >= LEAST else 1)
    ends = [count * i // parts for i in range(parts + 1)]
    return [seeds[a:b] for a, b in pairwise(ends) if a < b]


def in_shares(write: Callable[[Sequence[int]], list[Take]], seeds: Sequence[int], most: int, threads: int) -> list[Take]:
    """One take a seed, in order; inference frees the interpreter, so that shares are written at the same time.

    Args:
      write: takes of a share of the seeds; must be safe in threads.
      seeds: of all takes.
      most: largest share.
      threads: at most so many shares at a time; 1: one after the other in the calling thread.

    Raises:
      Whatever `write` raises, the first share's first.
    """
    cut = shares(seeds, most)
    if threads < 2 or len(cut) < 2:
        return [take for some in cut for take in write(some)]
    with ThreadPoolExecutor(min(threads, len(cut)), thread_name_prefix="takes") as pool:
        return [take for takes in pool.map(write, cut) for take in takes]
