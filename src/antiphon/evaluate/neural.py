"""The neural two-sample test: a small network on pooled piano-rolls, in numpy, trained with Adam.

Axes: N clips, R roles, Q beats of four steps, I = R * 36 inputs a beat, H hidden units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.evaluate.clip import Clip, Floats, Ints, sounding
from antiphon.evaluate.harmony import estimate_key
from antiphon.evaluate.twosample import TwoSample, balance, cross_validate

Single = npt.NDArray[np.float32]
Weights = dict[str, Single]

A_ROLE = 36
"""Inputs a role and beat: 12 sounding and 12 beginning pitch classes, 7 octaves, 4 onsets by step, 1 count of sounding."""
HIDDEN, BAR_HIDDEN, LAST = 48, 48, 24
EPOCHS, BATCH, RATE, DECAY, DROP, DROP_INPUT = 40, 32, 2e-3, 3e-2, 0.3, 0.1


def pooled_rolls(clips: Sequence[Clip]) -> Single:
    """Piano-rolls pooled by beat, pitch classes counted from the tonic of the (relative) major key [N, Q, I].

    Leading empty bars are dropped, shorter clips filled up with silence, Q a multiple of 4; drum keys stand for pitches.
    """
    beats = -(-max(c.steps for c in clips) // 16) * 4
    out = np.zeros((len(clips), beats, len(clips[0].parts), A_ROLE), dtype=np.float32)
    for i, raw in enumerate(clips):
        clip = raw.led()
        _, duration, pitch = clip.pitched
        key = estimate_key(np.bincount(pitch % 12, duration, 12).astype(np.float64))
        home = (key.tonic + 3 * key.minor) % 12
        steps = beats * 4
        for r, part in enumerate(clip.parts):
            tone = part.pitch % 12 if part.is_drum else (part.pitch - home) % 12
            here, beat = out[i, :, r], part.onset // 4
            here[:, :12] = sounding(part.onset, part.duration, tone, steps, 12).reshape(beats, 4, 12).sum(axis=1)
            np.add.at(here, (beat, 12 + tone), 1.0)
            np.add.at(here, (beat, 24 + np.clip(part.pitch // 12 - 2, 0, 6)), 1.0)
            np.add.at(here, (beat, 31 + part.onset % 4), 1.0)
            here[:, 35] = here[:, :12].sum(axis=1)
    return np.asarray(np.log1p(out).reshape(len(clips), beats, -1), dtype=np.float32)


def _start(inputs: int, rng: np.random.Generator) -> Weights:
    """He-initialised weights, zero biases."""
    shapes = {"beat": (inputs, HIDDEN), "bar": (8 * HIDDEN, BAR_HIDDEN), "piece": (2 * BAR_HIDDEN, LAST), "out": (LAST, 1)}
    scale = {
        "beat": np.sqrt(2 / inputs),
        "bar": np.sqrt(2 / (8 * HIDDEN)),
        "piece": np.sqrt(1 / BAR_HIDDEN),
        "out": np.sqrt(1 / LAST),
    }
    weights: Weights = {}
    for name, shape in shapes.items():
        weights[name] = (rng.standard_normal(shape) * scale[name]).astype(np.float32)
        weights[f"{name} bias"] = np.zeros(shape[1], dtype=np.float32)
    return weights


class _Pass(NamedTuple):
    """What the backward pass needs of a forward pass."""

    beat: Single
    pairs: Single
    bar: Single
    best: npt.NDArray[np.int64]
    pooled: Single
    piece: Single
    logit: Single


def _forward(w: Weights, x: Single, keep: Single | None = None) -> _Pass:
    """Beats -> hidden; two neighbouring bars -> hidden; mean and maximum over the piece -> logit [n]."""
    n, beats, _ = x.shape
    beat = np.maximum(x.reshape(n * beats, -1) @ w["beat"] + w["beat bias"], 0)
    bars = beat.reshape(n, beats // 4, 4 * HIDDEN)
    pairs = np.concatenate([bars, np.roll(bars, -1, axis=1)], axis=2)
    bar = np.maximum(pairs @ w["bar"] + w["bar bias"], 0)
    best = bar.argmax(axis=1)
    pooled = np.concatenate([bar.mean(axis=1), np.take_along_axis(bar, best[:, None], axis=1)[:, 0]], axis=1)
    if keep is not None:
        pooled = pooled * keep
    piece = np.maximum(pooled @ w["piece"] + w["piece bias"], 0)
    return _Pass(beat, pairs, bar, best, pooled, piece, (piece @ w["out"] + w["out bias"])[:, 0])


def _gradients(w: Weights, x: Single, p: _Pass, keep: Single, target: Single) -> Weights:
    """Gradients of the mean logistic loss."""
    n, beats, inputs = x.shape
    bars = beats // 4
    delta = ((1 / (1 + np.exp(-p.logit)) - target) / n)[:, None]
    g: Weights = {"out": p.piece.T @ delta, "out bias": delta.sum(axis=0)}
    delta = (delta @ w["out"].T) * (p.piece > 0)
    g |= {"piece": p.pooled.T @ delta, "piece bias": delta.sum(axis=0)}
    pooled = (delta @ w["piece"].T) * keep
    bar = np.repeat(pooled[:, None, :BAR_HIDDEN] / bars, bars, axis=1)
    picked = np.take_along_axis(bar, p.best[:, None], axis=1) + pooled[:, None, BAR_HIDDEN:]
    np.put_along_axis(bar, p.best[:, None], picked, axis=1)
    bar = (bar * (p.bar > 0)).reshape(n * bars, -1)
    g |= {"bar": p.pairs.reshape(n * bars, -1).T @ bar, "bar bias": bar.sum(axis=0)}
    pairs = (bar @ w["bar"].T).reshape(n, bars, -1)
    beat = pairs[..., : 4 * HIDDEN] + np.roll(pairs[..., 4 * HIDDEN :], 1, axis=1)
    beat = beat.reshape(n * beats, HIDDEN) * (p.beat > 0)
    return g | {"beat": x.reshape(n * beats, inputs).T @ beat, "beat bias": beat.sum(axis=0)}


def fit(x: Single, label: npt.NDArray[np.bool_], rows: Ints, seed: int) -> Weights:
    """Weights trained on the given rows: Adam with decoupled decay, cosine rate, averaged over the last third."""
    rng = np.random.default_rng([seed, 405])
    w = _start(x.shape[2], rng)
    first, second = ({k: np.zeros_like(v) for k, v in w.items()} for _ in range(2))
    mean = {k: np.zeros_like(v) for k, v in w.items()}
    per_epoch = -(-len(rows) // BATCH)
    total, averaged, order = EPOCHS * per_epoch, 0, rows
    for step in range(total):
        if step % per_epoch == 0:
            order = rng.permutation(rows)
        batch = order[step % per_epoch * BATCH :][:BATCH]
        seen = x[batch] * (rng.random((len(batch), 1, x.shape[2])) >= DROP_INPUT)
        keep = ((rng.random((len(batch), 2 * BAR_HIDDEN)) >= DROP) / (1 - DROP)).astype(np.float32)
        gradients = _gradients(w, seen, _forward(w, seen, keep), keep, label[batch].astype(np.float32))
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / total))
        for name, g in gradients.items():
            first[name] += 0.1 * (g - first[name])
            second[name] += 0.001 * (g * g - second[name])
            moved = first[name] / (1 - 0.9 ** (step + 1)) / (np.sqrt(second[name] / (1 - 0.999 ** (step + 1))) + 1e-8)
            w[name] -= np.float32(rate) * (moved + np.float32(DECAY if "bias" not in name else 0) * w[name])
        if step >= 2 * total // 3:
            averaged += 1
            for name, value in w.items():
                mean[name] += (value - mean[name]) / averaged
    return mean


def neural_test(clips: Sequence[Clip], generated: int, groups: Sequence[str], seed: int = 0, most: int = 400) -> TwoSample:
    """Two-sample test of a small network on pooled piano-rolls, cross-validated by piece.

    Args:
      clips: the generated clips, then the reference's, cut with the same roles.
      generated: how many of them are generated.
      groups: the piece of each clip.
      most: clips a side that are used at most (drawn at random), which bounds the time.
    """
    label = np.arange(len(clips)) < generated
    rng = np.random.default_rng([seed, 406])
    rows = balance(groups, label, rng)
    half = len(rows) // 2
    if half > most:
        rows = np.concatenate([np.sort(rng.permutation(side)[:most]) for side in (rows[:half], rows[half:])])
    x, label, names = pooled_rolls([clips[i] for i in rows.tolist()]), label[rows], [groups[i] for i in rows.tolist()]
    x = (x - x.mean(axis=(0, 1))) / (x.std(axis=(0, 1)) + np.float32(0.05))

    def judge(train: Ints, test: Ints, seed: int) -> Floats:
        return np.asarray(_forward(fit(x, label, train, seed), x[test]).logit, dtype=np.float64)

    return cross_validate(judge, names, label, seed, repeats=1)
