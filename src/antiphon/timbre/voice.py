"""What one zone of a SoundFont plays for one key and velocity, in seconds, hertz and linear gain."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.timbre.soundfont import Generator, Modulator, Region, Sample

_CONTROLLERS = {7: 100.0, 10: 64.0, 11: 127.0}
"""Channel volume, pan and expression of a freshly reset channel; all other controllers rest at 0."""
_ATTENUATION_SCALE = 0.4
"""Fonts are tuned by ear on E-mu hardware, which applied 0.4 of the attenuation written; FluidSynth does as well."""
_FULL_SCALE = 960.0
"""Range of an envelope's logarithmic scale in centibels."""


class Envelope(NamedTuple):
    """Delay, attack, hold, full decay and full release in seconds; sustain level 0..1 on the decay's own scale."""

    delay: float
    attack: float
    hold: float
    decay: float
    sustain: float
    release: float


class Lfo(NamedTuple):
    """A triangle oscillator: seconds before it starts, and hertz."""

    delay: float
    frequency: float


class Tone(NamedTuple):
    """All that shapes a zone's wave for one key, but not its level: notes with equal tones share one table.

    Attributes:
      speed: source frames a second that are passed through at rest pitch.
      looping: 0 plays to the end, 1 loops for ever, 3 loops until the key is let go.
      cutoff: cents above 8.176 Hz; resonance: dB above flat.
      *_to_pitch, *_to_cutoff: cents at full deflection; lfo_to_volume: dB.
    """

    sample: Sample
    speed: float
    looping: int
    volume: Envelope
    modulation: Envelope
    cutoff: float
    resonance: float
    envelope_to_pitch: float
    envelope_to_cutoff: float
    lfo: Lfo
    lfo_to_pitch: float
    lfo_to_cutoff: float
    lfo_to_volume: float
    vibrato: Lfo
    vibrato_to_pitch: float


class Voice(NamedTuple):
    """A tone with the level and place it sounds at: linear gain, pan -1 (left) to 1, exclusive class (0 = none)."""

    tone: Tone
    gain: float
    pan: float
    exclusive: int


def voices(regions: tuple[Region, ...], key: int, velocity: int) -> list[Voice]:
    """The voices that a note starts in a preset; none where the preset has nothing for that key or velocity."""
    return [
        _voice(region, key, velocity)
        for region in regions
        if region.keys[0] <= key <= region.keys[1] and region.velocities[0] <= velocity <= region.velocities[1]
    ]


def _voice(region: Region, key: int, velocity: int) -> Voice:
    g = region.generators
    if g[Generator.KEY] >= 0:
        key = int(g[Generator.KEY])
    if g[Generator.VELOCITY] > 0:
        velocity = int(g[Generator.VELOCITY])
    moved = g.copy()
    moved[Generator.ATTENUATION] *= _ATTENUATION_SCALE
    for modulator in region.modulators:
        if modulator.target < len(moved):
            moved[modulator.target] += _amount(modulator, key, velocity)
    sample = region.sample
    root = g[Generator.ROOT_KEY] if 0 <= g[Generator.ROOT_KEY] <= 127 else (sample.key if sample.key <= 127 else 60)
    # The sample's own correction is part of its root key, and so is scaled with it (as FluidSynth does).
    cents = (key - root + sample.correction / 100) * moved[Generator.SCALE_TUNING]
    cents += moved[Generator.COARSE_TUNE] * 100 + moved[Generator.FINE_TUNE]
    mode = int(g[Generator.SAMPLE_MODES]) & 3
    tone = Tone(
        sample=sample,
        speed=sample.rate * 2.0 ** (_clip(cents, -12000, 12000) / 1200),
        looping=0 if mode == 2 else mode,
        volume=_envelope(moved, Generator.VOLUME_ENV, key),
        modulation=_envelope(moved, Generator.MOD_ENV, key),
        cutoff=_clip(moved[Generator.CUTOFF], 1500, 13500),
        resonance=_clip(moved[Generator.RESONANCE], 0, 960) / 10,
        envelope_to_pitch=_clip(moved[Generator.MOD_ENV_TO_PITCH], -12000, 12000),
        envelope_to_cutoff=_clip(moved[Generator.MOD_ENV_TO_CUTOFF], -12000, 12000),
        lfo=Lfo(_seconds(moved[Generator.MOD_LFO_DELAY], 5000), _hertz(moved[Generator.MOD_LFO_FREQUENCY])),
        lfo_to_pitch=_clip(moved[Generator.MOD_LFO_TO_PITCH], -12000, 12000),
        lfo_to_cutoff=_clip(moved[Generator.MOD_LFO_TO_CUTOFF], -12000, 12000),
        lfo_to_volume=_clip(moved[Generator.MOD_LFO_TO_VOLUME], -960, 960) / 10,
        vibrato=Lfo(_seconds(moved[Generator.VIB_LFO_DELAY], 5000), _hertz(moved[Generator.VIB_LFO_FREQUENCY])),
        vibrato_to_pitch=_clip(moved[Generator.VIB_LFO_TO_PITCH], -12000, 12000),
    )
    gain = 10 ** (-_clip(moved[Generator.ATTENUATION], 0, 1440) / 200)
    return Voice(tone, gain, _clip(moved[Generator.PAN], -500, 500) / 500, int(g[Generator.EXCLUSIVE_CLASS]))


def _clip(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def _seconds(timecents: float, highest: float = 8000) -> float:
    """Timecents to seconds; -12000 and below mean at once."""
    return 0.0 if timecents <= -12000 else float(2.0 ** (min(timecents, highest) / 1200))


def _hertz(cents: float) -> float:
    return float(8.176 * 2.0 ** (_clip(cents, -16000, 4500) / 1200))


def _envelope(values: npt.NDArray[np.float64], base: int, key: int) -> Envelope:
    """The six stages from `base` on; hold and decay follow the key (60 is the middle) by generators 6 and 7."""
    volume = base == Generator.VOLUME_ENV
    sustain = 1 - _clip(values[base + 4], 0, 1000) / 1000
    return Envelope(
        delay=_seconds(values[base], 5000),
        attack=_seconds(values[base + 1]),
        hold=_seconds(values[base + 2] + values[base + 6] * (60 - key), 5000),
        decay=_seconds(values[base + 3] + values[base + 7] * (60 - key)),
        sustain=sustain,
        # Below 16 ms a release would click; FluidSynth draws the line there too.
        release=_seconds(max(values[base + 5], -7200.0) if volume else values[base + 5]),
    )


def _amount(modulator: Modulator, key: int, velocity: int) -> float:
    """What a modulator adds to its generator, for controllers at rest."""
    first = _source(modulator.source, key, velocity)
    second = 1.0 if modulator.control == 0 else _source(modulator.control, key, velocity)
    value = modulator.amount * first * second
    return abs(value) if modulator.transform == 2 else value


def _source(source: int, key: int, velocity: int) -> float:
    """A controller's value mapped by its curve (specification 8.2.1-8.2.4): 0..1, or -1..1 where bipolar."""
    index, is_controller = source & 0x7F, bool(source & 0x80)
    downward, bipolar, curve = bool(source & 0x100), bool(source & 0x200), source >> 10
    if is_controller:
        if index == 10 and bipolar:
            return 0.0  # 64 is the exact middle of a pan controller
        raw = _CONTROLLERS.get(index, 0.0)
    elif index == 0:
        raw = 127.0
    elif index == 2:
        raw = float(velocity)
    elif index == 3:
        raw = float(key)
    elif index == 16:
        return 2 / 127  # pitch wheel sensitivity: two semitones
    else:
        return 0.0  # key pressure, channel pressure and the wheel at rest
    x = 1 - raw / 127 if downward else raw / 127
    if not bipolar:
        return _curve(curve, x)
    return math.copysign(_curve(curve, abs(2 * x - 1)), 2 * x - 1)


def _curve(curve: int, x: float) -> float:
    if curve == 1:
        return 1.0 if x >= 1 else min(1.0, -400 / _FULL_SCALE * math.log10(1 - x))
    if curve == 2:
        return 0.0 if x <= 0 else max(0.0, 1 + 400 / _FULL_SCALE * math.log10(x))
    if curve == 3:
        return 1.0 if x >= 0.5 else 0.0
    return x
