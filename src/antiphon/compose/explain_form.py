"""Form explained: phrases by the breaths of the leading part, and sections by what returns."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.compose.critique_bars import leader, top_line
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.score import NOTE, Score

Floats = npt.NDArray[np.float64]

USUAL_BARS, SHORTEST, LONGEST = 4.0, 1.5, 9.0
"""Length of a phrase in bars: the one that is expected, and between which lengths a break is looked for."""
SAME, VARIED = 0.82, 0.62
"""Likeness of two sections from which on they bear one letter, or the letter with a prime."""
MOST_BARS = 1200
STEPS = 16


class Span(NamedTuple):
    """A run of bars (from 1, both included) and its ticks."""

    first: int
    last: int
    start: int
    stop: int


class Phrase(NamedTuple):
    """A phrase of the leading part: where it lies, where its last note begins, and that note's pitch."""

    span: Span
    final: int
    pitch: int


class Part(NamedTuple):
    """A section: its letter (with a prime where it varies an earlier one), its place, and its likeness to that earlier one."""

    label: str
    span: Span
    likeness: float | None


def phrases(score: Score) -> tuple[Phrase, ...]:
    """Phrases of the leading part: breaks where notes are long or rests follow, about every four bars (the best division)."""
    lead, starts = leader(score), bar_starts(score)
    if lead is None or not starts:
        return ()
    line = top_line(lead)
    onset = line["onset"].astype(np.int64)
    end = onset + line["duration"]
    gap = np.append(np.diff(onset), max(score.end - int(onset[-1]), 1)) / score.resolution
    rest = np.append(np.maximum(onset[1:] - np.maximum.accumulate(end)[:-1], 0), 0) / score.resolution
    usual = float(np.median(gap))
    breath = np.minimum(gap / max(usual, 0.25) - 1, 3) + np.minimum(rest, 2)
    bar = np.searchsorted(starts, onset, side="right") - 1
    length = np.array([meter_at(score, starts[b]).bar_ticks(score.resolution) for b in bar])
    place = bar + (onset - np.asarray(starts)[bar]) / length
    after = place + gap * score.resolution / length
    cuts = _divide(breath, place, after)
    out = []
    for first, last in cuts:
        a, z = int(bar[first]), max(int(bar[first]), bisect_right(starts, int(end[last]) - 1) - 1)
        span = Span(a + 1, z + 1, int(onset[first]), int(end[last]))
        out.append(Phrase(span, int(onset[last]), int(line["pitch"][last])))
    return tuple(out)


def _divide(breath: Floats, place: Floats, after: Floats) -> list[tuple[int, int]]:
    """(first, last) note of every phrase on the division with most breath and least odd lengths."""
    count = len(place)
    best = np.full(count + 1, -np.inf)
    best[0] = 0.0
    back = np.zeros(count + 1, dtype=np.int64)
    for j in range(1, count + 1):
        low = int(np.searchsorted(place, after[j - 1] - LONGEST))
        for i in range(min(low, j - 1), j):
            bars = after[j - 1] - place[i]
            odd = abs(np.log2(max(bars, 0.25) / USUAL_BARS)) * 0.9 + (4.0 if bars < SHORTEST and j < count else 0.0)
            value = best[i] + float(breath[j - 1]) - odd - 0.4
            if value > best[j]:
                best[j], back[j] = value, i
    out, at = [], count
    while at > 0:
        out.append((int(back[at]), at - 1))
        at = int(back[at])
    return out[::-1]


def bar_likeness(score: Score) -> Floats:
    """How alike every two bars are [B, B], 0..1: half by their notes, a quarter each by rhythm and by pitch classes."""
    starts = bar_starts(score)
    parts = [t.notes for t in score.tracks if len(t) and not t.is_drum] or [t.notes for t in score.tracks if len(t)]
    notes = np.concatenate(parts) if parts else np.zeros(0, dtype=NOTE)
    onset = notes["onset"].astype(np.int64)
    bar = np.maximum(np.searchsorted(starts, onset, side="right") - 1, 0)
    length = np.array([meter_at(score, s).bar_ticks(score.resolution) for s in starts])
    step = np.clip((onset - np.asarray(starts)[bar]) * STEPS // np.maximum(length[bar], 1), 0, STEPS - 1) if len(notes) else bar
    pitch = notes["pitch"].astype(np.int64)
    tables = [np.zeros((len(starts), STEPS * 128)), np.zeros((len(starts), STEPS)), np.zeros((len(starts), 12))]
    tables[0][bar, step * 128 + pitch] = 1
    tables[1][bar, step] = 1
    np.add.at(tables[2], (bar, pitch % 12), notes["duration"].astype(np.float64))
    out = np.zeros((len(starts), len(starts)))
    for table, share in zip(tables, (0.5, 0.25, 0.25), strict=True):
        norm = np.linalg.norm(table, axis=1)
        unit = table / np.where(norm > 0, norm, 1)[:, None]
        alike = unit @ unit.T
        alike[np.ix_(norm == 0, norm == 0)] = 1.0
        out += share * alike
    return np.asarray(np.clip(out, 0, 1))


def sections(score: Score) -> tuple[tuple[Part, ...], bool]:
    """The sections with letters by what returns; and whether the file itself marks them.

    Marked sections keep their names. Else the bars are taken in blocks of eight (four, two in short pieces), beginning after
    an upbeat bar where that makes the blocks more alike; neighbouring blocks that belong together are not joined.
    """
    starts = bar_starts(score)
    if not starts or score.note_count == 0:
        return (), False
    edges = [*starts, max(score.end, starts[-1] + 1)]
    if len(score.sections) > 1:
        bars = sorted({max(0, bisect_right(starts, s.tick) - 1): s.label for s in score.sections if s.tick < score.end}.items())
        stops = [b for b, _ in bars[1:]] + [len(starts)]
        return tuple(
            Part(name, Span(b + 1, z, edges[b], edges[z]), None) for (b, name), z in zip(bars, stops, strict=True)
        ), True
    if len(starts) > MOST_BARS:
        return (), False
    alike = bar_likeness(score)
    size = 8 if len(starts) >= 24 else 4 if len(starts) >= 8 else 2 if len(starts) >= 4 else len(starts)
    offset = max(range(min(2, max(1, len(starts) - size))), key=lambda k: (_returns(alike, size, k), -k))
    firsts = ([0] if offset else []) + list(range(offset, len(starts), size))
    if len(firsts) > 1 and len(starts) - firsts[-1] < size / 2:
        firsts.pop()
    return tuple(_lettered(alike, firsts, edges)), False


def _returns(alike: Floats, size: int, offset: int) -> float:
    """How much blocks resemble their most alike earlier block, on average."""
    firsts = list(range(offset, len(alike) - size + 1, size))
    best = [max(_block(alike, a, b, size) for a in firsts[:i]) for i, b in enumerate(firsts) if i]
    return float(np.mean(best)) if best else 0.0


def _block(alike: Floats, a: int, b: int, size: int) -> float:
    """Mean likeness of two blocks bar by bar."""
    return float(np.mean([alike[a + k, b + k] for k in range(size)]))


def _lettered(alike: Floats, firsts: list[int], edges: list[int]) -> list[Part]:
    stops = [*firsts[1:], len(alike)]
    out: list[Part] = []
    letters: list[tuple[str, int, int]] = []
    for i, (a, z) in enumerate(zip(firsts, stops, strict=True)):
        if i == 0 and len(firsts) > 1 and 2 * z < stops[1] - z:
            out.append(Part("upbeat", Span(1, z, edges[0], edges[z]), None))
            continue
        known = [(_block(alike, b, a, min(size, z - a)), letter) for letter, b, size in letters if min(size, z - a) * 2 > z - a]
        value, letter = max(known, default=(0.0, ""))
        span = Span(a + 1, z, edges[a], edges[z])
        if value >= VARIED:
            out.append(Part(letter if value >= SAME else f"{letter}'", span, round(value, 3)))
            continue
        new = _letter(len(letters))
        letters.append((new, a, z - a))
        out.append(Part(new, span, None))
    return out


def _letter(number: int) -> str:
    """A, B, ... Z, A2, B2, ..."""
    return chr(65 + number % 26) + (str(number // 26 + 1) if number >= 26 else "")
