"""A share of a piece written anew, which bars and parts being drawn by the seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.critique import Verdict
from antiphon.compose.naming import listed
from antiphon.compose.rewrite import Work, Written, rewrite
from antiphon.compose.tasks.asking import (
    answer_of,
    cast_of,
    cells_of,
    chosen_bars,
    harmony_of,
    means_of,
    music_of,
    runs_text,
    stretch_notes,
)
from antiphon.compose.tasks.leveling import Level, shaped
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Generator
from antiphon.music.score import Score

_CELL_STREAM = 3
AMOUNT = 0.3
"""Share that is written anew where nothing is asked for."""


def vary(
    score: Score,
    *,
    amount: float | None = None,
    rhythmic_intensity: Level | None = None,
    polyphony: Level | None = None,
    bars: tuple[int, int] | None = None,
    tracks: tuple[str, ...] | None = None,
    style: str | None = None,
    model: str | None = None,
    chords: str | None = None,
    takes: int = 3,
    seed: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Write a share of the piece anew: whole bars first, and of one more bar some parts.

    A seed orders all bars; an amount opens so many of them from the front of that order. So with one seed more amount
    opens more of the same bars, and the rest of them stays.

    Args:
      score: any piece.
      amount: 0 (the piece comes back as it is) to 1 (all that the model can write is new); None: AMOUNT.
      rhythmic_intensity, polyphony: instead of an amount, how busy and how thick the piece is to be, by rule and not by a
        model (see `leveling.shaped`).
      bars, tracks: what may change; None: everything.
      style, model, chords, takes, seed, temperature, top_k, repetition_penalty, generator, progress: as for `infill`.

    Raises:
      BriefError: the amount is no share, or nothing of the piece can be written by the model.
      SnapshotError: the model is missing or damaged.
    """
    if rhythmic_intensity is not None or polyphony is not None:
        others = {
            "amount": amount, "style": style, "model": model, "chords": chords, "temperature": temperature, "top-k": top_k,
            "repetition penalty": repetition_penalty,
        }  # fmt: skip
        named = [name for name, value in others.items() if value is not None]
        if named:
            raise BriefError(f"Rhythmic intensity and polyphony are changed by rule; leave the {listed(named)} out.")
        return shaped(
            score, intensity=rhythmic_intensity, voices=polyphony, bars=bars, tracks=tracks, seed=seed, progress=progress
        )
    amount = AMOUNT if amount is None else amount
    grid = music_of(score)
    if not 0 <= amount <= 1:
        raise BriefError(f"The amount of variation is a share from 0 to 1, not {amount:g}.")
    asked_bars = chosen_bars(grid, bars)
    means, notes = means_of(
        score, style=style, model=model, takes=takes, seed=seed, temperature=temperature,
        top_k=top_k, repetition_penalty=repetition_penalty, generator=generator, progress=progress,
    )  # fmt: skip
    work, share, each = Work(score, grid, {}, {}, ()), 0.0, 1.0
    if amount > 0:
        cast = cast_of(score, means, tracks, notes)
        able = cells_of(grid, asked_bars, cast.opened, means, notes, strict=bars is not None)
        cells = drawn(able, amount, means.seed)
        each = 1 / sum(len(roles) for roles in able.values())
        share = each * sum(len(roles) for roles in cells.values())
        if cells:
            opened = sorted(cells)
            notes += [f"{runs_text(opened)} {'are' if len(opened) > 1 else 'is'} new.", *stretch_notes(score, grid, opened)]
            work = Work(score, grid, cells, cast.parts, *harmony_of(score, grid, opened, chords, notes))
    if work.cells:
        done = rewrite(work, means)
    else:
        notes.append("The amount opens nothing: the piece is as it was.")
        done = Written((score,), (Verdict(0, means.seed, float("nan"), 0.0, ()),), 0)
    kept = abs(share - amount) <= 0.5 * each + 1e-9 or share == amount
    wish = Wish("amount", amount, round(share, 4), kept, "share of bars x parts opened")
    asked = {
        "amount": amount,
        "bars": list(bars) if bars else None,
        "tracks": list(tracks) if tracks else None,
        "style": style,
        "model": model,
        "chords": chords,
    }
    return answer_of("vary", asked, score, work, done, means, notes, (wish,))


def drawn(able: Mapping[int, frozenset[str]], amount: float, seed: int) -> dict[int, frozenset[str]]:
    """The cells that an amount opens: bars in the seed's order, whole ones, then some parts of one more."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_CELL_STREAM,)))
    order = [sorted(able)[i] for i in rng.permutation(len(able)).tolist()]
    left = round(amount * sum(len(roles) for roles in able.values()))
    found: dict[int, frozenset[str]] = {}
    for bar in order:
        roles = sorted(able[bar])
        mixed = [roles[i] for i in rng.permutation(len(roles)).tolist()]
        if left <= 0:
            break
        found[bar] = frozenset(mixed[:left])
        left -= len(found[bar])
    return found
