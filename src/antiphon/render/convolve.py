"""Convolution of long signals by overlapping blocks of Fourier transforms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def convolve(signal: Floats, impulse: Floats) -> Floats:
    """The signal through a filter, cut to the signal's own length.

    Args:
      signal: [n].
      impulse: [m] for one output or [m, c] for c outputs of the same input.

    Returns:
      float32 [n] or [n, c].
    """
    heads = impulse.reshape(len(impulse), -1).T
    size = 1 << max(14, (4 * len(impulse) - 1).bit_length())
    hop = size - len(impulse) + 1
    spectra = np.fft.rfft(heads.astype(np.float32), size, axis=1)
    out = np.zeros((len(heads), len(signal) + size), dtype=np.float32)
    for at in range(0, len(signal), hop):
        block = signal[at : at + hop]
        if not block.any():
            continue
        spectrum = np.fft.rfft(block, size)
        for row, head in zip(out, spectra, strict=True):
            row[at : at + size] += np.fft.irfft(spectrum * head, size)
    out = out[:, : len(signal)]
    return out[0] if impulse.ndim == 1 else out.T
