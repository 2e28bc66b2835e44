"""Files that lie beside the graphs in a snapshot: read once for each version of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from antiphon.errors import FormatError, SnapshotError
from antiphon.generate.request import Generator
from antiphon.generate.snapshot import Snapshot

T = TypeVar("T")


def folder_of(generator: Generator) -> Path | None:
    """The folder of the generator's snapshot; None where it has none (in a test)."""
    snapshot = getattr(generator, "snapshot", None)
    return snapshot.folder if isinstance(snapshot, Snapshot) else None


def part_of(folder: Path, file: str, read: Callable[[Path], T], verb: str) -> T | None:
    """What `read` makes of a file in a snapshot's folder; None where there is no such file.

    Args:
      verb: of `antiphon critic`, which makes the file anew.

    Raises:
      SnapshotError: the file is damaged or of another version.
    """
    path = folder / file
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    try:
        found: T = _read(read, path, changed)
    except FormatError as error:
        raise SnapshotError(f"{error} 'antiphon critic {verb} {folder} --data STORE' does it.") from error
    return found


@lru_cache(maxsize=8)
def _read(read: Callable[[Path], Any], path: Path, changed: int) -> Any:
    return read(path)
