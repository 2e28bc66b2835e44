"""A small room: a reverb by convolution with an exponentially dying stereo noise, the same on every machine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from antiphon.render.convolve import convolve

Floats = npt.NDArray[np.float32]

DECAY = 1.3
"""Seconds until the room has died away by 60 dB, in its middle register."""
_BEFORE = 0.018
"""Seconds before the first reflection."""
_SEED = 1770


@lru_cache(maxsize=4)
def room(rate: int, decay: float = DECAY) -> Floats:
    """Impulse response of the room, [n, 2], of energy 1 a channel; high frequencies die twice as fast as low ones."""
    n = int(rate * decay * 1.1)
    noise = np.random.default_rng(_SEED).standard_normal((2, n))
    seconds = np.arange(n) / rate
    spectrum = np.fft.rfft(noise, axis=1)
    hertz = np.fft.rfftfreq(n, 1 / rate)
    response = np.zeros((2, n))
    for low, high, speed in ((90, 700, 1.0), (700, 3000, 1.15), (3000, 9000, 2.2)):
        band = np.clip((hertz - low / 1.3) / (low - low / 1.3), 0, 1) * np.clip((high * 1.3 - hertz) / (high * 0.3), 0, 1)
        response += np.fft.irfft(spectrum * band, n, axis=1) * 10 ** (-3 * speed * seconds / decay)
    # The first reflections swell in, so that the room does not blur the onset itself.
    response *= 1 - np.exp(-seconds / 0.01)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    late = np.pad(response, ((0, 0), (int(_BEFORE * rate), 0)))
    result = late.T.astype(np.float32)
    result.flags.writeable = False
    return result


def reverberated(sound: Floats, rate: int, amount: float) -> Floats:
    """A stereo sound with the room added at `amount` (0 = dry), [n, 2] as before."""
    if amount <= 0:
        return sound
    wet = convolve((sound[:, 0] + sound[:, 1]) * np.float32(amount / 2), room(rate))
    wet += sound
    return wet
