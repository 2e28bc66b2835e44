"""Grid recipes: the any-order line, from codec to trained and validated model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.generate.grid import rounds
from antiphon.models.grid import GridConfig, GridNetwork
from antiphon.recipes.grid_data import GridSet, PreparedGrid, drawn, example, prepare_grid
from antiphon.recipes.grid_lessons import Lessons, tiny_lessons
from antiphon.recipes.sequence import adopt
from antiphon.representations.grid import FEATURES, GLOBALS, SIZES, STEPS, GridSpec
from antiphon.representations.returns import SIGNS
from antiphon.training.batches import batches, collate
from antiphon.training.checkpoint import read_state
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.phase import Batch, Phase, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.schedule import warmup_cosine

EXAMINED = 160
"""Windows of the validation split that are read at each look."""


@dataclass(frozen=True)
class GridRecipe:
    """Everything that makes a grid model what it is."""

    name: str
    style: str
    spec: GridSpec
    base: str = ""
    """Recipe whose run this one goes on from; empty: from nothing."""
    width: int = 192
    heads: int = 6
    read_layers: int = 4
    ask_layers: int = 3
    hand: int = 256
    dropout: float = 0.1
    bars: int = 16
    """Bars of a window."""
    long_every: int = 4
    """Every so many steps windows are twice as long, and half as many (0: never)."""
    batch: int = 16
    steps: int = 4000
    lr: float = 0.01
    """Of Muon, for hidden matrices."""
    adam_lr: float = 3e-3
    ema: float = 0.998
    mixed: bool = True
    """Forward passes in bfloat16 where that is safe."""
    seed: int = 0
    lessons: Lessons | None = None
    """Lessons from a critic, in place of plain likelihood; `steps` are then those of each round."""
    log_every: int = 20
    evaluate_every: int = 250
    checkpoint_every: int = 100

    def tiny(self) -> GridRecipe:
        """The same in seconds: for tests and continuous integration."""
        return replace(
            self, width=16, heads=2, read_layers=1, ask_layers=1, hand=16, bars=4, batch=4, steps=6, log_every=2,
            evaluate_every=3, checkpoint_every=3, lessons=None if self.lessons is None else tiny_lessons(self.lessons),
        )  # fmt: skip


def build(recipe: GridRecipe) -> GridNetwork:
    """The untrained network of a recipe, the same for the same seed."""
    torch.manual_seed(recipe.seed)
    r, layers = recipe, (recipe.read_layers, recipe.ask_layers)
    return GridNetwork(
        GridConfig(SIZES, FEATURES, GLOBALS, r.spec.rows, STEPS, r.width, r.heads, *layers, r.hand, 4, r.dropout, SIGNS)
    )


def stream(recipe: GridRecipe, part: GridSet, step: int) -> Iterator[dict[str, Tensor]]:
    """Endless batches from a step on; every `long_every`-th of windows twice as long."""
    every = recipe.long_every
    turns = [(recipe.bars, recipe.batch)]
    if every and part.windows(2 * recipe.bars):
        turns.append((2 * recipe.bars, max(1, recipe.batch // 2)))
    long = sum(1 for s in range(step) if every and s % every == every - 1) if len(turns) > 1 else 0
    done = [step - long, long]
    feeds = []
    for (bars, size), at in zip(turns, done, strict=False):
        places = part.windows(bars)
        if not places:
            raise TrainingError(f"No piece has {bars} bars of 4/4 in a row; take a recipe of fewer bars.")

        def make(
            index: int, rng: np.random.Generator, places: list[tuple[int, int]] = places, bars: int = bars
        ) -> dict[str, np.ndarray]:
            piece, first = places[index]
            return drawn(part.pieces[piece], first, bars, rng)

        feeds.append(batches(len(places), make, size, recipe.seed, at))
    while True:
        yield next(feeds[1 if len(feeds) > 1 and step % every == every - 1 else 0])
        step += 1


def averaged_weights(run: Path) -> dict[str, Tensor]:
    """The averaged weights of a run's checkpoint, by name."""
    state: dict[str, Tensor] = read_state(run / "checkpoint.pt")["averages"]["model"]
    return {name.removeprefix("average."): value for name, value in state.items() if name.startswith("average.")}


def phases_of(recipe: GridRecipe, network: GridNetwork) -> tuple[list[Phase], Ema]:
    """Maximum likelihood, and the average of the weights."""
    ema = Ema(network, recipe.ema)

    def loss(batch: Batch) -> dict[str, Tensor]:
        with mixed_precision(batch["bar"].device.type, recipe.mixed):
            return {"nll": network(dict(batch)).mean()}

    return [Phase("model", network, loss, muon(recipe.lr, recipe.adam_lr), ema=ema)], ema


def examined(part: GridSet, bars: int) -> list[dict[str, np.ndarray]]:
    """Windows of a split, evenly spread, in the order in which takes are written, all known: always the same."""
    places = part.windows(bars)
    picked = [places[int(i)] for i in np.linspace(0, len(places) - 1, min(EXAMINED, len(places)))]
    out = []
    for at, first in picked:
        piece = part.pieces[at]
        rows = [r for r in range(len(piece.present)) if piece.present[r]]
        order = [cell for step in rounds(rows, [range(bars)] * len(rows), 1) for cell in step]
        known = piece.features[first : first + bars]
        out.append(example(piece, first, order, known, (1 + int(piece.minor), piece.tempo)))
    return out


@torch.no_grad()
def evaluate(
    network: GridNetwork, rows: list[dict[str, np.ndarray]], names: tuple[str, ...], device: str = "cpu"
) -> dict[str, float]:
    """Exact nats a note of windows: in all (harmony included), of each part, and how much windows differ in the first."""
    was = network.training
    network.eval()
    nats, notes = np.zeros(len(names) + 1), np.zeros(len(names) + 1)
    means: list[float] = []
    for at in range(0, len(rows), 16):
        batch = {k: v.to(device) for k, v in collate(rows[at : at + 16]).items()}
        each, cell = network.losses(batch)
        here, lost = cell.cpu().numpy(), each.double().cpu().numpy()
        row, count = batch["row"].cpu().numpy().astype(np.int64), batch["counts"].cpu().numpy().astype(np.float64)
        np.add.at(nats, (row.flatten() - 1)[here], lost)
        np.add.at(notes, row[row > 0] - 1, count[row > 0])
        total = np.bincount(here // row.shape[1], weights=lost, minlength=len(row))
        means += (total / np.maximum(1, (count * (row > 1)).sum(1))).tolist()
    network.train(was)
    out = {"nll_note": float(nats.sum() / max(1, notes[1:].sum())), "spread": float(np.std(means))}
    return out | {f"nll_{name}": float(n / max(1, k)) for name, n, k in zip(("harmony", *names), nats, notes, strict=True)}


def run(
    recipe: GridRecipe,
    pieces: Iterator[Piece],
    folder: Path,
    progress: Hook | None = None,
    device: str = "cpu",
    begin: Path | None = None,
) -> dict[str, float]:
    """Prepare, train (or resume) and validate; the run folder then holds all that the export needs.

    Args:
      begin: run of the recipe's base, whose averaged weights this one begins with.
    """
    open_run(folder, asdict(recipe))
    data: PreparedGrid = prepare_grid(pieces, recipe.spec)
    write_facts(folder, data.facts)
    network = build(recipe).to(device)
    if begin is not None and not (folder / "checkpoint.pt").is_file():
        adopt(network, averaged_weights(begin))
    network.train()
    phases, ema = phases_of(recipe, network)
    rows = examined(data.splits["valid"], recipe.bars)
    average = ema.average
    assert isinstance(average, GridNetwork)

    def look(step: int, logged: dict[str, float]) -> None:
        logged |= {f"valid/{k}": v for k, v in evaluate(average, rows, recipe.spec.roles, device).items()}

    budget = Budget(recipe.steps, recipe.log_every, recipe.evaluate_every, recipe.checkpoint_every)
    logged = train(
        phases, lambda step: stream(recipe, data.splits["train"], step), budget, folder,
        schedule=warmup_cosine, seed=recipe.seed, device=device, evaluate=look, progress=progress,
    )  # fmt: skip
    found = evaluate(average, rows, recipe.spec.roles, device)
    write_facts(folder, data.facts | {"typical": {"mean": -found["nll_note"], "std": found["spread"]}})
    return logged


def write_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Keep what the export will tell of the data."""
    (folder / "facts.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False))
