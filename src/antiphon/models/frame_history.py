"""What is known of a piece in voices before each of its frames: arrays to arrays, no weights.

Legend: B batch, T frames, V voices. Symbols of a voice: 0 rest, 1..P pitches from the lowest up, P + 1 nothing (before the
piece began). Every feature at frame t is a function of the frames before t alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 7
"""Lengths of a repetition that are told apart: 1, 2, 4, .. 64 frames."""
BEAT = 4
"""Sixteenths a beat."""


def later(x: Tensor, fill: int) -> Tensor:
    """x [B, T, ...] one frame later; the first frame is filled."""
    return torch.cat([torch.full_like(x[:, :1], fill), x[:, :-1]], dim=1)


def diagonal(x: Tensor, by: int) -> Tensor:
    """x [B, K, T, T] moved down its diagonal: out[t, s] = x[t - by, s - by], 0 outside."""
    return torch.nn.functional.pad(x, (by, 0, by, 0))[..., :-by, :-by]


def repetitions(symbols: Tensor, beat: int = BEAT) -> tuple[Tensor, Tensor]:
    """For each frame, where the longest repetition that led here would go on, and how long it is.

    Looks for the earlier place after which the same frames (1, 2, 4 .. 64 of them) were heard as now; of several the last.

    Args:
      symbols: [B, T, V].
      beat: frames a beat; a repetition begins a whole number of beats after its model.

    Returns:
      source [B, V + 1, T]: frame that followed there (0 where there is none); level [B, V + 1, T]: 0 none, 1.. LEVELS.
      The first V rows compare a voice with itself, the last all voices at once.
    """
    frames = symbols.shape[1]
    at = torch.arange(frames, device=symbols.device)
    lag = at[:, None] - at[None]
    allowed = (lag >= beat) & (lag % beat == 0)
    voices = symbols.transpose(1, 2)
    same = voices[..., :, None] == voices[..., None, :]
    run = (torch.cat([same, same.all(1, keepdim=True)], dim=1) & allowed).float()
    level = run
    for power in range(LEVELS - 1):
        run = run * diagonal(run, 2**power)
        level = level + run
    level = diagonal(level, 1)
    best, source = (level * 8192.0 + at).max(-1)
    found = (best / 8192.0).floor().long()
    return source * (found > 0), found


def history(symbols: Tensor, nothing: int) -> dict[str, Tensor]:
    """All that the networks are told of the past.

    Args:
      symbols: [B, T, V], the last voice the bass.
      nothing: the symbol P + 1.

    Returns:
      prev, before [B, T, V]: symbol of the frame before, and of the last other note before that; hold [B, T, V]: frames
      that `prev` has been held on, 0 where it was new; again, whole [B, T, V]: what followed the longest repetition of the
      voice, of all voices; level [B, T, V + 1]: their lengths; first [B, T]: bass of the first frame (`nothing` at the
      first frame); clock [B, T].
    """
    frames = symbols.shape[1]
    at = torch.arange(frames, device=symbols.device)
    prev = later(symbols, nothing)
    older = later(prev, nothing)
    moved = (prev != older)[:, None] & (at[None] <= at[:, None])[None, :, :, None]
    start = torch.where(moved, at[None, None, :, None], 0).amax(2)
    source, level = repetitions(symbols)
    taken = [symbols[..., v].gather(1, source[:, v]) for v in range(symbols.shape[2])]
    again = torch.where(level[:, :-1].transpose(1, 2) > 0, torch.stack(taken, -1), nothing)
    whole = symbols.gather(1, source[:, -1:].transpose(1, 2).expand_as(symbols))
    whole = torch.where(level[:, -1][..., None] > 0, whole, nothing)
    clock = at.expand_as(symbols[..., 0])
    first = torch.where(clock > 0, symbols[:, :1, -1].expand_as(clock), nothing)
    return {
        "prev": prev,
        "before": older.gather(1, start),
        "hold": at[None, :, None] - start,
        "again": again,
        "whole": whole,
        "level": level.transpose(1, 2),
        "first": first,
        "clock": clock,
    }
