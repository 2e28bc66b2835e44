"""One shard of a build: some units read, cleaned and fingerprinted by one worker, in one file that is whole or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.corpus.clean import Limits, clean
from antiphon.corpus.columns import TABLES, Tables, encode
from antiphon.corpus.dedupe import stacked
from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.corpus.pool import Task
from antiphon.corpus.readers import READERS
from antiphon.music.fingerprint import fingerprint


@dataclass(frozen=True, slots=True)
class Settings:
    """What every worker of a build is told.

    Attributes:
      root: the folder that is built; sources are told relative to it.
      shards: folder for the shard files.
      grid: steps a quarter note, or None to keep all times.
      limits: what a piece must have.
    """

    root: str
    shards: str
    grid: int | None
    limits: Limits


class Summary(NamedTuple):
    """What a worker says of a finished shard."""

    pieces: int
    refusals: int


def shard_path(folder: str | Path, number: int) -> Path:
    """File of a shard."""
    return Path(folder) / f"{number:06d}.npz"


def load_unit(unit: Unit) -> list[Outcome]:
    """The pieces and refusals of one unit; whatever goes wrong inside a reader is a refusal of that unit."""
    try:
        return READERS[unit.reader].load(unit)
    except MemoryError:
        return [Refusal(unit.key, Cause.TOO_LARGE, "it needs more memory than there is")]
    except RecursionError:
        return [Refusal(unit.key, Cause.TOO_LARGE, "it is nested too deeply")]
    except Exception as error:
        return [Refusal(unit.key, Cause.UNREADABLE, f"{type(error).__name__}: {error}")]


def _outcomes(task: Task, settings: Settings, report: Callable[[int], None]) -> Iterator[Outcome]:
    """Cleaned pieces and refusals of a task's units, sources told from the root."""
    for i, unit in enumerate(task.items):
        report(i)
        below = os.path.relpath(unit.folder, settings.root)
        prefix = "" if below == "." else Path(below).as_posix() + "/"
        if i in task.spoilt:
            yield Refusal(prefix + unit.key, task.spoilt[i])
            continue
        for outcome in load_unit(unit):
            found = clean(outcome, settings.limits, settings.grid) if isinstance(outcome, Piece) else outcome
            yield replace(found, source=prefix + found.source)
    report(len(task.items))


def make_shard(task: Task, settings: Settings, report: Callable[[int], None]) -> Summary:
    """Read, clean and fingerprint the units of a task and write its shard file."""
    pieces: list[Piece] = []
    refusals: list[dict[str, str]] = []
    sketches, leads, digests = [], [], []
    for outcome in _outcomes(task, settings, report):
        if isinstance(outcome, Refusal):
            refusals.append({"source": outcome.source, "cause": str(outcome.cause), "detail": outcome.detail})
            continue
        pieces.append(outcome)
        found = fingerprint(outcome.score)
        sketches.append(found.whole)
        leads.append(found.lead)
        digests.append(np.frombuffer(found.notes, dtype=np.uint8))
    tables, lines = encode(pieces)
    members: dict[str, Any] = {
        **tables,
        "sketches": stacked(sketches),
        "leads": stacked(leads),
        "digests": np.stack(digests) if digests else np.zeros((0, 16), dtype=np.uint8),
        "lines": np.frombuffer(lines, dtype=np.uint8),
        "refusals": np.frombuffer(json.dumps(refusals).encode(), dtype=np.uint8),
    }
    target = shard_path(settings.shards, task.number)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        np.savez(file, **members)
    temporary.replace(target)
    return Summary(len(pieces), len(refusals))


class Shard(NamedTuple):
    """A shard read back: tables and lines as `encode` made them, and what deduplication needs."""

    tables: Tables
    lines: bytes
    refusals: list[dict[str, str]]


def read_shard(path: Path) -> Shard:
    """The whole of a shard."""
    with np.load(path, allow_pickle=False) as file:
        tables = {name: file[name] for name in TABLES}
        return Shard(tables, file["lines"].tobytes(), json.loads(file["refusals"].tobytes()))


def read_members(path: Path, *names: str) -> list[npt.NDArray[Any]]:
    """Only the named members of a shard."""
    with np.load(path, allow_pickle=False) as file:
        return [file[name] for name in names]


def chosen(shard: Shard, keep: npt.NDArray[np.bool_]) -> tuple[Tables, list[bytes]]:
    """Tables of the kept pieces only, and their lines one by one (offsets in `pieces` are still to be set)."""
    pieces = shard.tables["pieces"]
    lines = [shard.lines[int(r["line0"]) : int(r["line0"]) + int(r["line"])] for r in pieces[keep]]
    if keep.all():
        return dict(shard.tables), lines
    pieces = pieces[keep].copy()
    tracks, track0 = _gather(shard.tables["tracks"], pieces["track0"], pieces["tracks"])
    marks, mark0 = _gather(shard.tables["marks"], pieces["mark0"], pieces["marks"])
    notes, note0 = _gather(shard.tables["notes"], tracks["note0"], tracks["notes"])
    pedals, pedal0 = _gather(shard.tables["pedals"], tracks["pedal0"], tracks["pedals"])
    pieces["track0"], pieces["mark0"] = track0, mark0
    tracks["note0"], tracks["pedal0"] = note0, pedal0
    return {"pieces": pieces, "tracks": tracks, "notes": notes, "pedals": pedals, "marks": marks}, lines


def _gather(
    table: npt.NDArray[Any], first: npt.NDArray[np.int64], count: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Rows of several stretches of a table, one after the other, and where each stretch now begins."""
    total = count.astype(np.int64)
    begin = np.cumsum(total) - total
    rows = np.repeat(first.astype(np.int64) - begin, total) + np.arange(int(total.sum()))
    return table[rows].copy(), begin
