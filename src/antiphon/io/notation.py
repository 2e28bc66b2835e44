"""Score -> what can be written down: bars, staves, voices, and notes of the values that musicians read.

All times here are in steps of a 24th of a quarter note: a 32nd is 3, a sixteenth 6, a triplet eighth 8. What does not lie
on such a grid is moved to the nearest place: every beat of every part gets the plainest grid that holds it exactly, or,
played music, the one that moves it least. Drums sound until the next stroke or the end of the beat.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import gcd

from antiphon.errors import LimitError
from antiphon.io.repeats import MAX_BARS
from antiphon.music.beats import bar_starts
from antiphon.music.edit import without_overlaps
from antiphon.music.score import Meter, Score, Track, notes_array

STEPS = 24
"""Steps a quarter note."""
MAX_VOICES = 4
"""Most voices on one staff that notation programs know."""
SPLIT = 60
"""Pitch from which on a piano's notes are written on its upper staff."""

VALUES = {96: ("whole", 0), 48: ("half", 0), 24: ("quarter", 0), 12: ("eighth", 0), 6: ("16th", 0), 3: ("32nd", 0),
          144: ("whole", 1), 72: ("half", 1), 36: ("quarter", 1), 18: ("eighth", 1), 9: ("16th", 1)}  # fmt: skip
"""Note value and dots by length in steps."""

_FEET = (35, 36, 44)
"""Drum keys played with a foot: written as the lower voice."""
# Grids in steps for a beat of that length, the plainest first, each with what it costs beside the steps moved.
_GRIDS = {
    24: ((6, 0.0), (8, 1.0), (3, 2.5), (4, 2.5)),
    12: ((6, 0.0), (3, 1.5), (4, 1.5)),
    6: ((6, 0.0), (3, 0.5)),
    3: ((3, 0.0),),
}


@dataclass(slots=True)
class Bar:
    """One bar: where it starts, how long it is, its meter; `short` if a meter change ends it early."""

    start: int
    length: int
    meter: Meter
    short: bool = False

    @property
    def beat(self) -> int:
        """Length of the beat that notation keeps visible: a dotted quarter in 6/8, an eighth in 7/8, else a quarter."""
        if self.meter.denominator < 8:
            return STEPS
        compound = self.meter.numerator % 3 == 0 and self.meter.numerator > 3
        return (3 if compound else 1) * max(3, 4 * STEPS // self.meter.denominator)

    @property
    def segment(self) -> int:
        """Length of the stretches that each have one grid."""
        fits = [s for s in (24, 12, 6, 3) if self.length % s == 0 and (s < 24 or self.meter.denominator < 8)]
        return fits[0] if fits else 3


@dataclass(slots=True)
class Piece:
    """A written note, chord (several pitches) or rest (none), `start` from its bar's beginning.

    Attributes:
      tuplet: it is one of three in the time of two; `opens` and `closes` say where their bracket begins and ends.
      tied_on, tied_back: it sounds on into the next piece, or continues the one before.
    """

    start: int
    length: int
    pitches: tuple[tuple[int, int], ...] = ()
    tuplet: bool = False
    opens: bool = False
    closes: bool = False
    tied_on: bool = False
    tied_back: bool = False

    @property
    def value(self) -> tuple[str, int]:
        """Note value and dots, as written."""
        return VALUES[self.length * 3 // 2 if self.tuplet else self.length]


@dataclass(slots=True)
class Staff:
    """One staff: its clef (sign, line, octaves up) and, voice by voice and bar by bar, what stands on it."""

    clef: tuple[str, int, int]
    voices: list[list[list[Piece]]] = field(default_factory=list)


@dataclass(slots=True)
class _Chord:
    onset: int
    end: int
    pitches: tuple[tuple[int, int], ...]


def bars_of(score: Score) -> list[Bar]:
    """The bars of the piece, the last one whole.

    Raises:
      LimitError: there are more than MAX_BARS.
    """
    stops = [*(m.tick for m in score.meters[1:]), score.end]
    count = sum(max(0, stop - m.tick) // m.bar_ticks(score.resolution) for m, stop in zip(score.meters, stops, strict=True))
    if count > MAX_BARS:
        raise LimitError(f"The piece has {count:,} bars; at most {MAX_BARS:,} can be written down.")
    starts = bar_starts(score, max(score.end, 1))
    bars: list[Bar] = []
    meters = iter([*score.meters, None])
    meter, upcoming = score.meters[0], next(meters)
    for tick in starts:
        while upcoming is not None and upcoming.tick <= tick:
            meter, upcoming = upcoming, next(meters)
        at = _rounded(tick * STEPS, score.resolution * 3) * 3
        full = max(3, 4 * STEPS * meter.numerator // meter.denominator // 3 * 3)
        if bars and at <= bars[-1].start:
            bars[-1].meter, bars[-1].length = meter, full
            continue
        if bars and at != bars[-1].start + bars[-1].length:
            bars[-1].short = True
            bars[-1].length = at - bars[-1].start
        bars.append(Bar(at, full, meter))
    return bars


def staves_of(track: Track, bars: list[Bar], resolution: int, max_voices: int = MAX_VOICES) -> list[Staff]:
    """The track as one staff, or as a piano's two.

    Args:
      track: the part.
      bars: the bars of its piece, from `bars_of`.
      resolution: ticks a quarter note of its piece.
      max_voices: most voices on a staff, 1 to MAX_VOICES; a note that needs one more cuts the one that ends next.
    """
    chords = _chords(track, bars, resolution)
    if track.is_drum:
        hands = [c for c in chords if not _is_foot(c)]
        feet = [c for c in chords if _is_foot(c)]
        voices = [_struck(part, bars) for part in (hands, feet) if part]
        return [Staff(("percussion", 2, 0), [_pieces(v, bars) for v in voices])]
    pitches = [p for c in chords for p, _ in c.pitches]
    if _is_keyboard(track) and pitches and min(pitches) < 55 and max(pitches) > 64:
        parts = [
            [_Chord(c.onset, c.end, kept) for c in chords if (kept := tuple(n for n in c.pitches if (n[0] >= SPLIT) == upper))]
            for upper in (True, False)
        ]
        clefs = [("G", 2, 0), ("F", 4, 0)]
    else:
        parts, clefs = [chords], [_clef(track, pitches)]
    return [Staff(clef, [_pieces(v, bars) for v in _voices(part, max_voices)]) for clef, part in zip(clefs, parts, strict=True)]


def single_voice(track: Track, bars: list[Bar], resolution: int) -> list[list[Piece]]:
    """The track bar by bar as one voice: a note that would sound into the next one is cut."""
    return _pieces(_voices(_chords(track, bars, resolution), 1)[0], bars)


def _is_foot(chord: _Chord) -> bool:
    return all(p in _FEET for p, _ in chord.pitches)


def _is_keyboard(track: Track) -> bool:
    return track.program < 8 or 16 <= track.program <= 21 or track.program == 46


def _clef(track: Track, pitches: list[int]) -> tuple[str, int, int]:
    """The clef that keeps the part near its staff, as players of the instrument expect it."""
    middle = sorted(pitches)[len(pitches) // 2] if pitches else 72
    if 24 <= track.program <= 31 and 45 <= middle <= 72:
        return ("G", 2, -1)
    if track.program == 41:
        return ("C", 3, 0)
    if middle >= 88:
        return ("G", 2, 1)
    if middle >= 60:
        return ("G", 2, 0)
    return ("F", 4, 0) if middle >= 40 else ("F", 4, -1)


# ------------------------------------------------------------------------------------------------- time to steps


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _chords(track: Track, bars: list[Bar], resolution: int) -> list[_Chord]:
    """The track's notes on the grid, those that begin and end together as one."""
    ticks = sorted({t for n in track for t in (n.onset, n.onset + n.duration)})
    steps, units = _on_grid(ticks, bars, resolution)
    rows = []
    for note in track:
        onset, end = steps[note.onset], steps[note.onset + note.duration]
        rows.append((onset, end - onset if end > onset else units[note.onset], note.pitch, note.velocity))
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    strokes = set()
    for onset, duration, pitch, velocity in without_overlaps(notes_array(rows)).tolist():
        if track.is_drum:  # strokes together are one chord for the hands and one for the feet, whatever their length
            duration = 3 if pitch in _FEET else 6
            if (onset, pitch) in strokes:
                continue
            strokes.add((onset, pitch))
        groups.setdefault((onset, onset + duration), []).append((pitch, velocity))
    return [_Chord(o, e, tuple(notes)) for (o, e), notes in groups.items()]


def _on_grid(ticks: list[int], bars: list[Bar], resolution: int) -> tuple[dict[int, int], dict[int, int]]:
    """For each tick its step, and the unit of the grid where that step lies."""
    starts = [bar.start for bar in bars]

    def stretch(step: int) -> tuple[int, int]:
        """Where the stretch with one grid begins that holds a step, and its length."""
        bar = bars[max(0, bisect_right(starts, step) - 1)]
        return bar.start + max(0, step - bar.start) // bar.segment * bar.segment, bar.segment

    stretches: dict[tuple[int, int], list[int]] = {}
    for tick in ticks:
        stretches.setdefault(stretch(tick * STEPS // resolution), []).append(tick)
    steps: dict[int, int] = {}
    grids: dict[tuple[int, int], int] = {}
    for (base, segment), inside in stretches.items():
        offsets = [tick * STEPS - base * resolution for tick in inside]
        unit = grids[base, segment] = _unit(offsets, segment, resolution)
        for tick, offset in zip(inside, offsets, strict=True):
            steps[tick] = base + _rounded(offset, unit * resolution) * unit
    # A tick may be moved into the next stretch, whose grid is another.
    units = {}
    for tick, step in steps.items():
        base, segment = stretch(step)
        units[tick] = grids.get((base, segment), _GRIDS[segment][0][0])
    return steps, units


def _unit(offsets: list[int], segment: int, resolution: int) -> int:
    """The grid for one beat: the plainest that fits, else the one that moves the offsets least for its price."""
    grids = _GRIDS[segment]
    for unit, _ in grids:
        if all(offset % (unit * resolution) == 0 for offset in offsets):
            return unit

    def cost(grid: tuple[int, float]) -> float:
        unit, price = grid
        size = unit * resolution
        return price + sum(abs(_rounded(o, size) * size - o) for o in offsets) / resolution

    return min(grids, key=cost)[0]


# ------------------------------------------------------------------------------------------------- voices


def _voices(chords: list[_Chord], most: int) -> list[list[_Chord]]:
    """Chords shared out to as few voices as they need, the highest first; no voice overlaps itself."""
    voices: list[list[_Chord]] = [[]]
    for chord in sorted(chords, key=lambda c: (c.onset, -c.pitches[-1][0], -c.end)):
        free = next((v for v in voices if not v or v[-1].end <= chord.onset), None)
        if free is None and len(voices) < most:
            free = []
            voices.append(free)
        if free is None:
            free = min(voices, key=lambda v: v[-1].end)
            if free[-1].onset == chord.onset:
                free[-1].pitches = tuple(sorted({**dict(free[-1].pitches), **dict(chord.pitches)}.items()))
                continue
            free[-1].end = chord.onset
        free.append(chord)
    return voices


def _struck(chords: list[_Chord], bars: list[Bar]) -> list[_Chord]:
    """Drum strokes of one voice, each held to the next one or to the end of its beat."""
    starts = [bar.start for bar in bars]
    chords = sorted(chords, key=lambda c: c.onset)
    for chord, following in zip(chords, [*chords[1:], None], strict=True):
        bar = bars[max(0, bisect_right(starts, chord.onset) - 1)]
        inside = chord.onset - bar.start
        end = bar.start + min(inside // bar.beat * bar.beat + bar.beat, bar.length)
        chord.end = max(chord.onset + 3, min(end, following.onset if following else end))
    return chords


# ------------------------------------------------------------------------------------------------- written values


def _pieces(voice: list[_Chord], bars: list[Bar]) -> list[list[Piece]]:
    """One voice as pieces, bar by bar; a bar in which the voice is silent is empty."""
    found: list[list[Piece]] = []
    place = 0
    for bar in bars:
        stop = bar.start + bar.length
        while place < len(voice) and voice[place].end <= bar.start:
            place += 1
        inside: list[tuple[int, int, _Chord | None]] = []
        now, k = bar.start, place
        while k < len(voice) and voice[k].onset < stop:
            chord = voice[k]
            onset, end = max(chord.onset, bar.start), min(chord.end, stop)
            if onset > now:
                inside.append((now, onset, None))
            inside.append((onset, end, chord))
            now, k = end, k + 1
        if inside and now < stop:
            inside.append((now, stop, None))
        found.append(_bar_pieces(inside, bar))
    return found


def _bar_pieces(inside: list[tuple[int, int, _Chord | None]], bar: Bar) -> list[Piece]:
    cuts = {t - bar.start for span in inside for t in span[:2]}
    triplets = _triplet_stretches(cuts, bar)
    pieces: list[Piece] = []
    for onset, end, chord in inside:
        lengths = _decompose(onset - bar.start, end - bar.start, bar, triplets, chord is None)
        at = onset - bar.start
        for length, tuplet in lengths:
            piece = Piece(at, length, chord.pitches if chord else (), tuplet)
            if chord:
                piece.tied_back = bar.start + at > chord.onset
                piece.tied_on = bar.start + at + length < chord.end
            pieces.append(piece)
            at += length
    for start, stop in triplets:
        members = [p for p in pieces if start <= p.start < stop]
        members[0].opens = members[-1].closes = True
    return pieces


def _triplet_stretches(cuts: set[int], bar: Bar) -> list[tuple[int, int]]:
    """Stretches of the bar that only a triplet can write: half a segment where that is enough, else the whole."""
    found = []
    for start in range(0, bar.length, bar.segment):
        stop = min(start + bar.segment, bar.length)
        halves = [(start, start + 12), (start + 12, stop)] if bar.segment == 24 and start + 12 in cuts else [(start, stop)]
        found += [(a, b) for a, b in halves if any((c - a) % 3 for c in cuts if a < c < b)]
    return found


def _decompose(a: int, b: int, bar: Bar, triplets: list[tuple[int, int]], rest: bool) -> list[tuple[int, bool]]:
    """Lengths, each with whether it stands in a triplet, that write [a, b) of a bar."""
    lengths: list[tuple[int, bool]] = []
    while a < b:
        stretch = next(((s, t) for s, t in triplets if s <= a < t), None)
        if stretch:
            rest_of = min(b, stretch[1]) - a
            length = next(v for v in (16, 12, 8, 4, 2) if v <= rest_of and v * 3 // 2 in VALUES)
            lengths.append((length, True))
        else:
            stop = min([b, *(s for s, _ in triplets if s > a)])
            length = next(v for v in sorted(VALUES, reverse=True) if a + v <= stop and _readable(a, v, stop, bar, rest))
            lengths.append((length, False))
        a += length
    return lengths


def _readable(a: int, length: int, stop: int, bar: Bar, rest: bool) -> bool:
    """Whether a note of this length at this place of the bar keeps the beats visible."""
    beat, end = bar.beat, a + length
    dotted = VALUES[length][1] > 0
    if length <= 3:
        return True
    if beat % 36 == 0:  # compound time
        if a // beat == (end - 1) // beat:
            return length == beat or ((a % beat) % _plain(length) == 0 and (not dotted or end == stop))
        return a % beat == 0 and length % beat == 0
    if dotted and (rest or end != stop):
        return dotted and not rest and end % beat == 0 and a % beat == 0 and bar.length % 36 == 0
    if a // beat == (end - 1) // beat:
        return a % _plain(length) == 0 or (dotted and end % beat == 0)
    half = bar.length // 2 if bar.length % (2 * beat) == 0 and bar.length > 2 * beat else None
    crosses = half is not None and a < half < end
    if rest:
        return a % beat == 0 and length % beat == 0 and not (crosses and a) and a % length == 0
    if a % beat == 0:
        return not crosses or length % beat == 0
    return a % (beat // 2 or 1) == 0 and end == stop and not crosses and length <= 2 * beat


def _plain(length: int) -> int:
    """The place that a value wants to stand on: a multiple of its undotted half, or of itself if it has no dot."""
    return length // 3 if VALUES[length][1] else length


def used_steps(staves: Iterable[Staff]) -> int:
    """The finest division of the quarter note that the staves use: 24, or less where all is plainer."""
    unit = STEPS
    for staff in staves:
        for voice in staff.voices:
            for bar in voice:
                for piece in bar:
                    unit = gcd(unit, gcd(piece.start, piece.length))
    return STEPS // unit
