"""Recipe for filling chorales: any notes of four voices given, the others written; trained on random and on musical masks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from antiphon.models.frame import FrameConfig
from antiphon.models.frame_fill import FrameFill, neighbours
from antiphon.models.frame_voices import VoicesConfig
from antiphon.recipes.frames import keep_best, windows
from antiphon.recipes.jsb16 import Grid, Splits, symbols_of
from antiphon.training.batches import batches
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.phase import Batch, Phase, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.schedule import warmup_cosine

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FillRecipe:
    """Everything that makes a filling model what it is."""

    name: str
    width: int = 160
    layers: int = 3
    heads: int = 4
    dropout: float = 0.2
    feature: int = 24
    hidden: int = 160
    lowest: int = 33
    highest: int = 84
    length: int = 160
    """Frames a window."""
    batch: int = 12
    steps: int = 600
    lr: float = 0.01
    adam_lr: float = 2e-3
    decay: float = 0.1
    average: float = 0.98
    mixed: bool = True
    seed: int = 0
    evaluate_every: int = 100
    checkpoint_every: int = 100
    kind: str = "fill"

    def tiny(self) -> FillRecipe:
        """The same in seconds: for tests and continuous integration."""
        made = replace(self, width=32, layers=1, heads=2, feature=8, hidden=32, length=32, batch=2)
        return replace(made, steps=8, evaluate_every=8, checkpoint_every=4)

    def config(self) -> VoicesConfig:
        """Shape of the network."""
        size = FrameConfig("transformer", self.width, self.layers, self.heads, self.dropout, self.feature, self.hidden)
        return VoicesConfig(self.lowest, self.highest, (0, 1, 2, 3), size)


def build(recipe: FillRecipe) -> FrameFill:
    """The untrained model of a recipe."""
    torch.manual_seed(recipe.seed)
    return FrameFill(recipe.config())


def orderless(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """A mask as it stands somewhere in a random order of all notes: any number of them open, 1 to all, alike likely."""
    size = shape[0] * shape[1]
    mask = np.zeros(size, bool)
    mask[rng.permutation(size)[: int(rng.integers(1, size + 1))]] = True
    return mask.reshape(shape)


def musical(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """A mask as people ask for it: some voices, some beats, or both, of which a random share may be known already."""
    frames, voices = shape
    mask = np.zeros(shape, bool)
    which = rng.random(voices) < 0.5
    if not which.any() or rng.random() < 0.4:
        which[:] = True
    begin = 4 * int(rng.integers(0, max(1, frames // 4)))
    stop = min(frames, begin + 4 * int(rng.integers(2, 17)))
    if rng.random() < 0.5 and not which.all():
        begin, stop = 0, frames
    mask[begin:stop, which] = True
    if rng.random() < 0.7:
        mask &= rng.random(shape) < rng.random()
    if not mask.any():
        mask[begin, which] = True
    return mask


def example_maker(
    recipe: FillRecipe, pieces: Sequence[Grid]
) -> tuple[int, Callable[[int, np.random.Generator], dict[str, np.ndarray]]]:
    """How many windows an epoch has, and how to make one: somewhere in a piece, in some key, with some notes open."""
    voices = range(pieces[0].shape[1])
    low = np.array([min(int(p[p[:, v] >= 0, v].min()) for p in pieces) for v in voices])
    high = np.array([max(int(p[:, v].max()) for p in pieces) for v in voices])
    owner = windows([len(p) for p in pieces], recipe.length)

    def make(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        piece = pieces[owner[index]]
        bottom = np.array([piece[piece[:, v] >= 0, v].min() for v in voices])
        fit = [k for k in range(-5, 7) if (bottom + k >= low).all() and (piece.max(0) + k <= high).all()]
        spare = len(piece) - recipe.length
        begin = int(rng.integers(spare + 1)) if spare > 0 else 0
        cut = piece[begin : begin + recipe.length]
        cut = np.where(cut >= 0, cut + (int(rng.choice(fit)) if fit else 0), cut)
        mask = (orderless if rng.random() < 0.5 else musical)((len(cut), len(voices)), rng)
        clock = np.arange(begin, begin + len(cut))
        # what a batch pads with zeros is neither given nor open
        asked = {"open": mask.astype(np.int64), "given": (~mask).astype(np.int64)}
        return {"symbols": symbols_of(cut, recipe.lowest), "clock": clock} | asked

    return len(owner), make


@torch.no_grad()
def evaluate(model: FrameFill, pieces: Sequence[Grid], draws: int = 8, seed: int = 0) -> dict[str, float]:
    """What a note costs on average over random orders of all notes of a piece, and when all but it are given.

    The first is an unbiased estimate from `draws` masks a piece: for a random place in a random order, the mean over the
    notes still open. The second opens one note in sixteen at a time, and so is a little pessimistic.

    Returns:
      nll: nats a note over random orders; pseudo: nats a note, nearly all others given.
    """
    was = model.training
    model.eval()
    rng = np.random.default_rng(seed)
    total = [0.0, 0.0]
    count = [0, 0]
    for piece in pieces:
        symbols = torch.from_numpy(symbols_of(piece, model.config.lowest))[None].expand(draws, -1, -1)
        clock = torch.arange(len(piece)).expand(draws, -1)
        sparse = [rng.random(piece.shape) < 1 / 16 for _ in range(draws)]
        for i, masks in enumerate(([orderless(piece.shape, rng) for _ in range(draws)], sparse)):
            mask = torch.from_numpy(np.stack(masks))
            given = ~mask
            logp = model(symbols, given, neighbours(symbols, given, model.config.symbols), clock)
            nats = -logp.gather(-1, symbols[..., None])[..., 0].double()
            each = (nats * mask).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)
            total[i] += float(each.mean()) * piece.size
            count[i] += piece.size
    model.train(was)
    return {"nll": total[0] / count[0], "pseudo": total[1] / count[1]}


def run(recipe: FillRecipe, splits: Splits, folder: Path, progress: Hook | None = None) -> dict[str, float]:
    """Train (or resume) and validate; the averaged weights are what is validated and exported."""
    open_run(folder, asdict(recipe))
    model = build(recipe)
    model.train()
    average = Ema(model, recipe.average)
    count, make = example_maker(recipe, splits["train"])
    nothing = recipe.config().symbols

    def loss(batch: Batch) -> dict[str, Tensor]:
        symbols, mask, given = batch["symbols"], batch["open"] > 0, batch["given"] > 0
        near = neighbours(symbols, given, nothing)
        with mixed_precision("cpu", recipe.mixed):
            logp = model(symbols, given, near, batch["clock"])
        nats = -logp.gather(-1, symbols[..., None])[..., 0]
        # each window counts alike, however much of it is open: the mean over a random order of its notes
        return {"nll": ((nats * mask).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)).mean()}

    phase = Phase("model", model, loss, muon(recipe.lr, recipe.adam_lr, recipe.decay), ema=average)

    def look(step: int, logged: dict[str, float]) -> None:
        kept = average.average
        assert isinstance(kept, FrameFill)
        logged |= {f"valid/{k}": v for k, v in evaluate(kept, splits["valid"][::4], 4).items()}
        keep_best(folder, kept, step, logged)

    def stream(step: int) -> Iterator[dict[str, Tensor]]:
        return batches(count, make, recipe.batch, recipe.seed, step)

    budget = Budget(recipe.steps, 20, recipe.evaluate_every, recipe.checkpoint_every)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # of norms in half precision
        return train(
            [phase], stream, budget, folder, schedule=warmup_cosine, seed=recipe.seed, evaluate=look, progress=progress
        )
