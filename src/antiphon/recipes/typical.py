"""What likelihood a typical piece gets: the yardstick by which the critic calls a take dull or wild."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from antiphon.models.heads import event_nll
from antiphon.recipes.data import EventSet, window
from antiphon.representations.events import EventCodec
from antiphon.training.batches import collate

LEAST_NOTES = 16


@torch.no_grad()
def typical(model: nn.Module, codec: EventCodec, data: EventSet, bars: int = 16) -> dict[str, float]:
    """Mean and standard deviation, over stretches of held-out pieces, of the log-likelihood in nats a note.

    As in a take, bar lines, sections and the end count nothing: they are not the model's choice. Empty where no
    piece is long enough.
    """
    was = model.training
    model.eval()
    kind = codec.vocabularies[0]
    first, note = kind.span("chord").start, kind.span("note")
    values: list[float] = []
    rows: list[dict[str, np.ndarray]] = []
    for events, times, lines in zip(data.pieces, data.times, data.bars, strict=True):
        for start in range(0, len(lines) - bars, bars):
            length = int(lines[start + bars] - lines[start]) + 1
            rows.append(window(codec, events, times, lines, start, length))
    rows.sort(key=lambda row: len(row["events"]))
    for at in range(0, len(rows), 4):
        batch = collate(rows[at : at + 4])
        following = batch["events"][:, 1:]
        each = event_nll(model(batch["events"][:, :-1], batch["times"][:, :-1], following), following)
        nats = (each * (following[..., 0] >= first)).sum(1)
        notes = ((following[..., 0] >= note.start) & (following[..., 0] < note.stop)).sum(1)
        values += [-float(n / c) for n, c in zip(nats, notes, strict=True) if c >= LEAST_NOTES]
    model.train(was)
    return {"mean": float(np.mean(values)), "std": float(np.std(values))} if len(values) > 1 else {}
