"""What keeps a critic smooth: gradient penalties GP, R1 and R2, each of the critic's slope at given samples."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]
"""Samples [B, ...] -> how real they look [B]."""


def slope(score: Score, x: Tensor) -> Tensor:
    """Gradient of each sample's score with respect to the sample, [B, features], itself differentiable."""
    x = x.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def zero_centred(score: Score, x: Tensor) -> Tensor:
    """Half the mean squared slope at x: R1 at real samples, R2 at generated ones (Mescheder et al. 2018)."""
    return slope(score, x).square().sum(1).mean() / 2


def one_centred(score: Score, real: Tensor, fake: Tensor, between: Tensor) -> Tensor:
    """Mean squared distance of the slope from 1 on lines between real and fake (WGAN-GP, Gulrajani et al. 2017).

    Args:
      score: the critic.
      real, fake: as many samples each.
      between: place on the line, uniform in [0, 1), one a sample [B].
    """
    a = between.view(-1, *[1] * (real.ndim - 1))
    # the tiny constant keeps the root's own derivative finite where the slope is zero
    norm = (slope(score, a * real + (1 - a) * fake).square().sum(1) + 1e-12).sqrt()
    return (norm - 1).square().mean()
