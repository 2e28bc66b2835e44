"""A small room: a reverb by convolution with an exponentially dying stereo noise, the same on every machine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from antiphon.render.filters import convolve

Floats = npt.NDArray[np.float32]

DECAY = 1.3
"""Seconds until the room has died away by 60 dB, in its middle register."""
_BEFORE = 0.018
"""Seconds before the first reflection."""
_SEED = 1770
_BANDS = ((90, 700, 1.0), (700, 2800, 1.15), (2800, 6500, 2.0))
"""Registers of the room in hertz, and how many times faster than DECAY each dies: high ones are swallowed first."""


@lru_cache(maxsize=4)
def room(rate: int) -> Floats:
    """Impulse response of the room at a rate of at least 16 kHz, [2, n], of energy 1 a channel."""
    n = int(rate * DECAY * 1.1)
    noise = np.random.default_rng(_SEED).standard_normal((2, n))
    seconds = np.arange(n) / rate
    spectrum = np.fft.rfft(noise, axis=1)
    hertz = np.fft.rfftfreq(n, 1 / rate)
    response = np.zeros((2, n))
    for low, high, speed in _BANDS:
        band = np.clip((hertz - low / 1.3) / (low - low / 1.3), 0, 1) * np.clip((high * 1.3 - hertz) / (high * 0.3), 0, 1)
        response += np.fft.irfft(spectrum * band, n, axis=1) * 10 ** (-3 * speed * seconds / DECAY)
    # The first reflections swell in, so that the room does not blur the onset itself.
    response *= 1 - np.exp(-seconds / 0.01)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    result = np.pad(response, ((0, 0), (int(_BEFORE * rate), 0))).astype(np.float32)
    result.flags.writeable = False
    return result


def add_room(sound: npt.NDArray[np.float32], rate: int, amount: float) -> None:
    """Add the room to a stereo sound in place.

    The room has nothing above 9 kHz, so from 40 kHz on it is computed at half the rate: half the work, no difference.

    Args:
      sound: [2, n], one row a channel.
      amount: level of the room against the dry sound; 0 is dry.
    """
    if amount <= 0:
        return
    mono = (sound[0] + sound[1]) * np.float32(amount / 2)
    if rate < 40_000:
        sound += convolve(mono, room(rate))
        return
    for channel, wet in zip(sound, convolve(_halved(mono), room(rate // 2)), strict=True):
        _add_doubled(channel, wet)


def _halved(signal: Floats) -> Floats:
    """Every other sample of a signal, after a half-band low-pass, [n] -> [ceil(n / 2)]."""
    padded = np.pad(signal, (3, 4))
    count = -(-len(signal) // 2)

    def at(offset: int) -> Floats:
        return padded[3 + offset :: 2][:count]

    near = at(-1) + at(1)
    near *= np.float32(9 / 32)
    near -= (at(-3) + at(3)) * np.float32(1 / 32)
    near += at(0) * np.float32(0.5)
    return near


def _add_doubled(target: Floats, signal: Floats) -> None:
    """Add a signal of half the rate to a target, in place, with the half-way points by a cubic."""
    target[::2] += signal
    padded = np.pad(signal, (1, 2))
    between = padded[1:-2] + padded[2:-1]
    between *= np.float32(9 / 16)
    between -= (padded[:-3] + padded[3:]) * np.float32(1 / 16)
    odd = target[1::2]
    odd += between[: len(odd)]
