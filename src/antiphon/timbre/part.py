"""Part: notes in seconds for one instrument, the value that every engine of this room plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Stereo = npt.NDArray[np.float32]
"""Samples of shape [n_samples, 2], left and right, full scale 1; best kept channel by channel in memory (order F)."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Notes of one instrument, times in seconds; a held pedal is already part of a note's end.

    Attributes:
      program: General MIDI program 0..127 (drums: number of the kit, 0 is the standard one).
      is_drum: True for a drum kit; pitches are then General MIDI drum keys.
      onset, end: float64 [n_notes]; end is when the key is let go, not when the sound has died away.
      pitch, velocity: int64 [n_notes].
    """

    program: int
    is_drum: bool
    onset: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.int64]
    velocity: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.onset)


class Engine(Protocol):
    """Anything that turns a Part into samples."""

    @property
    def name(self) -> str:
        """What the engine is called on the command line."""
        ...

    @property
    def at_once(self) -> int:
        """How many parts are best played at the same time: 1, or as many as there are cores."""
        ...

    def play(self, part: Part, n_samples: int) -> Stereo:
        """The part's dry sound, [n_samples, 2], cut where `n_samples` ends."""
        ...
