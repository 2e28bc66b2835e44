"""Translators of rolls from one style to another, for CycleGAN: rolls in, rolls of the same shape out.

Legend as in rolls.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.gan.rolls import RollShape
from antiphon.models.layers import Attend, straight_through

MOST = 8.0
"""Largest change of a logit."""
NOISE = 0.7
"""Scale of the logistic noise on logits while training: cells that the network finds alike then cross the threshold one by one,
and not all at once; when it writes there is none."""
NEVER = -9.0
"""Logit of a cell that may not be written."""


class Translator(nn.Module):
    """Cells -> cells of the other style: every cell is kept unless the network has a reason to change it.

    Two views meet: what lies near a cell in time and pitch, the same for all pitches, so that a rhythm learnt on one note
    holds for all; and what the bars say, mixed within the bar, among the tracks and among the bars. The output is a bounded
    change on the logits of what came in (Zhu et al. 2017 start near the identity too), and only pitch classes that sound in
    a half bar can be written there: harmony and silence stay by construction, rhythm, register and density are open.
    Without both bounds one step of the shared weights fires thousands of silent cells at once, from which training did not
    come back.

    Args:
      shape: of the windows.
      width: of the bars' tokens.
      channels: of a step's summary.
      layers: of attention among the bars.
      local: channels of the cells' surroundings.
      kept, empty: logits of a cell that came in and of one that did not, at the start: cells are few, so that one too
        many in a hundred would drown them, and the network must be surer to write one than to leave one out.
    """

    def __init__(
        self,
        shape: RollShape,
        width: int = 128,
        channels: int = 64,
        layers: int = 3,
        local: int = 12,
        kept: float = 3.0,
        empty: float = -4.0,
    ) -> None:
        super().__init__()
        self.shape, self.channels, self.kept, self.empty = shape, channels, kept, empty
        rows = 2 * shape.pitches
        self.step = nn.Linear(rows, channels)
        nn.init.normal_(self.step.weight, std=0.7)  # few cells are active: let them be heard
        self.near = nn.Conv1d(channels, channels, 5, padding=2)
        self.bar = nn.Linear(shape.steps * channels, width)
        self.place = nn.Parameter(0.3 * torch.randn(shape.bars * shape.roles, width))
        self.blocks = nn.ModuleList(Attend(width) for _ in range(layers))
        self.spread = nn.Linear(width, shape.steps * channels)
        self.around = nn.Conv2d(2, local, (9, 5), padding=(4, 2))
        nn.init.normal_(self.around.weight, std=0.25)
        self.further = nn.Conv2d(local, local, (5, 3), padding=(2, 1))
        self.told = nn.Linear(channels, local)
        self.pitch = nn.Parameter(0.3 * torch.randn(local, 1, shape.pitches))
        self.beat = nn.Parameter(0.3 * torch.randn(local, shape.steps, 1))
        self.mix = nn.Conv2d(local, 2 * local, 1)
        self.out = nn.Conv2d(2 * local, 2, 1)
        nn.init.normal_(self.out.weight, std=0.02)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def logits(self, cells: Tensor) -> Tensor:
        """Cells [B, n, R, 2, S, P] -> logits of the cells of the other style, same shape."""
        s, act = self.shape, nn.functional.gelu
        steps = self._steps(cells)  # [B n R, S, C]
        # a part's bars as one stretch of time, so that what is near is near across the bar line too
        time = torch.unflatten(cells, 1, (1, s.bars)).transpose(2, 3).flatten(0, 2)  # [B R, n, 2, S, P]
        flat = time.transpose(1, 2).flatten(2, 3)  # [B R, 2, n S, P]
        told = torch.unflatten(self.told(steps), 0, (-1, s.bars, s.roles)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
        x = self.further(act(self.around(flat))) + told.transpose(1, 2)[..., None]
        x = x + self.pitch + self.beat.repeat(1, s.bars, 1)
        change = torch.unflatten(self.out(act(self.mix(act(x)))), 2, (s.bars, s.steps))  # [B R, 2, n, S, P]
        change = torch.unflatten(change, 0, (-1, s.roles)).permute(0, 3, 1, 2, 4, 5)
        bounded = MOST * torch.tanh(change / MOST)
        return torch.where(self._allowed(cells), bounded + self.empty + (self.kept - self.empty) * cells, NEVER)

    def _allowed(self, cells: Tensor) -> Tensor:
        """Cells [B, n, 1, 1, S, P] whose pitch class sounds in the same half bar, in any track and octave."""
        s = self.shape
        sounds = torch.unflatten(cells.sum((2, 3)), 2, (2, s.steps // 2)).sum(3)  # [B, n, halves, P]
        classes = torch.unflatten(sounds, -1, (-1, 12)).sum(-2) > 0  # rows begin at a C
        rows = classes[:, :, :, None].expand(-1, -1, -1, s.steps // 2, -1).flatten(2, 3)
        return rows.repeat(1, 1, 1, s.pitches // 12)[:, :, None, None]

    def _steps(self, cells: Tensor) -> Tensor:
        """What each step of each bar is told of its bar, its part and the others [B n R, S, C]."""
        s, act = self.shape, nn.functional.gelu
        flat = cells.transpose(3, 4).flatten(4).flatten(1, 2)  # [B, n R, S, 2 P]
        steps = act(self.step(flat)).flatten(0, 1)
        steps = steps + act(self.near(steps.transpose(1, 2)).transpose(1, 2))
        t = torch.unflatten(self.bar(steps.flatten(1)), 0, (-1, s.bars * s.roles)) + self.place
        for block in self.blocks:
            t = block(t)
        return act(steps + torch.unflatten(self.spread(t), -1, (s.steps, self.channels)).flatten(0, 1))

    def forward(self, cells: Tensor) -> Tensor:
        """[B, n, R, 2, S, P] -> the same, through straight-through binary neurons; with chance only while training."""
        logits = self.logits(cells)
        if self.training:
            logits = logits + NOISE * torch.rand_like(logits).clamp(1e-6, 1 - 1e-6).logit()
        return straight_through(logits.sigmoid())
