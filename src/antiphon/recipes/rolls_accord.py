"""Which intervals two parts form in music, beat by beat, against chance: what a generator's parts are brought to agree by.

Legend: N windows, n bars, R roles, T beats a bar, S steps a bar, P pitches.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from antiphon.models.gan.rolls import BEATS
from antiphon.models.layers import chroma
from antiphon.recipes.rolls_fit import sounding

LEAST = 1e-3
"""Chance that is added to every interval, so that one never heard is unlikely and not impossible."""


def beat_shares(cells: Tensor) -> Tensor:
    """Shares of the pitch classes in what sounds in each beat of each part: cells [N, n, R, 2, S, P] -> [N, n, R, T, 12].

    All are 0 where a part is silent.
    """
    on = sounding(cells).permute(0, 1, 3, 2, 4).float()  # [N, n, R, S, P]
    counts = chroma(torch.unflatten(on, 3, (BEATS, -1)).sum(4))
    return counts / counts.sum(-1, keepdim=True).clamp(min=1)


def interval_odds(cells: Tensor, deaf: Sequence[int] = ()) -> Tensor:
    """How much likelier than by chance a part sounds k semitones above another, in logarithms: [R, R, 12].

    Entry [i, j, k] compares pairs of pitch classes of part i and, k above, of part j within one beat with pairs whose two
    notes come from any two beats of the windows (in which, all in one key, some classes are frequent everywhere). A part
    with itself has zeros, for its own chords are its own affair.

    Args:
      cells: windows of music [N, n, R, 2, S, P].
      deaf: roles whose pitch classes mean nothing, as drums; zeros too.
    """
    shares = beat_shares(cells).permute(2, 0, 1, 3, 4).flatten(1, 3)  # [R, beats, 12]
    roles = len(shares)
    mean = shares.sum(1) / (shares.sum(2) > 0).sum(1).clamp(min=1)[:, None]
    found = torch.zeros(roles, roles, 12)
    for k in range(12):
        turned = shares.roll(-k, -1)
        together = torch.einsum("itp,jtp->ij", shares, turned)
        found[:, :, k] = together / torch.einsum("it,jt->ij", shares.sum(2), shares.sum(2)).clamp(min=1)
        apart = mean @ mean.roll(-k, -1).T
        found[:, :, k] = ((found[:, :, k] + LEAST) / (apart + LEAST)).log()
    heard = torch.ones(roles, roles) - torch.eye(roles)
    for role in deaf:
        heard[role], heard[:, role] = 0.0, 0.0
    return found * heard[:, :, None]
