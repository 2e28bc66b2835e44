"""Files by suffix: every format through the disk, and one sentence for whatever is wrong with a path."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from antiphon.errors import FormatError, InputError, LimitError, OutputError
from antiphon.io import files
from antiphon.music.score import Score, Track

TUNE = Score(480, (Track("melody", 0, False, [(0, 960, 60), (960, 960, 64)]),), title="tune")


@pytest.mark.parametrize("suffix", files.WRITABLE)
def test_every_format_through_the_disk(tmp_path, suffix):
    path = tmp_path / f"a{suffix.upper()}"
    files.save(TUNE, path)
    (found,) = files.load_all(path)
    assert [(n.onset * 480 // found.resolution, n.pitch) for n in files.load(str(path)).tracks[0]] == [(0, 60), (960, 64)]
    assert found.title == "tune"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_everything_written_can_be_read():
    assert set(files.WRITABLE) <= set(files.READABLE)


def test_title_falls_back_to_the_name(tmp_path):
    path = tmp_path / "My Song.mid"
    files.save(Score(480, TUNE.tracks), path)
    assert files.load(path).title == "My Song"


def test_abc_files_hold_several(tmp_path):
    path = tmp_path / "x.abc"
    path.write_text("X:1\nK:C\nC4|\n\nX:2\nK:C\nD4|\n")
    assert [s.note_count for s in files.load_all(path)] == [1, 1]


def refusal(path: Path, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        files.load(path)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_one_sentence_for_each_bad_path(tmp_path):
    assert "There is no file" in refusal(tmp_path / "none.mid", InputError)
    assert "is a folder" in refusal(tmp_path, InputError)
    assert "not valid" in refusal(Path("a\0b.mid"), InputError)
    (tmp_path / "empty.mid").touch()
    assert "is empty" in refusal(tmp_path / "empty.mid", InputError)
    (tmp_path / "song.doc").write_text("x")
    assert ".musicxml" in refusal(tmp_path / "song.doc", InputError)
    (tmp_path / "bad.mid").write_text("nothing")
    assert refusal(tmp_path / "bad.mid", FormatError).startswith(str(tmp_path / "bad.mid"))
    assert "Cannot read" in refusal(tmp_path / "bad.mid" / "x.mid", InputError)


def test_size_limit(tmp_path):
    path = tmp_path / "big.mid"
    with path.open("wb") as file:
        file.truncate(files.MAX_FILE_BYTES + 1)
    assert "limit" in refusal(path, LimitError)


def test_save_refuses_what_it_cannot_do(tmp_path):
    with pytest.raises(InputError, match="no kind that can be written"):
        files.save(TUNE, tmp_path / "a.pdf")
    with pytest.raises(OutputError, match="no such folder"):
        files.save(TUNE, tmp_path / "none" / "a.mid")
    (tmp_path / "dir.mid").mkdir()
    with pytest.raises(OutputError, match="folder"):
        files.save(TUNE, tmp_path / "dir.mid")
    with pytest.raises(OutputError, match="not valid"):
        files.write_atomic(tmp_path / "a\0b", b"")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="disk is full"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_follows_links_and_keeps_the_umask(tmp_path):
    target = tmp_path / "target.mid"
    target.write_bytes(b"old")
    link = tmp_path / "link.mid"
    link.symlink_to(target)
    files.write_atomic(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    other = tmp_path / "other.mid"
    other.write_bytes(b"")
    assert target.stat().st_mode == other.stat().st_mode
