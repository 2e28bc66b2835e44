"""From a grid run to a snapshot: mind and hand as ONNX graphs with half-precision weights, and their card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from antiphon.errors import TrainingError
from antiphon.generate.snapshot import write_description
from antiphon.models.grid import LOOK, GridNetwork
from antiphon.models.grid_steps import HandSteps, MindRound
from antiphon.recipes.export import write_graph
from antiphon.recipes.grid import GridRecipe, build, phases_of
from antiphon.representations.events import EventSpec
from antiphon.representations.grid import FEATURES, FIRST_QUALITY, PITCHES, STEPS
from antiphon.training.checkpoint import read_state

AT_ONCE = 4
"""Events that one call of the hand draws."""


def trained_network(recipe: GridRecipe, run: Path) -> GridNetwork:
    """The averaged network of a run, its weights rounded to half precision as the snapshot stores them.

    Raises:
      TrainingError: the run has no checkpoint.
    """
    path = run / "checkpoint.pt"
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint in {run}; train first.")
    network = build(recipe)
    _, ema = phases_of(recipe, network)
    ema.load_state_dict(read_state(path)["averages"]["model"])
    network.load_state_dict(ema.average.state_dict())
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(p.half().float())
    return network.eval()


def graphs(network: GridNetwork, folder: Path) -> dict[str, int]:
    """Write mind.onnx and hand.onnx; gives back the sizes that whoever runs them needs."""
    c = network.config
    streams, e = c.read_layers + c.ask_layers, c.width // c.heads
    b, m, k, p, q, n = (torch.export.Dim(name) for name in "bmkpqn")
    ints = torch.int64
    cells = [torch.ones(2, 3, dtype=ints), torch.ones(2, 3, dtype=ints), torch.ones(2, 3, len(FEATURES), dtype=ints)]
    asks = [torch.ones(2, 5, dtype=ints), torch.ones(2, 5, dtype=ints), torch.ones(2, 5, len(FEATURES), dtype=ints)]
    memory = [torch.zeros(streams, 2, c.heads, 4, e) for _ in range(2)]
    inputs = (
        torch.ones(2, len(c.globals), dtype=ints), torch.ones(2, 3, 6, 3, dtype=ints), torch.ones(2, 3, dtype=ints),
        *cells, *memory, *asks,
    )  # fmt: skip
    names = ["piece", "events", "counts", "row", "bar", "features", "keys", "values", "ask_row", "ask_bar", "ask_features"]
    shapes = ({0: b}, {0: b, 1: m, 2: k}, *({0: b, 1: m},) * 4, {1: b, 3: p}, {1: b, 3: p}, *({0: b, 1: q},) * 3)
    outs = ["answer", "new_keys", "new_values", "look_keys", "look_values"]
    write_graph(MindRound(network), inputs, names, outs, shapes, folder / "mind.onnx")
    hand = HandSteps(network, AT_ONCE, PITCHES, FIRST_QUALITY)
    one = torch.ones(2, 5, dtype=ints)
    given = (
        torch.zeros(2, 5, c.width), one, one.clone(), torch.ones(2, 5, 3, dtype=ints), torch.zeros(2, 5, c.hand),
        torch.zeros(2, c.looks, 7, LOOK), torch.zeros(2, c.looks, 7, LOOK), torch.ones(2, dtype=ints),
        torch.zeros(2, 5, AT_ONCE, 3), torch.ones(1), torch.ones(1),
    )  # fmt: skip
    names = ["answer", "row", "bar", "last", "state", "look_keys", "look_values", "seen", "uniform", "temperature", "floor"]
    drawn: tuple[Any, ...] = (*({0: b, 1: q},) * 5, {0: b, 2: n}, {0: b, 2: n}, {0: b}, {0: b, 1: q}, None, None)
    write_graph(hand, given, names, ["events", "likely", "new_state"], drawn, folder / "hand.onnx")
    return {
        "streams": streams, "heads": c.heads, "head": e, "looks": c.looks, "look": LOOK, "hand": c.hand, "at_once": AT_ONCE,
        "steps": STEPS,
    }  # fmt: skip


def export_grid(recipe: GridRecipe, run: Path, folder: Path, card: dict[str, Any]) -> None:
    """Write the snapshot of a grid run.

    Args:
      card: what a person should know (data, licences, faults); recipe, seed and scores of the run are added.
    """
    network = trained_network(recipe, run)
    folder.mkdir(parents=True, exist_ok=True)
    shape = graphs(network, folder)
    facts = json.loads((run / "facts.json").read_text())
    scores: dict[str, float] = {}
    for line in (run / "stats.jsonl").read_text().splitlines():
        row = json.loads(line)
        scores |= {k: v for k, v in row.items() if k.startswith("valid/")} | {"steps": row["step"]}
    size = {"parameters": sum(p.numel() for p in network.parameters())}
    spec = EventSpec(recipe.spec.roles, recipe.spec.programs, ((4, 4),), STEPS // 4, STEPS)
    write_description(
        folder,
        {
            "name": recipe.name,
            "style": recipe.style,
            "kind": "grid",
            "spec": spec.to_json(),
            "shape": shape | {"bars": recipe.bars * (2 if recipe.long_every else 1)},
            "facts": facts,
            "card": {"typical": facts.pop("typical", {})} | card
            | {"recipe": asdict(recipe), "seed": recipe.seed, "scores": scores} | size,
        },
    )  # fmt: skip
