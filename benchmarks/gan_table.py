"""The GAN family on one table: every architecture with its good objectives on the same data, budget and seed -> docs/gans.md.

    python benchmarks/gan_table.py DATA -o RUNS [--steps 2000] [--clips 400] [--model NAME=SNAPSHOT ...] [--page docs/gans.md]

A row is trained in its own folder under RUNS and judged once; started again, the command goes on with what is missing, and
`--only ROW` (any number of times) does these rows. Rows of other models (Markov, GRU, Transformer) are judged from their
snapshots. The training data stand first, and the reference is always the validation split, cut into windows of four bars.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from antiphon.corpus.piece import Piece
from antiphon.evaluate.compare import compare
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.rolls import RollGenerator
from antiphon.music.score import Score
from antiphon.recipes import adversarial_run
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.data import split_of
from antiphon.recipes.export_gan import export_gan
from antiphon.recipes.gans import COUNSELLED, EARTH_MOVER, GANS, RANKED
from antiphon.recipes.runs import parameters, pieces_from
from antiphon.training.adversarial import Adversary

ROWS: tuple[tuple[str, str, Adversary], ...] = (
    ("mlp, non-saturating", "gan-mlp", COUNSELLED),
    ("mlp, minimax", "gan-mlp", Adversary("minimax")),
    ("mlp, wasserstein + GP", "gan-mlp", EARTH_MOVER),
    ("mlp, relativistic + R1 + R2", "gan-mlp", RANKED),
    ("conv, non-saturating", "gan-conv", COUNSELLED),
    ("conv, hinge + R1", "gan-conv", Adversary("hinge", r1=1.0, penalty_every=4)),
    ("conv, wasserstein + GP", "gan-conv", EARTH_MOVER),
    ("conv, relativistic + R1 + R2", "gan-conv", RANKED),
    ("attention, hinge + R1", "gan-attention", Adversary("hinge", r1=1.0, penalty_every=4)),
    ("attention, wasserstein + GP", "gan-attention", EARTH_MOVER),
    ("attention, relativistic + R1 + R2", "gan-attention", RANKED),
    ("sequence, wasserstein + GP", "gan-sequence", EARTH_MOVER),
    ("sequence, relativistic + R1 + R2", "gan-sequence", RANKED),
    ("autoencoder alone", "gan-vae", RANKED),
    ("autoencoder, then relativistic + R1 + R2", "gan-vae", RANKED),
)
"""Name of the row, recipe, objective."""
FIGURES = ("frechet", "kernel", "ridge accuracy", "precision", "recall", "coverage", "diversity")


def recipe_of(row: tuple[str, str, Adversary], steps: int, seed: int) -> GanRecipe:
    """The row's recipe at the common budget; a warm start takes two thirds of it, the autoencoder alone nearly all."""
    name, base, adversary = row
    made = replace(GANS[base], name=name, adversary=adversary, seed=seed, steps=steps, evaluate_every=max(1, steps // 4))
    if name == "autoencoder alone":
        return replace(made, warm_steps=steps, steps=1)
    return replace(made, warm_steps=2 * steps // 3, steps=steps - 2 * steps // 3) if made.warm_steps else made


def judged(scores: list[Score], reference: list[Score]) -> dict[str, Any]:
    """The judge's figures that the table shows."""
    found = compare(scores, reference, seed=0, bars=4)
    out = {name: found[name] for name in FIGURES}
    return out | {"statistics": found["statistics"], "ceiling": {name: found.get(f"{name} ceiling") for name in FIGURES}}


def takes(snapshot: Path, clips: int) -> tuple[list[Score], float]:
    """Clips of four bars by seeds 0, 1, ..., and how many a second come out in batches of 64 (of a GAN: of its graph)."""
    player = load(str(snapshot))
    scores = [take.score for at in range(0, clips, 64) for take in player.write(Request(4), range(at, min(clips, at + 64)))]
    begun = time.perf_counter()
    if isinstance(player, RollGenerator):
        noise = np.random.default_rng(0).standard_normal((64, player.noise), dtype=np.float32)
        for _ in range(5):
            player.graph.run(None, {"noise": noise})
        return scores, 320 / (time.perf_counter() - begun)
    player.write(Request(4), range(8))
    return scores, 8 / (time.perf_counter() - begun)


def train_row(recipe: GanRecipe, pieces: list[Piece], folder: Path, clips: int, reference: list[Score]) -> dict[str, Any]:
    """Train (or go on), export, sample and judge one row."""
    logged = adversarial_run.run(recipe, iter(pieces), folder, lambda step, row: print(recipe.name, step, flush=True))
    export_gan(recipe, folder, folder / "snapshot", {"data": "see the page"})
    scores, speed = takes(folder / "snapshot", clips)
    seconds = logged.get("seconds", float("nan")) / max(1, recipe.steps)
    health = (folder / "health.txt").read_text().split("are ")[1].strip(" .\n")
    size = {"parameters": parameters(recipe), "seconds a step": seconds, "clips a second": speed, "health": health}
    return judged(scores, reference) | size


def cached(path: Path) -> dict[str, Any] | None:
    """A row that was judged already."""
    return json.loads(path.read_text()) if path.is_file() else None


def page(rows: dict[str, dict[str, Any]], steps: int, seed: int) -> str:
    """The table as Markdown."""
    head = ["model", *FIGURES, "silent bars", "qualified notes", "parameters", "s a step", "clips a s", "samples"]
    lines = ["# The GAN family on one table", ""]
    lines += [
        f"Four bars, all tracks, {steps:,} steps of batch 32, seed {seed}; made by `python benchmarks/gan_table.py`. The "
        "reference is the validation split; Fréchet and kernel distances are on standardised symbolic features, the ridge "
        "test's accuracy is 0.5 where nothing tells samples from music. The first row is what music itself scores. Silent bars "
        "and qualified notes are made/real by part, highest first. Where a model leaves a part silent in over half of its "
        "clips, parts are matched by register (its real figures then differ): such a row compares with the others only "
        "loosely.", "",
        "| " + " | ".join(head) + " |", "|" + "---|" * len(head),
    ]  # fmt: skip
    for name, row in rows.items():
        cells = [
            name,
            *(f"{row[f]:.3g}" for f in FIGURES),
            _roles(row, "empty bars"),
            _roles(row, "qualified notes, 2 sixteenths"),
        ]
        count = row.get("parameters")
        cells += ["" if count is None else f"{count / 1e6:.2f} M"]
        cells += [f"{row[f]:.3g}" if f in row else "" for f in ("seconds a step", "clips a second")] + [row.get("health", "")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def pictures(rows: dict[str, dict[str, Any]], runs: Path, page: Path) -> str:
    """Samples of each trained row as Markdown; the pictures are copied beside the page."""
    lines = ["", "## Samples", "", "In each picture the first two rows are held-out clips, the others the model's."]
    for name in rows:
        plain = name.replace(",", "").replace(" ", "-")
        source = runs / plain / "samples.png"
        if source.is_file():
            target = page.parent / "images" / f"gan-{plain.replace('+', 'and')}.png"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(source.read_bytes())
            lines += ["", f"{name}:", "", f"![{name}](images/{target.name})"]
    return "\n".join(lines) + "\n"


def _roles(row: dict[str, Any], name: str) -> str:
    """A statistic by role, generated against real."""
    found = [v for k, v in row["statistics"].items() if k.startswith(name)]
    return " ".join(f"{v['generated']:.2f}/{v['reference']:.2f}" for v in found)


def clips_of(pieces: list[Piece], split: str) -> list[Score]:
    return [p.score for p in pieces if split_of(p) == split]


def rows_of(options: argparse.Namespace, pieces: list[Piece], reference: list[Score]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row of the table in order, made or read."""
    kept = options.out / "judged"
    kept.mkdir(parents=True, exist_ok=True)

    def once(name: str, make: Any) -> tuple[str, dict[str, Any]]:
        path = kept / f"{name.replace(',', '').replace(' ', '-')}.json"
        row = cached(path) or make()
        path.write_text(json.dumps(row, indent=1))
        return name, row

    yield once("training songs", lambda: judged(clips_of(pieces, "train")[: len(reference)], reference))
    for named in options.model:
        name, _, folder = named.partition("=")
        yield once(name, lambda place=Path(folder): _model(place, options.clips, reference))
    for row in ROWS:
        if not options.only or row[0] in options.only:
            recipe = recipe_of(row, options.steps, options.seed)
            folder = options.out / row[0].replace(",", "").replace(" ", "-")
            yield once(row[0], lambda r=recipe, f=folder: train_row(r, pieces, f, options.clips, reference))


def _model(folder: Path, clips: int, reference: list[Score]) -> dict[str, Any]:
    scores, speed = takes(folder, clips)
    size = load(str(folder)).description.card.get("parameters")
    return judged(scores, reference) | {"clips a second": speed, "parameters": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[], metavar="ROW", help="a row to train; again for others")
    parser.add_argument("--model", action="append", default=[], metavar="NAME=SNAPSHOT")
    parser.add_argument("--page", type=Path, default=Path("docs/gans.md"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    pieces = list(pieces_from(options.data))
    rows: dict[str, dict[str, Any]] = {}
    for name, row in rows_of(options, pieces, clips_of(pieces, "valid")):
        rows[name] = row
        options.page.parent.mkdir(parents=True, exist_ok=True)
        text = page(rows, options.steps, options.seed) + pictures(rows, options.out, options.page)
        options.page.write_text(text)
        print(name, {f: round(row[f], 3) for f in FIGURES}, flush=True)


if __name__ == "__main__":
    main()
