"""Parts made by rule where no model writes them: a bass, a drum pattern, a string pad, from the chords and the rhythm given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from antiphon.compose.fit import Bar
from antiphon.music.harmony import QUALITIES, Chord
from antiphon.music.score import ChordMark, NoteArray, Score, notes_array

KICK, STICK, SNARE, CLOSED, OPEN, CRASH, RIDE = 36, 37, 38, 42, 46, 49, 51
PHRASE = 8
"""Bars after which the drums mark a new phrase."""
BASS_RANGE = (28, 50)
PAD_RANGE = (50, 79)
QUIET, BUSY = 0.7, 2.2
"""Onsets a beat, of the busiest given part in a bar, below which a bar is quiet, and above which it is busy."""

Row = tuple[int, int, int, int]


class Held(NamedTuple):
    """A chord and the ticks for which it sounds, inside one bar."""

    start: int
    stop: int
    chord: Chord
    bar: int


def held_chords(marks: Sequence[ChordMark], bars: Sequence[Bar], which: Sequence[int]) -> list[Held]:
    """The chords of some bars in order, cut at bar lines; bars without a chord are left out."""
    found: list[Held] = []
    ticks = [m.tick for m in marks]
    for b in which:
        bar = bars[b]
        edges = sorted({bar.start, *(t for t in ticks if bar.start < t < bar.stop), bar.stop})
        for start, stop in pairwise(edges):
            now = [m.chord for m in marks if m.tick <= start][-1:]
            if now and now[0] is not None:
                found.append(Held(start, stop, now[0], b))
    return found


def energies(score: Score, bars: Sequence[Bar], which: Sequence[int]) -> dict[int, float]:
    """Onsets a beat of the busiest pitched part in each of some bars."""
    parts = [np.unique(t.notes["onset"]) for t in score.tracks if not t.is_drum and len(t)]
    found = {}
    for b in which:
        beats = max(1, bars[b].meter[0])
        counts = [int(np.searchsorted(p, bars[b].stop) - np.searchsorted(p, bars[b].start)) for p in parts]
        found[b] = max(counts, default=0) / beats
    return found


def loudness(score: Score, bars: Sequence[Bar], which: Sequence[int]) -> Callable[[int], float]:
    """Mean velocity of what sounds in a bar and its neighbours, as a function of the bar; 80 where nothing does."""
    notes = [t.notes for t in score.tracks if not t.is_drum and len(t)]
    every = np.concatenate(notes) if notes else notes_array([])
    table = {}
    for b in which:
        start, stop = bars[max(0, b - 1)].start, bars[min(len(bars) - 1, b + 1)].stop
        near = every[(every["onset"] >= start) & (every["onset"] < stop)]["velocity"]
        table[b] = float(near.mean()) if len(near) else 80.0
    return lambda b: table[b]


def bass(
    score: Score, bars: Sequence[Bar], which: Sequence[int], marks: Sequence[ChordMark], rng: np.random.Generator
) -> NoteArray:
    """Roots at each change of harmony, fifths and octaves between, a step into the next root; busier where the piece is.

    Args:
      which: bars to play in; marks: the harmony; rng: draws fifth, octave or root again.
    """
    told, busy, loud = held_chords(marks, bars, which), energies(score, bars, which), loudness(score, bars, which)
    rows: list[Row] = []
    place = 40
    for i, here in enumerate(told):
        unit = _beat(score, bars[here.bar])
        place = _nearest(here.chord.lowest, place, BASS_RANGE)
        following = told[i + 1] if i + 1 < len(told) and told[i + 1].start == here.stop else None
        step = unit if busy[here.bar] <= BUSY else max(1, unit // 2)
        level = loud(here.bar)
        ticks = [here.start] if busy[here.bar] < QUIET else list(range(here.start, here.stop, step))
        if QUIET <= busy[here.bar] <= BUSY and here.stop - here.start >= 2 * unit:
            ticks = list(range(here.start, here.stop, 2 * unit))
        for n, tick in enumerate(ticks):
            stop = ticks[n + 1] if n + 1 < len(ticks) else here.stop
            pitch = place if n == 0 else _passing(here.chord, place, n, rng)
            last = n > 0 and n == len(ticks) - 1 and stop - tick <= unit
            if last and following is not None and following.chord.lowest != here.chord.lowest:
                pitch = _into(place, _nearest(following.chord.lowest, place, BASS_RANGE), following.chord)
            accent = 1.05 if tick == bars[here.bar].start else 0.95
            rows.append((tick, max(1, (stop - tick) * 15 // 16), pitch, _velocity(level * accent)))
    return notes_array(rows)


def _beat(score: Score, bar: Bar) -> int:
    """Ticks of a beat: a quarter, or three eighths where they come in threes."""
    numerator, denominator = bar.meter
    unit = max(1, score.resolution * 4 // denominator)
    return 3 * unit if denominator >= 8 and numerator % 3 == 0 else max(unit, score.resolution)


def _nearest(pitch_class: int, near: int, limits: tuple[int, int]) -> int:
    return min((p for p in range(limits[0], limits[1] + 1) if p % 12 == pitch_class), key=lambda p: (abs(p - near), p))


def _passing(chord: Chord, root: int, n: int, rng: np.random.Generator) -> int:
    """The fifth of the chord in every other place, above or below; now and then the octave or the root again."""
    fifth = next((i for i in QUALITIES[chord.quality] if 6 <= i <= 8), 7) + chord.root - chord.lowest
    choices = [root + fifth % 12, root + fifth % 12 - 12, root + 12, root]
    able = [p for p in choices if BASS_RANGE[0] <= p <= BASS_RANGE[1]]
    return able[0] if n % 2 else able[int(rng.integers(len(able)))]


def _into(here: int, target: int, chord: Chord) -> int:
    """A semitone or a tone from the next root, on the side from which the bass comes."""
    side = -1 if target >= here else 1
    near = target + 2 * side
    return near if near % 12 in chord.pitch_classes or abs(here - target) > 2 else target + side


def _velocity(value: float) -> int:
    return int(np.clip(round(value), 1, 127))


def drums(score: Score, bars: Sequence[Bar], which: Sequence[int], rng: np.random.Generator) -> NoteArray:
    """A pattern from the meter: bass drum on one, snare between, cymbals on the small beats; fuller where the piece is busy.

    Every PHRASE bars a crash begins a phrase, and the bar before it ends with a fill.
    """
    busy, loud = energies(score, bars, which), loudness(score, bars, which)
    rows: list[Row] = []
    for place, b in enumerate(which):
        bar, level = bars[b], loud(b)
        unit = max(1, score.resolution * 4 // bar.meter[1])
        groups = grouping(bar.meter)
        starts = np.cumsum([0, *groups])[:-1].tolist()
        fill = place % PHRASE == PHRASE - 1 and busy[b] >= QUIET and place + 1 < len(which)
        hits = _pattern(bar.meter, groups, starts, busy[b], fill, rng)
        if place % PHRASE == 0 and busy[b] >= QUIET:
            hits.append((0.0, CRASH, 1.0))
        for at, key, weight in hits:
            tick = bar.start + round(at * unit)
            if tick < bar.stop:
                rows.append((tick, max(1, unit // 4), key, _velocity(level * weight)))
    return notes_array(rows)


def grouping(meter: tuple[int, int]) -> list[int]:
    """Beats of a bar in units of its denominator: twos (or single quarters), with threes where they come in threes.

    4/4 is four ones, 6/8 two threes, 7/8 two twos and a three.
    """
    numerator, denominator = meter
    if denominator <= 4:
        return [1] * numerator
    if numerator % 3 == 0:
        return [3] * (numerator // 3)
    twos = [2] * (numerator // 2)
    return twos if numerator % 2 == 0 else [*twos[:-1], 3] if twos else [1]


def _pattern(
    meter: tuple[int, int], groups: list[int], starts: list[int], busy: float, fill: bool, rng: np.random.Generator
) -> list[tuple[float, int, float]]:
    """Hits of one bar: (units from the bar line, drum key, share of the level)."""
    count, quiet, full = len(groups), busy < QUIET, busy > BUSY
    kicks = [0] if count in (1, 3) or quiet else [i for i in range(count) if i % 2 == 0]
    snares = [i for i in range(count) if i not in kicks and (count != 3 or i > 0)]
    hits: list[tuple[float, int, float]] = [(float(starts[i]), KICK, 1.0) for i in kicks]
    hits += [(float(starts[i]), STICK if quiet else SNARE, 0.75 if count == 3 or quiet else 0.95) for i in snares]
    small = 0.5 if meter[1] <= 4 and not quiet else 1.0
    if meter[1] <= 2 and not quiet:
        small = 0.25
    places = np.arange(0, meter[0], small).tolist()
    hits += [(at, CLOSED, 0.75 if at in starts else 0.55) for at in places]
    if full and meter[1] <= 4 and count >= 4:
        hits += [(starts[-2] + 0.5, KICK, 0.85)]
        if rng.random() < 0.5:
            hits += [(starts[-1] + 0.5, OPEN, 0.7)]
    if fill:
        first = starts[-1]
        hits = [h for h in hits if h[0] < first]
        hits += [(first + i * groups[-1] / 4, key, 0.7 + 0.1 * i) for i, key in enumerate((SNARE, SNARE, 47, 43))]
    return hits


def pad(score: Score, bars: Sequence[Bar], which: Sequence[int], marks: Sequence[ChordMark]) -> NoteArray:
    """Held chords in three or four voices that move as little as they can, equal neighbours tied over one bar line."""
    told, loud = held_chords(marks, bars, which), loudness(score, bars, which)
    rows: list[Row] = []
    before: tuple[int, ...] = ()
    tied = 0
    for i, here in enumerate(told):
        again = i > 0 and told[i - 1].chord == here.chord and told[i - 1].stop == here.start and rows
        if again and tied < 1:
            rows[-len(before) :] = [(o, here.stop - o, p, v) for o, _, p, v in rows[-len(before) :]]
            tied += 1
            continue
        tied = 0
        before = before if again else voiced(here.chord, before)
        rows += [(here.start, here.stop - here.start, p, _velocity(0.8 * loud(here.bar))) for p in before]
    return notes_array(rows)


def voiced(chord: Chord, before: Sequence[int]) -> tuple[int, ...]:
    """The chord in close voices nearest to those before it; of four tones the fifth is left out, of five the root too."""
    tones = list(chord.pitch_classes)
    if len(tones) > 3:
        fifth = next(((chord.root + i) % 12 for i in QUALITIES[chord.quality] if i in (6, 7, 8)), None)
        tones = [pc for pc in tones if pc != fifth][-4:] if len(tones) == 4 else tones[-4:]
    low, high = PAD_RANGE
    pitches = [p for p in range(low, high + 1) if p % 12 in tones]
    able = [c for c in combinations(pitches, len(tones)) if len({p % 12 for p in c}) == len(tones) and c[-1] - c[0] <= 16]

    def cost(voices: tuple[int, ...]) -> float:
        spread = sum(max(0, 3 - (b - a)) for a, b in pairwise(voices))
        middle = abs(sum(voices) / len(voices) - 62) * (1.0 if not before else 0.15)
        if not before:
            return middle + spread
        moved = sum(min(abs(p - q) for q in before) for p in voices) + sum(min(abs(p - q) for p in voices) for q in before)
        return moved + middle + spread

    return min(able, key=lambda voices: (cost(voices), voices))
