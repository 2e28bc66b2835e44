"""The timing of played lines, learnt: how unevenly fills are played, how far behind the beat and how swung jazz solos are."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.piece import Piece, Unit
from antiphon.corpus.readers import generic
from antiphon.music.accents import slots
from antiphon.music.beats import ticks_to_seconds
from antiphon.music.score import NOTE, Meter, NoteArray, Score, Tempo, Track, notes_array

Table = dict[str, Any]

LEAST = 40
"""Fewest notes of which a cell is made; rarer cells take the kit's own average."""
FARTHEST_MS = 60.0
HELD_OUT = 5
"""Every fifth song of POP909 and every fifth solo is kept to examine the tables on; grooves have a published split."""


@dataclass(frozen=True, slots=True)
class Solo:
    """A played line against its beats: place in beats as played and as notated, beat length in seconds, loudness in dB."""

    name: str
    played: npt.NDArray[np.float64]
    notated: npt.NDArray[np.float64]
    division: npt.NDArray[np.int64]
    beat: npt.NDArray[np.float64]


def is_held_out(name: str) -> bool:
    """Whether a work is kept for examination: every HELD_OUT-th, by the digits or letters of its name."""
    return sum(name.encode()) % HELD_OUT == 0


def read_bridges(folder: Path) -> Iterator[Piece]:
    """Second melodies of POP909 that were played, not drawn: a quarter of their notes lie off the grid of twelfths.

    Each is a Score in which a beat of the labels is a quarter note, so that its tempo map is flat.
    """
    for path in sorted((folder / "POP909").glob("[0-9]*/[0-9]*.mid")):
        beats = path.with_name("beat_midi.txt")
        if not beats.is_file() or len(path.stem) != 3:
            continue
        at = np.loadtxt(beats, ndmin=2)[:, 0]
        read = generic.load(Unit(generic.NAME, str(path.parent), path.name))
        raw = next((p.score for p in read if isinstance(p, Piece)), Score())
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
