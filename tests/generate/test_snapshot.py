"""Snapshots: what was written is what is read, and every damage ends in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from antiphon.errors import SnapshotError
from antiphon.generate.load import available, find, load
from antiphon.generate.snapshot import FORMAT, open_snapshot, write_description
from antiphon.representations.events import EventSpec

SPEC = EventSpec(("melody",), (0,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A snapshot with two graphs that are none."""
    (tmp_path / "field0.onnx").write_bytes(b"one")
    (tmp_path / "step.onnx").write_bytes(b"two")
    data = {
        "name": "small",
        "style": "pop",
        "kind": "guess",
        "spec": SPEC.to_json(),
        "shape": {"width": 3},
        "facts": {},
        "card": {},
    }
    write_description(tmp_path, data)
    return tmp_path


def test_what_was_written_is_read(folder: Path) -> None:
    snapshot = open_snapshot(folder)
    assert (snapshot.name, snapshot.style, snapshot.kind, snapshot.spec, snapshot.shape) == (
        "small", "pop", "guess", SPEC, {"width": 3},
    )  # fmt: skip
    assert snapshot.graph("step") == folder / "step.onnx"
    assert not list(folder.glob("*.part"))
    assert find(str(folder)) == snapshot


def test_the_digest_is_of_everything(folder: Path) -> None:
    before = open_snapshot(folder).digest
    (folder / "step.onnx").write_bytes(b"three")
    data = json.loads((folder / "snapshot.json").read_text())
    write_description(folder, {k: v for k, v in data.items() if k not in ("format", "files")})
    assert open_snapshot(folder).digest != before


def test_a_changed_or_missing_graph_is_told(folder: Path) -> None:
    (folder / "field0.onnx").write_bytes(b"One")
    with pytest.raises(SnapshotError, match=r"field0\.onnx is damaged"):
        open_snapshot(folder)
    (folder / "field0.onnx").unlink()
    with pytest.raises(SnapshotError, match="cannot be read"):
        open_snapshot(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "files": 3}', "\x00"])
def test_a_damaged_description_is_told(folder: Path, text: str) -> None:
    (folder / "snapshot.json").write_text(text)
    with pytest.raises(SnapshotError, match="cannot be read"):
        open_snapshot(folder)


@pytest.mark.parametrize("missing", ["name", "spec", "shape", "facts", "card", "files"])
def test_a_description_without_a_part_is_told(folder: Path, missing: str) -> None:
    data = json.loads((folder / "snapshot.json").read_text())
    del data[missing]
    (folder / "snapshot.json").write_text(json.dumps(data))
    with pytest.raises(SnapshotError, match="cannot be read"):
        open_snapshot(folder)


def test_another_version_is_told(folder: Path) -> None:
    data = json.loads((folder / "snapshot.json").read_text())
    (folder / "snapshot.json").write_text(json.dumps(data | {"format": FORMAT + 1}))
    with pytest.raises(SnapshotError, match=f"format {FORMAT + 1}; this version reads format {FORMAT}"):
        open_snapshot(folder)


def test_graphs_that_are_none_are_told(folder: Path) -> None:
    data = json.loads((folder / "snapshot.json").read_text())
    (folder / "snapshot.json").write_text(json.dumps(data | {"kind": "gru"}))
    with pytest.raises(SnapshotError, match=r"field0\.onnx cannot be loaded"):
        load(str(folder))


def test_nothing_there_and_unknown_kinds_are_told(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(SnapshotError, match="There is no snapshot in"):
        open_snapshot(tmp_path_factory.mktemp("empty"))
    with pytest.raises(SnapshotError, match="There is no model 'nobody'"):
        find("nobody")
    with pytest.raises(SnapshotError, match="of the kind 'guess', which this version does not know"):
        load(str(folder))
    assert available() == sorted(available())
