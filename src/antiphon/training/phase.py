"""Phase: one move of a training step - which weights move, by which loss, how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.training.ema import Ema
from antiphon.training.muon import Muon

Batch = Mapping[str, Tensor]
Loss = Callable[[Batch], dict[str, Tensor]]
"""Batch -> named scalars; their sum is minimised."""


@dataclass(frozen=True)
class Phase:
    """One move of a training step."""

    name: str
    module: nn.Module
    loss: Loss
    optimisers: Callable[[nn.Module], list[torch.optim.Optimizer]]
    every: int = 1
    clip: float = 1.0
    """Largest gradient norm; 0 leaves gradients alone."""
    ema: Ema | None = None
    """A moving average of the module, updated after each of its steps and kept in the checkpoint."""


def adam(
    lr: float, betas: tuple[float, float] = (0.9, 0.99), decay: float = 0.0
) -> Callable[[nn.Module], list[torch.optim.Optimizer]]:
    """Adam (AdamW where `decay` is set) over all weights of a module."""
    return lambda module: [torch.optim.AdamW(module.parameters(), lr, betas, weight_decay=decay)]


def muon(lr: float = 0.01, adam_lr: float = 2e-3, decay: float = 0.05) -> Callable[[nn.Module], list[torch.optim.Optimizer]]:
    """Muon (Jordan et al. 2024) for hidden matrices, AdamW for embeddings, output layers, norms and biases.

    A hidden matrix is a two-dimensional weight whose name does not end in an embedding table or an output layer.
    """

    def make(module: nn.Module) -> list[torch.optim.Optimizer]:
        hidden: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        for name, p in module.named_parameters():
            plain = p.ndim != 2 or ".tables." in f".{name}" or ".out." in f".{name}"
            (rest if plain else hidden).append(p)
        return [
            Muon(hidden, lr=lr, weight_decay=decay),
            torch.optim.AdamW(rest, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0.0),
        ]

    return make
