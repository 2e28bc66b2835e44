"""What a score is woven of: its melody, its bass, what lies between, and its drums, whatever its tracks are."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.compose.fixed import BoolArray, note_ends
from antiphon.compose.voices import is_line
from antiphon.music.beats import bar_starts
from antiphon.music.instruments import family
from antiphon.music.score import NOTE, NoteArray, Score, Track, notes_array

MELODY_NAMES = re.compile(
    r"melod|vocal|voice|\blead|sopran|cantus|canto|\btune|\bsolo|sing|gesang|discant|violin[eo]? ?(1|i)\b|\bsax|whistle"
)
BASS_NAMES = re.compile(r"\bbass(?!oon|.*(clarinet|drum))|basso\b|contrabass|cello")
GROUP = 12
"""Notes that begin within a quarter note / GROUP of each other count as struck together."""
LEAST_SHARE = 0.1
"""Share of the bars in which an unnamed single line must begin a note to be taken for the melody."""
BELOW = 14
"""Semitones below the middle of the top notes around it under which a top note is accompaniment in a rest of the melody."""
ABOVE = 9
"""Likewise above the middle of the lowest notes: a lowest note higher than that is no bass."""
AROUND = 8
"""Top notes on either side that this middle is taken of."""
CHORD_FLOOR, BASS_FLOOR = 53, 36
"""Lowest pitches of chords and basses that are written out from chord symbols."""


@dataclass(frozen=True, slots=True)
class Texture:
    """A score taken apart; every pitched note of it is in exactly one of `melody`, `bass` and `inner`.

    Attributes:
      melody, bass: single lines (their notes may touch or overlap, but never begin together); either may be empty.
      inner: all other pitched notes.
      lines: where the whole piece is single lines, (name, notes) of each, melody first and bass last; else empty.
      drums: drum tracks with notes.
      realised: whether bass and inner notes were written from chord symbols, the piece having only a melody.
    """

    melody: NoteArray
    bass: NoteArray
    inner: NoteArray
    lines: tuple[tuple[str, NoteArray], ...]
    drums: tuple[Track, ...]
    realised: bool = False


def texture(score: Score) -> Texture:
    """The score taken apart.

    The melody is the track that is named so, else the highest busy single line, else the top notes (skyline) of all that
    sounds; the bass is found alike from below. A melody alone with chord symbols gets its harmony written out.
    """
    pitched = [t for t in score.tracks if not t.is_drum and len(t)]
    drums = tuple(t for t in score.tracks if t.is_drum and len(t))
    if not pitched:
        return Texture(_none(), _none(), _none(), (), drums)
    step = score.resolution // GROUP
    lead = melody_track(score)
    everything = notes_array(np.concatenate([t.notes for t in pitched]))
    if lead is not None:
        top = top_line(lead.notes, step)
        rest = [lead.notes[~top], *(t.notes for t in pitched if t is not lead)]
        melody, others = notes_array(lead.notes[top]), notes_array(np.concatenate(rest))
    else:
        top = skyline(everything, step)
        melody, others = notes_array(everything[top]), notes_array(everything[~top])
    if len(others) == 0 and any(mark.chord is not None for mark in score.chords):
        bass, inner = written_out(score)
        return Texture(melody, bass, inner, (), drums, realised=True)
    low = _bass_mask(score, pitched, lead, others, step)
    lines = _lines(pitched, lead)
    return Texture(melody, notes_array(others[low]), notes_array(others[~low]), lines, drums)


def _none() -> NoteArray:
    return notes_array(np.zeros(0, dtype=NOTE))


def melody_track(score: Score) -> Track | None:
    """The track that carries the melody: by its name, else the highest busy single line; None where no track is one."""
    tracks = [t for t in score.tracks if not t.is_drum and len(t)]
    named = [t for t in tracks if MELODY_NAMES.search(t.name.lower())]
    if named:
        return max(named, key=lambda t: (len(t) > 0.25 * len(named[0]), is_line(t), -tracks.index(t)))
    if len(tracks) == 1 and not is_line(tracks[0]):
        return None
    starts = np.array(bar_starts(score) or [0])
    busy = []
    for track in tracks:
        bars = len(np.unique(np.searchsorted(starts, track.notes["onset"], side="right")))
        if is_line(track) and bars >= LEAST_SHARE * len(starts):
            busy.append(track)
    if not busy:
        return None
    highest = max(busy, key=lambda t: float(np.average(t.notes["pitch"], weights=t.notes["duration"])))
    others = [t for t in tracks if t is not highest]
    middle = np.median(np.concatenate([t.notes["pitch"] for t in others])) if others else 0
    return highest if np.median(highest.notes["pitch"]) >= middle else None


def top_line(notes: NoteArray, step: int) -> BoolArray:
    """Mask of the highest note of every group of notes that begin within `step` ticks."""
    mask = np.zeros(len(notes), dtype=bool)
    for group in groups(notes, step):
        mask[max(group, key=lambda i: (notes["pitch"][i], notes["duration"][i]))] = True
    return mask


def groups(notes: NoteArray, step: int) -> list[list[int]]:
    """Indices of notes that begin together: within `step` ticks after the first of their group."""
    found: list[list[int]] = []
    first = 0
    for i, onset in enumerate(notes["onset"].tolist()):
        if found and onset - first <= step:
            found[-1].append(i)
        else:
            found.append([i])
            first = onset
    return found


def skyline(notes: NoteArray, step: int) -> BoolArray:
    """Mask of the melody that a listener follows on top: highest of its group, under no longer note, not far below its kin.

    After the skyline algorithm (Uitdenbogerd and Zobel 1998), with accompaniment that shows in the melody's rests left out.
    """
    mask = _edge(notes, step, top=True)
    index = np.flatnonzero(mask)
    pitch = notes["pitch"][index].astype(np.float64)
    for n, i in enumerate(index.tolist()):
        near = pitch[max(0, n - AROUND) : n + AROUND + 1]
        if pitch[n] < np.median(near) - BELOW:
            mask[i] = False
    return mask


def _edge(notes: NoteArray, step: int, top: bool) -> BoolArray:
    """Mask of notes at the top (or bottom) of their group while no higher (lower) note sounds on for longer than `step`."""
    mask = np.zeros(len(notes), dtype=bool)
    sign = 1 if top else -1
    ends = note_ends(notes)
    sounding: list[tuple[int, int]] = []
    for group in groups(notes, step):
        now = int(notes["onset"][group[0]])
        sounding = [(end, height) for end, height in sounding if end > now + step]
        best = max(group, key=lambda i: (sign * int(notes["pitch"][i]), int(notes["duration"][i])))
        height = sign * int(notes["pitch"][best])
        mask[best] = all(height > other for _, other in sounding)
        sounding += [(int(ends[i]), sign * int(notes["pitch"][i])) for i in group]
    return mask


def _bass_mask(score: Score, pitched: list[Track], lead: Track | None, others: NoteArray, step: int) -> BoolArray:
    """Which of the other notes are the bass: those of a bass track, else the lowest line while nothing lower sounds."""
    basses = [t for t in pitched if t is not lead and (BASS_NAMES.search(t.name.lower()) or family(t.program) == "bass")]
    mask = np.zeros(len(others), dtype=bool)
    if basses:
        deepest = min(basses, key=lambda t: float(np.median(t.notes["pitch"])))
        low = deepest.notes[_edge(deepest.notes, step, top=False)]
        own = {tuple(row) for row in low.tolist()}
        for i, row in enumerate(others.tolist()):
            if row in own:
                own.discard(row)
                mask[i] = True
        return mask
    mask = _edge(others, step, top=False)
    index = np.flatnonzero(mask)
    pitch = others["pitch"][index].astype(np.float64)
    for n, i in enumerate(index.tolist()):
        if pitch[n] > np.median(pitch[max(0, n - AROUND) : n + AROUND + 1]) + ABOVE:
            mask[i] = False
    return mask


def _lines(pitched: list[Track], lead: Track | None) -> tuple[tuple[str, NoteArray], ...]:
    """All tracks as lines from the melody down, if all of them are single lines."""
    if lead is None or len(pitched) < 2 or not all(is_line(t) for t in pitched):
        return ()
    others = sorted((t for t in pitched if t is not lead), key=lambda t: -float(t.notes["pitch"].mean()))
    return tuple((t.name, t.notes) for t in [lead, *others])


def written_out(score: Score) -> tuple[NoteArray, NoteArray]:
    """Bass and close chords, struck at every chord symbol and at every bar line under it.

    Returns:
      bass notes and chord notes.
    """
    end = score.end
    bars = bar_starts(score)
    ticks = sorted({*bars, *(mark.tick for mark in score.chords)} - {end})
    at = [mark.tick for mark in score.chords]
    bass: list[tuple[int, int, int, int]] = []
    inner: list[tuple[int, int, int, int]] = []
    for tick, until in zip(ticks, [*ticks[1:], end], strict=True):
        i = bisect_right(at, tick) - 1
        chord = score.chords[i].chord if i >= 0 else None
        if chord is None or until <= tick:
            continue
        bass.append((tick, until - tick, BASS_FLOOR + (chord.lowest - BASS_FLOOR) % 12, 72))
        for pc in chord.pitch_classes:
            inner.append((tick, until - tick, CHORD_FLOOR + (pc - CHORD_FLOOR) % 12, 64))
    return notes_array(bass), notes_array(inner)


def loudness(score: Score, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Velocity sounded in each stretch between edges, a quarter note: how much goes on there."""
    parts = [t.notes for t in score.tracks if len(t)]
    notes = np.concatenate(parts) if parts else np.zeros(0, dtype=NOTE)
    cell = np.searchsorted(edges, notes["onset"], side="right") - 1
    total = np.bincount(np.clip(cell, 0, len(edges) - 2), weights=notes["velocity"], minlength=len(edges) - 1)
    return np.asarray(total / np.maximum(np.diff(edges), 1) * score.resolution)
