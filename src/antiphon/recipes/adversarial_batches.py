"""Examples for adversarial recipes: a window of rolls, and every random number that a step on it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from antiphon.errors import TrainingError
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.rolls_data import RollSet
from antiphon.representations.notelist import field_sizes, one_hot, to_notes
from antiphon.training.batches import batches

Example = dict[str, np.ndarray]
Maker = Callable[[int, np.random.Generator], Example]


def maker(recipe: GanRecipe, part: RollSet, noise: int) -> tuple[int, Maker]:
    """How many examples an epoch has, and how to make one.

    An example holds "cells" [n, R, 2, S, P] and "present" [R] (for "cycle": "a" and "b" instead, of a piece of either
    corpus), "noise" [z] and "other" [z], "between" [1], and the amounts of augmentation "shift" [1] and "keep" [R];
    for "sequence" also "events" [N, C] and "uniform" [N, C].

    Raises:
      TrainingError: a cycle needs pieces of two corpora, and one is missing.
    """
    if recipe.architecture == "cycle":
        return _pairs(recipe, part)

    def make(index: int, rng: np.random.Generator) -> Example:
        cells = part.cells(index)
        out = {"cells": cells, "present": part.mask(index)} | _chances(recipe, noise, rng)
        if recipe.architecture == "sequence":
            out["events"] = one_hot(to_notes(cells, recipe.rolls, recipe.notes), recipe.rolls)
            out["uniform"] = rng.random((recipe.notes, sum(field_sizes(recipe.rolls))), dtype=np.float32)
        return out

    return len(part.places), make


def both_sides(recipe: GanRecipe, part: RollSet) -> list[npt.NDArray[np.int64]]:
    """Indices of the windows of either style that a translator learns from.

    Raises:
      TrainingError: one of the two corpora is not named or has no window.
    """
    found = [part.windows_of(corpus) for corpus in recipe.corpora]
    if not all(recipe.corpora) or not all(map(len, found)):
        names = " and ".join(repr(corpus) for corpus in recipe.corpora)
        raise TrainingError(f"A translator learns, and is validated, on pieces of two corpora (or folders): {names}.")
    return found


def _pairs(recipe: GanRecipe, part: RollSet) -> tuple[int, Maker]:
    a, b = both_sides(recipe, part)

    def make(index: int, rng: np.random.Generator) -> Example:
        first, second = int(a[index]), int(b[rng.integers(len(b))])
        both = {"a": part.cells(first), "b": part.cells(second)}
        return both | {"present": np.ones(len(recipe.rolls.roles), np.float32)} | _chances(recipe, 1, rng)

    return len(a), make


def _chances(recipe: GanRecipe, noise: int, rng: np.random.Generator) -> Example:
    """Noise and amounts of augmentation of one example."""
    shift = int(rng.integers(-recipe.shift, recipe.shift + 1)) if rng.random() < recipe.shift_share else 0
    if rng.random() < recipe.octave_share:
        shift += 12 * int(rng.choice([-1, 1]))
    keep = np.ones(len(recipe.rolls.roles), np.float32)
    if len(keep) > 1 and rng.random() < recipe.drop_share:
        keep[rng.integers(len(keep))] = 0.0
    return {
        "noise": rng.standard_normal(noise, dtype=np.float32),
        "other": rng.standard_normal(noise, dtype=np.float32),
        "between": rng.random(1, dtype=np.float32),
        "shift": np.array([shift], np.float32),
        "keep": keep,
    }


def stream(recipe: GanRecipe, part: RollSet, noise: int, step: int, process: tuple[int, int]) -> Iterator[dict[str, Tensor]]:
    """Endless batches from a step on, each with its number as "step"."""
    count, make = maker(recipe, part, noise)
    for number, batch in enumerate(batches(count, make, recipe.batch, recipe.seed, step, process), start=step):
        yield batch | {"step": torch.tensor(number)}
