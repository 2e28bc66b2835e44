"""Where Antiphon's own things lie on disk: the snapshots that came with it, and the user's folder."""

from __future__ import annotations

import os
from pathlib import Path


def shipped_snapshots() -> Path:
    """Folder of the snapshots inside the installed package, one folder a style; it may be missing."""
    return Path(__file__).parent / "snapshots"


def home() -> Path:
    """The user's own folder: $ANTIPHON_HOME, else "antiphon" in the system's folder for application data.

    Nothing is created; whoever writes there makes the folder.
    """
    named = os.environ.get("ANTIPHON_HOME")
    if named:
        return Path(named).expanduser()
    data = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "antiphon"


def user_snapshots() -> Path:
    """Folder of the snapshots that the user trained or was given, one folder a snapshot; it may be missing."""
    return home() / "snapshots"
