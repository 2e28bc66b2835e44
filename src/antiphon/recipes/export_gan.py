"""From an adversarial run to a snapshot: the generator as an ONNX graph with half-precision weights, and its card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from antiphon.generate.snapshot import write_description
from antiphon.models.gan.attention import AttentionGenerator
from antiphon.models.gan.chain import ChainGenerator
from antiphon.models.gan.rolls import RollGenerator
from antiphon.models.gan.sequence import SequenceGenerator
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.adversarial_run import FITTED, attune, fixed_noise, trained_generator
from antiphon.recipes.export import write_graph
from antiphon.recipes.export_cycle import write_translators
from antiphon.recipes.frames import write_traced
from antiphon.recipes.rolls_fit import fit_thresholds, voices
from antiphon.representations.events import EventSpec


class RollGraph(nn.Module):
    """Noise [B, z] -> whether each cell sounds, as bytes [B, n, R, 2, S, P]."""

    def __init__(self, generator: RollGenerator, spread: float = 1.0) -> None:
        super().__init__()
        self.generator, self.spread = generator, spread

    def forward(self, noise: Tensor) -> Tensor:
        """One shot, always by the deterministic neurons' threshold."""
        return self.generator.decided(*self.generator.logits(self.spread * noise)).to(torch.uint8)


class NotesGraph(nn.Module):
    """Noise [B, z] -> logits of all fields [B, N, C]; the player draws from them."""

    def __init__(self, generator: SequenceGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, noise: Tensor) -> Tensor:
        """One shot."""
        return self.generator.logits(noise)


def ready(recipe: GanRecipe, run: Path) -> nn.Module:
    """The generator of a run as its snapshot has it: averaged, weights in half precision, thresholds fitted.

    Raises:
      TrainingError: there is no checkpoint.
    """
    generator = trained_generator(recipe, run)
    with torch.no_grad():
        for p in generator.parameters():
            p.copy_(p.half().float())
    facts = json.loads((run / "facts.json").read_text())
    if isinstance(generator, RollGenerator):
        attune(recipe, generator, facts)
    if recipe.fitted and isinstance(generator, RollGenerator):
        wanted = facts["fullness"]
        generator.solo = voices(wanted)
        fit_thresholds(generator, recipe.spread * fixed_noise(FITTED, generator.noise), wanted)
    return generator


def export_gan(recipe: GanRecipe, run: Path, folder: Path, card: dict[str, Any]) -> None:
    """Write the snapshot of an adversarial run.

    Args:
      recipe: what the run was made by.
      run: its folder.
      folder: where the snapshot is written.
      card: what a person should know (data, licences, faults); recipe, seed and scores of the run are added.

    Raises:
      TrainingError: there is no checkpoint.
    """
    facts = json.loads((run / "facts.json").read_text())
    generator = ready(recipe, run)
    folder.mkdir(parents=True, exist_ok=True)
    shape = {"noise": int(getattr(generator, "noise", 0)), "song": 0}
    if isinstance(generator, nn.ModuleDict):
        write_translators(generator, recipe.rolls, folder)
        _describe(recipe, run, folder, generator, shape, facts | {"sides": list(recipe.sides)}, card)
        return
    graph: nn.Module
    if isinstance(generator, SequenceGenerator):
        graph, shape["notes"], shape["song"] = NotesGraph(generator), recipe.notes, recipe.song
    else:
        assert isinstance(generator, RollGenerator)
        graph = RollGraph(generator, recipe.spread)
        shape["song"] = recipe.song if isinstance(generator, AttentionGenerator) else 0
    if isinstance(generator, ChainGenerator):
        shape |= {"song": generator.config.latent, "chained": 1}
    _write(graph, shape["noise"], folder / "generator.onnx")
    _describe(recipe, run, folder, generator, shape, facts, card)


def _write(graph: nn.Module, noise: int, path: Path) -> None:
    """Export the graph; by tracing where it draws latents one by one, which the newer exporter takes minutes for."""
    sample = torch.zeros(2, noise)
    if isinstance(graph, RollGraph) and isinstance(graph.generator, ChainGenerator):
        write_traced(graph, (sample,), ["noise"], {"noise": {0: "b"}, "sample": {0: "b"}}, path, "sample")
    else:
        write_graph(graph, (sample,), ["noise"], ["sample"], ({0: torch.export.Dim("b")},), path)


def _describe(
    recipe: GanRecipe,
    run: Path,
    folder: Path,
    module: nn.Module,
    shape: dict[str, int],
    facts: dict[str, Any],
    card: dict[str, Any],
) -> None:
    """Write snapshot.json beside the graphs."""
    spec = EventSpec(recipe.rolls.roles, recipe.rolls.programs, ((4, 4),), recipe.rolls.steps // 4, recipe.rolls.steps)
    size = {"parameters": sum(p.numel() for p in module.parameters())}
    write_description(
        folder,
        {
            "name": recipe.name,
            "style": recipe.style,
            "kind": "cycle" if recipe.architecture == "cycle" else "gan",
            "spec": spec.to_json(),
            "rolls": recipe.rolls.to_json(),
            "shape": shape,
            "facts": facts,
            "card": card | {"recipe": asdict(recipe), "seed": recipe.seed, "scores": _last_scores(run)} | size,
        },
    )


def _last_scores(run: Path) -> dict[str, float]:
    """What the run's last look said of its samples."""
    found: dict[str, float] = {}
    for line in (run / "stats.jsonl").read_text().splitlines():
        row = json.loads(line)
        found |= {k: v for k, v in row.items() if k.split("/")[0] in ("sample", "real", "critic")} | {"steps": row["step"]}
    return found
