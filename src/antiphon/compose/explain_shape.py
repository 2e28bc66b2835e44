"""Texture explained: what each track does, and how energy and tension rise and fall from bar to bar."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.compose.explain_harmony import Harmony
from antiphon.music.beats import bar_starts
from antiphon.music.harmony import Key
from antiphon.music.instruments import usual_range
from antiphon.music.score import Score
from antiphon.music.tonality import pitch_class_weights

Floats = npt.NDArray[np.float64]

ROUGH = np.array([0.0, 1.0, 0.45, 0.1, 0.05, 0.0, 0.6])
"""How rough an interval class sounds, unison to tritone."""


class TrackShape(NamedTuple):
    """What a track does: lowest, highest and mean pitch (None for drums), notes a bar, voices, share of bars it sounds in."""

    name: str
    program: int
    drums: bool
    notes: int
    lowest: int | None
    highest: int | None
    mean: float | None
    notes_a_bar: float
    voices: float
    sounding: float
    outside: int


def track_shapes(score: Score) -> tuple[TrackShape, ...]:
    """One for every track with notes, in score order; `outside` counts notes beyond the instrument's usual range."""
    bars = np.array(bar_starts(score) or [0])
    out = []
    for number, track in enumerate(score.tracks):
        if not len(track):
            continue
        notes, pitch = track.notes, track.notes["pitch"].astype(np.int64)
        moments = len(np.unique(notes["onset"]))
        heard = len(np.unique(np.searchsorted(bars, notes["onset"], side="right"))) / len(bars)
        low, high = usual_range(track.program)
        outside = 0 if track.is_drum else int(((pitch < low) | (pitch > high)).sum())
        name = track.name or f"track {number + 1}"
        density, voices = round(len(track) / len(bars), 2), round(len(track) / moments, 2)
        out.append(
            TrackShape(
                name,
                track.program,
                track.is_drum,
                len(track),
                None if track.is_drum else int(pitch.min()),
                None if track.is_drum else int(pitch.max()),
                None if track.is_drum else round(float(pitch.mean()), 2),
                density,
                voices,
                round(heard, 3),
                outside,
            )
        )
    return tuple(out)


def energy(score: Score) -> Floats:
    """Energy of each bar [B], 0 to 1: how much begins, how loud, how high and how many parts, each relative to the piece."""
    starts = bar_starts(score)
    parts = [(i, t) for i, t in enumerate(score.tracks) if len(t)]
    if not starts or not parts:
        return np.zeros(len(starts))
    notes = np.concatenate([t.notes for _, t in parts])
    track = np.concatenate([np.full(len(t), i) for i, t in parts])
    drum = np.concatenate([np.full(len(t), t.is_drum) for _, t in parts])
    bar = np.maximum(np.searchsorted(starts, notes["onset"], side="right") - 1, 0)
    count = np.bincount(bar, minlength=len(starts)).astype(np.float64)
    loud = np.bincount(bar, weights=notes["velocity"], minlength=len(starts)) / np.maximum(count, 1)
    pitched = np.bincount(bar[~drum], minlength=len(starts))
    high = np.bincount(bar[~drum], weights=notes["pitch"][~drum], minlength=len(starts)) / np.maximum(pitched, 1)
    pairs = np.unique(np.stack([bar, track]), axis=1)
    many = np.bincount(pairs[0], minlength=len(starts)).astype(np.float64)
    rows = [(np.sqrt(count), 0.4), (loud, 0.25), (high, 0.15), (many, 0.2)]
    out = np.zeros(len(starts))
    total = 0.0
    for values, share in rows:
        used = values[count > 0]
        low, top = float(used.min()), float(used.max())
        if top > low:
            out += share * np.clip((values - low) / (top - low), 0, 1)
            total += share
    scaled = out / total if total else np.full(len(starts), 0.5)
    return np.asarray(np.where(count > 0, scaled, 0.0))


def tension(score: Score, chords: Sequence[Harmony], key: Key | None) -> Floats:
    """Tension of each bar [B], 0 to 1: roughness of what sounds together, and how far its chords are from home in fifths."""
    starts = bar_starts(score)
    if not starts or key is None:
        return np.zeros(len(starts))
    edges = [*starts, max(score.end, starts[-1] + 1)]
    rough = _roughness(score, edges)
    home = (key.tonic + 3 * key.minor) * 7 % 12
    far = np.zeros(len(starts))
    inside: list[list[float]] = [[] for _ in starts]
    for chord in chords:
        if chord.chord is not None:
            steps = [abs((pc * 7 - home - 2 + 6) % 12 - 6) for pc in chord.chord.pitch_classes]
            inside[chord.bar - 1].append(float(np.mean(steps)) / 6)
    last = 0.0
    for i, values in enumerate(inside):
        last = float(np.mean(values)) if values else last
        far[i] = last
    silent = pitch_class_weights(score, edges).sum(axis=1) == 0
    return np.asarray(np.where(silent, 0.0, np.clip(0.6 * rough + 0.7 * far, 0, 1)))


def _roughness(score: Score, edges: list[int]) -> Floats:
    """Mean roughness of the pairs of pitch classes that sound together in each bar, by eighth of a bar, 0..1."""
    cells: list[int] = []
    for a, b in pairwise(edges):
        cells += [a + (b - a) * k // 8 for k in range(8)]
    ticks = np.unique([*cells, edges[-1]])
    chroma = (pitch_class_weights(score, ticks) > 0).astype(np.float64)
    pairs = np.stack([(chroma * np.roll(chroma, k, axis=1)).sum(axis=1) for k in range(7)], axis=1)
    pairs[:, 0] = 0
    pairs[:, 6] /= 2
    count = pairs.sum(axis=1)
    value = (pairs @ ROUGH) / np.maximum(count, 1)
    bar = np.searchsorted(edges, ticks[:-1], side="right") - 1
    total = np.bincount(bar, weights=value, minlength=len(edges) - 1)
    return np.asarray(np.clip(2.2 * total / np.maximum(np.bincount(bar, minlength=len(edges) - 1), 1), 0, 1))
