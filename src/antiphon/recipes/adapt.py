"""A shipped sequence model adapted to a small body of music: its weights taken back from the snapshot, trained on, exported."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from antiphon.corpus.piece import Piece
from antiphon.errors import SnapshotError, TrainingError
from antiphon.generate.snapshot import Snapshot
from antiphon.models.heads import event_nll
from antiphon.recipes.data import Prepared, prepare
from antiphon.recipes.export import export
from antiphon.recipes.originality import write_index
from antiphon.recipes.sequence import SequenceRecipe, build, evaluate, example_maker, run
from antiphon.training.batches import batches
from antiphon.training.precision import mixed_precision

Tell = Callable[[str, float | None], None]
"""Told what begins or goes on, and how much of the whole is done, 0 to 1, where that is known."""

GRAPHS = ("step", "field0", "field1", "field2", "field3")
LAYERS = ("qkv", "join", "up", "down")
"""Layers of a block without a bias, in the order in which they are used."""
LEAST_STEPS, MOST_STEPS = 10, 4000
MOST_EPOCHS = 40
LR, ADAM_LR, DROPOUT = 0.003, 0.001, 0.2
"""A third of what the base is trained with, and more dropout: there is little music, and much of the base is to stay."""
TRIAL = 3
"""Steps by which the time of one is told."""


def weights_of(snapshot: Snapshot) -> dict[str, torch.Tensor]:
    """The weights in a transformer snapshot's graphs, by the names that they have in the model; half precision made single.

    The exporter keeps the names of all weights but those of layers without a bias: these stand in the graph transposed and
    nameless, in the order in which they are used, four a block.

    Raises:
      SnapshotError: a graph cannot be read, or is not of this kind.
    """
    import onnx
    from onnx import numpy_helper

    found: dict[str, torch.Tensor] = {}
    for graph in GRAPHS:
        try:
            model = onnx.load(str(snapshot.graph(graph)))
        except (OSError, ValueError, RuntimeError) as error:
            raise SnapshotError(f"The graph {graph} of {snapshot.folder} cannot be read ({type(error).__name__}).") from error
        values = {
            t.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(t).astype(np.float32))
            for t in model.graph.initializer
        }
        found |= {name.removeprefix("model."): value for name, value in values.items() if "weight" in name or "bias" in name}
        if graph == "step":
            products = [node.input[1] for node in model.graph.node if node.op_type == "MatMul"]
            found |= _layers([values[name] for name in products if name in values and values[name].ndim == 2])
    return found


def _layers(matrices: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """The transposed matrices of the blocks, in order of use, by their names."""
    if len(matrices) % len(LAYERS):
        raise SnapshotError("The snapshot's graph is not that of a transformer that this version can adapt.")
    names = [f"blocks.{block}.{layer}.weight" for block in range(len(matrices) // len(LAYERS)) for layer in LAYERS]
    return {name: matrix.T.contiguous() for name, matrix in zip(names, matrices, strict=True)}


def recipe_of(snapshot: Snapshot, name: str, seed: int = 0) -> SequenceRecipe:
    """The recipe by which a snapshot is adapted: its own, with smaller steps.

    Raises:
      TrainingError: the snapshot is of a kind that cannot be adapted.
    """
    if snapshot.kind != "transformer":
        raise TrainingError(f"Model {snapshot.name!r} is of the kind {snapshot.kind!r}; only transformers can be adapted.")
    known = {field.name for field in fields(SequenceRecipe)} - {"spec", "name", "style", "base"}
    told = snapshot.card.get("recipe")
    values: dict[str, Any] = {k: v for k, v in told.items() if k in known} if isinstance(told, dict) else {}
    made = SequenceRecipe(name=name, style=name, spec=snapshot.spec, **values)
    return replace(made, dropout=DROPOUT, lr=LR, adam_lr=ADAM_LR, seed=seed)


def adapt(
    pieces: Sequence[Piece],
    snapshot: Snapshot,
    name: str,
    folder: Path,
    *,
    minutes: float = 5.0,
    seed: int = 0,
    steps: int | None = None,
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Adapt a snapshot to pieces whose tracks are named as its roles; the result is a snapshot of a style of its own.

    Args:
      pieces: the music; a tenth is set aside to measure with.
      snapshot: what to begin with.
      name: of the new style and model.
      folder: for the new snapshot; appears in one step, with the index by which takes are compared with this music.
      minutes: how long to train, about; steps: or how many steps.
      tell: told of the progress.

    Returns:
      `pieces`, `steps`, and `before` and `after`: exact nats an event on the music set aside.

    Raises:
      TrainingError: too little music, or the snapshot cannot be adapted.
      OutputError: the folder cannot be written.
    """
    say = tell or (lambda words, share: None)
    recipe = recipe_of(snapshot, name, seed)
    say("reading the music", None)
    data = prepare(pieces, recipe.spec)
    model = _with_weights(recipe, data, weights_of(snapshot))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # of norms in half precision
        before = evaluate(model, data.codec, data.splits["valid"], recipe.length, recipe.mixed)["nll"]
        if steps is None:
            say("measuring the time of a step", None)
            count, _ = example_maker(recipe, data)
            wanted = int(minutes * 60 / _seconds_a_step(recipe, data, model))
            steps = max(LEAST_STEPS, min(wanted, MOST_STEPS, MOST_EPOCHS * count // recipe.batch))
    recipe = replace(recipe, steps=steps, evaluate_every=steps, checkpoint_every=max(1, steps // 4))
    with TemporaryDirectory(prefix="antiphon-") as place:
        begin, work = Path(place) / "begin", Path(place) / "run"
        begin.mkdir()
        torch.save({"modules": {"model": model.state_dict()}}, begin / "checkpoint.pt")
        say(f"learning, {steps} steps", 0.0)
        logged = run(
            recipe, iter(pieces), work, lambda step, _: say(f"learning, step {step} of {steps}", step / steps), begin=begin
        )
        say("writing the model", 1.0)
        stage = folder.with_name(f".{folder.name}.part")
        export(recipe, work, stage, _card(snapshot, len(pieces), json.loads((work / "facts.json").read_text())))
        write_index(pieces, stage)
        stage.rename(folder)
    after = float(logged["valid/nll"])
    return {"pieces": len(pieces), "steps": steps, "before": round(float(before), 4), "after": round(after, 4)}


def _with_weights(recipe: SequenceRecipe, data: Prepared, weights: dict[str, torch.Tensor]) -> nn.Module:
    """The recipe's model with a snapshot's weights.

    Raises:
      TrainingError: some are missing or of another shape.
    """
    model = build(recipe, data.codec)
    wanted = model.state_dict()
    unfit = [name for name, value in wanted.items() if name not in weights or weights[name].shape != value.shape]
    if unfit:
        raise TrainingError(f"The snapshot's weights do not fit its recipe ({unfit[0]}), so that it cannot be adapted.")
    model.load_state_dict({name: weights[name] for name in wanted})
    return model


def _seconds_a_step(recipe: SequenceRecipe, data: Prepared, model: nn.Module) -> float:
    """Wall seconds of one step, told by a few whose result is thrown away."""
    count, make = example_maker(recipe, data)
    stream = batches(count, make, recipe.batch, recipe.seed)
    took: list[float] = []
    for _ in range(TRIAL):
        batch = next(stream)
        began = time.perf_counter()
        following = batch["events"][:, 1:]
        with mixed_precision("cpu", recipe.mixed):
            logits = model(batch["events"][:, :-1], batch["times"][:, :-1], following)
        torch.autograd.backward(event_nll(logits, following).sum())
        took.append(time.perf_counter() - began)
    model.zero_grad()
    return max(1e-3, float(np.median(took)) * 1.2)  # the optimiser's own work is about a fifth


def _card(snapshot: Snapshot, pieces: int, facts: dict[str, Any]) -> dict[str, Any]:
    """What a person should know of an adapted model."""
    return {
        "data": f"{pieces} pieces given by the user, on top of model {snapshot.name!r}: {snapshot.card.get('data')}",
        "licences": f"Of the user's music: not stated. Of the base: {snapshot.card.get('licences')}",
        "trained": f"Adapted on this machine from {snapshot.name!r} (digest {snapshot.digest[:16]}).",
        "faults": ["Little music was learnt from; takes may lean on single pieces of it (see originality)."],
        "refused": facts.get("refused", {}),
    }
