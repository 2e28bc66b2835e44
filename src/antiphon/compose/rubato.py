"""Rubato by rule: each phrase begins and ends a little slower than its middle, the piece ends with a ritard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from antiphon.music.accents import phrase_arch
from antiphon.music.beats import bar_starts, duration_seconds
from antiphon.music.score import Score, Tempo

ARCH = 0.06
"""How much faster the middle of a phrase is than its ends."""
RITARD_BARS, LAST_SPEED, CURVE = 2, 0.72, 3.0
"""The final ritard (Friberg and Sundberg 1999): bars, speed at the end as a share, curvature q."""
LEAST_BARS = 4


def rubato(score: Score, amount: float) -> Score:
    """The piece with a tempo curve of one mark a half bar; the whole lasts as many seconds as before.

    A piece with a tempo map of its own, or shorter than four bars, comes back as it is.
    """
    bars = bar_starts(score)
    if len(score.tempos) != 1 or len(bars) < LEAST_BARS:
        return score
    ends = np.array([*bars[1:], score.end])
    halves = np.sort(np.concatenate([bars, (np.array(bars) + ends) // 2]))
    ticks = np.unique(halves[halves < score.end]).astype(np.int64)
    middle = (ticks + np.append(ticks[1:], score.end)) // 2
    speed = 1 + amount * ARCH * (phrase_arch(score, middle) - 2 / 3)
    begin = bars[-min(RITARD_BARS, len(bars))]
    x = np.clip((middle - begin) / max(1, score.end - begin), 0, 1)
    last = 1 - min(1.0, amount) * (1 - LAST_SPEED)
    speed = speed * (1 + (last**CURVE - 1) * x) ** (1 / CURVE)
    mspq = score.tempos[0].mspq / speed
    lengths = np.diff(np.append(ticks, score.end))
    mspq = mspq * score.tempos[0].mspq * lengths.sum() / float((mspq * lengths).sum())
    rounded = np.clip(np.rint(mspq), 1, 0xFFFFFF).astype(np.int64)
    piece = replace(score, tempos=tuple(Tempo(int(t), int(m)) for t, m in zip(ticks, rounded, strict=True)))
    return piece if abs(duration_seconds(piece) - duration_seconds(score)) < 0.01 else score
