"""What all generators of rolls share: the shape of a window, a place for noise, binary neurons, calibration.

Legend: B batch, n bars, R roles, S steps a bar, P pitches, z width of the noise; cells are [B, n, R, 2, S, P].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.layers import straight_through, straight_through_sample

FAR = 30.0
"""How far below zero a logit is put that must not count."""


@dataclass(frozen=True)
class RollShape:
    """Shape of one window of rolls."""

    bars: int = 4
    roles: int = 3
    steps: int = 16
    pitches: int = 72

    @property
    def cells(self) -> tuple[int, int, int, int, int]:
        """(n, R, 2, S, P)."""
        return self.bars, self.roles, 2, self.steps, self.pitches

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.bars * self.roles * 2 * self.steps * self.pitches


class RollGenerator(nn.Module):
    """Noise [B, z] -> binary cells, through whose binary neurons gradients pass.

    Subclasses give `logits`. Each role has biases for onsets, holds, a note's first hold and presence, which may be set so
    that samples have as many notes, and as long ones, as real music. A role of one voice writes one note at a time.
    """

    presence: bool = False
    """Whether `logits` tells of each bar of each role if it sounds at all."""

    def __init__(self, shape: RollShape, noise: int, neurons: str = "deterministic") -> None:
        super().__init__()
        if neurons not in ("deterministic", "stochastic", "soft"):
            raise ValueError(f"{neurons!r} names no kind of binary neurons")
        self.shape, self.noise, self.neurons = shape, noise, neurons
        self.cell_bias: Tensor
        self.presence_bias: Tensor
        self.first_bias: Tensor
        self.register_buffer("cell_bias", torch.zeros(shape.roles, 2))
        self.register_buffer("presence_bias", torch.zeros(shape.roles))
        self.register_buffer("first_bias", torch.zeros(shape.roles), persistent=False)
        self.solo: tuple[int, ...] = ()
        """Roles of one voice."""

    def logits(self, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Cell logits [B, n, R, 2, S, P] and, if the network has them, presence logits [B, n, R]."""
        raise NotImplementedError

    def probabilities(self, noise: Tensor) -> Tensor:
        """Probability of each cell, zero where the bar of the role is silent by the network's own word."""
        return self._neurons(*self.logits(noise), "soft")

    def forward(self, noise: Tensor) -> Tensor:
        """Noise [B, z] -> cells [B, n, R, 2, S, P]."""
        return self._neurons(*self.logits(noise), self.neurons)

    def fire(self, cells: Tensor, sounds: Tensor | None) -> Tensor:
        """Logits to cells, as this generator's binary neurons do it."""
        return self._neurons(cells, sounds, self.neurons)

    def settled(self, cells: Tensor) -> Tensor:
        """Cell logits with their biases; in roles of one voice the likeliest onset alone counts, and ends what sounded."""
        onset, hold = (cells + self.cell_bias[:, :, None, None]).unbind(3)
        begun = nn.functional.pad((onset > 0).to(hold.dtype)[..., :-1, :], (0, 0, 1, 0))
        hold = hold + self.first_bias[:, None, None] * begun
        if self.solo:
            onsets, holds = list(onset.unbind(2)), list(hold.unbind(2))
            for r in self.solo:
                onsets[r] = _likeliest(onsets[r])
                holds[r] = holds[r] - FAR * (onsets[r].amax(-1, keepdim=True) > 0).to(hold.dtype)
            onset, hold = torch.stack(onsets, 2), torch.stack(holds, 2)
        return torch.stack([onset, hold], 3)

    def decided(self, cells: Tensor, sounds: Tensor | None) -> Tensor:
        """Which cells the deterministic neurons turn on, as booleans."""
        on = self.settled(cells) > 0
        return on if sounds is None else on & (sounds + self.presence_bias > 0)[..., None, None, None]

    def _neurons(self, cells: Tensor, sounds: Tensor | None, kind: str) -> Tensor:
        out = self._choose(self.settled(cells), kind)
        if sounds is None:
            return out
        return out * self._choose(sounds + self.presence_bias, kind)[..., None, None, None]

    def _choose(self, logits: Tensor, kind: str) -> Tensor:
        p = logits.sigmoid()
        if kind == "soft":
            return p
        return straight_through(p) if kind == "deterministic" else straight_through_sample(p, torch.rand_like(p))

    @torch.no_grad()
    def calibrate(self, noise: Tensor, cells: Tensor, sounding: Tensor) -> None:
        """Set the biases so that samples from `noise` [N, z] have given rates.

        Args:
          noise: some hundred samples of noise.
          cells: wanted share of active cells in sounding bars, by role and layer [R, 2].
          sounding: wanted share of sounding bars by role [R].
        """
        logits, sounds = self.logits(noise)
        for r in range(self.shape.roles):
            on = torch.ones_like(logits[:, :, r, 0, 0, 0], dtype=torch.bool)
            if sounds is not None:
                self.presence_bias[r] = -_threshold(sounds[:, :, r].flatten(), float(sounding[r]))
                on = sounds[:, :, r] + self.presence_bias[r] > 0
            share = 1.0 if sounds is not None else float(sounding[r])
            for layer in range(2):
                self.cell_bias[r, layer] = -_threshold(logits[:, :, r, layer][on].flatten(), share * float(cells[r, layer]))


def _likeliest(logits: Tensor) -> Tensor:
    """Logits [.., P] with all but the largest far below zero."""
    return logits - FAR * (logits < logits.amax(-1, keepdim=True)).to(logits.dtype)


def _threshold(values: Tensor, share: float) -> float:
    """The value above which that share of the values lies, no further than 4 from zero."""
    if len(values) == 0:
        return 0.0
    count = min(len(values) - 1, max(0, round(share * len(values))))
    top = values.topk(count + 1).values
    return float(top[-1].clamp(-4.0, 4.0))
