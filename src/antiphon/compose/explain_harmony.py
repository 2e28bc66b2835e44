"""Harmony explained: which keys a piece passes through, its chords as roman numerals, and the cadences of its phrases."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from antiphon.compose.heard import key_of
from antiphon.music.beats import bar_starts
from antiphon.music.chords import recognise_chords
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.measure import cadence
from antiphon.music.score import ChordMark, Score
from antiphon.music.tonality import KEYS, key_scores, pitch_class_weights

DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
SCALE_DEGREES = {
    False: {0: (0, ""), 1: (1, "b"), 2: (1, ""), 3: (2, "b"), 4: (2, ""), 5: (3, ""), 6: (3, "#"), 7: (4, ""), 8: (5, "b"),
            9: (5, ""), 10: (6, "b"), 11: (6, "")},
    True: {0: (0, ""), 1: (1, "b"), 2: (1, ""), 3: (2, ""), 4: (2, "#"), 5: (3, ""), 6: (3, "#"), 7: (4, ""), 8: (5, ""),
           9: (5, "#"), 10: (6, ""), 11: (6, "#")},
}  # fmt: skip
"""Mode (minor or not) -> semitones above the tonic -> (degree from 0, sign before it)."""
_UPPER = {"", "7", "maj7", "aug", "6", "9", "maj9", "add9", "11", "13", "aug7", "sus4", "sus2", "7sus4", "5"}
_SUFFIX = {
    "": "", "m": "", "7": "7", "maj7": "M7", "m7": "7", "dim": "o", "aug": "+", "sus4": "sus4", "sus2": "sus2", "m7b5": "ø7",
    "dim7": "o7", "6": "add6", "m6": "add6", "mmaj7": "M7", "7sus4": "7sus4", "aug7": "+7", "9": "9", "maj9": "M9", "m9": "9",
    "add9": "add9", "11": "11", "13": "13", "5": "5",
}  # fmt: skip
_TRIADS = ("", "m", "dim", "aug")
_SEVENTHS = ("7", "maj7", "m7", "m7b5", "dim7", "mmaj7", "aug7")
MOVE = 0.35
"""What a change of key costs, in the correlation of one bar."""
NEAR = 0.05
"""By how much a step further on the circle of fifths costs more."""
CADENCES = {
    "perfect": "perfect authentic cadence",
    "imperfect": "imperfect authentic cadence",
    "half": "half cadence",
    "deceptive": "deceptive cadence",
    "plagal": "plagal cadence",
}


class KeySpan(NamedTuple):
    """A stretch in one key: its first and last bar, from 1."""

    first: int
    last: int
    key: Key


class Harmony(NamedTuple):
    """A chord where it begins: tick, bar and beat from 1, the chord, its numeral in the key that holds there."""

    tick: int
    bar: int
    beat: float
    chord: Chord | None
    numeral: str


def heard_chords(score: Score) -> tuple[ChordMark, ...]:
    """The chords of a piece: as marked, else as heard; where three or more single lines move in step, faster ones too."""
    if score.chords:
        return score.chords
    parts = [t for t in score.tracks if len(t) and not t.is_drum]
    lines = [t for t in parts if len(np.unique(t.notes["onset"])) * 1.05 >= len(t)]
    begun = [np.unique(t.notes["onset"]) for t in lines]
    together = len(np.intersect1d(begun[0], begun[-1])) / max(1, min(len(b) for b in begun)) if len(lines) > 2 else 0.0
    return recognise_chords(score, pace=2.0 if len(lines) == len(parts) and together > 0.5 else 1.0)


def main_key(score: Score) -> Key | None:
    """The key of the whole piece: the one that the file states, where the notes agree, else the one that is heard."""
    return key_of(score, 0, max(1, score.end)) if any(len(t) for t in score.tracks if not t.is_drum) else None


def key_spans(score: Score, home: Key | None) -> tuple[KeySpan, ...]:
    """Where which key holds: the path through the bars that fits their notes best, changes costing the more the farther.

    A bar is heard together with its neighbours; the home key is preferred a little. Empty without pitched notes.
    """
    starts = bar_starts(score)
    if home is None or not starts:
        return ()
    weights = pitch_class_weights(score, [*starts, max(score.end, starts[-1] + 1)])
    around = weights.copy()
    around[1:] += 0.6 * weights[:-1]
    around[:-1] += 0.6 * weights[1:]
    fit = key_scores(around) + 0.08 * np.array([key == home for key in KEYS])
    far = np.array([[min((a.fifths - b.fifths) % 12, (b.fifths - a.fifths) % 12) for b in KEYS] for a in KEYS])
    cost = np.where(np.eye(len(KEYS), dtype=bool), 0.0, MOVE + NEAR * far)
    total = fit[0] - np.where([key == home for key in KEYS], 0.0, MOVE / 2)
    back = np.zeros((len(fit), len(KEYS)), dtype=np.int64)
    for i in range(1, len(fit)):
        reach = total[:, None] - cost
        back[i] = reach.argmax(axis=0)
        total = reach.max(axis=0) + fit[i]
    path = [int(total.argmax())]
    for i in range(len(fit) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    path.reverse()
    edges = [0, *(i for i in range(1, len(path)) if path[i] != path[i - 1]), len(path)]
    return tuple(KeySpan(a + 1, b, KEYS[path[a]]) for a, b in pairwise(edges))


def key_at(spans: Sequence[KeySpan], bar: int) -> Key | None:
    """The key that holds in a bar, from 1."""
    return next((s.key for s in reversed(spans) if s.first <= bar), spans[0].key if spans else None)


def numeral(chord: Chord, key: Key) -> str:
    """The roman numeral of a chord in a key: upper case major, lower case minor, figures for inversions, "V7/V" for borrowed.

    A major or dominant chord outside the key that stands a fifth above a degree of it is that degree's dominant.
    """
    above = (chord.root - key.tonic) % 12
    if _borrowed(chord, key):
        target = (chord.root + 5) % 12 if chord.quality in ("", "7", "9") else (chord.root + 1) % 12
        degree, sign = SCALE_DEGREES[key.minor][(target - key.tonic) % 12]
        minor = _minor_on(target, key)
        own = _written("V", "", chord) if chord.quality in ("", "7", "9") else _written("vii", "", chord)
        return f"{own}/{sign}{DEGREES[degree].lower() if minor else DEGREES[degree]}"
    degree, sign = SCALE_DEGREES[key.minor][above]
    if key.minor and above == 11:
        sign = "" if chord.quality in ("dim", "dim7", "m7b5") else "#"
    name = DEGREES[degree] if chord.quality in _UPPER else DEGREES[degree].lower()
    return _written(name, sign, chord)


def _minor_on(root: int, key: Key) -> bool:
    """Whether the key's own triad on a root is minor or diminished."""
    return (root + 3) % 12 in key.scale and (root + 4) % 12 not in key.scale


def _borrowed(chord: Chord, key: Key) -> bool:
    """Whether a chord is the dominant (or leading-note chord) of another degree than the tonic."""
    scale = set(key.scale) | ({(key.tonic + 11) % 12} if key.minor else set())
    if all(pc in scale for pc in chord.pitch_classes):
        return False
    if chord.quality in ("", "7", "9"):
        target = (chord.root + 5) % 12
        third_foreign = (chord.root + 4) % 12 not in scale
        seventh_foreign = chord.quality != "" and (chord.root + 10) % 12 not in scale and (chord.root + 4) % 12 in scale
        return target in key.scale and target != key.tonic and (third_foreign or seventh_foreign)
    if chord.quality in ("dim", "dim7", "m7b5"):
        target = (chord.root + 1) % 12
        return target in key.scale and target != key.tonic and chord.root not in scale
    return False


def _written(name: str, sign: str, chord: Chord) -> str:
    """Degree, kind and inversion."""
    suffix, bass = _SUFFIX[chord.quality], 0
    tones = [(chord.root + step) % 12 for step in QUALITIES[chord.quality]]
    if chord.bass is not None and chord.bass in tones:
        bass = tones.index(chord.bass)
    if bass and chord.quality in _TRIADS:
        suffix = suffix + ("6" if bass == 1 else "64")
    elif bass and chord.quality in _SEVENTHS and bass <= 3:
        suffix = suffix.removesuffix("7") + ("65", "43", "42")[bass - 1]
    return f"{sign}{name}{suffix}"


def harmonies(score: Score, marks: Sequence[ChordMark], spans: Sequence[KeySpan]) -> tuple[Harmony, ...]:
    """The chords with their numerals, each in the key of its bar."""
    starts = bar_starts(score)
    out: list[Harmony] = []
    for mark in marks:
        if not starts or mark.tick >= score.end:
            continue
        bar = max(1, bisect_right(starts, mark.tick))
        key = key_at(spans, bar)
        text = "" if mark.chord is None or key is None else numeral(mark.chord, key)
        beat = 1 + (mark.tick - starts[bar - 1]) / score.resolution
        out.append(Harmony(mark.tick, bar, round(beat, 3), mark.chord, text))
    return tuple(out)


def close(found: Sequence[Harmony], tick: int, key: Key | None, top: int | None) -> str | None:
    """What cadence the chords make up to a tick: a name of CADENCES, or None.

    Args:
      found: the chords.
      tick: where the phrase's last note begins.
      key: that holds there.
      top: pitch of the leading part's last note.
    """
    until = [h.chord for h in found if h.tick <= tick and h.chord is not None]
    moved = [c for i, c in enumerate(until) if i + 1 == len(until) or c.root != until[i + 1].root]
    if len(moved) < 2 or key is None:
        return None
    before, last = moved[-2], moved[-1]
    kind = cadence(before, last, key)
    if kind != "authentic":
        return kind
    plain = before.bass is None and last.bass is None and (before.root - key.tonic) % 12 == 7
    return "perfect" if plain and top is not None and top % 12 == key.tonic else "imperfect"
