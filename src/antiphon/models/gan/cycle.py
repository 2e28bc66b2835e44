"""Translators of rolls from one style to another, for CycleGAN: rolls in, rolls of the same shape out.

Legend as in rolls.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.gan.rolls import RollShape
from antiphon.models.layers import Attend, straight_through


class Translator(nn.Module):
    """Cells -> cells of the other style: every cell is kept unless the network has a reason to change it.

    Bars are told by their steps, mixed within the bar, among the tracks and among the bars; the output is a change on
    the logits of what came in (Zhu et al. 2017 start near the identity too).
    """

    def __init__(self, shape: RollShape, width: int = 128, channels: int = 64, layers: int = 3) -> None:
        super().__init__()
        self.shape, self.channels = shape, channels
        rows = 2 * shape.pitches
        self.step = nn.Linear(rows, channels)
        nn.init.normal_(self.step.weight, std=0.7)  # few cells are active: let them be heard
        self.near = nn.Conv1d(channels, channels, 5, padding=2)
        self.bar = nn.Linear(shape.steps * channels, width)
        self.place = nn.Parameter(0.3 * torch.randn(shape.bars * shape.roles, width))
        self.blocks = nn.ModuleList(Attend(width) for _ in range(layers))
        self.spread = nn.Linear(width, shape.steps * channels)
        self.out = nn.Linear(channels, rows)
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, cells: Tensor) -> Tensor:
        """[B, n, R, 2, S, P] -> the same, through straight-through binary neurons."""
        s, act = self.shape, nn.functional.gelu
        flat = cells.transpose(3, 4).flatten(4).flatten(1, 2)  # [B, n R, S, 2 P]
        x = act(self.step(flat))
        steps = x.flatten(0, 1)
        steps = steps + act(self.near(steps.transpose(1, 2)).transpose(1, 2))
        t = torch.unflatten(self.bar(steps.flatten(1)), 0, (-1, s.bars * s.roles)) + self.place
        for block in self.blocks:
            t = block(t)
        x = torch.unflatten(steps, 0, (-1, s.bars * s.roles)) + torch.unflatten(self.spread(t), -1, (s.steps, self.channels))
        logits = self.out(act(x)) + 6.0 * flat - 3.0
        out = torch.unflatten(torch.unflatten(straight_through(logits.sigmoid()), 1, (s.bars, s.roles)), -1, (2, s.pitches))
        return out.transpose(3, 4)
