"""From pieces to windows of rolls: encode once, keep the cells packed as bits, cut windows of whole bars.

Legend: n bars, R roles, S steps a bar, P pitches.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError, TrainingError
from antiphon.music.beats import tempo_at
from antiphon.music.edit import resample
from antiphon.recipes.data import key_of, split_of
from antiphon.recipes.rolls_accord import interval_odds
from antiphon.recipes.rolls_fit import fullness
from antiphon.representations.pianoroll import DRUMS, PianoRollSpec, encode, notes_of, window, windows


@dataclass
class RollSet:
    """Pieces of one split.

    Attributes:
      packed: cells of each piece, eight to a byte along the pitches [n, R, 2, S, P / 8].
      present: roles that each piece has, [R].
      places: (piece, first bar) of every window.
      corpora: what the music that each piece belongs to is called: its corpus, and the folders that its file lies in.
    """

    spec: PianoRollSpec
    packed: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    present: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    corpora: list[frozenset[str]] = field(default_factory=list)

    def cells(self, index: int) -> npt.NDArray[np.float32]:
        """Cells of the index-th window, [n, R, 2, S, P], 0 or 1."""
        piece, first = self.places[index]
        few = self.packed[piece][first : first + self.spec.bars]
        rolls = np.unpackbits(few, axis=-1, count=self.spec.pitches).astype(bool)
        return window(rolls, 0, self.spec.bars).astype(np.float32)

    def mask(self, index: int) -> npt.NDArray[np.float32]:
        """Roles that the index-th window's piece has, [R]."""
        return self.present[self.places[index][0]].astype(np.float32)

    def windows_of(self, corpus: str) -> npt.NDArray[np.int64]:
        """Indices of the windows of one corpus (or folder); all of them for ""."""
        return np.array(
            [i for i, (piece, _) in enumerate(self.places) if not corpus or corpus in self.corpora[piece]], np.int64
        )

    def some(self, count: int, seed: int, corpus: str = "") -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Windows drawn without repetition as (cells [count, n, R, 2, S, P], masks [count, R]); fewer if there are fewer.

        Args:
          corpus: draw from this one only.
        """
        among = self.windows_of(corpus)
        order = among[np.random.default_rng([seed, 77]).permutation(len(among))[:count]].tolist()
        return np.stack([self.cells(i) for i in order]), np.stack([self.mask(i) for i in order])


@dataclass
class PreparedRolls:
    """A corpus made ready for rolls: its splits, what was left out and why, and facts for the snapshot."""

    splits: dict[str, RollSet]
    refused: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)


def prepare_rolls(pieces: Iterable[Piece], spec: PianoRollSpec) -> PreparedRolls:
    """Encode pieces and sort them into splits; windows begin at every bar from which all their bars are 4/4.

    Raises:
      TrainingError: nothing is left to train on.
    """
    out = PreparedRolls({name: RollSet(spec) for name in ("train", "valid", "test")})
    tempos: list[float] = []
    keys: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    digest = hashlib.sha256()
    loud = np.zeros((2, len(spec.roles), spec.steps))
    for piece in pieces:
        key = key_of(piece)
        try:
            found = encode(piece.score, spec, key)
        except InputError as error:
            out.refused[str(error)] += 1
            continue
        firsts = windows(found.valid, spec.bars)
        # a window without any note teaches nothing but silence
        firsts = [i for i in firsts if found.rolls[i : i + spec.bars, :, 0].any()]
        if not firsts:
            out.refused[f"It has no {spec.bars} bars of 4/4 in a row."] += 1
            continue
        split = split_of(piece)
        part = out.splits[split]
        part.places += [(len(part.packed), i) for i in firsts]
        part.packed.append(np.packbits(found.rolls, axis=-1))
        part.present.append(found.present)
        part.corpora.append(frozenset((piece.corpus, *PurePosixPath(piece.source).parts[:-1])))
        digest.update(part.packed[-1].tobytes())
        if split == "train":
            tempos.append(tempo_at(piece.score, 0).qpm)
            keys[str(key)] += 1
            licences[piece.licence] += 1
            _listen(loud, piece, spec)
    if not out.splits["train"].places or not out.splits["valid"].places:
        raise TrainingError("Too little is left to train and validate on: " + (str(dict(out.refused)) or "no pieces") + ".")
    out.facts = {
        "pieces": {name: len(s.packed) for name, s in out.splits.items()},
        "windows": {name: len(s.places) for name, s in out.splits.items()},
        "refused": dict(out.refused),
        "tempos": np.quantile(tempos, np.linspace(0.05, 0.95, 19)).round(1).tolist(),
        "keys": dict(keys.most_common()),
        "meters": {"4/4": len(tempos)},
        "licences": dict(licences.most_common()),
        "velocities": _smooth(loud).round(1).tolist(),
        "rates": rates(out.splits["train"]),
        "fullness": fullness_of(out.splits["train"]),
        "intervals": intervals_of(out.splits["train"]),
        "digest": digest.hexdigest(),
    }
    return out


def _listen(loud: npt.NDArray[np.float64], piece: Piece, spec: PianoRollSpec) -> None:
    """Add a piece's velocities to the sums and counts by role and step, [2, R, S]."""
    grid = resample(piece.score, spec.steps // 4)
    for r, name in enumerate(spec.roles):
        notes = notes_of(grid.tracks, name)
        step = notes["onset"] % spec.steps
        np.add.at(loud[0, r], step, notes["velocity"])
        np.add.at(loud[1, r], step, 1)


def _smooth(loud: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean velocity by role and step, drawn to the role's mean where there are few notes."""
    mean = (loud[0].sum(1, keepdims=True) + 80) / (loud[1].sum(1, keepdims=True) + 1)
    return np.asarray((loud[0] + 50 * mean) / (loud[1] + 50))


def fullness_of(part: RollSet, most: int = 4000) -> dict[str, list[float]]:
    """How silent windows are, how many notes they have and how many of these are long, by role; see rolls_fit.fullness."""
    cells, _ = part.some(most, 5)
    return {name: [round(v, 5) for v in values.tolist()] for name, values in fullness(torch.from_numpy(cells)).items()}


def intervals_of(part: RollSet, most: int = 4000) -> list[list[list[float]]]:
    """How much likelier than by chance one role sounds each interval above another, [R, R, 12]; see rolls_accord."""
    cells, _ = part.some(most, 5)
    deaf = [r for r, name in enumerate(part.spec.roles) if name == DRUMS]
    odds = interval_odds(torch.from_numpy(cells), deaf).double().numpy().round(4) + 0.0  # no zeros below zero
    found: list[list[list[float]]] = odds.tolist()
    return found


def rates(part: RollSet, most: int = 2000) -> dict[str, Any]:
    """How full windows are: share of sounding bars by role, of active cells in these by role and layer, and by pitch too."""
    picked: Sequence[int] = np.random.default_rng(5).permutation(len(part.places))[:most].tolist()
    roles = len(part.spec.roles)
    bars, sounding, rows = np.zeros(roles), np.zeros(roles), np.zeros((roles, 2, part.spec.pitches))
    for i in picked:
        x, mask = part.cells(i), part.mask(i)
        on = x.any(axis=(2, 3, 4)) * mask
        bars += len(x) * mask
        sounding += on.sum(0)
        rows += x.sum(axis=(0, 3)) * mask[:, None, None]
    rows /= np.maximum(sounding, 1)[:, None, None] * part.spec.steps
    return {
        "sounding": (sounding / np.maximum(bars, 1)).tolist(),
        "cells": rows.mean(-1).tolist(),
        "rows": rows.round(6).tolist(),
    }
