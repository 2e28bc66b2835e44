"""Written bars -> Score: what MusicXML and ABC have in common once their signs are read.

How notation becomes time: a bar lasts as long as its meter says; a pickup bar is padded on the left, so that bar 1 of the
piece is a whole bar; a short bar before a repeat sign or an implicit one lasts as long as its notes, and so does one too
long (where bars then leave the grid of the meter, a meter mark begins them afresh). Tied notes become one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from antiphon.errors import LimitError
from antiphon.io.repeats import BarSigns, play_order
from antiphon.music.edit import merge_doubled
from antiphon.music.harmony import Key
from antiphon.music.score import MAX_NOTES, MAX_TICK, ChordMark, KeyMark, Meter, Score, Section, Tempo, Track, notes_array

Ticks = int | Fraction
DEFAULT_TEMPO = 500_000
DEFAULT_METER = (4, 4)


MODES = {"major": 0, "ionian": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "aeolian": -3, "phrygian": -4, "locrian": -5,
         "lydian": 1}  # fmt: skip
"""Fifths by which the signature of a mode differs from that of the major key on the same tonic."""


def key_of(fifths: int, mode: str) -> Key:
    """The major or minor key with the tonic of a mode: D dorian, with no signature, counts as D minor."""
    shift = MODES.get(mode, 0)
    return Key((fifths - shift) * 7 % 12, minor=-5 <= shift <= -2)


@dataclass(slots=True)
class WrittenNote:
    """A note, or one part of a tied one; times in ticks from the start of its bar."""

    onset: Ticks
    duration: Ticks
    pitch: int
    velocity: int
    tied_on: bool = False
    tied_back: bool = False


@dataclass(slots=True)
class WrittenBar:
    """What one part has in one bar.

    Attributes:
      marks: (ticks from the bar's start, kind, value): "key" Key, "meter" (numerator, denominator), "tempo" mspq,
        "chord" Chord or None, "section" label.
      extent: ticks that its notes and rests fill.
      implicit: the bar is said to be incomplete.
    """

    notes: list[WrittenNote] = field(default_factory=list)
    marks: list[tuple[Ticks, str, Any]] = field(default_factory=list)
    extent: Ticks = 0
    implicit: bool = False
    signs: BarSigns = field(default_factory=BarSigns)


@dataclass(slots=True)
class WrittenPart:
    """One part: what its Track is called and sounds like, and its bars."""

    name: str = ""
    program: int = 0
    is_drum: bool = False
    bars: list[WrittenBar] = field(default_factory=list)


@dataclass(slots=True)
class _Column:
    """One bar over all parts; `before` says what is in force as it begins, by kind of mark."""

    marks: list[tuple[Ticks, str, Any]]
    signs: BarSigns
    meter: tuple[int, int]
    nominal: Ticks
    length: Ticks
    before: dict[str, Any]


def perform(parts: list[WrittenPart], resolution: int, title: str) -> Score:
    """The piece that is heard when the written parts are played, repeats and jumps included.

    Raises:
      LimitError: too many bars, notes or ticks.
    """
    columns = _columns(parts, resolution)
    order = play_order([c.signs for c in columns])
    first = columns[0] if columns else None
    pickup = first is not None and 0 < first.length < first.nominal
    starts, meters = _place(columns, order, first.nominal - first.length if first and pickup else 0)
    if starts[-1] > MAX_TICK:
        raise LimitError(f"The piece reaches tick {round(starts[-1]):,}; the limit is {MAX_TICK:,}.")
    marks = _marks(columns, order, starts)
    tracks = [_track(part, order, starts) for part in parts]
    end = round(starts[-1])
    return Score(
        resolution=resolution,
        tracks=tuple(tracks),
        tempos=tuple(Tempo(t, v) for t, v in marks["tempo"]),
        meters=tuple(meters),
        keys=tuple(KeyMark(t, v) for t, v in marks["key"]),
        chords=tuple(ChordMark(t, v) for t, v in marks["chord"]),
        sections=tuple(Section(t, v) for t, v in marks["section"]),
        title=title,
        length=end if end > max((t.end for t in tracks), default=0) else 0,
    )


def _columns(parts: list[WrittenPart], resolution: int) -> list[_Column]:
    """The bars over all parts, in written order, with the length that each one has."""
    count = max((len(p.bars) for p in parts), default=0)
    rows = [[p.bars[i] for p in parts if i < len(p.bars)] for i in range(count)]
    columns: list[_Column] = []
    before: dict[str, Any] = {}
    for row in rows:
        marks: dict[tuple[Ticks, str], Any] = {}
        for bar in row:
            for at, kind, value in bar.marks:
                marks.setdefault((at, kind), value)
        ordered = sorted(((at, kind, value) for (at, kind), value in marks.items()), key=lambda m: m[0])
        column = _Column(ordered, _merged([bar.signs for bar in row]), DEFAULT_METER, 0, 0, dict(before))
        before.update({kind: value for _, kind, value in ordered})
        column.meter = before.get("meter", DEFAULT_METER)
        columns.append(column)
    for i, column in enumerate(columns):
        numerator, denominator = column.meter
        nominal = Fraction(resolution * 4 * numerator, denominator)
        column.nominal = int(nominal) if nominal.denominator == 1 else nominal
        following = columns[i + 1].signs if i + 1 < count else BarSigns()
        incomplete = any(bar.implicit for bar in rows[i]) or (i + 1 < count and any(bar.implicit for bar in rows[i + 1]))
        signed = column.signs.passes or column.signs.dacapo or column.signs.dalsegno or following.forward
        extent: Ticks = max([bar.extent for bar in rows[i]])
        close = -resolution < (extent - column.nominal) * 16 < resolution
        shortened = extent > 0 and (incomplete or bool(signed) or i == 0)
        column.length = extent if not close and (extent > column.nominal or shortened) else column.nominal
    return columns


def _merged(signs: list[BarSigns]) -> BarSigns:
    """Signs of one bar over all parts; a sign in any part counts."""
    merged = BarSigns(passes=max(s.passes for s in signs))
    merged.endings = next((s.endings for s in signs if s.endings), frozenset())
    for name in ("forward", "segno", "coda", "dacapo", "dalsegno", "tocoda", "fine"):
        setattr(merged, name, any(getattr(s, name) for s in signs))
    return merged


def _place(columns: list[_Column], order: list[int], padding: Ticks) -> tuple[list[Ticks], list[Meter]]:
    """Start of every played bar and, last, the end of the piece; and the meter marks that put bar lines there."""
    starts: list[Ticks] = []
    meters: list[Meter] = []
    now, anchor = padding, 0
    for place, i in enumerate(order):
        column = columns[i]
        phase = (now - anchor) % column.nominal
        off = phase and phase + column.length > column.nominal and round(now) > anchor
        if not meters or meters[-1][1:] != column.meter or off:
            anchor = 0 if place == 0 else round(now)
            meters.append(Meter(anchor, *column.meter))
        starts.append(now)
        now += column.length
    return [*starts, now], meters


def _marks(columns: list[_Column], order: list[int], starts: list[Ticks]) -> dict[str, list[tuple[int, Any]]]:
    """Key, tempo, chord and section marks as they come when played, without those that change nothing."""
    found: dict[str, list[tuple[int, Any]]] = {"key": [], "tempo": [], "chord": [], "section": []}

    def put(kind: str, tick: int, value: Any) -> None:
        marks = found[kind]
        if kind != "section" and kind != "chord" and marks and marks[-1][1] == value:
            return
        marks.append((tick, value))

    previous = -1
    for place, (i, start) in enumerate(zip(order, starts, strict=False)):
        column = columns[i]
        if i != previous + 1:
            for kind in ("key", "tempo", "chord"):
                value = column.before.get(kind, DEFAULT_TEMPO if kind == "tempo" else None)
                if found[kind] and (kind != "key" or value is not None) and found[kind][-1][1] != value:
                    put(kind, round(start), value)
        for at, kind, value in column.marks:
            if kind in found:
                leading = place == 0 and at == 0 and kind in ("key", "tempo")
                put(kind, 0 if leading else round(start + at), value)
        previous = i
    return found


def _track(part: WrittenPart, order: list[int], starts: list[Ticks]) -> Track:
    rows: list[list[int]] = []
    held: dict[int, int] = {}
    for i, start in zip(order, starts, strict=False):
        if i >= len(part.bars):
            continue
        for note in sorted(part.bars[i].notes, key=lambda n: n.onset):  # voice by voice as written: ties need time's order
            onset, end = round(start + note.onset), round(start + note.onset + note.duration)
            place = held.get(note.pitch, -1) if note.tied_back else -1
            if place >= 0 and abs(rows[place][1] - onset) <= 1:
                rows[place][1] = max(end, rows[place][1])
            else:
                place = len(rows)
                rows.append([onset, max(end, onset + 1), note.pitch, note.velocity])
            if note.tied_on:
                held[note.pitch] = place
            elif note.tied_back:
                held.pop(note.pitch, None)
        if len(rows) > MAX_NOTES:
            raise LimitError(f"The piece has more than {MAX_NOTES:,} notes.")
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    notes = notes_array([(o, e - o, p, v) for o, e, p, v in table.tolist()])
    return Track(part.name, part.program, part.is_drum, merge_doubled(notes))
