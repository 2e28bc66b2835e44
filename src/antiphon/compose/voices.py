"""The single-line voices of a score side by side, and what a teacher of voice leading marks in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import numpy as np

from antiphon.compose.fixed import note_ends
from antiphon.compose.measure import strong_ticks
from antiphon.music.harmony import Chord, Key
from antiphon.music.instruments import usual_range
from antiphon.music.measure import home_classes, piece_key
from antiphon.music.score import Score, Track

WIDEST_LEAP = 12
"""Semitones; a melodic step beyond an octave is a fault in any voice."""
STEP = 2
"""Semitones of the widest step: a foreign note reached or left by step is a passing note, a suspension, a neighbour, an
appoggiatura or an escape note; one in a hundred notes of 120 chorales by Bach is one of the last two."""
SMOOTH = 4
"""Semitones up to which a line may move into a crossing: Bach lets inner voices cross so, but does not leap across."""
SEVENTHS = (10, 11)
"""A seventh above the root belongs to a chord whether its symbol says so or not."""
CHOIR: dict[str, tuple[int, int]] = {"soprano": (58, 81), "alto": (52, 76), "tenor": (45, 70), "bass": (36, 66)}
"""Range of a voice by the name of its track: what 120 chorales by Bach ask for, and a step or two more."""
TOGETHER = 0.5
"""Share of onsets that at least half the voices have in common from which a texture counts as homophonic."""
SHARED_ONSETS = 1.05
"""Notes for each distinct onset up to which a track counts as a single line (as in `music.measure`)."""


class VoiceFault(NamedTuple):
    """A fault between or in voices: its kind, tick, and the voices (places in `Voices.tracks`), the moving one first."""

    kind: str
    tick: int
    voices: tuple[int, ...]


@dataclass(slots=True)
class Voice:
    """One line: note by note its onset, end and pitch (which repair may change), the index in its track.

    `low` and `high` are the range that it should keep, `floor` and `ceiling` where a repaired note may go: both inside
    that range and inside the instrument's.
    """

    name: str
    onset: list[int]
    end: list[int]
    pitch: list[int]
    index: list[int]
    low: int
    high: int
    floor: int
    ceiling: int
    at: dict[int, int] = field(default_factory=dict)

    def sounding(self, tick: int) -> int | None:
        """Place of the note that sounds at a tick, None in a rest."""
        i = bisect_right(self.onset, tick) - 1
        return i if i >= 0 and self.end[i] > tick else None


def is_line(track: Track) -> bool:
    """Whether a track is a single line that voice leading can be asked of."""
    return not track.is_drum and len(track) > 1 and len(track) <= SHARED_ONSETS * len(np.unique(track.notes["onset"]))


def range_of(track: Track) -> tuple[int, int]:
    """Lowest and highest pitch of a track: of its choir voice where it is named so, else of its instrument."""
    return CHOIR.get(track.name, usual_range(track.program))


class Voices:
    """The voices of a score from the highest to the lowest, with the harmony over them.

    Args:
      score: the piece.
      roles: names of the tracks that are voices, top first; None: all single-line tracks, by mean pitch.
      places: the tracks themselves by their places, top first, instead of roles.
    """

    def __init__(self, score: Score, roles: tuple[str, ...] | None = None, places: tuple[int, ...] | None = None) -> None:
        if places is None:
            found = [i for i, t in enumerate(score.tracks) if is_line(t) and (roles is None or t.name in roles)]
            heights = {i: float(score.tracks[i].notes["pitch"].mean()) for i in found}
            places = tuple(sorted(found, key=lambda i: roles.index(score.tracks[i].name) if roles else -heights[i]))
        self.tracks = places
        self.lines = [_voice(score.tracks[i], i) for i in places]
        self.key: Key | None = piece_key(score)
        self.home = home_classes(self.key) if self.key is not None else frozenset(range(12))
        self._chord_ticks = [mark.tick for mark in score.chords]
        self._chords = [mark.chord for mark in score.chords]
        self.strong = frozenset(strong_ticks(score))
        self.onsets = sorted({t for line in self.lines for t in line.onset})
        self.ordered = self._is_homophonic()

    def chord(self, tick: int) -> Chord | None:
        """The chord marked over a tick, None where there is none."""
        i = bisect_right(self._chord_ticks, tick) - 1
        return self._chords[i] if i >= 0 else None

    def _is_homophonic(self) -> bool:
        """Whether the voices move together enough for a crossing to be heard as one."""
        if len(self.lines) < 3 or not self.onsets:
            return False
        begun = [sum(t in line.at for line in self.lines) for t in self.onsets]
        return sum(2 * n >= len(self.lines) for n in begun) >= TOGETHER * len(begun)

    def window(self, first: int, last: int) -> list[int]:
        """Onsets of any voice from tick `first` to tick `last`, both included."""
        lo = bisect_right(self.onsets, first - 1)
        return self.onsets[lo : bisect_right(self.onsets, last)]

    def faults(self, ticks: Iterable[int] | None = None) -> list[VoiceFault]:
        """Faults that begin at the given ticks (None: all onsets), in order of time."""
        found: list[VoiceFault] = []
        for tick in self.onsets if ticks is None else ticks:
            begun = [(v, line.at[tick]) for v, line in enumerate(self.lines) if tick in line.at]
            found += [f for v, i in begun for f in self._alone(tick, v, i)]
            found += self._parallels(tick, begun)
            found += self._together(tick, {v for v, _ in begun})
        return found

    def _alone(self, tick: int, v: int, i: int) -> list[VoiceFault]:
        """Range, leaps and unprepared dissonances of the note that begins."""
        line, found = self.lines[v], []
        pitch = line.pitch[i]
        if not line.low <= pitch <= line.high:
            found.append(VoiceFault("range", tick, (v,)))
        before = line.pitch[i - 1] if i else None
        if before is not None and abs(pitch - before) > WIDEST_LEAP:
            found.append(VoiceFault("leap", tick, (v,)))
        if tick in self.strong and self._is_dissonance(tick, v, i):
            found.append(VoiceFault("dissonance", tick, (v,)))
        return found

    def _is_dissonance(self, tick: int, v: int, i: int) -> bool:
        """Whether a note is foreign to the chord marked and neither prepared nor resolved (if foreign to the key: not both)."""
        line, chord = self.lines[v], self.chord(tick)
        pitch = line.pitch[i]
        if chord is None or pitch % 12 in chord.pitch_classes or (pitch - chord.root) % 12 in SEVENTHS:
            return False
        prepared = i > 0 and abs(pitch - line.pitch[i - 1]) <= STEP
        resolved = i + 1 < len(line.pitch) and abs(line.pitch[i + 1] - pitch) <= STEP
        return not (prepared or resolved) if pitch % 12 in self.home else not (prepared and resolved)

    def _parallels(self, tick: int, begun: list[tuple[int, int]]) -> list[VoiceFault]:
        """Parallel fifths and octaves into this tick, as `music.measure.parallels` counts them."""
        found = []
        for (v, i), (w, j) in combinations(begun, 2):
            one, two = self.lines[v], self.lines[w]
            if not i or not j or one.end[i - 1] < tick or two.end[j - 1] < tick:
                continue
            a, b, c, d = one.pitch[i - 1], two.pitch[j - 1], one.pitch[i], two.pitch[j]
            gap = abs(a - b) % 12
            if (c - a) * (d - b) > 0 and (a == b) == (c == d) and gap == abs(c - d) % 12 and gap in (0, 7):
                found.append(VoiceFault("parallel octaves" if gap == 0 else "parallel fifths", tick, (v, w)))
        return found

    def _together(self, tick: int, begun: set[int]) -> list[VoiceFault]:
        """Crossings of neighbours and doubled leading tones in which a note that begins takes part."""
        found: list[VoiceFault] = []
        sounding = [line.sounding(tick) for line in self.lines]
        for v in range(len(self.lines) - 1) if self.ordered else ():
            i, j = sounding[v], sounding[v + 1]
            if i is None or j is None or not begun & {v, v + 1}:
                continue
            if self.lines[v].pitch[i] < self.lines[v + 1].pitch[j] and self._leapt(tick, (v, i), (v + 1, j)):
                found.append(VoiceFault("crossing", tick, (v, v + 1)))
        leading = self._leading_tone(tick)
        if leading is not None:
            have = tuple(v for v, i in enumerate(sounding) if i is not None and self.lines[v].pitch[i] % 12 == leading)
            if len(have) > 1 and begun & set(have):
                found.append(VoiceFault("doubled leading tone", tick, have))
        return found

    def _leapt(self, tick: int, *places: tuple[int, int]) -> bool:
        """Whether one of these notes begins at the tick with a leap, or is its voice's first."""
        for v, i in places:
            line = self.lines[v]
            if line.onset[i] == tick and (i == 0 or abs(line.pitch[i] - line.pitch[i - 1]) > SMOOTH):
                return True
        return False

    def _leading_tone(self, tick: int) -> int | None:
        """The leading tone where the chord over a tick is a dominant that holds it."""
        chord = self.chord(tick)
        if self.key is None or chord is None:
            return None
        leading = (self.key.tonic + 11) % 12
        dominant = (chord.root - self.key.tonic) % 12 in (7, 11)
        return leading if dominant and leading in chord.pitch_classes else None


def _voice(track: Track, place: int) -> Voice:
    """A track as a voice; of notes that begin together the lowest is left to itself."""
    kept: dict[int, int] = {}
    for i, onset in enumerate(track.notes["onset"].tolist()):
        kept[onset] = i
    index = list(kept.values())
    low, high = range_of(track)
    least, most = usual_range(track.program)
    floor, ceiling = (max(low, least), min(high, most)) if max(low, least) < min(high, most) else (low, high)
    onset = list(kept)
    ends = note_ends(track.notes)[index].tolist()
    pitch = track.notes["pitch"][index].tolist()
    name = track.name or f"track {place + 1}"
    return Voice(name, onset, ends, pitch, index, low, high, floor, ceiling, {t: n for n, t in enumerate(onset)})
