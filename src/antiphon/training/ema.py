"""Exponential moving average of a module's weights: the one that is sampled from, kept beside the one that moves."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn


class Ema(nn.Module):
    """An average of a module over its last updates; its weights are part of the checkpoint.

    The rate rises from 0 to `decay` over the first updates ((1 + t) / (10 + t), as Polyak averages do), so that the
    random start is soon forgotten. Buffers are copied.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        super().__init__()
        self.average = deepcopy(module).requires_grad_(False)
        self.decay = decay
        self.updates: torch.Tensor
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module's present weights."""
        self.updates += 1
        count = int(self.updates)
        rate = 1.0 - min(self.decay, (1 + count) / (10 + count))
        for mine, theirs in zip(self.average.parameters(), module.parameters(), strict=True):
            mine.lerp_(theirs, rate)
        for kept, now in zip(self.average.buffers(), module.buffers(), strict=True):
            kept.copy_(now)
