"""Chord recognition: which chord a handful of pitches is, and which chords a whole piece moves through."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.harmony import QUALITIES, Chord
from antiphon.music.score import NOTE, ChordMark, Score
from antiphon.music.tonality import pitch_class_weights

EXACT = tuple(q for q in QUALITIES if q != "5")
"""Qualities that a set of sounding pitches is compared with, in order of preference where two fit alike."""

RECOGNISED = ("", "m", "7", "maj7", "m7", "dim", "sus4", "sus2", "m7b5", "7sus4", "aug")
"""Qualities that recognition chooses from; rarer ones are heard as their nearest among these."""

_QUALITY_BIAS = (0.0, 0.0, -0.25, -0.32, -0.32, -0.8, -0.45, -0.48, -0.4, -0.55, -1.05)
"""How much less a quality is expected than a plain triad, in the units of the tone scores below."""
_TONE, _ROOT, _FOREIGN, _ABSENT, _BASS_ROOT, _BASS_TONE = 1.0, 0.32, -0.86, -0.36, 0.92, 0.2
_CHANGE = {"bar": 0.6, "half": 0.88, "beat": 1.72}
"""What a change of chord costs on a bar line, in the middle of an even bar, and on any other beat."""


@lru_cache(maxsize=1)
def _by_classes() -> dict[tuple[int, frozenset[int]], str]:
    """(root, pitch classes) -> quality, the preferred one where two qualities have the same tones."""
    table: dict[tuple[int, frozenset[int]], str] = {}
    for quality in EXACT:
        for root in range(12):
            table.setdefault((root, frozenset((root + i) % 12 for i in QUALITIES[quality])), quality)
    return table


def chord_of(pitches: Iterable[int]) -> Chord | None:
    """The chord that these MIDI pitches spell, the lowest being its bass; None for fewer than three pitch classes.

    An exact set of chord tones is named as it is, in root position if the bass can be its root; else the chord that
    shares most tones and adds fewest is taken.
    """
    sounding = sorted(pitches)
    classes = frozenset(p % 12 for p in sounding)
    if len(classes) < 3:
        return None
    bass = sounding[0] % 12
    table = _by_classes()
    roots = [bass, *sorted(classes - {bass})]
    for root in roots:
        quality = table.get((root, classes))
        if quality is not None:
            return Chord(root, quality, None if root == bass else bass)
    order = {q: i for i, q in enumerate(EXACT)}

    def misfit(item: tuple[tuple[int, frozenset[int]], str]) -> tuple[int, bool, int, int]:
        (root, tones), quality = item
        return (len(tones ^ classes), root != bass, order[quality], root)

    (root, tones), quality = min(table.items(), key=misfit)
    return Chord(root, quality, None if root == bass or bass not in tones else bass)


def beat_ticks(score: Score) -> list[int]:
    """Ticks of the beats: every 1/denominator of the meter, three together where they are eighths in threes (6/8, 9/8)."""
    ticks: list[int] = []
    starts = [*bar_starts(score), score.end]
    for start, end in pairwise(starts):
        meter = meter_at(score, start)
        beat = score.resolution * 4 // meter.denominator
        if meter.denominator >= 8:
            beat = beat * 3 if meter.numerator % 3 == 0 else score.resolution
        ticks.extend(range(start, end, max(1, beat)))
    return ticks


def recognise_chords(score: Score, beats: list[int] | None = None, pace: float = 1.0) -> tuple[ChordMark, ...]:
    """Chords that the notes suggest, one decision a beat, by tone templates and the best path through them (Viterbi).

    A chord is liked for the time its tones sound, for a root in the bass and for every tone being present, disliked for
    the time foreign tones sound; a change is cheap on a bar line and dear inside a bar. Chords are given in root
    position or over the bass that lies longest below them, where that is a tone of the chord.

    Args:
      score: the piece; drums are not heard.
      beats: rising ticks at which a chord may begin (default: `beat_ticks`).
      pace: how readily chords change; changes cost 1/pace of what suits songs. Chorales, with a chord a beat, want 2.
    """
    ticks = beat_ticks(score) if beats is None else list(beats)
    if not ticks or score.note_count == 0:
        return ()
    edges = [*ticks, max(score.end, ticks[-1] + 1)]
    weights = pitch_class_weights(score, edges)
    bass = bass_weights(score, edges)
    fit = _fit(weights, bass)
    path = _best_path(fit, _change_costs(score, ticks) / pace)
    silent = weights.sum(axis=1) == 0
    marks: list[ChordMark] = []
    for start, end in _runs(path, silent):
        if silent[start]:
            chord = None
        else:
            root, quality = int(path[start]) % 12, RECOGNISED[int(path[start]) // 12]
            below = bass[start:end].sum(axis=0)
            low = int(np.argmax(below))
            inverted = low != root and below[low] > 2 * below[root] and (low - root) % 12 in QUALITIES[quality]
            chord = Chord(root, quality, low if inverted else None)
        if not marks or marks[-1].chord != chord:
            marks.append(ChordMark(ticks[start], chord))
    return tuple(marks)


def bass_weights(score: Score, edges: list[int]) -> npt.NDArray[np.float64]:
    """Quarter notes for which each pitch class is the lowest that sounds, between neighbouring edges: [cells, 12]."""
    parts = [t.notes for t in score.tracks if not t.is_drum]
    notes = np.concatenate(parts) if parts else np.zeros(0, dtype=NOTE)
    step = max(1, score.resolution // 4)
    slots = -(-edges[-1] // step)
    lowest = np.full(slots + 1, 128, dtype=np.int16)
    order = np.argsort(-notes["pitch"], kind="stable")
    begun = (notes["onset"][order] + step // 2) // step
    ended = np.maximum((notes["onset"][order].astype(np.int64) + notes["duration"][order] + step // 2) // step, begun + 1)
    for a, b, p in zip(begun.tolist(), ended.tolist(), notes["pitch"][order].tolist(), strict=True):
        lowest[a:b] = p
    cell = np.searchsorted(np.asarray(edges), np.arange(slots) * step + step // 2, side="right") - 1
    used = (lowest[:slots] < 128) & (cell >= 0) & (cell < len(edges) - 1)
    table = np.zeros((len(edges) - 1, 12))
    np.add.at(table, (cell[used], lowest[:slots][used] % 12), 0.25)
    return table


def _fit(weights: npt.NDArray[np.float64], bass: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How well each chord fits each cell: [cells, quality * 12 + root]."""
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    low = bass / np.maximum(bass.sum(axis=1, keepdims=True), 1e-9)
    present = np.minimum(share * 6, 1.0)
    columns = []
    for quality, bias in zip(RECOGNISED, _QUALITY_BIAS, strict=True):
        steps = QUALITIES[quality]
        for root in range(12):
            tones = [(root + i) % 12 for i in steps]
            inside = share[:, tones].sum(axis=1)
            fit = _TONE * inside + _FOREIGN * (1 - inside) + _ROOT * share[:, root]
            fit = fit + _ABSENT * (1 - present[:, tones]).sum(axis=1)
            fit = fit + _BASS_ROOT * low[:, root] + _BASS_TONE * low[:, tones[1:]].sum(axis=1)
            columns.append(fit + bias)
    table = np.stack(columns, axis=1)
    table[weights.sum(axis=1) == 0] = 0
    return np.asarray(table)


def _change_costs(score: Score, ticks: list[int]) -> npt.NDArray[np.float64]:
    """What a change costs at each of the ticks."""
    bars = np.array(bar_starts(score))
    at = np.array(ticks)
    bar = bars[np.searchsorted(bars, at, side="right") - 1]
    length = np.array([meter_at(score, int(b)).bar_ticks(score.resolution) for b in bar])
    half = (at - bar) * 2 == length
    return np.asarray(np.where(at == bar, _CHANGE["bar"], np.where(half, _CHANGE["half"], _CHANGE["beat"])))


def _best_path(fit: npt.NDArray[np.float64], cost: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """State of every cell on the path with most fit less costs of change."""
    cells, states = fit.shape
    back = np.zeros((cells, states), dtype=np.int64)
    score = fit[0].copy()
    own = np.arange(states)
    for t in range(1, cells):
        top = int(np.argmax(score))
        moved = score[top] - cost[t] > score
        back[t] = np.where(moved, top, own)
        score = np.where(moved, score[top] - cost[t], score) + fit[t]
    path = np.empty(cells, dtype=np.int64)
    path[-1] = int(np.argmax(score))
    for t in range(cells - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


def _runs(path: npt.NDArray[np.int64], silent: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first cell, end cell) of stretches of one state, silence being a state of its own."""
    state = np.where(silent, -1, path)
    starts = np.flatnonzero(np.append(True, np.diff(state) != 0))
    return list(zip(starts.tolist(), np.append(starts[1:], len(state)).tolist(), strict=True))
