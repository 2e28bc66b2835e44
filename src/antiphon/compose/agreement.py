"""Chords and key kept: where the notes agree with the chords asked for, and the fewest moves that make them agree.

A bar agrees with its chords where, over its strong beats and wherever a chord begins, at least two thirds of what sounds in
the beat that follows belongs to the chord, and the lowest note there is one of its notes (the bass asked for, if there is
one). Bars without a chord, or silent there, are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.brief import Progression
from antiphon.compose.critique import LEADERS
from antiphon.music.harmony import Chord, Key
from antiphon.music.measure import home_classes
from antiphon.music.score import Score, Track, notes_array

AGREED = 2 / 3
"""Share of what sounds on the strong beats of a bar that must belong to the chord."""
REACH = 12
"""Semitones within which another pitch is looked for."""

Ranges = Mapping[str, tuple[int, int]]
Rows = list[list[int]]
"""Notes of a track as [onset, duration, pitch, velocity]."""


@dataclass(frozen=True, slots=True)
class Point:
    """A moment at which notes are held against a chord: its tick, bar, chord, and when the chord began."""

    tick: int
    bar: int
    chord: Chord
    since: int


def points(chords: Progression, meter: tuple[int, int], bar: int) -> list[Point]:
    """The strong beats of every bar, and the beginning of every chord, that have a chord.

    Args:
      chords: one tuple a bar, sharing it evenly.
      meter: of all bars.
      bar: ticks a bar.
    """
    found: list[Point] = []
    since, before = 0, None
    for i, names in enumerate(chords):
        starts = [i * bar + j * bar // len(names) for j in range(len(names))]
        strong = [i * bar] + ([i * bar + bar // 2] if meter[0] % 2 == 0 else [])
        for tick in sorted({*starts, *strong}):
            chord = names[max(j for j, start in enumerate(starts) if start <= tick)]
            if chord != before:
                since, before = tick, chord
            if chord is not None:
                found.append(Point(tick, i, chord, since))
    return found


def agreeing(score: Score, chords: Progression, meter: tuple[int, int], bar: int) -> list[bool | None]:
    """For each bar whether it agrees with its chords; None where there is nothing to compare."""
    parts = [t.notes for t in score.tracks if not t.is_drum and len(t)]
    result: list[bool | None] = [None] * len(chords)
    if not parts:
        return result
    notes = np.concatenate(parts)
    onset, pitch = notes["onset"].astype(np.int64), notes["pitch"].astype(np.int64)
    end = onset + notes["duration"]
    inside, total = np.zeros(len(chords)), np.zeros(len(chords))
    based = np.ones(len(chords), dtype=bool)
    beat = score.resolution * 4 // meter[1]
    for point in points(chords, meter, bar):
        live = (onset <= point.tick) & (end > point.tick)
        if not live.any():
            continue
        weight = np.minimum(end[live], point.tick + beat) - point.tick
        total[point.bar] += weight.sum()
        inside[point.bar] += weight[np.isin(pitch[live] % 12, point.chord.pitch_classes)].sum()
        based[point.bar] &= _bears(point.chord, int(pitch[live].min()))
    for i in np.flatnonzero(total):
        result[i] = bool(inside[i] >= AGREED * total[i] - 1e-9 and based[i])
    return result


def _bears(chord: Chord, lowest: int) -> bool:
    """Whether a chord may stand on this pitch."""
    return lowest % 12 == chord.bass if chord.bass is not None else lowest % 12 in chord.pitch_classes


class Mover:
    """Notes of a score, moved with as little change as can be; counts what it moves, shortens and leaves out."""

    def __init__(self, score: Score, ranges: Ranges) -> None:
        self.score, self.ranges = score, ranges
        self.rows: list[Rows] = [[list(note) for note in track] for track in score.tracks]
        self.moved = self.shortened = self.dropped = 0

    def pitched(self) -> list[int]:
        """Numbers of the tracks that have pitches."""
        return [i for i, track in enumerate(self.score.tracks) if not track.is_drum]

    def leads(self, track: int) -> bool:
        """Whether a track is a leading part, which may keep its short dissonances."""
        return self.score.tracks[track].name in LEADERS

    def sounding(self, track: int, tick: int) -> Rows:
        """Notes of a track that sound at a tick."""
        return [row for row in self.rows[track] if row[0] <= tick < row[0] + row[1]]

    def shift(self, track: int, row: list[int], fits: Callable[[int], bool]) -> None:
        """Move a note to the nearest pitch that fits, never onto one that its track sounds meanwhile; else leave it out."""
        low, high = self.ranges.get(self.score.tracks[track].name, (0, 127))
        start, stop = row[0], row[0] + row[1]
        own = {other[2] for other in self.rows[track] if other is not row and other[0] < stop and other[0] + other[1] > start}
        others = {n[2] for i in self.pitched() if i != track for n in self.sounding(i, start)}
        ahead = next((other[2] for other in self.rows[track] if other[0] >= stop), row[2])
        options = [p for p in range(row[2] - REACH, row[2] + REACH + 1) if 0 <= p <= 127 and fits(p) and p not in own]
        if not options:
            self.rows[track].remove(row)
            self.dropped += 1
            return

        def cost(pitch: int) -> tuple[int, int, int]:
            outside = max(0, low - pitch, pitch - high)
            return (abs(pitch - row[2]) + 2 * (pitch in others) + 6 * outside, abs(pitch - ahead), pitch)

        row[2] = min(options, key=cost)
        self.moved += 1

    def cut(self, track: int, row: list[int], tick: int) -> None:
        """End a note at a tick after its onset."""
        row[1] = tick - row[0]
        self.shortened += 1

    def result(self) -> Score:
        """The score with the notes as they are now."""
        tracks = [
            replace(track, notes=notes_array([tuple(row) for row in rows])) if rows or len(track) else track
            for track, rows in zip(self.score.tracks, self.rows, strict=True)
        ]
        return self.score.with_tracks(tracks)


def keep_chords(score: Score, chords: Progression, meter: tuple[int, int], bar: int, ranges: Ranges) -> tuple[Score, str]:
    """The score with notes moved to the chords asked for, and one sentence on how many ("" for none).

    Accompanying notes foreign to the chord on a strong beat go to its nearest tone, or end where the chord begins if they
    are held from before; of the leading part only long ones, and others where the bar would not agree else. Then the
    lowest note is made one that the chord may stand on.
    """
    mover = Mover(score, ranges)
    beat = score.resolution * 4 // meter[1]
    found = points(chords, meter, bar)
    for point in found:
        for track in mover.pitched():
            _settle(mover, track, point, beat if mover.leads(track) else 0)
    for point in found:
        _stand(mover, point)
    verdict = agreeing(mover.result(), chords, meter, bar)
    for point in found:
        if verdict[point.bar] is False:
            for track in mover.pitched():
                _settle(mover, track, point, 0)
            _stand(mover, point)
    parts = [
        f"{count} {word}"
        for count, word in ((mover.moved, "moved"), (mover.shortened, "shortened"), (mover.dropped, "left out"))
        if count
    ]
    said = f"Notes changed to keep the chords asked for: {', '.join(parts)}." if parts else ""
    return (mover.result() if parts else score), said


def _settle(mover: Mover, track: int, point: Point, least: int) -> None:
    """Bring a track's notes that sound at a point, and last `least` ticks after it, into the chord."""
    tones = point.chord.pitch_classes
    for row in mover.sounding(track, point.tick):
        if row[2] % 12 in tones or row[0] + row[1] - point.tick < least:
            continue
        if row[0] < point.since:
            mover.cut(track, row, point.since)
        else:
            mover.shift(track, row, lambda p: p % 12 in tones)


def _stand(mover: Mover, point: Point) -> None:
    """Make the lowest note at a point one that the chord may stand on."""
    for _ in range(4):
        live = [(row[2], i, row) for i in mover.pitched() for row in mover.sounding(i, point.tick)]
        if not live:
            return
        lowest, track, row = min(live, key=lambda item: (item[0], item[1]))
        if _bears(point.chord, lowest):
            return
        if row[0] < point.since:
            mover.cut(track, row, point.since)
            continue
        wanted = {point.chord.bass} if point.chord.bass is not None else set(point.chord.pitch_classes)
        above = min((pitch for pitch, _, other in live if other is not row), default=127)
        ceiling = above if point.chord.bass is not None else 127  # another bass is as good, where none is asked for
        mover.shift(track, row, lambda p, w=wanted, c=ceiling: p % 12 in w and p <= c)  # type: ignore[misc]


def keep_key(score: Score, key: Key, chords: Progression | None, bar: int, ranges: Ranges) -> tuple[Score, str]:
    """The score with every note foreign to the key moved to its nearest note, and one sentence on how many ("" for none).

    Notes of a chord that was asked for stay, even where they are foreign.
    """
    mover = Mover(score, ranges)
    allowed = home_classes(key)
    for track in mover.pitched():
        for row in list(mover.rows[track]):
            own = allowed
            if chords is not None and row[0] // bar < len(chords):
                names = chords[row[0] // bar]
                chord = names[row[0] % bar * len(names) // bar]
                own = allowed | set(chord.pitch_classes) if chord is not None else allowed
            if row[2] % 12 not in own:
                mover.shift(track, row, lambda p: p % 12 in allowed)
    count = mover.moved + mover.dropped
    if not count:
        return score, ""
    return mover.result(), f"{count} note{'s' * (count > 1)} foreign to {key} moved into it."


def foreign_notes(tracks: Sequence[Track], key: Key) -> int:
    """How many pitched notes are foreign to the key (in minor with the raised sixth and seventh)."""
    allowed = sorted(home_classes(key))
    return sum(int((~np.isin(t.notes["pitch"] % 12, allowed)).sum()) for t in tracks if not t.is_drum)
