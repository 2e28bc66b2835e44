"""The judge's encoder: rolls of a clip -> one vector, by strided convolutions, bar by bar, and pooling over the bars.

Legend: N clips, T steps (sixteenths), P pitches, E features, n bars of 16 steps.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

LAGS = (1, 2, 4, 8)
"""Distances, in bars, at which bars are compared with each other."""


class ClipEncoder(nn.Module):
    """Rolls [N, 3, T, P] -> features [N, E]; nothing in it depends on the other clips of a batch.

    Four convolutions bring a clip to one vector a bar (the first sees one beat and an octave, and is shared by all
    pitches); their mean, their deviation, and their products with the vectors 1, 2, 4 and 8 bars later (repetition)
    are mapped to the features.
    """

    def __init__(self, width: int = 32, features: int = 96) -> None:
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            nn.Conv2d(3, w, (4, 13), (4, 1)),
            nn.GELU(),
            nn.Conv2d(w, 2 * w, (3, 13), (2, 4), (1, 6)),
            nn.GroupNorm(4, 2 * w),
            nn.GELU(),
            nn.Conv2d(2 * w, 3 * w, (3, 5), (2, 2), (1, 2)),
            nn.GroupNorm(4, 3 * w),
            nn.GELU(),
            nn.Conv2d(3 * w, 4 * w, (3, 3), (1, 2), (1, 1)),
            nn.GroupNorm(4, 4 * w),
            nn.GELU(),
        )
        self.bar = nn.Linear(8 * w, 4 * w)
        self.norm = nn.RMSNorm(4 * w, eps=1e-6)
        self.out = nn.Linear((2 + len(LAGS)) * 4 * w, features)

    def forward(self, rolls: Tensor) -> Tensor:
        """Features of the clips."""
        x = self.layers(rolls)  # [N, C, n, p]
        bars = self.norm(self.bar(torch.cat([x.mean(3), x.amax(3)], 1).transpose(1, 2)))  # [N, n, 4w]
        mean = bars.mean(1)
        deviation = ((bars - mean[:, None]).square().mean(1) + 1e-5).sqrt()
        later = [(bars * nn.functional.pad(bars, (0, 0, 0, lag))[:, lag:]).mean(1) for lag in LAGS]
        out: Tensor = self.out(torch.cat([mean, deviation, *later], 1))
        return out


class EncoderPupil(nn.Module):
    """An encoder with the two heads by which it is taught: features -> unit vectors [N, E], features -> classes [N, C]."""

    def __init__(self, encoder: ClipEncoder, features: int, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.project = nn.Sequential(nn.Linear(features, features), nn.GELU(), nn.Linear(features, features))
        self.judge = nn.Sequential(nn.GELU(), nn.Linear(features, classes))

    def forward(self, rolls: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors to compare clips by, and logits of what was done to them."""
        features = self.encoder(rolls)
        return nn.functional.normalize(self.project(features), dim=-1), self.judge(features)
