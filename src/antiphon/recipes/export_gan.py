"""From an adversarial run to a snapshot: the generator as an ONNX graph with half-precision weights, and its card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from antiphon.errors import TrainingError
from antiphon.generate.snapshot import write_description
from antiphon.models.gan.attention import AttentionGenerator
from antiphon.models.gan.rolls import RollGenerator
from antiphon.models.gan.sequence import SequenceGenerator
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.adversarial_run import trained_generator
from antiphon.recipes.export import write_graph
from antiphon.representations.events import EventSpec


class RollGraph(nn.Module):
    """Noise [B, z] -> whether each cell sounds, as bytes [B, n, R, 2, S, P]."""

    def __init__(self, generator: RollGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, noise: Tensor) -> Tensor:
        """One shot, always by the deterministic neurons' threshold."""
        cells, sounds = self.generator.logits(noise)
        on = cells + self.generator.cell_bias[:, :, None, None] > 0
        if sounds is not None:
            on = on & (sounds + self.generator.presence_bias > 0)[..., None, None, None]
        return on.to(torch.uint8)


class NotesGraph(nn.Module):
    """Noise [B, z] -> logits of all fields [B, N, C]; the player draws from them."""

    def __init__(self, generator: SequenceGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, noise: Tensor) -> Tensor:
        """One shot."""
        return self.generator.logits(noise)


def export_gan(recipe: GanRecipe, run: Path, folder: Path, card: dict[str, Any]) -> None:
    """Write the snapshot of an adversarial run.

    Args:
      recipe: what the run was made by.
      run: its folder.
      folder: where the snapshot is written.
      card: what a person should know (data, licences, faults); recipe, seed and scores of the run are added.

    Raises:
      TrainingError: there is no checkpoint, or the recipe is a translator, which writes nothing by itself.
    """
    if recipe.architecture == "cycle":
        raise TrainingError("A translator rewrites pieces and composes none; there is no snapshot for it yet.")
    generator = trained_generator(recipe, run)
    with torch.no_grad():
        for p in generator.parameters():
            p.copy_(p.half().float())
    folder.mkdir(parents=True, exist_ok=True)
    shape = {"noise": int(getattr(generator, "noise", 0)), "song": 0}
    graph: nn.Module
    if isinstance(generator, SequenceGenerator):
        graph, shape["notes"], shape["song"] = NotesGraph(generator), recipe.notes, recipe.song
    else:
        assert isinstance(generator, RollGenerator)
        graph = RollGraph(generator)
        shape["song"] = recipe.song if isinstance(generator, AttentionGenerator) else 0
    sample = torch.zeros(2, shape["noise"])
    write_graph(graph, (sample,), ["noise"], ["sample"], ({0: torch.export.Dim("b")},), folder / "generator.onnx")
    spec = EventSpec(recipe.rolls.roles, recipe.rolls.programs, ((4, 4),), recipe.rolls.steps // 4, recipe.rolls.steps)
    size = {"parameters": sum(p.numel() for p in generator.parameters())}
    write_description(
        folder,
        {
            "name": recipe.name,
            "style": recipe.style,
            "kind": "gan",
            "spec": spec.to_json(),
            "rolls": recipe.rolls.to_json(),
            "shape": shape,
            "facts": json.loads((run / "facts.json").read_text()),
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
