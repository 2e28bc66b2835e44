"""Autoregressive model of keys that sound together: a network over frames, and a head that writes a frame's keys upwards.

Legend: B batch, T frames, K = 88 keys, N decisions (one for each key of a frame, and one for its end), d and m widths.

A frame is a set of keys. It is written from the lowest key up; each decision is the next key above the last one, or the
end (index K). So every set has exactly one way to be written, and the probabilities of all sets sum to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from antiphon.models.frame import FrameConfig, Lookup, Trunk
from antiphon.models.frame_history import LEVELS, later, repetitions

KEYS = 88
AGES = 8
"""A key is known to have sounded for up to so many frames."""
BELOW, ABOVE = 12, 24
"""Window around the last key in which the head sees other frames."""
NEAR = 4
"""A key may move so many semitones from a key of the frame before to be known as its neighbour."""
CLOCKS = (8, 12, 16, 32)
MOST = 16
"""Decisions a frame in the exported graph: frames of up to 15 keys."""


@dataclass(frozen=True)
class KeysConfig:
    """A network of which size."""

    frame: FrameConfig = field(default_factory=FrameConfig)
    most: int = MOST


def key_history(rolls: Tensor) -> dict[str, Tensor]:
    """All that the network is told of the past of binary rolls [B, T, K].

    Returns:
      prev [B, T, K]: the frame before; age [B, T, K]: how long each of its keys has sounded, up to AGES; whole, upper
      [B, T, K]: the frame that followed the longest repetition of whole frames, of their highest keys; level [B, T, 2]:
      how long these are; first [B, T]: lowest key of the first frame, K where it is unknown; clock [B, T].
    """
    frames = rolls.shape[1]
    prev = later(rolls, 0)
    age, still, past = prev.clone(), prev, prev
    for _ in range(AGES - 1):
        past = later(past, 0)
        still = still * past
        age = age + still
    key = torch.arange(KEYS, device=rolls.device)
    number = (rolls.long() * ((key * key * 7919 + key * 104729 + 1299709) ** 2 % 2147483647)).sum(-1)
    top = (rolls.long() * (key + 1)).amax(-1)
    source, level = repetitions(torch.stack([number, top], dim=-1), beat=1)
    found = [rolls.gather(1, source[:, i, :, None].expand(-1, -1, KEYS)) * (level[:, i, :, None] > 0) for i in (0, 1)]
    clock = torch.arange(frames, device=rolls.device).expand_as(top)
    lowest = KEYS - (rolls.long() * (KEYS - key)).amax(-1)
    first = torch.where(clock > 0, lowest[:, :1], KEYS)
    return {
        "prev": prev, "age": age, "whole": found[0], "upper": found[1], "level": level[:, :2].transpose(1, 2),
        "first": first, "clock": clock,
    }  # fmt: skip


def degrees(rolls: Tensor, first: Tensor) -> Tensor:
    """Pitch classes [..., 12] of rolls [..., K], counted from `first` [...] (from key 0 where it is K)."""
    key = torch.arange(KEYS, device=rolls.device)
    which = torch.remainder(key - first[..., None] * (first[..., None] < KEYS), 12)
    found = torch.zeros(*rolls.shape[:-1], 12, device=rolls.device, dtype=rolls.dtype)
    return found.scatter_add(-1, which, rolls).clamp(max=1.0)


def around(rolls: Tensor, last: Tensor) -> Tensor:
    """Rolls [N, K] seen from key `last` [N] (K: from key 0): [N, BELOW + ABOVE + 1]."""
    place = torch.arange(BELOW + ABOVE + 1, device=rolls.device) + (last * (last < KEYS))[:, None]
    return nn.functional.pad(rolls, (BELOW, ABOVE)).gather(1, place)


class FrameKeys(nn.Module):
    """Log-probability of each decision of each frame, given all frames before and the keys below."""

    def __init__(self, config: KeysConfig) -> None:
        super().__init__()
        self.config = config
        size = config.frame
        self.look = Lookup([*CLOCKS, LEVELS + 1, LEVELS + 1, 16], size.feature, size.dropout / 2)
        self.enter = nn.Linear(self.look.count * size.feature + 5 * KEYS + 4 * 12, size.width, bias=False)
        self.trunk = Trunk(size)
        self.pass_on = nn.Linear(size.width, size.hidden, bias=False)
        self.head = _KeyHead(config)

    def states(self, past: Mapping[str, Tensor]) -> Tensor:
        """State before each frame, [B, T, d]; `past` is as key_history gives it."""
        prev, first = past["prev"].float(), past["first"]
        age, whole, upper = past["age"].float() / AGES, past["whole"].float(), past["upper"].float()
        new = ((past["age"] == 1) & (past["prev"] > 0)).float()
        clocks = [past["clock"] % c for c in CLOCKS]
        counts = past["prev"].long().sum(-1).clamp(max=15)
        looked = self.look(torch.stack([*clocks, past["level"][..., 0], past["level"][..., 1], counts], dim=-1))
        heard = degrees(prev, first)
        long = heard.cumsum(1) / (past["clock"][..., None] + 1.0)
        rolls = torch.cat([prev, age, new, whole, upper], dim=-1)
        small = torch.cat([heard, long, degrees(whole, first), degrees(upper, first)], dim=-1)
        shown = nn.functional.dropout(torch.cat([rolls, small], dim=-1), self.config.frame.dropout / 2, self.training)
        out: Tensor = self.trunk(self.enter(torch.cat([looked, shown], dim=-1)))
        return out

    def decisions(self, past: Mapping[str, Tensor], rolls: Tensor, every: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Teacher-forced decisions of frames [B, T, K].

        Args:
          every: give `most` rows a frame, whether taken or not, as a graph of fixed shape must.

        Returns:
          log-probabilities [N, K + 1], index of the key taken (K the end) [N], frame of each row [N].
        """
        h = self.pass_on(nn.functional.dropout(self.states(past), self.config.frame.dropout, self.training)).flatten(0, 1)
        flat = rolls.long().flatten(0, 1)
        order = flat.cumsum(-1)
        count = order[:, -1]
        step = torch.arange(self.config.most, device=rolls.device).expand(flat.shape[0], -1)
        frame = torch.arange(flat.shape[0], device=rolls.device)[:, None].expand_as(step)
        if every:
            at, nth = frame.flatten(), step.flatten()
        else:
            taken = step <= count[:, None]
            at, nth = frame[taken], step[taken]
        keys = torch.arange(KEYS, device=rolls.device)
        chosen = flat[at] * (order[at] <= nth[:, None])
        highest = (chosen * (keys + 1)).amax(-1) - 1
        last = torch.where(highest >= 0, highest, KEYS)
        target = (flat[at] * (order[at] == nth[:, None] + 1) * (keys + 1)).amax(-1) - 1
        target = torch.where(nth < count[at], target, KEYS)
        known = {k: past[k].flatten(0, 1)[at] for k in ("prev", "whole", "upper", "first", "level")}
        return self.head(h[at], chosen, last, nth, known), target, at

    def nll(self, past: Mapping[str, Tensor], rolls: Tensor) -> Tensor:
        """Nats of every frame, [B, T]."""
        logp, target, at = self.decisions(past, rolls)
        each = -logp.gather(-1, target[:, None])[:, 0]
        zero = torch.zeros(rolls.shape[0] * rolls.shape[1], device=rolls.device, dtype=each.dtype)
        return zero.index_add(0, at, each).view(rolls.shape[:2])


class _KeyHead(nn.Module):
    """One decision: the trunk's word, keys written so far, and the past seen from the last of them."""

    def __init__(self, config: KeysConfig) -> None:
        super().__init__()
        size = config.frame
        m, self.dropout = size.hidden, size.dropout
        self.look = Lookup([KEYS + 1, 14, MOST, 8, 8, 2, 2, 2, LEVELS + 1, LEVELS + 1], size.feature, size.dropout / 2)
        self.enter = nn.Linear(self.look.count * size.feature + KEYS + 12 + 4 * (BELOW + ABOVE + 1), m, bias=False)
        self.norm1, self.norm2 = nn.RMSNorm(m, eps=1e-6), nn.RMSNorm(m, eps=1e-6)
        self.up, self.down = nn.Linear(m, 2 * m), nn.Linear(2 * m, m, bias=False)
        self.sizes = [KEYS + 1, 12, KEYS, 2 * NEAR + 1, 2]
        self.out = nn.Linear(m, sum(self.sizes))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, h: Tensor, chosen: Tensor, last: Tensor, nth: Tensor, known: Mapping[str, Tensor]) -> Tensor:
        """Log-probabilities [N, K + 1]; keys at or below the last one have none."""
        drop, first = nn.functional.dropout, known["first"]
        keys = torch.arange(KEYS, device=h.device)
        above = (keys > last[:, None]) | (last == KEYS)[:, None]
        rolls = [known[k].float() for k in ("prev", "whole", "upper")]
        left = [(r * above).sum(-1).long().clamp(max=7) for r in rolls[:2]]
        agree = [((r != chosen) & ~above).sum(-1) == 0 for r in rolls]
        degree = torch.where(first < KEYS, torch.remainder(last - first, 12), 12)
        degree = torch.where(last == KEYS, 13, degree)
        levels = [known["level"][:, i] for i in (0, 1)]
        looked = self.look(torch.stack([last, degree, nth, *left, *(a.long() for a in agree), *levels], dim=-1))
        written = chosen.float()
        seen = [written, degrees(written, torch.where(last < KEYS, last, 0)), around(written, last)]
        x = h + self.enter(torch.cat([looked, *seen, *(around(r, last) for r in rolls)], dim=-1))
        x = x + drop(self.down(nn.functional.gelu(self.up(self.norm1(x)))), self.dropout, self.training)
        free, by_degree, by_last, near, copy = self.out(drop(self.norm2(x), self.dropout, self.training)).split(self.sizes, -1)
        logits = free[:, :KEYS] + by_degree.gather(1, torch.remainder(keys - (first * (first < KEYS))[:, None], 12))
        distance = (keys - last[:, None] - 1).clamp(0, KEYS - 1)
        logits = logits + torch.where((last < KEYS)[:, None], by_last.gather(1, distance), 0.0)
        padded = nn.functional.pad(rolls[0], (NEAR, NEAR))
        for i in range(2 * NEAR + 1):
            logits = logits + near[:, i : i + 1] * padded[:, i : i + KEYS]
        logits = logits + copy[:, :1] * rolls[1] + copy[:, 1:] * rolls[2]
        logits = logits.masked_fill(~above, -1e9)
        return torch.cat([logits, free[:, KEYS:]], dim=-1).float().log_softmax(-1)


class KeysLikelihood(nn.Module):
    """The whole model as one graph: rolls [1, T, 88] of 0 and 1 -> log-probabilities [T, MOST, 89] of each decision.

    Decision n of frame t is which key above the n lowest ones comes next; index 88 is the end of the frame.
    """

    def __init__(self, model: FrameKeys) -> None:
        super().__init__()
        self.model = model

    def forward(self, rolls: Tensor) -> Tensor:
        """See the class."""
        x = rolls.float()
        logp, _, _ = self.model.decisions(key_history(x), x, every=True)
        return logp.view(-1, self.model.config.most, KEYS + 1)
