"""Loudness and true peak by ITU-R BS.1770-4, in numpy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from antiphon.render.filters import Recursion, recurse

Floats = npt.NDArray[np.float32]

SEGMENT = 0.1
"""Seconds between two gating blocks; a block of 400 ms is four segments."""
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_PHASES = 4
_SPAN = 24
"""True peak: four phases of an interpolator that looks at 24 samples, twice as many as the standard asks for."""


def integrated_loudness(samples: npt.NDArray[np.floating], rate: int) -> float:
    """Gated loudness of a whole recording in LUFS (BS.1770-4, annex 1); -inf for silence.

    A recording shorter than one gating block of 400 ms is measured as if silence followed it.

    Args:
      samples: [n] or [n, channels], full scale 1; all channels count alike, as left and right do.
    """
    return gated(segment_energies(samples, rate))


def segment_energies(samples: npt.NDArray[np.floating], rate: int) -> npt.NDArray[np.float64]:
    """Mean square of the K-weighted channels, summed, for each started 100 ms; [n_segments], at least four."""
    length = round(rate * SEGMENT)
    energies = weighted_energies(samples, rate, length) / length
    return np.pad(energies, (0, max(0, 4 - len(energies))))


def weighted_energies(samples: npt.NDArray[np.floating], rate: int, block: int) -> npt.NDArray[np.float64]:
    """Sum of squares of the K-weighted channels in each started block of so many samples, [n_blocks]."""
    stereo = samples.reshape(len(samples), -1)
    whole = len(stereo) // block
    energies = np.zeros(-(-len(stereo) // block))
    for channel in stereo.T:
        weighted = recurse(channel.astype(np.float32), k_weighting(rate))
        rows = weighted[: whole * block].reshape(whole, block)
        energies[:whole] += np.einsum("ij,ij->i", rows, rows)
        if whole < len(energies):
            energies[whole] += float(np.square(weighted[whole * block :], dtype=np.float64).sum())
    return energies


def gated(energies: npt.NDArray[np.float64]) -> float:
    """Integrated loudness in LUFS from the energies of successive 100 ms segments."""
    sums = np.convolve(energies, np.full(4, 0.25), mode="valid")
    loud = sums[_lufs(sums) > _ABSOLUTE_GATE]
    if len(loud) == 0:
        return -math.inf
    gate = _lufs(loud.mean()) + _RELATIVE_GATE
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def _lufs(energy: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(energy, 1e-20)))


def k_weighting(rate: int) -> Recursion:
    """The K-weighting at any rate: a shelf for the head's diffraction, then a high-pass.

    The standard prints both filters for 48 kHz only; these are the analogue prototypes that give exactly those numbers.
    """
    k, q, high = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    a0 = 1 + k / q + k**2
    top = ((high + middle * k / q + k**2) / a0, 2 * (k**2 - high) / a0, (high - middle * k / q + k**2) / a0)
    shelf = Recursion.biquad(top, (2 * (k**2 - 1) / a0, (1 - k / q + k**2) / a0))
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k**2
    return shelf.then(Recursion.biquad((1.0, -2.0, 1.0), (2 * (k**2 - 1) / a0, (1 - k / q + k**2) / a0)))


def true_peak(samples: npt.NDArray[np.floating], rate: int) -> float:
    """Highest level between the samples in dBTP (BS.1770-4, annex 2: four-fold oversampling); -inf for silence."""
    stereo = samples.reshape(len(samples), -1)
    top = float(np.abs(stereo).max(initial=0))
    if top == 0:
        return -math.inf
    peaks = oversampled_peaks(stereo, 256, floor=top / 3)
    return 20 * math.log10(max(top, float(peaks.max())))


def oversampled_peaks(samples: npt.NDArray[np.floating], block: int, floor: float = 0.0) -> npt.NDArray[np.float64]:
    """Highest absolute value, between samples too, in each block of so many samples; [n_blocks].

    Args:
      samples: [n, channels].
      floor: blocks whose samples all stay below it are given their sample peak only (the interpolator adds at most a
        factor of about 2.6, and far less on music).
    """
    count = -(-len(samples) // block)
    peaks = np.zeros(count)
    kernel = _interpolator()
    for channel in samples.T:
        padded = np.zeros(count * block + 2 * _SPAN, dtype=np.float32)
        padded[_SPAN : _SPAN + len(channel)] = channel
        np.maximum(peaks, np.abs(padded[_SPAN:-_SPAN].reshape(count, block)).max(axis=1), out=peaks)
        high = np.flatnonzero(peaks >= floor) if floor else np.arange(count)
        # Half a span before a block begins is where the interpolator's first look has the block's edge in its middle.
        windows = np.lib.stride_tricks.sliding_window_view(padded[_SPAN // 2 :], block + _SPAN)[::block]
        for at in range(0, len(high), 4096):
            chosen = high[at : at + 4096]
            near = windows[chosen]
            rows = np.lib.stride_tricks.sliding_window_view(near, _SPAN, axis=1)
            between = rows.reshape(-1, _SPAN) @ kernel
            peaks[chosen] = np.maximum(peaks[chosen], np.abs(between).reshape(len(chosen), -1).max(axis=1))
    return peaks


def _interpolator() -> Floats:
    """Three fractional delays of a windowed sinc, [_SPAN, phases - 1]."""
    at = np.arange(_SPAN)[:, None] - (_SPAN / 2 - 1)
    shift = at - np.arange(1, _PHASES)[None] / _PHASES
    window = np.cos(np.pi * shift / (_SPAN + 1)) ** 2
    kernel = np.sinc(shift) * window
    return np.asarray(kernel / kernel.sum(axis=0), dtype=np.float32)
