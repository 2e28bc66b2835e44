"""Sampler: notes through a SoundFont in plain numpy, so that sound needs nothing but wheels.

Notes are sorted by tone (zone and key). Each tone's wave is computed once for its longest note, and every note is then one
multiplication into the mix: that is what makes a song render far faster than it lasts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.timbre.part import Part, Stereo
from antiphon.timbre.soundfont import SoundFont
from antiphon.timbre.voice import Tone, Voice, voices
from antiphon.timbre.wave import DECIBELS, amplitude, wave

_SHORTEST = 0.01
"""Seconds a key is held at least, so that even a note of one tick speaks."""
_CHOKED = 2 ** (-200 / 1200)
"""Release in seconds over 96 dB of a voice cut off by its exclusive class (an open hi-hat by a closed one)."""
_SILENT = 0.125
"""Release level below which a voice ends: -84 dB."""


class _Event(NamedTuple):
    """One voice of one note, in samples; choked is when its exclusive class cuts it off (a far future if never)."""

    start: int
    held: int
    gain: float
    pan: float
    choked: int


_NEVER = 1 << 60


class Sampler:
    """The engine of the house: one SoundFont, played without any other program.

    The same part gives the same samples, always: there is no random number in it.

    Args:
      font: the SoundFont.
      rate: samples a second.
    """

    name = "sampler"
    at_once = 1
    """Its cache of waves is its own, and numpy is quick enough on one core."""

    def __init__(self, font: SoundFont, rate: int = 44100) -> None:
        self.font = font
        self.rate = rate

    def play(self, part: Part, n_samples: int) -> Stereo:
        """The part's dry sound, [n_samples, 2]; full scale 1 is one voice at full level, many voices may pass it.

        Raises:
          FormatError: the font is damaged.
        """
        out = np.zeros((2, n_samples), dtype=np.float32)
        for tone, events in self._events(part).items():
            if tone.looping == 3:
                for event in events:
                    self._mix(out, tone, [event], released=event.held)
            else:
                self._mix(out, tone, events, released=None)
        return out.T

    def _events(self, part: Part) -> dict[Tone, list[_Event]]:
        """Voices of all notes by tone, in order of their first note."""
        regions = self.font.regions(128 if part.is_drum else 0, part.program)
        known: dict[tuple[int, int], list[Voice]] = {}
        found: dict[Tone, list[_Event]] = defaultdict(list)
        starts = np.rint(part.onset * self.rate).astype(np.int64).tolist()
        helds = np.rint(np.maximum(part.end - part.onset, _SHORTEST) * self.rate).astype(np.int64).tolist()
        order = np.lexsort((part.pitch, part.onset)).tolist()
        choke: dict[int, list[int]] = defaultdict(list)
        rows: list[tuple[Voice, int, int]] = []
        for i in order:
            key, velocity = int(part.pitch[i]), int(part.velocity[i])
            if (key, velocity) not in known:
                known[key, velocity] = voices(regions, key, velocity)
            for voice in known[key, velocity]:
                rows.append((voice, starts[i], helds[i]))
                if voice.exclusive:
                    choke[voice.exclusive].append(starts[i])
        for voice, start, held in rows:
            choked = _NEVER
            if voice.exclusive:
                later = choke[voice.exclusive]
                after = int(np.searchsorted(later, start, side="right"))
                choked = later[after] - start if after < len(later) else _NEVER
            found[voice.tone].append(_Event(start, held, voice.gain, voice.pan, choked))
        return found

    def _mix(self, out: npt.NDArray[np.float32], tone: Tone, events: list[_Event], released: int | None) -> None:
        """Add all notes of one tone to out, [2, n_samples]."""
        room = out.shape[1] - min(e.start for e in events)
        if room <= 0:
            return
        release = tone.volume.release * self.rate
        longest = min(room, max(e.held for e in events) + int(release) + 1)
        sound = wave(self.font.data, tone, longest, self.rate, released)
        held, level = amplitude(tone.volume, len(sound), self.rate)
        dead = np.flatnonzero(level[len(level) // 2 :] <= 0) if tone.volume.sustain <= 0 else np.zeros(0)
        if len(dead):
            sound = sound[: len(level) // 2 + int(dead[0])]
        voiced = sound * held[: len(sound)]
        fades = {False: _fade(release, len(sound)), True: _fade(_CHOKED * self.rate, len(sound))}
        for event in events:
            piece = _shaped(sound, voiced, held, level, event, fades)
            piece = piece[: max(0, out.shape[1] - event.start)]
            angle = (event.pan + 1) * (np.pi / 4)
            span = slice(event.start, event.start + len(piece))
            out[0, span] += piece * np.float32(event.gain * np.cos(angle))
            out[1, span] += piece * np.float32(event.gain * np.sin(angle))


def _fade(release: float, n: int) -> npt.NDArray[np.float32]:
    """The gain of a release that falls by 96 dB in `release` samples, to -84 dB or n samples."""
    count = min(n, int(release * (1 - _SILENT)) + 1)
    return np.asarray(np.power(10.0, np.arange(count) * (-DECIBELS / 20 / release)), dtype=np.float32)


def _shaped(
    sound: npt.NDArray[np.float32],
    voiced: npt.NDArray[np.float32],
    held: npt.NDArray[np.float32],
    level: npt.NDArray[np.float64],
    event: _Event,
    fades: dict[bool, npt.NDArray[np.float32]],
) -> npt.NDArray[np.float32]:
    """One note's sound: as long as the key is down, then released, then (perhaps) choked."""
    off = min(event.held, event.choked)
    if off >= len(sound):
        return voiced
    gain, height = float(held[off]), float(level[off])
    pieces = [voiced[:off]]
    at, choke = off, event.choked
    if event.held < event.choked:
        fade = fades[False]
        count = min(int(len(fade) * max(0.0, height - _SILENT) / (1 - _SILENT)), len(sound) - at, choke - at, len(fade))
        pieces.append(sound[at : at + count] * (fade[:count] * np.float32(gain)))
        if at + count < choke or count == 0:
            return np.concatenate(pieces)
        gain *= float(fade[count - 1])
        height += 20 / DECIBELS * np.log10(fade[count - 1])
        at += count
    fade = fades[True]
    count = max(0, min(int(len(fade) * max(0.0, height - _SILENT) / (1 - _SILENT)), len(sound) - at, len(fade)))
    pieces.append(sound[at : at + count] * (fade[:count] * np.float32(gain)))
    return np.concatenate(pieces)
