"""Snapshot: a folder with a model's ONNX graphs, its codec, its provenance and its scores.

snapshot.json   format, name, style, kind, spec, shape, facts, card, sha256 of each graph; rolls where it writes these
*.onnx          the graphs; nothing in the folder is ever executed as code
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.errors import SnapshotError
from antiphon.representations.events import EventSpec
from antiphon.representations.pianoroll import PianoRollSpec

FORMAT = 1


@dataclass(frozen=True)
class Snapshot:
    """A snapshot's description, read and verified; graphs are loaded by who runs them.

    Attributes:
      folder: where it lies.
      name, style, kind: what it is called, writes and is ("transformer", "gru", "markov", "gan").
      spec: its event codec.
      shape: sizes that the runtime needs (layers, heads, width).
      facts: of its training data (tempos, keys, meters).
      card: data, licences, recipe, seed, scores, faults.
      digest: SHA-256 over the graphs' digests and the description.
      rolls: its piano-roll codec, where it writes rolls rather than events.
    """

    folder: Path
    name: str
    style: str
    kind: str
    spec: EventSpec
    shape: dict[str, int]
    facts: dict[str, Any]
    card: dict[str, Any]
    digest: str
    rolls: PianoRollSpec | None = None

    def graph(self, name: str) -> Path:
        """Path of one graph."""
        return self.folder / f"{name}.onnx"


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_snapshot(folder: Path) -> Snapshot:
    """Read and verify a snapshot.

    Raises:
      SnapshotError: it is missing, damaged, or of another version.
    """
    path = folder / "snapshot.json"
    if not path.is_file():
        raise SnapshotError(f"There is no snapshot in {folder}; give a folder that holds a snapshot.json.")
    try:
        text = path.read_bytes()
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise SnapshotError(f"{folder} is a snapshot of format {data['format']}; this version reads format {FORMAT}.")
        for name, wanted in data["files"].items():
            if file_digest(folder / name) != wanted:
                raise SnapshotError(f"{folder / name} is damaged (its checksum differs); export or install it again.")
        return Snapshot(
            folder, data["name"], data["style"], data["kind"], EventSpec.from_json(data["spec"]), data["shape"],
            data["facts"], data["card"], hashlib.sha256(text).hexdigest(),
            PianoRollSpec.from_json(data["rolls"]) if "rolls" in data else None,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"The snapshot in {folder} cannot be read ({error}); export or install it again.") from error


def write_description(folder: Path, data: dict[str, Any]) -> None:
    """Write snapshot.json, with the checksums of the graphs that stand in the folder."""
    files = {p.name: file_digest(p) for p in sorted(folder.glob("*.onnx"))}
    temporary = folder / "snapshot.json.part"
    temporary.write_text(json.dumps({"format": FORMAT, **data, "files": files}, indent=1, ensure_ascii=False) + "\n")
    temporary.replace(folder / "snapshot.json")
