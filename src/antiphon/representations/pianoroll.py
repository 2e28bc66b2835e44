"""Piano-roll codec: Score <-> onset and hold cells, bar by bar, in which a repeated note is not a long one.

Legend: n bars, R roles, 2 layers (0 onset, 1 hold), S steps a bar, P pitches.

A note is one onset cell and a hold cell for every further step that it lasts; a hold cell without a note before it
means nothing. Like the event codec this one moves music by its key to C major or A minor on the way in, and back on
the way out. A role that a song lacks is told by a mask, so that nobody learns it as silence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.beats import bar_starts
from antiphon.music.edit import merge_doubled, named, resample, without_overlaps
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Meter, Note, NoteArray, Score, Tempo, Track, notes_array
from antiphon.representations.events import transposition

Rolls = npt.NDArray[np.bool_]
"""Cells [n, R, 2, S, P]."""
VELOCITY = 80
DRUMS = "drums"
WHOLE = "all"
"""Name of a role that is all pitched tracks together."""
MAX_BARS = 20_000
"""Longest piece in bars: a roll of it takes hundreds of megabytes."""


@dataclass(frozen=True)
class PianoRollSpec:
    """What a piano-roll can say.

    Attributes:
      roles: track names in score order; "drums" are drum keys, which no transposition moves, "all" are all pitched tracks
        together.
      programs: General MIDI program for each role.
      bars: bars of the window that a model sees at once.
      steps: cells of a 4/4 bar, a multiple of four.
      lowest: MIDI pitch of the lowest row; a multiple of twelve, so that row modulo 12 is the pitch class.
      pitches: rows.

    Raises:
      InputError: the values contradict each other.
    """

    roles: tuple[str, ...]
    programs: tuple[int, ...]
    bars: int = 4
    steps: int = 16
    lowest: int = 24
    pitches: int = 72

    def __post_init__(self) -> None:
        if len(self.roles) != len(self.programs) or not self.roles:
            raise InputError("A piano-roll needs one program for each of its roles.")
        if self.bars < 1 or self.steps < 4 or self.steps % 4:
            raise InputError(f"A piano-roll of {self.bars} bars of {self.steps} steps is none; a bar has 4, 8, 12, ... steps.")
        if self.lowest % 12 or self.pitches < 12 or self.pitches % 12 or not 0 <= self.lowest <= 128 - self.pitches:
            raise InputError(
                f"Rows {self.lowest} to {self.lowest + self.pitches - 1} are not whole octaves from a C inside MIDI's range."
            )

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Shape of one window: (bars, roles, 2, steps, pitches)."""
        return self.bars, len(self.roles), 2, self.steps, self.pitches

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PianoRollSpec:
        """The spec that `to_json` wrote."""
        numbers = (int(data[name]) for name in ("bars", "steps", "lowest", "pitches"))
        return cls(tuple(data["roles"]), tuple(int(p) for p in data["programs"]), *numbers)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


class Encoded(NamedTuple):
    """A whole piece as cells.

    Attributes:
      rolls: [n, R, 2, S, P] of all bars.
      present: [R], which roles the piece has at all.
      valid: [n], which bars are whole bars of 4/4; the cells of the others are empty and mean nothing.
    """

    rolls: Rolls
    present: npt.NDArray[np.bool_]
    valid: npt.NDArray[np.bool_]


def encode(score: Score, spec: PianoRollSpec, key: Key | None = None) -> Encoded:
    """All bars of a piece.

    Pitches outside the rows are folded by octaves; notes are quantised to the grid, and cut where the next note of the
    same pitch and role begins.

    Args:
      score: the piece; only tracks named as roles are read.
      spec: the grid.
      key: where given, the piece is moved from it to C major or A minor.

    Raises:
      InputError: no role has a note, or the piece is longer than 20,000 bars.
    """
    grid = resample(score, spec.steps // 4)
    parts = [notes_of(grid.tracks, name) for name in spec.roles]
    present = np.array([len(part) > 0 for part in parts])
    if not present.any():
        raise InputError(f"None of the tracks {', '.join(spec.roles)} has a note.")
    starts = np.array(bar_starts(grid))
    if len(starts) > MAX_BARS:
        raise InputError(f"The piece has {len(starts):,} bars; a piano-roll holds at most {MAX_BARS:,}.")
    move = 0 if key is None else transposition(key)
    meters = [m.tick for m in grid.meters]
    usual = np.array([m.numerator * 4 == m.denominator * 4 for m in grid.meters])
    valid = usual[np.searchsorted(meters, starts, side="right") - 1]
    valid[:-1] &= np.diff(starts) == spec.steps
    rolls = np.zeros((len(starts), *spec.shape[1:]), dtype=bool)
    for r, part in enumerate(parts):
        if len(part):
            notes = part if not move or spec.roles[r] == DRUMS else _moved(part, move)
            _draw(rolls[:, r], notes, starts, valid, spec)
    return Encoded(rolls, present, valid)


def notes_of(tracks: tuple[Track, ...], role: str) -> NoteArray:
    """The notes of a role: of the first track of that name, or of all pitched tracks; none where there is no such track."""
    found = named(tracks, role)
    chosen = [t.notes for t in tracks if not t.is_drum] if role == WHOLE else [] if found is None else [found.notes]
    return notes_array(np.concatenate(chosen)) if chosen else notes_array([])


def _moved(notes: npt.NDArray[np.void], move: int) -> npt.NDArray[np.void]:
    out = notes.copy()
    out["pitch"] += move
    return out


def _draw(
    rolls: Rolls, notes: npt.NDArray[np.void], starts: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_], spec: PianoRollSpec
) -> None:
    """Put one role's notes (times in steps) into its cells [n, 2, S, P]."""
    rows = notes["pitch"].astype(np.int64) - spec.lowest
    low, high = rows < 0, rows >= spec.pitches
    rows = np.where(low, rows % 12, np.where(high, spec.pitches - 12 + (rows - spec.pitches) % 12, rows))
    folded = notes.copy()
    folded["pitch"] = rows
    for onset, duration, row, _ in without_overlaps(merge_doubled(folded)).tolist():
        cells = np.arange(onset, onset + duration)
        bar = np.searchsorted(starts, cells, side="right") - 1
        step = cells - starts[bar]
        inside = (step < spec.steps) & valid[bar]
        if not inside[0]:
            continue
        rolls[bar[0], 0, step[0], row] = True
        rolls[bar[1:][inside[1:]], 1, step[1:][inside[1:]], row] = True


def window(rolls: Rolls, first: int, bars: int) -> Rolls:
    """A copy of `bars` bars from `first` on, without the holds of notes that began before it."""
    cut = rolls[first : first + bars].copy()
    carried = np.ones((cut.shape[1], cut.shape[-1]), dtype=bool)
    for bar in range(len(cut)):
        for step in range(cut.shape[3]):
            hold = cut[bar, :, 1, step]
            carried &= hold
            if not carried.any():
                return cut
            hold &= ~carried
    return cut


def windows(valid: npt.NDArray[np.bool_], bars: int, hop: int = 1) -> list[int]:
    """First bars of all stretches of `bars` valid bars, every `hop` bars."""
    return [i for i in range(0, len(valid) - bars + 1, hop) if valid[i : i + bars].all()]


def decode(
    rolls: npt.NDArray[Any],
    spec: PianoRollSpec,
    key: Key | None = None,
    qpm: float = 120.0,
    *,
    threshold: float = 0.5,
    velocities: npt.NDArray[np.float64] | None = None,
    resolution: int = 480,
) -> Score:
    """The piece that the cells say.

    Args:
      rolls: [n, R, 2, S, P], booleans or probabilities; n may be any number.
      spec: their grid.
      key: where given, the piece is moved to it from C major or A minor, and carries it as a mark.
      qpm: quarter notes a minute.
      threshold: a probability above it is a note.
      velocities: velocity [R, S] of notes by role and step; 80 where it is not given.
      resolution: ticks a quarter note of the piece, a multiple of a quarter of the steps.

    Raises:
      InputError: the shape is not the spec's.
    """
    if rolls.ndim != 5 or rolls.shape[1:] != spec.shape[1:]:
        raise InputError(f"Cells of shape {rolls.shape} are not those of {spec.shape}.")
    cells = rolls > threshold if rolls.dtype != np.bool_ else rolls
    scale, move = resolution * 4 // spec.steps, 0 if key is None else -transposition(key)
    total = len(cells) * spec.steps
    tracks = []
    for r, (name, program) in enumerate(zip(spec.roles, spec.programs, strict=True)):
        onset, hold = (cells[:, r, layer].reshape(total, spec.pitches) for layer in (0, 1))
        ends = _ends(onset, hold)
        notes = []
        for step, row in np.argwhere(onset).tolist():
            loud = VELOCITY if velocities is None else int(np.clip(round(velocities[r, step % spec.steps]), 1, 127))
            pitch = _inside(row + spec.lowest + (0 if name == DRUMS else move))
            notes.append(Note(step * scale, (int(ends[step, row]) - step) * scale, pitch, loud))
        if notes:
            tracks.append(Track(name, program, name == DRUMS, without_overlaps(notes_array(notes))))
    keys = () if key is None else (KeyMark(0, key),)
    return Score(
        resolution, tuple(tracks), (Tempo.from_qpm(0, qpm),), (Meter(0, 4, 4),), keys, length=total * scale
    )  # fmt: skip


def _ends(onset: Rolls, hold: Rolls) -> npt.NDArray[np.int64]:
    """Step after the last one of a note that begins in a cell, [T, P]: hold cells follow it, and no new onset."""
    total = len(onset)
    stops = np.where(hold & ~onset, total, np.arange(total)[:, None])
    following = np.minimum.accumulate(stops[::-1], axis=0)[::-1]
    return np.concatenate([following[1:], np.full((1, onset.shape[1]), total)])


def _inside(pitch: int) -> int:
    """The pitch brought into MIDI's range by octaves."""
    return pitch + 12 if pitch < 0 else pitch - 12 if pitch > 127 else pitch
