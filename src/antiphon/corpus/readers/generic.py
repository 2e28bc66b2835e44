"""Any nesting of MIDI, MusicXML and ABC files, read by their suffixes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.errors import AntiphonError, LimitError
from antiphon.io import files

NAME = "files"


def detect(folder: Path) -> bool:
    """True for any folder."""
    return folder.is_dir()


def units(folder: Path, skip: frozenset[str] = frozenset()) -> Iterator[Unit]:
    """One unit a file with a known suffix, in order of path; the real folders in `skip`, and hidden ones, are left out.

    Links to folders are followed, each real folder once.
    """
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        here = Path(root)
        real = os.path.realpath(root)
        if real in skip or real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in files.READABLE and not name.startswith("."):
                yield Unit(NAME, str(folder), (here / name).relative_to(folder).as_posix())


def load(unit: Unit) -> list[Outcome]:
    """The pieces in one file."""
    try:
        scores = files.load_all(unit.path)
    except (AntiphonError, OSError) as error:
        cause = Cause.TOO_LARGE if isinstance(error, LimitError) else Cause.UNREADABLE
        return [Refusal(unit.key, cause, str(error).replace(f"{unit.path}: ", "").replace(str(unit.path), unit.key))]
    many = len(scores) > 1
    work = Path(unit.key).with_suffix("").as_posix()
    return [
        Piece(score, f"{work}#{n}" if many else work, f"{unit.key}#{n}" if many else unit.key, corpus=NAME)
        for n, score in enumerate(scores, start=1)
    ]
