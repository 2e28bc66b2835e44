"""Gated recurrent network over compound events.

Legend: B batch, T events, L layers, d width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.heads import EventEmbedding, EventHeads


@dataclass(frozen=True)
class GruConfig:
    """Size of a GRU."""

    sizes: tuple[int, ...]
    """Vocabulary size of each field."""
    width: int = 384
    layers: int = 1
    dropout: float = 0.1


class EventGru(nn.Module):
    """Events [B, T, F] -> state [B, T, d] from which the heads predict each following event.

    A clock (step of the bar's grid, as sine and cosine of several periods) is added to the input, since a recurrent
    net counts badly.
    """

    def __init__(self, config: GruConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = EventEmbedding(config.sizes, config.width)
        self.clock = nn.Linear(8, config.width)
        self.cell = nn.GRU(config.width, config.width, config.layers, batch_first=True)
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        self.heads = EventHeads(config.sizes, config.width)

    def inputs(self, events: Tensor, times: Tensor) -> Tensor:
        """Embedded events with their clock, [B, T, d]."""
        periods = torch.tensor([4.0, 16.0, 64.0, 128.0], device=times.device)
        angle = times[..., None].float() * (2 * torch.pi / periods)
        out: Tensor = self.embed(events) + self.clock(torch.cat([angle.sin(), angle.cos()], dim=-1))
        return out

    def states(self, events: Tensor, times: Tensor) -> Tensor:
        """State after each event, [B, T, d]."""
        x = nn.functional.dropout(self.inputs(events, times), self.config.dropout, self.training)
        y, _ = self.cell(x)
        out: Tensor = self.norm(nn.functional.dropout(y, self.config.dropout, self.training) + x)
        return out

    def forward(self, events: Tensor, times: Tensor, following: Tensor) -> list[Tensor]:
        """Teacher-forced logits of the following events, one [B, T, size] a field."""
        logits: list[Tensor] = self.heads(self.states(events, times), following)
        return logits


class GruStep(nn.Module):
    """One event with the state handed in and back: (events [B, F], time [B], state [L, B, d]) -> (h [B, d], state)."""

    def __init__(self, model: EventGru) -> None:
        super().__init__()
        self.model = model

    def forward(self, events: Tensor, time: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        m = self.model
        x = m.inputs(events[:, None], time[:, None])
        y, new = m.cell(x, state)
        return m.norm(y + x)[:, 0], new
