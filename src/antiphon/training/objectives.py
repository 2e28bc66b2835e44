"""Objectives: models -> phases. They know no loop, and the loop knows no objective."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from antiphon.training.phase import Batch, Phase
from antiphon.training.precision import mixed_precision


def likelihood(
    model: nn.Module,
    nll: Callable[[list[Tensor], Tensor], Tensor],
    optimisers: Callable[[nn.Module], list[torch.optim.Optimizer]],
    mixed: bool = False,
) -> list[Phase]:
    """Maximum likelihood of the next event, teacher-forced.

    Batches hold `events` [B, T + 1, F] and `times` [B, T + 1]; kind 0 is padding. Where they hold `learnt` [B, T + 1], only
    events marked 1 count, the others being given. `mixed` runs the forward pass in bfloat16 where that is safe.
    """

    def loss(batch: Batch) -> dict[str, Tensor]:
        events, times = batch["events"], batch["times"]
        with mixed_precision(events.device.type, mixed):
            logits = model(events[:, :-1], times[:, :-1], events[:, 1:])
        counts = events[:, 1:, 0] != 0
        if "learnt" in batch:
            counts = counts & (batch["learnt"][:, 1:] != 0)
        return {"nll": (nll(logits, events[:, 1:]) * counts).sum() / counts.sum().clamp(min=1)}

    return [Phase("model", model, loss, optimisers)]
