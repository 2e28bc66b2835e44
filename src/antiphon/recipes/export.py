"""From a run to a snapshot: ONNX graphs with half-precision weights, a description and a card."""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from antiphon.errors import TrainingError
from antiphon.generate.snapshot import write_description
from antiphon.models.gru import EventGru, GruStep
from antiphon.models.heads import EventHeads, FieldHead
from antiphon.models.markov import PAST, EventMarkov, MarkovHeads
from antiphon.models.transformer import EventTransformer, TransformerStep
from antiphon.recipes.markov import MarkovRecipe, counted
from antiphon.recipes.sequence import SequenceRecipe, build
from antiphon.representations.events import EventCodec
from antiphon.training.checkpoint import read_state


def trained(recipe: SequenceRecipe | MarkovRecipe, run: Path) -> nn.Module:
    """The model of a run, its weights rounded to half precision as the snapshot stores them.

    Raises:
      TrainingError: the run has no checkpoint.
    """
    if isinstance(recipe, MarkovRecipe):
        return counted(recipe, run)
    path = run / "checkpoint.pt"
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint in {run}; train first.")
    model = build(recipe, EventCodec(recipe.spec))
    model.load_state_dict(read_state(path)["modules"]["model"])
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    return model.eval()


def export(recipe: SequenceRecipe | MarkovRecipe, run: Path, folder: Path, card: dict[str, Any]) -> None:
    """Write the snapshot of a run.

    Args:
      card: what a person should know (data, licences, faults); recipe, seed and scores of the run are added.
    """
    model = trained(recipe, run)
    folder.mkdir(parents=True, exist_ok=True)
    heads = model.heads
    assert isinstance(heads, EventHeads | MarkovHeads)
    if isinstance(recipe, MarkovRecipe):
        width, shape = PAST * recipe.order, {"order": recipe.order}
    else:
        width, shape = recipe.width, _shape(recipe)
        _graph_step(model, recipe, folder / "step.onnx")
    b = torch.export.Dim("b")
    h = torch.zeros(2, width)
    write_graph(FieldHead(heads, 0), (h,), ["h"], ["logits"], ({0: b},), folder / "field0.onnx")
    for f in range(1, 4):
        known = torch.zeros(2, f, dtype=torch.int64)
        write_graph(FieldHead(heads, f), (h, known), ["h", "known"], ["logits"], ({0: b}, {0: b}), folder / f"field{f}.onnx")
    facts = json.loads((run / "facts.json").read_text())
    if isinstance(recipe, SequenceRecipe) and recipe.penalty != 1.0:
        facts["repetition_penalty"] = recipe.penalty
    scores = _last_scores(run / "stats.jsonl")
    card = {"typical": facts.pop("typical", {})} | card
    write_description(
        folder,
        {
            "name": recipe.name,
            "style": recipe.style,
            "kind": recipe.kind,
            "spec": recipe.spec.to_json(),
            "shape": shape,
            "facts": facts,
            "card": card | {"recipe": asdict(recipe), "seed": recipe.seed, "scores": scores} | _size(model),
        },
    )


def _shape(recipe: SequenceRecipe) -> dict[str, int]:
    """What the stage must know; events in a training window tell it how much a model can remember."""
    return {"layers": recipe.layers, "heads": recipe.heads, "width": recipe.width, "length": recipe.length}


def _size(model: nn.Module) -> dict[str, int]:
    if isinstance(model, EventMarkov):
        return {"entries": model.entries}
    return {"parameters": sum(p.numel() for p in model.parameters())}


def _last_scores(stats: Path) -> dict[str, float]:
    """The last validation figures that the run logged."""
    found: dict[str, float] = {}
    for line in stats.read_text().splitlines():
        row = json.loads(line)
        found |= {k: v for k, v in row.items() if k.startswith("valid/")} | {"steps": row["step"]}
    return found


def _graph_step(model: nn.Module, recipe: SequenceRecipe, path: Path) -> None:
    """The step graph of either kind."""
    b = torch.export.Dim("b")
    events, one = torch.zeros(2, 4, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    if isinstance(model, EventTransformer):
        p, t = torch.export.Dim("p"), torch.export.Dim("t")
        events, several = torch.zeros(2, 3, 4, dtype=torch.int64), torch.zeros(2, 3, dtype=torch.int64)
        past = [torch.zeros(2, recipe.heads, 128, recipe.width // recipe.heads) for _ in range(2 * recipe.layers)]
        names = ["events", "index", "time", "length", *(f"past{i}" for i in range(len(past)))]
        outs = ["h", *(f"new{i}" for i in range(len(past)))]
        inputs: tuple[Any, ...] = (events, several, several.clone(), one, past)
        shapes: tuple[Any, ...] = ({0: b, 1: t}, {0: b, 1: t}, {0: b, 1: t}, {0: b}, [{0: b, 2: p} for _ in past])
        write_graph(TransformerStep(model), inputs, names, outs, shapes, path)
    elif isinstance(model, EventGru):
        state = torch.zeros(recipe.layers, 2, recipe.width)
        shapes = ({0: b}, {0: b}, {1: b})
        write_graph(GruStep(model), (events, one, state), ["events", "time", "state"], ["h", "new_state"], shapes, path)


def write_graph(
    module: nn.Module, inputs: tuple[Any, ...], names: list[str], outs: list[str], shapes: tuple[Any, ...], path: Path
) -> None:
    """Export one graph and store its weights in half precision."""
    store(exported(module, inputs, names, outs, shapes), path)


def exported(module: nn.Module, inputs: tuple[Any, ...], names: list[str], outs: list[str], shapes: tuple[Any, ...]) -> Any:
    """A module as an ONNX model, not yet stored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            module.eval(), inputs, dynamo=True, input_names=names, output_names=outs, dynamic_shapes=shapes, verbose=False
        )
    assert program is not None
    return program.model_proto


def store(model: Any, path: Path) -> None:
    """Write an ONNX model, its weights in half precision and without the exporter's notes."""
    halve(model)
    anonymise(model)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(model.SerializeToString())
    temporary.replace(path)


def anonymise(model: Any) -> None:
    """Take the exporter's notes out of an ONNX model: they hold stack traces with paths of the machine it was made on."""
    from onnx import GraphProto

    def clear(graph: GraphProto) -> None:
        for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
            del part.metadata_props[:]
            part.doc_string = ""
        for node in graph.node:
            for attribute in node.attribute:
                attribute.doc_string = ""
                for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                    clear(inner)

    del model.metadata_props[:]
    model.doc_string = ""
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]
            node.doc_string = ""
    clear(model.graph)


def halve(model: Any) -> None:
    """Store the large weights of an ONNX model as float16, cast back to float32 when it is loaded."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < 1024:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
