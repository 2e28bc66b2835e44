"""Mastering: one gain curve that brings a mix to its loudness and keeps its true peak under a ceiling."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from antiphon.render.loudness import SEGMENT, gated, oversampled_peaks, weighted_energies

Floats = npt.NDArray[np.float32]

_BLOCK = 32
"""Samples between two points of the gain curve."""
_LOOK = 0.02
"""Seconds over which the limiter sees a peak coming, and lets go of it."""
_DEEPEST = 12.0
"""Decibels the limiter may take at most; a mix with higher peaks stays quieter than asked for."""
_MARGIN = 0.2
"""Decibels kept below the ceiling for what the oversampled measure does not see."""


def gain_curve(mix: Floats, rate: int, loudness: float, ceiling: float) -> Floats:
    """Gain for every sample of a mix, [n]: a constant, with short dips where a peak would pass the ceiling.

    Args:
      mix: [n, 2], not silent.
      loudness: integrated loudness to reach in LUFS.
      ceiling: highest true peak in dBTP.
    """
    highest = float(np.abs(mix).max())
    # Measured as if the mix peaked at full scale, so that very soft music is not lost under the absolute gate.
    energies = weighted_energies(mix, rate, _BLOCK) / highest**2
    measured = _loudness(energies, rate)
    top = 10 ** ((ceiling - _MARGIN) / 20)
    # Only blocks that can come near the ceiling at the gain to expect are looked at between their samples.
    expected = 10 ** ((loudness - measured + 2) / 20) if math.isfinite(measured) else top
    peaks = oversampled_peaks(mix, _BLOCK, floor=highest * min(0.5, top / expected / 2)) / highest
    most = 20 * math.log10(top / float(peaks.max())) + _DEEPEST
    # A click in silence has no loudness to correct; it is brought up by its peak.
    gain_db = min(loudness - measured, most) if math.isfinite(measured) else most - _DEEPEST
    dips = np.ones(len(peaks))
    for _ in range(8):
        gain = 10 ** (gain_db / 20)
        dips = _dips(np.minimum(1.0, top / np.maximum(peaks * gain, 1e-9)), rate)
        if not math.isfinite(measured):
            break
        missing = loudness - _loudness(energies * (dips * gain) ** 2, rate)
        if abs(missing) < 0.02 or gain_db >= most:
            break
        gain_db = min(gain_db + missing, most)
    gain = 10 ** (gain_db / 20)
    dips = _dips(np.minimum(1.0, top / np.maximum(peaks * gain, 1e-9)), rate)
    if dips.min() == 1:
        return np.full(len(mix), gain / highest, dtype=np.float32)
    # From the middle of one block to the middle of the next in a straight line.
    ends = np.concatenate([dips[:1], dips, dips[-1:]]).astype(np.float32) * np.float32(gain / highest)
    way = ((np.arange(_BLOCK) + 0.5) / _BLOCK).astype(np.float32)
    curve = ends[:-1, None] + np.diff(ends)[:, None] * way
    return np.asarray(curve.reshape(-1)[_BLOCK // 2 : _BLOCK // 2 + len(mix)], dtype=np.float32)


def _dips(needed: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """A smooth curve that never lies above the gain needed in any block or in its neighbours."""
    if needed.min() == 1:
        return needed
    reach = max(1, round(_LOOK * rate / _BLOCK))
    lowest = np.pad(needed, reach + 1, mode="edge")
    # The minimum over 2 reach + 3 blocks, by doubling what each step has seen.
    seen = 1
    while seen < 2 * reach + 3:
        step = min(seen, 2 * reach + 3 - seen)
        lowest = np.minimum(lowest[:-step], lowest[step:])
        seen += step
    # Two running means are a mean weighted by a triangle of 2 reach + 1 blocks: inside the minimum's reach by one block.
    smooth = np.pad(lowest, reach, mode="edge")
    for _ in range(2):
        total = np.cumsum(np.concatenate([[0.0], smooth]))
        smooth = (total[reach + 1 :] - total[: -reach - 1]) / (reach + 1)
    return np.asarray(np.minimum(smooth, 1.0))


def _loudness(energies: npt.NDArray[np.float64], rate: int) -> float:
    """Integrated loudness in LUFS from the weighted energies of all blocks."""
    length = rate * SEGMENT
    segment = (np.arange(len(energies)) * _BLOCK / length).astype(np.int64)
    return gated(np.bincount(segment, weights=energies, minlength=4) / length)
