"""Running a grid recipe with lessons: takes, critic, preference, round after round; the same call resumes a killed run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from torch import Tensor, nn

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.generate.grid import GridGenerator
from antiphon.generate.load import load
from antiphon.models.grid import GridNetwork
from antiphon.recipes import grid
from antiphon.recipes.export_grid import export_grid, trained_network
from antiphon.recipes.grid import GridRecipe, averaged_weights, build, evaluate, examined, stream, write_facts
from antiphon.recipes.grid_data import PreparedGrid, prepare_grid
from antiphon.recipes.grid_lessons import (
    Lessons,
    before,
    carried_over,
    lesson_stream,
    make_lesson,
    margins,
    read_lesson,
    write_lesson,
)
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.phase import Batch, Phase, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.schedule import warmup_cosine


def run(
    recipe: GridRecipe,
    pieces: Iterator[Piece],
    folder: Path,
    progress: Hook | None = None,
    device: str = "cpu",
    begin: Path | None = None,
) -> dict[str, float]:
    """Give the lessons of a recipe (or go on with them); the run folder then holds all that the export needs.

    Args:
      begin: run of the recipe's base. Without one (the tiny form) a base is trained first.

    Raises:
      TrainingError: the recipe has no lessons, or the base writes nothing that a critic could hear.
    """
    if recipe.lessons is None:
        raise TrainingError(f"Recipe {recipe.name!r} has no lessons.")
    open_run(folder, asdict(recipe))
    kept = list(pieces)
    if begin is None:
        begin = folder / "base"
        grid.run(replace(recipe, lessons=None, base=""), iter(kept), begin, None, device)
    data = prepare_grid(kept, recipe.spec)
    write_facts(folder, data.facts)
    logged: dict[str, float] = {}
    last = begin
    for number in range(recipe.lessons.rounds):
        done = number * recipe.steps

        def tell(step: int, figures: dict[str, float], done: int = done) -> None:
            if progress is not None:
                progress(done + step, figures)

        inner = folder / f"round{number + 1}"
        found = _round(recipe, recipe.lessons, data, last, inner, number, tell, device)
        logged |= found
        if "interrupted" in found:
            return logged
        last = inner
    _keep(recipe, data, last, folder, device)
    return logged


def _round(
    recipe: GridRecipe,
    lessons: Lessons,
    data: PreparedGrid,
    last: Path,
    folder: Path,
    number: int,
    progress: Hook,
    device: str,
) -> dict[str, float]:
    """One round: takes of the model as `last` left it, a critic of them, and what the model learns from its choice."""
    folder.mkdir(exist_ok=True)
    write_facts(folder, data.facts)
    path = folder / "lesson.npz"
    if not path.is_file():
        export_grid(recipe, last, folder / "pupil", {})
        player = load(str(folder / "pupil"))
        assert isinstance(player, GridGenerator)
        player.whole = True  # as the order in which the network is taught them
        pairs, figures = make_lesson(player, data.splits["train"], recipe.bars, lessons, [recipe.seed, number])
        pairs |= before(trained_network(recipe, last).to(device), pairs, recipe.mixed, device)
        write_lesson(path, pairs, figures)
    pairs = read_lesson(path)
    network = build(recipe).to(device)
    network.load_state_dict(averaged_weights(last))
    phase, ema = _phase(recipe, lessons, network)
    rows = examined(data.splits["valid"], recipe.bars)
    average = ema.average
    assert isinstance(average, GridNetwork)

    def look(step: int, logged: dict[str, float]) -> None:
        logged |= json.loads(path.with_suffix(".json").read_text())
        logged["lesson/carried over"] = carried_over(average, pairs, recipe.mixed, device)
        logged |= {f"valid/{k}": v for k, v in evaluate(average, rows, recipe.spec.roles, device).items()}

    def feed(step: int) -> Iterator[dict[str, Tensor]]:
        music = stream(replace(recipe, seed=recipe.seed + 1000 * (number + 1)), data.splits["train"], step)
        taught = lesson_stream(pairs, lessons.pairs, recipe.seed + number, step)
        while True:
            yield next(music) | next(taught)

    budget = Budget(recipe.steps, recipe.log_every, recipe.evaluate_every, recipe.checkpoint_every)
    return train(
        [phase], feed, budget, folder, schedule=warmup_cosine, seed=recipe.seed + number, device=device, evaluate=look,
        progress=progress,
    )  # fmt: skip


def _phase(recipe: GridRecipe, lessons: Lessons, network: GridNetwork) -> tuple[Phase, Ema]:
    """Likelihood of music, and the lesson: -log sigmoid(slope * margin), where the margin is in nats (Rafailov et al. 2023)."""
    ema = Ema(network, recipe.ema)

    def loss(batch: Batch) -> dict[str, Tensor]:
        music = {key: value for key, value in batch.items() if "/" not in key and not key.endswith("_before")}
        network.train()
        with mixed_precision(batch["bar"].device.type, recipe.mixed):
            nll = network(music).mean()
        network.eval()  # what was before was read without dropout too
        wanted = nn.functional.softplus(-lessons.slope * margins(network, dict(batch), recipe.mixed)).mean()
        return {"nll": nll, "lesson": lessons.weight * wanted}

    return Phase("model", network, loss, muon(recipe.lr, recipe.adam_lr), ema=ema), ema


def _keep(recipe: GridRecipe, data: PreparedGrid, last: Path, folder: Path, device: str) -> None:
    """Put what the last round came to where the export looks for it."""
    network = build(recipe).to(device)
    network.load_state_dict(averaged_weights(last))
    found = evaluate(network, examined(data.splits["valid"], recipe.bars), recipe.spec.roles, device)
    write_facts(folder, data.facts | {"typical": {"mean": -found["nll_note"], "std": found["spread"]}})
    for name in ("stats.jsonl", "checkpoint.pt"):
        partial = folder / f"{name}.part"
        partial.write_bytes((last / name).read_bytes())
        partial.replace(folder / name)
