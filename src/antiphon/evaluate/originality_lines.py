"""Melodic lines of a piece as originality compares them: in sixteenths, and free of transposition as steps.

A step is a pair of neighbouring notes: (interval in semitones, time between the onsets in sixteenths).
Axes: N notes of a line, M = N - 1 steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.music.score import NoteArray, Score

IntArray = npt.NDArray[np.int64]

LONGEST_STEP = 64
"""Rests beyond four bars of sixteenths count as one length."""
EXCERPT = 64
"""Sixteenths of one excerpt of the cardinality score: four bars of 4/4; the next begins half as far on."""
EXCERPT_NOTES = 8
"""An excerpt of fewer notes says nothing: any three notes are found anywhere."""
MELODY_NAMES = ("melody", "soprano", "vocal", "vocals", "voice", "lead", "lead vocal")
PIANO_NAMES = ("piano", "accompaniment", "acoustic grand piano")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One melodic line: onsets in sixteenths (strictly rising) and pitches, both [N], and the onsets in ticks [N]."""

    onset: IntArray
    pitch: IntArray
    tick: IntArray

    def __len__(self) -> int:
        return len(self.onset)


def _skyline(notes: NoteArray, resolution: int) -> Line:
    """The highest note at each onset, on the grid of sixteenths (ties of rounding keep the highest too)."""
    step = np.rint(notes["onset"].astype(np.float64) * 4 / resolution).astype(np.int64)
    order = np.lexsort((-notes["pitch"].astype(np.int64), step))
    _, first = np.unique(step[order], return_index=True)
    keep = order[first]
    return Line(step[keep], notes["pitch"][keep].astype(np.int64), notes["onset"][keep].astype(np.int64))


def lines(score: Score) -> dict[str, Line]:
    """The melodic lines of a piece by role, "melody" first; parts that sound in chords give their highest voice.

    The melody is the track of that name (or soprano, vocals, lead); where there is none, the highest voice of all
    pitched tracks together. Every other named pitched track is a line under its own lower-case name ("bridge"), and
    "piano" under its usual names. A line of fewer than two notes is left out.
    """
    groups: dict[str, list[NoteArray]] = {}
    everything: list[NoteArray] = []
    for track in score.tracks:
        if track.is_drum or len(track) == 0:
            continue
        name = track.name.strip().lower()
        role = "melody" if name in MELODY_NAMES else "piano" if name in PIANO_NAMES else name
        everything.append(track.notes)
        if role:
            groups.setdefault(role, []).append(track.notes)
    if everything and "melody" not in groups:
        groups["melody"] = everything
    order = sorted(groups, key=lambda role: (role != "melody", role))
    found = {role: _skyline(np.concatenate(groups[role]), score.resolution) for role in order}
    return {role: line for role, line in found.items() if len(line) >= 2}


def steps(line: Line) -> IntArray:
    """The line as step codes [M]: interval and time to the next note in sixteenths, packed into one number."""
    interval = np.clip(np.diff(line.pitch), -63, 63) + 64
    gap = np.minimum(np.diff(line.onset), LONGEST_STEP)
    return np.asarray(interval * 128 + gap, dtype=np.int64)


def cardinality(line: Line, song: Line) -> float | None:
    """Cardinality score of a line against a song's, 0..1; None if no four bars of the line hold enough notes.

    For each excerpt of four bars of `line`, the largest share of its (onset, pitch) points that one translation lays
    onto points of `song`; the highest of these shares.
    """
    # A translation is numbered by its move in time and pitch; the fullest number is the best translation.
    high, low = int(line.pitch.max()), int(line.pitch.min())
    height = int(song.pitch.max()) - int(song.pitch.min()) + high - low + 1
    target = song.onset * height + (song.pitch - int(song.pitch.min()))
    best: float | None = None
    for start in range(0, int(line.onset[-1]) + 1, EXCERPT // 2):
        first, stop = np.searchsorted(line.onset, (start, start + EXCERPT))
        size = int(stop - first)
        if size < EXCERPT_NOTES:
            continue
        source = (line.onset[first:stop] - start - EXCERPT) * height + (line.pitch[first:stop] - high)
        moves = (target[:, None] - source[None, :]).ravel()
        share = int(np.bincount(moves).max()) / size
        best = share if best is None else max(best, share)
    return best
