"""Layers that several networks share: attention over a few tokens, straight-through choices, minibatch features.

Legend: B batch, N tokens, d width.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn


def straight_through(p: Tensor, threshold: float = 0.5) -> Tensor:
    """Deterministic binary neurons (Bengio et al. 2013): 1 where p > threshold; the gradient passes as if nothing were done."""
    hard = (p > threshold).to(p.dtype)
    return hard + (p - p.detach())


def straight_through_sample(p: Tensor, uniform: Tensor) -> Tensor:
    """Stochastic binary neurons: 1 with probability p, by a uniform number each; the gradient passes unchanged."""
    hard = (uniform < p).to(p.dtype)
    return hard + (p - p.detach())


def gumbel_choice(logits: Tensor, uniform: Tensor, temperature: float = 1.0) -> Tensor:
    """Straight-through Gumbel-softmax over the last axis (Jang et al. 2017): one-hot forward, softmax backward.

    Args:
      logits: [..., C].
      uniform: numbers in [0, 1) of the same shape.
      temperature: of the softmax through which gradients pass.
    """
    noise = -torch.log(-torch.log(uniform.clamp(1e-6, 1 - 1e-6)))
    soft = ((logits + noise) / temperature).softmax(-1)
    hard = torch.zeros_like(soft).scatter(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())


def chroma(rolls: Tensor, lowest: int = 0) -> Tensor:
    """Pitch classes of rolls: the sum over octaves of the last axis, [..., P] -> [..., 12].

    Rows twelve apart fall together. (Summing neighbouring rows instead, as published code does, measures register.)
    """
    rows = rolls.shape[-1]
    before = lowest % 12
    padded = nn.functional.pad(rolls, (before, -(rows + before) % 12))
    return torch.unflatten(padded, -1, (-1, 12)).sum(-2)


class Attend(nn.Module):
    """Pre-norm attention of every token to all, and a feed-forward layer: [B, N, d] -> [B, N, d]."""

    def __init__(self, width: int, heads: int = 4, widening: int = 2) -> None:
        super().__init__()
        self.heads, self.e = heads, width // heads
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)
        self.qkv, self.join = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, widening * width), nn.Linear(widening * width, width, bias=False)
        for layer in (self.join, self.down):  # branches begin small, so that deep stacks begin as the identity
            nn.init.normal_(layer.weight, std=0.2 * width**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Attend, then feed forward."""
        parts = torch.unflatten(self.qkv(self.norm1(x)), -1, (3, self.heads, self.e))
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        weight = ((q @ k.transpose(-1, -2)) * self.e**-0.5).softmax(-1)
        x = x + self.join((weight @ v).transpose(1, 2).flatten(2))
        out: Tensor = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return out


class MinibatchFeatures(nn.Module):
    """Minibatch discrimination (Salimans et al. 2016): how close each sample's features are to the others' of its batch.

    Features [B, d] -> [B, d + kernels], so that a critic sees when all samples are alike.
    """

    def __init__(self, width: int, kernels: int = 16, size: int = 4) -> None:
        super().__init__()
        self.kernels, self.size = kernels, size
        self.project = nn.Linear(width, kernels * size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Append the closeness to the other samples."""
        m = self.project(x).view(-1, self.kernels, self.size)
        distance = (m[:, None] - m[None]).abs().sum(-1)  # [B, B, kernels]
        close = torch.exp(-distance).sum(1) - 1.0
        return torch.cat([x, close / max(1, len(x) - 1)], dim=1)


def spectral(module: nn.Module) -> nn.Module:
    """Put spectral normalisation (Miyato et al. 2018) on every linear and convolutional weight of a module, in place."""
    for child in list(module.modules()):
        if isinstance(child, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
            nn.utils.parametrizations.spectral_norm(child)
    return module


def dense(sizes: list[int], activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Linear layers of these sizes with an activation between them."""
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(before, after)] + ([activation()] if i + 2 < len(sizes) else [])
    return nn.Sequential(*layers)
