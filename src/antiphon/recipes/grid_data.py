"""From pieces to windows of grid cells in an order of writing: encode once, then cut, drop and shuffle.

Legend: n bars, rows = roles + 1, M cells of a window, K events of a cell.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError, TrainingError
from antiphon.music.beats import tempo_at
from antiphon.music.edit import named, resample
from antiphon.music.form import parse_form
from antiphon.recipes.data import key_of, split_of
from antiphon.representations.grid import MOST, STEPS, Cell, GridSpec, encode, tempo_class
from antiphon.representations.returns import returned


@dataclass
class GridPiece:
    """One encoded piece: events of all cells one after the other, and where each cell's begin."""

    events: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]
    features: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]
    minor: bool
    tempo: int

    def cell(self, bar: int, row: int) -> npt.NDArray[np.uint8]:
        """Events [k, 3] of one cell."""
        at = bar * len(self.present) + row
        return self.events[self.offsets[at] : self.offsets[at + 1]]


@dataclass
class GridSet:
    """Pieces of one split, and the first bars of runs of valid bars in them: (piece, first bar, bars from there on)."""

    pieces: list[GridPiece] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)

    def windows(self, bars: int) -> list[tuple[int, int]]:
        """(piece, first bar) of every stretch of so many valid bars."""
        return [(piece, first) for piece, first, run in self.places if run >= bars]


@dataclass
class PreparedGrid:
    """A corpus made ready: its splits, what was left out and why, and facts for the snapshot."""

    spec: GridSpec
    splits: dict[str, GridSet]
    refused: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)


def prepare_grid(pieces: Iterable[Piece], spec: GridSpec) -> PreparedGrid:
    """Encode pieces and sort them into splits.

    Raises:
      TrainingError: nothing is left to train on.
    """
    out = PreparedGrid(spec, {name: GridSet() for name in ("train", "valid", "test")})
    tempos: list[float] = []
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("keys", "licences", "forms")}
    digest = hashlib.sha256()
    loud = np.zeros((2, len(spec.roles), STEPS))
    for piece in pieces:
        key = key_of(piece)
        try:
            found = encode(piece.score, spec, key)
        except InputError as error:
            out.refused[str(error)] += 1
            continue
        qpm = tempo_at(piece.score, 0).qpm
        flat = [cell for bar in found.cells for cell in bar]
        made = GridPiece(
            np.concatenate(flat), np.cumsum([0, *map(len, flat)]).astype(np.int32), found.features, found.present, key.minor,
            tempo_class(qpm),
        )  # fmt: skip
        split = split_of(piece)
        part = out.splits[split]
        part.places += [(len(part.pieces), first, run) for first, run in _runs(found.valid)]
        part.pieces.append(made)
        digest.update(made.events.tobytes())
        if split == "train":
            tempos.append(qpm)
            counted["keys"][str(key)] += 1
            counted["licences"][piece.licence] += 1
            counted["forms"]["".join(s.label for s in piece.score.sections)] += 1
            _listen(loud, piece, spec)
    if not out.splits["train"].places or not out.splits["valid"].places:
        raise TrainingError("Too little is left to train and validate on: " + (str(dict(out.refused)) or "no pieces") + ".")
    mean = (loud[0].sum(1, keepdims=True) + 80) / (loud[1].sum(1, keepdims=True) + 1)
    out.facts = {
        "pieces": {name: len(s.pieces) for name, s in out.splits.items()},
        "refused": dict(out.refused),
        "tempos": np.quantile(tempos, np.linspace(0.05, 0.95, 19)).round(1).tolist(),
        "keys": dict(counted["keys"].most_common()),
        "meters": {"4/4": len(tempos)},
        "forms": sorted(form for form in counted["forms"] if _is_form(form)),
        "harmony": sum(bool(p.present[0]) for p in out.splits["train"].pieces) >= 0.5 * len(tempos),
        "licences": dict(counted["licences"].most_common()),
        "velocities": ((loud[0] + 50 * mean) / (loud[1] + 50)).round(1).tolist(),
        "digest": digest.hexdigest(),
    }
    return out


def _runs(valid: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(bar, how many valid bars from it on) of every valid bar."""
    runs = np.zeros(len(valid) + 1, dtype=np.int64)
    for i in range(len(valid) - 1, -1, -1):
        runs[i] = runs[i + 1] + 1 if valid[i] else 0
    return [(i, int(runs[i])) for i in range(len(valid)) if valid[i]]


def _is_form(text: str) -> bool:
    try:
        return bool(parse_form(text))
    except InputError:
        return False


def _listen(loud: npt.NDArray[np.float64], piece: Piece, spec: GridSpec) -> None:
    """Add a piece's velocities to the sums and counts by role and step, [2, R, S]."""
    grid = resample(piece.score, STEPS // 4)
    for r, name in enumerate(spec.roles):
        track = named(grid.tracks, name)
        if track is not None:
            step = track.notes["onset"] % STEPS
            np.add.at(loud[0, r], step, track.notes["velocity"])
            np.add.at(loud[1, r], step, 1)


def writing_order(rows: list[int], bars: int, rng: np.random.Generator) -> list[Cell]:
    """An order in which cells could be written: part after part, bar by bar, a wave, or any; mostly the harmony first.

    Inside a part, bars come in any order, in time's, or the whole bars of a coarser pulse first, so that whatever is
    written at once later has been the past of something here.
    """
    kind = rng.random()
    if kind < 0.15:
        cells = [(bar, row) for bar in range(bars) for row in rows]
        return [cells[i] for i in rng.permutation(len(cells))]
    mixed = [rows[i] for i in rng.permutation(len(rows))]
    if rng.random() < 0.85:
        mixed.sort(key=lambda row: row > 0)  # the harmony first, the others as they fell
    if kind < 0.65:  # bar by bar, or as a wave in which each part is a bar behind the one before it
        whole = mixed[0] == 0 and rng.random() < 0.6  # all of the harmony stands before
        lag = 1 if kind >= 0.3 else 0
        wave = sorted((bar + lag * i, i, bar) for i in range(len(mixed) - whole) for bar in range(bars))
        first = [(bar, 0) for bar in range(bars)] if whole else []
        return first + [(bar, mixed[i + whole]) for _, i, bar in wave]
    return [(bar, row) for row in mixed for bar in _bar_order(bars, rng)]


def _bar_order(bars: int, rng: np.random.Generator) -> list[int]:
    kind = rng.random()
    if kind < 0.25:
        return list(range(bars))
    if kind < 0.6:
        return list(rng.permutation(bars).tolist())
    stride = int(rng.choice([2, 4, 8]))
    phases = rng.permutation(stride).tolist()
    return [bar for phase in phases for bar in rng.permutation(np.arange(phase, bars, stride)).tolist()]


def example(
    piece: GridPiece, first: int, order: list[Cell], known: npt.NDArray[np.uint8], whole: tuple[int, int]
) -> dict[str, npt.NDArray[Any]]:
    """One window's cells in the order of writing, as the network wants them."""
    m = len(order)
    events = np.zeros((m, MOST, 3), np.uint8)
    counts = np.zeros(m, np.uint8)
    for i, (bar, row) in enumerate(order):
        cell = piece.cell(first + bar, row)
        events[i, : len(cell)] = cell
        counts[i] = len(cell)
    returns, same, echo = returned([piece.cell(first + bar, row) for bar, row in order], order)
    bars = np.array([bar for bar, _ in order], dtype=np.int64)
    return {
        "events": events,
        "counts": counts,
        "returns": returns,
        "same": same,
        "echo": echo,
        "row": np.array([row + 1 for _, row in order], dtype=np.uint8),
        "bar": bars.astype(np.int16),
        "features": known[bars],
        "piece": np.array(whole, dtype=np.uint8),
    }


def drawn(piece: GridPiece, first: int, bars: int, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """A window as it is learnt from: some rows and some knowledge left out, in an order drawn."""
    rows = [row for row in range(len(piece.present)) if piece.present[row]]
    if rng.random() < 0.08 and 0 in rows:
        rows.remove(0)
    if rng.random() < 0.1 and len(rows) > 2:
        rows.remove(int(rng.choice(rows[1:] if rows[0] == 0 else rows)))
    known = piece.features[first : first + bars].copy()
    if rng.random() < 0.15:
        known[:, :3] = 0
    if rng.random() < 0.3:
        known[:, 3] = 0
    mode = 0 if rng.random() < 0.05 else 1 + int(piece.minor)
    tempo = 0 if rng.random() < 0.1 else piece.tempo
    return example(piece, first, writing_order(rows, bars, rng), known, (mode, tempo))
