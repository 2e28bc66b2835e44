"""EMOPIA: clips of pop piano with one of four emotions each; clips of one recording are one work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.corpus.readers.midi_file import score_of

NAME = "emopia"
LICENCE = "CC BY-NC-SA 4.0"
QUADRANTS = {
    "Q1": ("happy, excited", "1", "1"),
    "Q2": ("tense, angry", "-1", "1"),
    "Q3": ("sad", "-1", "-1"),
    "Q4": ("calm", "1", "-1"),
}
"""Quadrant -> (mood, valence, arousal)."""
_NAME = re.compile(r"^(Q[1-4])_(.+)_\d+$")
ENOUGH = 8
"""Files of this naming that make a folder this corpus."""


def _files(folder: Path) -> list[Path]:
    here = [p for p in folder.glob("Q*.mid") if _NAME.match(p.stem)]
    return sorted(here or [p for p in (folder / "midis").glob("Q*.mid") if _NAME.match(p.stem)])


def detect(folder: Path) -> bool:
    """True for a folder with files Qn_RECORDING_SEGMENT.mid, or one folder midis of them."""
    return len(_files(folder)) >= ENOUGH


def units(folder: Path) -> Iterator[Unit]:
    """One unit a clip."""
    for path in _files(folder):
        yield Unit(NAME, str(folder), path.relative_to(folder).as_posix())


def load(unit: Unit) -> list[Outcome]:
    """The clip of one unit, its track named "piano"; its tempo and meter are fillers, as the extras say."""
    match = _NAME.match(unit.path.stem)
    raw = score_of(unit)
    if isinstance(raw, Refusal):
        return [raw]
    if match is None:
        return [Refusal(unit.key, Cause.NO_NOTES)]
    score = raw.with_tracks(replace(t, name="piano") for t in raw.tracks)
    mood, valence, arousal = QUADRANTS[match[1]]
    extras = {"quadrant": match[1], "mood": mood, "valence": valence, "arousal": arousal, "grid": "none"}
    return [Piece(score, f"{NAME}/{match[2]}", unit.key, None, LICENCE, NAME, extras)]
