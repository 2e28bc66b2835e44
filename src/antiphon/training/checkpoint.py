"""Checkpoints: all that a run needs to go on, written atomically and read without executing anything."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from antiphon.errors import TrainingError
from antiphon.training.phase import Phase


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0


def save_checkpoint(
    folder: Path, phases: list[Phase], optimisers: dict[str, list[torch.optim.Optimizer]], step: int, seconds: float
) -> None:
    """Write weights, optimiser states and progress to `checkpoint.pt`, replacing the one before only when complete."""
    state: dict[str, Any] = {
        "step": step,
        "seconds": seconds,
        "modules": {p.name: p.module.state_dict() for p in phases},
        "optimisers": {name: [o.state_dict() for o in opts] for name, opts in optimisers.items()},
        "averages": {p.name: p.ema.state_dict() for p in phases if p.ema is not None},
    }
    temporary = folder / "checkpoint.pt.part"
    torch.save(state, temporary)
    temporary.replace(folder / "checkpoint.pt")


def read_state(path: Path) -> dict[str, Any]:
    """What a checkpoint holds, brought to the CPU.

    Raises:
      TrainingError: the file is damaged.
    """
    try:
        if zipfile.is_zipfile(path):
            # tensors and plain containers only: no code is run
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            return state
    except RuntimeError as error:
        raise TrainingError(f"{path} is damaged ({str(error).splitlines()[0]}); remove it to begin anew.") from error
    raise TrainingError(f"{path} is damaged; remove it to begin anew.")


def load_checkpoint(folder: Path, phases: list[Phase], optimisers: dict[str, list[torch.optim.Optimizer]]) -> Progress:
    """Restore phases and optimisers if a checkpoint stands in the folder.

    Raises:
      TrainingError: the checkpoint does not fit the modules.
    """
    path = folder / "checkpoint.pt"
    if not path.exists():
        return Progress()
    try:
        state = read_state(path)
        for p in phases:
            p.module.load_state_dict(state["modules"][p.name])
            for optimiser, saved in zip(optimisers[p.name], state["optimisers"][p.name], strict=True):
                optimiser.load_state_dict(saved)
            if p.ema is not None:
                p.ema.load_state_dict(state["averages"][p.name])
    except (RuntimeError, KeyError, ValueError) as error:
        raise TrainingError(
            f"{path} does not fit this recipe ({str(error).splitlines()[0]}); choose another folder."
        ) from error
    return Progress(int(state["step"]), float(state["seconds"]))
