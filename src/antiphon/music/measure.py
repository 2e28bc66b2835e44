"""Facts of one Score and its faults by bar: key, chords, foreign notes on strong and weak beats, cadences, parallels, range."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.music.beats import bar_starts
from antiphon.music.chords import recognise_chords
from antiphon.music.harmony import Chord, Key, spell
from antiphon.music.instruments import usual_range
from antiphon.music.score import ChordMark, NoteArray, Score, Track
from antiphon.music.tonality import find_key

_ACCIDENTALS = {-2: "double flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double sharp"}
_PERFECT = {0: "octaves", 7: "fifths"}


class Fault(NamedTuple):
    """Something a teacher would mark: what kind, in which bar (from 1), at which tick, and one sentence."""

    kind: str
    bar: int
    tick: int
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Measured facts of one piece; shares are of pitched notes, nan where there is none.

    Attributes:
      notes: notes in all tracks.
      bars: length in bars.
      key: the key marked at the beginning, else the estimated one, None for a piece without pitched notes.
      out_of_key_strong, out_of_key_weak: share of the notes that begin on (off) a quarter-note beat and lie outside the
        key's scale; in minor the raised sixth and seventh belong to it.
      non_chord_strong, non_chord_weak: likewise outside the chord marked, or recognised, there.
      cadences: (bar, kind) of every close at the end of a four-bar group and of the piece.
      parallels: parallel fifths and octaves between voices, a hundred simultaneous moves.
      out_of_range: share of notes outside their instrument's usual range.
    """

    notes: int
    bars: int
    key: Key | None
    out_of_key_strong: float
    out_of_key_weak: float
    non_chord_strong: float
    non_chord_weak: float
    cadences: tuple[tuple[int, str], ...]
    parallels: float
    out_of_range: float


class _Heard(NamedTuple):
    """All pitched notes [N] with their track number, sorted by onset, and what stands over them."""

    notes: NoteArray
    track: npt.NDArray[np.int64]
    strong: npt.NDArray[np.bool_]
    foreign: npt.NDArray[np.bool_]
    off_chord: npt.NDArray[np.bool_]


def piece_key(score: Score) -> Key | None:
    """The key marked at the beginning of the piece, else the estimated one; None without pitched notes."""
    if not any(len(t) for t in score.tracks if not t.is_drum):
        return None
    if score.keys and score.keys[0].tick == 0:
        return score.keys[0].key
    found = find_key(score)
    return None if found is None else found.key


def home_classes(key: Key) -> frozenset[int]:
    """Pitch classes that belong to the key: its scale, in minor with the raised sixth and seventh."""
    return frozenset(key.scale) | (frozenset({(key.tonic + 9) % 12, (key.tonic + 11) % 12}) if key.minor else frozenset())


def _listen(score: Score, key: Key, chords: Sequence[ChordMark]) -> _Heard:
    tracks = [(i, t) for i, t in enumerate(score.tracks) if not t.is_drum and len(t)]
    notes = np.concatenate([t.notes for _, t in tracks])
    track = np.concatenate([np.full(len(t), i) for i, t in tracks])
    order = np.lexsort((notes["pitch"], notes["onset"]))
    notes, track = notes[order], track[order]
    starts = np.array(bar_starts(score) or [0])
    onset = notes["onset"].astype(np.int64)
    within = onset - starts[np.searchsorted(starts, onset, side="right") - 1]
    classes = notes["pitch"] % 12
    foreign = ~np.isin(classes, list(home_classes(key)))
    outside = np.zeros((len(chords) + 1, 12), dtype=bool)  # row 0: before the first mark
    for row, mark in zip(outside[1:], chords, strict=True):
        if mark.chord is not None:
            row[:] = True
            row[list(mark.chord.pitch_classes)] = False
    off = outside[np.searchsorted([c.tick for c in chords], onset, side="right"), classes]
    return _Heard(notes, track, within % score.resolution == 0, foreign, off)


def _share(values: npt.NDArray[np.bool_], which: npt.NDArray[np.bool_]) -> float:
    return float(values[which].mean()) if which.any() else float("nan")


def facts(score: Score) -> Facts:
    """Facts of one piece; chords and key are taken from its marks, else recognised."""
    nan = float("nan")
    key = piece_key(score)
    bars = len(bar_starts(score))
    if key is None:
        return Facts(score.note_count, bars, None, nan, nan, nan, nan, (), nan, nan)
    chords = score.chords or recognise_chords(score)
    heard = _listen(score, key, chords)
    found, moves = parallels(score)
    low, high = np.array([usual_range(score.tracks[i].program) for i in heard.track.tolist()]).T
    outside = (heard.notes["pitch"] < low) | (heard.notes["pitch"] > high)
    return Facts(
        notes=score.note_count,
        bars=bars,
        key=key,
        out_of_key_strong=_share(heard.foreign, heard.strong),
        out_of_key_weak=_share(heard.foreign, ~heard.strong),
        non_chord_strong=_share(heard.off_chord, heard.strong),
        non_chord_weak=_share(heard.off_chord, ~heard.strong),
        cadences=cadences(score, key, chords),
        parallels=100 * len(found) / moves if moves else nan,
        out_of_range=float(outside.mean()),
    )


def cadence(before: Chord, last: Chord, key: Key) -> str | None:
    """What close two neighbouring chords make in the key: authentic, plagal, deceptive, half, or None."""
    first, second = ((c.root - key.tonic) % 12 for c in (before, last))
    dominant = first == 7 and 3 not in {(p - before.root) % 12 for p in before.pitch_classes}
    if second == 0 and (dominant or first == 11):
        return "authentic"
    if second == 0 and first == 5:
        return "plagal"
    if dominant and second == (8 if key.minor else 9):
        return "deceptive"
    return "half" if second == 7 and first != 7 else None


def cadences(score: Score, key: Key, chords: Sequence[ChordMark]) -> tuple[tuple[int, str], ...]:
    """(bar, kind) of the closes: where the last chord change into a fourth bar, or into the last one, makes a cadence."""
    starts = bar_starts(score)
    known = [(c.tick, c.chord) for c in chords if c.chord is not None]
    out = []
    for bar in sorted({*range(3, len(starts), 4), len(starts) - 1} - {-1}):
        end = starts[bar + 1] if bar + 1 < len(starts) else max(score.end, starts[bar] + 1)
        until = [c for t, c in known if t < end]
        moved = [c for i, c in enumerate(until) if i == 0 or c.root != until[i - 1].root]
        kind = cadence(moved[-2], moved[-1], key) if len(moved) > 1 else None
        if kind:
            out.append((bar + 1, kind))
    return tuple(out)


def _voice(track: Track) -> dict[int, tuple[int, int]] | None:
    """Onset -> (pitch, end) of a track that is a single line (at most one note in twenty begins with another); else None."""
    notes = track.notes
    if track.is_drum or len(notes) < 2:
        return None
    begins = np.unique(notes["onset"])
    if len(notes) > 1.05 * len(begins):
        return None
    return {onset: (pitch, onset + duration) for onset, duration, pitch, _ in notes.tolist()}


def _moves(upper: dict[int, tuple[int, int]], lower: dict[int, tuple[int, int]]) -> list[tuple[int, int, int, int, int]]:
    """(tick, pitches before, pitches after) where both voices begin a new note at once and both sounded just before."""
    ticks = sorted(set(upper) | set(lower))
    out: list[tuple[int, int, int, int, int]] = []
    last: list[tuple[int, int] | None] = [None, None]
    for tick in ticks:
        now = [voice.get(tick) for voice in (upper, lower)]
        a, b = last
        if now[0] and now[1] and a and b and a[1] >= tick and b[1] >= tick:
            out.append((tick, a[0], b[0], now[0][0], now[1][0]))
        last = [n or o for n, o in zip(now, last, strict=True)]
    return out


def parallels(score: Score) -> tuple[list[tuple[int, str, int, int]], int]:
    """Parallel fifths and octaves between all pairs of single-line tracks.

    Both voices move at once, in one direction, from a perfect fifth or octave (octaves added or not) to another,
    or from a unison to a unison.

    Returns:
      list of (tick, "fifths" or "octaves", track number, track number), and the number of moves that were looked at.
    """
    voices = [(i, v) for i, t in enumerate(score.tracks) if (v := _voice(t)) is not None]
    found: list[tuple[int, str, int, int]] = []
    looked = 0
    for (i, upper), (j, lower) in itertools.combinations(voices, 2):
        for tick, a, b, c, d in _moves(upper, lower):
            looked += 1
            same_way = (c - a) * (d - b) > 0 and (a == b) == (c == d)
            if same_way and abs(a - b) % 12 == abs(c - d) % 12 and abs(a - b) % 12 in _PERFECT:
                found.append((tick, _PERFECT[abs(a - b) % 12], i, j))
    return sorted(found), looked


def note_name(pitch: int, key: Key) -> str:
    """A pitch in words as the key spells it: "F sharp", "B flat", "C natural"."""
    step, alter, _ = spell(pitch, key.fifths)
    return f"{step} {_ACCIDENTALS[alter]}"


def faults(score: Score) -> tuple[Fault, ...]:
    """Faults by bar, each with one sentence: foreign notes on strong beats (and what they clash with), parallels, range."""
    key = piece_key(score)
    if key is None:
        return ()
    starts = bar_starts(score) or [0]

    def bar(tick: int) -> int:
        return max(1, bisect_right(starts, tick))

    heard = _listen(score, key, score.chords or recognise_chords(score))
    out: list[Fault] = []
    begin = heard.notes["onset"].astype(np.int64)
    end = begin + heard.notes["duration"]
    for i in np.flatnonzero(heard.foreign).tolist():
        tick, pitch = int(begin[i]), int(heard.notes["pitch"][i])
        overlap = np.minimum(end, end[i]) - np.maximum(begin, tick)
        near = (overlap * 2 >= score.resolution) & np.isin((heard.notes["pitch"] - pitch) % 12, (1, 11))
        name = note_name(pitch, key)
        if near.any():
            other = note_name(int(heard.notes["pitch"][int(np.flatnonzero(near)[0])]), key)
            out.append(Fault("clash", bar(tick), tick, f"bar {bar(tick)}: {name} against {other}"))
        elif heard.strong[i] and heard.off_chord[i]:
            out.append(
                Fault("out of key", bar(tick), tick, f"bar {bar(tick)}: {name} on a beat, foreign to {key} and to its chord")
            )
    for tick, kind, i, j in parallels(score)[0]:
        names = " and ".join(score.tracks[k].name or f"track {k + 1}" for k in (i, j))
        out.append(Fault(f"parallel {kind}", bar(tick), tick, f"bar {bar(tick)}: parallel {kind} between {names}"))
    for i, track in enumerate(score.tracks):
        low, high = usual_range(track.program)
        if track.is_drum:
            continue
        for note in track:
            if not low <= note.pitch <= high:
                where = "below" if note.pitch < low else "above"
                whose = track.name or f"track {i + 1}"
                text = f"bar {bar(note.onset)}: {note_name(note.pitch, key)} ({note.pitch}) is {where} the range of {whose}"
                out.append(Fault("range", bar(note.onset), note.onset, text))
    return tuple(sorted(out, key=lambda f: (f.tick, f.kind, f.text)))
