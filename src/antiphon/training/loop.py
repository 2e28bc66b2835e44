"""The one training loop: phases, batches, a run folder that tells everything and resumes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from antiphon.errors import TrainingError
from antiphon.training.checkpoint import load_checkpoint, save_checkpoint
from antiphon.training.distributed import average_gradients, average_terms, place, wait
from antiphon.training.phase import Phase
from antiphon.training.schedule import Schedule, constant

Hook = Callable[[int, dict[str, float]], None]
"""Called with the step just finished and what was logged; may add figures to the dictionary."""


@dataclass(frozen=True)
class Budget:
    """How long to train and how often to look up."""

    steps: int
    log_every: int = 20
    evaluate_every: int = 500
    checkpoint_every: int = 500


def describe_difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What a changed recipe changes, in words."""
    keys = sorted(set(old) | set(new))
    return "; ".join(f"{k}: {old.get(k)!r} -> {new.get(k)!r}" for k in keys if old.get(k) != new.get(k))


def open_run(folder: Path, recipe: dict[str, Any]) -> None:
    """Make the run folder, or see that the one which stands there was made by the same recipe.

    Raises:
      TrainingError: the folder holds a run of another recipe; the differences are listed.
    """
    if place()[0] > 0:
        wait()  # until the first process has seen to the folder
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.json"
    plain = json.loads(json.dumps(recipe))
    if path.exists():
        old = json.loads(path.read_text())
        if old != plain:
            raise TrainingError(
                f"{folder} holds a run of another recipe ({describe_difference(old, plain)}); choose another folder."
            )
    else:
        path.write_text(json.dumps(plain, indent=1))
    wait()


def train(
    phases: list[Phase],
    batches_from: Callable[[int], Iterator[dict[str, Tensor]]],
    budget: Budget,
    folder: Path,
    *,
    schedule: Schedule = constant,
    seed: int = 0,
    device: str = "cpu",
    evaluate: Hook | None = None,
    progress: Hook | None = None,
) -> dict[str, float]:
    """Train until the budget is spent; the same call resumes where a killed run stopped.

    Each step is seeded from (seed, step), so a resumed run equals a straight one. Ctrl-C saves and returns. Of several
    processes (see training.distributed) the first alone writes; `evaluate` runs in all, as what it does to the modules
    must be done in each.

    Returns:
      What was logged last: for each phase and loss term its value, and the figures that `evaluate` adds.
    """
    optimisers = {p.name: p.optimisers(p.module) for p in phases}
    rates = {name: [[g["lr"] for g in o.param_groups] for o in opts] for name, opts in optimisers.items()}
    state = load_checkpoint(folder, phases, optimisers)
    step, spent = state.step, state.seconds
    begun = time.monotonic()
    stream = batches_from(step)
    logged: dict[str, float] = {}
    first = place()[0] == 0
    for phase in phases:
        phase.module.requires_grad_(False)
    with (folder / "stats.jsonl").open("a") as stats:
        try:
            while step < budget.steps:
                factor = schedule(step, budget.steps)
                torch.manual_seed((seed * 1_000_003 + step) % 2**63)
                batch = {k: v.to(device) for k, v in next(stream).items()}
                for phase in phases:
                    if step % phase.every == 0:
                        logged |= _move(phase, optimisers[phase.name], rates[phase.name], factor, batch)
                step += 1
                last = step == budget.steps
                logged["seconds"] = spent + time.monotonic() - begun
                if evaluate is not None and (step % budget.evaluate_every == 0 or last):
                    evaluate(step, logged)
                if first and (step % budget.log_every == 0 or last):
                    stats.write(json.dumps({"step": step, "lr": factor, **{k: round(v, 5) for k, v in logged.items()}}) + "\n")
                    stats.flush()
                    if progress is not None:
                        progress(step, logged)
                if first and step % budget.checkpoint_every == 0:
                    save_checkpoint(folder, phases, optimisers, step, logged["seconds"])
        except KeyboardInterrupt:
            logged["interrupted"] = 1.0
    if first:
        save_checkpoint(folder, phases, optimisers, step, spent + time.monotonic() - begun)
    wait()
    return logged


def _move(
    phase: Phase, optimisers: list[torch.optim.Optimizer], rates: list[list[float]], factor: float, batch: dict[str, Tensor]
) -> dict[str, float]:
    """One phase's gradient step; returns its losses and gradient norm."""
    phase.module.requires_grad_(True)
    terms = phase.loss(batch)
    total = torch.stack(list(terms.values())).sum()
    if not bool(torch.isfinite(total)):
        raise TrainingError(f"The loss of phase {phase.name!r} is not finite; lower the learning rate.")
    torch.autograd.backward(total)
    average_gradients(phase.module)
    norm = torch.nn.utils.clip_grad_norm_(phase.module.parameters(), phase.clip or math.inf)
    for optimiser, groups in zip(optimisers, rates, strict=True):
        for group, lr in zip(optimiser.param_groups, groups, strict=True):
            group["lr"] = lr * factor
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    phase.module.requires_grad_(False)
    if phase.ema is not None:
        phase.ema.update(phase.module)
    values = average_terms(torch.stack([v.detach().float() for v in terms.values()])).tolist()
    out = {f"{phase.name}/{k}": value for k, value in zip(terms, values, strict=True)}
    out[f"{phase.name}/gradient"] = float(norm)
    return out
