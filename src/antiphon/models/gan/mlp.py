"""The dense pair of the tutorials: a generator 100-256-512-cells with ReLU, a critic 256-128-1 with LeakyReLU.

Legend as in rolls.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.models.layers import MinibatchFeatures, dense


class MlpGenerator(RollGenerator):
    """Noise [B, 100] -> 256 -> 512 -> cells."""

    def __init__(
        self, shape: RollShape, noise: int = 100, widths: tuple[int, ...] = (256, 512), neurons: str = "deterministic"
    ) -> None:
        super().__init__(shape, noise, neurons)
        self.net = dense([noise, *widths, shape.size], nn.ReLU)

    def logits(self, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Cell logits; silence is not told apart."""
        return self.net(noise).view(-1, *self.shape.cells), None


class MlpCritic(nn.Module):
    """Cells and the roles present -> 256 -> 128 -> how real they look [B]."""

    def __init__(self, shape: RollShape, widths: tuple[int, ...] = (256, 128), minibatch: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(dense([shape.size + shape.roles, *widths], _leaky), _leaky())
        self.minibatch = MinibatchFeatures(widths[-1]) if minibatch else None
        self.out = nn.Linear(widths[-1] + (16 if minibatch else 0), 1)

    def forward(self, cells: Tensor, present: Tensor) -> Tensor:
        """How real each window looks, without bounds."""
        x = self.body(torch.cat([cells.flatten(1), present.to(cells.dtype)], dim=1))
        out: Tensor = self.out(x if self.minibatch is None else self.minibatch(x))[:, 0]
        return out


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2)
