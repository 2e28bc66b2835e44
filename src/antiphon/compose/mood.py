"""Moods: what a word, or a place in the plane of valence and arousal, means in music."""

from __future__ import annotations

from dataclasses import dataclass

NEUTRAL = 0.05
"""So near to the middle a valence leaves the mode open."""


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


def feeling(valence: float | None, arousal: float | None) -> Mood:
    """The mood at a place of the plane: low valence is minor, high major; arousal raises tempo, loudness and temperature.

    Args:
      valence: 0 (dark) to 1 (bright), 0.5 neutral; None leaves the mode open.
      arousal: 0 (still) to 1 (driven), 0.5 neutral; None stands for neutral.
    """
    minor = None if valence is None or abs(valence - 0.5) <= NEUTRAL else valence < 0.5
    driven = 0.5 if arousal is None else arousal
    centre = round(60 + 84 * driven)
    return Mood(minor, (centre - 8, centre + 8), round(0.75 + 0.5 * driven, 3), round(0.9 + 0.2 * driven, 3))
