"""Statistics of one clip as published for generated music: MuseGAN's, muspy's and MusDr's, in their corrected forms.

Every function gives nan where the quantity has no meaning (a silent part, one bar only); averages leave those out.
Sources: Dong et al. 2018 (MuseGAN), Dong et al. 2020 (muspy), Wu and Yang 2020 (The Jazz Transformer).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from antiphon.evaluate.clip import Clip, Floats, Part, sounding
from antiphon.evaluate.harmony import SCALE_MASKS, chord_changes, estimate_chords, half_bar_chroma

_RADII = np.array([1.0, 1.0, 1.0, 1.0, 0.5, 0.5])
_ANGLES = np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3]) * np.pi
_K = np.arange(12)
TONAL = _RADII[:, None] * np.where(np.arange(6)[:, None] % 2 == 0, np.sin(_ANGLES[:, None] * _K), np.cos(_ANGLES[:, None] * _K))
"""Tonal centroid transform [6, 12] of Harte, Sandler and Gasser 2006."""

DRUM_TOLERANCE = np.array([1.0, 0.1, 0.0, 0.0, 0.0, 0.1])


def mean(values: Floats) -> float:
    """Mean of what is not nan; nan if nothing is left."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _entropy(counts: Floats) -> float:
    """Entropy in bits of a vector of counts; nan if all are zero."""
    total = counts.sum()
    if total <= 0:
        return float("nan")
    p = counts[counts > 0] / total
    return float(-(p * np.log2(p)).sum())


def _bars(clip: Clip, rows: Floats) -> Floats:
    """Rows a step [T, ...] as [bars, steps, ...]."""
    return rows.reshape(clip.bars, clip.bar_steps, *rows.shape[1:])


def _active(clip: Clip, index: int) -> Floats:
    """Steps at which a part sounds [bars, steps], 0 or 1."""
    part = clip.parts[index]
    mask = np.zeros(clip.steps + 1)
    np.add.at(mask, part.onset, 1.0)
    np.add.at(mask, part.onset + part.duration, -1.0)
    return _bars(clip, (np.cumsum(mask)[: clip.steps] > 0).astype(np.float64))


def empty_bars(clip: Clip, index: int) -> float:
    """Share of bars in which the part is silent."""
    return float(1.0 - _active(clip, index).any(axis=1).mean())


def used_pitch_classes(clip: Clip, index: int) -> float:
    """Distinct pitch classes sounding in a bar, mean over bars that are not empty."""
    count = (_bars(clip, clip.chromas[index]).sum(axis=1) > 0).sum(axis=1).astype(np.float64)
    return mean(np.where(count > 0, count, np.nan))


def as_published_classes(clip: Clip, index: int) -> float:
    """Used pitch classes with the published code's chroma, which sums 7 adjacent semitones from C1 on (register)."""
    part = clip.parts[index]
    lane = np.clip((part.pitch - 24) // 7, 0, 11)
    cells = np.zeros((clip.bars, 12))
    for bar in range(clip.bars):
        low, high = bar * clip.bar_steps, (bar + 1) * clip.bar_steps
        cells[bar, lane[(part.onset < high) & (part.onset + part.duration > low)]] = 1
    count = cells.sum(axis=1)
    return mean(np.where(count > 0, count, np.nan))


def _bar_pieces(begin: Floats, length: Floats, bar: float) -> tuple[Floats, Floats]:
    """Notes cut at bar lines: (bar index, length) of every piece."""
    if len(begin) == 0:
        return np.zeros(0), np.zeros(0)
    first = np.floor(begin / bar + 1e-9)
    last = np.maximum(first, np.ceil((begin + length) / bar - 1e-9) - 1)
    span = (last - first + 1).astype(np.int64)
    within = np.arange(span.sum()) - np.repeat(np.cumsum(span) - span, span)
    index = np.repeat(first, span) + within
    lo = np.maximum(np.repeat(begin, span), index * bar)
    hi = np.minimum(np.repeat(begin + length, span), (index + 1) * bar)
    return index, hi - lo


def qualified_notes(part: Part, bar_quarters: float, threshold: float) -> float:
    """Share of notes, cut at bar lines, at least `threshold` quarter notes long: per bar, then mean over bars with notes."""
    bar, length = _bar_pieces(part.exact[:, 0], part.exact[:, 1], bar_quarters)
    if len(bar) == 0:
        return float("nan")
    place = bar.astype(np.int64)
    total = np.bincount(place)
    good = np.bincount(place, weights=(length >= threshold - 1e-9).astype(np.float64))
    return float((good[total > 0] / total[total > 0]).mean())


def polyphony(clip: Clip, index: int, at_least: int) -> float:
    """Share of steps with `at_least` pitches sounding, mean over bars not empty (published code: 2, paper's text: 3)."""
    part = clip.parts[index]
    change = np.zeros(clip.steps + 1)
    np.add.at(change, part.onset, 1.0)
    np.add.at(change, part.onset + part.duration, -1.0)
    count = _bars(clip, np.cumsum(change)[: clip.steps])
    share = (count >= at_least).mean(axis=1)
    return mean(np.where(count.any(axis=1), share, np.nan))


def drum_pattern(part: Part, bar_quarters: float) -> float:
    """Share of drum onsets on or beside eighth-note positions of a bar of 96 steps, mean over bars; 4/4 only."""
    if len(part.onset) == 0 or abs(bar_quarters - 4.0) > 1e-9:
        return float("nan")
    place = np.floor(part.exact[:, 0] * 24 + 0.5).astype(np.int64)
    bars = np.unique(place // 96)
    values = []
    for bar in bars:
        at = place[place // 96 == bar] % 6
        hits = np.bincount(at, minlength=6).astype(np.float64)
        values.append(max(float(np.roll(DRUM_TOLERANCE, k) @ hits) for k in range(6)) / len(at))
    return float(np.mean(values))


def tonal_distance(clip: Clip, first: int, second: int) -> float:
    """Mean over beats of the distance between the tonal centroids of two parts, true pitch classes; silent beats left out."""
    return _centroid_distance(clip.chromas[[first, second]])


def as_published_distance(clip: Clip, first: int, second: int) -> float:
    """Tonal distance with the published code's chroma of 7 adjacent semitones, for a row beside printed tables only."""
    pair = [clip.parts[i] for i in (first, second)]
    return _centroid_distance(
        np.stack([sounding(p.onset, p.duration, np.clip((p.pitch - 24) // 7, 0, 11), clip.steps, 12) for p in pair])
    )


def _centroid_distance(chroma: Floats) -> float:
    """Mean distance of tonal centroids by beat of two parts' chroma [2, T, 12]; nan without a beat where both sound."""
    beats = chroma.shape[1] // 4
    pair = chroma[:, : beats * 4].reshape(2, beats, 4, 12).sum(axis=2)
    total = pair.sum(axis=2)
    both = (total > 0).all(axis=0)
    if not both.any():
        return float("nan")
    centroid = (pair[:, both] / total[:, both, None]) @ TONAL.T
    return float(np.linalg.norm(centroid[0] - centroid[1], axis=1).mean())


def pitch_class_entropy(clip: Clip) -> float:
    """Entropy in bits of the pitch classes of all pitched notes (muspy)."""
    return _entropy(np.bincount(clip.pitched[2] % 12, minlength=12).astype(np.float64))


def scale_consistency(clip: Clip) -> float:
    """Largest share of notes that one major or natural minor scale holds (muspy)."""
    counts = np.bincount(clip.pitched[2] % 12, minlength=12).astype(np.float64)
    return float((SCALE_MASKS @ counts).max() / counts.sum()) if counts.sum() else float("nan")


def onset_bits(clip: Clip) -> Floats:
    """Whether any part begins a note, by bar and step [bars, steps]."""
    bits = np.zeros(clip.steps)
    for part in clip.parts:
        bits[part.onset] = 1.0
    return _bars(clip, bits)


def groove_consistency(clip: Clip) -> float:
    """One minus the mean share of onset bits that differ between neighbouring bars.

    Equal to muspy's, but that muspy counts one more, empty bar where a piece ends on a bar line.
    """
    bits = onset_bits(clip)
    return float(1.0 - np.abs(np.diff(bits, axis=0)).mean()) if clip.bars > 1 else float("nan")


def groove_similarity(clip: Clip) -> float:
    """MusDr's GS: one minus the mean share of onset bits that differ, over all pairs of bars."""
    bits = onset_bits(clip)
    if clip.bars < 2:
        return float("nan")
    differ = bits @ (1 - bits).T
    upper = np.triu_indices(clip.bars, 1)
    return float(1.0 - ((differ + differ.T)[upper] / clip.bar_steps).mean())


def histogram_entropy(clip: Clip, window: int) -> float:
    """MusDr's H1 and H4: mean entropy of pitch classes over windows of that many bars, hop one bar; silent windows left out."""
    if clip.bars < window:
        return float("nan")
    onset, _, pitch = clip.pitched
    counts = np.zeros((clip.bars + 1, 12))
    np.add.at(counts, (onset // clip.bar_steps + 1, pitch % 12), 1.0)
    running = np.cumsum(counts, axis=0)
    return mean(np.array([_entropy(row) for row in running[window:] - running[: clip.bars + 1 - window]]))


def chord_irregularity(clip: Clip) -> float:
    """MusDr's CPI: distinct among all trigrams of chord changes, on chords estimated by half bar; at least ten changes."""
    changes = chord_changes(estimate_chords(half_bar_chroma(clip)))
    if len(changes) < 10:
        return float("nan")
    grams = [tuple(changes[i : i + 3].tolist()) for i in range(len(changes) - 2)]
    return len(set(grams)) / len(grams)


def statistics(clip: Clip) -> dict[str, float]:
    """Every statistic of one clip, by name; "name [role]" where it belongs to one role, "name [role, role]" to a pair."""
    out: dict[str, float] = {}
    pitched = [i for i, p in enumerate(clip.parts) if not p.is_drum]
    for i, part in enumerate(clip.parts):
        role = f"[{part.role}]"
        out[f"empty bars {role}"] = empty_bars(clip, i)
        if part.is_drum:
            out[f"drum pattern {role}"] = drum_pattern(part, clip.bar_quarters)
            continue
        out[f"used pitch classes {role}"] = used_pitch_classes(clip, i)
        out[f"used pitch classes, as published {role}"] = as_published_classes(clip, i)
        out[f"qualified notes, 2 sixteenths {role}"] = qualified_notes(part, clip.bar_quarters, 0.5)
        out[f"qualified notes, 2/24 beat {role}"] = qualified_notes(part, clip.bar_quarters, 2 / 24)
        out[f"qualified notes, 3/24 beat {role}"] = qualified_notes(part, clip.bar_quarters, 3 / 24)
        out[f"polyphony, 2 or more {role}"] = polyphony(clip, i, 2)
        out[f"polyphony, more than 2 {role}"] = polyphony(clip, i, 3)
    for i, j in itertools.combinations(pitched, 2):
        roles = f"[{clip.parts[i].role}, {clip.parts[j].role}]"
        out[f"tonal distance {roles}"] = tonal_distance(clip, i, j)
        out[f"tonal distance, as published {roles}"] = as_published_distance(clip, i, j)
    pitch = clip.pitched[2]
    out["pitch-class entropy"] = pitch_class_entropy(clip)
    out["scale consistency"] = scale_consistency(clip)
    out["groove consistency"] = groove_consistency(clip)
    out["pitch range"] = float(np.ptp(pitch)) if len(pitch) else float("nan")
    out["notes a bar"] = sum(len(p.onset) for p in clip.parts) / clip.bars
    out["H1"] = histogram_entropy(clip, 1)
    out["H4"] = histogram_entropy(clip, 4)
    out["groove similarity GS"] = groove_similarity(clip)
    out["chord irregularity CPI"] = chord_irregularity(clip)
    return out


def columns(rows: Sequence[dict[str, float]]) -> dict[str, Floats]:
    """Rows of statistics as one array [N] a name; nan where a row lacks it."""
    names = list(dict.fromkeys(n for row in rows for n in row))
    return {n: np.array([row.get(n, np.nan) for row in rows]) for n in names}
