"""Multi-track generator whose latents are drawn in turn: the song's, each bar's, each track's, then all cells at once.

Legend: B batch, n bars, R roles, S steps a bar, P pitches, d width, l width of a latent; T = 1 + n (1 + R) tokens in the order
song, (bar, its tracks), (bar, its tracks), ...

What a latent is drawn by (its mean and deviation) is told by attention to all latents before it, so tracks hear each other
and bars follow from each other although every latent comes from noise of its own (a prior as in Chung et al. 2015, over
tokens instead of frames). Writing the cells, which is nearly all of the work, is one pass over all tracks and bars.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.gan.attention import TrackHead
from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.models.layers import Attend

LEAST, MOST = -4.0, 2.0
"""Bounds of the log deviation of a latent."""


@dataclass(frozen=True)
class ChainConfig:
    """Sizes of the generator."""

    width: int = 160
    heads: int = 4
    latent: int = 32
    step: int = 64
    """Channels of each step's state in the heads."""
    tell_layers: int = 3
    """Layers of attention to the latents before."""
    write_layers: int = 3
    """Layers of attention among all tracks of all bars, once the latents are known."""


class Recall(Attend):
    """Attention of each token to itself and to those before it, all at once or token by token."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, d] -> [B, T, d]."""
        q, k, v = self._spread(x)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        return self._join(x, ((q @ k.transpose(-1, -2)) * self.e**-0.5).masked_fill(later, -1e4), v)

    def follow(self, x: Tensor, memory: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One more token [B, 1, d], and the keys and values [B, heads, t, e] of those before -> the same with it."""
        q, k, v = self._spread(x)
        if memory is not None:
            k, v = torch.cat([memory[0], k], 2), torch.cat([memory[1], v], 2)
        return self._join(x, (q @ k.transpose(-1, -2)) * self.e**-0.5, v), (k, v)

    def _spread(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = torch.unflatten(self.qkv(self.norm1(x)), -1, (3, self.heads, self.e))
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        return q, k, v

    def _join(self, x: Tensor, weight: Tensor, v: Tensor) -> Tensor:
        x = x + self.join((weight.softmax(-1) @ v).transpose(1, 2).flatten(2))
        out: Tensor = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return out


class ChainGenerator(RollGenerator):
    """Noise [B, T * l] of the song, the bars and their tracks -> cells."""

    presence = True

    def __init__(self, shape: RollShape, config: ChainConfig | None = None, neurons: str = "deterministic") -> None:
        c = config or ChainConfig()
        n, roles, d = shape.bars, shape.roles, c.width
        self.tokens = 1 + n * (1 + roles)
        super().__init__(shape, self.tokens * c.latent, neurons)
        self.config = c
        self.kinds: Tensor
        self.register_buffer("kinds", torch.tensor([0] + [1, *range(2, 2 + roles)] * n), persistent=False)
        self.seat = nn.Parameter(0.3 * torch.randn(self.tokens, d))
        self.heard = nn.Parameter(torch.randn(2 + roles, c.latent, d) * c.latent**-0.5)
        self.tell = nn.ModuleList(Recall(d, c.heads) for _ in range(c.tell_layers))
        self.tell_norm = nn.RMSNorm(d, eps=1e-6)
        self.guess = nn.Parameter(torch.zeros(2 + roles, d, 2 * c.latent))
        self.put = nn.Parameter(torch.randn(2 + roles, c.latent, d) * c.latent**-0.5)
        self.place = nn.Parameter(0.3 * torch.randn(n, 1, d))
        self.role = nn.Parameter(0.3 * torch.randn(roles, d))
        self.write = nn.ModuleList(Attend(d, c.heads) for _ in range(c.write_layers))
        self.norm = nn.RMSNorm(d, eps=1e-6)
        self.sounds = nn.ModuleList(nn.Linear(d, 1) for _ in range(roles))
        self.heads = nn.ModuleList(TrackHead(d, c.step, shape) for _ in range(roles))

    @torch.no_grad()
    def prime(self, rates: Tensor) -> None:
        """Begin with every row as likely as it is in music: rates [R, 2, P] of active cells in sounding bars."""
        for r, head in enumerate(self.heads):
            out = head.get_submodule("out")
            assert isinstance(out, nn.Linear)
            out.bias.copy_(rates[r].clamp(1e-5, 0.5).logit().flatten())

    def split(self, noise: Tensor) -> Tensor:
        """Noise [B, T * l] by token [B, T, l]."""
        return torch.unflatten(noise, 1, (self.tokens, self.config.latent))

    def foresee(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log deviation of every latent [B, T, l], each from those before it alone."""
        heard = torch.einsum("btl,tld->btd", latents[:, :-1], self.heard[self.kinds[:-1]])
        x = nn.functional.pad(heard, (0, 0, 1, 0)) + self.seat
        for block in self.tell:
            x = block(x)
        return self._parts(torch.einsum("btd,tdk->btk", self.tell_norm(x), self.guess[self.kinds]))

    def draw(self, noise: Tensor) -> Tensor:
        """Latents [B, T, l] from noise of the same shape, one after the other."""
        heard, guess = self.heard[self.kinds], self.guess[self.kinds]
        memory: list[tuple[Tensor, Tensor] | None] = [None] * len(self.tell)
        x = 0.0 * noise[:, :1, :1] + self.seat[:1]
        out = []
        for t in range(self.tokens):
            for i, block in enumerate(self.tell):
                assert isinstance(block, Recall)
                x, memory[i] = block.follow(x, memory[i])
            mean, deviation = self._parts(self.tell_norm(x) @ guess[t])
            out.append(mean + deviation.exp() * noise[:, t : t + 1])
            if t + 1 < self.tokens:
                x = out[-1] @ heard[t] + self.seat[t + 1]
        return torch.cat(out, 1)

    def _parts(self, both: Tensor) -> tuple[Tensor, Tensor]:
        mean, deviation = both.chunk(2, dim=-1)
        return mean, deviation.clamp(LEAST, MOST)

    def written(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Cell logits [B, n, R, 2, S, P] and presence logits [B, n, R] of latents [B, T, l]."""
        n, roles = self.shape.bars, self.shape.roles
        put = torch.einsum("btl,tld->btd", latents, self.put[self.kinds])
        bars = torch.unflatten(put[:, 1:], 1, (n, 1 + roles))
        t = (bars[:, :, 1:] + bars[:, :, :1] + put[:, :1, None] + self.place + self.role).flatten(1, 2)
        for block in self.write:
            t = block(t)
        t = torch.unflatten(self.norm(t), 1, (n, roles))
        cells = [head(t[:, :, r].flatten(0, 1)) for r, head in enumerate(self.heads)]
        sounds = [layer(t[:, :, r])[..., 0] for r, layer in enumerate(self.sounds)]
        return torch.unflatten(torch.stack(cells, 1), 0, (-1, n)), torch.stack(sounds, -1)

    def logits(self, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Cell logits and presence logits of noise [B, T * l]."""
        return self.written(self.draw(self.split(noise)))
