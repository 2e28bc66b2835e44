"""Score -> sound: every part through an engine, placed in one room, mixed, and mastered to a loudness."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError, LimitError
from antiphon.music.beats import ticks_to_seconds
from antiphon.music.score import Score, Track
from antiphon.render.filters import Recursion, recurse
from antiphon.render.master import gain_curve
from antiphon.render.reverb import add_room
from antiphon.timbre.part import Part, Stereo
from antiphon.timbre.rack import choose

TAIL = 6.0
"""Seconds after the last note within which everything has died away, or is faded out."""
CEILING = -1.0
"""Highest true peak in dBTP."""
_QUIET = 10 ** (-66 / 20)
"""Where a tail lies this far below the mix's peak it has died away."""
_LOWEST = 12.0
"""Hertz below which there is no music, only offset."""
_MAX_STEM_SECONDS = 4 * 3600
"""Longest piece times its number of parts: beyond, the stems would not fit into memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A rendered piece.

    Attributes:
      mix: float32 [n_samples, 2], mastered; the sum of the stems.
      stems: name of the part -> float32 [n_samples, 2], under the same gain as the mix.
      rate: samples a second.
      engine: which engine played ("sampler" or "fluidsynth").
    """

    mix: Stereo
    stems: dict[str, Stereo]
    rate: int
    engine: str


class Place(NamedTuple):
    """Where a part sits in the mix: level in dB, pan -1 (left) to 1, and how much of the room it excites."""

    level: float
    pan: float
    room: float


def render(
    score: Score,
    *,
    soundfont: Path | None = None,
    engine: str = "auto",
    rate: int = 44100,
    loudness: float = -14.0,
) -> Recording:
    """Play a piece and master it.

    The same piece, SoundFont and engine give the same samples. "auto" plays through FluidSynth where it is installed and
    through the house's own sampler elsewhere; parts without notes give no stem.

    Args:
      soundfont: an .sf2 file; default the one that ANTIPHON_SOUNDFONT names, else the one that comes with the install.
      engine: "auto", "sampler" or "fluidsynth".
      rate: samples a second, 8000 to 192000.
      loudness: integrated loudness of the mix in LUFS, -40 to -6.

    Raises:
      InputError: the piece has no notes, no note of it sounds in this SoundFont, or an argument is out of range.
      LimitError: the piece is too long to be held in memory.
      FormatError: the SoundFont is damaged.
      OutputError: FluidSynth fails.
    """
    if not 8000 <= rate <= 192_000:
        raise InputError(f"The sample rate is {rate}; it must be 8000 to 192000.")
    if not -40 <= loudness <= -6:
        raise InputError(f"The loudness is {loudness:g} LUFS; it must be -40 to -6.")
    tracks = [t for t in score.tracks if len(t)]
    if not tracks:
        raise InputError("This piece has no notes, so there is nothing to hear.")
    end = float(ticks_to_seconds(score, score.end))
    if (end + TAIL) * len(tracks) > _MAX_STEM_SECONDS:
        raise LimitError(f"This piece lasts {end / 60:.0f} minutes in {len(tracks)} parts; that is too long to render.")
    player = choose(engine, soundfont, rate)
    n_samples = int((end + TAIL) * rate)
    with ThreadPoolExecutor(player.at_once) as pool:
        sounds = pool.map(lambda track: player.play(part_of(score, track), n_samples), tracks)
        places = zip(sounds, _names(tracks), _places(tracks), strict=True)
        stems: dict[str, Stereo] = {name: _placed(sound, place, rate) for sound, name, place in places}
    mix = _sum(stems)
    if not np.abs(mix).max() > 1e-6:
        raise InputError("No note of this piece sounds in this SoundFont; try another one.")
    n = _length(mix, end, rate)
    gain = gain_curve(mix[:n], rate, loudness, CEILING) * _ending(n, n == n_samples, rate)
    for sound in (mix, *stems.values()):
        sound.T[:, :n] *= gain
    return Recording(mix[:n], {name: stem[:n] for name, stem in stems.items()}, rate, player.name)


def _sum(stems: dict[str, Stereo]) -> Stereo:
    """The stems added up, channel by channel in memory."""
    first, *others = stems.values()
    total = first.copy(order="K")
    for stem in others:
        total += stem
    return total


def part_of(score: Score, track: Track) -> Part:
    """A track in seconds: a held pedal lengthens its notes, and a note ends where its own pitch is struck again."""
    notes = track.notes
    ends = notes["onset"].astype(np.int64) + notes["duration"]
    for onset, duration in track.pedals.tolist():
        ends[(ends >= onset) & (ends < onset + duration)] = onset + duration
    order = np.lexsort((notes["onset"], notes["pitch"]))
    onsets, pitches = notes["onset"][order].astype(np.int64), notes["pitch"][order]
    again = (np.diff(pitches) == 0) & (np.diff(onsets) > 0)
    cut = ends[order]
    cut[:-1][again] = np.minimum(cut[:-1], onsets[1:])[again]
    ends[order] = cut
    return Part(
        program=0 if track.is_drum else track.program,  # a drum track's program means nothing: the standard kit
        is_drum=track.is_drum,
        onset=ticks_to_seconds(score, notes["onset"]),
        end=ticks_to_seconds(score, ends),
        pitch=notes["pitch"].astype(np.int64),
        velocity=notes["velocity"].astype(np.int64),
    )


def _names(tracks: list[Track]) -> Iterator[str]:
    """A name of its own for every part."""
    used: set[str] = set()
    for i, track in enumerate(tracks, 1):
        base = track.name.strip() or ("drums" if track.is_drum else f"part {i}")
        name, copy = base, 1
        while name in used:
            copy += 1
            name = f"{base} {copy}"
        used.add(name)
        yield name


_LEADS = ("melody", "lead", "vocal", "voice", "solo", "soprano")
_BASSES = range(32, 40)


def _places(tracks: list[Track]) -> list[Place]:
    """A seat for every part: lead, bass and drums in the middle, the others spread to both sides and a little behind."""
    if len(tracks) == 1:
        return [Place(0.0, 0.0, 0.16)]
    places: list[Place] = []
    side = 1.0
    for track in tracks:
        name = track.name.lower()
        if track.is_drum:
            places.append(Place(-1.0, 0.0, 0.06))
        elif "bass" in name or track.program in _BASSES:
            places.append(Place(-1.0, 0.0, 0.04))
        elif any(word in name for word in _LEADS):
            places.append(Place(0.0, 0.0, 0.18))
        else:
            places.append(Place(-3.0, 0.3 * side, 0.2))
            side = -side * 1.3 if abs(side) < 1.8 else -side / 2
    return places


def _placed(sound: Stereo, place: Place, rate: int) -> Stereo:
    """A dry part at its level and place, with its share of the room; in place."""
    gain = 10 ** (place.level / 20)
    for channel in sound.T:
        _level_out(channel, rate)
    for channel, balance in zip(sound.T, (min(1.0, 1 - place.pan), min(1.0, 1 + place.pan)), strict=True):
        channel *= np.float32(balance * gain)
    add_room(sound.T, rate, place.room)
    return sound


def _level_out(channel: npt.NDArray[np.float32], rate: int) -> None:
    """Take away a constant offset that some fonts' loops have, in place: it would thump at every note and eat headroom."""
    block = rate // 20
    means = np.abs(channel[: len(channel) // block * block].reshape(-1, block).mean(axis=1))
    if means.max(initial=0) > 0.01 * np.abs(channel).max(initial=0):
        pole = float(np.exp(-2 * np.pi * _LOWEST / rate))
        channel[:] = recurse(channel, Recursion.biquad(((1 + pole) / 2, -(1 + pole) / 2, 0.0), (-pole, 0.0)))


def _length(mix: Stereo, end: float, rate: int) -> int:
    """Samples to keep: to where the tail has died away, and never less than the piece lasts."""
    block = rate // 50
    levels = np.abs(mix[: len(mix) // block * block].T).reshape(2, -1, block).max(axis=(0, 2))
    heard = np.flatnonzero(levels > levels.max() * _QUIET)
    return min(len(mix), max(int(end * rate), (int(heard[-1]) + 2) * block))


def _ending(n: int, still_sounding: bool, rate: int) -> npt.NDArray[np.float32]:
    """A fade over the last samples, [n]: 20 ms where the tail has died away by itself, else over half a second."""
    count = min(n, int(rate * (0.5 if still_sounding else 0.02)))
    fade = np.ones(n, dtype=np.float32)
    fade[n - count :] = np.cos(np.linspace(0, np.pi / 2, count)) ** 2
    return fade
