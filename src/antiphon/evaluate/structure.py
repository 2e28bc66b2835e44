"""Structure over time: what returns after how many bars, phrase lengths, compressibility, and the fitness of repeats.

Sources: Mueller, Jiang and Grosche 2013 (fitness of a segment from a self-similarity matrix), Wu and Yang 2020
(structureness from its scape plot), Mittal et al. 2021 (overlap of neighbouring frames).
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.evaluate.clip import Clip, Floats, Ints
from antiphon.evaluate.statistics import mean

LAGS = (1, 2, 3, 4, 6, 8, 12, 16)
STRUCTURE_BOUNDS = {"short": (3, 8), "middle": (8, 15), "long": (15, 10_000)}
"""Segment lengths of the structureness indicators in seconds, as in MusDr; a frame is two quarter notes, a second at 120."""
MAX_FRAMES = 64


def bar_vectors(clip: Clip) -> Floats:
    """Onsets of every pitched part by bar as 0/1 vectors over (step, pitch) [bars, bar_steps * 128]."""
    out = np.zeros((clip.steps, 128), dtype=np.float32)
    onset, _, pitch = clip.pitched
    out[onset, pitch] = 1.0
    return np.asarray(out.reshape(clip.bars, -1), dtype=np.float64)


def self_similarity(vectors: Floats) -> Floats:
    """Cosine of every two bars [B, B]; two silent bars are alike (1), a silent and a sounding one are not (0)."""
    norm = np.linalg.norm(vectors, axis=1)
    silent = norm == 0
    unit = vectors / np.where(silent, 1.0, norm)[:, None]
    out = unit @ unit.T
    out[np.ix_(silent, silent)] = 1.0
    return np.asarray(np.clip(out, 0.0, 1.0))


def bar_similarity(clip: Clip) -> Floats:
    """Self-similarity of the clip's bars by their notes [B, B]."""
    return self_similarity(bar_vectors(clip))


@lru_cache(maxsize=8)
def _pairs(bars: int) -> tuple[Ints, Ints]:
    """All pairs of bars, the earlier and the later of each; read-only, since they are handed out again."""
    pairs = np.triu_indices(bars, 1)
    for side in pairs:
        side.setflags(write=False)
    return pairs


def repetition_profile(similarity: Floats, longest: int | None = None) -> Floats:
    """Mean similarity of bars that lie L = 1, 2, ... bars apart."""
    early, late = _pairs(len(similarity))
    lag = late - early
    last = len(similarity) - 1 if longest is None else min(longest, len(similarity) - 1)
    total = np.bincount(lag, weights=similarity[early, late], minlength=last + 1)[1 : last + 1]
    return np.asarray(total / np.arange(len(similarity) - 1, len(similarity) - 1 - last, -1))


def exact_repeats(similarity: Floats) -> float:
    """Share of bars that repeat an earlier bar note for note."""
    if len(similarity) < 2:
        return float("nan")
    lower = np.tril(similarity, -1)[1:]
    return float((lower.max(axis=1) > 1 - 1e-9).mean())


def long_range_similarity(similarity: Floats) -> float:
    """Mean, over the bars of the second half, of the likeness to the most alike bar of the first half."""
    half = len(similarity) // 2
    return float(similarity[half:, :half].max(axis=1).mean()) if half else float("nan")


def compression_ratio(clip: Clip) -> float:
    """Compressed over raw size of the notes as (gap, pitch, length) bytes, zlib level 9: lower means more repetition."""
    onset, duration, pitch = clip.pitched
    if len(onset) < 8:
        return float("nan")
    gap = np.diff(onset, prepend=0)
    raw = np.stack([np.minimum(gap, 255), pitch, np.minimum(duration, 255)], axis=1).astype(np.uint8).tobytes()
    return len(zlib.compress(raw, 9)) / len(raw)


def skyline(clip: Clip, lowest: bool = False) -> tuple[Ints, Ints, Ints]:
    """The upper (or lower) voice: of the notes that begin together the highest (lowest), as (onset, duration, pitch)."""
    onset, duration, pitch = clip.pitched
    if len(onset) == 0:
        return onset, duration, pitch
    new = np.concatenate([[True], np.diff(onset) != 0])
    pick = np.flatnonzero(new) if lowest else np.concatenate([np.flatnonzero(new)[1:] - 1, [len(onset) - 1]])
    return onset[pick], duration[pick], pitch[pick]


def phrase_lengths(clip: Clip) -> Floats:
    """Lengths in beats of the first sounding part's phrases: a rest of a beat or more, or a note of half a bar, ends one."""
    part = next((p for p in clip.parts if not p.is_drum and len(p.onset)), None)
    if part is None:
        return np.zeros(0)
    begins = np.unique(part.onset)
    stops = np.array([int((part.onset + part.duration)[part.onset == b].max()) for b in begins])
    if len(begins) < 2:
        return np.asarray((stops - begins) / 4.0)
    rest = begins[1:] - np.maximum.accumulate(stops)[:-1]
    held = begins[1:] - begins[:-1]
    breaks = (rest >= 4) | (held >= max(4, clip.bar_steps // 2))
    starts = begins[np.concatenate([[True], breaks])]
    ends = stops[np.concatenate([breaks, [True]])]
    return np.asarray(np.maximum(ends - starts, 1) / 4.0)


def frame_chroma(clip: Clip) -> Floats:
    """Pitch classes sounding in each half-note frame, unit length, silent frames zero [N, 12]; at most MAX_FRAMES."""
    frames = min(clip.steps // 8, MAX_FRAMES)
    chroma = clip.chromas.sum(axis=0)[: frames * 8].reshape(frames, 8, 12).sum(axis=1)
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    return np.asarray(chroma / np.where(norm == 0, 1.0, norm))


def enhanced_similarity(chroma: Floats, keep: float = 0.2, penalty: float = -2.0) -> Floats:
    """Chroma self-similarity [N, N] smoothed along its diagonals; the best `keep` scaled to 0..1, the rest set to `penalty`."""
    raw = chroma @ chroma.T
    n = len(raw)
    smooth, weight = np.zeros_like(raw), np.zeros_like(raw)
    for k in range(-2, 3):
        lo, hi = max(0, -k), n - max(0, k)
        smooth[lo:hi, lo:hi] += raw[lo + k : hi + k, lo + k : hi + k]
        weight[lo:hi, lo:hi] += 1
    smooth /= np.maximum(weight, 1)
    edge = np.quantile(smooth, 1 - keep)
    top = smooth.max()
    scaled = (smooth - edge) / (top - edge) if top - edge > 1e-12 else np.ones_like(smooth)
    out = np.where(smooth >= edge, scaled, penalty)
    np.fill_diagonal(out, 1.0)
    return np.asarray(out)


def fitness_by_length(similarity: Floats) -> Floats:
    """Best fitness of any segment, by its length in frames 1..N [batch, N], for a batch of matrices [batch, N, N].

    The fitness of a segment is the harmonic mean of the score and the coverage of its optimal path family, both
    freed from the trivial self-match, paths with steps (1, 1), (2, 1) and (1, 2).
    """
    batch, n, _ = similarity.shape
    out = np.zeros((batch, n))
    for length in range(1, n + 1):
        starts = np.arange(n - length + 1)
        columns = starts[:, None] + np.arange(length)[None, :]
        window = np.ascontiguousarray(similarity[:, :, columns].transpose(1, 0, 2, 3), dtype=np.float32)
        score, cells, covered = _path_family(window)
        gain = np.maximum((score - length) / np.maximum(cells, 1), 0.0)
        cover = np.maximum((covered - length) / n, 0.0)
        fitness = np.where(gain + cover > 0, 2 * gain * cover / np.maximum(gain + cover, 1e-12), 0.0)
        out[:, length - 1] = fitness.max(axis=1)
    return out


def _path_family(window: npt.NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Optimal path family over rows [N, batch, starts, M]: its score, its number of cells and the rows it covers.

    All three are carried through the recursion as one array [3, batch, starts, M]; `lift` holds the best family
    whose paths have all ended before the row in hand.
    """
    n, batch, starts, length = window.shape
    one_row = np.array([0.0, 1.0, 1.0], dtype=np.float32)[:, None, None, None]
    two_rows = np.array([0.0, 1.0, 2.0], dtype=np.float32)[:, None, None, None]
    lift = np.zeros((3, batch, starts), dtype=np.float32)
    before = np.zeros((3, batch, starts, length), dtype=np.float32)
    before[0] = -1e9
    earlier = before
    for row in range(n):
        here = np.empty_like(before)
        here[..., :1] = lift[..., None] + one_row
        if length > 1:
            here[..., 1:] = _better(before[..., :-1] + one_row, earlier[..., :-1] + two_rows)
        if length > 2:
            here[..., 2:] = _better(here[..., 2:], before[..., :-2] + one_row)
        here[0] += window[row]
        lift = _better(lift, here[..., -1])
        earlier, before = before, here
    score, cells, rows = lift.astype(np.float64)
    return score, cells, rows


def _better(first: Any, second: Any) -> Any:
    """Of two states [3, ...] the one of higher score, elementwise."""
    return np.where(second[:1] > first[:1], second, first)


def structureness(clips: Sequence[Clip], batch: int = 16) -> dict[str, Floats]:
    """MusDr's structureness indicators from chroma (not audio): the best fitness of a segment of short, middle, long length.

    One value a clip [N] each; nan for silent clips and where the clip is no longer than the bound.
    """
    out = {name: np.full(len(clips), np.nan) for name in STRUCTURE_BOUNDS}
    frames = [frame_chroma(c) for c in clips]
    for size in sorted({len(f) for f in frames if f.any() and len(f) >= 4}):
        same = [i for i, f in enumerate(frames) if len(f) == size and f.any()]
        for at in range(0, len(same), batch):
            some = same[at : at + batch]
            best = fitness_by_length(np.stack([enhanced_similarity(frames[i]) for i in some]))
            for name, (low, high) in STRUCTURE_BOUNDS.items():
                if low <= size:
                    out[name][some] = best[:, low - 1 : min(high, size)].max(axis=1)
    return out


def frame_overlaps(clip: Clip) -> Floats:
    """Overlap of the pitch Gaussians of neighbouring 4-bar frames, hop two bars (Mittal et al. 2021)."""
    onset, _, pitch = clip.pitched
    fits = []
    for bar in range(0, clip.bars - 3, 2):
        inside = pitch[(onset >= bar * clip.bar_steps) & (onset < (bar + 4) * clip.bar_steps)]
        fits.append((inside.mean(), max(float(inside.std()), 0.5)) if len(inside) > 1 else None)
    grid = np.linspace(-24.0, 152.0, 1409)
    curves = [None if f is None else np.exp(-0.5 * ((grid - f[0]) / f[1]) ** 2) / (f[1] * np.sqrt(2 * np.pi)) for f in fits]
    pairs = [
        np.minimum(a, b).sum() * (grid[1] - grid[0]) for a, b in itertools.pairwise(curves) if a is not None and b is not None
    ]
    return np.array(pairs, dtype=np.float64)


def frame_consistency(generated: Sequence[Floats], reference: Sequence[Floats]) -> tuple[float, float]:
    """Mittal's consistency and variance: one minus the relative error of the mean (the variance) of frame overlaps."""
    a, b = (np.concatenate([*s, np.zeros(0)]) for s in (generated, reference))
    if len(a) < 2 or len(b) < 2 or b.mean() == 0 or b.var() == 0:
        return float("nan"), float("nan")
    return (
        max(0.0, 1 - abs(float(a.mean() - b.mean())) / float(b.mean())),
        max(0.0, 1 - abs(float(a.var() - b.var())) / float(b.var())),
    )


def structure(clip: Clip) -> dict[str, float]:
    """Every structural statistic of one clip, by name."""
    similarity = bar_similarity(clip)
    profile = repetition_profile(similarity)
    out = {f"repetition, lag {lag}": float(profile[lag - 1]) for lag in LAGS if lag <= len(profile)}
    phrases = phrase_lengths(clip)
    return out | {
        "bars repeated exactly": exact_repeats(similarity),
        "long-range similarity": long_range_similarity(similarity),
        "compression ratio": compression_ratio(clip),
        "phrase length, beats": mean(phrases),
        "frame overlap": mean(frame_overlaps(clip)),
    }
