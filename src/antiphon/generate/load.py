"""From a name or a folder to a generator that is ready to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from antiphon.errors import SnapshotError
from antiphon.generate.events import EventGenerator
from antiphon.generate.grid import GridGenerator
from antiphon.generate.grid_runtime import GridRuntime
from antiphon.generate.request import Generator
from antiphon.generate.rolls import RollGenerator
from antiphon.generate.runtime import GruRuntime, MarkovRuntime, Runtime, TransformerRuntime
from antiphon.generate.snapshot import Snapshot, open_snapshot
from antiphon.generate.translate import StyleTranslator

SHIPPED = Path(__file__).resolve().parent.parent / "snapshots"

RUNTIMES: dict[str, type[Runtime]] = {"transformer": TransformerRuntime, "gru": GruRuntime, "markov": MarkovRuntime}


def shipped() -> list[str]:
    """Names of the snapshots that come with the package."""
    return sorted(p.parent.name for p in SHIPPED.glob("*/snapshot.json"))


LEADING = {"pop": "pop-grid"}
"""Style -> the shipped snapshot that writes new pieces of it best, in its meters; elsewhere the style's own does."""


def leading(style: str, meter: tuple[int, int] | None) -> str:
    """Name of the snapshot that a new piece of a style is asked of; `meter` None leaves it to the model."""
    name = LEADING.get(style, style)
    if name not in shipped():
        return style
    return name if meter is None or list(meter) in _described(name)["spec"]["meters"] else style


def available() -> list[str]:
    """The styles that come with the package: the names of the snapshots that are called as their style is.

    Another shipped snapshot of a style is asked for by its own name.
    """
    return [name for name in shipped() if _described(name)["style"] == name]


def _described(name: str) -> dict[str, Any]:
    """What a shipped snapshot says of itself; its graphs are verified when it is opened."""
    description: dict[str, Any] = json.loads((SHIPPED / name / "snapshot.json").read_bytes())
    return description


def find(name: str) -> Snapshot:
    """The shipped snapshot of that name, or the one in that folder.

    Raises:
      SnapshotError: there is none, or it is damaged.
    """
    if name in shipped():
        return open_snapshot(SHIPPED / name)
    if Path(name).is_dir():
        return open_snapshot(Path(name))
    known = ", ".join(shipped()) or "none"
    raise SnapshotError(f"There is no model {name!r}; shipped are: {known}; or give the folder of a snapshot.")


def load(name: str) -> Generator:
    """The generator of a shipped snapshot or of a snapshot folder.

    Raises:
      SnapshotError: there is none, it is damaged, or of a kind that this version does not know.
    """
    snapshot = find(name)
    if snapshot.kind == "gan":
        return RollGenerator(snapshot)
    if snapshot.kind == "cycle":
        return StyleTranslator(snapshot)
    if snapshot.kind == "grid":
        return GridGenerator(snapshot, GridRuntime(snapshot))
    if snapshot.kind not in RUNTIMES:
        raise SnapshotError(f"Model {snapshot.name!r} is of the kind {snapshot.kind!r}, which this version does not know.")
    try:
        return EventGenerator(snapshot, RUNTIMES[snapshot.kind](snapshot))
    except KeyError as error:
        raise SnapshotError(f"The snapshot in {snapshot.folder} lacks its {error}; export or install it again.") from error
