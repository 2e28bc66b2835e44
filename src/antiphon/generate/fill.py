"""Chorales with holes: any notes of a grid of voices open, filled by the order-agnostic model, without PyTorch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.generate.frames import FrameSnapshot, Ints, open_frames

NAME = "jsb16-fill"
"""The shipped model."""
REST = -1
OPEN = -2
"""A note to be written."""
BEAT = 4
MARGIN = 64
"""Sixteenths of context on either side of what is written."""
WINDOW = 256
"""Most sixteenths that the network sees at once."""


def fill(
    grid: Ints,
    mask: npt.NDArray[np.bool_] | None = None,
    *,
    seed: int,
    temperature: float = 0.9,
    passes: int = 48,
    model: FrameSnapshot | None = None,
) -> Ints:
    """Write the open notes of four voices, soprano, alto, tenor, bass.

    First every open note is drawn once, a few at a time and those first of which the model is surest; then blocks of ever
    fewer notes are opened and drawn anew (annealed Gibbs sampling, as in Coconet, Huang et al. 2017).

    Args:
      grid: [T, 4] sixteenths by voices, MIDI numbers, -1 a rest, -2 open; a sixteenth of the grid at index 0 is on a beat.
      mask: [T, 4], True where a note is open whatever the grid says.
      seed: the same seed and grid give the same notes.
      temperature: below 1 more likely, above 1 more daring.
      passes: looks of the network; more are better and slower.
      model: another snapshot of the kind "fill" than the shipped one.

    Returns:
      A new grid; what was given is unchanged.

    Raises:
      InputError: the grid has another shape, or notes outside of the model's alphabet.
      SnapshotError: the model is missing or damaged.
    """
    net = open_frames(NAME) if model is None else model
    notes = np.array(grid, dtype=np.int64)
    wanted = notes == OPEN if mask is None else (np.asarray(mask, dtype=bool) | (notes == OPEN))
    if notes.ndim != 2 or notes.shape[1] != 4 or wanted.shape != notes.shape:
        raise InputError(f"A grid to be filled has four voices a step; this one has the shape {notes.shape}.")
    lowest, highest = net.shape["lowest"], net.shape["highest"]
    given = notes[~wanted & (notes >= 0)]
    if len(given) and (given.min() < lowest or given.max() > highest):
        raise InputError(f"The model of four voices knows MIDI notes {lowest} to {highest}; the given notes go beyond.")
    if temperature <= 0:
        raise InputError(f"A temperature is above 0, not {temperature}.")
    notes[wanted] = REST
    if not wanted.any():
        return notes
    rng = np.random.default_rng([seed, 7])
    steps = np.flatnonzero(wanted.any(1))
    for begin in range(int(steps[0]) // BEAT * BEAT, int(steps[-1]) + 1, WINDOW - 2 * MARGIN):
        _fill_part(net, notes, wanted, begin, min(begin + WINDOW - 2 * MARGIN, len(notes)), rng, temperature, passes)
    return notes


def _fill_part(
    net: FrameSnapshot,
    notes: Ints,
    wanted: npt.NDArray[np.bool_],
    begin: int,
    stop: int,
    rng: np.random.Generator,
    temperature: float,
    passes: int,
) -> None:
    """Write the open notes of steps [begin, stop) in place; what comes later and is open stays unknown meanwhile."""
    first, last = max(0, begin - MARGIN) // BEAT * BEAT, min(len(notes), stop + MARGIN)
    part = notes[first:last]
    later = wanted[first:last].copy()
    later[: stop - first] = False
    here = wanted[first:last] & ~later
    here[: begin - first] = False
    if not here.any():
        return
    left = here.copy()
    count = int(here.sum())
    rounds = max(1, passes // 2)
    for i in range(rounds):
        logp = _look(net, part, left | later)
        drawn, sure = _draw(logp, rng, temperature, net.shape["lowest"])
        sure = np.where(left, sure + rng.gumbel(size=sure.shape), -np.inf)
        number = int(left.sum()) - count * (rounds - 1 - i) // rounds
        if number < 1:
            continue
        chosen = np.zeros(left.shape, bool)
        chosen.flat[np.argpartition(-sure.ravel(), number - 1)[:number]] = True
        part[chosen] = drawn[chosen]
        left &= ~chosen
    for i in range(passes - rounds):
        share = max(0.08, 0.6 * (1 - i / max(1, passes - rounds - 1)))
        again = here & (rng.random(here.shape) < share)
        logp = _look(net, part, again | later)
        drawn, _ = _draw(logp, rng, temperature * (1 - 0.5 * i / max(1, passes - rounds)), net.shape["lowest"])
        part[again] = drawn[again]


def _look(net: FrameSnapshot, notes: Ints, unknown: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Log-probabilities [T, 4, S]."""
    out: npt.NDArray[np.float64] = net.run(notes=notes[None], open=unknown[None].astype(np.int64))[0].astype(np.float64)
    return out


def _draw(
    logp: npt.NDArray[np.float64], rng: np.random.Generator, temperature: float, lowest: int
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """A draw for every place, as MIDI numbers, and how sure the model is there (its highest log-probability)."""
    symbols = (logp / temperature + rng.gumbel(size=logp.shape)).argmax(-1)
    return np.where(symbols == 0, REST, symbols + lowest - 1), logp.max(-1)


def open_cost(grid: Ints, *, orders: int = 8, seed: int = 0, model: FrameSnapshot | None = None) -> float:
    """Nats a note of a whole grid [T, 4], averaged over random orders of its notes (an estimate from so many places)."""
    net = open_frames(NAME) if model is None else model
    rng = np.random.default_rng([seed, 8])
    symbols = np.where(grid < 0, 0, grid - net.shape["lowest"] + 1)
    total = 0.0
    for _ in range(orders):
        unknown = np.zeros(grid.shape, bool)
        unknown.flat[rng.permutation(grid.size)[: int(rng.integers(1, grid.size + 1))]] = True
        logp = _look(net, grid, unknown)
        total += float(-np.take_along_axis(logp, symbols[..., None], axis=-1)[..., 0][unknown].mean())
    return total / orders
