"""Edits by hand: a list of small operations on a score, checked as a whole against the locks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from antiphon.errors import InputError
from antiphon.music import edit
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.harmony import parse_chord
from antiphon.music.score import ChordMark, NoteArray, Score, Tempo, Track, notes_array
from antiphon.studio import shapes_edits
from antiphon.studio.locks import Lock, LockedError, bar_of, inside, locked_spans

MAX_TRACKS = 64
MAX_BARS = 2000


@dataclass(slots=True)
class _Draft:
    """A track while it is edited; `notes` maps (onset, pitch) to (duration, velocity) of the notes there."""

    track: Track
    notes: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, track: Track) -> _Draft:
        """A draft that holds the track's notes."""
        draft = cls(track)
        for onset, duration, pitch, velocity in track.notes.tolist():
            draft.notes.setdefault((onset, pitch), []).append((duration, velocity))
        return draft

    def done(self) -> Track:
        """The track with the notes of the draft."""
        rows = [(on, d, p, v) for (on, p), found in self.notes.items() for d, v in found]
        return replace(self.track, notes=notes_array(rows))


class _Edit:
    """A score while it is edited: single notes live in drafts, whole-piece operations work on the score."""

    def __init__(self, score: Score, locks: Sequence[Lock]) -> None:
        self.score = score
        self.locks = tuple(locks)
        self.said: list[str] = []
        last = score.meters[-1]
        self.last_tick = max(score.end, last.tick + MAX_BARS * last.bar_ticks(score.resolution))
        self._drafts: list[_Draft] | None = None
        self._spans: dict[str, list[tuple[int, int]]] = {}

    def drafts(self) -> list[_Draft]:
        """The tracks as drafts."""
        if self._drafts is None:
            self._drafts = [_Draft.of(t) for t in self.score.tracks]
        return self._drafts

    def whole(self) -> Score:
        """The score with what was drafted."""
        if self._drafts is not None:
            self.score = self.score.with_tracks(d.done() for d in self._drafts)
            self._drafts = None
        return self.score

    def put(self, score: Score) -> None:
        """Go on with another score."""
        self.score, self._drafts, self._spans = score, None, {}

    def draft(self, index: int) -> _Draft:
        """The draft of a track by its number.

        Raises:
          InputError: there is no such track.
        """
        drafts = self.drafts()
        if index >= len(drafts):
            raise InputError(f"There is no track number {index}; the piece has {len(drafts)}.")
        return drafts[index]

    def free(self, track: str, tick: int) -> None:
        """See that a tick of a track is not locked.

        Raises:
          LockedError: it is.
        """
        if not self.locks:
            return
        if track not in self._spans:
            self._spans[track] = locked_spans(self.score, self.locks, track)
        if any(start <= tick < end for start, end in self._spans[track]):
            raise LockedError(f"Bar {bar_of(self.score, tick)} of {track or 'this track'} is locked; unlock it first.")

    def within(self, onset: int, duration: int) -> None:
        """See that a note ends before the piece would become absurdly long.

        Raises:
          InputError: it does not.
        """
        if onset + duration > self.last_tick:
            raise InputError(f"A note at tick {onset:,} lies more than {MAX_BARS:,} bars into the piece.")

    def unlocked(self, track: Track, what: str) -> None:
        """See that no bar of a track is locked.

        Raises:
          LockedError: one is.
        """
        if any(lock.holds(track.name) for lock in self.locks):
            raise LockedError(f"{what} {track.name or 'this track'} would change locked bars; unlock them first.")


def apply(score: Score, operations: Sequence[shapes_edits.Operation], locks: Sequence[Lock] = ()) -> tuple[Score, list[str]]:
    """The score after the operations, in order, and what should be told about them.

    Raises:
      InputError: an operation names something that is not there, or the result cannot be music.
      LockedError: it would change locked bars.
    """
    work = _Edit(score, locks)
    for number, operation in enumerate(operations, 1):
        try:
            _HANDS[type(operation)](work, operation)
        except LockedError:
            raise
        except InputError as error:
            raise InputError(f"Operation {number}: {error}") from error
    return work.whole(), work.said


def selection(score: Score, bars: Sequence[int] | None) -> tuple[int, int]:
    """Ticks [start, end) of the bars `first` to `last`, or of the whole piece.

    Raises:
      InputError: the piece has no such bars.
    """
    if bars is None:
        return 0, 2**31 - 1
    starts = bar_starts(score)
    first, last = bars
    if not 1 <= first <= last <= len(starts):
        raise InputError(f"There are no bars {first} to {last}; the piece has {len(starts)}.")
    return starts[first - 1], starts[last] if last < len(starts) else 2**31 - 1


def _chosen(score: Score, names: Sequence[str] | None) -> list[int]:
    known = [t.name for t in score.tracks]
    for name in names or ():
        if name not in known:
            raise InputError(f"There is no track {name!r}; the piece has {', '.join(known) or 'none'}.")
    return [i for i, name in enumerate(known) if names is None or name in names]


def _add(work: _Edit, op: shapes_edits.AddNote) -> None:
    draft = work.draft(op.track)
    work.free(draft.track.name, op.onset)
    work.within(op.onset, op.duration)
    found = draft.notes.setdefault((op.onset, op.pitch), [])
    if found:
        raise InputError(f"A note of pitch {op.pitch} begins at tick {op.onset} already.")
    found.append((op.duration, op.velocity))


def _taken(work: _Edit, op: shapes_edits.RemoveNote | shapes_edits.ChangeNote) -> tuple[_Draft, int, int]:
    """Take the note that an operation names out of its draft; returns the draft, its duration and velocity."""
    draft = work.draft(op.track)
    found = draft.notes.get((op.onset, op.pitch), [])
    match = next((i for i, (d, _) in enumerate(found) if op.duration is None or d == op.duration), None)
    if match is None:
        raise InputError(f"Track {op.track} has no such note of pitch {op.pitch} at tick {op.onset}.")
    work.free(draft.track.name, op.onset)
    duration, velocity = found.pop(match)
    if not found:
        del draft.notes[op.onset, op.pitch]
    return draft, duration, velocity


def _remove(work: _Edit, op: shapes_edits.RemoveNote) -> None:
    _taken(work, op)


def _change(work: _Edit, op: shapes_edits.ChangeNote) -> None:
    draft, duration, velocity = _taken(work, op)
    to = op.to
    target = draft if to.track is None else work.draft(to.track)
    onset = op.onset if to.onset is None else to.onset
    pitch = op.pitch if to.pitch is None else to.pitch
    work.free(target.track.name, onset)
    found = target.notes.setdefault((onset, pitch), [])
    if found:
        raise InputError(f"A note of pitch {pitch} begins at tick {onset} already.")
    length = duration if to.duration is None else to.duration
    work.within(onset, length)
    found.append((length, velocity if to.velocity is None else to.velocity))


def _movable(work: _Edit, track: Track, span: tuple[int, int]) -> Any:
    """Which notes of a track begin in the span and are not locked; tells where locks kept some back."""
    onsets = track.notes["onset"]
    chosen = (onsets >= span[0]) & (onsets < span[1])
    held = chosen & inside(onsets, locked_spans(work.score, work.locks, track.name))
    if held.any():
        work.said.append(f"{int(held.sum())} locked notes of {track.name} stayed as they were.")
    return chosen & ~held


def _transpose(work: _Edit, op: shapes_edits.Transpose) -> None:
    score = work.whole()
    if op.bars is None and op.tracks is None and not work.locks:
        work.put(edit.transpose(score, op.semitones))
        return
    span, wanted = selection(score, op.bars), _chosen(score, op.tracks)
    tracks = list(score.tracks)
    for i in wanted:
        track = tracks[i]
        if track.is_drum or not len(track):
            continue
        notes: NoteArray = track.notes.copy()
        moved = _movable(work, track, span)
        pitches = notes["pitch"][moved] + op.semitones
        if len(pitches) and (pitches.min() < 0 or pitches.max() > 127):
            raise InputError(f"Moved by {op.semitones} semitones, track {track.name!r} leaves the MIDI range.")
        notes["pitch"][moved] = pitches
        tracks[i] = replace(track, notes=notes_array(notes))
    work.put(score.with_tracks(tracks))


def _delete(work: _Edit, op: shapes_edits.Delete) -> None:
    score = work.whole()
    span, wanted = selection(score, op.bars), _chosen(score, op.tracks)
    tracks = list(score.tracks)
    for i in wanted:
        kept = tracks[i].notes[~_movable(work, tracks[i], span)]
        tracks[i] = replace(tracks[i], notes=notes_array(kept))
    work.put(replace(score, tracks=tuple(tracks), length=score.end))


def _cut(work: _Edit, op: shapes_edits.Cut) -> None:
    score = work.whole()
    start, end = selection(score, op.bars)
    end = min(end, score.end)
    if any(lock.last >= op.bars[0] for lock in work.locks):
        raise LockedError(f"Cutting bars {op.bars[0]} to {op.bars[1]} would move or remove locked bars; unlock them first.")
    if start == 0 and end == score.end:
        raise InputError("These are all bars of the piece; leave at least one.")
    parts = [edit.cut(score, a, b) for a, b in ((0, start), (end, score.end)) if a < b]
    work.put(parts[0] if len(parts) == 1 else _joined(parts[0], parts[1]))


def _joined(first: Score, second: Score) -> Score:
    """Two stretches of one piece, one after the other; marks that repeat what holds already are left out."""
    at = first.length
    later = edit.shift(second, at)
    tracks = []
    for a, b in zip(first.tracks, later.tracks, strict=True):
        notes = notes_array(np.concatenate([a.notes, b.notes]))
        tracks.append(replace(a, notes=notes, pedals=np.concatenate([a.pedals, b.pedals])))

    def both(name: str) -> tuple[Any, ...]:
        old, new = getattr(first, name), tuple(m for m in getattr(later, name) if m.tick >= at)
        moved = tuple(m._replace(tick=at) for m in getattr(second, name)[:1])
        marks: list[Any] = list(old)
        for mark in (*moved, *new):
            if not marks or marks[-1][1:] != mark[1:]:
                marks.append(mark)
        return tuple(marks)

    marks: dict[str, Any] = {name: both(name) for name in ("tempos", "meters", "keys", "chords", "sections")}
    return replace(first, tracks=tuple(tracks), length=at + second.length, **marks)


def _chord(work: _Edit, op: shapes_edits.SetChord) -> None:
    score = work.whole()
    start, _ = selection(score, (op.bar, op.bar))
    meter = meter_at(score, start)
    if op.beat > meter.numerator:
        raise InputError(f"Bar {op.bar} has {meter.numerator} beats, not {op.beat}.")
    tick = start + (op.beat - 1) * (meter.bar_ticks(score.resolution) // meter.numerator)
    others = tuple(c for c in score.chords if c.tick != tick)
    if op.chord == "":
        work.put(replace(score, chords=others))
        return
    chord = None if op.chord is None else parse_chord(op.chord)
    work.put(replace(score, chords=(*others, ChordMark(tick, chord))))


def _tempo(work: _Edit, op: shapes_edits.SetTempo) -> None:
    work.put(replace(work.whole(), tempos=(Tempo.from_qpm(0, op.qpm),)))


def _title(work: _Edit, op: shapes_edits.SetTitle) -> None:
    work.put(replace(work.whole(), title=op.title))


def _track(work: _Edit, op: shapes_edits.ChangeTrack) -> None:
    track = work.draft(op.track).track
    score = work.whole()
    name = track.name if op.name is None else free_name(op.name, [t.name for i, t in enumerate(score.tracks) if i != op.track])
    if name != track.name:
        work.unlocked(track, "Renaming")
    program = track.program if op.program is None else op.program
    tracks = list(score.tracks)
    tracks[op.track] = replace(track, name=name, program=program, notes=tracks[op.track].notes)
    work.put(score.with_tracks(tracks))


def _remove_track(work: _Edit, op: shapes_edits.RemoveTrack) -> None:
    work.unlocked(work.draft(op.track).track, "Removing")
    score = work.whole()
    kept = [t for i, t in enumerate(score.tracks) if i != op.track]
    work.put(replace(score, tracks=tuple(kept), length=score.end))


def _add_track(work: _Edit, op: shapes_edits.AddTrack) -> None:
    score = work.whole()
    if len(score.tracks) >= MAX_TRACKS:
        raise InputError(f"A piece in the studio has at most {MAX_TRACKS} tracks.")
    name = free_name(op.name, [t.name for t in score.tracks])
    work.put(score.with_tracks((*score.tracks, Track(name, op.program, op.drums))))


def free_name(name: str, others: Sequence[str]) -> str:
    """A track name that no other track has: "piano", else "piano 2" and so on."""
    base = name.strip() or "track"
    free, copy = base, 1
    while free in others:
        copy += 1
        free = f"{base} {copy}"
    return free


_HANDS: dict[type, Callable[[_Edit, Any], None]] = {
    shapes_edits.AddNote: _add,
    shapes_edits.RemoveNote: _remove,
    shapes_edits.ChangeNote: _change,
    shapes_edits.Transpose: _transpose,
    shapes_edits.Delete: _delete,
    shapes_edits.Cut: _cut,
    shapes_edits.SetChord: _chord,
    shapes_edits.SetTempo: _tempo,
    shapes_edits.SetTitle: _title,
    shapes_edits.ChangeTrack: _track,
    shapes_edits.RemoveTrack: _remove_track,
    shapes_edits.AddTrack: _add_track,
}
