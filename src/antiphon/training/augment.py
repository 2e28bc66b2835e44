"""Differentiable augmentation (Zhao et al. 2020): what leaves real samples real, done to real and fake alike.

Amounts come with the batch, drawn by whoever makes examples, so that a step stays a pure function of its batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from antiphon.training.phase import Batch


def shift_rows(x: Tensor, shift: Tensor) -> Tensor:
    """Move every sample along its last axis; what leaves it is lost, what enters is zero.

    Args:
      x: [B, ..., P].
      shift: rows upwards, one whole number a sample [B].
    """
    b, rows = len(x), x.shape[-1]
    source = torch.arange(rows, device=x.device)[None] - shift.long().view(b, 1)
    inside = (source >= 0) & (source < rows)
    shape = (b, *[1] * (x.ndim - 2), rows)
    moved = x.gather(-1, source.clamp(0, rows - 1).view(shape).expand_as(x))
    return moved * inside.view(shape).to(x.dtype)


def augment_rolls(x: Tensor, batch: Batch) -> Tensor:
    """Rolls [B, n, R, 2, S, P] moved by "shift" [B, 1] semitones (octaves too), without the tracks not in "keep" [B, R]."""
    keep = batch["keep"].to(x.dtype)[:, None, :, None, None, None]
    return shift_rows(x, batch["shift"].flatten()) * keep
