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
from antiphon.models.grid_hand import HandBegin, HandEnd, HandStep, Told
from antiphon.models.grid_steps import MindRound
from antiphon.recipes.export import exported, store, write_graph
from antiphon.recipes.grid import GridRecipe, averaged_weights, build
from antiphon.representations.events import EventSpec
from antiphon.representations.grid import COPIES, FEATURES, FIRST_QUALITY, PITCHES, STEPS
from antiphon.representations.returns import SIGNS


def trained_network(recipe: GridRecipe, run: Path) -> GridNetwork:
    """The averaged network of a run, its weights rounded to half precision as the snapshot stores them.

    Raises:
      TrainingError: the run has no checkpoint.
    """
    if not (run / "checkpoint.pt").is_file():
        raise TrainingError(f"There is no checkpoint in {run}; train first.")
    network = build(recipe)
    network.load_state_dict(averaged_weights(run))
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(p.half().float())
    return network.eval()


def graphs(network: GridNetwork, folder: Path) -> dict[str, int]:
    """Write mind.onnx and hand.onnx; gives back the sizes that whoever runs them needs."""
    c = network.config
    layers, e = c.read_layers + c.ask_layers, c.width // c.heads
    b, m, n, p, q = (torch.export.Dim(name) for name in "bmnpq")
    ints = torch.int64

    def ones(*size: int) -> torch.Tensor:
        """Each an object of its own: an exporter takes equal objects for one input."""
        return torch.ones(*size, dtype=ints)

    past = [torch.zeros(2, c.heads, 4, e) for _ in range(2 * layers)]
    inputs = (
        ones(2, len(c.globals)), ones(7, 3), ones(7, 3), ones(7), ones(2, 3), ones(2, 3), ones(2, 3, len(FEATURES)), ones(2, 3),
        ones(2, 5), ones(2, 5), ones(2, 5, len(FEATURES)), ones(1), past,
    )  # fmt: skip
    names = ["piece", "read", "write", "owner", "row", "bar", "features", "echo"]
    names += ["ask_row", "ask_bar", "ask_features", "length"]
    names += [f"past{i}" for i in range(2 * layers)]
    shapes = (
        {0: b}, *({0: n},) * 3, *({0: b, 1: m},) * 4, *({0: b, 1: q},) * 3, None, [{0: b, 2: p} for _ in past],
    )  # fmt: skip
    write_graph(MindRound(network), inputs, names, ["answer", "new", "look_keys", "look_values"], shapes, folder / "mind.onnx")
    store(hand_graph(network), folder / "hand.onnx")
    return {
        "layers": layers, "heads": c.heads, "head": e, "looks": c.looks, "look": LOOK, "hand": c.hand, "steps": STEPS,
    }  # fmt: skip


def hand_graph(network: GridNetwork) -> Any:
    """The hand's loop as one ONNX model: what does not change is worked out first, then a body draws one event of each cell."""
    c, ints = network.config, torch.int64
    n, b, q, k, t, sights = (torch.export.Dim(name) for name in ("n", "b", "q", "k", "t", "sights"))
    each = torch.zeros(5, dtype=ints)
    given = (
        torch.zeros(5, c.width), each, each.clone(), torch.zeros(2, c.looks, 7, LOOK), torch.zeros(2, c.looks, 7, LOOK),
        torch.ones(2, dtype=ints), torch.ones(5, len(COPIES), 1 + SIGNS), torch.ones(4), torch.ones(4),
    )  # fmt: skip
    names = ["answer", "row", "bar", "keys", "values", "seen", "returns", "temperature", "floor"]
    shapes: tuple[Any, ...] = (*({0: n},) * 3, *({0: b, 2: sights},) * 2, {0: b}, {0: n}, None, None)
    begin, told_names = HandBegin(network, PITCHES, FIRST_QUALITY), [f"told.{name}" for name in Told._fields]
    first = exported(begin, given, names, told_names, shapes)
    with torch.no_grad():
        told = begin(*given)
    sizes = {"turns": {0: torch.export.Dim.DYNAMIC}, "blind": {0: b, 4: sights}}
    sizes |= {name: {0: b, 3: sights} for name in ("keys", "sights")}
    sizes |= {name: {0: n} for name in ("fixed", "first", "harmony", "lowest", "open_", "may_last", "copies")}
    drawn: tuple[Any, ...] = (
        torch.tensor(1), torch.zeros(5, 3, dtype=ints), torch.zeros(5, c.hand), torch.ones(5, 1, dtype=torch.bool),
        torch.zeros(6, 5, 3), each, torch.zeros(2, 3, dtype=ints), torch.tensor(0), told,
    )  # fmt: skip
    names = ["at", "last", "state", "open", "uniform", "slot", "cell", "stop", *told_names]
    shapes = (None, *({0: n},) * 3, {0: k, 1: n}, {0: n}, {0: b, 1: q}, None, Told._make(sizes.get(x) for x in Told._fields))
    outs = ["more", "event", "new_state", "still_open", "under"]
    body = exported(HandStep(network, PITCHES), drawn, names, outs, shapes)
    drawn = (torch.zeros(6, 5, 3, dtype=ints), torch.zeros(6, 5, sum(c.sizes)))
    end = exported(HandEnd(network), drawn, ["events", "under"], ["likely"], ({0: t, 1: n}, {0: t, 1: n}))
    return looped(first, body, end)


def looped(first: Any, body: Any, end: Any) -> Any:
    """Three models as one: the second is the body of a loop and knows what the first gives; the third reads the outcome."""
    from onnx import TensorProto, helper

    outer = ["last", "state", "uniform", "slot", "cell", "stop"]
    values = {value.name: value for value in (*body.graph.input, *body.graph.output)}
    prefix(body.graph, "body.", {*outer[2:], *(value.name for value in first.graph.output)})
    prefix(end.graph, "end.", {"events", "under", "likely"})

    def value(name: str, as_: str, *lead: str) -> Any:
        """A value of the body, as an input or output of a graph; collected over all rounds it has one more size."""
        kind = values[name].type.tensor_type
        sizes = [size.dim_param or size.dim_value for size in kind.shape.dim]
        return helper.make_tensor_value_info(as_, kind.elem_type, [*lead, *sizes])

    taken = [value("at", "body.at"), helper.make_tensor_value_info("body.again", TensorProto.BOOL, [])]
    taken += [value(name, f"body.{name}") for name in ("last", "state", "open")]
    given = [value(name, f"body.{name}") for name in ("more", "event", "new_state", "still_open")]
    given += [value("event", "body.written"), value("under", "body.under")]
    nodes = [*body.graph.node, helper.make_node("Identity", ["body.event"], ["body.written"])]
    loop = helper.make_graph(nodes, "body", taken, given)
    graph = first.graph
    graph.initializer.extend([*body.graph.initializer, *end.graph.initializer])
    graph.initializer.append(helper.make_tensor("no_sizes", TensorProto.INT64, [0], []))
    outcome = ["last_event", "new_state", "open_at_last", "events", "under"]
    graph.node.extend([
        helper.make_node("Shape", ["uniform"], ["most"], start=0, end=1),
        helper.make_node("Reshape", ["most", "no_sizes"], ["rounds"]),
        helper.make_node("Loop", ["rounds", "", "last", "state", "told.open_"], outcome, body=loop),
        *end.graph.node,
    ])  # fmt: skip
    graph.input.extend(value(name, name) for name in outer)
    del graph.output[:]
    graph.output.extend([value("event", "events", "t"), *end.graph.output, value("new_state", "new_state")])
    return first


def prefix(graph: Any, text: str, kept: set[str]) -> None:
    """Give all values of a graph names of their own, but for some."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name if not name or name in kept else text + name for name in names]
        node.name = text + node.name
    for tensor in graph.initializer:
        tensor.name = text + tensor.name


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
