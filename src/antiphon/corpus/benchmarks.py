"""The published likelihood benchmarks as plain arrays, split as published: chorales in voices, and the four polyphonic sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.corpus.matfile import cells_of
from antiphon.errors import FormatError, InputError

Grid = npt.NDArray[np.int64]
SPLITS = ("train", "valid", "test")
VOICES_FILE = "Jsb16thSeparated.json"
POLYPHONIC = {"jsb": "JSB_Chorales", "nottingham": "Nottingham", "piano": "Piano_midi", "muse": "MuseData"}
"""Name of a set -> its file, without suffix."""
KEYS = 88


def chorale_grids(place: Path) -> dict[str, list[Grid]]:
    """Split -> chorales [sixteenths, soprano alto tenor bass], MIDI numbers, -1 a rest.

    Args:
      place: the file Jsb16thSeparated.json, or the folder that holds it.

    Raises:
      InputError: it is not there.
      FormatError: it is not what it should be.
    """
    path = place / VOICES_FILE if place.is_dir() else place
    if not path.is_file():
        raise InputError(f"There is no {VOICES_FILE} in {place}; give the folder that holds it, or the file.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = {s: [np.array(piece, dtype=np.int64) for piece in data[s]] for s in SPLITS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} does not hold train, valid and test chorales ({error}).") from error
    for split, pieces in found.items():
        if not pieces or any(p.ndim != 2 or p.shape[1] != 4 or len(p) < 2 for p in pieces):
            raise FormatError(f"{path}: the {split} split is not a list of chorales of four voices.")
        if any((p >= 128).any() or (p < -1).any() for p in pieces):
            raise FormatError(f"{path}: a pitch of the {split} split is neither a MIDI number nor -1.")
    return found


def key_rolls(place: Path, name: str) -> dict[str, list[Grid]]:
    """Split -> sequences [frames, 88] of 0 and 1, key 0 being MIDI 21.

    Args:
      place: the folder of the .mat files, or one of them.
      name: jsb, nottingham, piano or muse.

    Raises:
      InputError: there is no such set, or it is not there.
      FormatError: its file is damaged.
    """
    if name not in POLYPHONIC:
        raise InputError(f"There is no polyphonic set {name!r}; choose one of {', '.join(POLYPHONIC)}.")
    path = place / f"{POLYPHONIC[name]}.mat" if place.is_dir() else place
    if not path.is_file():
        raise InputError(f"There is no {POLYPHONIC[name]}.mat in {place}; give the folder that holds it.")
    cells = cells_of(path)
    try:
        found = {s: [c.astype(np.int64) for c in cells[f"{s}data"]] for s in SPLITS}
    except KeyError as error:
        raise FormatError(f"{path} lacks the cell array {error}.") from error
    for split, pieces in found.items():
        if not pieces or any(p.ndim != 2 or p.shape[1] != KEYS or not ((p == 0) | (p == 1)).all() for p in pieces):
            raise FormatError(f"{path}: the {split} split is not a list of binary matrices of {KEYS} keys.")
    return found


def count(pieces: Mapping[str, Sequence[Grid]]) -> dict[str, tuple[int, int]]:
    """Split -> (pieces, steps)."""
    return {split: (len(rows), sum(len(r) for r in rows)) for split, rows in pieces.items()}
