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
    named = _named_below(folder)
    for place, reader in named:
        yield from READERS[reader].units(place)
    if not any(place == folder for place, _ in named):
        yield from generic.units(folder, skip=frozenset(os.path.realpath(place) for place, _ in named))


def _named_below(folder: Path) -> list[tuple[Path, str]]:
    """(folder, reader name) of every named corpus at or below a folder, sorted; nothing inside a corpus is looked at.

    Level by level, so that a corpus reached over a link is found at its own place first, and only once.
    """
    found: list[tuple[Path, str]] = []
    seen: set[str] = set()
    level = [folder]
    for _ in range(DEPTH + 1):
        below: list[Path] = []
        for place in sorted(level, key=lambda p: (p.is_symlink(), p)):
            real = os.path.realpath(place)
            if real in seen:
                continue
            seen.add(real)
            reader = reader_for(place)
            if reader is not None:
                found.append((place, reader.NAME))
            else:
                below += [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")]
        level = below
    return sorted(found)


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
