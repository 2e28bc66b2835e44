"""What is heard in a foreign piece: the key of a stretch, and its chords, marked, typed or recognised."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from antiphon.compose.brief import Progression
from antiphon.compose.fit import RESOLUTION, Bar, Span, Window
from antiphon.music.chords import recognise_chords
from antiphon.music.harmony import Chord, Key
from antiphon.music.measure import home_classes
from antiphon.music.score import ChordMark, Meter, Score
from antiphon.music.tonality import find_key, pitch_class_weights

TRUSTED = 0.9
"""Share of sounding time on its own notes from which on a key that the file states is believed."""
ON_GRID = 0.02
"""How far from a sixteenth, in quarter notes, an onset still counts as on it."""


def key_of(score: Score, start: int, stop: int) -> Key | None:
    """The key of a stretch: the one that the file states, where the notes agree, else the one that is heard."""
    weights = pitch_class_weights(score, [start, max(stop, start + 1)])[0]
    stated = next((m.key for m in reversed(score.keys) if m.tick <= start), None)
    if weights.sum() == 0:
        return stated
    if stated is not None and weights[sorted(home_classes(stated))].sum() >= TRUSTED * weights.sum():
        return stated
    found = find_key(score, start, stop)
    return found.key if found is not None else stated


def chords_of(score: Score) -> tuple[ChordMark, ...]:
    """The chords of a piece: those that the file marks, else those that its notes suggest."""
    return score.chords or recognise_chords(score)


def typed_over(
    marks: Sequence[ChordMark], typed: Progression, bars: Sequence[Bar], opened: Sequence[int]
) -> tuple[ChordMark, ...]:
    """Chord marks with those of the open bars replaced by the ones that the user typed, repeated to fill them.

    After a run of open bars the chord that was in force there is in force again.
    """
    spans = [(bars[b].start, bars[b].stop) for b in opened]
    kept = [m for m in marks if not any(a <= m.tick < b for a, b in spans)]
    for i, (bar, (a, b)) in enumerate(zip(opened, spans, strict=True)):
        names = typed[i % len(typed)]
        kept += [ChordMark(a + j * (b - a) // len(names), chord) for j, chord in enumerate(names)]
        if bar + 1 not in opened and bar + 1 < len(bars) and not any(m.tick == b for m in marks):
            kept += [ChordMark(b, m.chord) for m in [m for m in marks if m.tick <= b][-1:]]
    return tuple(sorted(kept, key=lambda m: m.tick))


def by_bar(marks: Sequence[ChordMark], window: Window) -> Progression | None:
    """Chord marks as a tuple for each of the window's bars, whose chords share the bar evenly; None without any."""
    if not marks:
        return None
    length = Meter(0, *window.meter).bar_ticks(RESOLUTION)
    steps = length * 4 // RESOLUTION
    inside = [(window.steps(m.tick), m.chord) for m in marks]
    ticks = [s for s, _ in inside]
    told: list[tuple[Chord | None, ...]] = []
    for bar in range(window.bars):
        first = bar * steps
        after, until = bisect_right(ticks, first), bisect_left(ticks, first + steps)
        now = [c for _, c in inside[:after][-1:]]
        changes = [(s - first, c) for s, c in inside[after:until]]
        cells = _fewest(steps, [s for s, _ in changes])
        row: list[Chord | None] = []
        for cell in range(cells):
            at = cell * steps // cells
            row.append(([now[0] if now else None] + [c for s, c in changes if s <= at])[-1])
        told.append(tuple(row))
    return tuple(told)


def _fewest(steps: int, changes: Sequence[int]) -> int:
    """The fewest even parts of a bar at whose beginnings all changes lie; at most one a beat, what is finer being rounded."""
    for parts in (1, 2, 3, 4, 6, 8):
        if steps % parts == 0 and all(change * parts % steps == 0 for change in changes):
            return parts
    return 4 if steps % 4 == 0 else 3 if steps % 3 == 0 else 1


def off_grid(score: Score, spans: Sequence[Span]) -> float:
    """Share of notes in some stretches that begin off the grid of sixteenths, as triplets and played notes do."""
    onsets = [t.notes["onset"].astype(np.int64) for t in score.tracks if not t.is_drum]
    if not onsets:
        return 0.0
    at = np.concatenate(onsets)
    inside = np.zeros(len(at), dtype=bool)
    for a, b in spans:
        inside |= (at >= a) & (at < b)
    at = at[inside]
    if len(at) == 0:
        return 0.0
    sixteenths = 4 * at / score.resolution
    return float(np.mean(np.abs(sixteenths - np.rint(sixteenths)) > 4 * ON_GRID + 2 / score.resolution))
