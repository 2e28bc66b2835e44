"""Embedding and output heads of compound events: fields of one event are predicted one after the other.

Legend: B batch, T events, F fields, d width.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn


class FieldLogits(Protocol):
    """Whatever predicts an event field by field: the heads of a net, or the tables of a chain."""

    def field(self, f: int, h: Tensor, known: Tensor) -> Tensor:
        """Logits of field f given the state h [..., d] and the event's earlier fields [..., >= f]."""
        ...


class EventEmbedding(nn.Module):
    """Sum of one embedding a field, [B, T, F] -> [B, T, d]."""

    def __init__(self, sizes: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, width) for n in sizes)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.02)  # type: ignore[arg-type]

    def forward(self, events: Tensor) -> Tensor:
        """Embed whole events."""
        return self.partial(events, len(self.tables))

    def partial(self, events: Tensor, fields: int) -> Tensor:
        """Embed only the first `fields` fields, [B, T, >= fields] -> [B, T, d]."""
        out: Tensor = self.tables[0](events[..., 0])
        for f in range(1, fields):
            out = out + self.tables[f](events[..., f])
        return out


class EventHeads(nn.Module):
    """Distribution of the next event, field by field: p(f0 | h) p(f1 | h, f0) p(f2 | h, f0, f1) ...

    The chain rule makes the product an exact likelihood of the whole event.
    """

    def __init__(self, sizes: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.known = EventEmbedding(sizes[:-1], width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in sizes)
        self.out = nn.ModuleList(nn.Linear(width, n) for n in sizes)
        for layer in self.out:
            nn.init.normal_(layer.weight, std=0.02)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def field(self, f: int, h: Tensor, known: Tensor) -> Tensor:
        """Logits of field f given the state h [..., d] and the event's earlier fields [..., >= f]."""
        x = h if f == 0 else h + self.known.partial(known, f)
        logits: Tensor = self.out[f](x + nn.functional.gelu(self.hidden[f](x)))
        return logits

    def forward(self, h: Tensor, following: Tensor) -> list[Tensor]:
        """Logits of every field of the following events, teacher-forced: [B, T, d], [B, T, F] -> F x [B, T, size]."""
        return [self.field(f, h, following) for f in range(len(self.out))]


class FieldHead(nn.Module):
    """One field's head as a graph of its own, for export: (h [B, d], known [B, f]) -> logits [B, size].

    The first field knows nothing yet and takes h alone.
    """

    def __init__(self, heads: FieldLogits, field: int) -> None:
        super().__init__()
        self.heads, self.index = heads, field

    def forward(self, h: Tensor, known: Tensor | None = None) -> Tensor:
        """Logits of the field."""
        return self.heads.field(self.index, h, h if known is None else known)


def event_nll(logits: list[Tensor], following: Tensor) -> Tensor:
    """Negative log-likelihood in nats of each event, [B, T]; padding (kind 0) counts zero."""
    total = torch.zeros(following.shape[:-1], device=following.device)
    for f, field_logits in enumerate(logits):
        flat = nn.functional.cross_entropy(field_logits.flatten(0, 1).float(), following[..., f].flatten(), reduction="none")
        total = total + flat.view(following.shape[:-1])
    return total * (following[..., 0] != 0)
