"""From a folder to pieces: finds which corpora lie in it and reads them, in one process or several."""

from __future__ import annotations

import os
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from antiphon.corpus.piece import Piece, Unit
from antiphon.corpus.readers import READERS, generic, reader_for
from antiphon.corpus.shard import load_unit
from antiphon.errors import InputError

DEPTH = 3
"""How many levels below the given folder are searched for a named corpus."""


def find_units(folder: Path) -> Iterator[Unit]:
    """All work units below a folder: those of every named corpus found in it, then all other music files.

    Raises:
      InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; give a folder that holds music files or a known corpus.")
    named = sorted(_named_below(folder, DEPTH))
    for place, name in named:
        yield from READERS[name].units(place)
    if not any(place == folder for place, _ in named):
        yield from generic.units(folder, skip=frozenset(place for place, _ in named))


def _named_below(folder: Path, depth: int) -> Iterator[tuple[Path, str]]:
    """(folder, reader name) of every named corpus at or below a folder."""
    reader = reader_for(folder)
    if reader is not None:
        yield folder, reader.NAME
    elif depth:
        for inside in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
            yield from _named_below(inside, depth - 1)


def iter_pieces(folder: str | os.PathLike[str], jobs: int = 1) -> Iterator[Piece]:
    """All pieces below a folder, uncleaned, in a fixed order whatever the number of processes.

    Args:
      folder: a named corpus, a folder that contains several, or any nesting of music files.
      jobs: processes; 1 reads in this one.

    Raises:
      InputError: there is no such folder.
    """
    units = find_units(Path(folder))
    if jobs <= 1:
        for unit in units:
            yield from (o for o in load_unit(unit) if isinstance(o, Piece))
        return
    with get_context("spawn").Pool(jobs) as pool:
        for outcomes in pool.imap(load_unit, units, chunksize=16):
            yield from (o for o in outcomes if isinstance(o, Piece))
