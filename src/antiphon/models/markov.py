"""Markov chains over compound events: counted, not trained, with Witten-Bell interpolated back-off.

Legend: B batch, T events, F fields, n order, L levels of context, K longest row of a table.

A field of the next event is predicted from ever longer contexts: nothing, then the event's earlier fields, then the
last event, the last two, ... up to n. With c(x) how often x followed a
context, N their sum and D the number of different x (Witten and Bell 1991; Bell, Cleary and Witten 1990, "method C"):

    p_k(x) = c(x) / (N + D) + D / (N + D) * p_(k-1)(x)

A context that was never seen has N = D = 0 and leaves p_(k-1) as it is. Contexts live in hashed tables: a context's
slot holds a check of its hash and a row of (id, weight) pairs; where contexts want the same slots, the commoner have
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

MODULUS, FACTOR, CHECK = 2**31 - 1, 1_103_515_245, 32_749
"""The hash is h -> (h * FACTOR + id + 1) mod MODULUS, its check the rest by CHECK: no product leaves 63 bits."""
PROBES = 8
"""Neighbouring slots in which a context may live."""
PAST = 3
"""Fields of a past event that count as context: all but the last one."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MarkovConfig:
    """Size of a Markov chain."""

    sizes: tuple[int, ...]
    """Vocabulary size of each field."""
    order: int = 1
    """Past events in the longest context."""
    slots: int = 2**16
    """Most contexts of one length that are kept."""

    def cuts(self, field: int) -> tuple[int, ...]:
        """Lengths of a field's contexts in ids, after the empty one: the known fields, then event after event."""
        known = (1, field) if field > 1 else (1,) if field else ()
        return known + tuple(field + PAST * k for k in range(1, self.order + 1))


class Level(nn.Module):
    """Contexts of one length: hash [B] and p of the shorter context [B, size] -> p [B, size].

    `check` [slots] is -1 where no context lives; `first` and `count` [slots] say which of `ids` and `weights`
    (c / (N + D), in half precision) are its row.
    """

    check: Tensor
    first: Tensor
    count: Tensor
    ids: Tensor
    weights: Tensor

    def __init__(self, check: Tensor, first: Tensor, count: Tensor, ids: Tensor, weights: Tensor) -> None:
        super().__init__()
        for name, tensor in (("check", check), ("first", first), ("count", count), ("ids", ids), ("weights", weights)):
            self.register_buffer(name, tensor)
        self.longest = int(count.max())

    def forward(self, hashed: Tensor, shorter: Tensor) -> Tensor:
        """See the class."""
        probes = (hashed[:, None] + torch.arange(PROBES, device=hashed.device)) % len(self.check)
        found = self.check.index_select(0, probes.flatten()).long().view(probes.shape) == (hashed % CHECK)[:, None]
        slot = torch.where(found, probes, 0).amax(-1)  # at most one of them holds the context
        known = found.any(-1)
        place = torch.arange(self.longest, device=hashed.device)[None]
        inside = (place < self.count.index_select(0, slot).long()[:, None]) & known[:, None]
        index = torch.where(inside, self.first.index_select(0, slot).long()[:, None] + place, 0).flatten()
        ids = self.ids.index_select(0, index).long().view(inside.shape)
        weights = self.weights.index_select(0, index).float().view(inside.shape) * inside
        rest = 1 - weights.sum(-1, keepdim=True)
        return (shorter * rest).scatter_add(-1, ids, weights)


class MarkovHeads(nn.Module):
    """Log-probabilities of the next event, field by field, given a window of past events h [B, n * 3]."""

    def __init__(self, config: MarkovConfig, bases: Sequence[Tensor], levels: Sequence[Sequence[Level]]) -> None:
        super().__init__()
        self.config = config
        for f, base in enumerate(bases):
            self.register_buffer(f"base{f}", base)
        self.levels = nn.ModuleList(nn.ModuleList(row) for row in levels)

    def field(self, f: int, h: Tensor, known: Tensor) -> Tensor:
        """Log-probabilities [..., size] of field f given the window h [..., n * 3] and the earlier fields [..., >= f]."""
        lead = h.shape[:-1]
        window = h.flatten(0, -2).long()
        ids = window if f == 0 else torch.cat([known[..., :f].flatten(0, -2).long(), window], dim=-1)
        base: Tensor = getattr(self, f"base{f}")
        p = base[None].expand(ids.shape[0], -1)
        hashes = prefix_hashes(ids, self.config.cuts(f))
        levels = self.levels[f]
        assert isinstance(levels, nn.ModuleList)
        for level, hashed in zip(levels, hashes, strict=True):
            p = level(hashed, p)
        return p.log().view(*lead, -1)

    def forward(self, h: Tensor, following: Tensor) -> list[Tensor]:
        """Log-probabilities of every field of the following events: [B, T, n * 3], [B, T, F] -> F x [B, T, size]."""
        return [self.field(f, h, following) for f in range(len(self.levels))]


class EventMarkov(nn.Module):
    """Events [B, T, F] -> the window of past events that each following one is predicted from, and the counts."""

    def __init__(self, config: MarkovConfig, heads: MarkovHeads) -> None:
        super().__init__()
        self.config, self.heads = config, heads

    def states(self, events: Tensor, times: Tensor) -> Tensor:
        """Windows [B, T, n * 3] after each event, the last event first; ids as floats, zeros before the beginning."""
        past = events[..., :PAST]
        shifted = [torch.nn.functional.pad(past, (0, 0, k, 0))[:, : past.shape[1]] for k in range(self.config.order)]
        return torch.cat(shifted, dim=-1).float()

    def forward(self, events: Tensor, times: Tensor, following: Tensor) -> list[Tensor]:
        """Log-probabilities of the following events, one [B, T, size] a field."""
        logits: list[Tensor] = self.heads(self.states(events, times), following)
        return logits

    @property
    def entries(self) -> int:
        """Number of (context, id) pairs that are kept."""
        return sum(b.numel() for name, b in self.named_buffers() if name.endswith("weights"))


def prefix_hashes(ids: Tensor, cuts: Sequence[int]) -> list[Tensor]:
    """Hashes [B] of the first `cut` ids of each row [B, length], for every cut in rising order."""
    h = torch.ones_like(ids[:, 0])
    out: list[Tensor] = []
    at = 0
    for cut in cuts:
        for i in range(at, cut):
            h = (h * FACTOR + ids[:, i] + 1) % MODULUS
        at = cut
        out.append(h * FACTOR % MODULUS)  # once more, or contexts that differ in their last id would be neighbours
    return out


def count_events(config: MarkovConfig, pieces: Sequence[npt.NDArray[np.integer]]) -> EventMarkov:
    """The chain that the pieces' events [T, F] say."""
    following = torch.from_numpy(np.concatenate([p[1:] for p in pieces]).astype(np.int64))
    blank = EventMarkov(config, MarkovHeads(config, [], []))
    windows = torch.cat(
        [blank.states(torch.from_numpy(p[None, :-1].astype(np.int64)), torch.zeros(1))[0].long() for p in pieces]
    )
    bases: list[Tensor] = []
    levels: list[list[Level]] = []
    for f, size in enumerate(config.sizes):
        target = following[:, f]
        counts = torch.bincount(target, minlength=size).double()
        seen = (counts > 0).sum()
        bases.append(((counts + seen / size) / (counts.sum() + seen)).float())
        hashes = prefix_hashes(torch.cat([following[:, :f], windows], dim=-1), config.cuts(f))
        levels.append([_level(h.numpy(), target.numpy(), size, config.slots) for h in hashes])
    return EventMarkov(config, MarkovHeads(config, bases, levels))


def _level(hashed: Ints, target: Ints, size: int, slots: int) -> Level:
    """Count what followed each context, and give the slots to the commonest contexts."""
    pairs, often = np.unique(hashed * size + target, return_counts=True)
    context, which, different = np.unique(pairs // size, return_inverse=True, return_counts=True)
    slots = min(slots, 2 << len(context).bit_length())
    total = np.bincount(which, weights=often).astype(np.int64)
    slot = _places(context, total, slots)
    kept = slot >= 0
    exact = often / (total + different)[which]
    weight = exact.astype(np.float16)
    weight = np.where(weight > exact, np.nextafter(weight, np.float16(0)), weight)  # rounded down: something is always left
    stays = kept[which]
    row = np.bincount(which[stays], minlength=len(context))[kept]  # pairs are sorted by context: rows lie in order
    check = np.full(slots, -1, np.int16)
    first, count = np.zeros(slots, np.int32), np.zeros(slots, np.int16)
    at = slot[kept]
    check[at], first[at], count[at] = context[kept] % CHECK, np.cumsum(row) - row, row
    ids = (pairs % size)[stays].astype(np.int16)
    return Level(*(torch.from_numpy(a) for a in (check, first, count, ids, weight[stays])))


def _places(context: Ints, total: Ints, slots: int) -> Ints:
    """A slot for each hash, the commonest first; -1 where all PROBES neighbours are taken."""
    slot = np.full(len(context), -1, np.int64)
    taken = np.full(slots, -1, np.int64)
    waiting = np.argsort(-total, kind="stable")
    for probe in range(PROBES):
        wanted = (context[waiting] + probe) % slots
        _, leader = np.unique(wanted, return_index=True)
        leader = leader[taken[wanted[leader]] < 0]
        slot[waiting[leader]] = wanted[leader]
        taken[wanted[leader]] = waiting[leader]
        waiting = np.delete(waiting, leader)
    return slot


def from_state(config: MarkovConfig, state: dict[str, Tensor]) -> EventMarkov:
    """The chain whose `state_dict` this is: the lengths of its tables are read from the tensors themselves.

    Raises:
      KeyError: a table is missing.
    """
    fields = range(len(config.sizes))
    bases = [state[f"heads.base{f}"] for f in fields]
    names = ("check", "first", "count", "ids", "weights")
    levels = [
        [Level(*(state[f"heads.levels.{f}.{k}.{name}"] for name in names)) for k in range(len(config.cuts(f)))] for f in fields
    ]
    return EventMarkov(config, MarkovHeads(config, bases, levels))
