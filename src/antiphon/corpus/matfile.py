"""MATLAB version 5 files, as far as the classic polyphonic sets need them: cell arrays of small unsigned matrices."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError, InputError

HEADER = 128
MATRIX, COMPRESSED = 14, 15
CELL = 1
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Data type of an element -> numpy type."""
LARGEST = 2**28
"""Bytes that one compressed element may unpack to."""

Matrix = npt.NDArray[np.float64]


def cells_of(path: Path) -> dict[str, list[Matrix]]:
    """The cell arrays of a file: name -> matrices, in MATLAB's order; other variables are left out.

    Raises:
      InputError: the file cannot be read.
      FormatError: it is no MATLAB 5 file, or damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a folder with the .mat files.") from error
    if len(data) < HEADER or data[:6] != b"MATLAB" or data[126:128] not in (b"IM", b"MI"):
        raise FormatError(f"{path} is not a MATLAB 5 file.")
    order = "<" if data[126:128] == b"IM" else ">"
    found: dict[str, list[Matrix]] = {}
    try:
        for kind, body in _elements(data[HEADER:], order):
            if kind == COMPRESSED:
                inflate = zlib.decompressobj()
                plain = inflate.decompress(body, LARGEST)
                if inflate.unconsumed_tail:
                    raise FormatError(f"{path} holds an element that unpacks to more than {LARGEST >> 20} MiB.")
                kind, body = next(_elements(plain, order))
            if kind == MATRIX:
                name, value = _matrix(body, order, 0)
                if isinstance(value, list):
                    found[name] = value
    except (struct.error, zlib.error, ValueError, KeyError, IndexError, StopIteration, RecursionError) as error:
        raise FormatError(f"{path} is damaged ({error}).") from error
    return found


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, bytes) of each element, small ones included."""
    at = 0
    while at + 8 <= len(data):
        word, size = struct.unpack_from(order + "II", data, at)
        if word >> 16:  # a small element: its size and up to four bytes of data in one word
            yield word & 0xFFFF, data[at + 4 : at + 4 + (word >> 16)]
            at += 8
            continue
        if at + 8 + size > len(data):
            raise ValueError(f"an element of {size} bytes ends after the file")
        yield word, data[at + 8 : at + 8 + size]
        at += 8 + size + (0 if word == COMPRESSED else -size % 8)


def _matrix(data: bytes, order: str, depth: int) -> tuple[str, list[Matrix] | Matrix]:
    """Name and value of a matrix element."""
    if depth > 2:
        raise ValueError("cells nested too deep")
    parts = _elements(data, order)
    kind = struct.unpack_from(order + "I", next(parts)[1])[0] & 0xFF
    shape = np.frombuffer(next(parts)[1], order + "i4").tolist()
    name = next(parts)[1].decode("ascii", "replace")
    if kind == CELL:
        return name, [v for v in (_matrix(body, order, depth + 1)[1] for _, body in parts) if isinstance(v, np.ndarray)]
    stored, body = next(parts)
    return name, np.frombuffer(body, order + TYPES[stored]).reshape(shape, order="F").astype(np.float64)
