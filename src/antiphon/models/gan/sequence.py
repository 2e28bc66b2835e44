"""Generator and critic of note lists: fields of compound events, chosen by straight-through Gumbel-softmax.

Legend: B batch, N notes, F fields, C options of all fields together, d width. A sample is one-hot by field, [B, N, C].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.layers import Attend, MinibatchFeatures, gumbel_choice


class SequenceGenerator(nn.Module):
    """Noise [B, z] -> N events, one-hot by field; recurrent or by attention, all events in one pass.

    Args:
      sizes: options of each field.
      length: number of events N.
      song: width of the noise that all events share; each has `own` numbers beside.
      kind: "transformer" or "gru".
    """

    def __init__(
        self, sizes: tuple[int, ...], length: int, song: int = 64, own: int = 8, width: int = 128, layers: int = 3,
        kind: str = "transformer", temperature: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.sizes, self.length, self.song, self.own = sizes, length, song, own
        self.noise, self.kind, self.temperature = song + length * own, kind, temperature
        self.from_song, self.from_own = nn.Linear(song, width), nn.Linear(own, width)
        self.place = nn.Parameter(0.3 * torch.randn(length, width))
        self.blocks = nn.ModuleList(Attend(width) for _ in range(layers if kind == "transformer" else 0))
        self.gru = nn.GRU(width, width, layers, batch_first=True) if kind == "gru" else None
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.out = nn.Linear(width, sum(sizes))

    def logits(self, noise: Tensor) -> Tensor:
        """Logits of all fields [B, N, C]."""
        song, own = torch.split(noise, [self.song, self.length * self.own], dim=1)
        x = self.from_song(song)[:, None] + self.from_own(torch.unflatten(own, 1, (self.length, self.own))) + self.place
        for block in self.blocks:
            x = block(x)
        if self.gru is not None:
            x = self.gru(x)[0]
        out: Tensor = self.out(self.norm(x))
        return out

    def forward(self, noise: Tensor, uniform: Tensor) -> Tensor:
        """One-hot fields [B, N, C], chosen with one uniform number for each option [B, N, C]."""
        logits = torch.split(self.logits(noise), list(self.sizes), dim=-1)
        chances = torch.split(uniform, list(self.sizes), dim=-1)
        return torch.cat([gumbel_choice(x, u, self.temperature) for x, u in zip(logits, chances, strict=True)], dim=-1)

    def choose(self, noise: Tensor) -> Tensor:
        """The likeliest option of each field, [B, N, F]: the noise alone decides what is written."""
        return torch.stack([x.argmax(-1) for x in torch.split(self.logits(noise), list(self.sizes), dim=-1)], dim=-1)


class SequenceCritic(nn.Module):
    """One-hot events [B, N, C] -> how real they look [B]."""

    def __init__(self, sizes: tuple[int, ...], length: int, width: int = 128, layers: int = 2, minibatch: bool = False) -> None:
        super().__init__()
        self.embed = nn.Linear(sum(sizes), width)
        self.near = nn.Conv1d(width, width, 5, padding=2)
        self.place = nn.Parameter(0.3 * torch.randn(length, width))
        self.blocks = nn.ModuleList(Attend(width) for _ in range(layers))
        self.minibatch = MinibatchFeatures(width) if minibatch else None
        self.out = nn.Linear(width + (16 if minibatch else 0), 1)

    def forward(self, events: Tensor) -> Tensor:
        """How real each list looks, without bounds."""
        x = self.embed(events) + self.place
        x = x + nn.functional.leaky_relu(self.near(x.transpose(1, 2)), 0.2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        x = nn.functional.leaky_relu(x, 0.2).mean(1)
        out: Tensor = self.out(x if self.minibatch is None else self.minibatch(x))[:, 0]
        return out
