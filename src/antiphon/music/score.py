"""Score: the exact, validated, immutable value that all music inside Antiphon is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError, LimitError
from antiphon.music.harmony import Chord, Key

NOTE = np.dtype([("onset", "<i4"), ("duration", "<i4"), ("pitch", "<i2"), ("velocity", "<i2")])
"""One note: onset and duration in ticks, MIDI pitch 0..127, velocity 1..127."""

SPAN = np.dtype([("onset", "<i4"), ("duration", "<i4")])
"""A stretch of time in ticks, as a held sustain pedal is."""

NoteArray = npt.NDArray[np.void]

MAX_TICK = 2**28
"""Latest tick a Score may reach: far beyond any music, far below what would exhaust memory in a roll."""
MAX_NOTES = 2_000_000


class Note(NamedTuple):
    """One note, as iteration over a track yields it; times in ticks."""

    onset: int
    duration: int
    pitch: int
    velocity: int = 80


class Tempo(NamedTuple):
    """From this tick on a quarter note lasts `mspq` microseconds (MIDI's own exact unit)."""

    tick: int
    mspq: int

    @property
    def qpm(self) -> float:
        """Quarter notes a minute."""
        return 60_000_000 / self.mspq

    @classmethod
    def from_qpm(cls, tick: int, qpm: float) -> Tempo:
        """The tempo of that many quarter notes a minute, to the nearest microsecond."""
        return cls(tick, round(60_000_000 / qpm))


class Meter(NamedTuple):
    """From this tick on bars have `numerator` beats of 1/`denominator`."""

    tick: int
    numerator: int
    denominator: int

    def bar_ticks(self, resolution: int) -> int:
        """Length of one bar in ticks, at least 1."""
        return max(1, resolution * 4 * self.numerator // self.denominator)


class KeyMark(NamedTuple):
    """From this tick on the piece is in this key."""

    tick: int
    key: Key


class ChordMark(NamedTuple):
    """From this tick on this chord sounds; None means no chord (N.C.)."""

    tick: int
    chord: Chord | None


class Section(NamedTuple):
    """From this tick on a section of this name begins (as "A", "intro", "chorus")."""

    tick: int
    label: str


def notes_array(notes: Iterable[tuple[int, ...]] | NoteArray) -> NoteArray:
    """Notes as a sorted, read-only array of NOTE.

    Args:
      notes: (onset, duration, pitch[, velocity]) tuples, Notes, or an array of dtype NOTE.
    """
    if isinstance(notes, np.ndarray):
        array = notes.astype(NOTE, copy=True)
    else:
        rows = [(*n, 80) if len(n) == 3 else tuple(n) for n in notes]
        try:
            array = np.array(rows, dtype=NOTE)
        except (OverflowError, ValueError, TypeError) as error:
            raise InputError(f"These notes cannot be stored: {error}.") from error
    array = _sorted(array)
    array.flags.writeable = False
    return array


def _sorted(array: NoteArray) -> NoteArray:
    """Notes by (onset, pitch, duration, velocity); two packed keys, and no sort where the order is right already."""
    place = (array["onset"].astype(np.int64) << 16) + array["pitch"]
    step = np.diff(place)
    if (step > 0).all():
        return array
    length = (array["duration"].astype(np.int64) << 16) + array["velocity"]
    return np.asarray(array[np.lexsort((length, place))])


def spans_array(spans: Iterable[tuple[int, int]] | NoteArray) -> NoteArray:
    """Stretches of time as a sorted, read-only array of SPAN."""
    array = spans.astype(SPAN, copy=True) if isinstance(spans, np.ndarray) else np.array([tuple(s) for s in spans], dtype=SPAN)
    array = array[np.lexsort((array["duration"], array["onset"]))]
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One part: a name, a General MIDI program and its notes.

    Attributes:
      name: as shown to people; by convention lower-case role names ("melody", "piano", "soprano").
      program: General MIDI program 0..127 (ignored where is_drum).
      is_drum: True for unpitched percussion; pitches are then General MIDI drum keys.
      notes: read-only array of NOTE, sorted by (onset, pitch, duration, velocity).
      pedals: read-only array of SPAN, where the sustain pedal is held.
    """

    name: str = ""
    program: int = 0
    is_drum: bool = False
    notes: NoteArray = field(default_factory=lambda: notes_array([]))
    pedals: NoteArray = field(default_factory=lambda: spans_array([]))

    def __post_init__(self) -> None:
        for name, dtype, make in (("notes", NOTE, notes_array), ("pedals", SPAN, spans_array)):
            value: Any = getattr(self, name)
            if not (isinstance(value, np.ndarray) and value.dtype == dtype and not value.flags.writeable):
                object.__setattr__(self, name, make(value))
        if not 0 <= self.program <= 127:
            raise InputError(f"Track {self.name!r} has program {self.program}; General MIDI programs are 0 to 127.")
        n = self.notes
        if len(n) == 0:
            return
        if n["onset"].min() < 0 or n["duration"].min() < 1:
            raise InputError(f"Track {self.name!r} holds a note before tick 0 or of no length.")
        if n["pitch"].min() < 0 or n["pitch"].max() > 127:
            raise InputError(f"Track {self.name!r} holds a pitch outside 0 to 127.")
        if n["velocity"].min() < 1 or n["velocity"].max() > 127:
            raise InputError(f"Track {self.name!r} holds a velocity outside 1 to 127.")

    def __iter__(self) -> Iterator[Note]:
        return (Note(*row) for row in self.notes.tolist())

    def __len__(self) -> int:
        return len(self.notes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Track):
            return NotImplemented
        return (
            (self.name, self.program, self.is_drum) == (other.name, other.program, other.is_drum)
            and np.array_equal(self.notes, other.notes)
            and np.array_equal(self.pedals, other.pedals)
        )

    @property
    def end(self) -> int:
        """Tick at which the last note ends; 0 if the track is empty."""
        return int((self.notes["onset"].astype(np.int64) + self.notes["duration"]).max()) if len(self.notes) else 0


def _marks(marks: Sequence[Any], default: Any | None, what: str) -> tuple[Any, ...]:
    """Sort marks by tick, keep the last of several at one tick, and make sure that one stands at 0."""
    by_tick = {m.tick: m for m in sorted(marks, key=lambda m: m.tick)}
    if by_tick and min(by_tick) < 0:
        raise InputError(f"A {what} stands before tick 0.")
    if default is not None and 0 not in by_tick:
        by_tick[0] = default
    return tuple(by_tick[t] for t in sorted(by_tick))


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A whole piece of music.

    Attributes:
      resolution: ticks a quarter note.
      tracks: the parts, in score order.
      tempos: tempo map; one always stands at tick 0 (default 120 quarter notes a minute).
      meters: meter map; one always stands at tick 0 (default 4/4).
      keys, chords, sections: marks, possibly none.
      title: name of the piece.
      length: tick at which the piece ends (0 = where the last note ends); a last bar may outlast its notes.

    Raises:
      InputError: a value cannot mean anything (negative time, pitch out of range, tempo of zero).
      LimitError: the piece is beyond MAX_TICK or MAX_NOTES.
    """

    resolution: int = 480
    tracks: tuple[Track, ...] = ()
    tempos: tuple[Tempo, ...] = ()
    meters: tuple[Meter, ...] = ()
    keys: tuple[KeyMark, ...] = ()
    chords: tuple[ChordMark, ...] = ()
    sections: tuple[Section, ...] = ()
    title: str = ""
    length: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "tracks", tuple(self.tracks))
        put(self, "tempos", _marks(self.tempos, Tempo(0, 500_000), "tempo"))
        put(self, "meters", _marks(self.meters, Meter(0, 4, 4), "meter"))
        put(self, "keys", _marks(self.keys, None, "key"))
        put(self, "chords", _marks(self.chords, None, "chord"))
        put(self, "sections", _marks(self.sections, None, "section"))
        if not 1 <= self.resolution <= 32767:
            raise InputError(f"The resolution is {self.resolution} ticks a quarter note; it must be 1 to 32767.")
        if any(not 1 <= t.mspq <= 0xFFFFFF for t in self.tempos):
            raise InputError("A tempo is zero or slower than MIDI can say.")
        for m in self.meters:
            if not 1 <= m.numerator <= 255 or m.denominator not in (1, 2, 4, 8, 16, 32, 64):
                raise InputError(f"The meter {m.numerator}/{m.denominator} cannot be used.")
        if sum(len(t) for t in self.tracks) > MAX_NOTES:
            raise LimitError(f"The piece has more than {MAX_NOTES:,} notes.")
        if self.end > MAX_TICK:
            raise LimitError(f"The piece reaches tick {self.end:,}; the limit is {MAX_TICK:,}.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    @property
    def end(self) -> int:
        """Tick at which the piece ends: its stated length or its last note's end, whichever is later."""
        return max([self.length, *(t.end for t in self.tracks)])

    @property
    def note_count(self) -> int:
        """Number of notes over all tracks."""
        return sum(len(t) for t in self.tracks)

    def with_tracks(self, tracks: Iterable[Track]) -> Score:
        """The same piece with other tracks."""
        return replace(self, tracks=tuple(tracks))
