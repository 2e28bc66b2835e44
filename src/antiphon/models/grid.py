"""Any-order grid network: cells (a bar of a part each) are written in any order and in rounds of many at once.

Legend: B batch, M cells in the order of writing, K events of a cell, F fields, T events of all cells of a batch,
N events of one example, d width, w width of the hand.

The mind sees cells: a stream of what was written (each cell after those before it in the order) and a stream of
questions (what comes into this cell, given those before it), as in XLNet (Yang et al. 2019) but with own layers, so that
questions cost less. The hand writes one cell's events one after the other, given the mind's answer; it looks back at
single events of all earlier cells, where a key is an event and its value the event that followed it: to go on as some
bar before went on is one look.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.models.heads import EventEmbedding, EventHeads
from antiphon.models.transformer import turn


@dataclass(frozen=True)
class GridConfig:
    """Sizes of the network."""

    sizes: tuple[int, int, int]
    """Options of each field of an event."""
    features: tuple[int, ...]
    """Options of each thing known of a bar."""
    globals: tuple[int, ...]
    """Options of each thing known of the whole piece."""
    rows: int = 4
    steps: int = 16
    width: int = 192
    heads: int = 6
    read_layers: int = 4
    ask_layers: int = 3
    hand: int = 256
    looks: int = 4
    """Heads of the hand's look back, of 32 numbers each."""
    dropout: float = 0.1
    signs: int = 6
    """Things told of what others do by the lag of a copy."""


LOOK = 32


def angles(time: Tensor, pairs: int, turning: int, shortest: float) -> tuple[Tensor, Tensor]:
    """Cosine and sine [..., pairs] of musical time; the first `turning` pairs have periods that double from `shortest` on.

    A distance of 2, 4, 8 ... bars is a whole number of turns of all quicker pairs; the pairs that do not turn compare what
    is said, wherever it stands.
    """
    ramp = torch.arange(pairs, device=time.device, dtype=torch.float32)
    angle = time[..., None].float() * (6.2831855 / shortest) * torch.where(ramp < turning, 0.5**ramp, 0.0)
    return angle.cos(), angle.sin()


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Plain attention of q [B, H, Q, e] to k, v [B, H, P, e] where mask [B, 1, Q, P] (or broadcastable) is true."""
    weight = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5
    weight = weight.masked_fill(~mask, -1e9).softmax(-1)
    out: Tensor = weight.to(v.dtype) @ v
    return out


class Layer(nn.Module):
    """Pre-norm attention of one stream to another (or to itself), and a feed-forward layer."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        d = config.width
        self.heads, self.e = config.heads, d // config.heads
        self.norm1, self.norm2 = nn.RMSNorm(d, eps=1e-6), nn.RMSNorm(d, eps=1e-6)
        self.q, self.kv, self.join = (nn.Linear(d, n, bias=False) for n in (d, 2 * d, d))
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d, bias=False)
        self.drop = nn.Dropout(config.dropout)
        for layer in (self.join, self.down):
            nn.init.normal_(layer.weight, std=0.2 * d**-0.5)

    def keys(self, normed: Tensor, bars: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Keys (turned by their bar) and values [B, H, P, e] of a stream."""
        b, p, _ = normed.shape
        k, v = self.kv(normed).view(b, p, 2, self.heads, self.e).permute(2, 0, 3, 1, 4)
        return turn(k, *bars), v

    def forward(self, x: Tensor, q_bars: tuple[Tensor, Tensor], k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """x [B, Q, d] looks at keys and values, then thinks."""
        b, n, d = x.shape
        q = turn(self.q(self.norm1(x)).view(b, n, self.heads, self.e).transpose(1, 2), *q_bars)
        x = x + self.drop(self.join(attend(q, k, v, mask).transpose(1, 2).reshape(b, n, d)))
        return self.think(x)

    def think(self, x: Tensor) -> Tensor:
        """The feed-forward half."""
        out: Tensor = x + self.drop(self.down(nn.functional.gelu(self.up(self.norm2(x)))))
        return out


class Mind(nn.Module):
    """Cells in, answers out."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        c, d = config, config.width
        self.config = c
        self.row = EventEmbedding((c.rows + 1,), d)
        self.feature = EventEmbedding(c.features, d)
        self.ask_row = EventEmbedding((c.rows + 1,), d)
        self.ask_feature = EventEmbedding(c.features, d)
        self.piece = EventEmbedding(c.globals, d)
        self.echo = nn.Embedding(c.sizes[0] - c.steps - 1, d)
        nn.init.zeros_(self.echo.weight)
        self.gist = nn.Linear(d, d)
        self.read = nn.ModuleList(Layer(c) for _ in range(c.read_layers))
        self.ask = nn.ModuleList(Layer(c) for _ in range(c.ask_layers))
        self.read_norm, self.ask_norm = nn.RMSNorm(d, eps=1e-6), nn.RMSNorm(d, eps=1e-6)

    def turned(self, bars: Tensor) -> tuple[Tensor, Tensor]:
        """Rotary tables [B, 1, P, e/2] of bars [B, P]; periods of 2 to 256 bars."""
        cos, sin = angles(bars, self.config.width // self.config.heads // 2, 8, 2.0)
        return cos[:, None], sin[:, None]

    def cell(self, gist: Tensor, row: Tensor, features: Tensor, echo: Tensor) -> Tensor:
        """What a written cell is to the stream: gist [B, M, d] of its events, its row [B, M], its bar's features, and which of
        the cells before it says the same [B, M] (see representations.returns)."""
        out: Tensor = self.gist(gist) + self.row(row[..., None]) + self.feature(features) + self.echo(echo)
        return out

    def question(self, row: Tensor, features: Tensor) -> Tensor:
        """What is asked of a cell."""
        out: Tensor = self.ask_row(row[..., None]) + self.ask_feature(features)
        return out


class Hand(nn.Module):
    """Writes the events of a cell one after the other."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        c, w = config, config.hand
        self.config = c
        self.events = EventEmbedding(c.sizes, w)
        self.row = EventEmbedding((c.rows + 1,), w)
        self.answer = nn.Linear(c.width, w)
        self.memory = nn.GRU(w, w, batch_first=True)
        self.key, self.value = nn.Linear(w, c.looks * LOOK, bias=False), nn.Linear(w, c.looks * LOOK, bias=False)
        self.look, self.found = nn.Linear(w, c.looks * LOOK, bias=False), nn.Linear(c.looks * LOOK, w, bias=False)
        self.norm, self.key_norm = nn.RMSNorm(w, eps=1e-6), nn.RMSNorm(w, eps=1e-6)
        self.heads = EventHeads(c.sizes, w)
        self.drop = nn.Dropout(c.dropout)
        self.together = nn.Embedding(c.rows + 1, c.signs + 1)
        nn.init.zeros_(self.together.weight)
        for table in self.events.tables:
            nn.init.normal_(table.weight, std=0.1)  # type: ignore[arg-type]

    def urge(self, signs: Tensor, row: Tensor) -> Tensor:
        """What is added to the logit of each copy [n, C], by signs [n, C, S] that others return too, in the cell's row [n]."""
        weight = self.together(row)[:, None]
        out: Tensor = weight[..., -1].expand(signs.shape[:2])
        for i in range(self.config.signs):  # one by one: a sum of six may come out otherwise in another batch
            out = out + signs[..., i].to(weight.dtype) * weight[..., i]
        return out

    def turned(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Rotary tables [..., LOOK/2] of times in steps; periods from half a beat up to 64 bars."""
        return angles(time, LOOK // 2, 10, 2.0)

    def split(self, x: Tensor) -> Tensor:
        """[..., N, looks * LOOK] -> [..., looks, N, LOOK]."""
        return torch.unflatten(x, -1, (self.config.looks, LOOK)).transpose(-2, -3)


class GridNetwork(nn.Module):
    """Mind and hand, and the likelihood of cells in a given order."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.config = config
        self.mind, self.hand = Mind(config), Hand(config)
        self.note = nn.Linear(config.hand, config.hand)
        self.sum = nn.Linear(config.hand, config.width)

    def gists(self, events: Tensor, counts: Tensor) -> Tensor:
        """Gist [.., d] of cells whose events [.., K, F] number counts [..]: a sum over events, in no order."""
        inside = torch.arange(events.shape[-2], device=events.device) < counts[..., None]
        each = nn.functional.gelu(self.note(self.hand.events(events)))
        out: Tensor = self.sum((each * inside[..., None]).sum(-2) * 0.3)
        return out

    def answers(self, gist: Tensor, row: Tensor, bar: Tensor, features: Tensor, echo: Tensor, piece: Tensor) -> Tensor:
        """The mind's answer [B, M, d] for every cell, given the cells before it in the order."""
        mind = self.mind
        x = torch.cat([mind.piece(piece)[:, None], mind.cell(gist, row, features, echo)], dim=1)
        at = torch.cat([bar[:, :1] * 0, bar], dim=1)
        turned, asked = mind.turned(at), mind.turned(bar)
        m = bar.shape[1]
        index = torch.arange(m + 1, device=bar.device)
        real = torch.cat([row[:, :1] >= 0, row > 0], dim=1)[:, None, None]
        past = (index[:, None] >= index[None]) & real
        for block in mind.read:
            assert isinstance(block, Layer)
            k, v = block.keys(block.norm1(x), turned)
            x = block(x, turned, k, v, past)
        x = mind.read_norm(x)
        earlier = (index[1:, None] > index[None]) & real
        y = mind.question(row, features)
        for block in mind.ask:
            assert isinstance(block, Layer)
            k, v = block.keys(x, turned)
            y = block(y, asked, k, v, earlier)
        out: Tensor = mind.ask_norm(y)
        return out

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Negative log-likelihood in nats of each event [T]; cells come in the order of writing.

        Batch: "events" [B, M, K, F], "counts" [B, M], "returns" [B, M, C, E], "same" and "echo" [B, M] (see
        representations.returns), "row" [B, M] (0: padding), "bar" [B, M], "features" [B, M, 4], "piece" [B, G].
        """
        return self.losses(batch)[0]

    def losses(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each event [T], and the cell (place in B * M) it belongs to [T].

        Of a cell told as a copy the first choice says it all, and what follows costs nothing.
        """
        row, bar, events, counts = batch["row"].long(), batch["bar"].long(), batch["events"].long(), batch["counts"].long()
        b, m, most, _ = events.shape
        features, end = batch["features"].long(), self.config.steps
        gist, echo = self.gists(events, counts), batch["echo"].long()
        answer = self.answers(gist, row, bar, features, echo, batch["piece"].long())
        # the hand reads [begin, e1 .. eK] and writes [e1 .. eK, end]
        begin = torch.zeros_like(events[:, :, :1])
        begin[..., 0] = end + 1
        read = torch.cat([begin, events], dim=2).flatten(0, 1)
        write = torch.cat([events, torch.zeros_like(begin)], dim=2).flatten(0, 1)
        last = counts.flatten()
        ends = torch.zeros_like(begin[0, 0, 0])
        ends[0] = end
        write[torch.arange(b * m, device=row.device), last] = ends
        full = last == most  # the cell's end is no choice then
        length = torch.where(full, last, last + 1) * (row.flatten() > 0)
        order = torch.argsort(length, descending=True, stable=True)
        inside = torch.arange(most + 1, device=row.device)[:, None] < length[order][None]
        place, column = inside.nonzero(as_tuple=True)  # time-major, as packed sequences are
        cell = order[column]
        logits = self._written(read[cell, place], write[cell, place], cell, inside.sum(1), answer, row, bar)
        same = batch["same"].long().flatten()[cell]
        returns = batch["returns"].flatten(0, 1)[cell]
        may = (place == 0)[:, None] & (returns[..., 0] > 0)
        logits[0] = logits[0] + nn.functional.pad(
            self.hand.urge(returns[..., 1:], row.flatten()[cell]), (self.config.steps + 2, 0)
        )
        return self._nll(logits, write[cell, place], may, torch.where(place == 0, same, 0)) * ((place == 0) | (same == 0)), cell

    def _written(
        self, read: Tensor, write: Tensor, cell: Tensor, sizes: Tensor, answer: Tensor, row: Tensor, bar: Tensor
    ) -> list[Tensor]:
        """Logits of the events written [T, F] after the events read, packed by time."""
        hand, b, m = self.hand, *row.shape
        steps = self.config.steps
        part, known = hand.row(row.flatten()[cell][:, None]), hand.events(read)
        x = known + part + hand.answer(answer.flatten(0, 1))[cell]
        packed = nn.utils.rnn.PackedSequence(hand.drop(x).float(), sizes[sizes > 0].cpu())
        with torch.autocast(x.device.type, enabled=False):
            h = hand.memory(packed)[0].data + x
        time = bar.flatten()[cell] * steps + torch.where(read[:, 0] < steps, read[:, 0], 0)
        # lay the events out by example: who may be looked at depends on the order of cells alone
        example, rank = cell // m, cell % m
        lengths = torch.bincount(example, minlength=b)
        by_example = torch.argsort(example, stable=True)
        slot = torch.empty_like(cell)
        slot[by_example] = torch.arange(len(cell), device=cell.device) - (lengths.cumsum(0) - lengths)[example[by_example]]
        n = int(lengths.max())

        def lay(values: Tensor, fill: float = 0.0) -> Tensor:
            out = values.new_full((b, n, *values.shape[1:]), fill)
            out[example, slot] = values
            return out

        turned = tuple(t[:, None] for t in hand.turned(lay(time)))
        k = turn(hand.split(lay(hand.key(hand.key_norm(known + part)))), *turned)
        v = hand.split(lay(hand.value(hand.key_norm(hand.events(write) + part))))
        q = turn(hand.split(lay(hand.look(hand.norm(h)))), *turned)
        ranks = lay(rank, -1)
        mask = (ranks[:, :, None] > ranks[:, None]) & (ranks[:, None] >= 0)
        mask = torch.cat([mask.new_ones(b, n, 1), mask], dim=2)  # a place that says nothing, for the first cells
        k, v = (torch.cat([torch.zeros_like(t[:, :, :1]), t], dim=2) for t in (k, v))
        seen = attend(q, k, v, mask[:, None]).transpose(1, 2).flatten(2)[example, slot]
        state = hand.norm(h + hand.found(seen))
        logits: list[Tensor] = hand.heads(hand.drop(state), write)
        return logits

    def _nll(self, logits: list[Tensor], write: Tensor, may: Tensor, same: Tensor) -> Tensor:
        """Nats of each event; of an end, and of a cell told as a copy (same > 0), only the first field is a choice."""
        steps = self.config.steps
        copies = logits[0][:, steps + 2 :].float().masked_fill(~may, -1e9)
        first = torch.where(same > 0, steps + 1 + same, write[:, 0])
        logits = [torch.cat([logits[0][:, : steps + 2].float(), copies], dim=1), *logits[1:]]
        targets = (first, write[:, 1], write[:, 2])
        each = [nn.functional.cross_entropy(x.float(), y, reduction="none") for x, y in zip(logits, targets, strict=True)]
        return each[0] + (each[1] + each[2]) * (first < steps)
