"""Two takes side by side: which bars of which tracks differ."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from antiphon.music.beats import bar_count, bar_starts
from antiphon.music.score import Score, Track

LOUDNESS = -14.0

Cell = frozenset[tuple[float, float, int, int]]
"""Notes of one bar: onset within the bar and duration in quarter notes, pitch, velocity."""


def compare(first: Score, second: Score) -> dict[str, Any]:
    """Tracks matched by name, each with the bars (from 1) in which its notes differ; and where the chords differ."""
    bars = max(bar_count(first), bar_count(second))
    names = list(dict.fromkeys(t.name for t in (*first.tracks, *second.tracks)))
    tracks = []
    for name in names:
        a, b = _index(first, name), _index(second, name)
        ours = _cells(first, None if a is None else first.tracks[a], bars)
        theirs = _cells(second, None if b is None else second.tracks[b], bars)
        differs = [i for i, (x, y) in enumerate(zip(ours, theirs, strict=True), 1) if x != y]
        tracks.append({"name": name, "a": a, "b": b, "differs": differs})
    chords = [i for i, (x, y) in enumerate(zip(_chords(first, bars), _chords(second, bars), strict=True), 1) if x != y]
    same = bar_count(first) == bar_count(second) and not chords and not any(t["differs"] for t in tracks)
    return {"same": same, "bars": bars, "tracks": tracks, "chords_differ": chords, "loudness": LOUDNESS}


def _index(score: Score, name: str) -> int | None:
    return next((i for i, t in enumerate(score.tracks) if t.name == name), None)


def _cells(score: Score, track: Track | None, bars: int) -> list[Cell]:
    found: list[set[tuple[float, float, int, int]]] = [set() for _ in range(bars)]
    if track is not None and len(track):
        starts = np.array(bar_starts(score))
        where = np.searchsorted(starts, track.notes["onset"], side="right") - 1
        for bar, (onset, duration, pitch, velocity) in zip(where.tolist(), track.notes.tolist(), strict=True):
            at = (onset - int(starts[bar])) / score.resolution
            found[bar].add((round(at, 4), round(duration / score.resolution, 4), pitch, velocity))
    return [frozenset(cell) for cell in found]


def _chords(score: Score, bars: int) -> list[list[tuple[float, str]]]:
    """Chord marks of each bar, the one in force at its beginning first."""
    starts = [*bar_starts(score), score.end]
    out: list[list[tuple[float, str]]] = []
    for a, b in pairwise(starts):
        before = [c for c in score.chords if c.tick <= a][-1:]
        inside = [c for c in score.chords if a < c.tick < b]
        out.append([((max(c.tick, a) - a) / score.resolution, str(c.chord)) for c in (*before, *inside)])
    return out + [[] for _ in range(bars - len(out))]
