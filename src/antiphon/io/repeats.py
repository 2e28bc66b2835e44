"""The order in which bars are played: repeats, numbered endings, da capo, dal segno, fine and coda, written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.errors import LimitError

MAX_BARS = 20_000
"""Most bars that a piece may have once its repeats are written out."""


@dataclass(slots=True)
class BarSigns:
    """Signs of one written bar that decide what is played after it.

    Attributes:
      forward: a repeat begins at its start.
      passes: how often a repeat that ends with it is played in all (0: none ends here; 2: the usual).
      endings: numbers of the passes that play it; empty = every pass.
      segno, coda: places to jump to, at its start.
      dacapo, dalsegno, tocoda, fine: jumps, and the stop, at its end.
    """

    forward: bool = False
    passes: int = 0
    endings: frozenset[int] = frozenset()
    segno: bool = False
    coda: bool = False
    dacapo: bool = False
    dalsegno: bool = False
    tocoda: bool = False
    fine: bool = False


def play_order(bars: Sequence[BarSigns]) -> list[int]:
    """Indices of the bars in the order in which they are played.

    A repeat without a beginning goes back to the bar after the last one that ended, or to the start. After a da capo or
    dal segno every repeat is played once, with its last ending, as is the custom.

    Raises:
      LimitError: more than MAX_BARS bars would be played.
    """
    if len(bars) > MAX_BARS:
        raise LimitError(f"The piece has more than {MAX_BARS:,} bars.")
    last = _last_passes(bars)
    order: list[int] = []
    i, start, turn, jumped, in_ending = 0, 0, 1, False, False
    while i < len(bars):
        bar = bars[i]
        if (bar.forward and i != start) or (in_ending and not bar.endings):
            start, turn = i, 1
        in_ending = bool(bar.endings)
        if in_ending and (last[i] if jumped else turn) not in bar.endings:
            i += 1
            continue
        order.append(i)
        if len(order) > MAX_BARS:
            raise LimitError(f"With its repeats written out, the piece has more than {MAX_BARS:,} bars.")
        if bar.passes and not jumped:
            if turn < last[i]:
                i, turn, in_ending = start, turn + 1, False
                continue
            if not in_ending and not (i + 1 < len(bars) and bars[i + 1].endings):
                start, turn = i + 1, 1
        if jumped and bar.fine:
            break
        target = _jump(bars, i, jumped)
        jumped = jumped or bar.dacapo or bar.dalsegno
        i = i + 1 if target is None else target
    return order


def _last_passes(bars: Sequence[BarSigns]) -> list[int]:
    """For each bar the number of passes of the repeat that ends with it, or of the group of endings that it is in."""
    last = [bar.passes for bar in bars]
    i = 0
    while i < len(bars):
        stop = i
        while stop < len(bars) and bars[stop].endings:
            stop += 1
        if stop > i:
            highest = max(max(bar.endings) for bar in bars[i:stop])
            last[i:stop] = [highest] * (stop - i)
            if i and bars[i - 1].passes:  # a first ending whose bracket is missing
                last[i - 1] = highest
        i = max(stop, i + 1)
    return last


def _jump(bars: Sequence[BarSigns], i: int, jumped: bool) -> int | None:
    """Where to go after bar i, if not to the next one."""
    bar = bars[i]
    if jumped:
        return next((k for k in range(len(bars)) if bars[k].coda), None) if bar.tocoda else None
    if bar.dacapo:
        return 0
    if bar.dalsegno:
        return next((k for k in range(len(bars)) if bars[k].segno), 0)
    return None
