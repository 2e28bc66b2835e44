"""Recipes for the chorale benchmark: four voices on a sixteenth grid, exact likelihood, published split."""

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
from antiphon.models.frame_history import history
from antiphon.models.frame_voices import FrameVoices, VoicesConfig
from antiphon.recipes.frames import keep_best, windows
from antiphon.training.batches import batches
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.phase import Batch, Phase, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.schedule import warmup_cosine

Grid = npt.NDArray[np.int64]
"""Steps x voices, MIDI numbers, -1 a rest."""
Splits = Mapping[str, Sequence[Grid]]


@dataclass(frozen=True)
class VoicesRecipe:
    """Everything that makes a chorale model what it is."""

    name: str
    kind: str = "transformer"
    width: int = 192
    layers: int = 2
    heads: int = 4
    dropout: float = 0.4
    feature: int = 24
    hidden: int = 192
    order: tuple[int, ...] = (0, 3, 1, 2)
    lowest: int = 33
    highest: int = 84
    length: int = 256
    """Frames a window."""
    batch: int = 8
    steps: int = 480
    lr: float = 0.01
    """Of Muon, for hidden matrices."""
    adam_lr: float = 2e-3
    decay: float = 0.3
    average: float = 0.98
    transpose: bool = True
    reach: int = 0
    """Semitones by which a transposition may leave the range that a voice has in the training pieces."""
    missed: float = 0.1
    """Share of frames that the network does not hear in training."""
    keyless: float = 0.0
    """Share of windows in which the first bass, from which degrees are counted, is not told."""
    mixed: bool = True
    seed: int = 0
    evaluate_every: int = 60
    checkpoint_every: int = 100

    def tiny(self) -> VoicesRecipe:
        """The same in seconds: for tests and continuous integration."""
        made = replace(self, width=32, layers=1, heads=2, feature=8, hidden=32, length=32, batch=2)
        return replace(made, steps=8, evaluate_every=8, checkpoint_every=4)

    def config(self) -> VoicesConfig:
        """Shape of the network."""
        size = FrameConfig(self.kind, self.width, self.layers, self.heads, self.dropout, self.feature, self.hidden, self.missed)
        return VoicesConfig(self.lowest, self.highest, self.order, size)


def build(recipe: VoicesRecipe) -> FrameVoices:
    """The untrained model of a recipe."""
    torch.manual_seed(recipe.seed)
    return FrameVoices(recipe.config())


def symbols_of(grid: Grid, lowest: int) -> Grid:
    """MIDI numbers as symbols: 0 rest, 1 the lowest pitch."""
    return np.where(grid < 0, 0, grid - lowest + 1)


@dataclass(frozen=True)
class _Prepared:
    """A piece with its history, and by how much it may be transposed."""

    arrays: dict[str, npt.NDArray[np.int64]]
    shifts: npt.NDArray[np.int64]


SHIFTED = ("symbols", "prev", "before", "again", "whole", "first")
"""Arrays that hold symbols."""


def prepare(pieces: Sequence[Grid], recipe: VoicesRecipe) -> list[_Prepared]:
    """Histories of pieces; a transposition must leave each voice in the range that it has in these pieces."""
    low = np.array([min(int(p[p[:, v] >= 0, v].min()) for p in pieces) for v in range(pieces[0].shape[1])])
    high = np.array([max(int(p[:, v].max()) for p in pieces) for v in range(pieces[0].shape[1])])
    out = []
    for p in pieces:
        symbols = symbols_of(p, recipe.lowest)
        found = history(torch.from_numpy(symbols)[None], recipe.config().symbols)
        arrays = {k: v[0].numpy().copy() for k, v in found.items()} | {"symbols": symbols}
        bottom = np.array([p[p[:, v] >= 0, v].min() for v in range(p.shape[1])])
        fit = [
            k for k in range(-5, 7) if (bottom + k >= low - recipe.reach).all() and (p.max(0) + k <= high + recipe.reach).all()
        ]
        out.append(_Prepared(arrays, np.array(fit if recipe.transpose and fit else [0])))
    return out


def example_maker(
    recipe: VoicesRecipe, pieces: list[_Prepared]
) -> tuple[int, Callable[[int, np.random.Generator], dict[str, np.ndarray]]]:
    """How many windows an epoch has, and how to make one: somewhere in a piece, in some key."""
    lengths = [len(p.arrays["symbols"]) for p in pieces]
    owner = windows(lengths, recipe.length)
    nothing = recipe.config().symbols

    def make(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        piece = pieces[owner[index]]
        spare = lengths[owner[index]] - recipe.length
        begin = int(rng.integers(spare + 1)) if spare > 0 else 0
        by = int(rng.choice(piece.shifts))
        cut = {k: v[begin : begin + recipe.length] for k, v in piece.arrays.items()}
        for k in SHIFTED:
            cut[k] = np.where((cut[k] > 0) & (cut[k] < nothing), cut[k] + by, cut[k])
        if rng.random() < recipe.keyless:
            cut["first"] = np.full_like(cut["first"], nothing)
        return cut | {"weight": np.ones(len(cut["symbols"]), np.float32)}

    return len(owner), make


@torch.no_grad()
def evaluate(model: FrameVoices, pieces: Sequence[Grid]) -> dict[str, float]:
    """Exact likelihood of whole pieces: every note of every step, rests and the first step counted.

    Returns:
      nll: nats a note over all notes (micro average); macro: the mean over pieces of their nats a note.
    """
    was = model.training
    model.eval()
    total, count, each = 0.0, 0, []
    for piece in pieces:
        symbols = torch.from_numpy(symbols_of(piece, model.config.lowest))[None]
        nats = float(model.nll(history(symbols, model.config.symbols), symbols).double().sum())
        total, count = total + nats, count + piece.size
        each.append(nats / piece.size)
    model.train(was)
    return {"nll": total / count, "macro": float(np.mean(each))}


def run(recipe: VoicesRecipe, splits: Splits, folder: Path, progress: Hook | None = None) -> dict[str, float]:
    """Train (or resume) and validate; the averaged weights are what is validated and exported."""
    open_run(folder, asdict(recipe))
    model = build(recipe)
    model.train()
    average = Ema(model, recipe.average)
    count, make = example_maker(recipe, prepare(splits["train"], recipe))

    def loss(batch: Batch) -> dict[str, Tensor]:
        past = {k: v for k, v in batch.items() if k not in ("symbols", "weight")}
        with mixed_precision("cpu", recipe.mixed):
            nats = model.nll(past, batch["symbols"])
        weight = batch["weight"]
        return {"nll": (nats * weight[..., None]).sum() / (weight.sum() * nats.shape[-1])}

    phase = Phase("model", model, loss, muon(recipe.lr, recipe.adam_lr, recipe.decay), ema=average)

    def look(step: int, logged: dict[str, float]) -> None:
        kept = average.average
        assert isinstance(kept, FrameVoices)
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
