"""A generator whose every take is one of several drawings: the one that the model's own critic finds most like music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from antiphon.compose.brief import DEFAULT_TAKES, Brief
from antiphon.compose.critique_own import critic_of
from antiphon.generate.request import Description, Generator, Request, Take

DRAWINGS = 8
"""Drawings of a take by a model that has a critic of its own, unless there are more takes than usual to choose from."""
_DRAWING_STREAM = 3


class Choosing:
    """A generator that draws several times for each take, where the snapshot has a critic that knows such pieces."""

    def __init__(self, inner: Generator, drawings: int = DRAWINGS) -> None:
        self.inner, self.drawings = inner, drawings
        self.snapshot = getattr(inner, "snapshot", None)  # where the critic and the originality index lie

    @property
    def description(self) -> Description:
        """What the generator says of itself."""
        return self.inner.description

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take a seed; the first drawing of a seed is the generator's own take of it."""
        critic = critic_of(self.inner, request) if self.drawings > 1 else None
        if critic is None:
            return self.inner.write(request, seeds)
        drawn = self.inner.write(request, [drawing_seed(seed, i) for seed in seeds for i in range(self.drawings)])
        heard = np.array(critic.ratios([take.score for take in drawn])).reshape(len(seeds), -1)
        best = heard.argmax(1) + np.arange(len(seeds)) * self.drawings
        return [replace(drawn[i], seed=seed) for i, seed in zip(best.tolist(), seeds, strict=True)]


def drawings_of(brief: Brief) -> int:
    """How often each take is drawn: as was asked, else once where many takes are, which are then what is chosen from."""
    return brief.drawings or (DRAWINGS if brief.takes <= DEFAULT_TAKES else 1)


def drawing_seed(seed: int, drawing: int) -> int:
    """Seed of one drawing of a take; of the first it is the take's own seed."""
    if drawing == 0:
        return seed
    return int(np.random.SeedSequence(seed, spawn_key=(_DRAWING_STREAM, drawing)).generate_state(1)[0])
