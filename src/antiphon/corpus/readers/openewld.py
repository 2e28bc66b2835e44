"""OpenEWLD: public-domain lead sheets in MusicXML, a melody with chord symbols, key and meter."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.errors import AntiphonError, LimitError
from antiphon.io import musicxml
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Score, Track
from antiphon.music.tonality import KEYS, find_key, key_scores, pitch_class_weights

NAME = "openewld"
LICENCE = "MIT (as stated; content believed public domain)"
PROGRAM = 73
"""General MIDI "Flute" for the melody."""


def detect(folder: Path) -> bool:
    """True for a folder with works.csv beside a folder mxl/AUTHOR/TITLE.mxl."""
    return (folder / "works.csv").is_file() and next((folder / "mxl").glob("*/*.mxl"), None) is not None


def units(folder: Path) -> Iterator[Unit]:
    """One unit a lead sheet, in order of path."""
    for path in sorted((folder / "mxl").rglob("*.mxl")):
        yield Unit(NAME, str(folder), path.relative_to(folder).as_posix())


@lru_cache(maxsize=2)
def _index(folder: str) -> dict[str, dict[str, str]]:
    """File -> its row of works.csv."""
    with (Path(folder) / "works.csv").open(encoding="utf-8-sig", newline="") as lines:
        return {row["file"]: row for row in csv.DictReader(lines) if row.get("file")}


def load(unit: Unit) -> list[Outcome]:
    """The lead sheet of one unit: the track "melody" with chord marks."""
    try:
        raw = musicxml.loads(unit.path.read_bytes(), title=unit.path.stem.replace("_", " "))
    except LimitError as error:
        return [Refusal(unit.key, Cause.TOO_LARGE, str(error))]
    except (AntiphonError, OSError) as error:
        return [Refusal(unit.key, Cause.UNREADABLE, str(error))]
    parts = [t for t in raw.tracks if len(t)]
    if not parts:
        return [Refusal(unit.key, Cause.NO_NOTES)]
    if not raw.chords:
        return [Refusal(unit.key, Cause.NO_LABELS, "the lead sheet has no chord symbols")]
    row = _index(unit.folder).get(unit.key, {})
    title = row.get("title") or raw.title
    score = replace(raw, tracks=(_melody(parts),), title=title)
    known = {
        name: row.get(column) or "" for name, column in (("artist", "authors"), ("genres", "genres"), ("styles", "styles"))
    }
    score, key_by = _with_mode(score)
    extras = {**{k: v for k, v in known.items() if v}, "key_by": key_by}
    return [Piece(score, f"{NAME}/{unit.path.parent.name}/{unit.path.stem}", unit.key, None, LICENCE, NAME, extras)]


def _melody(parts: list[Track]) -> Track:
    """The part with most notes, which in a lead sheet is the only one."""
    return replace(max(parts, key=len), name="melody", program=PROGRAM, is_drum=False)


def _with_mode(score: Score) -> tuple[Score, str]:
    """The score with a mode for each signature, which few sheets state; with a key by its notes where it has none.

    A last chord on the tonic decides between major and its relative minor, else the pitch-class profile does.
    """
    if not score.keys:
        found = find_key(score)
        return (replace(score, keys=(KeyMark(0, found.key),)) if found else score), "notes"
    ends = [*(k.tick for k in score.keys[1:]), score.end]
    marks = []
    for (tick, key), end in zip(score.keys, ends, strict=True):
        pair = (key, Key.from_fifths(key.fifths, minor=True))
        if key.minor or end <= tick:
            marks.append(KeyMark(tick, key))
            continue
        last = next((c.chord for c in reversed(score.chords) if c.chord and tick <= c.tick < end), None)
        named = [k for k in pair if last is not None and last.root == k.tonic]
        fits = key_scores(pitch_class_weights(score, [tick, end])[0])
        major, minor = (float(fits[KEYS.index(k)]) for k in pair)
        marks.append(KeyMark(tick, named[0] if named else pair[minor > major]))
    return replace(score, keys=tuple(marks)), "signature; mode by last chord or notes"
