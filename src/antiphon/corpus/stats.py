"""What is in a store: facts counted over its columns without reading a piece, and a picture of them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.columns import CHORD, KEY, METER, SPLITS, TEMPO
from antiphon.corpus.store import Store
from antiphon.errors import InputError
from antiphon.music.harmony import Key
from antiphon.music.instruments import FAMILIES

KEY_NAMES = tuple(str(Key(tonic, minor)) for minor in (False, True) for tonic in range(12))
LENGTH_EDGES = (0, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, np.inf)
"""Seconds."""
DURATION_EDGES = (0, 0.1875, 0.375, 0.625, 0.875, 1.25, 1.75, 2.5, 3.5, 5, np.inf)
"""Quarter notes, between the common note values named in DURATION_NAMES."""
DURATION_NAMES = ("1/32", "1/16", "1/8", "1/8.", "1/4", "1/4.", "1/2", "1/2.", "1/1", "longer")
TEMPO_EDGES = (0, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 160, 180, np.inf)
"""Quarter notes a minute."""
DENSITY_EDGES = (0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 30, np.inf)
"""Notes a bar of one track."""

Bins = list[tuple[str, int]]


def describe(store: Store) -> dict[str, Any]:
    """Facts about a store.

    Returns:
      counts ("pieces", "works", "tracks", "notes", "hours", "bars", "splits", "corpora", "licences", "refused") and
      histograms, each a list of (label, count): "lengths" (pieces by seconds), "pitches" (notes by MIDI pitch, drums left
      out), "durations" (notes by quarter notes), "density" (tracks by notes a bar), "keys" (marks), "tempos" (pieces by
      their first tempo), "meters" (pieces by their first meter), "chords" (marks by quality), "families" (tracks).

    Raises:
      InputError: the store is empty.
    """
    if len(store) == 0:
        raise InputError(f"The store {store.path} holds no pieces.")
    pieces, tracks, marks = (store.tables[name] for name in ("pieces", "tracks", "marks"))
    counts = store.manifest.get("counts", {})
    splits = pieces["split"]
    return {
        "pieces": len(pieces),
        "works": counts.get("works", len(pieces)),
        "tracks": len(tracks),
        "notes": int(pieces["notes"].sum()),
        "hours": round(float(pieces["seconds"].sum()) / 3600, 2),
        "bars": int(pieces["bars"].sum()),
        "splits": {name: int((splits == number).sum()) for number, name in enumerate(SPLITS)},
        "corpora": counts.get("corpora", {}),
        "licences": store.manifest.get("licences", {}),
        "refused": counts.get("refused", {}),
        "lengths": _histogram(pieces["seconds"], LENGTH_EDGES),
        "pitches": [(str(p), int(n)) for p, n in enumerate(_pitches(store))],
        "durations": _durations(store),
        "density": _histogram(_density(store), DENSITY_EDGES),
        "keys": _keys(marks),
        "tempos": _histogram(_first(pieces, marks, TEMPO)["a"], TEMPO_EDGES, turn=lambda mspq: 6e7 / mspq),
        "meters": _meters(pieces, marks),
        "chords": _chords(store),
        "families": _families(tracks),
    }


def _histogram(values: npt.ArrayLike, edges: tuple[float, ...], turn: Any = None) -> Bins:
    """(label, count) of the bins between the edges, the last open to the right."""
    numbers = np.asarray(values, dtype=np.float64)
    counted, _ = np.histogram(numbers if turn is None else turn(numbers), bins=np.asarray(edges))
    names = [f"{a:g}-{b:g}" if np.isfinite(b) else f"{a:g}+" for a, b in pairwise(edges)]
    return list(zip(names, counted.tolist(), strict=True))


def _pitches(store: Store) -> npt.NDArray[np.int64]:
    drum = np.repeat(store.tables["tracks"]["is_drum"], store.tables["tracks"]["notes"])
    return np.bincount(store.tables["notes"]["pitch"][~drum], minlength=128)


def _durations(store: Store) -> Bins:
    resolution = np.repeat(store.tables["pieces"]["resolution"], store.tables["pieces"]["notes"])
    quarters = store.tables["notes"]["duration"] / np.maximum(resolution, 1)
    counted, _ = np.histogram(quarters, bins=np.asarray(DURATION_EDGES))
    return list(zip(DURATION_NAMES, counted.tolist(), strict=True))


def _density(store: Store) -> npt.NDArray[np.float64]:
    """Notes a bar of every track."""
    bars = np.repeat(store.tables["pieces"]["bars"], store.tables["pieces"]["tracks"])
    return np.asarray(store.tables["tracks"]["notes"] / np.maximum(bars, 1))


def _first(pieces: npt.NDArray[Any], marks: npt.NDArray[Any], kind: int) -> npt.NDArray[Any]:
    """The first mark of a kind of every piece; tempos and meters always have one."""
    of_piece = np.repeat(np.arange(len(pieces)), pieces["marks"])
    mine = np.flatnonzero(marks["kind"] == kind)
    _, first = np.unique(of_piece[mine], return_index=True)
    return np.asarray(marks[mine[first]])


def _keys(marks: npt.NDArray[Any]) -> Bins:
    keys = marks[marks["kind"] == KEY]
    counted = np.bincount(keys["a"] + 12 * keys["b"], minlength=24)
    return list(zip(KEY_NAMES, counted.tolist(), strict=True))


def _meters(pieces: npt.NDArray[Any], marks: npt.NDArray[Any]) -> Bins:
    first = _first(pieces, marks, METER)
    counted = Counter(zip(first["a"].tolist(), first["b"].tolist(), strict=True))
    return [(f"{a}/{b}", n) for (a, b), n in counted.most_common()]


def _chords(store: Store) -> Bins:
    marks = store.tables["marks"]
    mine = marks[(marks["kind"] == CHORD) & (marks["a"] >= 0)]
    counted = np.bincount(mine["b"], minlength=len(store.manifest["qualities"]))
    named = [(name or "major", int(n)) for name, n in zip(store.manifest["qualities"], counted, strict=True)]
    return sorted((item for item in named if item[1]), key=lambda item: -item[1])


def _families(tracks: npt.NDArray[Any]) -> Bins:
    family = np.where(tracks["is_drum"], len(FAMILIES), tracks["program"] // 8)
    counted = np.bincount(family, minlength=len(FAMILIES) + 1)
    names = (*FAMILIES, "drums")
    return sorted(((name, int(n)) for name, n in zip(names, counted, strict=True) if n), key=lambda item: -item[1])
