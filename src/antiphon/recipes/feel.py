"""The feel of players, learnt: small tables of how loud and how late they play, from drummers, pianists and soloists."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.ingest import iter_pieces
from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.io import files, midi
from antiphon.music.accents import FEATURES, KIT, SLOTS, kit_classes, pitched_features, slots
from antiphon.music.beats import tempo_at, ticks_to_seconds
from antiphon.music.score import NOTE, Meter, NoteArray, Score, Track, notes_array

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
LEAST = 40
"""Fewest notes of which a cell is made; rarer cells take the kit's own average."""
FARTHEST_MS = 60.0
HELD_OUT = 5
"""Every fifth song of POP909 and every fifth solo is kept to examine the tables on; grooves have a published split."""

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Solo:
    """A played line against its beats: place in beats as played and as notated, beat length in seconds, loudness in dB."""

    name: str
    played: npt.NDArray[np.float64]
    notated: npt.NDArray[np.float64]
    division: npt.NDArray[np.int64]
    beat: npt.NDArray[np.float64]


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
    files.write_atomic(out, (json.dumps(table, indent=None, separators=(",", ":")) + "\n").encode())
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


def is_held_out(name: str) -> bool:
    """Whether a work is kept for examination: every HELD_OUT-th, by the digits or letters of its name."""
    return sum(name.encode()) % HELD_OUT == 0


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


# ---- drums


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


# ---- pitched loudness


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


# ---- pitched timing


def read_bridges(folder: Path) -> Iterator[Piece]:
    """Second melodies of POP909 that were played, not drawn: a quarter of their notes lie off the grid of twelfths.

    Each is a Score in which a beat of the labels is a quarter note, so that its tempo map is flat.
    """
    for path in sorted((folder / "POP909").glob("[0-9]*/[0-9]*.mid")):
        beats = path.with_name("beat_midi.txt")
        if not beats.is_file() or len(path.stem) != 3:
            continue
        at = np.loadtxt(beats, ndmin=2)[:, 0]
        raw = midi.loads(path.read_bytes(), title=path.stem)
        track = next((t for t in raw.tracks if t.name == "BRIDGE" and len(t) >= LEAST), None)
        if track is None or len(at) < 32:
            continue
        place = np.interp(ticks_to_seconds(raw, track.notes["onset"]), at, np.arange(len(at)))
        off = np.abs(place * 12 - np.rint(place * 12)) / 12
        if np.mean(off > 0.012) < 0.25 or np.mean(off > 0.012) > 0.9:
            continue
        score = _in_beats(place, track, float(np.median(np.diff(at))))
        yield Piece(score, f"pop909/{path.stem}", path.name, corpus="pop909")


def _in_beats(place: npt.NDArray[np.float64], track: Track, beat: float) -> Score:
    from antiphon.music.score import Tempo

    notes: NoteArray = np.zeros(len(place), dtype=NOTE)
    notes["onset"] = np.rint(place * 960)
    notes["duration"], notes["pitch"], notes["velocity"] = 480, track.notes["pitch"], track.notes["velocity"]
    return Score(960, (Track("bridge", 0, False, notes_array(notes)),), (Tempo.from_qpm(0, 60 / beat),), (Meter(0, 1, 4),))


def fit_line_timing(pieces: Sequence[Piece]) -> Table:
    """Lateness of played fills: mean and spread in milliseconds, and drift; beats carry no bar lines, so no slots."""
    rests, rhos = [], []
    for piece in pieces:
        _, off = slots(piece.score, piece.score.tracks[0].notes["onset"])
        late = off * 15000 / piece.score.tempos[0].qpm
        late = late - late.mean()
        near = late[np.abs(late) <= FARTHEST_MS]
        rests.append(float(np.std(near)))
        rhos.append(float(np.corrcoef(near[:-1], near[1:])[0, 1]))
    return {"spread_ms": round(float(np.median(rests)), 2), "rho": round(max(0.0, float(np.nanmedian(rhos))), 3)}


def read_solos(folder: Path) -> Iterator[Solo]:
    """Solos of the Weimar Jazz Database as tables (melody/*.csv with beat/*.csv)."""
    for path in sorted((folder / "melody").glob("*.csv")):
        other = folder / "beat" / f"{path.stem}_beattrack.csv"
        if not other.is_file():
            continue
        with path.open(encoding="utf-8-sig", newline="") as lines:
            notes = [row for row in csv.DictReader(lines) if row.get("division")]
        with other.open(encoding="utf-8-sig", newline="") as lines:
            beats = np.array([float(row["onset"]) for row in csv.DictReader(lines)])
        if len(notes) < 2 * LEAST or len(beats) < 16 or (np.diff(beats) <= 0).any():
            continue
        onset = np.array([float(n["onset"]) for n in notes])
        division = np.array([int(n["division"]) for n in notes])
        tatum = np.array([int(n["tatum"]) for n in notes])
        played = np.interp(onset, beats, np.arange(len(beats)), left=np.nan, right=np.nan)
        part = (tatum - 1) / division
        notated = np.rint(played - part) + part
        fits = np.isfinite(played) & (np.abs(played - notated) < 0.3)
        length = np.interp(onset, beats[:-1], np.diff(beats))
        yield Solo(path.stem, played[fits], notated[fits], division[fits], length[fits])


def swung(solo: Solo) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Place in the beat of the second of two eighths, and the tempo there, for each beat that has two notes alone."""
    beat = np.floor(solo.notated + 1e-6).astype(np.int64)
    part = solo.notated - beat
    _, first, count = np.unique(beat, return_index=True, return_counts=True)
    places, tempos = [], []
    for i, n in zip(first.tolist(), count.tolist(), strict=True):
        if n != 2 or part[i] > 0.01 or not 0.49 < part[i + 1] < 0.67:
            continue
        start, end = solo.played[i], solo.played[i + 1]
        place = 0.5 + (end - start - 0.5) if 0.3 < end - start < 0.85 else np.nan
        if np.isfinite(place):
            places.append(float(place))
            tempos.append(60 / float(solo.beat[i]))
    return np.array(places), np.array(tempos)


def fit_swing(solos: Sequence[Solo]) -> Table:
    """Median place of the second eighth in the beat by tempo: [tempo, place] pairs (0.5 straight, 0.667 triplets)."""
    found = [swung(s) for s in solos]
    place, tempo = (np.concatenate([f[n] for f in found]) for n in (0, 1))
    edges = np.array([0, 90, 120, 150, 180, 210, 250, 400])
    cell = np.digitize(tempo, edges) - 1
    curve = [
        [round(float(np.median(tempo[cell == c]))), round(float(np.median(place[cell == c])), 3)]
        for c in range(len(edges) - 1)
        if (cell == c).sum() >= LEAST
    ]
    return {"place_by_tempo": curve, "pairs": len(place)}


def fit_solo_timing(solos: Sequence[Solo]) -> Table:
    """Lateness of soloists on the beat and off it, in milliseconds: means less the solo's own, spread, drift."""
    on, rests, rhos, lag = [], [], [], []
    for solo in solos:
        late = (solo.played - solo.notated) * solo.beat * 1000
        straight = solo.division == 2
        if straight.sum() < LEAST:
            continue
        beat = straight & (np.abs(solo.notated - np.rint(solo.notated)) < 0.01)
        lag.append(float(np.median(late[beat])))
        own = np.where(beat, np.median(late[beat]), np.median(late[straight & ~beat]) if (straight & ~beat).any() else 0.0)
        rest = np.clip((late - own)[straight], -FARTHEST_MS, FARTHEST_MS)
        rests.append(float(np.std(rest)))
        rhos.append(float(np.corrcoef(rest[:-1], rest[1:])[0, 1]))
        on.append(len(rest))
    middle = {n: round(float(np.nanmedian(v)), 3) for n, v in (("spread_ms", rests), ("rho", rhos), ("behind_ms", lag))}
    return {**middle, "notes": sum(on)}
