"""Grid codec: Score <-> cells, one for each bar of each part (harmony is a part too), each a short list of compound events.

Legend: n bars, R roles, rows = R + 1 (row 0 is the harmony, row r + 1 the role r), K events of a cell, F = 3 fields.

    step                value                         extent
    0..15 in the bar    0 none                        0 none
    16 the cell ends    1 + pitch row (roles)         1 + duration (roles)
    17 it begins        1 + P + root, 12: no chord    26 + quality (harmony)
    18.. as another bar 0                             0

The last is said of a whole cell, in place of all its events: it is what the same part has so many bars before or after (see
COPIES), provided that this is there already.

Events of a cell go by (step, value). Music is written in C major or A minor, as in the event codec. Whatever is a set of
cells - a bar, a part, a phrase of two parts - can be open or given, and cells can be written in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.beats import bar_starts
from antiphon.music.edit import merge_doubled, named, resample, without_overlaps
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Note, Score, Section, Tempo, Track, notes_array
from antiphon.representations.events import DURATIONS, LETTERS, MAX_PHRASE, section_letter, transposition

STEPS = 16
END, BEGIN = STEPS, STEPS + 1
COPIES = (-8, -4, -2, -1, -16, -3, -6, -12, -5, -7, 8, 4, 2, 1, 16, 3, 6, 12, 5, 7)
"""How many bars off a cell may be that this one is the same as; where several are, the first of these is told."""
COPY = STEPS + 2
LOWEST, PITCHES = 24, 72
NO_CHORD = 12
ROOTS = 1 + PITCHES
FIRST_QUALITY = 1 + len(DURATIONS)
SIZES = (STEPS + 2 + len(COPIES), 1 + PITCHES + 13, 1 + len(DURATIONS) + len(QUALITIES))
"""Options of each field."""
MOST = 32
"""Events that a cell holds at most; the rest of a fuller bar is left out."""
COUNTDOWN = 8
FEATURES = (len(LETTERS) + 1, MAX_PHRASE + 2, MAX_PHRASE + 2, COUNTDOWN + 1)
"""Options of what is known of a bar: 1 + letter, 1 + bars since its phrase began, bars to the phrase's end with this one,
bars to the piece's end with this one; 0 is unknown, or far."""
TEMPOS = (65.0, 80.0, 95.0, 115.0, 140.0)
"""Edges of the tempo's classes, in quarter notes a minute; class 0 is unknown."""
GLOBALS = (3, len(TEMPOS) + 2)
"""Options of what is known of a piece: 1 + minor, 1 + tempo's class; 0 is unknown."""
VELOCITY = 80

Events = npt.NDArray[np.uint8]
"""Events of one cell [K, 3]."""
Cell = tuple[int, int]
"""(bar, row)."""
_QUALITIES = tuple(QUALITIES)


@dataclass(frozen=True)
class GridSpec:
    """The roles of a grid, in score order, and the General MIDI program of each."""

    roles: tuple[str, ...]
    programs: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.roles) != len(self.programs) or not self.roles:
            raise InputError("A grid needs one program for each of its roles.")

    @property
    def rows(self) -> int:
        """The harmony and the roles."""
        return len(self.roles) + 1

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> GridSpec:
        """The spec that `to_json` wrote."""
        return cls(tuple(data["roles"]), tuple(int(p) for p in data["programs"]))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


class Encoded(NamedTuple):
    """A whole piece as cells.

    Attributes:
      cells: [n][rows] of events.
      features: what is known of each bar [n, 4]; see FEATURES.
      present: [rows], which rows the piece has at all.
      valid: [n], which bars are whole bars of 4/4; cells of others are empty and mean nothing.
    """

    cells: list[list[Events]]
    features: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]
    valid: npt.NDArray[np.bool_]


def encode(score: Score, spec: GridSpec, key: Key) -> Encoded:
    """All bars of a piece, moved from `key` to C major or A minor.

    Only tracks named as roles are read; pitches outside the rows are folded by octaves, notes are quantised to
    sixteenths, durations to the nearest of the event codec's.

    Raises:
      InputError: no role has a note.
    """
    grid = resample(score, STEPS // 4)
    parts = [named(grid.tracks, name) for name in spec.roles]
    present = np.array([bool(grid.chords), *(part is not None and len(part) > 0 for part in parts)])
    if not present[1:].any():
        raise InputError(f"None of the tracks {', '.join(spec.roles)} has a note.")
    starts = np.array(bar_starts(grid))
    meters = [m.tick for m in grid.meters]
    usual = np.array([m.numerator * 4 == m.denominator * 4 for m in grid.meters])
    valid = usual[np.searchsorted(meters, starts, side="right") - 1]
    valid[:-1] &= np.diff(starts) == STEPS
    move = transposition(key)
    lists: list[list[list[tuple[int, int, int]]]] = [[[] for _ in range(spec.rows)] for _ in starts]
    _chord_events(lists, grid, starts, move)
    for r, part in enumerate(parts):
        if part is not None:
            _note_events(lists, r + 1, part.notes, starts, move)
    cells = [[_packed(row) if ok else np.zeros((0, 3), np.uint8) for row in bar] for bar, ok in zip(lists, valid, strict=True)]
    return Encoded(cells, bar_features(_phrases(grid, starts), len(starts)), present, valid)


def tempo_class(qpm: float) -> int:
    """Class of a tempo, from 1."""
    return 1 + int(np.searchsorted(TEMPOS, qpm, side="right"))


def _packed(rows: list[tuple[int, int, int]]) -> Events:
    return np.array(sorted(set(rows))[:MOST], dtype=np.uint8).reshape(-1, 3)


def _note_events(
    lists: list[list[list[tuple[int, int, int]]]],
    row: int,
    notes: npt.NDArray[np.void],
    starts: npt.NDArray[np.int64],
    move: int,
) -> None:
    """Put a role's notes (times in steps) into the lists of their bars."""
    rows = notes["pitch"].astype(np.int64) + move - LOWEST
    low, high = rows < 0, rows >= PITCHES
    folded = notes.copy()
    folded["pitch"] = np.where(low, rows % 12, np.where(high, PITCHES - 12 + (rows - PITCHES) % 12, rows))
    kept = without_overlaps(merge_doubled(folded))
    bars = np.searchsorted(starts, kept["onset"], side="right") - 1
    steps = kept["onset"] - starts[bars]
    extents = 1 + np.abs(kept["duration"][:, None] - np.array(DURATIONS)).argmin(1)
    for bar, step, pitch, extent in zip(bars.tolist(), steps.tolist(), kept["pitch"].tolist(), extents.tolist(), strict=True):
        if step < STEPS:
            lists[bar][row].append((step, 1 + pitch, extent))


def chord_event(step: int, chord: Chord | None) -> tuple[int, int, int]:
    """A chord, already moved to C major or A minor, as an event of the harmony."""
    if chord is None:
        return step, ROOTS + NO_CHORD, FIRST_QUALITY
    return step, ROOTS + chord.root, FIRST_QUALITY + _QUALITIES.index(chord.quality)


def _chord_events(lists: list[list[list[tuple[int, int, int]]]], grid: Score, starts: npt.NDArray[np.int64], move: int) -> None:
    """The chord in force at each bar line, and every change inside a bar."""
    if not grid.chords:
        return
    marks = list(grid.chords)
    for b, start in enumerate(starts.tolist()):
        before = [m for m in marks if m.tick <= start]
        inside = [m for m in marks if start < m.tick < start + STEPS]
        for tick, chord in [(start, before[-1].chord if before else None), *((m.tick, m.chord) for m in inside)]:
            event = chord_event(tick - start, chord and chord.transpose(move))
            if not lists[b][0] or lists[b][0][-1][1:] != event[1:]:
                lists[b][0].append(event)


def _phrases(grid: Score, starts: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """(first bar, letter, bars) of each phrase."""
    marks = [(int(np.searchsorted(starts, s.tick, side="right")) - 1, section_letter(s.label)) for s in grid.sections]
    stops = [*(b for b, _ in marks[1:]), len(starts)][: len(marks)]
    return [(first, letter, stop - first) for (first, letter), stop in zip(marks, stops, strict=True) if stop > first]


def bar_features(phrases: Sequence[tuple[int, int, int]], bars: int) -> npt.NDArray[np.uint8]:
    """What is known of each bar [n, 4], from phrases (first bar, letter, bars)."""
    out = np.zeros((bars, len(FEATURES)), dtype=np.uint8)
    for first, letter, length in phrases:
        for i in range(first, min(bars, first + length)):
            out[i, :3] = letter + 1, 1 + min(i - first, MAX_PHRASE), min(first + length - i, MAX_PHRASE + 1)
    left = bars - np.arange(bars)
    out[:, 3] = np.where(left <= COUNTDOWN, left, 0)
    return out


def rolls(cells: Sequence[Sequence[npt.NDArray[Any]]], roles: int) -> npt.NDArray[np.bool_]:
    """Onset and hold cells [n, R, 2, 16, P] of the roles (see representations.pianoroll), as a critic reads them."""
    flat = np.zeros((roles, 2, len(cells) * STEPS, PITCHES), dtype=bool)
    for b, bar in enumerate(cells):
        for r in range(roles):
            for step, value, extent in np.asarray(bar[r + 1], dtype=np.int64).reshape(-1, 3).tolist():
                onset = b * STEPS + step
                flat[r, 0, onset, value - 1] = True
                flat[r, 1, onset + 1 : onset + DURATIONS[extent - 1], value - 1] = True
    flat[:, 1] &= ~flat[:, 0]
    return np.ascontiguousarray(flat.reshape(roles, 2, len(cells), STEPS, PITCHES).transpose(2, 0, 1, 3, 4))


def decode(
    cells: Sequence[Sequence[npt.NDArray[Any]]],
    spec: GridSpec,
    key: Key,
    qpm: float = 120.0,
    *,
    sections: Sequence[tuple[int, int]] = (),
    velocities: npt.NDArray[np.float64] | None = None,
    resolution: int = 480,
) -> Score:
    """The piece that the cells [n][rows] say, moved from C major or A minor to `key`.

    Args:
      sections: (first bar, letter) of each phrase.
      velocities: velocity [R, 16] of notes by role and step; 80 where it is not given.
    """
    scale, move, end = resolution * 4 // STEPS, -transposition(key), len(cells) * STEPS
    told = np.full((len(spec.roles), STEPS), VELOCITY) if velocities is None else velocities
    loud = np.clip(np.rint(told), 1, 127).astype(int).tolist()
    chords: list[ChordMark] = []
    parts: list[list[Note]] = [[] for _ in spec.roles]
    for b, bar in enumerate(cells):
        for step, value, extent in np.asarray(bar[0], dtype=np.int64).reshape(-1, 3).tolist():
            root = value - ROOTS
            found = None if root == NO_CHORD else Chord(root, _QUALITIES[extent - FIRST_QUALITY]).transpose(move)
            if not chords or chords[-1].chord != found:
                chords.append(ChordMark((b * STEPS + step) * scale, found))
        for r, notes in enumerate(parts):
            for step, value, extent in np.asarray(bar[r + 1], dtype=np.int64).reshape(-1, 3).tolist():
                onset = b * STEPS + step
                last = min(onset + DURATIONS[extent - 1], end)
                notes.append(Note(onset * scale, (last - onset) * scale, value - 1 + LOWEST + move, loud[r][step]))
    tracks = [
        Track(name, program, notes=without_overlaps(notes_array(notes)))
        for name, program, notes in zip(spec.roles, spec.programs, parts, strict=True)
        if notes
    ]
    marks = tuple(Section(b * STEPS * scale, LETTERS[letter]) for b, letter in sections)
    return Score(
        resolution, tuple(tracks), (Tempo.from_qpm(0, qpm),), (Meter(0, 4, 4),), (KeyMark(0, key),), tuple(chords), marks,
        length=end * scale,
    )  # fmt: skip
