"""The critic of a grid model: a network that tells its takes from music, and so can choose among them.

Trained after its generator, on windows of real pieces against takes of the exported snapshot, by the relativistic loss with
both zero-centred penalties; it looks at rolls through the streams of models.gan.attention.

Legend: n bars of a window, R roles, S steps, P pitches.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.generate.grid import CRITIC_BARS, GridGenerator
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.snapshot import write_description
from antiphon.models.gan.attention import AttentionCritic
from antiphon.models.gan.rolls import RollShape
from antiphon.recipes.export import write_graph
from antiphon.recipes.grid_data import GridSet, PreparedGrid, prepare_grid
from antiphon.representations.grid import LOWEST, PITCHES, STEPS, rolls
from antiphon.training.adversarial import LOSSES, Adversary, penalties
from antiphon.training.augment import augment_rolls
from antiphon.training.batches import batches
from antiphon.training.loop import Budget, Hook, train
from antiphon.training.phase import Batch, Phase, adam
from antiphon.training.schedule import warmup_cosine

HELD = 8
"""One in so many takes is kept from the critic, to see if it tells new ones."""


@dataclass(frozen=True)
class CriticRecipe:
    """How a critic is trained."""

    takes: int = 640
    width: int = 64
    batch: int = 16
    steps: int = 600
    lr: float = 1e-3
    shift: int = 4
    """Real and made windows alike are moved by up to so many semitones."""
    adversary: Adversary = field(default_factory=lambda: Adversary("relativistic", r1=1.0, r2=1.0, penalty_every=4))
    seed: int = 0


def made(player: GridGenerator, count: int, first_seed: int) -> npt.NDArray[np.uint8]:
    """Rolls of takes of 16 bars, packed along the pitches [count, n, R, 2, S, P / 8]."""
    out = []
    for at in range(0, count, 32):
        seeds = range(first_seed + at, first_seed + min(count, at + 32))
        out += [np.packbits(player.rolls_of(cells), axis=-1) for cells in player.cells(Request(CRITIC_BARS), seeds)]
    return np.stack(out)


def real(part: GridSet, place: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Rolls of a real window."""
    piece, first = part.pieces[place[0]], place[1]
    rows = len(piece.present)
    cells = [[piece.cell(first + b, row) for row in range(rows)] for b in range(CRITIC_BARS)]
    return rolls(cells, rows - 1).astype(np.float32)


def unpacked(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Packed rolls as numbers."""
    return np.unpackbits(packed, axis=-1, count=PITCHES).astype(np.float32)


def stream(recipe: CriticRecipe, part: GridSet, takes: npt.NDArray[np.uint8], step: int) -> Iterator[dict[str, Tensor]]:
    """Endless batches of real and made windows from a step on."""
    places = part.windows(CRITIC_BARS)
    roles = takes.shape[2]

    def make(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {
            "cells": real(part, places[index]),
            "made": unpacked(takes[rng.integers(len(takes))]),
            "shift": np.array([rng.integers(-recipe.shift, recipe.shift + 1)], np.float32),
            "keep": np.ones(roles, np.float32),
        }

    for number, batch in enumerate(batches(len(places), make, recipe.batch, recipe.seed, step), start=step):
        yield batch | {"step": torch.tensor(number)}


def train_critic(
    recipe: CriticRecipe, data: PreparedGrid, takes: npt.NDArray[np.uint8], folder: Path, progress: Hook | None = None
) -> AttentionCritic:
    """Train a critic in a run folder (or go on there), on real windows against takes [N, n, R, 2, S, P / 8]."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))
    torch.manual_seed(recipe.seed)
    roles = takes.shape[2]
    critic = AttentionCritic(RollShape(CRITIC_BARS, roles, STEPS, PITCHES), recipe.width, lowest=LOWEST)
    loss_of, _ = LOSSES[recipe.adversary.loss]
    seen, unseen = takes[np.arange(len(takes)) % HELD > 0], takes[::HELD]

    def loss(batch: Batch) -> dict[str, Tensor]:
        true, fake = augment_rolls(batch["cells"], batch), augment_rolls(batch["made"], batch)

        def score(x: Tensor) -> Tensor:
            out: Tensor = critic(x, batch["keep"])
            return out

        terms = {"game": loss_of(score(true), score(fake))}
        return terms | penalties(recipe.adversary, score, true, fake, batch)

    part = data.splits["valid"]
    places = part.windows(CRITIC_BARS)
    chosen = np.random.default_rng(5).permutation(len(places))[: len(unseen)]
    windows = torch.from_numpy(np.stack([real(part, places[i]) for i in chosen]))
    others = torch.from_numpy(unpacked(unseen))

    @torch.no_grad()
    def look(step: int, logged: dict[str, float]) -> None:
        all_here = torch.ones(1, roles)
        a, b = (torch.cat([critic(x, all_here.expand(len(x), -1)) for x in torch.split(w, 16)]) for w in (windows, others))
        logged["unseen/right"] = float((a[:, None] > b[None]).float().mean())
        logged["unseen/real"], logged["unseen/made"], logged["unseen/spread"] = float(a.mean()), float(b.mean()), float(b.std())

    budget = Budget(recipe.steps, 20, 100, 100)
    train(
        [Phase("critic", critic, loss, adam(recipe.lr, (0.0, 0.99)), clip=5.0)],
        lambda step: stream(recipe, data.splits["train"], seen, step), budget, folder,
        schedule=warmup_cosine, seed=recipe.seed, evaluate=look, progress=progress,
    )  # fmt: skip
    return critic.eval()


class CriticGraph(nn.Module):
    """Rolls [B, n, R, 2, S, P] as bytes -> how much like music each looks, [B]."""

    def __init__(self, critic: AttentionCritic, roles: int) -> None:
        super().__init__()
        self.critic = critic
        self.here: Tensor
        self.register_buffer("here", torch.ones(1, roles))

    def forward(self, cells: Tensor) -> Tensor:
        """One number a window; more is more like music."""
        out: Tensor = self.critic(cells.float(), self.here.expand(cells.shape[0], -1))
        return out


def export_critic(critic: AttentionCritic, snapshot: Path) -> None:
    """Put a critic into the snapshot of its generator."""
    with torch.no_grad():
        for p in critic.parameters():
            p.copy_(p.half().float())
    shape = critic.shape
    sample = torch.zeros(2, *shape.cells, dtype=torch.uint8)
    graph = CriticGraph(critic, shape.roles)
    write_graph(graph, (sample,), ["cells"], ["score"], ({0: torch.export.Dim("b")},), snapshot / "critic.onnx")
    description = json.loads((snapshot / "snapshot.json").read_text())
    write_description(snapshot, {k: v for k, v in description.items() if k not in ("files", "format")})


def give_critic(
    snapshot: Path, pieces: Iterable[Piece], folder: Path, recipe: CriticRecipe | None = None, progress: Hook | None = None
) -> AttentionCritic:
    """Train a critic for an exported snapshot in a run folder, and put it into the snapshot.

    Raises:
      TrainingError: the snapshot is not that of a grid model.
    """
    chosen = recipe or CriticRecipe()
    player = load(str(snapshot))
    if not isinstance(player, GridGenerator):
        raise TrainingError(f"{snapshot} is no grid model; only these are given a critic.")
    player.tries = 1
    critic = train_critic(chosen, prepare_grid(pieces, player.spec), made(player, chosen.takes, 10**6), folder, progress)
    export_critic(critic, snapshot)
    return critic
