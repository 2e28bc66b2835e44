"""Where the studio keeps things on disk, and the lock that lets only one server use them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import InputError, OutputError


@dataclass(frozen=True, slots=True)
class Home:
    """The studio's folder.

    Attributes:
      root: everything lies below it.
    """

    root: Path

    @property
    def database(self) -> Path:
        """Projects, takes, ratings, settings."""
        return self.root / "studio.db"

    @property
    def sound(self) -> Path:
        """Rendered sound, one folder a piece; may be deleted at any time."""
        return self.root / "sound"

    @property
    def downloads(self) -> Path:
        """Exported zips."""
        return self.root / "downloads"

    @property
    def uploads(self) -> Path:
        """Music sent to be learnt from, one folder an upload."""
        return self.root / "uploads"

    @property
    def styles(self) -> Path:
        """Snapshots learnt here, one folder a style."""
        return self.root / "styles"

    def make(self) -> None:
        """Make the folders, readable by their owner only.

        Raises:
          OutputError: they cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.sound, self.downloads, self.uploads, self.styles):
                folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutputError(
                f"Cannot make the studio's folder {self.root}: {(error.strerror or str(error)).lower()}."
            ) from error


def default_home() -> Path:
    """$ANTIPHON_HOME/studio, else the place where this system keeps a program's data."""
    own = os.environ.get("ANTIPHON_HOME")
    if own:
        return Path(own).expanduser() / "studio"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "antiphon" / "studio"


class Occupied:
    """Holds the home for one server; released by `close`, and by the system when the process ends in whatever way."""

    def __init__(self, home: Home) -> None:
        """Take the home.

        Raises:
          InputError: another server has it.
        """
        self._file = (home.root / "studio.lock").open("a+b")
        try:
            _lock(self._file.fileno())
        except OSError as error:
            self._file.close()
            raise InputError(f"Another studio is open on {home.root}; close it, or give another --home.") from error

    def close(self) -> None:
        """Let the home go."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
