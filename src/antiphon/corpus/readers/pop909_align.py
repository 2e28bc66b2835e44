"""Where POP909's labels lie in its notes: constant shifts between irregular bars, found by dynamic programming."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

REACH = 80
"""How far, in sixteenths, the shift may wander from the one that most notes agree on: five bars of 4/4."""
NEAR = 0.6
"""Worth of a note that matches one sixteenth off: the labels were quantised apart from the notes."""
JUMP, ODD_JUMP = 4.0, 9.0
"""Cost, in matched notes, of a change of shift by whole beats and by anything else."""

Pairs = list[tuple[int, int]]


class Stretch(NamedTuple):
    """Labels from time `start` on (sixteenths) stand `shift` sixteenths later than the notes they belong to.

    note time + shift = label time; `first` and `last` are the label times of the stretch's outermost melody notes.
    """

    shift: int
    first: int
    last: int


class Alignment(NamedTuple):
    """How the labels lie: the stretches in order, and the share of melody notes that fit them (exactly, nearly)."""

    stretches: tuple[Stretch, ...]
    exact: float
    near: float


def votes(notes: Pairs, labels: Pairs) -> dict[int, int]:
    """Shift -> number of (note, label) pairs of one pitch that it brings together."""
    mine, theirs = np.array(notes, dtype=np.int64), np.array(labels, dtype=np.int64)
    gaps = theirs[None, :, 0] - mine[:, None, 0]
    shifts, counts = np.unique(gaps[theirs[None, :, 1] == mine[:, None, 1]], return_counts=True)
    return dict(zip(shifts.tolist(), counts.tolist(), strict=True))


def _emissions(notes: Pairs, labels: Pairs, centre: int) -> npt.NDArray[np.float64]:
    """Fit [note, shift] of every note under every shift centre-REACH..centre+REACH: 1 exact, NEAR one off, else 0."""
    span = max(labels[-1][0], notes[-1][0] + abs(centre)) + 2 * REACH + 4
    roll = np.zeros((128, 2 * span), dtype=bool)
    for at, pitch in labels:
        roll[pitch, at + span] = True
    near = roll.copy()
    near[:, 1:] |= roll[:, :-1]
    near[:, :-1] |= roll[:, 1:]
    row = np.array([p for _, p in notes])[:, None]
    column = np.array([t for t, _ in notes])[:, None] + np.arange(centre - REACH, centre + REACH + 1)[None, :] + span
    column = np.clip(column, 0, 2 * span - 1)
    return np.asarray(np.where(roll[row, column], 1.0, np.where(near[row, column], NEAR, 0.0)))


def align(notes: Pairs, labels: Pairs) -> Alignment | None:
    """Shifts that bring the notes onto the labels; None where nothing agrees.

    Args:
      notes, labels: (onset in sixteenths, pitch), in order of onset.
    """
    counted = votes(notes, labels)
    if not counted:
        return None
    centre = max(counted, key=lambda k: counted[k] + 0.5 * (counted.get(k - 1, 0) + counted.get(k + 1, 0)))
    fit = _emissions(notes, labels, centre)
    count = len(fit)
    steady = int(np.argmax(fit.sum(axis=0)))
    lost = count - float(fit[:, steady].sum())
    path = np.full(count, steady) if lost <= JUMP else _best_path(fit)  # no change can win back more than is lost
    chosen = fit[np.arange(count), path]
    return Alignment(_stretches(notes, path + centre - REACH, chosen), float(np.mean(chosen == 1)), float(np.mean(chosen > 0)))


def _best_path(fit: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Shift index of every note on the path that fits most notes, less the costs of changing (Viterbi)."""
    count, states = fit.shape
    table = np.pad(fit, ((0, 0), (0, -states % 4)), constant_values=-np.inf).reshape(count, -1, 4)
    own = np.arange(table[0].size).reshape(-1, 4)  # rows: whole beats; columns: sixteenths off the beat
    back = np.zeros(table.shape, dtype=np.int32)
    score = table[0]
    for t in range(1, count):
        row = score.argmax(axis=0)
        of_column = 4 * row + own[0]
        value = score[row, own[0]] - JUMP
        anywhere = int(score.argmax())
        odd = float(score.flat[anywhere]) - ODD_JUMP
        of_column = np.where(odd > value, anywhere, of_column)
        value = np.maximum(value, odd)
        back[t] = np.where(score >= value, own, of_column)
        score = np.maximum(score, value) + table[t]
    back = back.reshape(count, -1)
    path = np.empty(count, dtype=np.int64)
    path[-1] = int(np.argmax(score))
    for t in range(count - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


def _stretches(notes: Pairs, shifts: npt.NDArray[np.int64], fit: npt.NDArray[np.float64]) -> tuple[Stretch, ...]:
    """Runs of one shift, bounded by the label times of the notes in them that do fit."""
    runs: list[Stretch] = []
    for (onset, _), shift, worth in zip(notes, shifts.tolist(), fit.tolist(), strict=True):
        at = onset + shift
        if runs and runs[-1].shift == shift:
            if worth:
                runs[-1] = runs[-1]._replace(last=at)
        else:
            runs.append(Stretch(shift, at, at))
    return tuple(runs)
