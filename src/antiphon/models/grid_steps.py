"""The grid network as it writes: one round of the mind, a few events of the hand, with all memory handed in and back.

Legend: B takes, m cells just written, q cells asked for, K events of a cell, P cells read so far, N events in sight,
F = 3 fields, L streams (the layers that read, then those that ask), H heads, e width of a head, w width of the hand.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.grid import GridNetwork, Layer, attend
from antiphon.models.transformer import turn

NEVER = -1e9


class MindRound(nn.Module):
    """Reads the cells written last and answers what comes into others."""

    def __init__(self, network: GridNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        piece: Tensor,
        events: Tensor,
        counts: Tensor,
        row: Tensor,
        bar: Tensor,
        features: Tensor,
        keys: Tensor,
        values: Tensor,
        ask_row: Tensor,
        ask_bar: Tensor,
        ask_features: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """One round.

        Args:
          piece: what is known of the piece [B, G].
          events, counts, row, bar, features: the cells [B, m, ...]; a cell of row 0 stands for the piece itself.
          keys, values: memory [L, B, H, P, e].
          ask_row, ask_bar, ask_features: the cells asked for [B, q, ...].

        Returns:
          Answers [B, q, d], the memory's new part (keys and values [L, B, H, m, e]), and what the hand may look at of the
          new cells: keys and values [B, looks, m * (K + 1), LOOK], a cell's beginning and its events.
        """
        net, mind = self.network, self.network.mind
        x = mind.cell(net.gists(events, counts), row, features)
        x = torch.where((row == 0)[..., None], mind.piece(piece)[:, None], x)
        turned, asked = mind.turned(bar), mind.turned(ask_bar)
        m, past = row.shape[1], keys.shape[3]
        index = torch.arange(m, device=row.device)
        earlier = torch.arange(past, device=row.device)[None] < past
        mask = torch.cat([earlier.expand(m, past), index[:, None] >= index[None]], dim=1)[None, None]
        new_k: list[Tensor] = []
        new_v: list[Tensor] = []
        for i, block in enumerate(mind.read):
            assert isinstance(block, Layer)
            k, v = block.keys(block.norm1(x), turned)
            new_k.append(k)
            new_v.append(v)
            x = block(x, turned, torch.cat([keys[i], k], dim=2), torch.cat([values[i], v], dim=2), mask)
        x = mind.read_norm(x)
        y = mind.question(ask_row, ask_features)
        for i, block in enumerate(mind.ask, start=len(mind.read)):
            assert isinstance(block, Layer)
            k, v = block.keys(x, turned)
            new_k.append(k)
            new_v.append(v)
            all_k, all_v = torch.cat([keys[i], k], dim=2), torch.cat([values[i], v], dim=2)
            y = block(y, asked, all_k, all_v, mask[:, :, :1] | ~mask[:, :, :1])
        look_k, look_v = self._sights(events, counts, row, bar)
        return mind.ask_norm(y), torch.stack(new_k), torch.stack(new_v), look_k, look_v

    def _sights(self, events: Tensor, counts: Tensor, row: Tensor, bar: Tensor) -> tuple[Tensor, Tensor]:
        hand, steps = self.network.hand, self.network.config.steps
        begin = torch.zeros_like(events[:, :, :1])
        begin = begin + torch.tensor([steps + 1, 0, 0], device=events.device)
        end = torch.zeros_like(events[:, :, :1]) + torch.tensor([steps, 0, 0], device=events.device)
        read = torch.cat([begin, events], dim=2)
        place = torch.arange(read.shape[2], device=events.device)
        write = torch.where((place < counts[..., None])[..., None], torch.cat([events, end], dim=2), end)
        part = hand.row(row[..., None])[:, :, None]
        step = read[..., 0]
        time = bar[..., None] * steps + torch.where(step < steps, step, 0)
        turned = tuple(t.flatten(1, 2)[:, None] for t in hand.turned(time))
        k = turn(hand.split(hand.key(hand.key_norm(hand.events(read) + part)).flatten(1, 2)), *turned)
        v = hand.split(hand.value(hand.key_norm(hand.events(write) + part)).flatten(1, 2))
        return k, v


class HandSteps(nn.Module):
    """Draws the next few events of every cell asked for."""

    def __init__(self, network: GridNetwork, events: int, pitches: int, qualities: int) -> None:
        super().__init__()
        self.network, self.count = network, events
        sizes = network.config.sizes
        value, extent = torch.arange(sizes[1]), torch.arange(sizes[2])
        self.harmony_values: Tensor
        self.harmony_extents: Tensor
        self.register_buffer("harmony_values", value > pitches)
        self.register_buffer("harmony_extents", extent >= qualities)
        self.last_pitch = pitches

    def forward(
        self,
        answer: Tensor,
        row: Tensor,
        bar: Tensor,
        last: Tensor,
        state: Tensor,
        look_keys: Tensor,
        look_values: Tensor,
        seen: Tensor,
        uniform: Tensor,
        temperature: Tensor,
        floor: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A few events of each cell.

        Args:
          answer, row, bar: of the cells [B, q, ...].
          last: the event before [B, q, F]; the beginning of a cell at first.
          state: the hand's memory [B, q, w].
          look_keys, look_values: of the events in sight [B, looks, N, LOOK]; the first is nothing at all, zeros.
          seen: how many of them are there, the first included [B].
          uniform: random numbers [B, q, events, F].
          temperature: of the drawing [1].
          floor: options less likely than this share of the likeliest are never drawn [1].

        Returns:
          Events [B, q, events, F] (after an end, anything), their log-likelihoods [B, q, events, F], the new state.
        """
        hand, steps = self.network.hand, self.network.config.steps
        part, told = hand.row(row[..., None]), hand.answer(answer)
        inside = (torch.arange(look_keys.shape[2], device=row.device)[None] < seen[:, None])[:, None, None]
        events, likely = [], []
        for i in range(self.count):
            x = hand.events(last) + part + told
            state = self._remember(x, state)
            h = state + x
            time = bar * steps + torch.where(last[..., 0] < steps, last[..., 0], 0)
            turned = tuple(t[:, None] for t in hand.turned(time))
            q = turn(hand.split(hand.look(hand.norm(h))), *turned)
            found = attend(q, look_keys, look_values, inside).transpose(1, 2).flatten(2)
            out = hand.norm(h + hand.found(found))
            last, chosen = self._draw(out, row == 1, last, uniform[:, :, i], temperature, floor)
            events.append(last)
            likely.append(chosen)
        return torch.stack(events, 2), torch.stack(likely, 2), state

    def _remember(self, x: Tensor, state: Tensor) -> Tensor:
        memory = self.network.hand.memory
        weights = dict(memory.named_parameters())
        given = nn.functional.linear(x, weights["weight_ih_l0"], weights["bias_ih_l0"]).chunk(3, dim=-1)
        kept = nn.functional.linear(state, weights["weight_hh_l0"], weights["bias_hh_l0"]).chunk(3, dim=-1)
        reset, update = (given[0] + kept[0]).sigmoid(), (given[1] + kept[1]).sigmoid()
        new = (given[2] + reset * kept[2]).tanh()
        return new + update * (state - new)

    def _draw(
        self, out: Tensor, harmony: Tensor, last: Tensor, uniform: Tensor, temperature: Tensor, floor: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The next event [B, q, F] and the log-likelihood of each of its fields: legal after the last one."""
        heads, steps = self.network.hand.heads, self.network.config.steps
        option = torch.arange(steps + 2, device=last.device)
        at_first, before, value_before = last[..., :1] == steps + 1, last[..., :1], last[..., 1:2]
        again = (value_before < self.last_pitch) & ~harmony[..., None]
        may = at_first | (option > before) | ((option == before) & again)
        may = may & ~(at_first & harmony[..., None] & (option > 0)) | (option == steps)
        may = may & (option <= steps) & ~(at_first & harmony[..., None] & (option == steps))
        step, a = self._choose(heads.field(0, out, last), may, uniform[..., 0], temperature, floor)
        known = step[..., None]
        value = torch.arange(len(self.harmony_values), device=last.device)
        may = (harmony[..., None] == self.harmony_values) & (value > 0)
        may = may & ((known != before) | (value > value_before) | harmony[..., None])
        pitch, b = self._choose(heads.field(1, out, known), may, uniform[..., 1], temperature, floor)
        known = torch.stack([step, pitch], -1)
        extent = torch.arange(len(self.harmony_extents), device=last.device)
        may = (harmony[..., None] == self.harmony_extents) & (extent > 0)
        length, c = self._choose(heads.field(2, out, known), may, uniform[..., 2], temperature, floor)
        ends = step == steps
        event = torch.stack([step, pitch.masked_fill(ends, 0), length.masked_fill(ends, 0)], -1)
        return event, torch.stack([a, b.masked_fill(ends, 0.0), c.masked_fill(ends, 0.0)], -1)

    def _choose(
        self, logits: Tensor, may: Tensor, uniform: Tensor, temperature: Tensor, floor: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One option [B, q] by inverting the distribution function at a uniform number, and its own log-likelihood."""
        own = logits.masked_fill(~may, NEVER).log_softmax(-1)
        kept = own >= own.amax(-1, keepdim=True) + floor.log()
        p = torch.where(kept & may, own / temperature, NEVER).softmax(-1)
        chosen = (p.cumsum(-1) <= uniform[..., None] * 0.999999).sum(-1).clamp(max=p.shape[-1] - 1)
        return chosen, own.gather(-1, chosen[..., None])[..., 0]
