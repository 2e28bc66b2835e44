"""The rows of the GAN table: which architecture meets which objective, how a row is trained, and how any model is judged.

Every row has the same data, steps, batch and seed; a step is one of the critic's (a Wasserstein generator moves in each fifth).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from antiphon.corpus.piece import Piece
from antiphon.evaluate.compare import compare
from antiphon.evaluate.originality import Index
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.rolls import RollGenerator
from antiphon.music.beats import bar_starts
from antiphon.music.edit import cut
from antiphon.music.score import Score
from antiphon.recipes import adversarial_run, runs
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.catalog import find
from antiphon.recipes.export_gan import export_gan
from antiphon.recipes.gans import COUNSELLED, EARTH_MOVER, GANS, POP_ROLLS, RANKED
from antiphon.recipes.rolls_data import PreparedRolls
from antiphon.training.adversarial import Adversary

BARS = 4
ROLES = POP_ROLLS.roles
SETTLED = Adversary("non-saturating", r1=1.0, penalty_every=4)
HINGED = Adversary("hinge", r1=1.0, penalty_every=4)
FIGURES = ("frechet", "kernel", "ridge accuracy", "precision", "recall", "coverage", "diversity")


class Row(NamedTuple):
    """A row that is trained: its name, the recipe it begins from, its objective, and what else differs."""

    name: str
    base: str
    adversary: Adversary
    spectral: bool = False
    cell: str = "transformer"

    @property
    def folder(self) -> str:
        """Name of its run's folder."""
        return plain(self.name)


ROWS = (
    Row("mlp, minimax", "gan-mlp", Adversary("minimax")),
    Row("mlp, non-saturating", "gan-mlp", COUNSELLED),
    Row("mlp, Wasserstein + GP", "gan-mlp", EARTH_MOVER),
    Row("conv, non-saturating + spectral norm", "gan-conv", COUNSELLED, spectral=True),
    Row("conv, hinge + spectral norm", "gan-conv", Adversary("hinge"), spectral=True),
    Row("conv, relativistic + R1 + R2", "gan-conv", RANKED),
    Row("sequence (Transformer), relativistic + R1 + R2", "gan-sequence", RANKED),
    Row("sequence (GRU), relativistic + R1 + R2", "gan-sequence", RANKED, cell="gru"),
    Row("attention, non-saturating + R1", "gan-noise", SETTLED),
    Row("attention, hinge + R1", "gan-noise", HINGED),
    Row("attention, Wasserstein + GP", "gan-noise", EARTH_MOVER),
    Row("attention, relativistic + R1 + R2", "gan-noise", RANKED),
)


def plain(name: str) -> str:
    """A name as part of a path."""
    return "".join(c if c.isalnum() or c in "+-" else "-" for c in name)


def recipe_of(row: Row, steps: int, seed: int) -> GanRecipe:
    """The row's recipe at the common budget, from noise."""
    return replace(
        GANS[row.base], name=row.name, adversary=row.adversary, spectral=row.spectral, cell=row.cell, seed=seed,
        steps=steps, warm_steps=0, log_every=max(1, steps // 10), evaluate_every=steps, checkpoint_every=max(1, steps // 2),
    )  # fmt: skip


def judged(scores: Sequence[Score], reference: Sequence[Score], index: Index | None) -> dict[str, Any]:
    """The judge's figures that the table shows, parts matched by role; originality of the melody where an index is given."""
    found = compare(scores, reference, seed=0, bars=BARS, roles=ROLES)
    out: dict[str, Any] = {name: found[name] for name in FIGURES}
    out |= {"statistics": found["statistics"], "clips": found["clips generated"], "size": found["size"]}
    return out if index is None else out | copied(scores, index)


def copied(scores: Sequence[Score], index: Index) -> dict[str, Any]:
    """How much of the melodies stands in training songs: 95th percentile of the longest run, mean share of 8-grams."""
    parts = [p for s in scores if (p := index.report(s, nearest=1).parts.get("melody")) is not None]
    if not parts:
        return {"longest run": None, "shared 8-grams": None}
    shares = [p.shares[8] for p in parts if 8 in p.shares and not np.isnan(p.shares[8])]
    return {
        "longest run": float(np.percentile([p.longest for p in parts], 95)),
        "shared 8-grams": float(np.mean(shares)) if shares else None,
    }


def stretches(scores: Sequence[Score], most: int = 4) -> list[Score]:
    """Up to so many stretches of four bars of each piece, evenly spread: real music as long as what the models write."""
    out = []
    for score in scores:
        edges = [*bar_starts(score), score.end]
        places = range(0, len(edges) - 1 - BARS, BARS)
        out += [cut(score, edges[i], edges[i + BARS]) for i in places[:: max(1, len(places) // most)][:most]]
    return [s for s in out if s.note_count]


def takes(snapshot: str, clips: int) -> tuple[list[Score], float]:
    """Clips of four bars by seeds 0, 1, ..., and how many come out in a CPU second (of a GAN: of its graph, 64 at once)."""
    player = load(snapshot)
    scores = [take.score for at in range(0, clips, 64) for take in player.write(Request(BARS), range(at, min(clips, at + 64)))]
    begun = time.process_time()
    if isinstance(player, RollGenerator):
        noise = np.random.default_rng(0).standard_normal((64, player.noise), dtype=np.float32)
        for _ in range(5):
            player.graph.run(None, {"noise": noise})
        return scores, 320 / (time.process_time() - begun)
    player.write(Request(BARS), range(16))
    return scores, 16 / (time.process_time() - begun)


def train_gan(recipe: GanRecipe, data: PreparedRolls, folder: Path) -> dict[str, Any]:
    """Train (or go on) and export one row; CPU seconds a step are the fewest between two entries of its log."""
    marks: list[tuple[int, float]] = []

    def progress(step: int, row: dict[str, float]) -> None:
        marks.append((step, time.process_time()))
        print(recipe.name, step, flush=True)

    adversarial_run.run(recipe, data, folder, progress)
    export_gan(recipe, folder, folder / "snapshot", {"data": "see the page"})
    paces = [(t - s) / (b - a) for (a, s), (b, t) in pairwise(marks)]
    health = (folder / "health.txt").read_text().split("are ")[1].strip(" .\n")
    pace = min(paces, default=float("nan"))
    return {"parameters": runs.parameters(recipe), "seconds a step": pace, "health": health}


def train_baseline(name: str, steps: int | None, pieces: list[Piece], folder: Path) -> dict[str, Any]:
    """Train (or go on) and export a baseline by its recipe's name."""
    begun = time.process_time()
    recipe = runs.adjusted(find(name), steps=steps)
    runs.start(recipe, pieces, folder, progress=lambda step, row: print(name, step, flush=True))
    runs.export_run(folder, folder / "snapshot")
    return {"parameters": runs.parameters(recipe), "CPU minutes": (time.process_time() - begun) / 60}
