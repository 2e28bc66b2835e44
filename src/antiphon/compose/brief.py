"""What a person asks for, read from the words they typed and checked before any music is made."""

from __future__ import annotations

import math
import re
import secrets
from dataclasses import dataclass

from antiphon.errors import BriefError
from antiphon.music.harmony import Chord, Key, parse_chords, parse_key

DEFAULT_STYLE = "pop"
DEFAULT_TAKES = 3
MAX_TAKES = 64
MAX_SEED = 2**32 - 1
TEMPO_LIMITS = (20.0, 320.0)
SECONDS_LIMITS = (1.0, 3600.0)
TEMPERATURE_LIMITS = (0.1, 2.0)

Progression = tuple[tuple[Chord | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Mood:
    """What a mood means in music.

    Attributes:
      minor: mode of the key, where no key is asked for; None leaves the mode open.
      tempo: lowest and highest quarter notes a minute, where no tempo is asked for.
      dynamics: factor on all velocities.
      temperature: sampling temperature, where none is asked for.
    """

    minor: bool | None
    tempo: tuple[int, int]
    dynamics: float
    temperature: float


MOODS: dict[str, Mood] = {
    "angry": Mood(True, (138, 160), 1.25, 1.1),
    "bright": Mood(False, (100, 120), 1.05, 1.0),
    "calm": Mood(None, (60, 80), 0.8, 0.9),
    "dark": Mood(True, (66, 88), 0.95, 1.0),
    "dreamy": Mood(False, (66, 84), 0.8, 1.1),
    "energetic": Mood(None, (128, 152), 1.15, 1.05),
    "gentle": Mood(False, (72, 90), 0.75, 0.9),
    "happy": Mood(False, (112, 132), 1.05, 1.0),
    "playful": Mood(False, (116, 138), 1.0, 1.1),
    "sad": Mood(True, (60, 76), 0.85, 0.95),
    "solemn": Mood(True, (56, 70), 0.9, 0.85),
    "tense": Mood(True, (120, 144), 1.1, 1.1),
}
"""Mood -> its meaning; mode and tempo follow the common findings on music and emotion (minor and slow: sad; ...)."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The wishes, understood; None stands for "not asked".

    Attributes:
      style: a style by name; model: a snapshot by name or folder (instead of, or with, the style).
      bars, seconds: length; key, tempo (quarter notes a minute), meter, chords (one tuple a bar, repeated to fill
      the piece), mood (a name in MOODS), tracks (role names): what the music must be.
      seed: names the piece together with the model and the other wishes.
      takes: how many are written to choose from; temperature: how far each strays from the usual.

    Raises:
      BriefError: a value is out of its limits or contradicts another.
    """

    seed: int
    style: str | None = None
    model: str | None = None
    bars: int | None = None
    seconds: float | None = None
    key: Key | None = None
    tempo: float | None = None
    meter: tuple[int, int] | None = None
    chords: Progression | None = None
    mood: str | None = None
    tracks: tuple[str, ...] | None = None
    takes: int = DEFAULT_TAKES
    temperature: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MAX_SEED:
            raise BriefError(f"The seed must be 0 to {MAX_SEED}, not {self.seed}.")
        if not 1 <= self.takes <= MAX_TAKES:
            raise BriefError(f"The number of takes must be 1 to {MAX_TAKES}, not {self.takes}.")
        if self.bars is not None and self.bars < 1:
            raise BriefError(f"A piece needs at least one bar, not {self.bars}.")
        _within("length in seconds", self.seconds, SECONDS_LIMITS)
        _within("tempo", self.tempo, TEMPO_LIMITS)
        _within("temperature", self.temperature, TEMPERATURE_LIMITS)
        if self.mood is not None and self.mood not in MOODS:
            raise BriefError(f"There is no mood {self.mood!r}; available: {', '.join(MOODS)}.")
        if self.bars is not None and self.seconds is not None and self.tempo is not None:
            raise BriefError("Bars, seconds and tempo cannot all be asked for: two of them fix the third.")


def _within(what: str, value: float | None, limits: tuple[float, float]) -> None:
    low, high = limits
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise BriefError(f"The {what} must be {low:g} to {high:g}, not {value:g}.")


def parse_meter(text: str) -> tuple[int, int]:
    """Meter written "3/4" as (3, 4).

    Raises:
      BriefError: the text names no meter.
    """
    match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,2})\s*", text)
    if not match or not 1 <= int(match[1]) <= 255 or int(match[2]) not in (1, 2, 4, 8, 16, 32, 64):
        raise BriefError(f"{text!r} is not a meter; write for example 4/4, 3/4 or 6/8.")
    return int(match[1]), int(match[2])


def chords_text(chords: Progression) -> str:
    """A progression as a person types it: "Am | F G | C"."""
    return " | ".join(" ".join("N.C." if chord is None else str(chord) for chord in bar) for bar in chords)


def parse_tracks(text: str) -> tuple[str, ...]:
    """Role names separated by commas or blanks, as ("melody", "piano").

    Raises:
      BriefError: there is none, or one stands twice.
    """
    names = tuple(text.replace(",", " ").lower().split())
    if not names:
        raise BriefError("No track is named; write for example melody,piano.")
    if len(set(names)) < len(names):
        raise BriefError(f"A track is named twice in {text!r}.")
    return names


def new_seed() -> int:
    """A seed that nobody had before, short enough to be read aloud."""
    return secrets.randbelow(10**8)


def read_brief(
    *,
    seed: int | None = None,
    style: str | None = None,
    model: str | None = None,
    bars: int | None = None,
    seconds: float | None = None,
    key: str | None = None,
    tempo: float | None = None,
    meter: str | None = None,
    chords: str | None = None,
    mood: str | None = None,
    tracks: str | None = None,
    takes: int | None = None,
    temperature: float | None = None,
) -> Brief:
    """The Brief of wishes as a person types them; musical values are texts ("A minor", "6/8", "Am F | C G").

    Without a seed a new one is drawn: a new piece every time, which the seed in its manifest makes again.

    Raises:
      BriefError: a text cannot be understood, or a value is out of its limits.
    """
    return Brief(
        seed=new_seed() if seed is None else seed,
        style=style.strip().lower() if style is not None else None,
        model=model,
        bars=bars,
        seconds=seconds,
        key=parse_key(key) if key is not None else None,
        tempo=tempo,
        meter=parse_meter(meter) if meter is not None else None,
        chords=tuple(tuple(bar) for bar in parse_chords(chords)) if chords is not None else None,
        mood=mood.strip().lower() if mood is not None else None,
        tracks=parse_tracks(tracks) if tracks is not None else None,
        takes=DEFAULT_TAKES if takes is None else takes,
        temperature=temperature,
    )
