"""Fingerprints: how alike two pieces are in melody and rhythm, whatever their key, tempo, note values or track order."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.music.score import NoteArray, Score

GRAM = 5
"""Steps (interval and change of pace) a shingle spans: six notes in a row."""
SKETCH = 128
"""Values in a MinHash sketch; the standard error of a likeness of one half is then 0.044."""

LEAD_NAMES = ("melody", "vocal", "voice", "lead", "soprano", "sing")
"""Words in a track's name that say that it leads."""

Hashes = npt.NDArray[np.uint64]
Sketch = npt.NDArray[np.uint32]

_NONE: Hashes = np.zeros(0, dtype=np.uint64)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mix(values: Hashes) -> Hashes:
    """Scramble 64-bit values so that similar ones are unlike (the finaliser of splitmix64)."""
    mixed = values ^ (values >> np.uint64(30))
    mixed = mixed * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


class Fingerprint(NamedTuple):
    """A piece's sketches of all its lines and of its leading line, and the digest of its notes."""

    whole: Sketch
    lead: Sketch
    notes: bytes


def fingerprint(score: Score) -> Fingerprint:
    """All that tells copies and versions of a piece."""
    lines = _hashed_lines(score)
    whole = np.concatenate([line.hashes for line in lines]) if lines else _NONE
    return Fingerprint(sketch(whole), sketch(_lead(score, lines)), digest(score))


def shingles(score: Score) -> Hashes:
    """Distinct hashes of all runs of six notes in the outer lines of the tracks, sorted; empty for a tiny piece.

    A line is the highest (or lowest) note of every onset of a track. A step of it is its interval in semitones and the
    ratio of its two inter-onset times in half powers of two: both survive transposition and any change of tempo. Drum
    tracks count only where there is nothing else.
    """
    lines = _hashed_lines(score)
    return np.unique(np.concatenate([line.hashes for line in lines])) if lines else _NONE


def lead_shingles(score: Score) -> Hashes:
    """Distinct hashes of the leading line alone, sorted: what two arrangements of one song share.

    The leading line is that of the first track named as one (melody, vocal, lead, soprano, ...), else the highest line
    that has at least a fifth as many notes as the busiest one.
    """
    return np.unique(_lead(score, _hashed_lines(score)))


class _Line(NamedTuple):
    """One line of a track: the track's number, whether it is the upper one, its length, mean pitch and hashes."""

    track: int
    top: bool
    size: int
    height: float
    hashes: Hashes


def _hashed_lines(score: Score) -> list[_Line]:
    drums_too = all(t.is_drum for t in score.tracks if len(t))
    return [
        _Line(number, upper == 0, len(line), float(line["pitch"].mean()), line_shingles(line))
        for number, track in enumerate(score.tracks)
        if drums_too or not track.is_drum
        for upper, line in enumerate(_lines(track.notes))
    ]


def _lead(score: Score, lines: list[_Line]) -> Hashes:
    tops = [line for line in lines if line.top]
    for line in tops:
        if any(word in score.tracks[line.track].name.lower() for word in LEAD_NAMES):
            return line.hashes
    enough = max((line.size for line in tops), default=0) / 5
    return max((line for line in tops if line.size >= enough), key=lambda line: line.height).hashes if tops else _NONE


def _lines(notes: NoteArray) -> list[NoteArray]:
    """The highest and, where it differs, the lowest note of every onset."""
    if len(notes) == 0:
        return []
    first = np.append(True, np.diff(notes["onset"]) != 0)
    last = np.append(first[1:], True)
    return [notes[last]] if bool(first.all()) else [notes[last], notes[first]]


def line_shingles(line: NoteArray) -> Hashes:
    """Hashes of all runs of GRAM + 1 notes of one line (its notes in order, one an onset)."""
    if len(line) < GRAM + 2:
        return np.zeros(0, dtype=np.uint64)
    interval = np.diff(line["pitch"].astype(np.int64))
    pace = np.maximum(np.diff(line["onset"].astype(np.float64)), 1e-9)
    ratio = np.rint(2 * np.log2(pace[1:] / pace[:-1])).clip(-8, 8).astype(np.int64)
    steps = ((interval[1:] + 128) * 17 + ratio + 8).astype(np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(steps, GRAM)
    hashed = np.zeros(len(windows), dtype=np.uint64)
    for column in range(GRAM):
        hashed = _mix(hashed * _GOLDEN + windows[:, column] + np.uint64(1))
    return hashed


@lru_cache(maxsize=1)
def _permutations() -> tuple[Sketch, Sketch]:
    """Multipliers and masks of the SKETCH hash functions, fixed for ever."""
    seeds = _mix(np.arange(1, 2 * SKETCH + 1, dtype=np.uint64) * _GOLDEN)
    return (seeds[:SKETCH] | np.uint64(1)).astype(np.uint32), (seeds[SKETCH:] >> np.uint64(32)).astype(np.uint32)


def sketch(hashes: Hashes) -> Sketch:
    """MinHash sketch [SKETCH] of a set of hashes: equal places in two sketches estimate the Jaccard likeness of the sets.

    (Broder, On the resemblance and containment of documents, 1997.) A hash that is there twice counts once. The empty set
    has a sketch of all ones.
    """
    if len(hashes) == 0:
        return np.full(SKETCH, 0xFFFFFFFF, dtype=np.uint32)
    times, mask = _permutations()
    short = (_mix(hashes) >> np.uint64(32)).astype(np.uint32)
    values = short[None, :] ^ mask[:, None]
    values *= times[:, None]
    values ^= values >> np.uint32(15)
    values *= np.uint32(0x2C1B3C6D)
    return np.asarray(values.min(axis=1))


def likeness(a: Sketch, b: Sketch) -> float:
    """Estimated Jaccard likeness of two pieces, 0 to 1, by their sketches; two empty sketches are unlike."""
    full = np.uint32(0xFFFFFFFF)
    if bool((a == full).all()) or bool((b == full).all()):
        return 0.0
    return float(np.mean(a == b))


def digest(score: Score) -> bytes:
    """16 bytes that two pieces share if and only if they have the same notes.

    Key, track order, resolution, rests before, velocities, marks, programs and tempo do not count; times are compared in
    1/24 of a quarter note.
    """
    parts = [t for t in score.tracks if len(t)]
    lowest = min((int(t.notes["pitch"].min()) for t in parts if not t.is_drum), default=0)
    first = min((int(t.notes["onset"].min()) for t in parts), default=0)
    unit = np.int64(score.resolution)
    sums = np.zeros(2, dtype=np.uint64)
    for track in parts:
        onset = ((track.notes["onset"].astype(np.int64) - first) * 48 + unit) // (2 * unit)
        duration = (track.notes["duration"].astype(np.int64) * 48 + unit) // (2 * unit)
        pitch = track.notes["pitch"].astype(np.int64) + (1000 if track.is_drum else -lowest)
        hashed = _mix(_mix(onset.astype(np.uint64) * _GOLDEN + pitch.astype(np.uint64)) + duration.astype(np.uint64))
        sums += np.array([hashed.sum(), _mix(hashed ^ _GOLDEN).sum()], dtype=np.uint64)  # a sum knows no order
    return sums.tobytes()
