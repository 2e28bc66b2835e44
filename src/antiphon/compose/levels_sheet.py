"""A piece as rows that can be moved, cut and lengthened on its grid of sixteenths, with a count of what sounds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.fit import Bar
from antiphon.compose.levels import Grid
from antiphon.compose.texture import BASS_NAMES, GROUP, melody_track, skyline, top_line
from antiphon.compose.voices import is_line
from antiphon.music.instruments import family
from antiphon.music.score import ChordMark, NoteArray, Score, notes_array

LOOK_BACK = 8
"""Bars in which notes that may change, and sound on, are looked for."""
CHORDAL = ("piano", "chromatic percussion", "organ", "guitar")
"""Families of instruments whose single notes one after the other may be a broken chord."""


@dataclass(slots=True, eq=False)
class Row:
    """A note: its track, ticks, pitch and loudness; its sixteenths from `first` to before `last`; whether it is melody."""

    track: int
    onset: int
    end: int
    pitch: int
    velocity: int
    first: int
    last: int
    sung: bool = False

    @property
    def steps(self) -> int:
        """Sixteenths that it sounds."""
        return self.last - self.first


class Sheet:
    """The pitched notes of a score by bars; edits keep the count of what sounds.

    Args:
      score: any piece with a pitched note.
      bars: its bars.
      free: places of the tracks that may change; the notes of others only count.
      opened: the bars that may change, from 0.
      chords: its harmony.
    """

    def __init__(
        self,
        score: Score,
        bars: Sequence[Bar],
        free: Collection[int],
        opened: Collection[int],
        chords: Sequence[ChordMark],
    ) -> None:
        self.score, self.grid = score, Grid.of(bars, score.resolution)
        self.meters = [bar.meter for bar in bars]
        self.chords = chords
        self.free, self.opened = frozenset(free), frozenset(opened)
        self._starts: list[int] = self.grid.starts.tolist()
        self._before: list[int] = self.grid.before.tolist()
        self._changes: list[int] = self.grid.nearest([m.tick for m in self.chords]).tolist()
        self.rows: list[list[Row]] = [[] for _ in bars]
        self.sounding = np.zeros(int(self.grid.before[-1]) + 1, np.int64)
        self.touched: set[int] = set()
        self._closed: dict[tuple[int, int], list[tuple[int, int]]] = {}
        lead = melody_track(score)
        self.lead = next((i for i, t in enumerate(score.tracks) if t is lead), None)
        single = [i for i, t in enumerate(score.tracks) if is_line(t) or len(t) == 1]
        self.lines = frozenset(i for i in single if i == self.lead or not self.chordal(i))
        for track, notes, sung in _parts(score, self.lead):
            first = self.grid.nearest(notes["onset"])
            last = np.maximum(self.grid.nearest(notes["onset"].astype(np.int64) + notes["duration"], ends=True), first + 1)
            where = np.searchsorted(self.grid.before, first, side="right") - 1
            for note, a, z, bar, high in zip(notes.tolist(), first, last, where, sung, strict=True):
                row = Row(track, note[0], note[0] + note[1], note[2], note[3], int(a), int(z), bool(high))
                self.rows[int(bar)].append(row)
                if not self.may(row):
                    self._closed.setdefault((row.track, row.pitch), []).append((row.onset, row.end))
                self.sounding[row.first : row.last] += 1

    def chordal(self, track: int) -> bool:
        """Whether a track's instrument may play chords, so that its single notes may be broken ones; a bass never."""
        part = self.score.tracks[track]
        return family(part.program) in CHORDAL and not BASS_NAMES.search(part.name.lower())

    def span(self, bar: int) -> tuple[int, int]:
        """Sixteenths of a bar: the first, and the one after the last."""
        return int(self.grid.before[bar]), int(self.grid.before[bar + 1])

    def may(self, row: Row) -> bool:
        """Whether a row may be changed."""
        return row.track in self.free and self.bar_of(row.first) in self.opened and self._within(row.onset)

    def _within(self, tick: int) -> bool:
        """Whether a tick lies in an open bar: a note played early lies in the bar before the one that it belongs to."""
        return max(0, bisect_right(self._starts, tick) - 1) in self.opened

    def blocked(self, track: int, pitch: int, tick: int, bar: int, but: Row | None = None) -> bool:
        """Whether a track sounds a pitch at a tick already, from a note that began before: a file would cut that note there."""
        if any(a < tick < z for a, z in self._closed.get((track, pitch), ())):
            return True
        near = self.rows[max(0, bar - LOOK_BACK) : bar + 1]
        return any(r.track == track and r.pitch == pitch and r.onset < tick < r.end and r is not but for b in near for r in b)

    def bar_of(self, place: int) -> int:
        """The bar that a sixteenth lies in."""
        return min(bisect_right(self._before, place), len(self.rows)) - 1

    def struck(self, bar: int) -> dict[int, list[Row]]:
        """The rows that begin on each sixteenth of a bar, in order."""
        found: dict[int, list[Row]] = {}
        for row in sorted(self.rows[bar], key=lambda r: (r.first, r.pitch)):
            found.setdefault(row.first, []).append(row)
        return found

    def track_rows(self, track: int, bar: int) -> list[Row]:
        """The rows of a track in a bar and the one before it, by onset."""
        near = self.rows[max(0, bar - 1) : bar + 1]
        return sorted((r for rows in near for r in rows if r.track == track), key=lambda r: (r.onset, r.pitch))

    def weight(self, bar: int, place: int) -> int:
        """Metrical weight of a sixteenth: 5 at the bar line, 4 in the middle of an even bar, 3 on beats, 2, 1."""
        start, stop = self.span(bar)
        at, count = place - start, stop - start
        numerator, denominator = self.meters[bar]
        if at == 0:
            return 5
        if denominator >= 8 and numerator % 3 == 0:
            return 3 if at % 6 == 0 else 2 if at % 2 == 0 else 1
        if 2 * at == count and count % 8 == 0:
            return 4
        return 3 if at % 4 == 0 else 2 if at % 2 == 0 else 1

    def change_after(self, place: int) -> int:
        """The sixteenth at which the harmony changes next after one, or the end of the piece."""
        i = bisect_right(self._changes, place)
        return self._changes[i] if i < len(self._changes) else self._before[-1]

    def change_before(self, place: int) -> int:
        """The sixteenth at which the harmony in force at one began."""
        i = bisect_right(self._changes, place) - 1
        return self._changes[i] if i >= 0 else 0

    def classes(self, place: int) -> frozenset[int]:
        """Pitch classes of the chord in force at a sixteenth; of what sounds there, where there is none."""
        i = bisect_right(self._changes, place) - 1
        chord = self.chords[i].chord if i >= 0 else None
        if chord is not None:
            return frozenset(chord.pitch_classes)
        bar = self.bar_of(place)
        near = self.rows[max(0, bar - 1) : bar + 1]
        return frozenset(r.pitch % 12 for rows in near for r in rows if r.first <= place < r.last)

    def until(self, row: Row, last: int) -> None:
        """Let a row end before a sixteenth, later or sooner than it did; it keeps at least one."""
        last = max(last, row.first + 1)
        if last == row.last:
            return
        self.sounding[row.first : row.last] -= 1
        row.last, row.end = last, max(self.grid.tick(last), row.onset + 1)
        self.sounding[row.first : row.last] += 1
        self.touched.add(row.track)

    def onto(self, row: Row, first: int, tick: int) -> None:
        """Let a row begin on another sixteenth of its bar, at this tick of it."""
        self.sounding[row.first : row.last] -= 1
        row.first, row.onset = first, tick
        row.last, row.end = max(row.last, first + 1), max(row.end, tick + 1)
        self.sounding[row.first : row.last] += 1
        self.touched.add(row.track)

    def drop(self, row: Row, bar: int) -> None:
        """Leave a row out."""
        self.rows[bar].remove(row)
        self.sounding[row.first : row.last] -= 1
        self.touched.add(row.track)

    def add(self, row: Row, bar: int) -> None:
        """Put a new row into a bar."""
        self.rows[bar].append(row)
        self.sounding[row.first : row.last] += 1
        self.touched.add(row.track)

    def total(self, bar: int) -> int:
        """Sixteenths that all notes sound in a bar, together."""
        start, stop = self.span(bar)
        return int(self.sounding[start:stop].sum())

    def result(self) -> Score:
        """The score with what was changed; tracks that nothing was done to are the very same."""
        tracks = list(self.score.tracks)
        for i in sorted(self.touched):
            rows = [r for bar in self.rows for r in bar if r.track == i]
            notes = [(r.onset, max(1, r.end - r.onset), r.pitch, r.velocity) for r in rows]
            tracks[i] = replace(tracks[i], notes=notes_array(notes))
        return self.score.with_tracks(tracks)


def _parts(score: Score, lead: int | None) -> Iterable[tuple[int, NoteArray, np.ndarray]]:
    """Every pitched track with a mask of its melody: the upper line of the track that leads, else the top of all that is."""
    pitched = [(i, t.notes) for i, t in enumerate(score.tracks) if not t.is_drum and len(t)]
    step = score.resolution // GROUP
    if lead is not None:
        for i, notes in pitched:
            yield i, notes, top_line(notes, step) if i == lead else np.zeros(len(notes), dtype=bool)
        return
    merged = np.concatenate([notes for _, notes in pitched])
    order = np.lexsort((merged["velocity"], merged["duration"], merged["pitch"], merged["onset"]))
    mask = np.zeros(len(merged), dtype=bool)
    mask[order] = skyline(merged[order], step)
    begin = 0
    for i, notes in pitched:
        yield i, notes, mask[begin : begin + len(notes)]
        begin += len(notes)
