"""The form of a longer piece written window by window: which windows return, how they are varied, what fits together.

Legend: z width of the noise, n bars of a window, R roles, S steps, P pitches; noise is [song | bar by bar] where a model's
noise stands in the order of time ("chained"), else [song | all else].
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from antiphon.generate.runtime import Floats
from antiphon.music.harmony import Key
from antiphon.music.tonality import KEYS, key_scores

FORM = "AABA"
"""Windows of a longer piece: those of one letter are one theme, so that a piece has a theme and a contrast."""
VARIETY = 0.6
"""How far the noise below the song's moves in a returning window of a model whose noise is not in the order of time."""


def form_of(windows: int) -> str:
    """The letters of that many windows."""
    return (FORM * (windows // len(FORM) + 1))[:windows]


def form_noise(themes: Mapping[str, Floats], fresh: Floats, song: int, bars: int, chained: bool) -> Floats:
    """Noise of every window: a letter's first window is its theme, later ones vary it; all stays standard normal.

    A chained model's returning windows keep the theme but for their last bar, as a phrase and its answer do. Of other models
    all noise but the song's moves by VARIETY.

    Args:
      themes: noise [z] of each letter.
      fresh: other noise, one row a window [windows, z].
      song: how many of the numbers are the song's.
      bars: n.
      chained: whether the noise after the song's stands bar by bar.
    """
    out: list[Floats] = []
    letters = form_of(len(fresh))
    last = fresh.shape[1] - (fresh.shape[1] - song) // bars if chained else song
    keep, move = (np.float32(0), np.float32(1)) if chained else (np.float32(np.sqrt(1 - VARIETY**2)), np.float32(VARIETY))
    for i, letter in enumerate(letters):
        row = themes[letter].copy()
        if letter in letters[:i]:
            row[last:] = keep * row[last:] + move * fresh[i, last:]
        out.append(row)
    return np.stack(out)


def classes(cells: npt.NDArray[np.bool_], drums: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How much each pitch class sounds in windows [.., n, R, 2, S, P] whose rows begin at a C: [.., 12]."""
    pitched = cells[..., ~drums, :, :, :]
    rows = pitched.sum(axis=(-5, -4, -3, -2))
    return np.asarray(rows.reshape(*rows.shape[:-1], -1, 12).sum(axis=-2), dtype=np.float64)


def minor_by(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """By how much pitch classes [.., 12] speak for A minor rather than C major, the two keys that models write in."""
    scores = key_scores(weights)
    return np.asarray(scores[..., KEYS.index(Key(9, True))] - scores[..., KEYS.index(Key(0))])


def likeness(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cosine of pitch-class contents, along the last axis; 0 where one is silent."""
    length = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.asarray(np.divide((one * other).sum(-1), length, out=np.zeros_like(length), where=length > 0))
