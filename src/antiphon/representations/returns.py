"""What returns: the cells of a grid that are there already, compared with those some bars before or after.

Legend: T takes, n bars, rows = roles + 1 (row 0 is the harmony), C lags (COPIES), E = 1 + SIGNS things told of a lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.representations.grid import COPIES, Cell

SIGNS = 6
"""Told of each lag beside whether there is something to copy: how many other parts return, and how many do not, at this bar by
this lag; whether the harmony does, or not; whether the bar before of the same part did, or not."""
ABSENT = -1
LAGS = np.array(COPIES)
REACH = int(np.abs(LAGS).max()) + 1

Bytes = npt.NDArray[np.uint8]


class Written:
    """The cells of some takes as numbers: 0 is silence, and cells that say the same have the same number.

    Parts return together: of 100 bars of a melody that return note for note, the piano does in 37, by the same lag. A network
    that reads cells by their gist alone hardly sees that; told so, it knows.
    """

    def __init__(self, takes: int, bars: int, rows: int, copying: bool = True) -> None:
        self.numbers = np.full((takes, bars + 2 * REACH, rows), ABSENT)
        self.said: list[npt.NDArray[Any]] = [np.zeros((0, 3), np.uint8)]
        self.known = {b"": 0}
        self.copying = copying

    def put(self, bar: int, row: int, cells: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int64]:
        """Remember a cell of each take.

        Returns:
          1 + the first of COPIES that says the same and is there, or 0 (silence is no return) [T].
        """
        at = bar + REACH
        for take, cell in enumerate(cells):
            said = cell.astype(np.uint8).tobytes()
            number = self.known.setdefault(said, len(self.said))
            if number == len(self.said):
                self.said.append(cell.astype(np.uint8))
            self.numbers[take, at, row] = number
        here = self.numbers[:, at, row, None]
        same = (self.numbers[:, at + LAGS, row] == here) & (here > 0)
        return np.where(same.any(1), 1 + same.argmax(1), 0)

    def source(self, take: int, bar: int, row: int, lag: int) -> npt.NDArray[Any]:
        """The cell that the lag of this number means."""
        number = int(self.numbers[take, bar + REACH + COPIES[lag], row])
        assert number > 0
        return self.said[number]

    def returns(self, bar: int, row: int) -> npt.NDArray[np.uint8]:
        """What is told of each lag before a cell is written [T, C, E]: whether there is something to copy, and SIGNS.

        Nothing of the harmony: it is never told as a copy.
        """
        out = np.zeros((len(self.numbers), len(LAGS), 1 + SIGNS), np.uint8)
        if row == 0:
            return out
        at = bar + REACH
        out[..., 0] = (self.numbers[:, at + LAGS, row] > 0) & self.copying
        equal, other = self._compared(at)
        out[..., 1], out[..., 2] = equal[..., 1:].sum(-1), other[..., 1:].sum(-1)
        out[..., 3], out[..., 4] = equal[..., 0], other[..., 0]
        equal, other = self._compared(at - 1)
        out[..., 5], out[..., 6] = equal[..., row], other[..., row]
        return out

    def _compared(self, at: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """For each lag and row of a bar: whether both cells are there, one of them sounds, and they are the same, or not."""
        here, there = self.numbers[:, at, None], self.numbers[:, at + LAGS]
        both = (here >= 0) & (there >= 0) & ((here > 0) | (there > 0))
        return both & (here == there), both & (here != there)


def returned(
    cells: Sequence[npt.NDArray[Any]], order: Sequence[Cell]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """What is told of cells written in an order.

    Returns:
      Before each is written: [M, C, E], see `Written.returns`. Which lag a part's cell is told as a copy of, 1 + the first that
      says the same and stands before it in the order, or 0 [M]; the harmony is never told so. The same of all rows [M].
    """
    written = Written(1, 1 + max(bar for bar, _ in order), 1 + max(row for _, row in order))
    told = np.zeros((len(order), len(LAGS), 1 + SIGNS), np.uint8)
    echo = np.zeros(len(order), np.uint8)
    for i, (cell, (bar, row)) in enumerate(zip(cells, order, strict=True)):
        told[i] = written.returns(bar, row)[0]
        echo[i] = written.put(bar, row, [cell])[0]
    parts = np.array([row > 0 for _, row in order], dtype=bool)
    return told, np.where(parts, echo, 0).astype(np.uint8), echo
