"""Vocabularies as declared ranges: ids are derived, never numbered by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Range:
    """`size` consecutive ids that mean `name` 0 .. size-1."""

    name: str
    size: int


@dataclass(frozen=True)
class Vocabulary:
    """Ranges laid end to end.

    >>> v = Vocabulary((Range("none", 1), Range("root", 13)))
    >>> v.encode("root", 2), v.decode(3), v.size
    (3, ('root', 2), 14)
    """

    ranges: tuple[Range, ...]

    @cached_property
    def _starts(self) -> dict[str, tuple[int, int]]:
        starts, at = {}, 0
        for r in self.ranges:
            starts[r.name] = (at, r.size)
            at += r.size
        return starts

    @property
    def size(self) -> int:
        """Number of ids."""
        return sum(r.size for r in self.ranges)

    def span(self, name: str) -> slice:
        """Ids of one range."""
        start, size = self._starts[name]
        return slice(start, start + size)

    def encode(self, name: str, index: int = 0) -> int:
        """Id of the `index`-th value of a range.

        Raises:
          ValueError: the index lies outside the range.
        """
        start, size = self._starts[name]
        if not 0 <= index < size:
            raise ValueError(f"{name} {index} is outside 0..{size - 1}.")
        return start + index

    def decode(self, token: int) -> tuple[str, int]:
        """Range name and index of an id.

        Raises:
          ValueError: no range holds the id.
        """
        for name, (start, size) in self._starts.items():
            if start <= token < start + size:
                return name, token - start
        raise ValueError(f"Id {token} is outside the vocabulary of {self.size}.")
