"""JSB chorales: four voices on a sixteenth grid with the published split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.errors import FormatError
from antiphon.music.chords import recognise_chords
from antiphon.music.edit import shift
from antiphon.music.score import KeyMark, Score, Tempo, Track, notes_array
from antiphon.music.tonality import find_key

NAME = "jsb"
FILE = "Jsb16thSeparated.json"
LICENCE = "public domain music; the compilation states none"
VOICES = ("soprano", "alto", "tenor", "bass")
PROGRAM = 52
"""General MIDI "Choir Aahs"."""
RESOLUTION = 480
STEP = RESOLUTION // 4
BEAT = 4
"""Sixteenths a beat."""
QPM = 72.0
HELD_BASS = 2 * BEAT
"""Sixteenths that a bass note is held before a beat line may cut it."""


def detect(folder: Path) -> bool:
    """True for a folder with the separated sixteenth-note file."""
    return (folder / FILE).is_file()


def units(folder: Path) -> Iterator[Unit]:
    """One unit a chorale: "file#split/number"."""
    for split, pieces in _file(str(folder / FILE)).items():
        for number in range(len(pieces)):
            yield Unit(NAME, str(folder), f"{FILE}#{split}/{number:03d}")


@lru_cache(maxsize=1)
def _file(path: str) -> dict[str, list[list[list[int]]]]:
    """The whole file: split -> pieces -> steps -> four pitches."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(data, dict):
        raise FormatError(f"{path} does not hold splits of chorales.")
    return data


def load(unit: Unit) -> list[Outcome]:
    """The chorale of one unit."""
    split, _, number = unit.key.partition("#")[2].partition("/")
    steps = np.array(_file(str(Path(unit.folder) / FILE))[split][int(number)])
    if steps.ndim != 2 or steps.shape[1] != 4:
        return [Refusal(unit.key, Cause.UNREADABLE, "not four voices")]
    # a pickup beat is the last beat of a first bar that rests before it: later bar lines then fall where Bach has them
    pickup = pickup_beats(len(steps))
    score = chorale(steps)
    if pickup:
        score = shift(score, score.meters[0].bar_ticks(RESOLUTION) - pickup * RESOLUTION)
    found = find_key(score)
    if found is not None:
        score = replace(score, keys=(KeyMark(0, found.key),))
    score = replace(score, chords=recognise_chords(score, list(range(0, score.end, RESOLUTION))))
    extras = {"key_by": "notes", "chords_by": "notes", "meter_by": "nominal", "pickup_beats": str(pickup)}
    return [Piece(score, f"{NAME}/{split}/{number}", unit.key, split, LICENCE, NAME, extras)]


def chorale(steps: npt.NDArray[np.int64]) -> Score:
    """Four voices from steps [time in sixteenths, soprano alto tenor bass], -1 for a rest.

    The data does not tell a held note from a repeated one. A run of one pitch is cut at the beat lines on which another
    voice moves, as a chorale declaims a syllable a beat; where all voices stay, a longer chord is held on, and the bass,
    which likes to hold under moving voices, is cut only after two beats. Against the editions that music21 carries of
    137 chorales, this is right at 77 % of the beat lines inside runs (cutting at all of them: 51 %; at none: 49 %).
    """
    changed = np.ones(len(steps), dtype=bool)
    changed[1:] = (steps[1:] != steps[:-1]).any(axis=1)
    cuts = (np.flatnonzero(changed & (np.arange(len(steps)) % BEAT == 0))).tolist()
    tracks = []
    for voice, name in enumerate(VOICES):
        notes: list[tuple[int, int, int]] = []
        for start, end in _runs(steps[:, voice]):
            begun = start
            for cut in (c for c in cuts if start < c < end):
                if name != "bass" or cut - begun >= HELD_BASS:
                    notes.append((begun, cut - begun, int(steps[start, voice])))
                    begun = cut
            notes.append((begun, end - begun, int(steps[start, voice])))
        rows = [(a * STEP, length * STEP, pitch, 80) for a, length, pitch in notes if pitch >= 0]
        tracks.append(Track(name, PROGRAM, False, notes_array(rows)))
    return Score(RESOLUTION, tuple(tracks), (Tempo.from_qpm(0, QPM),), length=len(steps) * STEP)


def _runs(pitches: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """(start, end) of the stretches of one pitch."""
    starts = np.flatnonzero(np.append(True, np.diff(pitches) != 0))
    return list(zip(starts.tolist(), np.append(starts[1:], len(pitches)).tolist(), strict=True))


def pickup_beats(steps: int) -> int:
    """Beats before the first bar line of a chorale of that many steps: 1 or 0.

    Its pickup makes a chorale's length one beat more than whole bars here: true of 31 of 31 pieces in 4/4 with a pickup
    and of 15 of 15 without one, by the editions in music21.
    """
    return 1 if steps % 16 == BEAT else 0
