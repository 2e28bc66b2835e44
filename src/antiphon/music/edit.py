"""Edits that give a new Score: quantise, transpose, cut, join, scale the resolution, shift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from antiphon.errors import InputError
from antiphon.music.score import NoteArray, Score, Track, notes_array


def _move_marks(marks: tuple[Any, ...], ratio_num: int, ratio_den: int) -> tuple[Any, ...]:
    return tuple(m._replace(tick=(m.tick * ratio_num * 2 + ratio_den) // (2 * ratio_den)) for m in marks)


def resample(score: Score, resolution: int) -> Score:
    """The same piece at another resolution; every time is rounded to the nearest tick of the new grid.

    Notes keep at least one tick; notes of one pitch that fall on one onset in one track are merged into the longest.
    """
    if resolution == score.resolution:
        return score
    num, den = resolution, score.resolution

    def rounded(values: Any) -> Any:
        return (values.astype(np.int64) * num * 2 + den) // (2 * den)

    tracks = []
    for track in score.tracks:
        notes = track.notes.copy()
        onset = rounded(track.notes["onset"])
        end = rounded(track.notes["onset"].astype(np.int64) + track.notes["duration"])
        notes["onset"] = onset
        notes["duration"] = np.maximum(end - onset, 1)
        pedals = track.pedals.copy()
        pedals["onset"] = rounded(track.pedals["onset"])
        pedals["duration"] = np.maximum(rounded(track.pedals["duration"]), 1)
        tracks.append(replace(track, notes=notes_array(merge_doubled(notes)), pedals=pedals))
    marks: dict[str, Any] = {
        name: _move_marks(getattr(score, name), num, den) for name in ("tempos", "meters", "keys", "chords", "sections")
    }
    length = (score.length * num * 2 + den) // (2 * den)
    return replace(score, resolution=resolution, tracks=tuple(tracks), length=length, **marks)


def quantise(score: Score, steps_per_quarter: int = 4) -> Score:
    """The piece snapped to a grid of `steps_per_quarter`, at its own resolution where that is a multiple.

    A note's length is rounded too, to at least one step; a resolution that the grid does not divide is replaced
    by the nearest multiple of the grid.
    """
    grid = resample(score, steps_per_quarter)
    return resample(grid, steps_per_quarter * max(1, round(score.resolution / steps_per_quarter)))


def merge_doubled(notes: NoteArray) -> NoteArray:
    """Notes with several of one pitch at one onset replaced by the longest (and loudest) of them."""
    if len(notes) == 0:
        return notes
    order = np.lexsort((-notes["velocity"], -notes["duration"], notes["pitch"], notes["onset"]))
    ordered = notes[order]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = (np.diff(ordered["onset"]) != 0) | (np.diff(ordered["pitch"]) != 0)
    kept = ordered[first]
    return np.asarray(kept)


def without_overlaps(notes: NoteArray) -> NoteArray:
    """Notes in which none sounds into the next of its own pitch: the earlier one is cut (as MIDI channels need)."""
    merged = merge_doubled(notes).copy()
    order = np.lexsort((merged["onset"], merged["pitch"]))
    by_pitch = merged[order]
    gap = np.diff(by_pitch["onset"].astype(np.int64))
    same = np.diff(by_pitch["pitch"]) == 0
    limit = np.where(same, gap, np.iinfo(np.int32).max)
    by_pitch["duration"][:-1] = np.minimum(by_pitch["duration"][:-1], limit)
    return notes_array(by_pitch)


def transpose(score: Score, semitones: int) -> Score:
    """The piece moved by semitones; drums stay, keys and chords move along.

    Raises:
      InputError: a note would leave the MIDI range.
    """
    if semitones == 0:
        return score
    tracks = []
    for track in score.tracks:
        if track.is_drum or len(track) == 0:
            tracks.append(track)
            continue
        pitch = track.notes["pitch"] + semitones
        if pitch.min() < 0 or pitch.max() > 127:
            raise InputError(f"Moved by {semitones} semitones, track {track.name!r} leaves the MIDI range.")
        notes = track.notes.copy()
        notes["pitch"] = pitch
        tracks.append(replace(track, notes=notes))
    keys = tuple(k._replace(key=k.key.transpose(semitones)) for k in score.keys)
    chords = tuple(c._replace(chord=c.chord and c.chord.transpose(semitones)) for c in score.chords)
    return replace(score, tracks=tuple(tracks), keys=keys, chords=chords)


def _cut_marks(marks: tuple[Any, ...], start: int, end: int) -> tuple[Any, ...]:
    """Marks of [start, end) moved to begin at 0, the one in force at `start` first."""
    before = [m for m in marks if m.tick <= start][-1:]
    inside = [m for m in marks if start < m.tick < end]
    return tuple(m._replace(tick=max(0, m.tick - start)) for m in before + inside)


def cut(score: Score, start: int, end: int) -> Score:
    """The stretch [start, end) in ticks as a piece of its own.

    Notes that begin inside are kept and end at `end` at the latest; notes already sounding at `start` are left out.
    """
    if not 0 <= start < end:
        raise InputError(f"Cannot cut from tick {start} to tick {end}.")
    tracks = []
    for track in score.tracks:
        inside = (track.notes["onset"] >= start) & (track.notes["onset"] < end)
        notes = track.notes[inside].copy()
        notes["onset"] -= start
        notes["duration"] = np.minimum(notes["duration"], end - start - notes["onset"])
        held = track.pedals[(track.pedals["onset"] >= start) & (track.pedals["onset"] < end)].copy()
        held["onset"] -= start
        held["duration"] = np.minimum(held["duration"], end - start - held["onset"])
        tracks.append(replace(track, notes=notes, pedals=held))
    marks: dict[str, Any] = {
        name: _cut_marks(getattr(score, name), start, end) for name in ("tempos", "meters", "keys", "chords", "sections")
    }
    return replace(score, tracks=tuple(tracks), length=end - start, **marks)


def shift(score: Score, ticks: int) -> Score:
    """The piece moved later by `ticks`, or earlier if negative; what would begin before 0 is left out.

    Meter and tempo in force at 0 stay in force from 0.
    """
    tracks = []
    for track in score.tracks:
        notes = track.notes[track.notes["onset"] + ticks >= 0].copy()
        notes["onset"] += ticks
        pedals = track.pedals[track.pedals["onset"] + ticks >= 0].copy()
        pedals["onset"] += ticks
        tracks.append(replace(track, notes=notes, pedals=pedals))

    def moved(marks: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(m._replace(tick=max(0, m.tick + ticks)) for m in marks)

    first_meter, first_tempo = score.meters[0]._replace(tick=0), score.tempos[0]._replace(tick=0)
    return replace(
        score,
        tracks=tuple(tracks),
        tempos=(first_tempo, *moved(score.tempos)),
        meters=(first_meter, *moved(score.meters)),
        keys=moved(score.keys),
        chords=moved(score.chords),
        sections=moved(score.sections),
        length=max(0, score.length + ticks),
    )


def named(tracks: tuple[Track, ...], name: str) -> Track | None:
    """The first track of that name, if any."""
    return next((t for t in tracks if t.name == name), None)
