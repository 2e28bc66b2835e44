"""The feel of players, learnt: small tables of how loud and how late they play, from drummers, pianists and soloists."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.ingest import iter_pieces
from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.music.accents import FEATURES, KIT, SLOTS, kit_classes, pitched_features, slots
from antiphon.music.beats import tempo_at
from antiphon.music.score import Score
from antiphon.recipes.feel_timing import (
    FARTHEST_MS,
    LEAST,
    Solo,
    Table,
    fit_line_timing,
    fit_solo_timing,
    fit_swing,
    is_held_out,
    read_bridges,
    read_solos,
)

STYLES = {
    "rock": "rock", "punk": "rock", "pop": "pop", "funk": "funk", "soul": "soul", "gospel": "soul", "hiphop": "hiphop",
    "jazz": "jazz", "neworleans": "jazz", "latin": "latin", "afrocuban": "latin", "afrobeat": "latin",
    "dance": "pop", "country": "pop", "blues": "jazz", "reggae": "soul", "highlife": "latin", "middleeastern": "latin",
}  # fmt: skip
"""Primary style of a groove -> table; all of them together make the table "band"."""
ROLES = {"melody": "melody", "bridge": "fill", "piano": "chords"}
"""Track of POP909 -> role."""
LEVELS = tuple(np.linspace(0.02, 0.98, 13).round(4).tolist())
"""Quantiles that stand for a distribution."""


def fit(folder: Path, out: Path) -> Table:
    """Fit all tables on the corpora groove, pop909 and wjazzd below `folder` and write them as JSON.

    Raises:
      TrainingError: one of the corpora is not there.
    """
    for name in ("groove", "pop909", "wjazzd"):
        if not (folder / name).is_dir():
            raise TrainingError(f"There is no folder {folder / name}; lay out groove, pop909 and wjazzd beside each other.")
    grooves = [p for p in iter_pieces(folder / "groove") if is_groove(p) and p.split != "test"]
    songs = [p for p in iter_pieces(folder / "pop909") if not is_held_out(p.work)]
    solos = [s for s in read_solos(folder / "wjazzd") if not is_held_out(s.name)]
    bridges = [p for p in read_bridges(folder / "pop909") if not is_held_out(p.work)]
    table: Table = {
        "version": 1,
        "levels": LEVELS,
        "sources": _sources(grooves, songs, solos, bridges),
        "drums": fit_drums(grooves),
        "pitched": fit_pitched(songs),
        "timing": {"solo": fit_solo_timing(solos), "pop": fit_line_timing(bridges)},
        "swing": fit_swing(solos),
    }
    temporary = out.with_name(f".{out.name}.part")
    temporary.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
    temporary.replace(out)
    return table


def _sources(grooves: list[Piece], songs: list[Piece], solos: list[Solo], bridges: list[Piece]) -> list[Table]:
    return [
        {
            "name": "Groove MIDI Dataset 1.0.0", "licence": "CC BY 4.0 (Google LLC)", "use": "drums",
            "origin": "https://magenta.tensorflow.org/datasets/groove", "pieces": len(grooves),
            "notes": sum(p.score.note_count for p in grooves),
        },
        {
            "name": "POP909", "licence": "MIT (compilation)", "use": "loudness of melody, fills and chords; timing of fills",
            "origin": "https://github.com/music-x-lab/POP909-Dataset", "pieces": len(songs),
            "notes": sum(p.score.note_count for p in songs), "played_fills": len(bridges),
        },
        {
            "name": "Weimar Jazz Database", "licence": "ODbL 1.0", "use": "timing and swing of solos",
            "origin": "https://jazzomat.hfm-weimar.de", "pieces": len(solos), "notes": sum(len(s.played) for s in solos),
        },
    ]  # fmt: skip


def is_groove(piece: Piece) -> bool:
    """Whether a performance of groove is a beat (no fill) in 4/4."""
    meter = piece.score.meters[0]
    return piece.extras.get("beat_type") == "beat" and (meter.numerator, meter.denominator) == (4, 4)


def style_of(piece: Piece) -> str:
    """Table that a groove belongs to."""
    return STYLES.get(piece.extras.get("style", "").split("/")[0], "band")


def quantiles(values: npt.ArrayLike) -> list[float]:
    """The distribution of the values at LEVELS, rounded to a tenth."""
    return [round(float(v), 1) for v in np.quantile(np.asarray(values, dtype=np.float64), LEVELS)]


@dataclass(frozen=True, slots=True)
class Groove:
    """A performance, note by note: kit class, slot, velocity less the performance's mean, milliseconds after the slot less
    the performance's mean, group (notes of one sixteenth)."""

    kit: npt.NDArray[np.int64]
    slot: npt.NDArray[np.int64]
    loud: npt.NDArray[np.float64]
    late: npt.NDArray[np.float64]
    group: npt.NDArray[np.int64]


def groove_of(score: Score) -> Groove:
    """Measures of a drum performance on the sixteenth grid."""
    notes = score.tracks[0].notes
    slot, off = slots(score, notes["onset"])
    ms = 15000 / tempo_at(score, 0).qpm
    late = off * ms
    late = late - late.mean()
    velocity = notes["velocity"].astype(np.float64)
    step = np.rint(notes["onset"] / (score.resolution / 4)).astype(np.int64)
    group = np.unique(step, return_inverse=True)[1]
    return Groove(kit_classes(notes["pitch"]), slot, velocity - velocity.mean(), late, group)


def fit_drums(pieces: Sequence[Piece]) -> Table:
    """For each style, and for all together ("band"): cells of kit class and slot, and how timing drifts."""
    by_style: dict[str, list[Groove]] = defaultdict(list)
    for piece in pieces:
        groove = groove_of(piece.score)
        by_style["band"].append(groove)
        by_style[style_of(piece)].append(groove)
    return {style: fit_style(grooves) for style, grooves in sorted(by_style.items())}


def fit_style(grooves: Sequence[Groove]) -> Table:
    """Cells {kit class: {slot or "any": quantiles of loudness, mean lateness}}, spread and drift of lateness, constancy."""
    kit, slot, loud, late = (np.concatenate([getattr(g, n) for g in grooves]) for n in ("kit", "slot", "loud", "late"))
    whose = np.concatenate([np.full(len(g.kit), i) for i, g in enumerate(grooves)])
    near = np.abs(late) <= FARTHEST_MS
    cells: Table = {}
    mean = np.zeros(len(late))
    for k, name in enumerate(KIT):
        mine = kit == k
        if mine.sum() < LEAST:
            continue
        cells[name] = {}
        for s in ("any", *range(SLOTS)):
            here = mine if s == "any" else mine & (slot == s)
            if s != "any" and here.sum() < LEAST:
                continue
            timed = here & near
            cells[name][str(s)] = {"loud": quantiles(loud[here]), "late": round(float(np.median(late[timed])), 2)}
            mean[here] = np.median(late[timed])
    spread = [_spread(g, mean[whose == i]) for i, g in enumerate(grooves)]
    own, common, rho = (round(float(np.median([s[n] for s in spread])), 3) for n in range(3))
    return {"cells": cells, "own_ms": own, "common_ms": common, "rho": rho, "constancy": _constancy(kit, slot, loud, whose)}


def _spread(groove: Groove, mean: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Standard deviation of what is a single drum's own and of what drums struck together share, and its drift (lag 1)."""
    rest = np.clip(groove.late - mean, -FARTHEST_MS, FARTHEST_MS)
    count = np.bincount(groove.group)
    centre = np.bincount(groove.group, weights=rest) / count
    several = count[groove.group] > 1
    own = np.sqrt(np.sum((rest - centre[groove.group])[several] ** 2) / max(1, (count[count > 1] - 1).sum()))
    common = np.sqrt(max(0.0, float(np.var(rest)) - float(own) ** 2))
    rho = float(np.corrcoef(centre[:-1], centre[1:])[0, 1]) if len(centre) > 8 and np.std(centre) > 0 else 0.0
    return float(own), float(common), max(0.0, rho)


def _constancy(kit: npt.NDArray[np.int64], slot: npt.NDArray[np.int64], loud: npt.NDArray[np.float64], whose: Any) -> float:
    """Share of a cell's variance that lies between performances: how much a player repeats a pattern's accents."""
    between, total = [], []
    cell = kit * SLOTS + slot
    for c in np.unique(cell).tolist():
        here = cell == c
        if here.sum() < LEAST:
            continue
        means = np.array([loud[here & (whose == w)].mean() for w in np.unique(whose[here])])
        sizes = np.array([(here & (whose == w)).sum() for w in np.unique(whose[here])])
        between.append(float(np.average((means - np.average(means, weights=sizes)) ** 2, weights=sizes)) * here.sum())
        total.append(float(loud[here].var()) * here.sum())
    return round(float(sum(between) / max(1e-9, sum(total))), 3)


def fit_pitched(pieces: Iterable[Piece]) -> Table:
    """For each role a linear model of a note's velocity less its track's mean: slot, FEATURES, residual and its drift."""
    rows: dict[str, list[tuple[Any, Any, Any]]] = defaultdict(list)
    for piece in pieces:
        for track in piece.score.tracks:
            role = ROLES.get(track.name)
            if role is None or len(track) < 2 * LEAST or len(np.unique(track.notes["velocity"])) < 4:
                continue
            velocity = track.notes["velocity"].astype(np.float64)
            rows[role].append((slots(piece.score, track.notes["onset"])[0], pitched_features(piece.score, track.notes),
                               velocity - velocity.mean()))  # fmt: skip
    return {role: _linear(found) for role, found in sorted(rows.items())}


def _linear(rows: list[tuple[Any, Any, Any]]) -> Table:
    slot = np.concatenate([r[0] for r in rows])
    design = np.concatenate([np.eye(SLOTS)[slot], np.concatenate([r[1] for r in rows])], axis=1)
    loud = np.concatenate([r[2] for r in rows])
    ridge = design.T @ design + np.eye(design.shape[1])
    weights = np.linalg.solve(ridge, design.T @ loud)
    rest = loud - design @ weights
    at, lags = 0, []
    for r in rows:
        own = rest[at : at + len(r[2])]
        lags.append(float(np.corrcoef(own[:-1], own[1:])[0, 1]))
        at += len(own)
    return {
        "slots": [round(float(w), 2) for w in weights[:SLOTS]],
        "weights": {name: round(float(w), 2) for name, w in zip(FEATURES, weights[SLOTS:], strict=True)},
        "rest": quantiles(rest),
        "rho": round(float(np.nanmedian(lags)), 3),
        "tracks": len(rows),
    }
