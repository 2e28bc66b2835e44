"""Nottingham folk tunes: a melody and block chords, which become chord marks too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.errors import AntiphonError
from antiphon.io import midi
from antiphon.music.chords import chord_of
from antiphon.music.score import ChordMark, KeyMark, Score, Track
from antiphon.music.tonality import find_key

NAME = "nottingham"
LICENCE = "GPL-3.0 (as stated; the tunes are traditional)"
TUNE_TYPES = {
    "ashover": "dance", "hpps": "hornpipe", "jigs": "jig", "morris": "morris", "playford": "playford", "reels": "reel",
    "slip": "slip jig", "waltzes": "waltz", "xmas": "carol",
}  # fmt: skip
_NAME = re.compile(r"^([a-z]+?)(?:[a-z]-[a-z])?(\d+)$")


def detect(folder: Path) -> bool:
    """True for a folder whose MIDI folder holds files named after these tune types."""
    inside = folder / "MIDI"
    return inside.is_dir() and any(
        next(inside.glob(f"{kind}*.mid"), None) is not None for kind in ("ashover", "reelsa", "hpps")
    )


def units(folder: Path) -> Iterator[Unit]:
    """One unit a tune."""
    for path in sorted((folder / "MIDI").glob("*.mid")):
        yield Unit(NAME, str(folder), f"MIDI/{path.name}")


def load(unit: Unit) -> list[Outcome]:
    """The tune of one unit: tracks "melody" and "chords", chord marks, meter from the file, key by its notes."""
    try:
        raw = midi.loads(unit.path.read_bytes())
    except (AntiphonError, OSError) as error:
        return [Refusal(unit.key, Cause.UNREADABLE, str(error))]
    parts = [t for t in raw.tracks if len(t)]
    if not parts:
        return [Refusal(unit.key, Cause.NO_NOTES)]
    if len(parts) > 2:
        return [Refusal(unit.key, Cause.MISALIGNED, f"{len(parts)} tracks where a melody and chords are expected")]
    melody = Track("melody", 73, False, parts[0].notes)
    tracks: tuple[Track, ...] = (melody,)
    marks: tuple[ChordMark, ...] = ()
    if len(parts) == 2:
        tracks, marks = (melody, Track("chords", 24, False, parts[1].notes)), chord_marks(parts[1], raw.resolution)
    score = Score(raw.resolution, tracks, raw.tempos, raw.meters, chords=marks, length=raw.length)
    found = find_key(score)
    if found is not None:
        score = replace(score, keys=(KeyMark(0, found.key),))
    stem = unit.path.stem
    match = _NAME.match(stem)
    kind = TUNE_TYPES.get(match[1], match[1]) if match else "tune"
    return [Piece(score, f"{NAME}/{stem}", unit.key, None, LICENCE, NAME, {"tune_type": kind, "key_by": "notes"})]


def chord_marks(track: Track, resolution: int) -> tuple[ChordMark, ...]:
    """Block chords as chord marks; silence of more than a quarter note is no chord."""
    marks: list[ChordMark] = []
    sounded = 0
    for onset, group in groupby(track, key=lambda n: n.onset):
        notes = list(group)
        if marks and onset - sounded > resolution:
            marks.append(ChordMark(sounded, None))
        marks.append(ChordMark(onset, chord_of(n.pitch for n in notes)))
        sounded = max(n.onset + n.duration for n in notes)
    return tuple(marks)
