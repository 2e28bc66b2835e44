"""The grid network's hand as it writes: events of many cells, one after the other, with all memory handed in and back.

Legend: B takes, q cells of each, n cells that are written, K events of a cell, N places for events in sight, F = 3 fields,
w width of the hand, S = options of all fields together (S2 of the last), C places that a cell may be a copy of.

What depends on weights alone (products of tables and matrices, matrices side by side) is written out as such: whoever loads
the graph computes it once. A sum over options is a product with a constant matrix, as such sums come out the same to the last
bit wherever a row stands: a take's notes must not hang on what is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from antiphon.models.grid import LOOK, GridNetwork
from antiphon.models.grid_steps import NEVER, barred, rows, scaled, stacked


def weights(layers: Iterable[nn.Module]) -> list[Tensor]:
    """The matrices or tables of layers."""
    return [layer.weight for layer in layers if isinstance(layer, nn.Linear | nn.Embedding)]


def biases(layers: Iterable[nn.Module]) -> list[Tensor]:
    """The biases of layers."""
    return [layer.bias for layer in layers if isinstance(layer, nn.Linear)]


class Told(NamedTuple):
    """What does not change while cells are written.

    Attributes:
      steps, values, extents: what each option of the event before adds to the recurrent net's gates and to its input
        [options, 4w].
      fixed: what the cell adds [n, 4w].
      look: a query, and the same with its pairs turned by a right angle [w, 2 * looks * LOOK].
      turns: cosine and sine for both, at each step of the cell [n * (steps + 2), 2 * looks * LOOK].
      heads, bias: hidden layers and direct part of all fields side by side [w, F * w + S], [F * w + S].
      pitch_known: what the step adds to hidden layer and direct part of the second field [steps + 2, ...].
      extent_known: what step and value add to those of the third.
      keys, sights: of events in sight, and what followed [B, looks, 1, N, LOOK].
      blind: a great negative number where nothing is in sight, else zero [B, 1, 1, 1, N].
      drawing: one by the temperature and logarithm of the floor for the step, given the step before [steps + 2, 2].
      cool, least: likewise for pitch and duration [2].
      copies: what is added to the logits of the copies that a cell may be; a great negative number for others [n, C].
      first: where each cell's turns begin [n].
      harmony, lowest: two and the row of `values_after` for harmony where a cell is that, else zero [n].
      open_: true [n, 1].
      may_last: zero for the options of the last field that a cell may take, else a great negative number [n, S2].
    """

    steps: Tensor
    values: Tensor
    extents: Tensor
    fixed: Tensor
    look: Tensor
    turns: Tensor
    heads: Tensor
    bias: Tensor
    pitch_known: Tensor
    extent_known: Tensor
    keys: Tensor
    sights: Tensor
    blind: Tensor
    drawing: Tensor
    cool: Tensor
    least: Tensor
    copies: Tensor
    first: Tensor
    harmony: Tensor
    lowest: Tensor
    open_: Tensor
    may_last: Tensor


class HandBegin(nn.Module):
    """What is known before a cell's first event."""

    def __init__(self, network: GridNetwork, pitches: int, qualities: int) -> None:
        super().__init__()
        self.network, self.last_pitch = network, pitches
        extent = torch.arange(network.config.sizes[2])
        may = torch.stack([(extent > 0) & (extent < qualities), extent >= qualities])
        self.extents: Tensor
        self.register_buffer("extents", barred(may))

    def forward(
        self,
        answer: Tensor,
        row: Tensor,
        bar: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        returns: Tensor,
        temperature: Tensor,
        floor: Tensor,
    ) -> Told:
        """Everything that is the same for all events; see `HandSteps` for what is given."""
        hand, heads = self.network.hand, self.network.hand.heads
        looks, w, sizes = hand.config.looks, hand.config.hand, hand.config.sizes
        rnn, told = dict(hand.memory.named_parameters()), hand.answer.weight.T

        def widened(x: Tensor) -> Tensor:
            """Something and what it adds to the gates [.., 4w]."""
            return torch.cat([nn.functional.linear(x, rnn["weight_ih_l0"]), x], -1)

        # the answer's matrix is multiplied into the gates' beforehand, and so are all biases (not added before: a sum that an
        # exporter works out is rounded once more when it is stored)
        part = widened(weights(hand.row.tables)[0]) + widened(hand.answer.bias[None])
        part = part + torch.cat([rnn["bias_ih_l0"], torch.zeros(w)])
        fixed = answer @ widened(told) + rows(part, row)
        pairs = torch.unflatten(hand.look.weight, 0, (looks, 2, LOOK // 2))
        turned = torch.cat([-pairs[:, 1:], pairs[:, :1]], 1).flatten(0, 2)
        hidden, out = weights(heads.hidden), weights(heads.out)
        known = stacked(heads.known)
        more = [torch.cat([hidden[f], out[f]]) for f in (1, 2)]
        steps, pitches, extents = (widened(table) for table in weights(hand.events.tables))
        inside = torch.arange(keys.shape[2], device=keys.device) < seen[:, None]
        harmony = (row == 1).long()
        return Told(
            steps,
            pitches,
            extents,
            fixed,
            torch.cat([hand.look.weight, turned]).T,
            self._turns(bar),
            torch.cat([*hidden, *out]).T,
            torch.cat([*biases(heads.hidden), *biases(heads.out)]),
            nn.functional.linear(known[: sizes[0]], more[0]),
            nn.functional.linear(known, more[1]),
            keys[:, :, None],
            values[:, :, None],
            torch.where(inside, 0.0, NEVER)[:, None, None, None],
            torch.stack([1 / temperature, floor.log()], -1)[[1] * (hand.config.steps + 1) + [0]],
            1 / temperature[2:],
            floor[2:].log(),
            torch.where(returns[..., 0] > 0, hand.urge(returns[..., 1:], row), NEVER),
            torch.arange(row.shape[0]) * (hand.config.steps + 2),
            harmony * 2,
            harmony * (self.last_pitch + 1),
            row[:, None] >= 0,
            rows(self.extents, harmony),
        )

    def _turns(self, bar: Tensor) -> Tensor:
        """Cosines and sines of every step of every cell, by the angles' sum."""
        hand, steps = self.network.hand, self.network.config.steps
        cos, sin = (t[:, None] for t in hand.turned(bar * steps))
        step = torch.arange(steps + 2)
        cos_in, sin_in = (t[None] for t in hand.turned(torch.where(step < steps, step, 0)))
        turned = torch.stack([cos * cos_in - sin * sin_in, sin * cos_in + cos * sin_in], 2) * LOOK**-0.5
        out: Tensor = turned[:, :, :, None].expand(-1, -1, -1, 2 * hand.config.looks, -1).flatten(2).flatten(0, 1)
        return out


class HandStep(nn.Module):
    """Draws the next event of every cell."""

    def __init__(self, network: GridNetwork, pitches: int) -> None:
        super().__init__()
        self.network, self.last_pitch = network, pitches
        steps, sizes = network.config.steps, network.config.sizes
        self.steps_after: Tensor
        self.values_after: Tensor
        self.register_buffer("steps_after", barred(steps_after(steps)).flatten(0, 2))
        value = torch.arange(sizes[1])
        higher = (value > torch.arange(pitches + 1)[:, None]) & (value <= pitches)
        self.register_buffer("values_after", barred(torch.cat([higher, (value > pitches)[None]])))
        for size in sizes:
            self.register_buffer(f"upto{size}", torch.ones(size, size).triu())

    def forward(
        self,
        at: Tensor,
        last: Tensor,
        state: Tensor,
        open_: Tensor,
        uniform: Tensor,
        slot: Tensor,
        cell: Tensor,
        stop: Tensor,
        told: Told,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """One event of each cell.

        Args:
          at: how many events were drawn before [].
          last: the event before [n, F]; the beginning of a cell at first.
          state: the hand's memory [n, w].
          open_: whether a cell has not ended [n, 1].
          uniform: random numbers [K, n, F].
          slot, cell: where each cell stands among cells by takes [n], and which cell stands there [B, q] (or any other).
          stop: with so many open cells or fewer it is enough [].
          told: what does not change.

        Returns:
          Whether to go on, the events [n, F] (after an end, anything), the new memory, which cells are open, and the logits
          of all options, less each field's greatest [n, S].
        """
        hand, w, steps = self.network.hand, self.network.config.hand, self.network.config.steps
        rnn, sizes = dict(hand.memory.named_parameters()), list(self.network.config.sizes)
        before, value, extent = last.unbind(-1)
        before = before.clamp(max=steps + 1)  # after a copy nothing is written that counts
        known = rows(told.steps, before) + rows(told.values, value) + rows(told.extents, extent)
        gates, inward, x = torch.split(known + told.fixed, [2 * w, w, w], -1)
        kept, own = torch.split(nn.functional.linear(state, rnn["weight_hh_l0"], rnn["bias_hh_l0"]), [2 * w, w], -1)
        reset, update = (gates + kept).sigmoid().chunk(2, -1)
        new = (inward + reset * own).tanh()
        state = new + update * (state - new)
        h = state + x
        h = h + hand.found(self._seen(scaled(h, hand.norm), before, slot, cell, told))
        *parts, a, b, c = torch.split(scaled(h, hand.norm) @ told.heads + told.bias, [w, w, w, *sizes], -1)
        out = weights(hand.heads.out)

        def logits(f: int, hidden: Tensor, direct: Tensor) -> Tensor:
            return direct + nn.functional.gelu(hidden) @ out[f].T

        luck = torch.split(uniform.index_select(0, at.reshape(1))[0], 1, -1)
        may = rows(self.steps_after, before * 4 + told.harmony + (value < self.last_pitch).long())
        may = torch.cat([may, torch.where((before > steps)[:, None], told.copies, NEVER)], -1)
        cool, least = torch.split(rows(told.drawing, before), 1, -1)
        step, first = self._choose(logits(0, parts[0], a) + may, luck[0], cool, least)
        stepped = step[:, 0].clamp(max=steps)
        hidden, direct = torch.split(rows(told.pitch_known, stepped), [w, sizes[1]], -1)
        base = torch.maximum(torch.where(stepped == before, value, 0), told.lowest)
        may = rows(self.values_after, base)
        pitch, second = self._choose(logits(1, parts[1] + hidden, b + direct) + may, luck[1], told.cool[:1], told.least[:1])
        known = rows(told.extent_known, stepped) + rows(told.extent_known, pitch[:, 0] + sizes[0])
        hidden, direct = torch.split(known, [w, sizes[2]], -1)
        length, third = self._choose(
            logits(2, parts[2] + hidden, c + direct) + told.may_last, luck[2], told.cool[1:], told.least[1:]
        )
        goes_on = step < steps
        open_ = open_ & goes_on
        event = torch.cat([step, torch.cat([pitch, length], -1) * goes_on], -1)
        return open_.sum() > stop, event, state, open_, torch.cat([first, second, third], -1)

    def _seen(self, h: Tensor, before: Tensor, slot: Tensor, cell: Tensor, told: Told) -> Tensor:
        """What the look back finds for each cell [n, looks * LOOK]."""
        looks = self.network.config.looks
        q, turned = (h @ told.look * rows(told.turns, told.first + before)).chunk(2, -1)
        q = torch.unflatten(q + turned, -1, (looks, 1, LOOK))[cell].transpose(1, 2)
        weight = (q @ told.keys.transpose(-1, -2) + told.blind).softmax(-1)
        return rows((weight @ told.sights).transpose(1, 2).reshape(-1, looks * LOOK), slot)

    def _choose(self, logits: Tensor, uniform: Tensor, cool: Tensor, least: Tensor) -> tuple[Tensor, Tensor]:
        """One option [n, 1] by inverting the distribution function, and the logits less their greatest [n, options]."""
        under = logits - logits.amax(-1, keepdim=True)
        share = torch.where(under >= least, (under * cool).exp(), 0.0)
        reached = share @ getattr(self, f"upto{logits.shape[-1]}")
        return (reached <= reached[:, -1:] * uniform).sum(-1, keepdim=True), under


class HandEnd(nn.Module):
    """How likely the events were."""

    def __init__(self, network: GridNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, events: Tensor, under: Tensor) -> Tensor:
        """Log-likelihood of each field [T, n, F] of events [T, n, F], given what `HandStep` tells [T, n, S]."""
        parts = torch.split(under, list(self.network.config.sizes), -1)
        return torch.cat([x.gather(-1, events[..., f : f + 1]) - x.exp().sum(-1, True).log() for f, x in enumerate(parts)], -1)


def steps_after(steps: int) -> Tensor:
    """Which steps may follow [before (steps + 2), harmony 2, whether the same step may come again 2, after (steps + 2)]."""
    before, harmony, again, after = torch.meshgrid(
        torch.arange(steps + 2), torch.arange(2), torch.arange(2), torch.arange(steps + 2), indexing="ij"
    )
    later = (after > before) | ((after == before) & (again > 0) & (harmony == 0))
    first = torch.where(harmony > 0, after == 0, after <= steps)
    return torch.where(before == steps + 1, first, (later & (after <= steps)) | (after == steps))


class HandSteps(nn.Module):
    """The loop, as the graph runs it."""

    def __init__(self, network: GridNetwork, pitches: int, qualities: int) -> None:
        super().__init__()
        self.begin, self.step = HandBegin(network, pitches, qualities), HandStep(network, pitches)
        self.end = HandEnd(network)

    def forward(
        self,
        answer: Tensor,
        row: Tensor,
        bar: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        returns: Tensor,
        temperature: Tensor,
        floor: Tensor,
        last: Tensor,
        state: Tensor,
        uniform: Tensor,
        slot: Tensor,
        cell: Tensor,
        stop: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Events of each cell until few cells are open.

        Args:
          answer, row, bar: of the cells [n, ...].
          keys, values: of the events in sight [B, looks, N, LOOK]; the first is nothing at all, zeros.
          seen: how many of them are there, the first included [B].
          returns: whether a cell may be the copy that a first field can tell, and what others do by its lag [n, C, 1 + signs].
          temperature: of the drawing of a cell's beginning (silent, a copy, or its first step), and of each field [1 + F].
          floor: options less likely than this share of the likeliest are never drawn; likewise [1 + F].
          last, state, uniform, slot, cell, stop: see `HandStep`; at most K events are written.

        Returns:
          Events [T, n, F] (after an end or a copy, anything), log-likelihood of each field, the new memory.
        """
        told = self.begin(answer, row, bar, keys, values, seen, returns, temperature, floor)
        open_, events, under = told.open_, [], []
        for at in range(uniform.shape[0]):
            more, last, state, open_, each = self.step(torch.tensor(at), last, state, open_, uniform, slot, cell, stop, told)
            events.append(last)
            under.append(each)
            if not more:
                break
        written = torch.stack(events)
        return written, self.end(written, torch.stack(under)), state
