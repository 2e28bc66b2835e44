"""Originality: how much of a piece stands in the training songs already, with human songs as the yardstick.

Conventions: every part is compared as a melodic line in sixteenths, free of transposition (see originality_lines). The
measures are the share of n-grams found, the longest verbatim run in notes, and the cardinality score: the largest share
of the notes of any four bars that one translation in time and pitch lays onto notes of a song (Yin, Reuben, Stepney and
Collins, "A Good Algorithm for Unsupervised Melody Generation?", EvoMUSART 2021; SN Computer Science 2022). No number
is good or bad in itself: beside each stands what songs by people reach, that the training never saw.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError, InputError, OutputError
from antiphon.evaluate.originality_index import NOBODY, SIZES, Run, Sketch, Table
from antiphon.evaluate.originality_lines import Line, cardinality, lines, steps
from antiphon.evaluate.originality_report import Originality, Part, Passage
from antiphon.music.beats import bar_starts
from antiphon.music.score import Score

VERSION = 2
COLUMNS = ("longest", *(f"share{n}" for n in SIZES), "cardinality")
ALIKE, LEAST_ALIKE = 1.5, 40
"""Human pieces stand beside a piece if their lines are up to so many times longer or shorter; at least so many do."""
PITCH_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def _coded(
    pieces: Iterable[tuple[str, Score]], roles: tuple[str, ...] | None
) -> tuple[list[str], dict[str, list[tuple[int, Any]]]]:
    names: list[str] = []
    by_role: dict[str, list[tuple[int, Any]]] = {}
    for number, (name, score) in enumerate(pieces):
        names.append(name)
        for role, line in lines(score).items():
            if roles is None or role in roles:
                by_role.setdefault(role, []).append((number, steps(line)))
    return names, by_role


class _Songs:
    """The training songs at hand during one report; each song's lines are drawn once."""

    def __init__(self, scores: Mapping[str, Score]) -> None:
        self.scores = scores
        self._lines: dict[str, dict[str, Line]] = {}

    def line(self, name: str | None, role: str) -> Line | None:
        """The song's line of that role; None where the song is not at hand or has no such line."""
        if name is None or name not in self.scores:
            return None
        if name not in self._lines:
            self._lines[name] = lines(self.scores[name])
        return self._lines[name].get(role)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The training songs as originality sees them: one table or sketch for each role, and the human baseline.

    Attributes:
      names: names of the songs.
      tables: role -> what is known of the songs' lines of that role.
      baseline: role -> [H, 7] figures of H human songs outside the training set, in the order of COLUMNS, and at the end the
        notes of the line: the longer a piece, the more of it is found anywhere.
    """

    names: tuple[str, ...]
    tables: Mapping[str, Table | Sketch]
    baseline: Mapping[str, npt.NDArray[np.float32]]

    @classmethod
    def build(cls, pieces: Iterable[tuple[str, Score]], *, roles: tuple[str, ...] | None = None, sketch: bool = False) -> Index:
        """An index of (name, piece) pairs.

        Args:
          roles: which lines to keep ("melody", "bridge", "piano"); None keeps all that the pieces have.
          sketch: make the small form without places and order, fit to be given away with a model.

        Raises:
          InputError: no piece has a line to index.
        """
        names, by_role = _coded(pieces, roles)
        if not by_role:
            raise InputError("None of the pieces has a melodic line to index; originality needs pitched notes.")
        ordered = sorted(by_role, key=lambda role: (role != "melody", role))
        if sketch:
            return cls(tuple(names), {role: Sketch.build(by_role[role]) for role in ordered}, {})
        return cls(tuple(names), {role: Table.build(by_role[role]) for role in ordered}, {})

    def report(self, score: Score, *, songs: Mapping[str, Score] | None = None, nearest: int = 3) -> Originality:
        """What of a piece is found in the indexed songs, for each role that both have.

        Args:
          songs: the training songs by name, if at hand: gives bars of the songs and the cardinality score.
          nearest: how many songs to name for each part.
        """
        known = _Songs(songs or {})
        mine = {role: line for role, line in lines(score).items() if role in self.tables}
        return Originality({role: self._part(role, line, score, known, nearest) for role, line in mine.items()})

    def _part(self, role: str, line: Line, score: Score, songs: _Songs, nearest: int) -> Part:
        table = self.tables[role]
        found = table.find(steps(line), nearest)
        passages = tuple(self._passage(run, line, role, score, songs) for run in found.runs)
        close = [other for p in passages if (other := songs.line(p.song, role)) is not None]
        scores = [s for other in close if (s := cardinality(line, other)) is not None]
        shares = found.shares()
        best = max(scores) if scores else None
        row = (found.longest, *shares.values(), np.nan if best is None else best)
        percentile, human = self._yardstick(role, row, len(line))
        likest = None if found.likest is None else (self.names[found.likest[0]], found.likest[1])
        return Part(len(line), shares, found.longest, isinstance(table, Table), passages, best, percentile, human, likest)

    def _passage(self, run: Run, line: Line, role: str, score: Score, songs: _Songs) -> Passage:
        bar = _bar(score, int(line.tick[run.at]))
        if run.song is None:
            return Passage(run.notes, bar, run.at)
        name = self.names[run.song]
        if run.there is None:
            return Passage(run.notes, bar, run.at, name)
        other = songs.line(name, role)
        song_bar = (
            _bar(songs.scores[name], int(other.tick[run.there])) if other is not None and run.there < len(other) else None
        )
        return Passage(run.notes, bar, run.at, name, run.there, song_bar)

    def _yardstick(
        self, role: str, row: tuple[float, ...], notes: int
    ) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
        rank: dict[str, float] = {}
        human: dict[str, tuple[float, float]] = {}
        if role not in self.baseline:
            return rank, human
        rows = self.baseline[role]
        apart = np.abs(np.log(np.maximum(rows[:, -1], 1) / max(notes, 1)))
        nearest = np.sort(apart)[min(LEAST_ALIKE, len(apart)) - 1] if len(apart) else 0.0
        rows = rows[apart <= max(float(np.log(ALIKE)), float(nearest))]
        values = np.array(row, dtype=np.float32)
        used = [c for c in range(len(COLUMNS)) if not np.isnan(values[c]) and not np.isnan(rows[:, c]).any()]
        middle, high = np.percentile(rows[:, used], (50, 95), axis=0)
        below = (rows[:, used] < values[used]).mean(axis=0) + (rows[:, used] == values[used]).mean(axis=0) / 2
        for i, column in enumerate(used):
            rank[COLUMNS[column]] = float(below[i]) * 100
            human[COLUMNS[column]] = (float(middle[i]), float(high[i]))
        return rank, human

    def calibrate(self, heldout: Iterable[Score], *, songs: Mapping[str, Score] | None = None) -> Index:
        """The same index with its human baseline: figures of songs by people that are not in it.

        Args:
          heldout: songs outside the index, from the same repertoire.
          songs: the indexed songs by name, for the cardinality score's baseline.

        Raises:
          InputError: none of the held-out songs has a part that the index knows.
        """
        rows: dict[str, list[tuple[float, ...]]] = {}
        for score in heldout:
            for role, part in self.report(score, songs=songs).parts.items():
                card = np.nan if part.cardinality is None else part.cardinality
                rows.setdefault(role, []).append((part.longest, *part.shares.values(), card, part.notes))
        if not rows:
            raise InputError("None of the held-out songs has a part that the originality index knows.")
        return replace(self, baseline={role: np.array(values, dtype=np.float32) for role, values in rows.items()})

    def save(self, path: Path) -> None:
        """Write the index as one .npz file without pickles; the same index gives the same bytes.

        Raises:
          OutputError: the file cannot be written.
        """
        arrays: dict[str, npt.NDArray[Any]] = {}
        for role, table in self.tables.items():
            arrays |= {f"{role}/{name}": array for name, array in table.arrays().items()}
        arrays |= {f"{role}/baseline": rows for role, rows in self.baseline.items()}
        kinds = {role: "table" if isinstance(table, Table) else "sketch" for role, table in self.tables.items()}
        head = {"format": "antiphon-originality", "version": VERSION, "names": list(self.names), "roles": kinds}
        arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
        memory = io.BytesIO()
        np.savez_compressed(memory, **arrays)  # type: ignore[arg-type]
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(memory.getvalue())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OutputError(f"The originality index cannot be written to {path}: {error.strerror}.") from error

    @classmethod
    def load(cls, path: Path) -> Index:
        """Read an index that `save` wrote.

        Raises:
          FormatError: the file is missing, damaged, or of another version.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            head = json.loads(arrays.pop("head").tobytes())
            names, kinds, version = tuple(map(str, head["names"])), dict(head["roles"]), head["version"]
        except Exception as error:  # damaged bytes raise whatever zip, zlib, tokenize and json raise, and no list is complete
            raise FormatError(f"{path} is not a readable originality index; build it again.") from error
        if head.get("format") != "antiphon-originality" or version != VERSION:
            raise FormatError(
                f"{path} is an originality index of version {version}; this program reads {VERSION}: build it again."
            )
        tables: dict[str, Table | Sketch] = {}
        baseline: dict[str, npt.NDArray[np.float32]] = {}
        for role, kind in kinds.items():
            mine = {name.rpartition("/")[2]: array for name, array in arrays.items() if name.rpartition("/")[0] == role}
            tables[role] = Table.from_arrays(mine) if kind == "table" else Sketch.from_arrays(mine)
            table = tables[role]
            pointed = table.songs if isinstance(table, Table) else table.owner[table.owner != NOBODY]
            if len(pointed) and int(pointed.max()) >= len(names):
                raise FormatError(f"{path} is damaged: it points at songs that it does not name; build it again.")
            if "baseline" in mine:
                baseline[role] = _checked_baseline(mine["baseline"], path)
        return cls(names, tables, baseline)


def _checked_baseline(rows: npt.NDArray[Any], path: Path) -> npt.NDArray[np.float32]:
    if rows.ndim != 2 or rows.shape[1] != len(COLUMNS) + 1 or rows.dtype.kind != "f":
        raise FormatError(f"{path} is damaged: its human baseline has the wrong shape; build it again.")
    return rows.astype(np.float32)


def _bar(score: Score, tick: int) -> int:
    """Number of the bar in which a tick lies, from 1."""
    return max(1, int(np.searchsorted(bar_starts(score, tick + 1), tick, side="right")))


def side_by_side(score: Score, song: Score, passage: Passage, role: str = "melody") -> str:
    """The passage as two lines of note names, the piece's above the training song's, each with its bar.

    Raises:
      InputError: the passage does not lie in these two pieces, or was found by a sketch.
    """
    mine, theirs = lines(score).get(role), lines(song).get(role)
    if passage.there is None or mine is None or theirs is None:
        raise InputError(f"The passage has no place in the training songs, or one of the pieces has no {role} line.")
    if passage.at + passage.notes > len(mine) or passage.there + passage.notes > len(theirs):
        raise InputError("The passage lies beyond the end of one of the two pieces.")
    rows = []
    for label, piece, line, start in (
        ("this piece", score, mine, passage.at),
        (passage.song or "song", song, theirs, passage.there),
    ):
        here = slice(start, start + passage.notes)
        names = [f"{PITCH_NAMES[p % 12]}{p // 12 - 1}" for p in line.pitch[here].tolist()]
        rows.append((f"{label}, bar {_bar(piece, int(line.tick[start]))}:", names))
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"{label:<{width}} " + " ".join(f"{n:<4}" for n in names).rstrip() for label, names in rows)
