"""Building a store: a folder of music goes in; cleaned, deduplicated, split pieces come out, resumable and atomic."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.corpus import dedupe, pool
from antiphon.corpus.clean import Limits
from antiphon.corpus.columns import SPLITS, TABLES, Tables
from antiphon.corpus.ingest import find_units
from antiphon.corpus.piece import Cause, Unit
from antiphon.corpus.shard import Settings, Shard, chosen, make_shard, read_members, read_shard, shard_path
from antiphon.corpus.split import assign
from antiphon.corpus.store import MANIFEST, Store, write_store
from antiphon.errors import InputError, OutputError

SHARD_UNITS = 64
"""Units a shard: small enough that memory, and what a kill costs, stay small."""
FILE_SECONDS = 10.0
"""CPU seconds after which the reading of one file is given up (six times that by the clock)."""
NAMED_MATCHES = 1000
"""Most near copies that the manifest lists by name."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What a build did.

    Attributes:
      path: the store.
      units, pieces, works: files or entries read, pieces stored, works they belong to.
      refused: cause -> how many, duplicates included.
      corpora: name of reader -> pieces.
      splits: split -> pieces.
      near_copies: (source, source, likeness) of pieces bound to one work as versions of it.
      seconds: wall time of this run.
      resumed: shards that an earlier, interrupted run had finished.
    """

    path: Path
    units: int
    pieces: int
    works: int
    refused: dict[str, int]
    corpora: dict[str, int]
    splits: dict[str, int]
    near_copies: list[tuple[str, str, float]] = field(default_factory=list)
    seconds: float = 0.0
    resumed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values for JSON."""
        return {**asdict(self), "path": str(self.path)}


def build(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    grid: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    valid: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    limits: Limits | None = None,
    overwrite: bool = False,
    file_seconds: float = FILE_SECONDS,
) -> Report:
    """Build a store of all music below a folder; an interrupted build goes on where it stopped when called again.

    Workers are spawned: a script that calls this needs the usual `if __name__ == "__main__":`.

    Args:
      folder: a named corpus, several of them, or any nesting of music files.
      out: folder of the store, which must not exist yet.
      grid: steps a quarter note to quantise to; None keeps all times.
      jobs: processes; None means one a core.
      progress: called with (units done, units in all).
      valid, test: shares of the works set aside, by a hash of their names; published splits are respected.
      seed: another seed, another division.
      limits: what a piece must have.
      overwrite: replace a store that stands at `out`.
      file_seconds: CPU seconds after which the reading of one file is given up.

    Raises:
      InputError: the folder does not exist or holds no music, `out` is taken, or an option makes no sense.
      OutputError: the store cannot be written.
    """
    began = time.monotonic()
    root, target = Path(folder).resolve(), Path(out).resolve()
    if grid is not None and not 1 <= grid <= 96:
        raise InputError(f"A grid of {grid} steps a quarter note makes no sense; choose 1 to 96.")
    assign([], [], valid, test, seed)
    if target.exists() and not (overwrite and (target / MANIFEST).is_file()):
        raise InputError(f"{target} exists already; choose another name, or overwrite it on purpose if it is a store.")
    units = list(find_units(root))
    if not units:
        raise InputError(f"No music was found below {root}: no MIDI, MusicXML or ABC file and no corpus that is known.")
    limits = limits or Limits()
    work = target.with_name(f".{target.name}.building")
    settings = Settings(str(root), str(work / "shards"), grid, limits)
    try:
        resumed = _prepare(work, _plan(units, settings, valid, test, seed))
        _make_shards(units, settings, jobs or os.cpu_count() or 1, progress, file_seconds)
        facts = _finish(work, len(units), settings, (valid, test, seed))
        if target.exists():
            shutil.rmtree(target)
        (work / "store").replace(target)
        shutil.rmtree(work)
    except OSError as error:
        raise OutputError(f"The store {target} cannot be written: {error.strerror or error}.") from error
    counts = facts["counts"]
    return Report(
        path=target,
        units=len(units),
        pieces=counts["pieces"],
        works=counts["works"],
        refused=counts["refused"],
        corpora=counts["corpora"],
        splits=counts["splits"],
        near_copies=[(a, b, s) for a, b, s in facts["near_copies"]],
        seconds=time.monotonic() - began,
        resumed=resumed,
    )


def _plan(units: list[Unit], settings: Settings, valid: float, test: float, seed: int) -> str:
    """Hash of everything a shard depends on: the files with their sizes and times, and the options."""
    total = hashlib.sha256(json.dumps([asdict(settings), SHARD_UNITS, valid, test, seed]).encode())
    for unit in units:
        path = Path(unit.folder) / unit.key.partition("#")[0]
        stat = path.stat() if path.is_file() else None
        total.update(repr((*unit, stat and (stat.st_size, stat.st_mtime_ns))).encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def _prepare(work: Path, plan: str) -> int:
    """Make the building folder, or keep one of the very same plan; gives back how many shards it holds already."""
    note = work / "plan.txt"
    if not (note.is_file() and note.read_text() == plan):
        shutil.rmtree(work, ignore_errors=True)
        (work / "shards").mkdir(parents=True)
        note.write_text(plan)
    shutil.rmtree(work / "store", ignore_errors=True)
    for part in (work / "shards").glob(".*.part"):
        part.unlink()
    return len(list((work / "shards").glob("*.npz")))


def _make_shards(units: list[Unit], settings: Settings, jobs: int, progress: Progress | None, file_seconds: float) -> None:
    """Make the shards that are not there yet."""
    tasks = []
    for number, start in enumerate(range(0, len(units), SHARD_UNITS)):
        if not shard_path(settings.shards, number).is_file():
            tasks.append(pool.Task(number, tuple(units[start : start + SHARD_UNITS])))
    done = len(units) - sum(len(t.items) for t in tasks)
    if progress is not None:
        progress(done, len(units))

    def step(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, len(units))

    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        for _ in pool.run(make_shard, settings, tasks, min(jobs, max(1, len(tasks))), file_seconds, step):
            pass
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _finish(work: Path, units: int, settings: Settings, division: tuple[float, float, int]) -> dict[str, Any]:
    """Deduplicate and split over all shards, and write the store beside them."""
    paths = sorted(Path(settings.shards).glob("*.npz"))
    members = [read_members(p, "sketches", "leads", "digests", "lines", "refusals") for p in paths]
    words = [_known(line) for m in members for line in m[3].tobytes().split(b"\n")[:-1]]
    refusals = [r for m in members for r in json.loads(m[4].tobytes())]
    sketches, leads, digests = (np.concatenate([m[k] for m in members]) for k in range(3))
    copies = dedupe.exact_copies(digests)
    keep = np.array([i not in copies for i in range(len(words))], dtype=bool)
    sketches[~keep] = leads[~keep] = 0xFFFFFFFF
    near = dedupe.near_copies(sketches, dedupe.ALIKE) + dedupe.near_copies(leads, dedupe.LEAD_ALIKE)
    best = {(m.first, m.second): m.likeness for m in sorted(near, key=lambda m: m.likeness)}
    works = dedupe.group_works([w["work"] for w in words], near + [dedupe.Match(b, a, 1.0) for a, b in copies.items()])
    splits = assign(works, [w["published_split"] for w in words], *division)
    refusals += [
        {"source": words[a]["source"], "cause": str(Cause.DUPLICATE), "detail": f"the same notes as {words[b]['source']}"}
        for a, b in copies.items()
    ]
    kept = np.flatnonzero(keep)
    counts = {
        "units": units,
        "pieces": len(kept),
        "works": len({works[i] for i in kept}),
        "refused": dict(Counter(r["cause"] for r in refusals).most_common()),
        "corpora": dict(Counter(words[i]["corpus"] for i in kept)),
        "splits": {name: sum(splits[i] == name for i in kept) for name in SPLITS},
        "near_copies": len(best),
    }
    named = sorted(best.items(), key=lambda item: -item[1])[:NAMED_MATCHES]
    facts = {
        "counts": counts,
        "options": {"grid": settings.grid, "limits": asdict(settings.limits), "division": list(division)},
        "licences": dict(Counter(words[i]["licence"] for i in kept)),
        "near_copies": [[words[a]["source"], words[b]["source"], round(s, 3)] for (a, b), s in named],
    }
    (work / "store").mkdir()
    parts = _parts(paths, keep, words, works, splits)
    write_store(work / "store", parts, _rows(paths, keep), refusals, facts)
    Store.open(work / "store")
    return facts


def _known(line: bytes) -> dict[str, Any]:
    """What deduplication and splitting need of a piece's words."""
    words = json.loads(line.decode("utf-8", "surrogatepass"))
    return {name: words[name] for name in ("work", "source", "published_split", "licence", "corpus")}


def _rows(paths: list[Path], keep: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, int]:
    """Rows that every table will have once only the kept pieces are left."""
    rows = dict.fromkeys(TABLES, 0)
    at = 0
    for path in paths:
        pieces, tracks = read_members(path, "pieces", "tracks")
        mine = keep[at : at + len(pieces)]
        at += len(pieces)
        of_piece = np.repeat(mine, pieces["tracks"])
        rows["pieces"] += int(mine.sum())
        rows["tracks"] += int(of_piece.sum())
        rows["marks"] += int(pieces["marks"][mine].sum())
        rows["notes"] += int(tracks["notes"][of_piece].sum())
        rows["pedals"] += int(tracks["pedals"][of_piece].sum())
    return rows


def _parts(
    paths: list[Path],
    keep: np.ndarray[Any, np.dtype[np.bool_]],
    words: list[dict[str, Any]],
    works: list[str],
    splits: list[str],
) -> Iterator[tuple[Tables, bytes]]:
    """Shard by shard, the kept pieces with their final work and split."""
    at = 0
    for path in paths:
        shard: Shard = read_shard(path)
        numbers = range(at, at + len(shard.tables["pieces"]))
        at = numbers.stop
        tables, lines = chosen(shard, keep[numbers.start : numbers.stop])
        mine = [i for i in numbers if keep[i]]
        for k, i in enumerate(mine):
            if works[i] != words[i]["work"]:
                entry = {**json.loads(lines[k].decode("utf-8", "surrogatepass")), "work": works[i]}
                lines[k] = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        pieces = tables["pieces"].copy()
        sizes = np.array([len(line) for line in lines], dtype=np.int64)
        pieces["line"], pieces["line0"] = sizes, np.cumsum(sizes) - sizes
        pieces["split"] = [SPLITS.index(splits[i]) for i in mine]
        yield {**tables, "pieces": pieces}, b"".join(lines)
