"""Groove: drum kit performances with style, tempo and the published split."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from antiphon.corpus.piece import Outcome, Piece, Refusal, Unit
from antiphon.corpus.readers.midi_file import score_of
from antiphon.music.score import NoteArray

NAME = "groove"
LICENCE = "CC BY 4.0 (Google LLC)"
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
GENERAL_MIDI = {22: 42, 26: 46, 58: 43}
"""Pads of the electronic kit that General MIDI does not know -> the drum that they are: the edges of closed and open
hi-hat, and the rim of the third tom."""


def detect(folder: Path) -> bool:
    """True for a folder with info.csv beside drummer1, drummer2, ..."""
    return (folder / "info.csv").is_file() and next(folder.glob("drummer*/"), None) is not None


def units(folder: Path) -> Iterator[Unit]:
    """One unit a performance, in order of path."""
    for path in sorted(folder.glob("drummer*/**/*.mid")):
        yield Unit(NAME, str(folder), path.relative_to(folder).as_posix())


@lru_cache(maxsize=2)
def _index(folder: str) -> dict[str, dict[str, str]]:
    """MIDI file -> its row of info.csv."""
    with (Path(folder) / "info.csv").open(encoding="utf-8-sig", newline="") as lines:
        return {row["midi_filename"]: row for row in csv.DictReader(lines) if row.get("midi_filename")}


def load(unit: Unit) -> list[Outcome]:
    """The performance of one unit: one drum track, as played, its pads mapped to General MIDI."""
    raw = score_of(unit)
    if isinstance(raw, Refusal):
        return [raw]
    row = _index(unit.folder).get(unit.key, {})
    score = raw.with_tracks(replace(t, name="drums", is_drum=True, notes=_general(t.notes)) for t in raw.tracks)
    extras = {name: row[name] for name in ("drummer", "style", "bpm", "beat_type") if row.get(name)}
    work = f"{NAME}/{unit.key.removesuffix('.mid')}"
    return [Piece(score, work, unit.key, SPLITS.get(row.get("split", "")), LICENCE, NAME, extras)]


def _general(notes: NoteArray) -> NoteArray:
    mapped = notes.copy()
    for pad, drum in GENERAL_MIDI.items():
        mapped["pitch"][notes["pitch"] == pad] = drum
    return mapped
