"""Fitting a generator's thresholds: as many silent bars, notes and long notes in its samples as in the music it learned from.

Legend: N windows, n bars, R roles, S steps a bar, P pitches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from antiphon.models.gan.rolls import RollGenerator

ROUNDS = 3
"""How often all thresholds are set in turn: each moves what the others are set by a little."""
HALVINGS = 12
FURTHEST = {"silent": 12.0, "notes": 4.0, "lasting": 4.0, "long": 4.0}
"""Largest bias for each figure; whether a part sounds is decided early and clearly, so that takes more."""
MOST_SEVERAL = 0.01
"""A role that has two notes at once less often than this has one voice."""


def sounding(cells: Tensor) -> Tensor:
    """Which cells sound, [N, n, S, R, P]: onsets, and holds that follow a sounding cell (across bar lines too)."""
    x = cells.bool().permute(3, 0, 1, 4, 2, 5)  # [2, N, n, S, R, P]
    onset, hold = x[0].flatten(1, 2), x[1].flatten(1, 2)
    now = torch.zeros_like(onset[:, 0])
    out = []
    for step in range(onset.shape[1]):
        now = onset[:, step] | (hold[:, step] & now)
        out.append(now)
    return torch.unflatten(torch.stack(out, 1), 1, x.shape[2:4])


def swept(cells: Tensor) -> Tensor:
    """Cells without the holds that mean nothing (no note before them, or where one begins), as no music has them.

    Gradients pass through what is left.
    """
    with torch.no_grad():
        onset = cells[:, :, :, :1] > 0.5
        on = sounding(cells > 0.5).permute(0, 1, 3, 2, 4)[:, :, :, None]
        keep = torch.cat([torch.ones_like(onset), on & ~onset], 3).to(cells.dtype)
    return cells * keep


def fullness(cells: Tensor) -> dict[str, Tensor]:
    """What windows [N, n, R, 2, S, P] are like, each figure by role [R].

    "silent": share of bars in which nothing sounds; "notes": notes begun in a bar that is not silent; "long": share of
    notes, cut at bar lines, of at least two steps, by bar, then by window (the qualified notes of the judge); "lasting":
    sounding cells for each note begun; "several": share of sounding steps with two notes or more.
    """
    on = sounding(cells)
    onset = cells[:, :, :, 0].bool().permute(0, 1, 3, 2, 4)
    voices = on.sum(4)  # [N, n, S, R]
    heard = (voices > 0).any(2)  # [N, n, R]
    begins = onset.clone()
    begins[:, :, 0] |= on[:, :, 0]
    longer = begins[:, :, :-1] & on[:, :, 1:] & ~onset[:, :, 1:]
    share = (longer.sum((2, 4)) / begins.sum((2, 4))).nanmean(1)  # a bar without notes is no number
    notes = onset.sum((0, 1, 2, 4))
    return {
        "silent": 1 - heard.float().mean((0, 1)),
        "notes": notes / heard.sum((0, 1)).clamp(min=1),
        "long": share.nanmean(0).nan_to_num(),
        "lasting": voices.sum((0, 1, 2)) / notes.clamp(min=1),
        "several": (voices > 1).sum((0, 1, 2)) / (voices > 0).sum((0, 1, 2)).clamp(min=1),
    }


def voices(wanted: Mapping[str, Any]) -> tuple[int, ...]:
    """The roles that have one voice in music of this fullness."""
    return tuple(r for r, share in enumerate(wanted["several"]) if share < MOST_SEVERAL)


@torch.no_grad()
def fit_thresholds(generator: RollGenerator, noise: Tensor, wanted: Mapping[str, Any]) -> dict[str, list[float]]:
    """Set the biases of a generator so that samples of some noise [N, z] are as full as wanted; gives back how full they are.

    Args:
      wanted: what `fullness` tells of the music; all but "several" is aimed at.
    """
    for bias in (generator.cell_bias, generator.presence_bias, generator.first_bias):
        bias.zero_()
    drawn = (generator.logits(some) for some in torch.split(noise, 50))
    parts = [(generator.agreed(cells, sounds), sounds) for cells, sounds in drawn]
    logits = torch.cat([cells for cells, _ in parts])
    sounds = torch.cat([torch.full_like(cells[:, :, :, 0, 0, 0], 9.0) if s is None else s for cells, s in parts])
    roles = [_Role(generator, r, logits[:, :, r : r + 1], sounds[:, :, r : r + 1]) for r in range(generator.shape.roles)]
    for role in roles:
        for _ in range(ROUNDS):
            for name, bias in role.biases.items():
                _halve(bias, partial(role.figure, name), float(wanted[name][role.place]), name)
    made = fullness(torch.cat([role.drawn() for role in roles], 2))
    return {name: [round(v, 4) for v in values.tolist()] for name, values in made.items()}


class _Role:
    """One role of a generator by itself: views of its biases, and what they make of its logits."""

    def __init__(self, generator: RollGenerator, place: int, logits: Tensor, sounds: Tensor) -> None:
        self.place, self.logits, self.sounds = place, logits, sounds
        whole, one = generator, slice(place, place + 1)
        self.biases = {
            "silent": whole.presence_bias[one],
            "notes": whole.cell_bias[place, :1],
            "lasting": whole.cell_bias[place, 1:],
            "long": whole.first_bias[one],  # last, since it matters most and moves none of the others but lasting
        }
        self.alone = RollGenerator(replace(generator.shape, roles=1), generator.noise)
        self.alone.solo = (0,) if place in generator.solo else ()

    def figure(self, name: str) -> float:
        """How full it is by the present biases."""
        return float(fullness(self.drawn())[name][0])

    def drawn(self) -> Tensor:
        """Its cells [N, n, 1, 2, S, P] by the present biases."""
        b, alone = self.biases, self.alone
        alone.cell_bias[0, 0], alone.cell_bias[0, 1] = b["notes"][0], b["lasting"][0]
        alone.presence_bias[0], alone.first_bias[0] = b["silent"][0], b["long"][0]
        return alone.decided(self.logits, self.sounds)


def _halve(bias: Tensor, figure: Callable[[], float], aim: float, name: str) -> None:
    """Set a bias [1] in place so that a figure, which rises with it (silence falls), meets its aim."""
    low, high = -FURTHEST[name], FURTHEST[name]
    for _ in range(HALVINGS):
        bias.fill_((low + high) / 2)
        if (figure() < aim) != (name == "silent"):
            low = float(bias)
        else:
            high = float(bias)
