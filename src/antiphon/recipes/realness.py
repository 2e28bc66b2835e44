"""A critic of a snapshot's own takes: the model writes, and what it writes is told from the music that it learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError
from antiphon.evaluate.clip import STEPS_PER_QUARTER, Floats, Roles, cut_clips, named_roles
from antiphon.evaluate.descriptor import describe
from antiphon.evaluate.realness import LEAST, MOST_WINDOWS, Length, Realness, at_home, fitted
from antiphon.generate.request import Generator, Request
from antiphon.music.score import Score
from antiphon.recipes.data import split_of

TAKES = ((8, 3200), (16, 6400), (32, 1600), (64, 800))
"""Bars of the stretches that are heard, and of how many takes each: a longer piece costs more and is asked for less often."""
BATCH = 64
FIRST_SEED = 7_000_000
"""Takes of low seeds are left for whoever measures the model."""


def fit_realness(
    generator: Generator,
    pieces: Iterable[Piece],
    takes: Iterable[tuple[int, int]] = TAKES,
    tell: Callable[[str], None] = lambda _: None,
) -> Realness:
    """Fit a critic to a generator's takes and to the training pieces, for each length of stretches.

    Args:
      generator: in its usual meter.
      pieces: what it was trained on; only pieces of the training split are heard.
      takes: bars, and the number of takes of that length.
      tell: told what begins now.

    Raises:
      InputError: there is too little music or too few takes with notes.
    """
    model, meter = generator.description, generator.description.meters[0]
    heard = partial(_described, roles=named_roles(model.roles), bar_steps=4 * STEPS_PER_QUARTER * meter[0] // meter[1])
    music = [at_home(p.score) for p in pieces if split_of(p) == "train"]
    lengths: dict[int, Length] = {}
    names: tuple[str, ...] = ()
    for bars, count in takes:
        tell(f"listening to {len(music)} pieces of music")
        real, real_of, _ = heard(music, bars, most=MOST_WINDOWS)
        if len(set(real_of)) < LEAST:
            tell(f"left out: {bars} bars, as only {len(set(real_of))} pieces of music are so long")
            continue
        tell(f"writing {count} takes of {bars} bars")
        made, made_of, names = heard(_takes(generator, bars, count), bars, most=1)
        tell(f"fitting to {len(made)} stretches of takes and {len(real)} of music")
        lengths[bars] = fitted(made, real, made_of, real_of)
    if not lengths:
        raise InputError(f"A critic is fitted to at least {LEAST} pieces of music of eight bars or more; there are fewer.")
    return Realness(model.roles, names, lengths)


def _takes(generator: Generator, bars: int, count: int) -> Iterator[Score]:
    for at in range(0, count, BATCH):
        seeds = range(FIRST_SEED + at, FIRST_SEED + min(count, at + BATCH))
        for take in generator.write(Request(bars, meter=generator.description.meters[0]), seeds):
            yield at_home(take.score)


def _described(
    scores: Iterable[Score], bars: int, roles: Roles, bar_steps: int, most: int
) -> tuple[Floats, list[int], tuple[str, ...]]:
    """Descriptors [N, D] of windows in one meter, at most so many of a piece, the number of the piece of each, D names."""
    rows: list[list[float]] = []
    owners: list[int] = []
    names: tuple[str, ...] = ()
    for i, score in enumerate(scores):
        for clip in cut_clips(score, bars, roles, str(i), most):
            if clip.bar_steps == bar_steps:
                found = describe(clip)
                names = tuple(found)
                rows.append(list(found.values()))
                owners.append(i)
    return np.array(rows), owners, names
