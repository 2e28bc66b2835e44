"""Harmony of a clip by template matching: its key, and a chord for every half bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.evaluate.clip import Clip, Floats, Ints

KEY_PROFILES = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)
"""Probe-tone ratings for major and minor (Krumhansl and Kessler 1982), tonic first."""

CHORD_SHAPES = {"major": (0, 4, 7), "minor": (0, 3, 7), "diminished": (0, 3, 6), "augmented": (0, 4, 8), "suspended": (0, 5, 7)}
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))


def _rolled(rows: Floats) -> Floats:
    """Every row at its twelve transpositions [rows * 12, 12], row-major."""
    return np.stack([np.roll(row, k) for row in rows for k in range(12)])


def _mask(steps: tuple[int, ...]) -> Floats:
    out = np.zeros(12)
    out[list(steps)] = 1.0
    return out


_KEYS = _rolled(np.stack([(p - p.mean()) / np.linalg.norm(p - p.mean()) for p in KEY_PROFILES]))
_CHORDS = _rolled(np.stack([_mask(s) / np.sqrt(3) for s in CHORD_SHAPES.values()]))
SCALE_MASKS = _rolled(np.stack([_mask(s) for s in SCALES]))
"""The 24 major and natural minor scales as 0/1 rows [24, 12]; row 12 * minor + tonic."""


class KeyEstimate(NamedTuple):
    """Tonic pitch class, mode, and the correlation with the winning profile (0 where there are no notes)."""

    tonic: int
    minor: bool
    strength: float


def estimate_key(chroma: Floats) -> KeyEstimate:
    """Key of a pitch-class weight vector [12] by correlation with the probe-tone profiles (Krumhansl 1990)."""
    centred = chroma - chroma.mean()
    norm = float(np.linalg.norm(centred))
    if norm < 1e-12:
        return KeyEstimate(0, False, 0.0)
    match = _KEYS @ centred / norm
    best = int(match.argmax())
    return KeyEstimate(best % 12, best >= 12, float(match[best]))


class Chords(NamedTuple):
    """Estimated chords of H half bars: root -1 where silent, index into CHORD_SHAPES, and cosine with the template."""

    root: Ints
    shape: Ints
    match: Floats


def estimate_chords(chroma: Floats) -> Chords:
    """Best triad for every row of a pitch-class weight matrix [H, 12], by cosine with 60 templates."""
    norm = np.linalg.norm(chroma, axis=1)
    heard = norm > 1e-12
    match = (chroma @ _CHORDS.T) / np.where(heard, norm, 1.0)[:, None]
    best = match.argmax(axis=1)
    value = np.where(heard, match[np.arange(len(best)), best], 0.0)
    return Chords(np.where(heard, best % 12, -1), best // 12, value)


def half_bar_chroma(clip: Clip) -> Floats:
    """Sounding pitch-class weight of each half bar [2 * bars, 12]; the bass counts double."""
    total = clip.chromas.sum(axis=0)
    roll = clip.roll > 0
    sounding = roll.any(axis=1)
    lowest = roll.argmax(axis=1)
    total[np.flatnonzero(sounding), lowest[sounding] % 12] += 1.0
    half = -(-clip.bar_steps // 2)
    edges = np.concatenate([[b * clip.bar_steps, b * clip.bar_steps + half] for b in range(clip.bars)]).astype(np.int64)
    return np.asarray(np.add.reduceat(total, edges, axis=0)) if clip.bar_steps > 1 else total


def chord_changes(chords: Chords) -> npt.NDArray[np.int64]:
    """The progression without repeats: one number, 12 * shape + root, a change."""
    code = (chords.shape * 12 + chords.root)[chords.root >= 0]
    if len(code) == 0:
        return code
    return np.asarray(code[np.concatenate([[True], np.diff(code) != 0])])
