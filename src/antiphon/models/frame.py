"""Networks that take one step a frame (a sixteenth, a beat): what was heard before each frame goes in, a state comes out.

Legend: B batch, T frames, d width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.transformer import Block, TransformerConfig, rotary


@dataclass(frozen=True)
class FrameConfig:
    """Size of a network over frames."""

    kind: str = "transformer"
    """"transformer" or "gru"."""
    width: int = 192
    layers: int = 4
    heads: int = 4
    dropout: float = 0.25
    feature: int = 24
    """Width of one looked-up feature."""
    hidden: int = 256
    """Width of the head, which writes the notes of a frame one after another."""
    missed: float = 0.1
    """Share of frames whose input is dropped in training, so that no piece is known by heart."""


class Trunk(nn.Module):
    """Frames [B, T, d] -> states [B, T, d]; where `causal`, a state knows its own frame and those before."""

    def __init__(self, config: FrameConfig, causal: bool = True) -> None:
        super().__init__()
        self.config, self.causal = config, causal
        d = config.width
        self.recurrent = config.kind == "gru"
        if self.recurrent:
            self.cells = nn.ModuleList(nn.GRU(d, d, batch_first=True) for _ in range(config.layers))
        else:
            shape = TransformerConfig((), d, config.layers, config.heads, config.dropout)
            self.blocks = nn.ModuleList(Block(shape) for _ in range(config.layers))
        self.norm = nn.RMSNorm(d, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.training:
            x = x * (torch.rand(*x.shape[:2], 1, device=x.device) >= self.config.missed).to(x.dtype)
        x = self._recur(x) if self.recurrent else self._attend(x)
        out: Tensor = self.norm(x)
        return out

    def _recur(self, x: Tensor) -> Tensor:
        for cell in self.cells:
            y, _ = cell(x)
            x = x + nn.functional.dropout(y, self.config.dropout, self.training)
        return x

    def _attend(self, x: Tensor) -> Tensor:
        index = torch.arange(x.shape[1], device=x.device)[None]
        cos, sin = rotary(index, index, self.config.width // self.config.heads)
        for block in self.blocks:
            if self.causal:
                x = block(x, cos, sin)
                continue
            assert isinstance(block, Block)
            q, k, v = block.project(x, cos, sin)
            weight = ((q @ k.transpose(-1, -2)) * block.e**-0.5).softmax(-1)
            x = block.finish(x, weight.to(v.dtype) @ v)
        return x


class Lookup(nn.Module):
    """Several features, each an index into a table of its own: indices [..., F] -> [..., F * e].

    In training each feature is dropped as a whole with probability `dropout`.
    """

    def __init__(self, sizes: list[int], e: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.tables = nn.Embedding(sum(sizes), e)
        nn.init.normal_(self.tables.weight, std=0.5)
        self.count = len(sizes)
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.starts: Tensor
        self.register_buffer("starts", starts, persistent=False)

    def forward(self, indices: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.tables(indices + self.starts)
        if self.training and self.dropout > 0:
            kept = torch.rand(indices.shape, device=indices.device) >= self.dropout
            found = found * (kept / (1 - self.dropout)).to(found.dtype)[..., None]
        return found.flatten(-2)
