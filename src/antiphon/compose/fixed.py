"""What the user has fixed and no finishing step may touch: whole tracks, stretches of bars, single notes, the tempo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.beats import bar_starts
from antiphon.music.score import NoteArray, Score

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A mask over a score; a note is fixed if any of the fields says so.

    Attributes:
      tracks: names of tracks that stay as they are.
      bars: (first, last) bars, counted from 1, last included; notes that begin there stay.
      notes: for each track of the score, by its place, a mask of its notes (None: no note of that track).
      tempo: whether the tempo map stays, so that the piece keeps its seconds.
    """

    tracks: tuple[str, ...] = ()
    bars: tuple[tuple[int, int], ...] = ()
    notes: tuple[BoolArray | None, ...] = ()
    tempo: bool = False


def fixed_notes(score: Score, fixed: Fixed | None) -> list[BoolArray]:
    """For each track a mask of the notes that may not be touched.

    Raises:
      InputError: a track that the score does not have is named, a bar lies before the first, or a mask does not fit.
    """
    masks: list[BoolArray] = [np.zeros(len(track), dtype=bool) for track in score.tracks]
    if fixed is None:
        return masks
    names = [track.name for track in score.tracks]
    for name in fixed.tracks:
        if name not in names:
            raise InputError(f"There is no track {name!r} to keep as it is; the piece has {', '.join(names) or 'none'}.")
    starts = np.array([*bar_starts(score), score.end])
    for first, last in fixed.bars:
        if not 1 <= first <= last:
            raise InputError(f"Bars {first} to {last} cannot be kept: bars are counted from 1, the first before the last.")
    if fixed.notes and len(fixed.notes) != len(names):
        raise InputError(f"Masks are given for {len(fixed.notes)} tracks, but the piece has {len(names)}.")
    for i, track in enumerate(score.tracks):
        masks[i] |= track.name in fixed.tracks
        bar = np.searchsorted(starts, track.notes["onset"], side="right")
        for first, last in fixed.bars:
            masks[i] |= (bar >= first) & (bar <= last)
        mask = fixed.notes[i] if fixed.notes else None
        if mask is not None:
            if mask.shape != (len(track),):
                raise InputError(f"The mask of track {track.name!r} has {mask.size} entries for {len(track)} notes.")
            masks[i] |= mask
    return masks


def note_ends(notes: NoteArray) -> npt.NDArray[np.int64]:
    """Ticks at which the notes end."""
    return np.asarray(notes["onset"].astype(np.int64) + notes["duration"])
