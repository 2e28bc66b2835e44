"""The published descriptor: one vector of named symbolic features a clip, free of track names, order and loudness.

Every block function returns {name: value}; a quantity without meaning in a clip (an interval of one note) is nan and
filled with the reference's median when the vectors are standardised. Lists of what each feature is: docs/measures.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from antiphon.evaluate.clip import Clip, Floats, Ints
from antiphon.evaluate.harmony import SCALE_MASKS, Chords, KeyEstimate, estimate_chords, estimate_key, half_bar_chroma
from antiphon.evaluate.statistics import (
    empty_bars,
    groove_consistency,
    groove_similarity,
    histogram_entropy,
    onset_bits,
    pitch_class_entropy,
    scale_consistency,
    tonal_distance,
)
from antiphon.evaluate.structure import (
    bar_similarity,
    compression_ratio,
    exact_repeats,
    long_range_similarity,
    phrase_lengths,
    repetition_profile,
    self_similarity,
    skyline,
)

VERSION = "descriptor-1"
NAN = float("nan")


def _shares(values: Ints, edges: Sequence[int]) -> list[float]:
    """Share of values in each of [edges[i], edges[i + 1]), the last one open; nan for no values."""
    if len(values) == 0:
        return [NAN] * len(edges)
    place = np.searchsorted(np.asarray(edges), values, side="right") - 1
    return [float(s) for s in np.bincount(np.maximum(place, 0), minlength=len(edges)) / len(values)]


def _moments(prefix: str, values: Floats | Ints) -> dict[str, float]:
    """Mean and standard deviation."""
    if len(values) == 0:
        return {f"{prefix} mean": NAN, f"{prefix} deviation": NAN}
    return {f"{prefix} mean": float(values.mean()), f"{prefix} deviation": float(values.std())}


def pitch_features(clip: Clip, key: KeyEstimate) -> dict[str, float]:
    """Scale degrees relative to the estimated tonic, key strength, register, octave bands."""
    _, duration, pitch = clip.pitched
    n = len(pitch)
    degree = np.bincount((pitch - key.tonic) % 12, weights=duration.astype(np.float64), minlength=12)
    degree = degree / degree.sum() if n else np.full(12, NAN)
    out = {f"degree {k}": float(degree[k]) for k in range(12)}
    out |= {"minor": float(key.minor), "key strength": key.strength}
    out |= {"pitch-class entropy": pitch_class_entropy(clip), "scale consistency": scale_consistency(clip)}
    out |= {"H1": histogram_entropy(clip, 1), "H4": histogram_entropy(clip, 4)}
    out |= _moments("pitch", pitch)
    out |= {"lowest pitch": float(pitch.min()) if n else NAN, "highest pitch": float(pitch.max()) if n else NAN}
    out["distinct pitches"] = float(len(np.unique(pitch)))
    bands = _shares(pitch, (0, 36, 48, 60, 72, 84, 96))
    return out | {f"octave band {i}": v for i, v in enumerate(bands)}


def rhythm_features(clip: Clip) -> dict[str, float]:
    """Places in the bar, lengths, density, gaps, groove, off-beats."""
    onset, duration, _ = clip.pitched
    place = (onset % clip.bar_steps) * 16 // clip.bar_steps
    share = np.bincount(place, minlength=16) / len(onset) if len(onset) else np.full(16, NAN)
    out = {f"onset at {k}/16": float(share[k]) for k in range(16)}
    lengths = _shares(duration, (0, 2, 3, 4, 5, 7, 9, 13, 17))
    out |= {f"length band {i}": v for i, v in enumerate(lengths)}
    out |= _moments("log length", np.log2(duration) if len(duration) else duration)
    a_bar = np.bincount(onset // clip.bar_steps, minlength=clip.bars)
    out |= _moments("notes a bar", a_bar)
    moments = np.unique(onset)
    out |= _moments("onsets a bar", np.bincount(moments // clip.bar_steps, minlength=clip.bars))
    gap = np.diff(moments)
    out |= {f"gap band {i}": v for i, v in enumerate(_shares(gap, (0, 2, 3, 4, 5, 9)))}
    bits = onset_bits(clip)
    weak = np.arange(clip.bar_steps) % 2 == 1
    unsupported = moments[(moments % 2 == 1)]
    struck = np.zeros(clip.steps + 1, dtype=bool)
    struck[moments] = True
    followed = struck[unsupported + 1]
    out["groove consistency"] = groove_consistency(clip)
    out["groove similarity"] = groove_similarity(clip)
    out["onsets on weak sixteenths"] = float(bits[:, weak].sum() / bits.sum()) if bits.sum() else NAN
    out["syncopation"] = float(1 - followed.mean()) if len(unsupported) else NAN
    out["distinct bar rhythms"] = len({bar.tobytes() for bar in bits}) / clip.bars
    out["notes over a bar line"] = float(((onset % clip.bar_steps) + duration > clip.bar_steps).mean()) if len(onset) else NAN
    return out


def polyphony_features(clip: Clip) -> dict[str, float]:
    """How many notes sound, in which intervals, how many begin together."""
    roll = clip.roll > 0
    voices = roll.sum(axis=1)
    out = {f"{k} sounding": float((voices == k).mean()) for k in range(6)}
    out |= {"6 or more sounding": float((voices > 5).mean())} | _moments("sounding", voices)
    chroma = np.stack([roll[:, k::12].any(axis=1) for k in range(12)], axis=1).astype(np.float64)
    pairs = np.array([float((chroma * np.roll(chroma, k, axis=1)).sum()) for k in range(1, 7)])
    pairs[5] /= 2
    total = pairs.sum()
    out |= {f"interval class {k}": float(pairs[k - 1] / total) if total else NAN for k in range(1, 7)}
    clash = roll[:, :-1] & roll[:, 1:]
    out["semitone clashes"] = float(clash.any(axis=1).sum() / max(1, (voices > 1).sum()))
    onset = clip.pitched[0]
    together = np.unique(onset, return_counts=True)[1] if len(onset) else np.zeros(0)
    return out | _moments("notes begun together", together)


def harmony_features(clip: Clip, key: KeyEstimate, chords: Chords) -> dict[str, float]:
    """Chord kinds, root motion, changes, non-chord and out-of-key notes by strong and weak beat, flow of chroma."""
    heard = chords.root >= 0
    kinds = np.bincount(chords.shape[heard], minlength=5) / heard.sum() if heard.any() else np.full(5, NAN)
    out = {f"chord kind {k}": float(kinds[k]) for k in range(5)}
    out["chord match"] = float(chords.match[heard].mean()) if heard.any() else NAN
    root, shape = chords.root[heard], chords.shape[heard]
    motion = np.diff(root) % 12
    out |= {f"root motion {k}": v for k, v in enumerate(_shares(np.minimum(motion, 12 - motion), range(7)))}
    out["root rises a fourth"] = float((motion == 5).mean()) if len(motion) else NAN
    out["distinct chords"] = float(len(np.unique(shape * 12 + root)))
    line = motion[1::2] if len(motion) > 1 else motion  # from the second half of a bar into the next bar
    out["chord changes over bar lines"] = float((line != 0).mean()) if len(line) else NAN
    onset, _, pitch = clip.pitched
    strong = onset % 4 == 0
    foreign = 1.0 - SCALE_MASKS[12 * key.minor + key.tonic][pitch % 12] if len(pitch) else np.zeros(0)
    half = np.minimum(onset // clip.bar_steps * 2 + (onset % clip.bar_steps >= -(-clip.bar_steps // 2)), len(chords.root) - 1)
    interval = (pitch - chords.root[half]) % 12
    inside = np.array([[0, 4, 7], [0, 3, 7], [0, 3, 6], [0, 4, 8], [0, 5, 7]])[chords.shape[half]]
    off = (interval[:, None] != inside).all(axis=1).astype(np.float64)
    for name, values in (("out-of-key notes", foreign), ("non-chord notes", off)):
        for beat, which in (("strong", strong), ("weak", ~strong)):
            out[f"{name}, {beat} beats"] = float(values[which].mean()) if which.any() else NAN
    chroma = clip.chromas.sum(axis=0)
    beats = chroma[: clip.steps // 4 * 4].reshape(-1, 4, 12).sum(axis=1)
    bars = chroma.reshape(clip.bars, -1, 12).sum(axis=1)
    for name, rows in (("beat", beats), ("bar", bars)):
        flow = repetition_profile(self_similarity(rows), 1)
        out[f"chroma likeness, next {name}"] = float(flow[0]) if len(flow) else NAN
    return out


def line_features(prefix: str, voice: tuple[Ints, Ints, Ints], bar_steps: int) -> dict[str, float]:
    """Melodic intervals of one voice: sizes, direction, turns, recovery of leaps, range, motion over bar lines."""
    onset, duration, pitch = voice
    step = np.diff(pitch)
    size = np.abs(step)
    out = {f"{prefix} interval band {i}": v for i, v in enumerate(_shares(size, (0, 1, 2, 3, 5, 8, 13)))}
    if len(step) < 3:
        names = ("rising", "mean interval", "turns", "leaps recovered", "interval over bar lines", "repeated trigrams")
        return out | {f"{prefix} {n}": NAN for n in (*names, "range", "mean length")}
    out[f"{prefix} rising"] = float((step > 0).sum() / max(1, (step != 0).sum()))
    out[f"{prefix} mean interval"] = float(size.mean())
    out[f"{prefix} turns"] = float((step[1:] * step[:-1] < 0).mean())
    leap = size[:-1] > 4
    out[f"{prefix} leaps recovered"] = float((step[1:] * step[:-1] < 0)[leap].mean()) if leap.any() else NAN
    over = np.diff(onset // bar_steps) > 0
    out[f"{prefix} interval over bar lines"] = (
        float(size[over].mean() - size[~over].mean()) if over.any() and (~over).any() else NAN
    )
    grams = list(zip(step[:-2].tolist(), step[1:-1].tolist(), step[2:].tolist(), strict=True))
    out[f"{prefix} repeated trigrams"] = 1 - len(set(grams)) / len(grams) if grams else NAN
    return out | {f"{prefix} range": float(np.ptp(pitch)), f"{prefix} mean length": float(duration.mean())}


def part_features(clip: Clip) -> dict[str, float]:
    """How the parts stand to each other, over all pairs, without regard to which is which; and the drums."""
    pitched = [i for i, p in enumerate(clip.parts) if not p.is_drum]
    silent = np.array([empty_bars(clip, i) for i in pitched])
    out = {"parts sounding a bar": float((1 - silent).sum()), "most silent part": float(silent.max()) if len(silent) else NAN}
    distance, shared, apart = [], [], []
    for i, j in itertools.combinations([i for i in pitched if len(clip.parts[i].onset)], 2):
        a, b = clip.parts[i], clip.parts[j]
        distance.append(tonal_distance(clip, i, j))
        together = len(np.intersect1d(a.onset, b.onset))
        shared.append(together / min(len(np.unique(a.onset)), len(np.unique(b.onset))))
        apart.append(abs(float(a.pitch.mean() - b.pitch.mean())))
    known = [d for d in distance if not np.isnan(d)]
    out |= {"tonal distance mean": float(np.mean(known)) if known else NAN, "tonal distance most": max(known, default=NAN)}
    out["onsets shared"] = float(np.mean(shared)) if shared else NAN
    out["register distance"] = float(np.mean(apart)) if apart else NAN
    drums = [p for p in clip.parts if p.is_drum]
    keys = np.concatenate([p.pitch for p in drums]) if drums else np.zeros(0, np.int64)
    out["drum hits a bar"] = len(keys) / clip.bars
    for name, members in (("kick", (35, 36)), ("snare", (37, 38, 39, 40)), ("hi-hat", (42, 44, 46))):
        out[f"{name} share"] = float(np.isin(keys, members).mean()) if len(keys) else 0.0
    return out


def structure_features(clip: Clip) -> dict[str, float]:
    """What returns, after how many bars, and how compressible the whole is."""
    notes = bar_similarity(clip)
    rhythm = self_similarity(onset_bits(clip))
    chroma = self_similarity(clip.chromas.sum(axis=0).reshape(clip.bars, -1, 12).sum(axis=1))
    out: dict[str, float] = {}
    for name, matrix in (("notes", notes), ("rhythm", rhythm), ("chroma", chroma)):
        profile = repetition_profile(matrix)
        base = float(profile.mean()) if len(profile) else NAN
        out[f"{name} repetition"] = base
        for lag in (1, 2, 4, 8):
            out[f"{name} repetition, lag {lag}"] = float(profile[lag - 1]) - base if lag <= len(profile) else NAN
    out["bars repeated exactly"] = exact_repeats(notes)
    out["long-range similarity"] = long_range_similarity(notes)
    out["compression ratio"] = compression_ratio(clip)
    upper = notes[np.triu_indices(clip.bars, 1)]
    out["similarity deviation"] = float(upper.std()) if len(upper) else NAN
    return out | _moments("phrase length", phrase_lengths(clip))


def describe(clip: Clip) -> dict[str, float]:
    """All features of one clip by name, in a fixed order."""
    clip = clip.led()
    _, duration, pitch = clip.pitched
    key = estimate_key(np.bincount(pitch % 12, duration, 12).astype(np.float64))
    chords = estimate_chords(half_bar_chroma(clip))
    return {
        **pitch_features(clip, key),
        **rhythm_features(clip),
        **polyphony_features(clip),
        **harmony_features(clip, key, chords),
        **line_features("upper", skyline(clip), clip.bar_steps),
        **line_features("lower", skyline(clip, lowest=True), clip.bar_steps),
        **part_features(clip),
        **structure_features(clip),
    }


def describe_all(clips: Sequence[Clip]) -> tuple[Floats, tuple[str, ...]]:
    """Descriptors of N clips [N, D] and their D names."""
    rows = [describe(c) for c in clips]
    return np.array([list(r.values()) for r in rows]), tuple(rows[0]) if rows else ()


class Standardiser:
    """Ranks against a reference, as normal scores: each feature becomes about N(0, 1) on the reference itself.

    A value beyond the reference's range stays just beyond it (rank n + 1/2), so no single wild feature rules a distance.
    Features that are constant on the reference are kept with values -1, 0, 1 (below, equal, above).
    """

    def __init__(self, reference: Floats) -> None:
        self._sorted = np.sort(reference, axis=0)
        self._count = np.sum(~np.isnan(reference), axis=0)
        with np.errstate(all="ignore"):
            self._median = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in reference.T])

    def __call__(self, vectors: Floats) -> Floats:
        """Standardised vectors [N, D]."""
        filled = np.where(np.isnan(vectors), self._median, vectors)
        out = np.empty_like(filled)
        for d in range(filled.shape[1]):
            n = int(self._count[d])
            column = self._sorted[:n, d]
            if n == 0 or column[-1] - column[0] < 1e-12:
                out[:, d] = np.sign(np.round(filled[:, d] - self._median[d], 9))
                continue
            near = np.round(filled[:, d], 9)
            grid = np.round(column, 9)
            rank = np.searchsorted(grid, near, side="left") + np.searchsorted(grid, near, side="right")
            out[:, d] = _normal_scores(n)[rank]
        return out


@lru_cache(maxsize=64)
def _normal_scores(n: int) -> Floats:
    """Normal quantile of (r + 1) / (2 n + 2) for the doubled mid-ranks r = 0..2n."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile((r + 1) / (2 * n + 2)) for r in range(2 * n + 1)])
