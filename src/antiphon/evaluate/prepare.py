"""Two sets of pieces made comparable: common roles, windows of one length, and a list of what could not be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.errors import InputError
from antiphon.evaluate.clip import Clip, Roles, common_roles, cut_clips, named_roles
from antiphon.music.beats import bar_count
from antiphon.music.score import Score

WINDOWS = (16, 8, 4, 2, 1)
"""Window lengths in bars that are tried, longest first, when none is asked for."""


@dataclass(frozen=True)
class Pair:
    """What is compared.

    Attributes:
      generated, reference: clips of both sets.
      roles: how tracks were matched.
      bars: window length.
      left_out: one line for every piece that gave no clip ("generated: take 3: silent").
    """

    generated: tuple[Clip, ...]
    reference: tuple[Clip, ...]
    roles: Roles
    bars: int
    left_out: tuple[str, ...]

    @property
    def groups(self) -> list[str]:
        """Piece of each clip, generated first; names of the two sets never coincide."""
        return [f"generated {c.group}" for c in self.generated] + [f"reference {c.group}" for c in self.reference]


def choose_bars(scores: Sequence[Score]) -> int:
    """The longest of WINDOWS that at least nine tenths of the sounding pieces fill to three quarters."""
    lengths = [bar_count(s) for s in scores if s.note_count]
    for bars in WINDOWS:
        if lengths and np.mean([4 * n >= 3 * bars for n in lengths]) >= 0.9:
            return bars
    return WINDOWS[-1]


def prepare(
    generated: Sequence[Score],
    reference: Sequence[Score],
    bars: int | None = None,
    most: int = 4,
    works: Sequence[str] | None = None,
    roles: Sequence[str] | None = None,
) -> Pair:
    """Cut both sets into windows of `bars` bars (default: the longest that most generated pieces fill).

    Args:
      most: windows a piece at most.
      works: the work of each reference piece, if some are versions of one work; else every piece is its own.
      roles: names of the tracks that play the same part in every piece of both sets; None: found, by name or by register.

    Raises:
      InputError: a set gives no window at all, the window length is not positive, or a set knows none of the roles.
    """
    if bars is not None and bars < 1:
        raise InputError(f"The window is {bars} bars; it must be at least 1.")
    for name, scores in (("generated", generated), ("reference", reference)):
        if not any(s.note_count for s in scores):
            raise InputError(f"The {name} set holds no piece with notes; there is nothing to compare.")
    window = choose_bars(generated) if bars is None else bars
    matched = common_roles(generated, reference) if roles is None else named_roles(roles, generated, reference)
    sets: list[tuple[Clip, ...]] = []
    left_out: list[str] = []
    for name, scores in (("generated", generated), ("reference", reference)):
        clips: list[Clip] = []
        for i, score in enumerate(scores):
            group = works[i] if works and name == "reference" else str(i)
            found = cut_clips(score, window, matched, group, most)
            clips.extend(found)
            if not found:
                why = "silent" if score.note_count == 0 else f"shorter than three quarters of {window} bars in one meter"
                left_out.append(f"{name}: {score.title or f'piece {i + 1}'}: {why}")
        if not clips:
            raise InputError(f"No piece of the {name} set fills a window of {window} bars; ask for fewer bars.")
        sets.append(tuple(clips))
    return Pair(sets[0], sets[1], matched, window, tuple(left_out))


def halves(clips: Sequence[Clip], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two halves of a set, split by piece."""
    names, place = np.unique([c.group for c in clips], return_inverse=True)
    first = np.zeros(len(names), dtype=bool)
    first[rng.permutation(len(names))[: len(names) // 2]] = True
    return np.flatnonzero(first[place]), np.flatnonzero(~first[place])
