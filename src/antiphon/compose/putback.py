"""What a generator wrote, put back at its place: exact ticks and octaves, no collision with what stays, the level around it.

Everything outside the openings stays as it was, tick for tick: notes are only added where `cleared` took some away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.fit import Span, Window, joined, on_keyboard
from antiphon.compose.roles import Part, profile
from antiphon.music.edit import without_overlaps
from antiphon.music.score import ChordMark, NoteArray, Score, Track, notes_array, spans_array


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a part is: mean and spread of its velocities; None leaves new notes as they are written."""

    mean: float | None = None
    spread: float = 0.0

    def scaled(self, notes: NoteArray) -> NoteArray:
        """The notes brought to this level."""
        if self.mean is None or len(notes) == 0:
            return notes
        changed = notes.copy()
        velocity = notes["velocity"].astype(np.float64)
        spread = float(velocity.std())
        factor = min(1.5, self.spread / spread) if spread > 0 else 0.0
        changed["velocity"] = np.clip(np.rint(self.mean + factor * (velocity - velocity.mean())), 1, 127)
        return notes_array(changed)


def level(score: Score, part: Part, window: Window) -> Level:
    """How loud the part is around the window, else anywhere, else how loud the other parts are there."""
    own = np.concatenate([score.tracks[i].notes for i in part.tracks])
    near = own[(own["onset"] >= window.start) & (own["onset"] < window.stop)]
    others = [t.notes for i, t in enumerate(score.tracks) if i not in part.tracks and len(t) and not t.is_drum]
    for notes in (near, own, np.concatenate(others) if others else own):
        if len(notes) >= 8 or (len(notes) and notes is own):
            return Level(float(notes["velocity"].mean()), float(notes["velocity"].std()))
    return Level()


def cleared(score: Score, parts: Mapping[str, Part], spans: Mapping[str, Sequence[Span]]) -> Score:
    """The piece without the notes that begin in open stretches, and without pedal there."""
    tracks = list(score.tracks)
    for role, open_spans in spans.items():
        for i in parts[role].tracks:
            track = tracks[i]
            inside = np.zeros(len(track), dtype=bool)
            for a, b in open_spans:
                inside |= (track.notes["onset"] >= a) & (track.notes["onset"] < b)
            pedals = [left for o, d in track.pedals.tolist() for left in _outside((o, o + d), open_spans)]
            tracks[i] = replace(track, notes=notes_array(track.notes[~inside]), pedals=spans_array(pedals))
    return score.with_tracks(tracks)


def _outside(held: Span, spans: Sequence[Span]) -> list[Span]:
    """What is left of a stretch outside others, as (onset, duration)."""
    left = [held]
    for a, b in spans:
        left = [piece for p, q in left for piece in ((p, min(q, a)), (max(p, b), q)) if piece[0] < piece[1]]
    return [(p, q - p) for p, q in left]


def put_back(score: Score, parts: Mapping[str, Part], window: Window, written: Score, levels: Mapping[str, Level]) -> Score:
    """The piece with what was written in the window's openings at its place.

    Args:
      score: the piece, its open stretches cleared; parts: what plays its roles.
      written: the generator's answer for the window.
      levels: role -> how loud its new notes are to be.
    """
    tracks = list(score.tracks)
    for role, spans in window.spans.items():
        part = parts[role]
        source = next((t for t in written.tracks if t.name == role), None)
        if source is None:
            continue
        rows = []
        for onset, duration, pitch, velocity in source.notes.tolist():
            begin, stop = window.outward(onset), window.outward(onset + duration)
            span = next((s for s in spans if s[0] <= begin < s[1]), None)
            if span is not None:
                rows.append((begin, max(1, min(stop, span[1]) - begin), on_keyboard(pitch - part.octave, 0, 127), velocity))
        fresh = levels[role].scaled(notes_array(rows))
        for i, share in zip(part.tracks, _by_hand(fresh, [tracks[i] for i in part.tracks]), strict=True):
            kept = beside(share, tracks[i].notes, single=profile(role).voices < 0)
            tracks[i] = replace(tracks[i], notes=notes_array(np.concatenate([tracks[i].notes, kept])))
    return score.with_tracks(tracks)


def _by_hand(notes: NoteArray, tracks: Sequence[Track]) -> list[NoteArray]:
    """The notes shared between one or two tracks, the upper hand first, by a pitch midway between their middles."""
    if len(tracks) == 1:
        return [notes]
    middles = [float(t.notes["pitch"].mean()) if len(t) else (67.0, 48.0)[i] for i, t in enumerate(tracks)]
    upper = notes["pitch"] >= sum(middles) / 2
    return [notes[upper], notes[~upper]]


def beside(fresh: NoteArray, kept: NoteArray, *, single: bool) -> NoteArray:
    """New notes without what collides with notes that stay: a pitch sounding already, or anything sounding in a single line.

    A new note that begins while such a note rings begins after it, where at least half of it is left; else it is left out.
    One that reaches into a later note that stays ends there.
    """
    if len(fresh) == 0:
        return fresh
    rows = []
    onsets = kept["onset"].astype(np.int64)
    reached = int((fresh["onset"].astype(np.int64) + fresh["duration"]).max())
    old = kept[(onsets < reached) & (onsets + kept["duration"] > int(fresh["onset"].min()))].tolist()
    for onset, duration, pitch, velocity in without_overlaps(fresh).tolist():
        begin, stop = onset, onset + duration
        for o, d, p, _ in old:
            if (single or p == pitch) and o <= begin < o + d:
                begin = o + d
        ahead = [o for o, _, p, _ in old if (single or p == pitch) and begin < o < stop]
        stop = min([stop, *ahead])
        if stop - begin >= max(1, duration / 2 if begin > onset else 1):
            rows.append((begin, stop - begin, pitch, velocity))
    return notes_array(rows)


def remarked(score: Score, window: Window, chords: Sequence[ChordMark]) -> Score:
    """The piece with the chords that the generator wrote marked over the open bars; behind them the old ones go on."""
    spans = joined(span for spans in window.spans.values() for span in spans)
    told = [ChordMark(window.outward(m.tick), m.chord) for m in chords]
    marks = [m for m in score.chords if not any(a <= m.tick < b for a, b in spans)]
    for a, b in spans:
        first = [ChordMark(a, m.chord) for m in told if m.tick <= a][-1:]
        marks += [*first, *(m for m in told if a < m.tick < b)]
        if b < score.end and not any(m.tick == b for m in marks):
            marks += [ChordMark(b, m.chord) for m in [m for m in score.chords if m.tick <= b][-1:]]
    return replace(score, chords=tuple(marks))
