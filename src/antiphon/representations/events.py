"""Event codec: Score <-> a sequence of compound events in bars and steps.

Legend: T events, F = 4 fields.

    kind            value                  extent           accent
    header          mode                   roles present    -
    bar             bars left (0: many)    meter            -
    section         letter                 bars             -
    chord at step   root or none           quality          bass (0: root)
    note at step    role and pitch         duration         velocity
    end             -                      -                -
    fill            -                      roles open       -

A piece is a header, then bar after bar; inside a bar events go by step, chords before notes, notes by (role, pitch).
The chord in force is stated again at each bar line, so that any stretch of bars stands on its own. Music is written
in C major or A minor: the codec moves a piece by its key on the way in, and back on the way out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.edit import named, resample, without_overlaps
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Note, Score, Section, Tempo, Track, notes_array
from antiphon.representations.vocabulary import Range, Vocabulary

Events = npt.NDArray[np.int16]
"""Compound events [T, 4]."""

FIELDS = ("kind", "value", "extent", "accent")
LOWEST, PITCHES = 21, 88
COUNTDOWN = 8
"""A bar says how many bars are left, itself included, when they are at most this many."""
LETTERS = ("A", "B", "C", "D", "E", "interlude", "intro", "outro", "other")
MAX_PHRASE = 16
DURATIONS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64)
VELOCITY_BINS = 16


@dataclass(frozen=True)
class EventSpec:
    """What an event codec can say: all that a snapshot must keep to read its own output.

    Attributes:
      roles: track names in score order; a note's id is role * 88 + pitch - 21.
      programs: General MIDI program for each role.
      meters: (numerator, denominator) pairs it knows.
      steps_per_quarter: grid.
      max_steps: steps of its longest bar.
      fills: whether it has the event after which open bars are written (see representations.openings).
      drums: those of the roles that are drum kits: their pitches are drum keys, which no key moves, and their notes have
        the shortest length.
    """

    roles: tuple[str, ...]
    programs: tuple[int, ...]
    meters: tuple[tuple[int, int], ...] = ((4, 4),)
    steps_per_quarter: int = 4
    max_steps: int = 16
    fills: bool = False
    drums: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EventSpec:
        """The spec that `to_json` wrote."""
        return cls(
            tuple(data["roles"]),
            tuple(data["programs"]),
            tuple((int(n), int(d)) for n, d in data["meters"]),
            int(data["steps_per_quarter"]),
            int(data["max_steps"]),
            bool(data.get("fills", False)),
            tuple(data.get("drums", ())),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; drums are named only where there are any, as in snapshots that know of none."""
        return {name: value for name, value in asdict(self).items() if name != "drums" or value}

    @property
    def kits(self) -> frozenset[int]:
        """Indices of the roles that are drum kits."""
        return frozenset(i for i, role in enumerate(self.roles) if role in self.drums)


def section_letter(label: str) -> int:
    """Index into LETTERS of a phrase label: "A8" -> A, "b4" (no melody) -> interlude, "i4" -> intro."""
    if label in LETTERS:
        return LETTERS.index(label)
    first = label[:1]
    if first in "ABCDE" and first:
        return LETTERS.index(first)
    if first == "i":
        return LETTERS.index("intro")
    if first == "o":
        return LETTERS.index("outro")
    return LETTERS.index("interlude" if first.islower() and first != "x" else "other")


@dataclass(frozen=True)
class EventCodec:
    """Score <-> events; see the module's legend."""

    spec: EventSpec
    qualities: tuple[str, ...] = field(default=tuple(QUALITIES))

    @cached_property
    def vocabularies(self) -> tuple[Vocabulary, Vocabulary, Vocabulary, Vocabulary]:
        """One vocabulary a field, in the order of FIELDS."""
        s = self.spec
        kind = [Range(n, 1) for n in ("pad", "end", "header", "bar", "section")]
        kind += [Range("chord", s.max_steps), Range("note", s.max_steps)]
        kind += [Range("fill", 1)] if s.fills else []
        value = [Range("none", 1), Range("mode", 2), Range("countdown", COUNTDOWN + 1), Range("letter", len(LETTERS))]
        value += [Range("root", 13), Range("pitch", len(s.roles) * PITCHES)]
        extent = [Range("none", 1), Range("roles", 2 ** len(s.roles)), Range("meter", len(s.meters))]
        extent += [Range("phrase", MAX_PHRASE + 1), Range("quality", len(self.qualities)), Range("duration", len(DURATIONS))]
        accent = [Range("none", 1), Range("bass", 13), Range("velocity", VELOCITY_BINS)]
        v = [Vocabulary(tuple(r)) for r in (kind, value, extent, accent)]
        return v[0], v[1], v[2], v[3]

    def steps_in(self, meter: int) -> int:
        """Steps of a bar in the `meter`-th meter of the spec."""
        numerator, denominator = self.spec.meters[meter]
        return self.spec.steps_per_quarter * 4 * numerator // denominator

    # one event each -----------------------------------------------------------------------------------------------

    def header(self, minor: bool, roles: int) -> tuple[int, int, int, int]:
        """First event of a piece; `roles` is a bit mask of the roles that may play."""
        k, v, x, a = self.vocabularies
        return k.encode("header"), v.encode("mode", int(minor)), x.encode("roles", roles), a.encode("none")

    def bar(self, left: int, meter: int) -> tuple[int, int, int, int]:
        """A bar line; `left` counts the bars to the end, this one included."""
        k, v, x, a = self.vocabularies
        countdown = left if left <= COUNTDOWN else 0
        return k.encode("bar"), v.encode("countdown", countdown), x.encode("meter", meter), a.encode("none")

    def section(self, letter: int, bars: int) -> tuple[int, int, int, int]:
        """A phrase begins; `letter` indexes LETTERS."""
        k, v, x, a = self.vocabularies
        return k.encode("section"), v.encode("letter", letter), x.encode("phrase", min(bars, MAX_PHRASE)), a.encode("none")

    def chord(self, step: int, chord: Chord | None) -> tuple[int, int, int, int]:
        """A chord begins at a step of the bar."""
        k, v, x, a = self.vocabularies
        if chord is None:
            return k.encode("chord", step), v.encode("root", 12), x.encode("quality", 0), a.encode("bass", 0)
        bass = 0 if chord.bass is None or chord.bass == chord.root else 1 + (chord.bass - chord.root) % 12
        quality = self.qualities.index(chord.quality)
        return k.encode("chord", step), v.encode("root", chord.root), x.encode("quality", quality), a.encode("bass", bass)

    def note(self, step: int, role: int, pitch: int, duration: int, velocity: int) -> tuple[int, int, int, int]:
        """A note begins at a step of the bar; duration in steps is rounded to the nearest of DURATIONS."""
        k, v, x, a = self.vocabularies
        nearest = min(range(len(DURATIONS)), key=lambda i: abs(DURATIONS[i] - duration))
        return (
            k.encode("note", step),
            v.encode("pitch", role * PITCHES + pitch - LOWEST),
            x.encode("duration", nearest),
            a.encode("velocity", velocity * VELOCITY_BINS // 128),
        )

    def end(self) -> tuple[int, int, int, int]:
        """Last event of a piece."""
        k, v, x, a = self.vocabularies
        return k.encode("end"), v.encode("none"), x.encode("none"), a.encode("none")

    def fill(self, roles: int) -> tuple[int, int, int, int]:
        """What follows is written into open bars; `roles` is a bit mask of the roles that are open there."""
        k, v, x, a = self.vocabularies
        return k.encode("fill"), v.encode("none"), x.encode("roles", roles), a.encode("none")

    # whole pieces -------------------------------------------------------------------------------------------------

    def encode(self, score: Score, key: Key) -> Events:
        """Events of a piece, moved from `key` to C major or A minor.

        Only tracks named as roles are read. Pitches outside the piano are folded by octaves; notes are quantised to
        the grid, and cut where the next note of the same pitch and role begins. Drum keys stay where they are.

        Raises:
          InputError: a meter is not in the spec, or no role has notes.
        """
        grid = resample(score, self.spec.steps_per_quarter)
        move = transposition(key)
        meters = {m: i for i, m in enumerate(self.spec.meters)}
        rows: list[tuple[int, int, int, int, int]] = []  # onset, order (chord 0, note 1), role, pitch, index
        parts: list[list[Note]] = []
        for role, name in enumerate(self.spec.roles):
            track = named(grid.tracks, name)
            notes = [] if track is None else [Note(*n) for n in without_overlaps(track.notes).tolist()]
            if role in self.spec.kits:
                notes = [n._replace(duration=DURATIONS[0]) for n in notes]
            parts.append(notes)
            by = 0 if role in self.spec.kits else move
            for i, n in enumerate(notes):
                rows.append((n.onset, 1, role, fold(n.pitch + by), i))
        if not rows:
            raise InputError(f"None of the tracks {', '.join(self.spec.roles)} has a note.")
        rows.sort()
        present = sum(1 << r for r, notes in enumerate(parts) if notes)
        starts = bar_starts(grid)
        chords, sections = self._by_bar(grid, starts), {s.tick: s for s in grid.sections}
        out: list[tuple[int, int, int, int]] = [self.header(key.minor, present)]
        at = 0
        for b, (start, stop) in enumerate(pairwise([*starts, max(grid.end, starts[-1] + 1)])):
            meter = meter_at(grid, start)
            if (meter.numerator, meter.denominator) not in meters:
                raise InputError(f"The meter {meter.numerator}/{meter.denominator} is not one that this model knows.")
            index = meters[meter.numerator, meter.denominator]
            out.append(self.bar(len(starts) - b, index))
            if start in sections:
                out.append(self.section(section_letter(sections[start].label), self._phrase_bars(grid, starts, b)))
            inner: list[tuple[int, int, tuple[int, int, int, int]]] = []
            for step, chord in chords[b]:
                inner.append((step, 0, self.chord(step, chord.transpose(move) if chord else None)))
            last: tuple[int, int, int] | None = None
            while at < len(rows) and (rows[at][0] < stop or b == len(starts) - 1):
                onset, _, role, pitch, i = rows[at]
                at += 1
                if last == (onset, role, pitch) or onset - start >= self.steps_in(index):
                    continue  # folded onto a note already there, or beyond a short last bar
                last = (onset, role, pitch)
                n = parts[role][i]
                inner.append((onset - start, 1, self.note(onset - start, role, pitch, n.duration, n.velocity)))
            inner.sort(key=lambda item: (item[0], item[1]))
            out.extend(event for _, _, event in inner)
        out.append(self.end())
        return np.array(out, dtype=np.int16)

    def chords_by_bar(self, score: Score, key: Key) -> list[tuple[tuple[int, Chord | None], ...]]:
        """Chords of each bar as (step, chord), moved from `key` to C major or A minor; empty where no chord is marked."""
        grid, move = resample(score, self.spec.steps_per_quarter), transposition(key)
        bars = self._by_bar(grid, bar_starts(grid))
        return [tuple((step, chord and chord.transpose(move)) for step, chord in bar) for bar in bars]

    def _by_bar(self, grid: Score, starts: list[int]) -> list[list[tuple[int, Chord | None]]]:
        """Chords of each bar as (step, chord); the one in force is stated again at the bar line."""
        bars: list[list[tuple[int, Chord | None]]] = [[] for _ in starts]
        if not grid.chords:
            return bars
        marks = list(grid.chords)
        for b, (start, stop) in enumerate(pairwise([*starts, grid.end + 1])):
            before = [m for m in marks if m.tick <= start]
            bars[b].append((0, before[-1].chord if before else None))
            bars[b] += [(m.tick - start, m.chord) for m in marks if start < m.tick < min(stop, start + self.spec.max_steps)]
        return bars

    def _phrase_bars(self, grid: Score, starts: list[int], b: int) -> int:
        """Bars from the b-th to the next section mark."""
        later = [s.tick for s in grid.sections if s.tick > starts[b]]
        return sum(1 for t in starts[b:] if not later or t < later[0])

    def times(self, events: Events) -> npt.NDArray[np.int32]:
        """Musical time of each event in steps from the first bar line, [T] -> [T]."""
        kind, _, extent, _ = self.vocabularies
        chord, note, meter = kind.span("chord"), kind.span("note"), extent.span("meter").start
        bar_id = kind.encode("bar")
        steps = np.array([self.steps_in(i) for i in range(len(self.spec.meters))])
        k = events[:, 0].astype(np.int64)
        is_bar = k == bar_id
        lengths = np.where(is_bar, steps[np.clip(events[:, 2] - meter, 0, len(steps) - 1)], 0)
        begun = np.cumsum(lengths) - lengths  # time at which the bar of each bar event begins
        bar_time = np.maximum.accumulate(np.where(is_bar, begun, 0))
        inside = np.where((k >= note.start) & (k < note.stop), k - note.start, 0)
        inside += np.where((k >= chord.start) & (k < chord.stop), k - chord.start, 0)
        after = np.where(k == kind.encode("end"), np.sum(lengths) - bar_time, 0)
        return np.asarray(bar_time + inside + after, dtype=np.int32)

    def decode(self, events: Events, key: Key, qpm: float = 120.0, resolution: int = 480) -> Score:
        """The piece that the events say, moved from C major or A minor to `key`.

        Events that cannot be read where they stand (a note before the first bar) are left out.
        """
        kind, value, extent, accent = self.vocabularies
        move, scale = -transposition(key), resolution // self.spec.steps_per_quarter
        parts: list[list[Note]] = [[] for _ in self.spec.roles]
        meters: list[Meter] = []
        chords: list[ChordMark] = []
        sections: list[Section] = []
        start = length = 0
        for row in events.tolist():
            name, step = kind.decode(row[0])
            if name == "bar":
                start += length
                meter = row[2] - extent.span("meter").start
                length = self.steps_in(meter)
                if not meters or (meters[-1].numerator, meters[-1].denominator) != self.spec.meters[meter]:
                    meters.append(Meter(start * scale, *self.spec.meters[meter]))
            elif length == 0:
                continue
            elif name == "section":
                sections.append(Section(start * scale, LETTERS[row[1] - value.span("letter").start]))
            elif name == "chord":
                chords.append(ChordMark((start + step) * scale, self._chord(row, move)))
            elif name == "note":
                role, pitch = divmod(row[1] - value.span("pitch").start, PITCHES)
                duration = DURATIONS[row[2] - extent.span("duration").start] * scale
                velocity = (2 * (row[3] - accent.span("velocity").start) + 1) * 128 // (2 * VELOCITY_BINS)
                by = 0 if role in self.spec.kits else move
                parts[role].append(Note((start + step) * scale, duration, fold(pitch + LOWEST + by), velocity))
        end = (start + length) * scale
        tracks = [
            Track(name, program, i in self.spec.kits, _inside(parts[i], end))
            for i, (name, program) in enumerate(zip(self.spec.roles, self.spec.programs, strict=True))
            if parts[i]
        ]
        changes = [m for i, m in enumerate(chords) if i == 0 or m.chord != chords[i - 1].chord]
        return Score(
            resolution, tuple(tracks), (Tempo.from_qpm(0, qpm),), tuple(meters), (KeyMark(0, key),), tuple(changes),
            tuple(sections), length=end,
        )  # fmt: skip

    def _chord(self, row: list[int], move: int) -> Chord | None:
        _, value, extent, accent = self.vocabularies
        root = row[1] - value.span("root").start
        if root == 12:
            return None
        quality, bass = self.qualities[row[2] - extent.span("quality").start], row[3] - accent.span("bass").start
        return Chord(root, quality, None if bass in (0, 1) else (root + bass - 1) % 12).transpose(move)


def transposition(key: Key) -> int:
    """Semitones, -6..5, that bring a key to C major or A minor, which share their notes."""
    return ((9 if key.minor else 0) - key.tonic + 6) % 12 - 6


def fold(pitch: int) -> int:
    """The pitch brought into the piano's range by octaves."""
    while pitch < LOWEST:
        pitch += 12
    while pitch >= LOWEST + PITCHES:
        pitch -= 12
    return pitch


def _inside(notes: list[Note], end: int) -> Any:
    """Notes cut at the end of the piece and at the next note of the same pitch."""
    return without_overlaps(notes_array([n._replace(duration=min(n.duration, end - n.onset)) for n in notes if n.onset < end]))
