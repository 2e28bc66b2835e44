"""Mastering: one gain curve that brings a mix to its loudness and keeps its true peak under a ceiling."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from antiphon.render.loudness import SEGMENT, gated, oversampled_peaks, segment_energies

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
    energies = segment_energies(mix, rate)
    measured = gated(energies)
    peaks = oversampled_peaks(mix, _BLOCK, floor=float(np.abs(mix).max()) / 8)
    top = 10 ** ((ceiling - _MARGIN) / 20)
    most = 20 * math.log10(top / float(peaks.max())) + _DEEPEST
    # Music below the absolute gate (a single very soft note) has no loudness to correct; it is brought up by its peak.
    wanted = loudness - measured if math.isfinite(measured) else most - _DEEPEST
    gain_db = min(wanted, most)
    dips = np.ones(len(peaks))
    for _ in range(4):
        gain = 10 ** (gain_db / 20)
        dips = _dips(np.minimum(1.0, top / np.maximum(peaks * gain, 1e-9)), rate)
        if not math.isfinite(measured):
            break
        missing = loudness - gated(_weighted(energies, (dips * gain) ** 2, rate))
        if abs(missing) < 0.02 or gain_db >= most:
            break
        gain_db = min(gain_db + missing, most)
    gain = 10 ** (gain_db / 20)
    dips = _dips(np.minimum(1.0, top / np.maximum(peaks * gain, 1e-9)), rate)
    if dips.min() == 1:
        return np.full(len(mix), gain, dtype=np.float32)
    middles = (np.arange(len(dips)) + 0.5) * _BLOCK
    return (np.interp(np.arange(len(mix)), middles, dips) * gain).astype(np.float32)


def _dips(needed: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """A smooth curve that never lies above the gain needed in any block or in its neighbours."""
    reach = max(1, round(_LOOK * rate / _BLOCK))
    padded = np.pad(needed, reach + 1, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 3).min(axis=1)
    window = np.hanning(2 * reach + 3)
    return np.convolve(np.pad(lowest, reach + 1, mode="edge"), window / window.sum(), mode="valid")


def _weighted(energies: npt.NDArray[np.float64], power: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Segment energies after a gain curve given by its blocks' squares."""
    segment = np.minimum((np.arange(len(power)) * _BLOCK / (rate * SEGMENT)).astype(np.int64), len(energies) - 1)
    total = np.bincount(segment, weights=power, minlength=len(energies))
    count = np.bincount(segment, minlength=len(energies))
    return np.asarray(energies * total / np.maximum(count, 1))
