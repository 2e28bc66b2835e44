"""A few bars from the model in training, straight from PyTorch, and the figures by which one sees how it is getting on.

Legend: B takes, F fields, H heads, e width of a head, d width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from antiphon.generate.events import EventGenerator
from antiphon.generate.request import Request
from antiphon.generate.runtime import Floats, Ints, Runtime
from antiphon.generate.snapshot import Snapshot
from antiphon.models.gru import EventGru, GruStep
from antiphon.models.markov import EventMarkov
from antiphon.models.transformer import EventTransformer, TransformerStep
from antiphon.music.beats import bar_starts
from antiphon.music.measure import home_classes
from antiphon.music.score import Score
from antiphon.representations.events import EventSpec

Heard = Callable[[int, list[Score]], None]
"""Called with the step and the pieces that the model wrote then."""

PIECES, BARS = 2, 4
"""What is sampled at each look: no more, as it keeps the training waiting."""


class TorchRuntime(Runtime):
    """A model as the generator wants it, fed one event of every take at a time, without any export."""

    def __init__(self, model: nn.Module) -> None:
        assert isinstance(model, EventTransformer | EventGru | EventMarkov)
        self.model = model
        self.past: list[Tensor] = []
        self.fed = self.takes = 0

    def reset(self, takes: int) -> None:
        """Forget everything; so many takes follow."""
        self.takes, self.fed = takes, 0
        m = self.model
        if isinstance(m, EventTransformer):
            e = m.config.width // m.config.heads
            self.past = [torch.zeros(takes, m.config.heads, 0, e) for _ in range(2 * m.config.layers)]
        elif isinstance(m, EventGru):
            self.past = [torch.zeros(m.config.layers, takes, m.config.width)]
        else:
            self.past = [torch.zeros(takes, 0, 4, dtype=torch.int64)]

    def keep(self, rows: list[int]) -> None:
        """Forget all takes but these."""
        self.takes = len(rows)
        takes_first = not isinstance(self.model, EventGru)
        self.past = [p[rows] if takes_first else p[:, rows] for p in self.past]

    def memory(self) -> tuple[int, list[Tensor]]:
        """What the takes have read."""
        return self.fed, self.past

    def join(self, memories: Sequence[tuple[int, list[Tensor]]]) -> None:
        """Remember all of these, which must be equally long."""
        axis = 1 if isinstance(self.model, EventGru) else 0
        self.fed = memories[0][0]
        self.past = [torch.cat(parts, dim=axis) for parts in zip(*(past for _, past in memories), strict=True)]
        self.takes = self.past[0].shape[axis]

    @torch.no_grad()
    def feed(self, events: Ints, times: Ints) -> Floats:
        """Events [B, F] and times [B] -> state [B, d]."""
        rows, time, m = torch.from_numpy(events), torch.from_numpy(times), self.model
        if isinstance(m, EventTransformer):
            at = torch.full_like(time, self.fed)
            states, *new = TransformerStep(m)(rows[:, None], at[:, None], time[:, None], at, self.past)
            state = states[:, 0]
            self.past = [torch.cat([old, one], dim=2) for old, one in zip(self.past, new, strict=True)]
        elif isinstance(m, EventGru):
            state, self.past[0] = GruStep(m)(rows, time, self.past[0])
        else:
            self.past[0] = torch.cat([self.past[0], rows[:, None]], dim=1)[:, -m.config.order :]
            state = m.states(self.past[0], time)[:, -1]
        self.fed += 1
        out: Floats = state.numpy()
        return out

    @torch.no_grad()
    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        """Logits [B, size] of one field of the next event, given its earlier fields [B, field]."""
        out: Floats = self.model.heads.field(field, torch.from_numpy(state), torch.from_numpy(known)).numpy()
        return out


def sketch(name: str, style: str, spec: EventSpec, model: nn.Module, facts: dict[str, Any], seed: int) -> list[Score]:
    """PIECES pieces of BARS bars that the model writes now; always of the same seeds, so that one can compare.

    The model must lie on the CPU.
    """
    was = model.training
    model.eval()
    snapshot = Snapshot(Path(), name, style, "", spec, {}, facts, {}, "")
    takes = EventGenerator(snapshot, TorchRuntime(model)).write(Request(BARS), range(seed, seed + PIECES))
    model.train(was)
    return [take.score for take in takes]


def figures(scores: list[Score]) -> dict[str, float]:
    """Means over pieces: notes a bar, share of notes in the piece's key (0 without notes), share of bars without a note."""
    notes, home, empty = [], [], []
    for score in scores:
        starts = bar_starts(score)
        onsets = np.concatenate([t.notes["onset"] for t in score.tracks] or [np.zeros(0, np.int64)])
        pitches = np.concatenate([t.notes["pitch"] for t in score.tracks] or [np.zeros(0, np.int64)])
        classes = list(home_classes(score.keys[0].key))
        bars = np.unique(np.searchsorted(starts, onsets, side="right"))
        notes.append(len(onsets) / len(starts))
        home.append(float(np.isin(pitches % 12, classes).mean()) if len(pitches) else 0.0)
        empty.append(1 - len(bars) / len(starts))
    return {
        "sample/notes_a_bar": float(np.mean(notes)),
        "sample/in_key": float(np.mean(home)),
        "sample/empty_bars": float(np.mean(empty)),
    }
