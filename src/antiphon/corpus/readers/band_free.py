"""Band music under free licences: General MIDI files of games and game engines, one folder a project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.corpus.readers.band_roles import STEPS, as_band
from antiphon.corpus.readers.midi_file import score_of
from antiphon.music.beats import bar_starts
from antiphon.music.chords import recognise_chords
from antiphon.music.edit import cut
from antiphon.music.score import KeyMark, Score
from antiphon.music.tonality import find_key

NAME = "band-free"
PROJECTS = {
    "freedoom": "BSD-3-Clause (Freedoom)",
    "freedoom-older": "BSD-3-Clause (Freedoom)",
    "blasphemer": "BSD-3-Clause (Blasphemer)",
    "simutrans": "Artistic License (Simutrans)",
    "openmsx": "GPL-2.0 (OpenMSX)",
    "tannerhelland": "CC BY 4.0 (music by Tanner Helland)",
    "easyrpg-rtp": "CC BY 4.0, some CC0 (EasyRPG RTP)",
}
"""Folder of a project -> licence of its music, and who is to be named."""
LEAST_PROJECTS = 2
NEAR = 0.075
"""Quarters: how far from a sixteenth an onset may lie and still count as on the grid; three in five do by chance."""
LEAST_ON_GRID = 0.8
SHORT_BAR = 1.0
"""Quarters: a first bar up to this length is a lead-in, written with a meter of its own."""
_VERSION = re.compile(r"_[0-9a-f]{7}$")


def detect(folder: Path) -> bool:
    """True for a folder that holds the folders of several of these projects."""
    return sum((folder / project).is_dir() for project in PROJECTS) >= LEAST_PROJECTS


def units(folder: Path) -> Iterator[Unit]:
    """One unit a file, project by project."""
    for project in sorted(PROJECTS):
        for path in sorted((folder / project).glob("**/*.mid")):
            yield Unit(NAME, str(folder), path.relative_to(folder).as_posix())


def work_of(key: str) -> str:
    """Name of the work: all versions of a track of one game, older ones too, are one work."""
    project, _, rest = key.partition("/")
    stem = _VERSION.sub("", Path(rest).with_suffix("").as_posix()).rstrip("_ ")
    return f"{NAME}/{project.removesuffix('-older')}/{stem.lower()}"


def load(unit: Unit) -> list[Outcome]:
    """The piece of one unit: tracks of a band (see band_roles) on the sixteenth grid, key and chords by its notes."""
    raw = score_of(unit)
    if isinstance(raw, Refusal):
        return [raw]
    share = on_grid(raw)
    if share < LEAST_ON_GRID:
        return [
            Refusal(unit.key, Cause.NO_GRID, f"{share:.0%} of the notes begin on a sixteenth; {LEAST_ON_GRID:.0%} are needed")
        ]
    band = as_band(without_lead_in(raw))
    if band is None:
        return [Refusal(unit.key, Cause.FEW_NOTES, "no track plays a pitched role of a band")]
    score = replace(band.score, keys=(), chords=(), sections=())
    found = find_key(score)
    if found is not None:
        score = replace(score, keys=(KeyMark(0, found.key),))
    score = replace(score, chords=recognise_chords(score))
    extras = {"key_by": "notes", "chords_by": "notes", "notes_unused": str(band.unused)}
    licence = PROJECTS[unit.key.partition("/")[0]]
    return [Piece(score, work_of(unit.key), unit.key, None, licence, NAME, extras)]


def on_grid(score: Score) -> float:
    """Share of notes that begin near a sixteenth."""
    onset = np.concatenate([t.notes["onset"] for t in score.tracks if len(t)]).astype(np.float64)
    steps = onset / score.resolution * STEPS
    return float((np.abs(steps - np.rint(steps)) <= NEAR * STEPS).mean())


def without_lead_in(score: Score) -> Score:
    """The piece without a short first bar in a meter of its own, which holds no music but a breath or an upbeat."""
    starts = bar_starts(score)
    short = len(starts) > 1 and starts[1] <= SHORT_BAR * score.resolution and len(score.meters) > 1
    return cut(score, starts[1], score.end) if short and score.meters[1].tick == starts[1] else score
