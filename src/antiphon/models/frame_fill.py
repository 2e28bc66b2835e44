"""Order-agnostic model of music in voices: any notes of a grid may be given, every other one gets its probabilities.

Legend: B batch, T frames, V voices, S symbols of a voice (rest and P pitches); symbol S stands for an open note.

Orderless NADE (Uria et al. 2014), as in Coconet (Huang et al. 2017), with attention over time in place of convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from antiphon.models.frame import Lookup, Trunk
from antiphon.models.frame_voices import LEAP, SPREAD, Features, Head, VoicesConfig

FAR = 32
"""Distances in frames to the nearest given note beyond this look alike."""


def neighbours(symbols: Tensor, given: Tensor, nothing: int) -> dict[str, Tensor]:
    """For each note the nearest given note of its voice before it and after it, and how far that is; all [B, T, V]."""
    frames = symbols.shape[1]
    at = torch.arange(frames, device=symbols.device)
    place = at[None, None, :, None]
    known = given[:, None]
    before = torch.where(known & (at[None] < at[:, None])[None, :, :, None], place, -1).amax(2)
    after = torch.where(known & (at[None] > at[:, None])[None, :, :, None], place, frames).amin(2)
    left = torch.where(before >= 0, symbols.gather(1, before.clamp(min=0)), nothing)
    right = torch.where(after < frames, symbols.gather(1, after.clamp(max=frames - 1)), nothing)
    here = at[None, :, None]
    return {
        "left": left,
        "right": right,
        "since": torch.where(before >= 0, here - before, FAR).clamp(max=FAR),
        "until": torch.where(after < frames, after - here, FAR).clamp(max=FAR),
    }


class FrameFill(nn.Module):
    """Log-probability of every symbol of every open note, given the notes that are not open."""

    def __init__(self, config: VoicesConfig) -> None:
        super().__init__()
        self.config = config
        self.features = Features(config)
        size, s, v = config.frame, config.symbols, len(config.order)
        leap = 2 * LEAP + 2
        self.look = Lookup([s + 1, 14, leap, leap, FAR + 1, FAR + 1] * v + [4, 16], size.feature, size.dropout / 2)
        self.enter = nn.Linear(self.look.count * size.feature, size.width, bias=False)
        self.trunk = Trunk(size, causal=False)
        self.pass_on = nn.Linear(size.width, v * size.hidden, bias=False)
        seen = [s + 1, s + 1, FAR + 1, FAR + 1, leap] + [2 * SPREAD + 2, s + 1] * (v - 1) + [4]
        self.heads = nn.ModuleList(Head(seen, [2 * SPREAD + 2] * (v + 1), config) for _ in range(v))
        self.pitches: Tensor
        self.register_buffer("pitches", torch.arange(s), persistent=False)

    def forward(self, symbols: Tensor, given: Tensor, near: Mapping[str, Tensor], clock: Tensor) -> Tensor:
        """Log-probabilities [B, T, V, S].

        Args:
          symbols: [B, T, V]; what stands at open notes is not looked at.
          given: [B, T, V], bool.
          near: as `neighbours` gives it.
          clock: [B, T], sixteenths since the piece began.
        """
        f, drop = self.features, self.config.frame.dropout
        shown = torch.where(given, symbols, f.nothing)
        bass = shown[..., -1:]
        above = torch.where(f.is_pitch(shown) & f.is_pitch(bass), torch.remainder(shown - bass, 12), 12)
        step = f.interval(shown, near["left"], LEAP)
        span = f.interval(near["right"], near["left"], LEAP)
        each = torch.stack([shown, above, step, span, near["since"], near["until"]], dim=-1)
        clocks = torch.stack([clock % 4, clock % 16], dim=-1)
        x = self.trunk(self.enter(self.look(torch.cat([each.flatten(-2), clocks], dim=-1))))
        passed = self.pass_on(nn.functional.dropout(x, drop, self.training)).unflatten(-1, (len(self.config.order), -1))
        out = []
        for v in range(len(self.config.order)):
            left, right = near["left"][..., v], near["right"][..., v]
            seen = [left, right, near["since"][..., v], near["until"][..., v], span[..., v]]
            s = self.pitches.expand(*left.shape, -1)
            places = [f.interval(s, left[..., None], SPREAD), f.interval(s, right[..., None], SPREAD)]
            for w in (w for w in range(len(self.config.order)) if w != v):
                seen += [f.interval(shown[..., w], left, SPREAD), shown[..., w]]
                places.append(f.interval(s, shown[..., w, None], SPREAD))
            same = torch.stack([(s == c[..., None]).float() for c in (left, right)], dim=-1)
            out.append(self.heads[v](passed[..., v, :], torch.stack([*seen, clock % 4], dim=-1), places, same))
        return torch.stack(out, dim=2)


class FillGraph(nn.Module):
    """The model as one graph: notes [B, T, V] as MIDI numbers, -1 a rest, and open [B, T, V] -> log-probabilities [B, T, V, S].

    Symbol 0 is the rest, symbol s the pitch lowest + s - 1; `open` is 1 where a note is not known.
    """

    def __init__(self, model: FrameFill) -> None:
        super().__init__()
        self.model = model

    def forward(self, notes: Tensor, open: Tensor) -> Tensor:
        """See the class."""
        config = self.model.config
        symbols = torch.where(notes < 0, 0, notes - config.lowest + 1)
        given = open == 0
        clock = torch.arange(notes.shape[1]).expand_as(notes[..., 0])
        out: Tensor = self.model(symbols, given, neighbours(symbols, given, config.symbols), clock)
        return out
