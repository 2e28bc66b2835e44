"""Where POP909's labels lie in its notes: constant shifts between irregular bars, found by dynamic programming."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

REACH = 80
"""How far, in sixteenths, the shift may wander from the one that most notes agree on: five bars of 4/4."""
NEAR = 0.6
"""Worth of a note that matches one sixteenth off: the labels were quantised apart from the notes."""
BLOCK = 2
"""Notes that the search moves on by at a time."""
JUMP, ODD_JUMP = 4.0, 9.0
"""Cost, in matched notes, of a change of shift by whole beats and by anything else."""

Pairs = list[tuple[int, int]]
Points = npt.NDArray[np.int64]


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


def votes(notes: Points, labels: Points) -> tuple[Points, int]:
    """How many (note, label) pairs of one pitch each shift brings together: counts, and the shift of the first count."""
    same = labels[None, :, 1] == notes[:, None, 1]
    gaps = (labels[None, :, 0] - notes[:, None, 0])[same]
    if len(gaps) == 0:
        return np.zeros(0, dtype=np.int64), 0
    least = int(gaps.min())
    return np.bincount(gaps - least), least


def _emissions(notes: Points, labels: Points, centre: int) -> npt.NDArray[np.float64]:
    """Fit [note, shift] of every note under every shift centre-REACH..centre+REACH: 1 exact, NEAR one off, else 0."""
    low = centre - REACH + int(notes[0, 0]) - 2
    high = int(max(labels[-1, 0], notes[-1, 0] + centre + REACH)) + 2
    worth = np.zeros((128, high - low + 1))
    labels = labels[labels[:, 0] >= low + 1]
    for off, value in ((-1, NEAR), (1, NEAR), (0, 1.0)):
        worth[labels[:, 1], labels[:, 0] + off - low] = value
    windows = np.lib.stride_tricks.sliding_window_view(worth, 2 * REACH + 1, axis=1)
    return np.asarray(windows[notes[:, 1], notes[:, 0] + centre - REACH - low])


def align(notes: Pairs | Points, labels: Pairs | Points) -> Alignment | None:
    """Shifts that bring the notes onto the labels; None where nothing agrees.

    Args:
      notes, labels: (onset in sixteenths, pitch), in order of onset.
    """
    mine, theirs = np.array(notes, dtype=np.int64).reshape(-1, 2), np.array(labels, dtype=np.int64).reshape(-1, 2)
    counted, least = votes(mine, theirs)
    if len(counted) == 0:
        return None
    blurred = counted + 0.5 * (np.append(counted[1:], 0) + np.append(0, counted[:-1]))
    centre = least + int(np.argmax(blurred))
    fit = _emissions(mine, theirs, centre)
    steady = int(np.argmax(fit.sum(axis=0)))
    path = np.full(len(fit), steady)
    if len(fit) - fit[:, steady].sum() > JUMP:  # else no change of shift can win back what it costs
        lead = np.cumsum(fit - fit[:, steady : steady + 1], axis=0)
        gain = (lead - np.minimum(np.minimum.accumulate(lead, axis=0), 0)).max(axis=0)
        states = np.flatnonzero(gain > JUMP)  # those that over some run of notes win back what a change costs
        if len(states):
            states = np.sort(np.append(states, steady))
            path = states[_best_path(fit[:, states], states)]
    chosen = fit[np.arange(len(fit)), path]
    return Alignment(_stretches(mine, path + centre - REACH, chosen), float(np.mean(chosen == 1)), float(np.mean(chosen > 0)))


def _best_path(fit: npt.NDArray[np.float64], shifts: Points) -> Points:
    """State of every note on the path that fits most notes, less the costs of changing.

    Viterbi over blocks of BLOCK notes; then every change slides, by a block at most, to the note where it fits best.
    """
    apart = np.abs(shifts[:, None] - shifts[None, :])
    cost = np.where(apart == 0, 0.0, np.where(apart % 4 == 0, JUMP, ODD_JUMP))
    blocks = np.add.reduceat(fit, np.arange(0, len(fit), BLOCK), axis=0)
    back = np.zeros(blocks.shape, dtype=np.int64)
    score = blocks[0]
    for t in range(1, len(blocks)):
        arriving = score[:, None] - cost
        back[t] = arriving.argmax(axis=0)
        score = arriving.max(axis=0) + blocks[t]
    state = int(np.argmax(score))
    path = np.empty(len(fit), dtype=np.int64)
    for t in range(len(blocks) - 1, -1, -1):
        path[t * BLOCK : (t + 1) * BLOCK] = state
        state = int(back[t, state])
    for change in (np.flatnonzero(np.diff(path)) + 1).tolist():
        before, after = int(path[change - 1]), int(path[change])
        low, high = max(0, change - BLOCK), min(len(fit), change + BLOCK)
        won = np.cumsum(np.append(0.0, fit[low:high, before] - fit[low:high, after]))
        path[low : low + int(np.argmax(won))] = before
        path[low + int(np.argmax(won)) : high] = after
    return path


def _stretches(notes: Points, shifts: Points, fit: npt.NDArray[np.float64]) -> tuple[Stretch, ...]:
    """Runs of one shift, bounded by the label times of the notes in them that do fit."""
    starts = np.flatnonzero(np.append(True, np.diff(shifts) != 0)).tolist()
    at = notes[:, 0] + shifts
    runs = []
    for start, end in pairwise([*starts, len(notes)]):
        fitting = at[start:end][fit[start:end] > 0]
        times = fitting if len(fitting) else at[start:end]
        runs.append(Stretch(int(shifts[start]), int(times[0]), int(times[-1])))
    return tuple(runs)
