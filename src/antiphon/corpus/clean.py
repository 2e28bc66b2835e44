"""Cleaning: a piece becomes a piece fit for learning, or a refusal that says why not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal
from antiphon.music.beats import duration_seconds
from antiphon.music.edit import quantise
from antiphon.music.score import Score


@dataclass(frozen=True, slots=True)
class Limits:
    """What a piece must have, and may at most have, to be taken.

    Attributes:
      min_notes, max_notes: notes over all tracks.
      min_quarters, max_quarters: length in quarter notes.
      max_seconds: length in seconds.
      long_note: quarter notes beyond which a note's length is absurd; `max_long` is the share of such notes endured.
      min_qpm, max_qpm: bounds of every tempo mark.
      min_grid: least pull (see `grid_pull`) of the onsets towards any grid; asked only where a grid is asked for.
    """

    min_notes: int = 8
    max_notes: int = 100_000
    min_quarters: float = 4
    max_quarters: float = 20_000
    max_seconds: float = 4 * 3600
    long_note: float = 64
    max_long: float = 0.1
    min_qpm: float = 10
    max_qpm: float = 1000
    min_grid: float = 0.2


def grid_pull(score: Score) -> float:
    """How strongly onsets are drawn to a grid: 0 for none at all, 1 if all lie on one; the best of several grids.

    The length of the mean of exp(2 pi i phase), the phase of an onset being its place in a cell of a half, third, quarter
    or sixth of a quarter note: played but metrical music reaches 0.3 and more, music without beats about 1/sqrt(notes).
    """
    tracks = [t.notes["onset"] for t in score.tracks if len(t)]
    if not tracks:
        return 0.0
    onset = np.concatenate(tracks).astype(np.float64) / score.resolution
    return max(float(np.abs(np.exp(2j * np.pi * cells * onset).mean())) for cells in (2, 3, 4, 6))


def clean(piece: Piece, limits: Limits, grid: int | None = None) -> Outcome:
    """The piece without empty tracks, on the grid if one is asked for, or the reason why it is not fit.

    Args:
      piece: as read.
      limits: what is asked of it.
      grid: steps a quarter note to quantise to; None keeps all times.
    """
    score = piece.score
    if any(len(t) == 0 for t in score.tracks):
        score = score.with_tracks(t for t in score.tracks if len(t))
    trouble = _trouble(score, limits, grid is not None)
    if trouble is not None:
        return Refusal(piece.source, *trouble)
    if grid is not None:
        score = quantise(score, grid)
    return piece if score is piece.score else replace(piece, score=score)


def _trouble(score: Score, limits: Limits, needs_grid: bool) -> tuple[Cause, str] | None:
    """The first thing that is wrong with a piece."""
    count = score.note_count
    quarters = score.end / score.resolution
    tempos = [t.qpm for t in score.tempos]
    if count == 0:
        return Cause.NO_NOTES, ""
    if count < limits.min_notes:
        return Cause.FEW_NOTES, f"{count} notes; at least {limits.min_notes} are needed"
    if count > limits.max_notes:
        return Cause.LONG, f"{count:,} notes; at most {limits.max_notes:,} are taken"
    if quarters < limits.min_quarters:
        return Cause.SHORT, f"{quarters:.1f} quarter notes; at least {limits.min_quarters:g} are needed"
    if quarters > limits.max_quarters:
        return Cause.LONG, f"{quarters:,.0f} quarter notes; at most {limits.max_quarters:,.0f} are taken"
    if min(tempos) < limits.min_qpm or max(tempos) > limits.max_qpm:
        return Cause.ABSURD_TEMPO, f"tempo from {min(tempos):.1f} to {max(tempos):.1f} quarter notes a minute"
    if duration_seconds(score) > limits.max_seconds:
        return Cause.LONG, f"it lasts longer than {limits.max_seconds / 3600:.0f} hours"
    if len({pitch for t in score.tracks for pitch in np.unique(t.notes["pitch"]).tolist()}) < 2:
        return Cause.ONE_PITCH, ""
    long = sum(int((t.notes["duration"] > limits.long_note * score.resolution).sum()) for t in score.tracks)
    if long > limits.max_long * count:
        return Cause.ABSURD_DURATIONS, f"{long} of {count} notes last over {limits.long_note:g} quarter notes"
    if needs_grid and count >= 32 and grid_pull(score) < limits.min_grid:
        return Cause.NO_GRID, "the onsets follow no beat"
    return None
