"""Small invented songs for the tests of the judge: melody, bass and chords in a key, from a seed."""

from __future__ import annotations

import numpy as np

from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.music.score import Score, Track, notes_array

PROGRESSIONS = ((0, 5, 7, 0), (0, 9, 5, 7), (9, 5, 0, 7), (0, 7, 9, 5), (2, 7, 0, 9))
MINOR_ROOTS = (2, 4, 9)


def song(seed: int, bars: int = 8, resolution: int = 4) -> Score:
    """A song of `bars` 4/4 bars: the second half of every eight bars repeats the first with another ending."""
    rng = np.random.default_rng(seed)
    tonic = int(rng.integers(-5, 6))
    roots = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    pattern = np.flatnonzero(rng.random(8) < 0.7) * 2
    pattern = pattern if len(pattern) > 1 else np.array([0, 8])
    melody: list[tuple[int, int, int, int]] = []
    bass: list[tuple[int, int, int, int]] = []
    chords: list[tuple[int, int, int, int]] = []
    memory: dict[int, np.ndarray] = {}
    for bar in range(bars):
        root = roots[bar % 4]
        triad = [root, root + (3 if root in MINOR_ROOTS else 4), root + 7]
        if bar % 4 not in memory or rng.random() < 0.3:
            memory[bar % 4] = rng.choice([*triad, triad[0] + 12, root + 2 if root in (0, 5, 7) else root + 10], len(pattern))
        for i, at in enumerate(pattern.tolist()):
            end = pattern[i + 1] if i + 1 < len(pattern) else 16
            melody.append((bar * 16 + at, int(end - at), 60 + tonic + int(memory[bar % 4][i]), 80))
        for half in (0, 8):
            bass.append((bar * 16 + half, 8, 36 + tonic + root + (7 if half and rng.random() < 0.4 else 0), 70))
        chords += [(bar * 16, 16, 48 + tonic + p, 60) for p in triad]
    scale = resolution // 4
    tracks = tuple(
        Track(name, program, False, notes_array([(o * scale, d * scale, p, v) for o, d, p, v in notes]))
        for name, program, notes in (("melody", 73, melody), ("chords", 0, chords), ("bass", 32, bass))
    )
    return Score(resolution, tracks, title=f"song {seed}")


def songs(count: int, first: int = 0, bars: int = 8) -> list[Score]:
    """Several songs, seeds `first`, `first` + 1, ..."""
    return [song(first + i, bars) for i in range(count)]


def clips(scores: list[Score], bars: int = 8) -> list[Clip]:
    """One window a song."""
    roles = common_roles(scores)
    return [c for i, s in enumerate(scores) for c in cut_clips(s, bars, roles, str(i), 1)]


def clip_of(*parts: list[tuple[int, int, int]], bars: int = 4, names: tuple[str, ...] = ("melody", "chords", "bass")) -> Clip:
    """A clip of the given (onset, duration, pitch) notes on the sixteenth grid, parts named in order."""
    tracks = tuple(Track(n, notes=notes_array([(*x, 80) for x in p])) for n, p in zip(names, parts, strict=False))
    score = Score(4, tracks, length=bars * 16)
    filled = score.with_tracks([*tracks, Track("filler", notes=notes_array([(0, 1, 60, 80), (bars * 16 - 1, 1, 60, 80)]))])
    roles = common_roles([filled])
    clip = cut_clips(filled, bars, roles, "0", 1)[0]
    kept = {p.role: p for p in clip.parts}
    return Clip("0", bars, 16, tuple(kept[n] for n, _ in zip(names, parts, strict=False) if n in kept))
