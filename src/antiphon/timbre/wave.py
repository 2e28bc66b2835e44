"""The wave of a tone: sample loops read at a moving pitch, and a low-pass that moves with the modulation envelope.

Everything here is per tone and not per note, in whole-array numpy; the curves are those of FluidSynth 2, which the tests
hold this against (envelopes straight in decibels over 96 dB, attack straight in amplitude, triangle oscillators).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from antiphon.timbre.voice import Envelope, Lfo, Tone

Floats = npt.NDArray[np.float32]

CONTROL = 64
"""Samples between two values of a slow curve (envelope to pitch, oscillators)."""
DECIBELS = 96.0
"""Range of an envelope: level 1 is 0 dB, level 0 is -96 dB."""
_CHUNK = 1 << 17
_MAX_STEP = 64.0
"""Fastest reading of a sample, in source frames an output sample: six octaves up at equal rates."""
_OPEN = 13_400.0
_BAND = 37_600.0
"""A cut-off of _OPEN cents (18.8 kHz) or more without resonance is not heard, and is left out for all samples that are
read too slowly to reach so high."""
_WINDOW = 512
_BLOCK = 8192


def levels(envelope: Envelope, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """An envelope's level 0..1 at given times after the key is struck, on its own straight scale."""
    d, a = envelope.delay, envelope.attack
    begin_decay = d + a + envelope.hold
    fall = (1 - envelope.sustain) * envelope.decay
    times = np.array([d, d + a, begin_decay, begin_decay + fall])
    values = np.array([0.0, 1.0, 1.0, envelope.sustain])
    result = np.interp(seconds, times, values)
    result[seconds >= begin_decay + fall] = envelope.sustain
    if a == 0:
        result[(seconds >= d) & (seconds < begin_decay)] = 1.0
    result[seconds < d] = 0.0
    return np.asarray(result)


def amplitude(envelope: Envelope, n: int, rate: int) -> tuple[Floats, npt.NDArray[np.float64]]:
    """A volume envelope's gain while the key is down, [n], and its level in the release's straight scale, [n]."""
    seconds = np.arange(n) / rate
    # Whole steps as in FluidSynth; and an attack of at least one, for a jump to full level in mid-wave would click.
    envelope = stepped(envelope, rate)
    level = levels(envelope, seconds)
    gain = np.power(10.0, (level - 1) * (DECIBELS / 20))
    gain[level <= 0] = 0
    rising = seconds < envelope.delay + envelope.attack
    gain[rising] = level[rising]
    scale = level
    scale[rising] = 1 + np.log10(np.maximum(level[rising], 1e-5)) * (20 / DECIBELS)
    return gain.astype(np.float32), np.maximum(scale, 0)


def wave(data: npt.NDArray[np.int16], tone: Tone, n: int, rate: int, released: int | None = None) -> Floats:
    """A tone's sound before its volume envelope, [n] or shorter where the sample ends first.

    Args:
      released: for tones that loop only while the key is down (looping 3): the sample at which it is let go.
    """
    control = np.arange(0, n + CONTROL, CONTROL) / rate
    bend = _bend(tone, control + CONTROL / rate, rate)
    # While the volume envelope waits the sample waits too, but envelope to pitch and oscillators already run.
    wait = min(n, int(tone.volume.delay * rate) // CONTROL * CONTROL)
    if bend is None:
        place = np.maximum(np.arange(-wait, n - wait), 0) * min(tone.speed / rate, _MAX_STEP)
    else:
        step = np.minimum(tone.speed / rate * np.exp2(bend / 1200), _MAX_STEP)
        steps = np.repeat(step, CONTROL)[:n]
        steps[:wait] = 0
        place = np.cumsum(steps) - steps
    sound = _filtered(_read(data, tone, place, released), tone, rate)
    if tone.lfo_to_volume:
        swell = np.power(10.0, triangle(tone.lfo, control) * (tone.lfo_to_volume / 20))
        sound *= np.interp(np.arange(len(sound)), np.arange(len(swell)) * CONTROL, swell).astype(np.float32)
    return sound


def triangle(lfo: Lfo, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A triangle from 0 upwards between -1 and 1, still during its delay."""
    phase = np.maximum(seconds - lfo.delay, 0) * lfo.frequency
    return np.asarray(4 * np.abs((phase + 0.75) % 1 - 0.5) - 1)


def stepped(envelope: Envelope, rate: int) -> Envelope:
    """The envelope with its stages rounded to whole control steps, none but the delay shorter than one."""
    step = CONTROL / rate
    return envelope._replace(
        delay=int(envelope.delay / step) * step,
        attack=(1 + int(envelope.attack / step)) * step,
        hold=max(1, round(envelope.hold / step)) * step,
        decay=max(1, round(envelope.decay / step)) * step,
    )


def _modulation(tone: Tone, seconds: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """The modulation envelope, its attack convex as the specification draws it."""
    envelope = stepped(tone.modulation, rate)
    level = levels(envelope, seconds)
    rising = (seconds < envelope.delay + envelope.attack - 1e-9) & (level > 0)
    level[rising] = np.maximum(0, 1 + 400 / 960 * np.log10(level[rising]))
    return level


def _bend(tone: Tone, seconds: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64] | None:
    """Cents by which the pitch moves over time; None where it rests."""
    if not (tone.envelope_to_pitch or tone.lfo_to_pitch or tone.vibrato_to_pitch):
        return None
    cents = np.zeros(len(seconds))
    if tone.envelope_to_pitch:
        cents += tone.envelope_to_pitch * _modulation(tone, seconds, rate)
    if tone.lfo_to_pitch:
        cents += tone.lfo_to_pitch * triangle(tone.lfo, seconds)
    if tone.vibrato_to_pitch:
        cents += tone.vibrato_to_pitch * triangle(tone.vibrato, seconds)
    return cents


def _read(data: npt.NDArray[np.int16], tone: Tone, place: npt.NDArray[np.float64], released: int | None) -> Floats:
    """The sample at fractional places after its start, by a cubic through four frames (Catmull-Rom)."""
    s = tone.sample
    leave: float = np.inf
    if tone.looping:
        length, turn = s.loop_end - s.loop_start, s.loop_end - s.start
        if tone.looping == 3 and released is not None and released < len(place):
            # After the release the loop that is under way is played to its end, and then the rest of the sample.
            rounds = max(0, math.ceil((place[released] - turn) / length))
            leave = turn + rounds * length
            stop = leave + s.end - s.loop_end
            place = place[: int(np.searchsorted(place, stop - 2))]
    else:
        place = place[: int(np.searchsorted(place, s.end - s.start - 2))]
    out = np.empty(len(place), dtype=np.float32)
    for at in range(0, len(place), _CHUNK):
        part = place[at : at + _CHUNK]
        whole = part.astype(np.int64)
        first = int(whole[0]) - 1
        frames = np.arange(first, int(whole[-1]) + 3)
        if tone.looping:
            looped = np.where(frames < turn, frames, turn - length + (frames - turn) % length)
            frames = looped if leave == np.inf else np.where(frames < leave, looped, frames - int(leave) + turn)
        source = data[s.start + np.clip(frames, 0, s.end - s.start - 1)].astype(np.float32)
        out[at : at + _CHUNK] = _cubic(source, whole - first, (part - whole).astype(np.float32))
    out *= np.float32(1 / 32768)
    return out


def _cubic(source: Floats, index: npt.NDArray[np.int64], f: Floats) -> Floats:
    y0, y1, y2, y3 = source[index - 1], source[index], source[index + 1], source[index + 2]
    third = 3 * (y1 - y2) + y3 - y0
    second = 2 * y0 - 5 * y1 + 4 * y2 - y3
    return np.asarray(y1 + np.float32(0.5) * f * (y2 - y0 + f * (second + f * third)), dtype=np.float32)


def _filtered(sound: Floats, tone: Tone, rate: int) -> Floats:
    """The sound through the tone's low-pass; untouched where that stays open."""
    moves = tone.envelope_to_cutoff or tone.lfo_to_cutoff
    if len(sound) == 0 or (not moves and tone.cutoff >= _OPEN and tone.resonance == 0 and tone.speed <= _BAND):
        return sound
    if not moves:
        return _blockwise(sound, _response(np.array([tone.cutoff]), tone.resonance, rate, _BLOCK)[0])
    hop = _WINDOW // 2
    seconds = np.arange(len(sound) // hop + 2) * hop / rate
    cents = np.full(len(seconds), tone.cutoff)
    if tone.envelope_to_cutoff:
        cents += tone.envelope_to_cutoff * _modulation(tone, seconds, rate)
    if tone.lfo_to_cutoff:
        cents += tone.lfo_to_cutoff * triangle(tone.lfo, seconds)
    return _sweep(sound, np.clip(cents, 1500, 13500), tone.resonance, rate)


def _response(cents: npt.NDArray[np.float64], resonance: float, rate: int, size: int) -> npt.NDArray[np.complex64]:
    """Frequency responses of the two-pole low-pass at each cut-off, [n, size // 2 + 1], flat ones at gain 1."""
    omega = 2 * np.pi * np.minimum(8.176 * np.exp2(cents / 1200), 0.45 * rate) / rate
    # The specification counts Q from the flat filter, and the peak's gain is halved in decibels to keep loudness.
    q = 10 ** ((resonance - 3.01) / 20)
    gain = 10 ** (-resonance / 40)
    alpha, cosine = np.sin(omega)[:, None] / (2 * q), np.cos(omega)[:, None]
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)[None]
    top = gain * (1 - cosine) / 2 * (1 + z) ** 2
    return np.asarray(top / ((1 + alpha) - 2 * cosine * z + (1 - alpha) * z**2), dtype=np.complex64)


def _blockwise(sound: Floats, response: npt.NDArray[np.complex64]) -> Floats:
    """A fixed filter by overlapping blocks; its ringing is given a quarter of a block."""
    hop = _BLOCK - _BLOCK // 4
    out = np.zeros(len(sound) + _BLOCK, dtype=np.float32)
    for at in range(0, len(sound), hop):
        out[at : at + _BLOCK] += np.fft.irfft(np.fft.rfft(sound[at : at + hop], _BLOCK) * response, _BLOCK)
    return out[: len(sound)]


def _sweep(sound: Floats, cents: npt.NDArray[np.float64], resonance: float, rate: int) -> Floats:
    """A moving filter: overlapping windows that add to one, each through the filter as it stands at its middle."""
    hop, size = _WINDOW // 2, 4 * _WINDOW if resonance > 6 else 2 * _WINDOW
    steps, which = np.unique(np.rint(cents / 25), return_inverse=True)
    responses = _response(steps * 25, resonance, rate, size)
    count = len(cents)
    padded = np.zeros((count + 1) * hop, dtype=np.float32)
    padded[hop : hop + len(sound)] = sound
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::hop][:count]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)
    pieces = size // hop
    out = np.zeros((count + pieces, hop), dtype=np.float32)
    for at in range(0, count, 1024):
        spectra = np.fft.rfft(frames[at : at + 1024] * window, size, axis=1) * responses[which[at : at + 1024]]
        blocks = np.fft.irfft(spectra, size, axis=1).astype(np.float32).reshape(-1, pieces, hop)
        for piece in range(pieces):
            out[at + piece : at + piece + len(blocks)] += blocks[:, piece]
    return out.reshape(-1)[hop : hop + len(sound)]
