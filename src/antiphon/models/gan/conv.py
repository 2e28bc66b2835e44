"""DCGAN on piano-rolls (Radford et al. 2016): dense to 8 x 8, then transposed convolutions up to time by pitch.

Legend as in rolls.py. The picture is [2 R layers, n * S steps, P pitches]; batch normalisation only in the generator.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.models.layers import MinibatchFeatures

CORNER = 8
"""Height and width of the first picture."""


class ConvGenerator(RollGenerator):
    """Noise [B, 100] -> 8 x 8 -> doubled until the window is covered -> cells (what sticks out is cut off)."""

    def __init__(self, shape: RollShape, noise: int = 100, channels: int = 64, neurons: str = "deterministic") -> None:
        super().__init__(shape, noise, neurons)
        time, pitch = _doublings(shape.bars * shape.steps), _doublings(shape.pitches)
        self.channels = channels
        self.start = nn.Linear(noise, channels * CORNER * CORNER)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels), nn.ReLU()]
        width = channels
        for i in range(max(time, pitch)):
            tall, wide = i < time, i < pitch
            after = max(16, width // 2)
            kernel, stride = (4 if tall else 3, 4 if wide else 3), (2 if tall else 1, 2 if wide else 1)
            layers += [nn.ConvTranspose2d(width, after, kernel, stride, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
            width = after
        self.up = nn.Sequential(*layers)
        self.out = nn.Conv2d(width, 2 * shape.roles, 3, padding=1)
        assert self.out.bias is not None
        nn.init.constant_(self.out.bias, -2.0)

    def logits(self, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Cell logits; silence is not told apart."""
        s = self.shape
        picture = self.out(self.up(self.start(noise).view(-1, self.channels, CORNER, CORNER)))
        picture = picture[:, :, : s.bars * s.steps, : s.pitches]
        cells = torch.unflatten(torch.unflatten(picture, 1, (s.roles, 2)), 3, (s.bars, s.steps))
        return cells.permute(0, 3, 1, 2, 4, 5), None


class ConvCritic(nn.Module):
    """Cells and the roles present -> strided convolutions -> how real they look [B]."""

    def __init__(self, shape: RollShape, channels: int = 32, minibatch: bool = False) -> None:
        super().__init__()
        self.shape = shape
        layers: list[nn.Module] = []
        width, rows, columns = 2 * shape.roles, shape.bars * shape.steps, shape.pitches
        after = channels
        for _ in range(3):
            layers += [nn.Conv2d(width, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            width, after, rows, columns = after, 2 * after, rows // 2, columns // 2
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * rows * columns, 128), nn.LeakyReLU(0.2))
        self.present = nn.Linear(shape.roles, 128)
        self.minibatch = MinibatchFeatures(128) if minibatch else None
        self.out = nn.Linear(128 + (16 if minibatch else 0), 1)

    def forward(self, cells: Tensor, present: Tensor) -> Tensor:
        """How real each window looks, without bounds."""
        picture = cells.permute(0, 2, 3, 1, 4, 5).flatten(3, 4).flatten(1, 2)
        x = self.body(picture) + self.present(present.to(cells.dtype))
        out: Tensor = self.out(x if self.minibatch is None else self.minibatch(x))[:, 0]
        return out


def _doublings(size: int) -> int:
    """How often the corner must be doubled to cover a size."""
    return max(0, math.ceil(math.log2(size / CORNER)))
