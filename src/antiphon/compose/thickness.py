"""How much sounds: onsets thinned or doubled to a density, notes at once held to a polyphony, roles silenced, energy played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from antiphon.compose.critique import LEADERS
from antiphon.music.score import NOTE, NoteArray, Score, Track, notes_array

SOFTEST, LOUDEST = 30.0, 118.0
"""Mean velocity at energy 0 and 1."""

Rows = list[list[int]]


def velocity_of(energy: float) -> float:
    """Mean velocity that an energy of 0 to 1 stands for."""
    return SOFTEST + (LOUDEST - SOFTEST) * energy


def mean_velocities(score: Score, bar: int, bars: int) -> npt.NDArray[np.float64]:
    """Mean velocity of the notes that begin in each bar [bars]; nan where none does."""
    parts = [t.notes for t in score.tracks if len(t)]
    notes = np.concatenate(parts) if parts else np.zeros(0, dtype=NOTE)
    where = np.minimum(notes["onset"] // bar, bars - 1)
    total = np.bincount(where, weights=notes["velocity"], minlength=bars)
    count = np.bincount(where, minlength=bars)
    return np.asarray(np.divide(total, count, out=np.full(bars, np.nan), where=count > 0))


def play_energy(score: Score, energy: Sequence[float], bar: int) -> Score:
    """Velocities moved so that each bar's mean is its energy's; within a bar notes keep their distance from each other."""
    for _ in range(3):  # what is clipped at 1 or 127 is made up for by the other notes of the bar
        wanted = np.array([velocity_of(value) for value in energy])
        change = np.nan_to_num(wanted - mean_velocities(score, bar, len(energy)))
        tracks = []
        for track in score.tracks:
            notes = track.notes.copy()
            where = np.minimum(notes["onset"] // bar, len(energy) - 1)
            notes["velocity"] = np.clip(np.rint(notes["velocity"] + change[where]), 1, 127)
            tracks.append(replace(track, notes=notes))
        score = score.with_tracks(tracks)
    return score


def onset_density(tracks: Sequence[Track], bar: int, bars: int, resolution: int) -> npt.NDArray[np.float64]:
    """Onsets in each bar [bars] as a share of its sixteenths."""
    onsets = np.unique(np.concatenate([np.zeros(0, dtype=np.int32), *(t.notes["onset"] for t in tracks)]))
    count = np.bincount(np.minimum(onsets // bar, bars - 1).astype(np.int64), minlength=bars)
    return np.asarray(count / (4.0 * bar / resolution))


def keep_density(
    tracks: Sequence[Track], wanted: Sequence[float], bar: int, resolution: int, skip: Sequence[bool]
) -> tuple[list[Track], int]:
    """The tracks with onsets left out, or notes struck again, until every bar has the density wanted.

    Weak places lose their onsets first, and the note before lasts on; strong places gain them first, by a note that
    sounds there being struck again, of the accompaniment rather than of the leading part.

    Args:
      tracks: those whose onsets count together.
      wanted: density of each bar, 1 being sixteenths throughout.
      bar: ticks a bar; resolution: ticks a quarter.
      skip: bars to leave alone (where all of the tracks rest).

    Returns:
      The tracks, and how many notes were left out or added.
    """
    rows: list[Rows] = [[list(note) for note in track] for track in tracks]
    sixteenth = max(1, resolution // 4)
    changed = 0
    for i, density in enumerate(wanted):
        if skip[i]:
            continue
        start, stop = i * bar, (i + 1) * bar
        target = max(1, round(density * bar / sixteenth))
        onsets = {row[0] for part in rows for row in part if start <= row[0] < stop}
        if len(onsets) > target:
            weakest = sorted(onsets, key=lambda t: (_strength(t - start, bar, resolution), -t))
            for tick in weakest[: len(onsets) - target]:
                changed += sum(_silence_onset(part, tick) for part in rows)
        elif len(onsets) < target:
            grid = [t for t in range(start, stop, sixteenth) if t not in onsets]
            grid.sort(key=lambda t: (-_strength(t - start, bar, resolution), t))
            order = sorted(range(len(tracks)), key=lambda k: tracks[k].name in LEADERS)
            need = target - len(onsets)
            for tick in grid:
                if need and any(_strike_again(rows[k], tick, start, sixteenth) for k in order if not tracks[k].is_drum):
                    need -= 1
                    changed += 1
    kept = [replace(track, notes=notes_array([tuple(r) for r in part])) for track, part in zip(tracks, rows, strict=True)]
    return kept, changed


def _strength(place: int, bar: int, resolution: int) -> int:
    """Metrical weight of a place in a bar: 5 at its beginning down to 1 on sixteenths, 0 off the grid."""
    if place == 0:
        return 5
    for strength, step in ((4, bar // 2), (3, resolution), (2, resolution // 2), (1, resolution // 4)):
        if step and place % step == 0 and (strength != 4 or bar % (2 * resolution) == 0):
            return strength
    return 0


def _silence_onset(part: Rows, tick: int) -> int:
    """Leave out the notes that begin at a tick; what ended there lasts on in their place. Returns how many."""
    gone = [row for row in part if row[0] == tick]
    if not gone:
        return 0
    end = max(row[0] + row[1] for row in gone)
    for row in gone:
        part.remove(row)
    following = min((row[0] for row in part if row[0] > tick), default=end)
    before = [row for row in part if row[0] < tick and row[0] + row[1] == tick]
    for row in before:
        row[1] = max(row[1], min(end, max(following, tick)) - row[0])
    return len(gone)


def _strike_again(part: Rows, tick: int, start: int, least: int) -> bool:
    """Strike a note that sounds at a tick again, or the last one before it; whether there was one."""
    live = [row for row in part if row[0] + least <= tick and row[0] + row[1] >= tick + least]
    if live:
        row = live[tick // least % len(live)]  # another tone of a chord each time, as in a broken chord
        part.append([tick, row[0] + row[1] - tick, row[2], row[3]])
        row[1] = tick - row[0]
        part.sort()
        return True
    ended = [row for row in part if start <= row[0] and row[0] + row[1] <= tick]
    if not ended or any(row[0] < tick + least and row[0] + row[1] > tick for row in part):
        return False
    row = max(ended, key=lambda r: (r[0] + r[1], r[2]))
    part.append([tick, least, row[2], row[3]])
    part.sort()
    return True


def most_at_once(notes: NoteArray) -> int:
    """Largest number of notes that sound at one moment."""
    if len(notes) == 0:
        return 0
    onset = notes["onset"].astype(np.int64)
    ticks = np.concatenate([onset, onset + notes["duration"]])
    steps = np.concatenate([np.ones(len(notes), dtype=np.int64), -np.ones(len(notes), dtype=np.int64)])
    order = np.lexsort((steps, ticks))
    return int(np.cumsum(steps[order]).max())


def keep_polyphony(track: Track, voices: int) -> tuple[Track, int]:
    """The track with at most so many notes at once, and how many were left out or shortened.

    Of notes struck together the highest and the lowest stay (of one voice the highest); notes held into new ones end there.
    """
    kept: Rows = []
    changed = 0
    notes = [list(note) for note in track]
    for tick in sorted({row[0] for row in notes}):
        new = sorted((row for row in notes if row[0] == tick), key=lambda row: row[2])
        if len(new) > voices:
            changed += len(new) - voices
            new = new[-1:] if voices == 1 else [new[0], *new[len(new) - voices + 1 :]]
        held = sorted((row for row in kept if row[0] + row[1] > tick), key=lambda row: row[2])
        for row in held[: max(0, len(held) + len(new) - voices)]:
            row[1] = tick - row[0]
            changed += 1
        kept += new
    return (replace(track, notes=notes_array([tuple(row) for row in kept])) if changed else track), changed


def silenced(track: Track, stretches: Sequence[tuple[int, int]]) -> tuple[Track, int]:
    """The track without notes in half-open stretches of ticks, and how many were left out; what is held into one ends there."""
    notes = track.notes.copy()
    gone = np.zeros(len(notes), dtype=bool)
    for start, stop in stretches:
        gone |= (notes["onset"] >= start) & (notes["onset"] < stop)
        reach = (notes["onset"] < start) & (notes["onset"] + notes["duration"] > start)
        notes["duration"][reach] = start - notes["onset"][reach]
    held = track.pedals.copy()
    for start, stop in stretches:
        held = held[(held["onset"] < start) | (held["onset"] >= stop)]
        over = held["onset"] + held["duration"] > start
        over &= held["onset"] < start
        held["duration"][over] = start - held["onset"][over]
    return replace(track, notes=notes[~gone], pedals=held), int(gone.sum())


def within(track: Track, low: int, high: int) -> tuple[Track, int]:
    """The track with notes outside a range of an octave or more moved into it by octaves, and how many."""
    notes = track.notes.copy()
    pitch = notes["pitch"].astype(np.int64)
    moved = np.where(pitch < low, pitch + 12 * -(-(low - pitch) // 12), pitch)
    moved = np.where(moved > high, moved - 12 * -(-(moved - high) // 12), moved)
    moved = np.where(moved < low, pitch, moved)
    count = int((moved != pitch).sum())
    if not count:
        return track, 0
    notes["pitch"] = moved
    order = np.lexsort((-notes["duration"], notes["pitch"], notes["onset"]))
    ordered = notes[order]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = (np.diff(ordered["onset"]) != 0) | (np.diff(ordered["pitch"]) != 0)
    return replace(track, notes=ordered[first]), count
