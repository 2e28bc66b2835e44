"""Autoregressive model of music in voices: a network over frames, and a head that writes a frame's voices one by one.

Legend: B batch, T frames, V voices, S symbols of a voice (rest and P pitches), d and m widths.

Pitches are shown and predicted four ways at once: as they are, as degrees above the first bass note, relative to the
voice's note before, and relative to the voices already written; so a figure learnt in one key is known in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from antiphon.models.frame import FrameConfig, Lookup, Trunk
from antiphon.models.frame_history import LEVELS, history

LEAP = 12
"""Melodic intervals beyond an octave look alike."""
SPREAD = 24
"""Distances between voices beyond two octaves look alike."""
HELD = 24
"""Lengths beyond so many frames look alike."""


@dataclass(frozen=True)
class VoicesConfig:
    """What is modelled, and by a network of which size."""

    lowest: int = 33
    highest: int = 84
    order: tuple[int, ...] = (0, 3, 1, 2)
    """In which a frame's voices are written; voices are counted from the top, the last is the bass."""
    frame: FrameConfig = field(default_factory=FrameConfig)

    @property
    def symbols(self) -> int:
        """S: the rest and all pitches."""
        return self.highest - self.lowest + 2


class Features:
    """Indices of looked-up features, from symbols; all sizes are part of the model's shape."""

    def __init__(self, config: VoicesConfig) -> None:
        self.low, self.nothing = config.lowest, config.symbols

    def is_pitch(self, symbol: Tensor) -> Tensor:
        """Neither rest nor nothing."""
        return (symbol > 0) & (symbol < self.nothing)

    def degree(self, symbol: Tensor, first: Tensor) -> Tensor:
        """0..11 above the first bass, 12 rest, 13 nothing, 14 first bass unknown."""
        found = torch.remainder(symbol - first, 12)
        found = torch.where(self.is_pitch(first), found, 14)
        return torch.where(symbol == 0, 12, torch.where(symbol == self.nothing, 13, found))

    def interval(self, a: Tensor, b: Tensor, most: int) -> Tensor:
        """a - b as 0 .. 2 * most, 2 * most + 1 where one of them is no pitch."""
        found = (a - b).clamp(-most, most) + most
        return torch.where(self.is_pitch(a) & self.is_pitch(b), found, 2 * most + 1)

    def copied(self, candidate: Tensor, prev: Tensor, level: Tensor) -> Tensor:
        """Where a repetition would go, and how long it is, in one index."""
        return self.interval(candidate, prev, LEAP) * (LEVELS + 1) + level


class FrameVoices(nn.Module):
    """Log-probability of every symbol of every voice of every frame, given all before."""

    def __init__(self, config: VoicesConfig) -> None:
        super().__init__()
        self.config = config
        self.features = Features(config)
        size, s, v = config.frame, config.symbols, len(config.order)
        leap, copied = 2 * LEAP + 2, (2 * LEAP + 2) * (LEVELS + 1)
        each = [s + 1, 15, HELD + 1, leap, 12 + 1, copied, copied]
        self.look = Lookup(each * v + [4, 16, 12, 32], size.feature, size.dropout / 2)
        self.enter = nn.Linear(self.look.count * size.feature, size.width, bias=False)
        self.trunk = Trunk(size)
        self.pass_on = nn.Linear(size.width, v * size.hidden, bias=False)
        own = [15, s + 1, HELD + 1, leap, copied, copied, 4]
        other = [2 * SPREAD + 2, leap, 15, 2]
        self.heads = nn.ModuleList(Head(own + other * i, [15, *[2 * SPREAD + 2] * (i + 1)], config) for i in range(v))
        self.pitches: Tensor
        self.register_buffer("pitches", torch.arange(s), persistent=False)

    def states(self, past: Mapping[str, Tensor]) -> Tensor:
        """State before each frame, [B, T, d]; `past` is as frame_history.history gives it."""
        f = self.features
        prev, first, clock = past["prev"], past["first"][..., None], past["clock"]
        bass = prev[..., -1:]
        above = torch.remainder(prev - bass, 12)
        above = torch.where(f.is_pitch(prev) & f.is_pitch(bass), above, 12)
        each = torch.stack(
            [
                prev,
                f.degree(prev, first),
                past["hold"].clamp(max=HELD),
                f.interval(prev, past["before"], LEAP),
                above,
                f.copied(past["again"], prev, past["level"][..., :-1]),
                f.copied(past["whole"], prev, past["level"][..., -1:]),
            ],
            dim=-1,
        )
        clocks = torch.stack([clock % 4, clock % 16, clock % 12, clock.clamp(max=31)], dim=-1)
        x = self.look(torch.cat([each.flatten(-2), clocks], dim=-1))
        out: Tensor = self.trunk(self.enter(x))
        return out

    def own(self, past: Mapping[str, Tensor], v: int) -> list[Tensor]:
        """Features of one voice's past for its head."""
        f, prev = self.features, past["prev"][..., v]
        return [
            f.degree(prev, past["first"]),
            prev,
            past["hold"][..., v].clamp(max=HELD),
            f.interval(prev, past["before"][..., v], LEAP),
            f.copied(past["again"][..., v], prev, past["level"][..., v]),
            f.copied(past["whole"][..., v], prev, past["level"][..., -1]),
            past["clock"] % 4,
        ]

    def forward(self, past: Mapping[str, Tensor], symbols: Tensor) -> list[Tensor]:
        """Log-probabilities [B, T, S] of each voice, in the order of `config.order`; `symbols` [B, T, V] are what came."""
        f, drop = self.features, self.config.frame.dropout
        h = nn.functional.dropout(self.states(past), drop, self.training)
        passed = self.pass_on(h).unflatten(-1, (len(self.config.order), -1))
        out: list[Tensor] = []
        written: list[int] = []
        for i, v in enumerate(self.config.order):
            prev = past["prev"][..., v]
            seen = self.own(past, v)
            for w in written:
                x = symbols[..., w]
                seen += [
                    f.interval(x, prev, SPREAD),
                    f.interval(x, past["prev"][..., w], LEAP),
                    f.degree(x, past["first"]),
                    (x == past["whole"][..., w]).long(),
                ]
            s = self.pitches.expand(*prev.shape, -1)
            places = [f.degree(s, past["first"][..., None]), f.interval(s, prev[..., None], SPREAD)]
            places += [f.interval(s, symbols[..., w, None], SPREAD) for w in written]
            copies = [past["again"][..., v], past["whole"][..., v]]
            same = torch.stack([(s == c[..., None]).float() for c in copies], dim=-1)
            out.append(self.heads[i](passed[..., i, :], torch.stack(seen, dim=-1), places, same))
            written.append(v)
        return out

    def nll(self, past: Mapping[str, Tensor], symbols: Tensor) -> Tensor:
        """Nats of every note, [B, T, V], in the order of the data."""
        each = self(past, symbols)
        found = {v: -logp.gather(-1, symbols[..., v : v + 1])[..., 0] for v, logp in zip(self.config.order, each, strict=True)}
        return torch.stack([found[v] for v in range(len(found))], dim=-1)


class Head(nn.Module):
    """One voice: its features [..., F] and the trunk's word [..., m] -> log-probabilities [..., S].

    A symbol's logit is the sum of one of its own and one from each relative table (as a degree, as an interval from a
    note that is known), and of a bonus where it equals one of two copies.
    """

    def __init__(self, sizes: list[int], tables: list[int], config: VoicesConfig) -> None:
        super().__init__()
        m, self.dropout = config.frame.hidden, config.frame.dropout
        self.look = Lookup(sizes, config.frame.feature, self.dropout / 2)
        self.enter = nn.Linear(self.look.count * config.frame.feature, m, bias=False)
        self.norm1, self.norm2 = nn.RMSNorm(m, eps=1e-6), nn.RMSNorm(m, eps=1e-6)
        self.up, self.down = nn.Linear(m, m), nn.Linear(m, m, bias=False)
        self.sizes = [config.symbols, *tables, 2]
        self.out = nn.Linear(m, sum(self.sizes))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, passed: Tensor, seen: Tensor, places: list[Tensor], same: Tensor) -> Tensor:
        """`places`: index of each symbol in each relative table; `same` [..., S, 2]: whether a symbol is the copy."""
        drop = nn.functional.dropout
        x = passed + self.enter(self.look(seen))
        x = x + drop(self.down(nn.functional.gelu(self.up(self.norm1(x)))), self.dropout, self.training)
        parts: tuple[Tensor, ...] = self.out(drop(self.norm2(x), self.dropout, self.training)).split(self.sizes, dim=-1)
        logits = parts[0]
        for table, place in zip(parts[1:-1], places, strict=True):
            logits = logits + table.gather(-1, place)
        return (logits + (same * parts[-1][..., None, :]).sum(-1)).float().log_softmax(-1)


class VoicesLikelihood(nn.Module):
    """The whole model as one graph: notes [B, T, V] as MIDI numbers, -1 a rest -> log-probabilities [B, T, V, S].

    Symbol 0 is the rest, symbol s the pitch lowest + s - 1.
    """

    def __init__(self, model: FrameVoices) -> None:
        super().__init__()
        self.model = model

    def forward(self, notes: Tensor) -> Tensor:
        """See the class."""
        config = self.model.config
        symbols = torch.where(notes < 0, 0, notes - config.lowest + 1)
        each = self.model(history(symbols, config.symbols), symbols)
        return torch.stack([each[config.order.index(v)] for v in range(len(config.order))], dim=2)
