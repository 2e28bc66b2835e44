"""Bars of two pieces made one: phrases of both, key, tempo and length on the way from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from antiphon.compose.fit import Bar, bars_of
from antiphon.compose.heard import chords_of, key_of
from antiphon.compose.roles import Part, free_name, match
from antiphon.music.beats import tempo_at
from antiphon.music.edit import resample, transpose
from antiphon.music.harmony import Key
from antiphon.music.score import ChordMark, KeyMark, Meter, NoteArray, Score, Tempo, Track, notes_array, spans_array

PHRASE = 4
"""Bars that change hands together."""
_PATH_STREAM = 5


class Source(NamedTuple):
    """One of the two pieces: at the common resolution, its bars, key, tempo and who plays what."""

    score: Score
    bars: list[Bar]
    key: Key
    qpm: float
    parts: dict[str, Part]


@dataclass(frozen=True, slots=True)
class Mixed:
    """A piece made of bars of both: the score, who plays what, and the bars at whose beginning the source changes."""

    score: Score
    parts: dict[str, Part]
    joints: list[int]


def source_of(score: Score, resolution: int, roles: Sequence[str]) -> Source:
    """A piece made ready for mixing."""
    fine = resample(score, resolution)
    fine = replace(fine, chords=chords_of(fine))
    bars = bars_of(fine)
    return Source(
        fine,
        bars,
        key_of(fine, 0, fine.end) or Key(0),
        tempo_at(fine, bars[len(bars) // 2].start).qpm,
        match(fine, roles),
    )


def mix(a: Source, b: Source, way: float, seed: int, step: int) -> Mixed:
    """Bars of both pieces, so that a share `way` of the phrases is of `b`; key, tempo and length on the way too."""
    count = max(1, round(len(a.bars) + way * (len(b.bars) - len(a.bars))))
    phrases = -(-count // PHRASE)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PATH_STREAM,)))
    rank = rng.permutation(max(phrases, -(-len(a.bars) // PHRASE), -(-len(b.bars) // PHRASE)))[:phrases]
    late = set(np.argsort(rank, kind="stable")[: round(way * phrases)].tolist())
    picked = [(b, _bar(b, i, count)) if i // PHRASE in late else (a, _bar(a, i, count)) for i in range(count)]
    turn = (b.key.tonic - a.key.tonic + 6) % 12 - 6
    moved = {id(a): round(way * turn), id(b): round(way * turn) - turn}
    tonic = Key((a.key.tonic + round(way * turn)) % 12, (a if way < 0.5 else b).key.minor)
    qpm = a.qpm * (b.qpm / a.qpm) ** way
    return _joined(a, b, picked, moved, tonic, qpm, way)


def _bar(source: Source, i: int, count: int) -> int:
    """The bar of a source that stands in the i-th place: the same from the beginning, and from the end the same last ones."""
    length = len(source.bars)
    if length >= count:
        return i if i < count - PHRASE or length == count else length - (count - i)
    return i if i < length - PHRASE else max(0, length - (count - i)) if count - i <= PHRASE else i % length


def _joined(
    a: Source,
    b: Source,
    picked: list[tuple[Source, int]],
    moved: dict[int, int],
    key: Key,
    qpm: float,
    way: float,
) -> Mixed:
    """The bars one after the other; parts of one role share a track, others have their own."""
    lead, other = (a, b) if way < 0.5 else (b, a)
    tracks, parts, place = _tracks(lead, other)
    rows: list[list[NoteArray]] = [[] for _ in tracks]
    held: list[list[tuple[int, int]]] = [[] for _ in tracks]
    meters: list[Meter] = []
    chords: list[ChordMark] = []
    joints: list[int] = []
    shifted = {id(s): _transposed(s.score, moved[id(s)]) for s in (a, b)}
    at = 0
    for n, (source, i) in enumerate(picked):
        bar, piece = source.bars[i], shifted[id(source)]
        if n and not _follows(picked[n - 1], picked[n]):
            joints.append(n)
        if not meters or meters[-1][1:] != bar.meter or not bar.whole:
            meters.append(Meter(at, *bar.meter))
        runs_on = n + 1 < len(picked) and _follows(picked[n], picked[n + 1])
        for j, track in enumerate(piece.tracks):
            notes, pedals = _within(track, bar, at, runs_on)
            rows[place[id(source), j]].append(notes)
            held[place[id(source), j]] += pedals
        now = [m for m in piece.chords if m.tick <= bar.start][-1:] + [m for m in piece.chords if bar.start < m.tick < bar.stop]
        chords += [ChordMark(max(m.tick, bar.start) + at - bar.start, m.chord) for m in now]
        at += bar.stop - bar.start
    full = tuple(
        replace(t, notes=notes_array(np.concatenate(r)), pedals=spans_array(h))
        for t, r, h in zip(tracks, rows, held, strict=True)
    )
    chords = [m for n, m in enumerate(chords) if n == 0 or m.chord != chords[n - 1].chord]
    title = f"{a.score.title} - {b.score.title}".strip(" -")
    tempo, mark = Tempo.from_qpm(0, qpm), KeyMark(0, key)
    return Mixed(Score(a.score.resolution, full, (tempo,), tuple(meters), (mark,), tuple(chords), (), title, at), parts, joints)


def _follows(here: tuple[Source, int], following: tuple[Source, int]) -> bool:
    """Whether the second bar comes after the first in the same piece."""
    return here[0] is following[0] and here[1] + 1 == following[1]


def _tracks(lead: Source, other: Source) -> tuple[list[Track], dict[str, Part], dict[tuple[int, int], int]]:
    """Empty tracks for both pieces, the parts that they are, and where each track of each piece goes.

    Tracks of one role share one, and so do all drums.
    """
    tracks: list[Track] = []
    parts: dict[str, Part] = {}
    place: dict[tuple[int, int], int] = {}
    for source in (lead, other):
        for i, track in enumerate(source.score.tracks):
            role = next((r for r, p in source.parts.items() if i in p.tracks), None)
            hand = source.parts[role].tracks.index(i) if role is not None else 0
            shared = next((n for n, t in enumerate(tracks) if t.is_drum and track.is_drum), None)
            if role is not None and role in parts and hand < len(parts[role].tracks):
                shared = parts[role].tracks[hand]
            if shared is None:
                name = free_name(track.name or role or "track", lead.score.with_tracks(tracks))
                tracks.append(replace(track, name=name, notes=notes_array([]), pedals=spans_array([])))
                if role is not None:
                    known = parts[role].tracks if role in parts else ()
                    parts[role] = Part(role, (*known, len(tracks) - 1), source.parts[role].octave)
            place[id(source), i] = len(tracks) - 1 if shared is None else shared
    return tracks, parts, place


def _within(track: Track, bar: Bar, at: int, runs_on: bool) -> tuple[NoteArray, list[tuple[int, int]]]:
    """Notes and pedals of one bar, moved to begin at a tick; notes end with the bar unless the next one follows."""
    notes = track.notes[(track.notes["onset"] >= bar.start) & (track.notes["onset"] < bar.stop)].copy()
    if not runs_on:
        notes["duration"] = np.minimum(notes["duration"], bar.stop - notes["onset"])
    notes["onset"] += at - bar.start
    pedals = [
        (max(o, bar.start) + at - bar.start, min(o + d, bar.stop) - max(o, bar.start))
        for o, d in track.pedals.tolist()
        if o < bar.stop and o + d > bar.start
    ]
    return notes, pedals


def _transposed(score: Score, semitones: int) -> Score:
    """The piece moved by semitones, single notes by an octave more or less where they would leave the MIDI range."""
    told = transpose(score.with_tracks(()), semitones)
    tracks = []
    for track in score.tracks:
        notes = track.notes.copy()
        if not track.is_drum and len(notes):
            pitch = notes["pitch"] + semitones
            notes["pitch"] = np.where(pitch < 0, pitch + 12, np.where(pitch > 127, pitch - 12, pitch))
        tracks.append(replace(track, notes=notes_array(notes)))
    return told.with_tracks(tracks)
