"""Lines and chords brought into an instrument's range by octaves: whole phrases first, single notes only where they must."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from antiphon.compose.ensembles import Instrument
from antiphon.compose.fixed import note_ends
from antiphon.music.beats import bar_starts
from antiphon.music.edit import without_overlaps
from antiphon.music.score import NoteArray, Score, notes_array

PHRASE_BARS = 4
LONGEST = 8
"""Bars of the longest phrase; one without a rest is cut there."""
OUT, UNEASY, MOVED, CHANGED = 12.0, 0.35, 3.0, 4.0
"""What it costs, for a share of 1, a semitone, an octave, an octave: notes out of the range, discomfort, a phrase in
another octave than written, and a change of octave between phrases."""
OCTAVES = tuple(range(-4, 5))


def phrase_edges(score: Score) -> npt.NDArray[np.int64]:
    """Ticks of sections, and of every fourth bar inside them, with the end of the piece: rising, at least two."""
    bars = bar_starts(score)
    end = max(score.end, 1)
    marks = sorted({0, *(s.tick for s in score.sections if s.tick < end)})
    edges: set[int] = {0}
    for start, stop in pairwise([*marks, end]):
        inside = [b for b in bars if start <= b < stop]
        edges |= set(inside[::PHRASE_BARS])
    return np.array([*sorted(edges), end], dtype=np.int64)


def line_phrases(score: Score, notes: NoteArray) -> list[tuple[int, int]]:
    """(first, stop) notes of the phrases of a line: from rest to rest, of two to eight bars."""
    if len(notes) == 0:
        return []
    starts = np.array(bar_starts(score))
    bar = np.searchsorted(starts, notes["onset"], side="right")
    ends = np.maximum.accumulate(note_ends(notes))
    cuts = [0]
    for i in range(1, len(notes)):
        rest = int(notes["onset"][i]) - int(ends[i - 1])
        length = int(bar[i] - bar[cuts[-1]])
        if (rest >= score.resolution // 2 and length >= 2) or length >= LONGEST or rest >= 4 * score.resolution:
            cuts.append(i)
    return list(pairwise([*cuts, len(notes)]))


def choose_octaves(groups: list[npt.NDArray[np.int64]], can: Instrument, wish: int = 0) -> list[int]:
    """For each phrase (its pitches) the octave shift, in octaves, that suits the instrument best: least cost, by Viterbi.

    Args:
      groups: pitches of each phrase; none is empty.
      can: the instrument.
      wish: the shift that costs nothing.
    """
    if not groups:
        return []
    cost = np.zeros((len(groups), len(OCTAVES)))
    for n, pitches in enumerate(groups):
        for k, octave in enumerate(OCTAVES):
            moved = pitches + 12 * octave
            out = np.mean((moved < can.low) | (moved > can.high))
            uneasy = np.mean(np.maximum(0, can.easy_low - moved) + np.maximum(0, moved - can.easy_high))
            cost[n, k] = OUT * out + UNEASY * uneasy + MOVED * abs(octave - wish)
    change = CHANGED * np.abs(np.subtract.outer(OCTAVES, OCTAVES))
    back = np.zeros(cost.shape, dtype=np.int64)
    total = cost[0]
    for n in range(1, len(groups)):
        step = total[:, None] + change
        back[n] = np.argmin(step, axis=0)
        total = step.min(axis=0) + cost[n]
    path = [int(np.argmin(total))]
    for n in range(len(groups) - 1, 0, -1):
        path.append(int(back[n, path[-1]]))
    return [OCTAVES[k] for k in reversed(path)]


def fold(pitch: int, low: int, high: int) -> int:
    """The pitch brought into a range of at least an octave by the fewest octaves."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def fit_line(score: Score, notes: NoteArray, can: Instrument, wish: int = 0) -> tuple[NoteArray, int, int]:
    """A line in the instrument's range: each phrase moved by octaves as a whole, what still lies outside note by note.

    Returns:
      the notes, how many phrases were moved otherwise than wished, and how many single notes.
    """
    phrases = line_phrases(score, notes)
    pitches = notes["pitch"].astype(np.int64)
    octaves = choose_octaves([pitches[a:b] for a, b in phrases], can, wish)
    moved = notes.copy()
    single = 0
    for (a, b), octave in zip(phrases, octaves, strict=True):
        for i in range(a, b):
            pitch = int(pitches[i]) + 12 * octave
            folded = fold(pitch, can.low, can.high)
            single += folded != pitch
            moved["pitch"][i] = folded
    return notes_array(moved), sum(octave != wish for octave in octaves), single


def single_line(notes: NoteArray) -> NoteArray:
    """The notes with none sounding into the next, and only the highest of those that begin together."""
    if len(notes) == 0:
        return notes
    last = np.append(np.diff(notes["onset"]) > 0, True)
    kept = notes[last].copy()
    gap = np.diff(kept["onset"].astype(np.int64))
    kept["duration"][:-1] = np.minimum(kept["duration"][:-1], gap)
    return notes_array(kept)


def fit_chords(score: Score, notes: NoteArray, keep: NoteArray, can: Instrument) -> tuple[NoteArray, int]:
    """Chords an instrument can play: in range, no more notes at once than it has voices, no wider than its hands reach.

    Args:
      score: for its phrases.
      notes: what is to be played; keep: notes among or beside them that are never left out (a melody), in range already.
      can: the instrument.

    Returns:
      the notes, those kept included, and how many were left out.
    """
    edges = phrase_edges(score)
    cell = np.searchsorted(edges, notes["onset"], side="right") - 1
    moved = notes.copy()
    present = np.unique(cell)
    octaves = choose_octaves([notes["pitch"][cell == c].astype(np.int64) for c in present], can)
    for c, octave in zip(present.tolist(), octaves, strict=True):
        inside = cell == c
        moved["pitch"][inside] = [fold(int(p) + 12 * octave, can.low, can.high) for p in notes["pitch"][inside]]
    every = without_overlaps(np.concatenate([moved, keep]))
    held = {(int(n["onset"]), int(n["pitch"])) for n in keep}
    kept = [(int(n["onset"]), int(n["pitch"])) in held for n in every]
    return _thinned(every, kept, can)


def _thinned(notes: NoteArray, kept: list[bool], can: Instrument) -> tuple[NoteArray, int]:
    """Notes with those left out that exceed the voices or the reach; older notes end early rather than new ones go missing."""
    rows = [list(row) for row in notes.tolist()]
    sounding: list[int] = []
    gone: set[int] = set()
    at = 0
    while at < len(rows):
        now = rows[at][0]
        begun = [i for i in range(at, len(rows)) if rows[i][0] == now] if rows[at][0] == now else []
        at = begun[-1] + 1
        sounding = [i for i in sounding if rows[i][0] + rows[i][1] > now]
        while not _reachable([rows[i][2] for i in [*sounding, *begun]], can):
            victim = _to_end_early(sounding, begun, rows, kept, can)
            if victim is not None:
                rows[victim][1] = max(1, now - rows[victim][0])
                sounding.remove(victim)
            elif not _moved_octave(sounding, begun, rows, kept, can):
                victim = _least_needed(sounding, begun, rows, kept, can)
                begun.remove(victim)
                gone.add(victim)
        sounding += begun
    left = [tuple(row) for i, row in enumerate(rows) if i not in gone]
    return notes_array(left), len(gone)


def _to_end_early(
    sounding: list[int], begun: list[int], rows: list[list[int]], kept: list[bool], can: Instrument
) -> int | None:
    """The held note to let go: one whose end makes the rest playable, else the oldest; one of the melody only as the last."""
    free = [i for i in sounding if not kept[i]] or sounding
    for i in free:
        if _reachable([rows[j][2] for j in [*sounding, *begun] if j != i], can):
            return i
    return free[0] if free else None


def _moved_octave(sounding: list[int], begun: list[int], rows: list[list[int]], kept: list[bool], can: Instrument) -> bool:
    """Try to make a chord playable by one of its notes an octave up or down, inner ones first; the lowest stays."""
    pitches = {rows[i][2] for i in [*sounding, *begun]}
    inner = [i for i in begun if not kept[i] and rows[i][2] != min(pitches)]
    for i in sorted(inner, key=lambda i: rows[i][2]):
        for pitch in (rows[i][2] + 12, rows[i][2] - 12):
            others = [rows[j][2] for j in [*sounding, *begun] if j != i]
            fits = can.low <= pitch <= can.high and pitch not in pitches and min(others) < pitch < max(pitches)
            if fits and _reachable([*others, pitch], can):
                rows[i][2] = pitch
                return True
    return False


def _least_needed(sounding: list[int], begun: list[int], rows: list[list[int]], kept: list[bool], can: Instrument) -> int:
    """Of the notes that begin now the one to leave out: never one kept, first an inner one that doubles another."""
    pitches = [rows[i][2] for i in begun]
    classes = [p % 12 for p in pitches]

    def need(i: int) -> tuple[bool, bool, bool, bool, int]:
        pitch = rows[i][2]
        outer = pitch in (min(pitches), max(pitches))
        helps = _reachable([rows[j][2] for j in [*sounding, *begun] if j != i], can)
        return (kept[i], classes.count(pitch % 12) == 1, outer, not helps, pitch)

    return min(begun, key=need)


def _reachable(pitches: list[int], can: Instrument) -> bool:
    """Whether so many notes, so far apart, can sound at once: under two hands, or one where it has six voices or fewer."""
    if len(pitches) <= 1:
        return True
    if len(pitches) > can.voices:
        return False
    if can.span == 0:
        return True
    ordered = sorted(pitches)
    if can.voices <= 6:
        return ordered[-1] - ordered[0] <= can.span
    half = can.voices // 2

    def hand(some: list[int]) -> bool:
        return len(some) <= half and (not some or some[-1] - some[0] <= can.span)

    return any(hand(ordered[:k]) and hand(ordered[k:]) for k in range(len(ordered) + 1))
