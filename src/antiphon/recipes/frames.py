"""What the recipes over frames share: windows of pieces, the best weights of a run, the graph of a snapshot."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from antiphon.errors import TrainingError
from antiphon.recipes.export import anonymise, halve
from antiphon.training.checkpoint import read_state


def windows(lengths: list[int], length: int) -> list[int]:
    """Which piece each window of an epoch is cut from: as often as the piece is `length` long, at least once."""
    return [i for i, n in enumerate(lengths) for _ in range(max(1, round(n / length)))]


def keep_best(folder: Path, model: nn.Module, step: int, logged: dict[str, float]) -> None:
    """Write the weights to `best.pt` if no earlier validation of this run was better; `best.json` tells the figures."""
    path = folder / "best.json"
    if path.exists() and json.loads(path.read_text())["valid"] <= logged["valid/nll"]:
        return
    temporary = folder / "best.pt.part"
    torch.save({"step": step, "modules": {"model": model.state_dict()}}, temporary)
    temporary.replace(folder / "best.pt")
    words = {"step": step, "valid": logged["valid/nll"], "seconds": logged["seconds"]}
    path.write_text(json.dumps(words))


def best_of(folder: Path, model: nn.Module) -> dict[str, Any]:
    """Load the best weights of a run into its model, rounded to half precision as a snapshot stores them.

    Returns:
      step and valid: when, and how good.

    Raises:
      TrainingError: the run was never validated, or does not fit.
    """
    path = folder / "best.pt"
    if not path.is_file():
        raise TrainingError(f"There are no weights in {folder}; train first.")
    try:
        model.load_state_dict(read_state(path)["modules"]["model"])
    except (RuntimeError, KeyError) as error:
        raise TrainingError(f"{path} does not fit this recipe ({str(error).splitlines()[0]}).") from error
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    model.eval()
    words: dict[str, Any] = json.loads((folder / "best.json").read_text())
    return words


def write_traced(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: list[str],
    dynamic: dict[str, dict[int, str]],
    path: Path,
    out: str = "logp",
) -> None:
    """Export a graph with one output by tracing, and store its weights in half precision.

    Tracing keeps a recurrent layer as one ONNX node for any number of frames, where the newer exporter unrolls it.
    """
    exporter: Any = torch.onnx
    exporter.register_custom_op_symbolic("aten::rms_norm", _rms_norm, OPSET)
    part = path.with_name(path.name + ".part")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            torch.onnx.export(
                module.eval(), inputs, str(part), dynamo=False, input_names=names, output_names=[out],
                dynamic_axes=dynamic, opset_version=OPSET,
            )  # fmt: skip
    finally:
        exporter.unregister_custom_op_symbolic("aten::rms_norm", OPSET)
    import onnx

    model = onnx.load_model(part)
    halve(model)
    anonymise(model)
    part.write_bytes(model.SerializeToString())
    part.replace(path)


OPSET = 18


def _rms_norm(g: Any, x: Any, shape: Any, weight: Any, eps: Any) -> Any:
    """torch.rms_norm over the last axis in plain operators; this operator set has no node for it."""
    from torch.onnx import symbolic_helper

    axes = g.op("Constant", value_t=torch.tensor([-1]))
    mean = g.op("ReduceMean", g.op("Mul", x, x), axes, keepdims_i=1)
    small = g.op("Constant", value_t=torch.tensor(float(symbolic_helper._maybe_get_const(eps, "f"))))
    return g.op("Mul", g.op("Div", x, g.op("Sqrt", g.op("Add", mean, small))), weight)
