"""Fingerprints: how alike two pieces are in melody and rhythm, whatever their key, tempo, note values or track order."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from antiphon.music.score import NOTE, NoteArray, Score

GRAM = 5
"""Steps (interval and change of pace) a shingle spans: six notes in a row."""
SKETCH = 128
"""Values in a MinHash sketch; the standard error of a likeness of one half is then 0.044."""

LEAD_NAMES = ("melody", "vocal", "voice", "lead", "soprano", "sing")
"""Words in a track's name that say that it leads."""

Hashes = npt.NDArray[np.uint64]
Sketch = npt.NDArray[np.uint32]

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mix(values: Hashes) -> Hashes:
    """Scramble 64-bit values so that similar ones are unlike (the finaliser of splitmix64)."""
    mixed = values ^ (values >> np.uint64(30))
    mixed = mixed * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def shingles(score: Score) -> Hashes:
    """Distinct hashes of all runs of six notes in the outer lines of the tracks, sorted; empty for a tiny piece.

    A line is the highest (or lowest) note of every onset of a track. A step of it is its interval in semitones and the
    ratio of its two inter-onset times in half powers of two: both survive transposition and any change of tempo.
    """
    found = [line_shingles(line) for track in score.tracks if not track.is_drum for line in _lines(track.notes)]
    if not found:
        found = [line_shingles(track.notes) for track in score.tracks if len(track)]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.uint64)


def lead_shingles(score: Score) -> Hashes:
    """Distinct hashes of the leading line alone, sorted: what two arrangements of one song share.

    The leading line is that of the first track named as one (melody, vocal, lead, soprano, ...), else the highest line
    that has at least a fifth as many notes as the busiest one.
    """
    tracks = [t for t in score.tracks if not t.is_drum and len(t)]
    for track in tracks:
        if any(word in track.name.lower() for word in LEAD_NAMES):
            return np.unique(line_shingles(_lines(track.notes)[0]))
    tops = [_lines(t.notes)[0] for t in tracks]
    enough = max((len(line) for line in tops), default=0) / 5
    tops = [line for line in tops if len(line) >= enough]
    if not tops:
        return np.zeros(0, dtype=np.uint64)
    return np.unique(line_shingles(max(tops, key=lambda line: float(line["pitch"].mean()))))


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
        hashed = _mix(hashed * np.uint64(0x9E3779B97F4A7C15) + windows[:, column] + np.uint64(1))
    return hashed


@lru_cache(maxsize=1)
def _permutations() -> tuple[Hashes, Hashes]:
    """Multipliers and offsets of the SKETCH hash functions, fixed for ever."""
    seeds = _mix(np.arange(1, 2 * SKETCH + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return seeds[:SKETCH] | np.uint64(1), seeds[SKETCH:]


def sketch(hashes: Hashes) -> Sketch:
    """MinHash sketch [SKETCH] of a set of hashes: equal places in two sketches estimate the Jaccard likeness of the sets.

    (Broder, On the resemblance and containment of documents, 1997.) The empty set has a sketch of all ones.
    """
    if len(hashes) == 0:
        return np.full(SKETCH, 0xFFFFFFFF, dtype=np.uint32)
    times, plus = _permutations()
    values = (hashes[:, None] * times[None, :] + plus[None, :]) >> np.uint64(32)
    return np.asarray(values.min(axis=0).astype(np.uint32))


def likeness(a: Sketch, b: Sketch) -> float:
    """Estimated Jaccard likeness of two pieces, 0 to 1, by their sketches; two empty sketches are unlike."""
    full = np.uint32(0xFFFFFFFF)
    if bool((a == full).all()) or bool((b == full).all()):
        return 0.0
    return float(np.mean(a == b))


def digest(score: Score) -> bytes:
    """16 bytes that two pieces share if and only if they have the same notes, up to key, track order and resolution.

    Velocities, marks, programs and tempo do not count; times are compared in 1/24 of a quarter note.
    """
    parts = [t.notes for t in score.tracks if len(t)]
    notes = np.concatenate(parts) if parts else np.zeros(0, dtype=NOTE)
    if len(notes) == 0:
        return hashlib.blake2b(b"", digest_size=16).digest()
    drum = np.concatenate([np.full(len(t), t.is_drum) for t in score.tracks if len(t)])
    unit = score.resolution
    onset = (notes["onset"].astype(np.int64) * 48 + unit) // (2 * unit)
    duration = (notes["duration"].astype(np.int64) * 48 + unit) // (2 * unit)
    pitch = notes["pitch"].astype(np.int64)
    pitch = np.where(drum, pitch + 1000, pitch - (pitch[~drum].min() if not bool(drum.all()) else 0))
    table = np.stack([onset - onset.min(), pitch, duration])
    return hashlib.blake2b(np.ascontiguousarray(table[:, np.lexsort(table[::-1])]).tobytes(), digest_size=16).digest()
