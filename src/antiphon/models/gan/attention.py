"""Multi-track generator and critic with self-attention over bars: song, bar and track latents, several streams.

Legend: B batch, n bars, R roles, S steps a bar, P pitches, d width; tokens are [B, n * R, d], bar by bar.

The generator is the top-down half of a ladder of latents (Sønderby et al. 2016): the song's latent gives the bars'
states, from which the bars' latents are drawn, then the tracks'. What it draws by is learnt (means and deviations are
outputs of the network), so that noise alone writes music, and an encoder can say which noise a piece came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.models.layers import Attend, MinibatchFeatures, chroma

Draw = Callable[[str, Tensor, Tensor, Tensor], Tensor]
"""(level, state, mean, log deviation) -> latent."""


@dataclass(frozen=True)
class AttentionConfig:
    """Sizes of the generator."""

    width: int = 160
    heads: int = 4
    song: int = 64
    bar: int = 32
    track: int = 32
    step: int = 64
    """Channels of each step's state in the heads."""
    bar_layers: int = 2
    track_layers: int = 2
    """Layers of attention before, and again after, the latents of their level are known."""


class TrackHead(nn.Module):
    """One role's own way from its token [.., d] to cell logits [.., 2, S, P]."""

    def __init__(self, width: int, channels: int, shape: RollShape) -> None:
        super().__init__()
        self.shape, self.channels = shape, channels
        self.spread = nn.Linear(width, shape.steps * channels)
        self.near = nn.Conv1d(channels, channels, 3, padding=1)
        self.up, self.down = nn.Linear(channels, 2 * channels), nn.Linear(2 * channels, channels)
        self.out = nn.Linear(channels, 2 * shape.pitches)
        nn.init.constant_(self.out.bias, -3.0)  # most cells are silent

    def forward(self, token: Tensor) -> Tensor:
        """[M, d] -> [M, 2, S, P]."""
        act = nn.functional.gelu
        x = torch.unflatten(self.spread(token), -1, (self.shape.steps, self.channels))
        x = x + self.near(act(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.down(act(self.up(act(x))))
        return torch.unflatten(self.out(act(x)), -1, (2, self.shape.pitches)).transpose(1, 2)


class AttentionGenerator(RollGenerator):
    """Noise for the song, each bar and each track of a bar -> cells; all bars at once."""

    presence = True

    def __init__(self, shape: RollShape, config: AttentionConfig | None = None, neurons: str = "deterministic") -> None:
        c = config or AttentionConfig()
        super().__init__(shape, c.song + shape.bars * (c.bar + shape.roles * c.track), neurons)
        d, self.config = c.width, c
        self.from_song = nn.Linear(c.song, d)
        self.place = nn.Parameter(0.3 * torch.randn(shape.bars, d))
        self.role = nn.Parameter(0.3 * torch.randn(shape.roles, d))
        self.bars_before = nn.ModuleList(Attend(d, c.heads) for _ in range(c.bar_layers))
        self.bar_prior, self.from_bar = _prior(d, c.bar), nn.Linear(c.bar, d)
        self.bars_after = nn.ModuleList(Attend(d, c.heads) for _ in range(c.bar_layers))
        self.tracks_before = nn.ModuleList(Attend(d, c.heads) for _ in range(c.track_layers))
        self.track_prior, self.from_track = _prior(d, c.track), nn.Linear(c.track, d)
        self.tracks_after = nn.ModuleList(Attend(d, c.heads) for _ in range(c.track_layers))
        self.norm = nn.RMSNorm(d, eps=1e-6)
        self.sounds = nn.ModuleList(nn.Linear(d, 1) for _ in range(shape.roles))
        self.heads = nn.ModuleList(TrackHead(d, c.step, shape) for _ in range(shape.roles))

    @torch.no_grad()
    def prime(self, rates: Tensor) -> None:
        """Begin with every row as likely as it is in music: rates [R, 2, P] of active cells in sounding bars."""
        for r, head in enumerate(self.heads):
            out = head.get_submodule("out")
            assert isinstance(out, nn.Linear)
            out.bias.copy_(rates[r].clamp(1e-5, 0.5).logit().flatten())

    def split(self, noise: Tensor) -> dict[str, Tensor]:
        """Noise [B, z] -> "song" [B, 1, song], "bar" [B, n, bar] and "track" [B, n * R, track]."""
        c, n = self.config, self.shape.bars
        song, bar, track = torch.split(noise, [c.song, n * c.bar, n * self.shape.roles * c.track], dim=1)
        bars, tracks = torch.unflatten(bar, 1, (n, c.bar)), torch.unflatten(track, 1, (-1, c.track))
        return {"song": song[:, None], "bar": bars, "track": tracks}

    def descend(self, song: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
        """From the song's latent [B, 1, song] down to logits; `draw` gives the latents of the levels below."""
        h = self.from_song(song) + self.place
        for block in self.bars_before:
            h = block(h)
        h = h + self.from_bar(draw("bar", h, *self.bar_prior(h).chunk(2, dim=-1)))
        for block in self.bars_after:
            h = block(h)
        t = (h[:, :, None] + self.role).flatten(1, 2)
        for block in self.tracks_before:
            t = block(t)
        t = t + self.from_track(draw("track", t, *self.track_prior(t).chunk(2, dim=-1)))
        for block in self.tracks_after:
            t = block(t)
        t = torch.unflatten(self.norm(t), 1, (self.shape.bars, self.shape.roles))
        cells = [head(t[:, :, r].flatten(0, 1)) for r, head in enumerate(self.heads)]
        sounds = [layer(t[:, :, r])[..., 0] for r, layer in enumerate(self.sounds)]
        return torch.unflatten(torch.stack(cells, 1), 0, (-1, self.shape.bars)), torch.stack(sounds, -1)

    def logits(self, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """Cell logits and presence logits of noise [B, z]."""
        parts = self.split(noise)

        def draw(level: str, state: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
            return mean + deviation.clamp(-4.0, 2.0).exp() * parts[level]

        return self.descend(parts["song"], draw)


def _prior(width: int, latent: int) -> nn.Linear:
    """Mean and log deviation of a latent from a state; standard normal at first."""
    layer = nn.Linear(width, 2 * latent)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class AttentionCritic(nn.Module):
    """Cells [B, n, R, 2, S, P] and the roles present [B, R] -> how real they look, [B].

    Per bar it looks through five eyes: a convolutional encoder shared by the tracks, one of each track's own, onsets by
    step, true pitch classes by beat, and how alike the bars are; with `pairs` through a sixth, the intervals that any two
    tracks form beat by beat; then attention over the bars. There is no normalisation across samples. The middle features
    serve feature matching (Larsen et al. 2016).
    """

    def __init__(
        self,
        shape: RollShape,
        width: int = 128,
        layers: int = 2,
        lowest: int = 24,
        minibatch: bool = False,
        pairs: bool = False,
    ) -> None:
        super().__init__()
        self.shape, self.lowest = shape, lowest
        rows, n = 2 * shape.pitches, shape.bars
        self.role = nn.Parameter(0.3 * torch.randn(shape.roles, width))
        self.shared = nn.Sequential(
            nn.Conv1d(rows, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Flatten(),
            nn.Linear(width * (shape.steps // 4), width),
        )  # fmt: skip
        first = self.shared[0]
        assert isinstance(first, nn.Conv1d)
        nn.init.normal_(first.weight, std=0.3)  # few cells are active: let them be heard
        self.own = nn.ModuleList(nn.Linear(rows + shape.steps * 2, width) for _ in range(shape.roles))
        self.join = nn.Linear(shape.roles * width, width)
        self.onsets = nn.Linear(shape.roles * shape.steps, width)
        self.classes = nn.Linear(shape.roles * 12 * 4, width)
        self.alike = nn.Linear(2 * n, width)
        self.pairs = nn.Linear(shape.roles * (shape.roles + 1) // 2 * 4 * 12, width) if pairs else None
        if self.pairs is not None:
            nn.init.normal_(self.pairs.weight, std=0.3)
        self.present = nn.Linear(shape.roles, width)
        self.place = nn.Parameter(0.3 * torch.randn(n, width))
        self.attend = nn.ModuleList(Attend(width) for _ in range(layers))
        self.minibatch = MinibatchFeatures(width) if minibatch else None
        self.out = nn.Linear(width + (16 if minibatch else 0), 1)

    def features(self, cells: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen of each track of a bar [B, n, R, d], and of each bar among the others [B, n, d]."""
        act = nn.functional.leaky_relu
        b, n, r = cells.shape[:3]
        by_step = cells.permute(0, 1, 2, 3, 5, 4).flatten(3, 4)  # [B, n, R, 2 P, S]
        tracks = torch.unflatten(self.shared(by_step.flatten(0, 2)), 0, (b, n, r)) + self.role
        profile = torch.cat([by_step.sum(-1), cells.sum(-1).flatten(3)], dim=-1).log1p()
        tracks = act(tracks + torch.stack([layer(profile[:, :, i]) for i, layer in enumerate(self.own)], dim=2), 0.2)
        onset = cells[:, :, :, 0].sum(-1).log1p()  # [B, n, R, S]
        sounding = torch.unflatten(cells.sum(3), 3, (4, -1)).sum(4)  # [B, n, R, 4 beats, P]
        counts = chroma(sounding, self.lowest)  # [B, n, R, 4, 12]
        classes = counts.log1p()
        bars = self.join(tracks.flatten(2)) + self.onsets(onset.flatten(2)) + self.classes(classes.flatten(2))
        bars = bars + self.alike(torch.cat([_alike(onset.flatten(2)), _alike(classes.flatten(2))], dim=-1))
        if self.pairs is not None:
            bars = bars + self.pairs(intervals(counts).flatten(2))
        x = bars + self.place + self.present(present.to(cells.dtype))[:, None]
        for block in self.attend:
            x = block(x)
        return tracks, x

    def forward(self, cells: Tensor, present: Tensor) -> Tensor:
        """How real each window looks, without bounds; more is more real."""
        x = nn.functional.leaky_relu(self.features(cells, present)[1], 0.2).mean(1)
        if self.minibatch is not None:
            x = self.minibatch(x)
        out: Tensor = self.out(x)[:, 0]
        return out


def intervals(classes: Tensor) -> Tensor:
    """Which intervals any two tracks form, a track with itself too: classes [.., R, T, 12] -> [.., R (R + 1) / 2, T, 12].

    Entry k is the chance that a pitch class of the second track, drawn as often as it sounds in that stretch, lies k
    semitones above one of the first; silence counts as one cell more, so that slopes stay bounded where nothing sounds.
    Transposition changes nothing, and the squared tonal distance of two tracks is linear in these numbers.
    """
    shares = classes / (classes.sum(-1, keepdim=True) + 1)
    turned = torch.stack([shares.roll(-k, -1) for k in range(12)], dim=-2)  # [.., R, T, 12 intervals, 12]
    first, second = torch.triu_indices(classes.shape[-3], classes.shape[-3])
    return (turned[..., second, :, :, :] @ shares[..., first, :, :, None])[..., 0]


def _alike(bars: Tensor) -> Tensor:
    """Cosine of every bar with every other: [B, n, f] -> [B, n, n]."""
    unit = bars * (bars.square().sum(-1, keepdim=True) + 0.1).rsqrt()
    return unit @ unit.transpose(1, 2)
