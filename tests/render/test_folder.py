"""Piece folders: complete or not there at all, never two pieces mixed, nobody else's files touched."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

import antiphon
from antiphon.errors import InputError, OutputError
from antiphon.io import files
from antiphon.render.folder import as_json, check_sound, staged, write_stems
from conftest import FakeGenerator


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def put(stage: Path, **contents: str) -> None:
    """Files as a piece leaves them; __ stands for a dot, and stems go into their folder."""
    (stage / "stems").mkdir(exist_ok=True)
    names = []
    for name, content in contents.items():
        path = name.replace("__", ".").replace("stems_", "stems/")
        names.append(path)
        (stage / path).write_text(content)
    (stage / "manifest.json").write_bytes(as_json({"files": [*names, "manifest.json"]}))


def test_a_new_folder_appears_whole(tmp_path: Path) -> None:
    with staged(tmp_path / "a" / "song") as stage:
        put(stage, piece__mid="1", stems_melody__flac="2")
        assert not (tmp_path / "a" / "song").exists()
    assert set(tree(tmp_path / "a" / "song")) == {"piece.mid", "stems/melody.flac", "manifest.json"}
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["song"]


def test_a_second_piece_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    song = tmp_path / "song"
    with staged(song) as stage:
        put(stage, piece__mid="1", piece__flac="1", stems_melody__flac="1", stems_piano__flac="1")
    (song / "notes.txt").write_text("mine")
    (song / "stems" / "my.flac").write_text("mine")
    with staged(song) as stage:
        put(stage, piece__mid="2", piece__wav="2", stems_melody__wav="2")
    assert set(tree(song)) == {
        "piece.mid", "piece.wav", "stems/melody.wav", "manifest.json", "notes.txt", "stems/my.flac",
    }  # fmt: skip
    assert (song / "piece.mid").read_text() == "2"


@pytest.mark.parametrize("failure", [ValueError("a bug"), KeyboardInterrupt(), InputError("no"), OSError(errno.EIO, "torn")])
def test_failure_leaves_everything_as_it_was(tmp_path: Path, failure: BaseException) -> None:
    song = tmp_path / "song"
    with staged(song) as stage:
        put(stage, piece__mid="1", stems_melody__flac="1")
    before = tree(tmp_path)
    with pytest.raises((type(failure), OutputError)), staged(song) as stage:
        put(stage, piece__mid="2")
        raise failure
    assert tree(tmp_path) == before
    with pytest.raises((type(failure), OutputError)), staged(tmp_path / "new") as stage:
        raise failure
    assert [p.name for p in tmp_path.iterdir()] == ["song"]


def test_disk_full_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^Cannot write .*song: the disk is full\.$"), staged(tmp_path / "song"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_errors_name_the_folder_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, staged(tmp_path / "song") as stage:
        files.write_atomic(stage / "missing" / "piece.mid", b"")
    assert ".part" not in str(caught.value)
    assert str(tmp_path / "song") in str(caught.value)


def test_a_file_in_the_way_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "song").write_text("mine")
    for path in (tmp_path / "song", tmp_path / "song" / "deeper"):
        with pytest.raises(OutputError, match=r"^Cannot write [^\n]+\.$"), staged(path):
            pass
    assert (tmp_path / "song").read_text() == "mine"


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with staged(tmp_path / "link") as stage:
        put(stage, piece__mid="1")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "piece.mid").read_text() == "1"


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"{", b'{"files": 3}', b'{"files": ["../mine.txt", "/etc/x", "stems/../../mine.txt", 5, "notes.txt"]}'],
)
def test_a_hostile_manifest_takes_nothing_away(tmp_path: Path, manifest: bytes) -> None:
    song = tmp_path / "song"
    song.mkdir()
    for mine in (tmp_path / "mine.txt", song / "notes.txt"):
        mine.write_text("mine")
    (song / "manifest.json").write_bytes(manifest)
    with staged(song) as stage:
        put(stage, piece__mid="1")
    assert (tmp_path / "mine.txt").read_text() == (song / "notes.txt").read_text() == "mine"


def test_audio_formats() -> None:
    for name in ("flac", "wav", "ogg", "mp3"):
        check_sound(name)
    with pytest.raises(InputError, match="available: flac, wav, ogg, mp3"):
        check_sound("wma")
    with pytest.raises(InputError, match="no SoundFont"):
        check_sound("flac", Path("missing.sf2"))


def test_stems_have_safe_and_distinct_names(tmp_path: Path) -> None:
    sound = np.zeros((100, 2), dtype=np.float32)
    stems = {"melody": sound, "../../x/y": sound, "": sound, "Violin 1": sound, "Violin/1": sound}
    names = write_stems(stems, 44100, tmp_path, "wav")
    assert len(set(names)) == 5
    assert sorted(names) == sorted(p.name for p in tmp_path.iterdir())
    assert names[:4] == ["melody.wav", "x-y.wav", "track.wav", "Violin-1.wav"]


@pytest.mark.parametrize("audio", ["flac", "ogg"])
def test_a_composition_is_saved_whole(tmp_path: Path, audio: str) -> None:
    piece = antiphon.compose(bars=2, seed=7, tempo=150, takes=2, generator=FakeGenerator())
    antiphon.save(piece, tmp_path / "song", audio=audio)
    told = json.loads((tmp_path / "song" / "manifest.json").read_bytes())
    stems = [f"stems/{role}.{audio}" for role in ("melody", "bridge", "piano")]
    takes = ["takes/take-01.mid", "takes/take-02.mid"]
    assert sorted(told["files"]) == sorted(
        ["piece.mid", f"piece.{audio}", "piece.musicxml", "roll.png", "manifest.json", *stems, *takes]
    )
    assert set(tree(tmp_path / "song")) == set(told["files"])
    assert told["seed"] == 7
    again = antiphon.read(tmp_path / "song" / "piece.mid")
    assert again.note_count == piece.score.note_count
    assert again.end == piece.score.end
    assert again.title == piece.score.title
