"""Music files by their suffix: load, save, and the one way in which any result is written to disk."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from dataclasses import replace
from pathlib import Path

from antiphon.errors import FormatError, InputError, LimitError, OutputError
from antiphon.io import abc, midi, musicxml
from antiphon.music.score import Score

READABLE = (".mid", ".midi", ".kar", ".rmi", ".musicxml", ".xml", ".mxl", ".abc")
"""Suffixes that `load` and `load_all` understand."""
WRITABLE = (".mid", ".midi", ".kar", ".musicxml", ".xml", ".mxl", ".abc")
"""Suffixes that `save` understands."""
MAX_FILE_BYTES = 64 * 2**20
"""Largest file that is opened at all."""

_REASONS = {
    errno.ENOENT: "there is no such folder",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
}


def write_atomic(path: Path, data: bytes) -> None:
    """Write a whole file or nothing: under a temporary name in the same folder, then renamed onto `path`.

    Raises:
      OutputError: the folder is missing or may not be written, or the disk is full.
    """
    temporary: Path | None = None
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        temporary = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.part")
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except (OSError, ValueError) as error:
        if temporary is not None:
            with contextlib.suppress(OSError, ValueError):
                temporary.unlink(missing_ok=True)
        reason = _reason(error) if isinstance(error, OSError) else "the path is not valid"
        raise OutputError(f"Cannot write {path}: {reason}.") from error


def _reason(error: OSError) -> str:
    known = _REASONS.get(error.errno or 0)
    return known or (error.strerror or str(error)).lower()


def read_bytes(path: Path) -> bytes:
    """Content of a file from outside.

    Raises:
      InputError: it is missing, a folder, unreadable or empty.
      LimitError: it is larger than MAX_FILE_BYTES.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a file.")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise LimitError(f"{path} has {size / 2**20:,.0f} MB; the limit is {MAX_FILE_BYTES // 2**20} MB.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {_reason(error)}.") from error
    except ValueError as error:
        raise InputError(f"The path {str(path)!r} is not valid.") from error
    if not data:
        raise InputError(f"{path} is empty.")
    return data


def load_all(path: Path | str) -> list[Score]:
    """Every piece in the file, at least one.

    Raises:
      InputError: the file is missing, a folder, unreadable, empty or of an unknown kind (see READABLE).
      FormatError, LimitError: its content is damaged or absurd; the sentence begins with the path.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    data = read_bytes(path)
    if suffix not in READABLE:
        raise InputError(f"{path} is of no kind that can be read ({', '.join(READABLE)}).")
    try:
        return _parse(suffix, data, path.stem)
    except (FormatError, LimitError) as error:
        raise type(error)(f"{path}: {error}") from error


def load(path: Path | str) -> Score:
    """The piece in the file, the first where it holds several; errors as `load_all`."""
    return load_all(path)[0]


def _parse(suffix: str, data: bytes, stem: str) -> list[Score]:
    if suffix == ".abc":
        scores = abc.loads(data)
    elif suffix in (".musicxml", ".xml", ".mxl"):
        scores = [musicxml.loads(data)]
    else:
        scores = [midi.loads(data)]
    return [s if s.title else replace(s, title=stem) for s in scores]


def save(score: Score, path: Path | str) -> None:
    """Write the piece in the format that the suffix of `path` names.

    Raises:
      InputError: the suffix names no format that can be written (see WRITABLE), or ABC is asked of drums alone.
      LimitError: the piece is beyond what the format can say.
      OutputError: the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise InputError(f"{path} is of no kind that can be written ({', '.join(WRITABLE)}).")
    if suffix == ".abc":
        data = abc.dumps(score).encode("utf-8")
    elif suffix == ".mxl":
        data = musicxml.dumps_mxl(score)
    elif suffix in (".musicxml", ".xml"):
        data = musicxml.dumps(score)
    else:
        data = midi.dumps(score)
    write_atomic(path, data)
