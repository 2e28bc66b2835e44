"""The grid network's mind as it writes: one round, with all memory handed in and back; the hand is in `grid_hand`.

Legend: B takes, m cells just written, q cells asked for, E events of these (with their beginnings), P places for cells read
so far, F = 3 fields, H heads, e width of a head, d width, S = options of all fields together.

What depends on weights alone (products of tables and matrices, matrices side by side) is written out as such: whoever loads
the graph computes it once.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.grid import LOOK, GridNetwork, Layer
from antiphon.models.heads import EventEmbedding

NEVER = -3e4
"""Exact in half precision too."""


def stacked(events: EventEmbedding) -> Tensor:
    """The tables of all fields one below the other [S, w]."""
    return torch.cat([table.weight for table in events.tables])  # type: ignore[misc]


def offsets(sizes: tuple[int, ...]) -> Tensor:
    """Where each field's table begins among the stacked ones [F]."""
    return torch.tensor([0, *sizes[:-1]]).cumsum(0)


def barred(may: Tensor) -> Tensor:
    """Zero where something may be, else a great negative number."""
    return torch.where(may, 0.0, NEVER)


def rows(table: Tensor, index: Tensor) -> Tensor:
    """Rows of a table [.., d]; `nn.functional.embedding` becomes one kernel where other ways become two."""
    return nn.functional.embedding(index, table)


def scaled(x: Tensor, norm: nn.Module) -> Tensor:
    """A root-mean-square norm, written as the one pattern that onnxruntime makes a single kernel of."""
    assert isinstance(norm, nn.RMSNorm) and norm.eps is not None
    return x / (x.pow(2).mean(-1, keepdim=True) + norm.eps).sqrt() * norm.weight


def turned(x: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """`models.transformer.turn` in fewer steps: tables are cosines for both halves, and sines whose first half is negative."""
    a, b = x.chunk(2, dim=-1)
    return x * tables[0] + torch.cat([b, a], -1) * tables[1]


def doubled(tables: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Tables for `turned` [..., e] from cosines and sines [..., e/2]."""
    cos, sin = tables
    return torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)


class MindRound(nn.Module):
    """Reads the cells written last and answers what comes into others."""

    def __init__(self, network: GridNetwork) -> None:
        super().__init__()
        self.network = network
        self.offset: Tensor
        self.register_buffer("offset", offsets(network.config.sizes))

    def forward(
        self,
        piece: Tensor,
        read: Tensor,
        write: Tensor,
        owner: Tensor,
        row: Tensor,
        bar: Tensor,
        features: Tensor,
        echo: Tensor,
        ask_row: Tensor,
        ask_bar: Tensor,
        ask_features: Tensor,
        length: Tensor,
        past: list[Tensor],
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One round.

        Args:
          piece: what is known of the piece [B, G].
          read, write: the beginning and the events of each cell, and what followed each [E, F].
          owner: the cell that each belongs to, among all of all takes [E].
          row, bar, features, echo: the cells [B, m, ...]; a cell of row 0 stands for the piece itself.
          ask_row, ask_bar, ask_features: the cells asked for [B, q, ...].
          length: how many of the places are taken [1].
          past: what is remembered [B, H, P, e]: keys and values of each layer that reads, then the keys of all layers that
            ask, then their values.

        Returns:
          Answers [B, q, d], what is to be remembered of the new cells (as in `past`, [2 * layers, B, H, m, e]), and what the
          hand may look at of them: keys and values [E, looks, LOOK].
        """
        net, mind = self.network, self.network.mind
        x = mind.cell(self._gists(read, owner, row), row, features, echo)
        x = torch.where((row > 0)[..., None], x, mind.piece(piece)[:, None])
        own, asked = doubled(mind.turned(bar)), doubled(mind.turned(ask_bar))
        m, places, heads, e = row.shape[1], past[0].shape[2], net.config.heads, net.config.width // net.config.heads
        index = torch.arange(m, device=row.device)
        taken = torch.where(torch.arange(places, device=row.device) < length, 0.0, NEVER)[None]
        later = torch.where(index[:, None] >= index[None], 0.0, NEVER)
        read_mask = torch.cat([taken.expand(m, places), later], dim=1)
        ask_mask = torch.cat([taken, later[m - 1 :]], dim=1)
        new: list[Tensor] = []
        for i, block in enumerate(mind.read):
            assert isinstance(block, Layer)
            weight = torch.cat([block.q.weight * e**-0.5, block.kv.weight])
            three = torch.unflatten(nn.functional.linear(scaled(x, block.norm1), weight), -1, (3, heads, e))
            qk, v = torch.split(three.permute(2, 0, 3, 1, 4), [2, 1])
            q, k = torch.split(turned(qk, own), 1)
            new += [k, v]
            x = self._layer(block, x, q, past[2 * i], past[2 * i + 1], k, v, read_mask)
        x = scaled(x, mind.read_norm)
        y = mind.question(ask_row, ask_features)
        asks, at = [block for block in mind.ask if isinstance(block, Layer)], 2 * len(mind.read)
        kv = torch.unflatten(nn.functional.linear(x, torch.cat([block.kv.weight for block in asks])), -1, (-1, 2, heads, e))
        keys, values = torch.split(kv.permute(3, 2, 0, 4, 1, 5).flatten(0, 1), len(asks))
        keys = turned(keys, own)
        new += [keys, values]
        for i, (block, k, v) in enumerate(zip(asks, torch.split(keys, 1), torch.split(values, 1), strict=True)):
            q = nn.functional.linear(scaled(y, block.norm1), block.q.weight * e**-0.5)
            q = turned(torch.unflatten(q, -1, (heads, e)).transpose(1, 2)[None], asked)
            y = self._layer(block, y, q, past[at + i], past[at + len(asks) + i], k, v, ask_mask)
        return scaled(y, mind.ask_norm), torch.cat(new), *self._sights(read, write, owner, row, bar)

    def _layer(
        self, block: Layer, x: Tensor, q: Tensor, old_k: Tensor, old_v: Tensor, k: Tensor, v: Tensor, mask: Tensor
    ) -> Tensor:
        """`Layer.forward` with keys and values in two parts, so that the remembered ones are not copied."""
        places = old_k.shape[2]
        score = torch.cat([q @ old_k.transpose(-1, -2), q @ k.transpose(-1, -2)], dim=-1) + mask
        weight = score.softmax(-1)
        found = weight[..., :places] @ old_v + weight[..., places:] @ v
        x = x + block.join(found[0].transpose(1, 2).flatten(2))
        out: Tensor = x + block.down(nn.functional.gelu(block.up(scaled(x, block.norm2))))
        return out

    def _gists(self, read: Tensor, owner: Tensor, row: Tensor) -> Tensor:
        """`GridNetwork.gists`, by tables of what each option adds."""
        net, (b, m) = self.network, row.shape
        table = nn.functional.linear(stacked(net.hand.events), net.note.weight)
        each = nn.functional.gelu(rows(table, read + self.offset).sum(1) + net.note.bias)
        each = each * (read[:, :1] < net.config.steps)
        sums = torch.zeros(b * m, each.shape[1]).index_put((owner,), each, accumulate=True)
        out: Tensor = net.sum(torch.unflatten(sums, 0, (b, m)) * 0.3)
        return out

    def _sights(self, read: Tensor, write: Tensor, owner: Tensor, row: Tensor, bar: Tensor) -> tuple[Tensor, Tensor]:
        hand, steps = self.network.hand, self.network.config.steps
        table, shape = stacked(hand.events), (hand.config.looks, LOOK)
        part = rows(hand.row.tables[0].weight, row.flatten().index_select(0, owner))  # type: ignore[arg-type]
        step = read[:, 0]
        time = bar.flatten().index_select(0, owner) * steps + torch.where(step < steps, step, 0)
        known, followed = (scaled(rows(table, x + self.offset).sum(1) + part, hand.key_norm) for x in (read, write))
        keys = torch.unflatten(hand.key(known), -1, shape)
        cos, sin = doubled(hand.turned(time))
        return turned(keys, (cos[:, None], sin[:, None])), torch.unflatten(hand.value(followed), -1, shape)
