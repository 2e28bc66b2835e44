"""Recipes for the classic polyphonic sets: 88 keys a frame, exact likelihood, published split."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from antiphon.models.frame import FrameConfig
from antiphon.models.frame_keys import FrameKeys, KeysConfig, key_history
from antiphon.recipes.frames import keep_best, windows
from antiphon.training.batches import batches
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.phase import Batch, Phase, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.schedule import warmup_cosine

Grid = npt.NDArray[np.int64]
"""Frames x 88 keys, 0 or 1."""
Splits = Mapping[str, Sequence[Grid]]


@dataclass(frozen=True)
class KeysRecipe:
    """Everything that makes a model of one polyphonic set what it is."""

    name: str
    corpus: str
    """jsb, nottingham, piano or muse."""
    kind: str = "gru"
    width: int = 192
    layers: int = 1
    heads: int = 4
    dropout: float = 0.4
    feature: int = 16
    hidden: int = 192
    length: int = 128
    """Frames a window."""
    batch: int = 16
    steps: int = 400
    lr: float = 0.01
    adam_lr: float = 2e-3
    decay: float = 0.2
    average: float = 0.98
    transpose: int = 6
    """Semitones up and down by which a window may be moved."""
    mixed: bool = False
    seed: int = 0
    evaluate_every: int = 80
    checkpoint_every: int = 100

    def tiny(self) -> KeysRecipe:
        """The same in seconds: for tests and continuous integration."""
        made = replace(self, width=32, layers=1, heads=2, feature=8, hidden=32, length=16, batch=2)
        return replace(made, steps=8, evaluate_every=8, checkpoint_every=4)

    def config(self) -> KeysConfig:
        """Shape of the network."""
        size = FrameConfig(self.kind, self.width, self.layers, self.heads, self.dropout, self.feature, self.hidden)
        return KeysConfig(size)


def build(recipe: KeysRecipe) -> FrameKeys:
    """The untrained model of a recipe."""
    torch.manual_seed(recipe.seed)
    return FrameKeys(recipe.config())


ROLLS = ("rolls", "prev", "age", "whole", "upper")
"""Arrays whose last axis is the keys."""


@dataclass(frozen=True)
class _Prepared:
    """A sequence with its history, and by how much it may be transposed."""

    arrays: dict[str, npt.NDArray[np.generic]]
    shifts: npt.NDArray[np.int64]


def prepare(pieces: Sequence[Grid], recipe: KeysRecipe) -> list[_Prepared]:
    """Histories of sequences; a transposition must stay within the keys that these pieces use."""
    used = np.flatnonzero(sum(p.sum(0) for p in pieces))
    out = []
    for p in pieces:
        found = key_history(torch.from_numpy(p).float()[None])
        arrays: dict[str, npt.NDArray[np.generic]] = {"rolls": p.astype(np.uint8)}
        for k, v in found.items():
            arrays[k] = v[0].numpy().astype(np.uint8 if k in ROLLS else np.int64)
        own = np.flatnonzero(p.sum(0))
        low, high = (int(own[0]), int(own[-1])) if len(own) else (0, 0)
        shifts = [k for k in range(-recipe.transpose, recipe.transpose + 1) if low + k >= used[0] and high + k <= used[-1]]
        out.append(_Prepared(arrays, np.array(shifts or [0])))
    return out


def example_maker(
    recipe: KeysRecipe, pieces: list[_Prepared]
) -> tuple[int, Callable[[int, np.random.Generator], dict[str, np.ndarray]]]:
    """How many windows an epoch has, and how to make one: somewhere in a sequence, in some key."""
    lengths = [len(p.arrays["rolls"]) for p in pieces]
    owner = windows(lengths, recipe.length)

    def make(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        piece = pieces[owner[index]]
        spare = lengths[owner[index]] - recipe.length
        begin = int(rng.integers(spare + 1)) if spare > 0 else 0
        by = int(rng.choice(piece.shifts))
        cut: dict[str, np.ndarray] = {k: v[begin : begin + recipe.length] for k, v in piece.arrays.items()}
        for k in ROLLS:
            cut[k] = np.roll(cut[k], by, axis=1)
        first = cut["first"]
        cut["first"] = np.where(first < cut["rolls"].shape[1], np.clip(first + by, 0, cut["rolls"].shape[1] - 1), first)
        return cut | {"weight": np.ones(len(cut["rolls"]), np.float32)}

    return len(owner), make


@torch.no_grad()
def evaluate(model: FrameKeys, pieces: Sequence[Grid]) -> dict[str, float]:
    """Exact likelihood of whole sequences, the first frame counted.

    Returns:
      nll: nats a frame over all frames (micro average); macro: the mean over sequences of their nats a frame.
    """
    was = model.training
    model.eval()
    total, count, each = 0.0, 0, []
    for piece in pieces:
        rolls = torch.from_numpy(piece).float()[None]
        nats = float(model.nll(key_history(rolls), rolls).double().sum())
        total, count = total + nats, count + len(piece)
        each.append(nats / len(piece))
    model.train(was)
    return {"nll": total / count, "macro": float(np.mean(each))}


def run(recipe: KeysRecipe, splits: Splits, folder: Path, progress: Hook | None = None) -> dict[str, float]:
    """Train (or resume) and validate; the averaged weights are what is validated and exported."""
    open_run(folder, asdict(recipe))
    model = build(recipe)
    model.train()
    average = Ema(model, recipe.average)
    count, make = example_maker(recipe, prepare(splits["train"], recipe))

    def loss(batch: Batch) -> dict[str, Tensor]:
        past = {k: v for k, v in batch.items() if k not in ("rolls", "weight")}
        with mixed_precision("cpu", recipe.mixed):
            nats = model.nll(past, batch["rolls"])
        return {"nll": (nats * batch["weight"]).sum() / batch["weight"].sum()}

    phase = Phase("model", model, loss, muon(recipe.lr, recipe.adam_lr, recipe.decay), ema=average)

    def look(step: int, logged: dict[str, float]) -> None:
        kept = average.average
        assert isinstance(kept, FrameKeys)
        logged |= {f"valid/{k}": v for k, v in evaluate(kept, splits["valid"]).items()}
        keep_best(folder, kept, step, logged)

    def stream(step: int) -> Iterator[dict[str, Tensor]]:
        return batches(count, make, recipe.batch, recipe.seed, step)

    budget = Budget(recipe.steps, 20, recipe.evaluate_every, recipe.checkpoint_every)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # of norms in half precision
        return train(
            [phase], stream, budget, folder, schedule=warmup_cosine, seed=recipe.seed, evaluate=look, progress=progress
        )
