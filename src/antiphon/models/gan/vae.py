"""An encoder for the attention generator: the same ladder of latents, read upwards, makes it a variational autoencoder.

Legend as in attention.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.gan.attention import AttentionGenerator
from antiphon.models.gan.chain import ChainGenerator
from antiphon.models.layers import Attend


class RollEncoder(nn.Module):
    """Cells -> one token for each track of a bar, each bar, and the song."""

    def __init__(self, generator: AttentionGenerator | ChainGenerator, layers: int = 2) -> None:
        super().__init__()
        shape, c = generator.shape, generator.config
        d, heads = c.width, c.heads
        self.shape = shape
        self.step = nn.Linear(2 * shape.pitches, c.step)
        nn.init.normal_(self.step.weight, std=0.7)  # a step has few active cells: the usual start would drown them in bias
        self.near = nn.Conv1d(c.step, c.step, 3, padding=1)
        self.bar = nn.Linear(shape.steps * c.step, d)
        self.absent = nn.Parameter(torch.zeros(d))
        self.place = nn.Parameter(0.3 * torch.randn(shape.bars, 1, d))
        self.role = nn.Parameter(0.3 * torch.randn(shape.roles, d))
        self.tracks = nn.ModuleList(Attend(d, heads) for _ in range(layers))
        self.join = nn.Linear(shape.roles * d, d)
        self.bars = nn.ModuleList(Attend(d, heads) for _ in range(layers))
        self.norm_track, self.norm_bar = nn.RMSNorm(d, eps=1e-6), nn.RMSNorm(d, eps=1e-6)

    def forward(self, cells: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cells [B, n, R, 2, S, P] and roles present [B, R] -> tracks [B, n * R, d], bars [B, n, d], song [B, 1, d]."""
        act = nn.functional.gelu
        x = act(self.step(cells.transpose(3, 4).flatten(4)))  # [B, n, R, S, channels]
        flat = x.flatten(0, 2)
        x = torch.unflatten((flat + act(self.near(flat.transpose(1, 2)).transpose(1, 2))).flatten(1), 0, x.shape[:3])
        t = self.bar(x)
        t = torch.where(present[:, None, :, None] > 0, t, self.absent) + self.place + self.role
        t = t.flatten(1, 2)
        for block in self.tracks:
            t = block(t)
        h = self.join(torch.unflatten(t, 1, (self.shape.bars, -1)).flatten(2))
        for block in self.bars:
            h = block(h)
        return self.norm_track(t), self.norm_bar(h), self.norm_bar(h.mean(1, keepdim=True))


class RollAutoencoder(nn.Module):
    """A ladder variational autoencoder around an attention generator.

    Posteriors are told as moves away from the generator's priors (Vahdat & Kautz 2020), so their divergence is cheap
    where nothing is to say.
    """

    def __init__(self, generator: AttentionGenerator) -> None:
        super().__init__()
        self.generator, self.encoder = generator, RollEncoder(generator)
        c = generator.config
        self.song = nn.Linear(c.width, 2 * c.song)
        self.bar = nn.Linear(2 * c.width, 2 * c.bar)
        self.track = nn.Linear(2 * c.width, 2 * c.track)
        for layer in (self.song, self.bar, self.track):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
            shift, change = layer.bias.data.chunk(2)
            shift.zero_()
            change.fill_(-2.0)  # at first little noise drowns what is read: learning to read and write comes before all else

    def forward(self, cells: Tensor, present: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Read and write again.

        Args:
          cells: [B, n, R, 2, S, P].
          present: roles that the piece has, [B, R].
          noise: [B, z] of the posterior samples.

        Returns:
          Cell logits, presence logits [B, n, R], and the divergence from the prior of every latent number by level:
          "song" [B, 1, song], "bar" [B, n, bar], "track" [B, n * R, track], in nats.
        """
        tracks, bars, song = self.encoder(cells, present)
        parts = self.generator.split(noise)
        divergence: dict[str, Tensor] = {}

        def place(level: str, move: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
            shift, change = move.chunk(2, dim=-1)
            deviation, change = deviation.clamp(-4.0, 2.0), change.clamp(-5.0, 2.0)
            divergence[level] = 0.5 * (shift.square() + (2 * change).exp() - 1) - change
            return mean + deviation.exp() * (shift + change.exp() * parts[level])

        def draw(level: str, state: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
            seen, layer = (bars, self.bar) if level == "bar" else (tracks, self.track)
            return place(level, layer(torch.cat([seen, state], dim=-1)), mean, deviation)

        zero = torch.zeros_like(parts["song"])
        top = place("song", self.song(song), zero, zero)
        logits, sounds = self.generator.descend(top, draw)
        return logits, sounds, divergence


class ChainAutoencoder(nn.Module):
    """A variational autoencoder around a chain generator, whose prior of each latent follows from the latents before it."""

    def __init__(self, generator: ChainGenerator) -> None:
        super().__init__()
        self.generator, self.encoder = generator, RollEncoder(generator)
        d, latent = generator.config.width, generator.config.latent
        self.song, self.bar, self.track = (nn.Linear(d, 2 * latent) for _ in range(3))
        for layer in (self.song, self.bar, self.track):
            nn.init.normal_(layer.weight, std=d**-0.5)
            mean, deviation = layer.bias.data.chunk(2)
            mean.zero_()
            deviation.fill_(-2.0)  # see RollAutoencoder

    def forward(self, cells: Tensor, present: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Read and write again; arguments and results as of RollAutoencoder."""
        tracks, bars, song = self.encoder(cells, present)
        n = self.generator.shape.bars
        below = torch.cat([self.bar(bars)[:, :, None], torch.unflatten(self.track(tracks), 1, (n, -1))], dim=2)
        mean, deviation = torch.cat([self.song(song), below.flatten(1, 2)], dim=1).chunk(2, dim=-1)
        deviation = deviation.clamp(-5.0, 2.0)
        latents = mean + deviation.exp() * self.generator.split(noise)
        foreseen, width = self.generator.foresee(latents)
        apart = width - deviation + 0.5 * ((2 * (deviation - width)).exp() + ((mean - foreseen) * (-width).exp()).square() - 1)
        inner = torch.unflatten(apart[:, 1:], 1, (n, -1))
        divergence = {"song": apart[:, :1], "bar": inner[:, :, 0], "track": inner[:, :, 1:].flatten(1, 2)}
        logits, sounds = self.generator.written(latents)
        return logits, sounds, divergence


Autoencoder = RollAutoencoder | ChainAutoencoder
