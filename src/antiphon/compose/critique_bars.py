"""The critic bar by bar: what a teacher would mark in each bar, in words and points, and which bar is the weakest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.compose.measure import ROLE_RANGES
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.chords import recognise_chords
from antiphon.music.harmony import Chord, Key
from antiphon.music.instruments import usual_range
from antiphon.music.measure import faults, home_classes, note_name, piece_key
from antiphon.music.score import ChordMark, NoteArray, Score, Track

Floats = npt.NDArray[np.float64]

POINTS = {
    "clash": 1.0,
    "out of key": 0.8,
    "parallel": 0.5,
    "range": 0.6,
    "off chord": 0.5,
    "leap": 0.7,
    "rhythm": 0.8,
    "empty": 1.0,
    "likelihood": 1.0,
}
"""Points of one mark of each kind; benchmarks/critic_fit.py tells how well bars that were spoiled are found by them."""
MOST_MARKS = 4
"""Marks of one kind in one bar that count."""
LEADERS = ("melody", "soprano", "vocal", "vocals", "voice", "lead")
WIDE = 7
"""A leap of so many semitones or more wants to be answered by a step, best in the other direction."""
UNUSUAL = 1.5
"""Deviations from the piece's other bars beyond which a bar is called surprising."""


class Mark(NamedTuple):
    """Something marked in a bar: its kind, its points, and one clause."""

    kind: str
    points: float
    text: str


class BarVerdict(NamedTuple):
    """The critic on one bar: its number from 1, the sum of its marks' points, and the marks, gravest first."""

    bar: int
    points: float
    marks: tuple[Mark, ...]


def bar_verdicts(score: Score, key: Key | None = None, nats: Sequence[float] | None = None) -> tuple[BarVerdict, ...]:
    """One verdict for each bar.

    Args:
      score: any piece; its chord marks are believed, else chords are recognised.
      key: what it is judged in; None: as marked, else as found.
      nats: surprise of each bar under a sequence model (see generate.likelihood), if there is one.
    """
    starts = bar_starts(score)
    marks: list[list[Mark]] = [[] for _ in starts]
    home = key or piece_key(score)
    if home is not None:
        for fault in faults(score):
            kind = "parallel" if fault.kind.startswith("parallel") else fault.kind
            if kind == "range":
                continue  # of the instrument; a role may go further (see _beyond)
            marks[min(fault.bar, len(starts)) - 1].append(Mark(kind, POINTS[kind], fault.text.partition(": ")[2]))
        for bar, mark in _beyond(score, home, starts):
            marks[bar].append(mark)
        lead = leader(score)
        if lead is not None:
            for bar, mark in [*_off_chord(score, lead, home, starts), *_leaps(lead, starts)]:
                marks[bar].append(mark)
    for bar, mark in [*_strange_rhythms(score, starts), *_empty(score, starts), *_surprises(nats, len(starts))]:
        marks[bar].append(mark)
    return tuple(_verdict(i + 1, found) for i, found in enumerate(marks))


def _verdict(bar: int, marks: list[Mark]) -> BarVerdict:
    """The marks of one bar; beyond MOST_MARKS of a kind no more count."""
    points, counted = 0.0, {mark.kind: 0 for mark in marks}
    for mark in sorted(marks, key=lambda m: -m.points):
        counted[mark.kind] += 1
        points += mark.points if counted[mark.kind] <= MOST_MARKS else 0.0
    return BarVerdict(bar, points, tuple(sorted(marks, key=lambda m: -m.points)))


def weakest(verdicts: Sequence[BarVerdict]) -> str:
    """The weakest bar and its gravest mark in one sentence; empty where nothing is marked."""
    worst = max(verdicts, key=lambda v: v.points, default=None)
    if worst is None or not worst.marks:
        return ""
    return f"Bar {worst.bar} is the weakest: {worst.marks[0].text}."


def weakest_bar(score: Score, key: Key | None = None) -> str:
    """The weakest bar of a piece and why, in one sentence; empty where nothing is marked."""
    return weakest(bar_verdicts(score, key))


def leader(score: Score) -> Track | None:
    """The part that leads: by its name, else the one that lies highest."""
    parts = [t for t in score.tracks if len(t) and not t.is_drum]
    named = next((t for t in parts if t.name.strip().lower() in LEADERS), None)
    return named or max(parts, key=lambda t: float(t.notes["pitch"].mean()), default=None)


def top_line(track: Track) -> NoteArray:
    """The highest note of each onset of a track."""
    notes = track.notes
    return notes[np.append(notes["onset"][1:] != notes["onset"][:-1], True)] if len(notes) else notes


def chord_at(marks: Sequence[ChordMark], tick: int) -> Chord | None:
    """The chord in force at a tick."""
    at = bisect_right([m.tick for m in marks], tick) - 1
    return marks[at].chord if at >= 0 else None


def _beyond(score: Score, key: Key, starts: list[int]) -> list[tuple[int, Mark]]:
    """Notes beyond the range of their part's role or, for other parts, of its instrument."""
    out = []
    for track in score.tracks:
        low, high = ROLE_RANGES.get(track.name, usual_range(track.program))
        if track.is_drum or not len(track):
            continue
        outside = (track.notes["pitch"] < low) | (track.notes["pitch"] > high)
        for onset, _, pitch, _ in track.notes[outside].tolist():
            where = "below" if pitch < low else "above"
            said = f"{note_name(pitch, key)} ({pitch}) is {where} the range of {track.name or 'the part'}"
            out.append((max(0, bisect_right(starts, onset) - 1), Mark("range", POINTS["range"], said)))
    return out


def _off_chord(score: Score, lead: Track, key: Key, starts: list[int]) -> list[tuple[int, Mark]]:
    """Notes of the leading part on a strong beat, outside the chord, that do not move on by step as a suspension would."""
    chords = score.chords or recognise_chords(score)
    line, out = top_line(lead), []
    allowed = home_classes(key)
    for i, (onset, duration, pitch, _) in enumerate(line.tolist()):
        bar = max(0, bisect_right(starts, onset) - 1)
        length = meter_at(score, starts[bar]).bar_ticks(score.resolution)
        within = onset - starts[bar]
        strong = within == 0 or (2 * within == length and length % (2 * score.resolution) == 0)
        chord = chord_at(chords, onset)
        if not strong or chord is None or pitch % 12 in chord.pitch_classes or pitch % 12 not in allowed:
            continue
        following = int(line["pitch"][i + 1]) if i + 1 < len(line) else None
        if following is not None and 0 < abs(following - pitch) <= 2 and duration <= length // 2:
            continue
        name, flats = note_name(pitch, key).removesuffix(" natural"), key.fifths < 0
        said = f"the {lead.name or 'melody'} leaves the chord on a strong beat ({name} over {chord.name(flats)})"
        out.append((bar, Mark("off chord", POINTS["off chord"], said)))
    return out


def _leaps(lead: Track, starts: list[int]) -> list[tuple[int, Mark]]:
    """Leaps beyond an octave, and wide ones that go on in the same direction by another leap."""
    line, out = top_line(lead), []
    pitch = line["pitch"].astype(np.int64)
    step = np.diff(pitch)
    for i in np.flatnonzero(np.abs(step) >= WIDE).tolist():
        on = int(step[i + 1]) if i + 1 < len(step) else 0
        beyond = abs(int(step[i])) > 12
        if beyond or (abs(on) > 4 and on * int(step[i]) > 0):
            bar = max(0, bisect_right(starts, int(line["onset"][i + 1])) - 1)
            which = "by more than an octave" if beyond else "twice in one direction"
            out.append((bar, Mark("leap", POINTS["leap"], f"the {lead.name or 'melody'} leaps {which}")))
    return out


def _strange_rhythms(score: Score, starts: list[int]) -> list[tuple[int, Mark]]:
    """Bars with more onsets between the sixteenths' strong places than all others of the piece would lead one to expect."""
    parts = [t.notes["onset"].astype(np.int64) for t in score.tracks if len(t)]
    if not parts or len(starts) < 4:
        return []
    onset = np.concatenate(parts)
    bar = np.maximum(np.searchsorted(starts, onset, side="right") - 1, 0)
    place = (4 * (onset - np.asarray(starts)[bar]) / score.resolution).round().astype(np.int64)
    weak = np.bincount(bar, weights=place % 2 == 1, minlength=len(starts))
    count = np.bincount(bar, minlength=len(starts))
    share = weak / np.maximum(count, 1)
    far = (share - np.median(share)) / max(float(np.std(share)), 0.08)
    marked = (far > UNUSUAL) & (weak >= 2)
    said = "its rhythm falls between the beats, unlike the other bars"
    return [(int(i), Mark("rhythm", POINTS["rhythm"] * min(3.0, float(far[i]) - 0.5), said)) for i in np.flatnonzero(marked)]


def _empty(score: Score, starts: list[int]) -> list[tuple[int, Mark]]:
    """Bars inside the piece in which nothing sounds; silence before its first note and after its last is no fault of a bar."""
    parts = [t.notes for t in score.tracks if len(t)]
    if not parts:
        return []
    onset = np.concatenate([n["onset"].astype(np.int64) for n in parts])
    end = onset + np.concatenate([n["duration"] for n in parts])
    stops = [*starts[1:], max(score.end, starts[-1] + 1)]
    silent = [
        i
        for i, (a, b) in enumerate(zip(starts, stops, strict=True))
        if onset.min() < a and b < end.max() and not np.any((onset < b) & (end > a))
    ]
    return [(i, Mark("empty", POINTS["empty"], "nothing sounds")) for i in silent]


def _surprises(nats: Sequence[float] | None, bars: int) -> list[tuple[int, Mark]]:
    """Bars that a sequence model finds far less likely than the others."""
    if nats is None or len(nats) < 4:
        return []
    values = np.asarray(nats, dtype=np.float64)[:bars]
    middle = float(np.median(values))
    spread = max(float(np.median(np.abs(values - middle))) * 1.48, 0.1 * abs(middle), 1e-9)
    out: list[tuple[int, Mark]] = []
    for i in range(1, len(values)):  # the first bar has nothing before it to be foreseen by
        far = (float(values[i]) - middle) / spread
        if far > UNUSUAL:
            said = f"the model did not expect it ({values[i]:.0f} nats; its bars have {middle:.0f})"
            out.append((i, Mark("likelihood", POINTS["likelihood"] * min(3.0, far / 2), said)))
    return out
