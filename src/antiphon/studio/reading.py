"""What the reader worker does: files from outside become scores, in a process of their own that may die of them."""

from __future__ import annotations

import base64
import contextlib
import io
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from antiphon.errors import AntiphonError, FormatError, InputError, LimitError
from antiphon.io import files
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.score import Score
from antiphon.studio.edits import free_name
from antiphon.studio.scorejson import check_size, instrument, pack, packed_json
from antiphon.studio.worker import Tell, Verb

MAX_MEMBERS = 200
"""Pieces that one import may bring."""
MAX_SURVEY = 20_000
"""Pieces that are read to learn from."""
MAX_UNPACKED = 1024 * 2**20
"""Bytes that a zip may unpack to."""
SHOWN_REFUSALS = 50


def read(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The pieces in one file, or in every music file of a zip, as takes.

    Raises:
      InputError: there is nothing in it that can be read.
    """
    name, data = args["name"], base64.b64decode(args["bytes"])
    suffix = PurePosixPath(name).suffix.lower()
    takes: list[dict[str, Any]] = []
    refused: list[str] = []
    with tempfile.TemporaryDirectory(prefix="antiphon-") as folder:
        members = unzipped(data, MAX_MEMBERS) if suffix == ".zip" else iter([(name, data)])
        for member, content in members:
            try:
                scores = load(member, content, Path(folder))
            except AntiphonError as error:
                if suffix != ".zip":
                    raise
                refused.append(str(error))
                continue
            takes += [_take(len(takes) + i, member, score) for i, score in enumerate(scores[: MAX_MEMBERS - len(takes)])]
    if not takes:
        raise InputError(refused[0] if refused else f"There is no music file in {name}.")
    if refused:
        takes[0]["said"].append(f"{len(refused)} file{'s' * (len(refused) > 1)} could not be read; the first: {refused[0]}")
    title = takes[0]["packed"]["piece"]["title"] if len(takes) == 1 else PurePosixPath(name).stem
    return {"title": title or PurePosixPath(name).stem, "takes": takes}


def _take(index: int, member: str, score: Score) -> dict[str, Any]:
    stem = PurePosixPath(member).name
    return {
        "kind": "take",
        "index": index,
        "file": stem,
        "name": (score.title or stem)[:200],
        "packed": packed_json(pack(score)),
        "said": [f"Read from {stem}."],
    }


def load(name: str, data: bytes, folder: Path) -> list[Score]:
    """The pieces in a file's bytes, each track with a name of its own.

    Raises:
      InputError: it cannot be read, or is too large; the sentence names the file without its folder.
    """
    plain = PurePosixPath(name.replace("\\", "/")).name
    suffix = PurePosixPath(plain).suffix.lower()
    if suffix not in files.READABLE:
        raise InputError(f"{plain} is of no kind that can be read ({', '.join(files.READABLE)}).")
    path = folder / f"file{suffix}"
    path.write_bytes(data)
    try:
        scores = files.load_all(path)
        for score in scores:
            check_size(score)
    except AntiphonError as error:
        raise type(error)(str(error).replace(str(path), plain)) from error
    title = PurePosixPath(plain).stem
    return [replace(named(s), title=title if s.title == "file" else s.title) for s in scores]


def named(score: Score) -> Score:
    """The piece with a name of its own for every track: what a track without one plays, and numbers for twins."""
    names: list[str] = []
    for track in score.tracks:
        names.append(free_name(track.name[:100] or instrument(track), names))
    return score.with_tracks(replace(t, name=n) for t, n in zip(score.tracks, names, strict=True))


def unzipped(data: bytes | Path, most: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of every music file in a zip.

    Raises:
      FormatError: it is no zip, or damaged.
      LimitError: it unpacks to more than anybody's music.
    """
    total = found = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
            for info in archive.infolist():
                path = PurePosixPath(info.filename)
                hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
                if info.is_dir() or hidden or path.suffix.lower() not in files.READABLE:
                    continue
                found += 1
                if found > most:
                    return
                with archive.open(info) as file:  # what the archive says of a file's size is not to be trusted
                    content = file.read(files.MAX_FILE_BYTES + 1)
                total += len(content)
                if len(content) > files.MAX_FILE_BYTES or total > MAX_UNPACKED:
                    raise LimitError(f"The zip unpacks to more than {MAX_UNPACKED // 2**20} MB of music.")
                yield info.filename, content
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError) as error:
        raise FormatError(f"The zip cannot be read ({error}).") from error


def survey(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A report on the music of an upload: how much, of what kind, and what could not be read."""
    report = Survey()
    with tempfile.TemporaryDirectory(prefix="antiphon-") as folder:
        for name, data in members(Path(args["folder"])):
            report.add(name, data, Path(folder))
            if report.files % 20 == 0:
                tell({"kind": "progress", "message": f"read {report.files} files", "fraction": None})
    return {"result": report.told()}


def members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every music file of an upload."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".zip":
            yield from unzipped(path, MAX_SURVEY)
        elif path.suffix.lower() in files.READABLE:
            with contextlib.suppress(OSError):
                yield path.name.partition("-")[2] or path.name, path.read_bytes()


class Survey:
    """What is found in a folder of music, counted piece by piece."""

    def __init__(self) -> None:
        self.files = self.pieces = self.bars = self.notes = 0
        self.seconds = 0.0
        self.keys: Counter[str] = Counter()
        self.tracks: Counter[str] = Counter()
        self.meters: Counter[str] = Counter()
        self.refused: list[dict[str, str]] = []

    def add(self, name: str, data: bytes, folder: Path) -> None:
        """Read one file and count what is in it."""
        from antiphon.music.tonality import find_key

        self.files += 1
        try:
            scores = load(name, data, folder)
        except AntiphonError as error:
            self.refused.append({"file": name, "reason": str(error)})
            return
        for score in scores:
            heard = score.keys[0].key if score.keys else getattr(find_key(score), "key", None)
            self.pieces += 1
            self.bars += bar_count(score)
            self.notes += score.note_count
            self.seconds += duration_seconds(score)
            self.keys[str(heard) if heard is not None else "none"] += 1
            self.meters[f"{score.meters[0].numerator}/{score.meters[0].denominator}"] += 1
            self.tracks.update(instrument(t) for t in score.tracks if len(t))

    def told(self) -> dict[str, Any]:
        """The report as JSON and in sentences."""
        minutes = self.seconds / 60
        sentences = [f"{self.pieces} pieces, {self.bars:,} bars, {self.notes:,} notes, {minutes:.0f} minutes."]
        if self.refused:
            several = "s" * (len(self.refused) > 1)
            sentences.append(f"{len(self.refused)} file{several} could not be read; the first: {self.refused[0]['reason']}")
        if self.keys:
            common = ", ".join(f"{name} ({n})" for name, n in self.keys.most_common(3))
            sentences.append(f"Most frequent keys: {common}.")
        if self.pieces < 10:
            sentences.append("This is very little music to learn a style from; twenty pieces or more are better.")
        return {
            "pieces": self.pieces, "bars": self.bars, "notes": self.notes, "minutes": round(minutes, 1),
            "keys": dict(self.keys.most_common()), "tracks": dict(self.tracks.most_common(40)),
            "meters": dict(self.meters.most_common()), "refused": self.refused[:SHOWN_REFUSALS], "sentences": sentences,
        }  # fmt: skip


VERBS: dict[str, Verb] = {"read": read, "survey": survey}
