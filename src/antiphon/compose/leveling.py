"""A piece brought to a rhythmic intensity and a polyphony, its melody's contour and its harmony kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from antiphon.compose.fit import Bar
from antiphon.compose.heard import chords_of
from antiphon.compose.levels import Grid, onsets_for, polyphony, rhythmic_intensity, steps_for
from antiphon.compose.levels_rhythm import set_onsets
from antiphon.compose.levels_sheet import Row, Sheet
from antiphon.compose.levels_voices import set_voices
from antiphon.music.score import Score

PASSES = 4
NEAR = 0.01
"""Further passes are made while the mean is off by a larger share of what is asked."""


def leveled(
    score: Score,
    bars: Sequence[Bar],
    free: Collection[int],
    opened: Sequence[int],
    intensity: Sequence[float] | None = None,
    voices: Sequence[float] | None = None,
) -> Score:
    """The piece with its open bars as busy and as thick as asked; an attribute that is not asked for stays as it was.

    Args:
      score: a piece with at least one pitched note; bars: its bars.
      free: places of the tracks that may change; opened: bars that may, in order.
      intensity: share of the sixteenths on which a note begins: the mean of the open bars, or several numbers in time.
      voices: mean number of notes that sound, alike.
    """
    asked, chords, grid = voices, chords_of(score), Grid.of(bars, score.resolution)
    made = score
    for _ in range(PASSES):  # bars that cannot follow are made up for by the others
        made = _once(Sheet(score, bars, free, opened, chords), opened, intensity, asked)
        if voices is None or asked is None or len(voices) > 1:
            break
        here = polyphony(made, grid)[list(opened)]
        mean = float(here[here > 0].mean()) if (here > 0).any() else voices[0]
        if abs(mean - voices[0]) <= NEAR * voices[0]:
            break
        asked = [min(4 * voices[0], max(voices[0] / 4, asked[0] * voices[0] / mean))]
    return made


def _once(sheet: Sheet, opened: Sequence[int], intensity: Sequence[float] | None, voices: Sequence[float] | None) -> Score:
    """One pass over the bars in their order."""
    busy, thick = rhythmic_intensity(sheet.score, sheet.grid), polyphony(sheet.score, sheet.grid)
    which = np.array(opened, dtype=np.int64)
    counts = sheet.grid.counts[which]
    onsets = None if intensity is None else onsets_for(intensity, busy[which], counts)
    steps = np.rint(thick[which] * counts) if voices is None else steps_for(voices, thick[which], counts)
    held: list[Row] = []
    at = {bar: i for i, bar in enumerate(opened)}
    for bar in range(len(sheet.rows)):
        start, _ = sheet.span(bar)
        held = [row for row in held if row.last > start]
        if bar in at:
            if onsets is not None:
                set_onsets(sheet, bar, int(onsets[at[bar]]))
                held = [row for row in held if row.last > start]
            set_voices(sheet, bar, int(steps[at[bar]]), held)
        held += sheet.rows[bar]
    return sheet.result()
