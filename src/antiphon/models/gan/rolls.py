"""What all generators of rolls share: the shape of a window, a place for noise, binary neurons, calibration.

Legend: B batch, n bars, R roles, S steps a bar, P pitches, z width of the noise; cells are [B, n, R, 2, S, P].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.layers import chroma, straight_through, straight_through_sample

BEATS = 4
"""Beats of a bar; all rolls are in 4/4."""

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
    Roles may be attuned to each other: then each leans towards the pitch classes that go with what the others sound.
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
        self.accord: Tensor | None
        self.register_buffer("accord", None, persistent=False)

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

    def attune(self, odds: Tensor | None, weight: float = 1.0) -> None:
        """Make the roles lean towards each other, or, without odds, stand alone.

        Args:
          odds: entry [i, j, k]: how much likelier than by chance role j sounds k semitones above role i within a beat, in
            logarithms [R, R, 12].
          weight: how much of them is added to the logits; by 1 they count as evidence apart from all that the network knows.
        """
        if odds is None or weight == 0:
            self.accord = None
            return
        turned = torch.stack([odds.roll(p, -1) for p in range(12)], 1)  # [R, 12 heard, R, 12]
        self.accord = weight * turned.flatten(2).flatten(0, 1)

    def agreed(self, cells: Tensor, sounds: Tensor | None) -> Tensor:
        """Cell logits, each with what the other roles' expected pitch classes in its beat say for or against its own.

        One product of matrices over [R * 12] classes; nothing but the logits given is heard, so roles move at once.
        """
        if self.accord is None:
            return cells
        beats = torch.unflatten(cells, 4, (BEATS, -1))  # [B, n, R, 2, T, S / T, P]
        heard = chroma(beats.sigmoid().sum(5).sum(3))  # [B, n, R, T, 12]; two sums, since runtimes are slow at one over both
        shares = heard / (heard.sum(-1, keepdim=True) + 1e-3)
        if sounds is not None:
            shares = shares * sounds.sigmoid()[..., None, None]
        lean = torch.unflatten(shares.transpose(2, 3).flatten(3) @ self.accord, -1, (self.shape.roles, 12)).transpose(2, 3)
        octaves = torch.unflatten(beats, -1, (-1, 12)) + lean[:, :, :, None, :, None, None]
        return octaves.flatten(-2).flatten(4, 5)

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
        on = self.settled(self.agreed(cells, sounds)) > 0
        return on if sounds is None else on & (sounds + self.presence_bias > 0)[..., None, None, None]

    def _neurons(self, cells: Tensor, sounds: Tensor | None, kind: str) -> Tensor:
        out = self._choose(self.settled(self.agreed(cells, sounds)), kind)
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
        logits = self.agreed(logits, sounds)
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
