"""Store: a corpus on disk as memory-mapped columns, read back piece by piece without loss and without pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.columns import QUALITY_NAMES, SPLITS, TABLES, Tables, decode_score, encode
from antiphon.corpus.piece import Piece
from antiphon.errors import FormatError, InputError
from antiphon.music.score import Score

FORMAT, VERSION = "antiphon-store", 1
MANIFEST, LINES, REFUSALS = "manifest.json", "pieces.jsonl", "refusals.jsonl"


@dataclass(frozen=True)
class Store:
    """A built corpus; `len` gives its pieces, `store[i]` one of them, iteration all.

    Attributes:
      path: its folder.
      manifest: version, options, counts and the hash of its content.
      tables: memory-mapped columns (see `antiphon.corpus.columns`); nothing of them is read until asked for.
    """

    path: Path
    manifest: dict[str, Any]
    tables: Tables

    @classmethod
    def open(cls, path: Path | str) -> Store:
        """The store in a folder.

        Raises:
          InputError: there is no store.
          FormatError: it is damaged, or of another version.
        """
        folder = Path(path)
        if not (folder / MANIFEST).is_file():
            raise InputError(f"{folder} is not a store; build one with 'antiphon corpus build FOLDER -o {folder}'.")
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if manifest.get("format") != FORMAT:
                raise InputError(f"{folder} is not a store; build one with 'antiphon corpus build FOLDER -o STORE'.")
            if manifest.get("version") != VERSION:
                raise FormatError(f"{folder} is a store of another version; build it anew.")
            tables = {name: _mapped(folder / f"{name}.npy") for name in TABLES}
        except (OSError, ValueError, AttributeError) as error:
            raise FormatError(f"The store {folder} is damaged: {error}.") from error
        for name, dtype in TABLES.items():
            if tables[name].dtype != dtype or len(tables[name]) != manifest["rows"][name]:
                raise FormatError(f"The store {folder} is damaged: {name}.npy is not what the manifest says.")
        if tuple(manifest["qualities"]) != QUALITY_NAMES:
            raise FormatError(f"{folder} names chords as another version does; build it anew.")
        return cls(folder, manifest, tables)

    @staticmethod
    def stands_in(folder: Path) -> bool:
        """Whether a folder holds a store, of whatever version; a composed piece has a manifest too, but of its own kind."""
        try:
            manifest = json.loads((folder / MANIFEST).read_bytes())
        except (OSError, ValueError):
            return False
        return isinstance(manifest, dict) and manifest.get("format") == FORMAT

    def __len__(self) -> int:
        return len(self.tables["pieces"])

    def __getitem__(self, index: int) -> Piece:
        words = self.words(index)
        row = self.tables["pieces"][index]
        return Piece(
            decode_score(self.tables, self._at(index), words),
            words["work"],
            words["source"],
            SPLITS[int(row["split"])],
            words["licence"],
            words["corpus"],
            words["extras"],
        )

    def __iter__(self) -> Iterator[Piece]:
        return (self[i] for i in range(len(self)))

    def _at(self, index: int) -> int:
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"The store has {len(self)} pieces; there is none with number {index}.")
        return at

    @cached_property
    def _lines(self) -> npt.NDArray[np.uint8]:
        size = (self.path / LINES).stat().st_size
        return np.memmap(self.path / LINES, dtype=np.uint8, mode="r") if size else np.zeros(0, dtype=np.uint8)

    def words(self, index: int) -> dict[str, Any]:
        """Everything about a piece that is words: title, work, source, licence, corpus, track names, extras."""
        row = self.tables["pieces"][self._at(index)]
        line = bytes(self._lines[int(row["line0"]) : int(row["line0"]) + int(row["line"])])
        words: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
        return words

    def score(self, index: int) -> Score:
        """The music of one piece."""
        return decode_score(self.tables, self._at(index), self.words(index))

    def split(self, name: str) -> list[int]:
        """Numbers of the pieces in "train", "valid" or "test".

        Raises:
          InputError: there is no split of that name.
        """
        if name not in SPLITS:
            raise InputError(f"There is no split {name!r}; there are train, valid and test.")
        return [int(i) for i in np.flatnonzero(self.tables["pieces"]["split"] == SPLITS.index(name))]

    def refusals(self) -> list[dict[str, str]]:
        """Everything that was not taken: source, cause and detail."""
        text = (self.path / REFUSALS).read_text(encoding="utf-8", errors="surrogatepass")
        return [json.loads(line) for line in text.splitlines()]

    def verify(self) -> bool:
        """Whether the content still has the hash that the manifest states; reads everything once."""
        return bool(content_hash(self.path) == self.manifest["sha256"])


def _mapped(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        return np.asarray(np.load(path, allow_pickle=False))  # an empty table cannot be mapped


def content_hash(folder: Path) -> str:
    """Hash over all columns and lines of a store."""
    total = hashlib.sha256()
    for name in (*(f"{table}.npy" for table in TABLES), LINES, REFUSALS):
        total.update(name.encode())
        with (folder / name).open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def write_store(
    folder: Path,
    parts: Iterable[tuple[Tables, bytes]],
    rows: dict[str, int],
    refusals: Iterable[dict[str, str]],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Write a store of encoded parts into an empty folder, one part in memory at a time; gives back its manifest.

    Args:
      folder: exists and is empty; the caller renames it when all is well.
      parts: what `encode` gave, in the order wanted.
      rows: rows of every table over all parts.
      refusals: what was not taken.
      facts: further entries of the manifest.
    """
    out = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=(rows[name],))
        if rows[name]
        else np.zeros(0, dtype=dtype)
        for name, dtype in TABLES.items()
    }
    filled = dict.fromkeys(TABLES, 0)
    line0 = 0
    with (folder / LINES).open("wb") as lines:
        for tables, text in parts:
            moved = _rebased(tables, filled, line0)
            for name, table in moved.items():
                out[name][filled[name] : filled[name] + len(table)] = table
                filled[name] += len(table)
            lines.write(text)
            line0 += len(text)
    if filled != rows:
        raise InputError(f"The parts of the store {folder} do not have the rows that were announced.")
    for name, table in out.items():
        if rows[name]:
            table.flush()  # type: ignore[attr-defined]
        else:
            np.save(folder / f"{name}.npy", table, allow_pickle=False)
    with (folder / REFUSALS).open("w", encoding="utf-8", errors="surrogatepass") as file:
        for refusal in refusals:
            file.write(json.dumps(refusal, ensure_ascii=False) + "\n")
    manifest = {"format": FORMAT, "version": VERSION, "rows": rows, "qualities": list(QUALITY_NAMES), **facts}
    manifest["sha256"] = content_hash(folder)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _rebased(tables: Tables, filled: dict[str, int], line0: int) -> Tables:
    """The tables with their first rows counted from the start of the whole store."""
    pieces, tracks = tables["pieces"].copy(), tables["tracks"].copy()
    pieces["track0"] += filled["tracks"]
    pieces["mark0"] += filled["marks"]
    pieces["line0"] += line0
    tracks["note0"] += filled["notes"]
    tracks["pedal0"] += filled["pedals"]
    return {**tables, "pieces": pieces, "tracks": tracks}


def save_pieces(folder: Path, pieces: list[Piece]) -> Store:
    """A store of pieces already in memory, for small corpora and tests; the folder must not exist yet.

    Raises:
      InputError: the folder exists.
    """
    if folder.exists():
        raise InputError(f"{folder} exists already; give another name or remove it first.")
    folder.mkdir(parents=True)
    tables, lines = encode(pieces)
    write_store(folder, [(tables, lines)], {name: len(table) for name, table in tables.items()}, [], {})
    return Store.open(folder)
