"""Likelihood as a judge: how probable a sequence snapshot finds the generated pieces, beside the real ones and their halves.

The snapshot itself belongs to another room: who calls the judge hands in a `Listener` that reads with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from antiphon.evaluate.clip import Roles
from antiphon.evaluate.reading import Reading, read_mean
from antiphon.music.score import Score, Track, notes_array

MOST_PIECES = 120
"""Pieces a side: a snapshot reads event by event, so this measure costs more than all others."""


@dataclass(frozen=True)
class Listener:
    """A sequence snapshot that reads.

    Attributes:
      name: of the snapshot.
      roles: the track names that it knows, in its order.
      read: (pieces, bars) -> for each piece its figures by name, means over stretches of so many bars, or the reason why
        it cannot be read. The same figures for every piece.
    """

    name: str
    roles: tuple[str, ...]
    read: Callable[[Sequence[Score], int], Sequence[Mapping[str, float] | str]]


def likelihood_table(
    listener: Listener,
    generated: Sequence[Score],
    reference: Sequence[Score],
    bars: int,
    works: Sequence[str] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Mean figures of both sets and of two halves of the reference, each with its bootstrap interval by piece.

    Both sets are read alike: without chord and section marks; by marked keys only if every piece has one; by track names
    only if every piece has a track that is named as a role, else by register (highest first).

    Args:
      works: the work of each reference piece: its versions weigh as one and stay in one half.

    Returns:
      "snapshot"; "roles" and "keys" (how they were found); "pieces" read, by set; "rows": one a figure, with the reading of
      the generated set, of "real", and of "half A" and "half B"; "left out": one line a piece that could not be read.
    """
    rng = np.random.default_rng([seed, 414])
    sets = {name: _drawn(scores, rng) for name, scores in (("generated", generated), ("reference", reference))}
    pieces = [scores[i] for name, scores in (("generated", generated), ("reference", reference)) for i in sets[name]]
    pitched = [s for s in pieces if any(len(t) for t in s.tracks if not t.is_drum)]
    by_name = all(_named(s, listener.roles) for s in pitched)
    marked = all(s.keys for s in pitched)
    figures: dict[str, list[Mapping[str, float]]] = {}
    groups: dict[str, list[str]] = {}
    left_out: list[str] = []
    for name, scores in (("generated", generated), ("reference", reference)):
        plain = [readable(scores[i], Roles(listener.roles, by_name), marked) for i in sets[name]]
        figures[name], groups[name] = [], []
        for i, found in zip(sets[name], listener.read(plain, bars), strict=True):
            if isinstance(found, str):
                left_out.append(f"{name}: {scores[i].title or f'piece {i + 1}'}: not read by {listener.name}: {found}")
                continue
            figures[name].append(found)
            groups[name].append(works[i] if works and name == "reference" else str(i))
    out: dict[str, Any] = {
        "snapshot": listener.name,
        "bars": bars,
        "roles": {"names": list(listener.roles), "matched by": "name" if by_name else "register"},
        "keys": "marked" if marked else "found",
        "pieces": {name: len(found) for name, found in figures.items()},
        "rows": _rows(figures, groups, rng, seed) if all(figures.values()) else [],
        "left out": left_out,
    }
    return out


def readable(score: Score, roles: Roles, marked: bool) -> Score:
    """The piece with one track a role, and without marks other than, where wanted, its keys."""
    tracks = [
        Track(name, 0, name == "drums", notes_array(np.concatenate([t.notes for t in members])))
        for name, members in zip(roles.names, roles.of(score), strict=True)
        if members
    ]
    return replace(score.with_tracks(tracks), chords=(), sections=(), keys=score.keys if marked else ())


def _named(score: Score, roles: Sequence[str]) -> bool:
    return any(" ".join(t.name.lower().split()) in roles for t in score.tracks if len(t))


def _drawn(scores: Sequence[Score], rng: np.random.Generator) -> list[int]:
    """Places of the pieces to be read: those with notes, at most MOST_PIECES of them."""
    sounding = [i for i, s in enumerate(scores) if s.note_count]
    if len(sounding) <= MOST_PIECES:
        return sounding
    return sorted(sounding[i] for i in rng.permutation(len(sounding))[:MOST_PIECES].tolist())


def _rows(
    figures: Mapping[str, Sequence[Mapping[str, float]]],
    groups: Mapping[str, Sequence[str]],
    rng: np.random.Generator,
    seed: int,
) -> list[dict[str, Any]]:
    """One row a figure."""
    ours, real = groups["generated"], groups["reference"]
    names = sorted(set(real))
    chosen = {names[i] for i in rng.permutation(len(names))[: len(names) // 2].tolist()}
    sides = [[i for i, g in enumerate(real) if (g in chosen) == first] for first in (True, False)]
    rows = []
    for name in figures["generated"][0]:
        values = np.array([f[name] for f in figures["generated"]])
        truth = np.array([f[name] for f in figures["reference"]])
        row: dict[str, Any] = {"statistic": name, **read_mean(values, ours, truth, real, seed)._asdict()}
        row["real"] = _alone(truth, real, seed)._asdict()
        halves = [(truth[side], [real[i] for i in side]) for side in sides]
        first = read_mean(*halves[0], *halves[1], seed)
        row["half A"], row["half B"] = first._asdict(), _alone(*halves[1], seed)._asdict()
        row["p_value, half against half"] = first.p_value
        rows.append(row)
    return rows


def _alone(values: np.ndarray, groups: Sequence[str], seed: int) -> Reading:
    return read_mean(values, groups, values[:0], [], seed)
