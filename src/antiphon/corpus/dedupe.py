"""Duplicates: exact copies are named, near copies are bound to one work, by MinHash sketches and union-find."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.music.fingerprint import SKETCH, Sketch

ALIKE = 0.5
"""Likeness of whole pieces from which they count as versions of one work."""
LEAD_ALIKE = 0.25
"""Likeness of leading lines from which two pieces count as versions of one work (unrelated songs stay below 0.05)."""
ROWS = 2
"""Sketch values a band: two pieces with likeness s share one of the 64 bands with chance 1 - (1 - s^2)^64."""
CROWD = 64
"""Most pieces of one bucket that are compared with each other; of a larger bucket each is compared with the first few."""


class Match(NamedTuple):
    """Two pieces (numbers, the first the smaller) and how alike they are."""

    first: int
    second: int
    likeness: float


class Groups:
    """Union-find over `count` members; the root of a group is its smallest member."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, member: int) -> int:
        """The smallest member of the group."""
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, a: int, b: int) -> None:
        """Make one group of the two members' groups."""
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low


def exact_copies(digests: npt.NDArray[np.bytes_] | npt.NDArray[np.void]) -> dict[int, int]:
    """Piece -> the first piece with the same digest, for all that are not the first."""
    first: dict[bytes, int] = {}
    copies: dict[int, int] = {}
    for number, digest in enumerate(digests):
        seen = first.setdefault(bytes(digest), number)
        if seen != number:
            copies[number] = seen
    return copies


def near_copies(sketches: npt.NDArray[np.uint32], threshold: float) -> list[Match]:
    """Pairs of pieces whose sketches [pieces, SKETCH] are alike, found by locality-sensitive hashing in bands.

    (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3.)
    """
    found: dict[tuple[int, int], float] = {}
    live = np.flatnonzero((sketches != 0xFFFFFFFF).any(axis=1))
    if len(live) < 2:
        return []
    for band in range(0, SKETCH, ROWS):
        values = sketches[live, band].astype(np.uint64)
        for column in range(band + 1, band + ROWS):
            values = (values << np.uint64(32)) ^ sketches[live, column].astype(np.uint64)
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        for start, size in zip(starts.tolist(), np.diff(np.append(starts, len(ordered))).tolist(), strict=True):
            if size > 1:
                _compare(sketches, live[order[start : start + size]], threshold, found)
    return [Match(a, b, found[a, b]) for a, b in sorted(found) if found[a, b] >= threshold]


def _compare(
    sketches: npt.NDArray[np.uint32], members: npt.NDArray[np.int64], threshold: float, found: dict[tuple[int, int], float]
) -> None:
    """Likeness of the pairs in one bucket, each pair measured once."""
    numbers = np.sort(members).tolist()
    anchors = numbers[:-1] if len(numbers) <= CROWD else numbers[:4]
    for i, a in enumerate(anchors):
        fresh = [b for b in numbers[i + 1 :] if (a, b) not in found]
        if fresh:
            alike = (sketches[fresh] == sketches[a]).mean(axis=1)
            found.update({(a, b): float(s) for b, s in zip(fresh, alike.tolist(), strict=True)})


def group_works(works: list[str], matches: list[Match]) -> list[str]:
    """Name of the work of every piece, where pieces of one name and near copies are one work (the smallest name)."""
    groups = Groups(len(works))
    first: dict[str, int] = {}
    for number, work in enumerate(works):
        groups.join(first.setdefault(work, number), number)
    for match in matches:
        groups.join(match.first, match.second)
    names: dict[int, str] = {}
    for number, work in enumerate(works):
        root = groups.root(number)
        names[root] = min(names.get(root, work), work)
    return [names[groups.root(number)] for number in range(len(works))]


def stacked(sketches: list[Sketch]) -> npt.NDArray[np.uint32]:
    """Sketches as rows of one array [pieces, SKETCH], also of none."""
    return np.stack(sketches) if sketches else np.zeros((0, SKETCH), dtype=np.uint32)
