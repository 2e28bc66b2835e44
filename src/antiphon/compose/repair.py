"""Voice-leading repair: the fewest notes moved so that parallels, crossings, leaps and clashes with the chords go away."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from antiphon.compose.fixed import BoolArray, Fixed, fixed_notes
from antiphon.compose.voices import Voice, VoiceFault, Voices
from antiphon.errors import InputError
from antiphon.music.beats import bar_starts
from antiphon.music.harmony import FLAT_NAMES, SHARP_NAMES
from antiphon.music.measure import faults as score_faults
from antiphon.music.score import NoteArray, Score, notes_array

REACH = 9
"""Semitones a note may be moved, and an octave exactly."""
PASSES = 4
FEW = 5
"""Best single moves of each note that are tried in pairs where no single move helps."""
SPARED = ("crossing", "doubled leading tone")
"""Faults that never cost the melody a note: another voice gives way."""
COSTS = {"top": 3.0, "bottom": 1.5, "inner": 0.0, "semitone": 0.15, "leap": 0.12, "third": 3.0, "unison": 0.6}
"""What a move costs beside the faults that it mends: moving outer voices, distance, wider leaps than before, taking the only
third out of a chord, a new unison. No fault is mended at the price of another; these choose among moves that mend alike."""


class Change(NamedTuple):
    """One note moved: voice, place in the voice, pitch before and after, the fault that it mends."""

    voice: int
    place: int
    before: int
    after: int
    fault: VoiceFault


Move = tuple[tuple[int, int, int], ...]
"""(voice, place, new pitch) of one or two notes."""


def repair(score: Score, fixed: Fixed | None = None, roles: tuple[str, ...] | None = None) -> tuple[Score, list[str]]:
    """The piece with its voice leading mended by moving as few notes as possible, and a sentence for each note moved.

    Local search: each fault is mended by the cheapest move of one note, else of two, among the tones of the chord in
    force, if it leaves fewer faults than before around it. Onsets, lengths, velocities, and all tracks that are no
    single lines stay as they are; fixed notes never move. Neither the voice-leading faults (`voice_faults`, the voices in
    the order that they had) nor those of `music.measure.faults` ever become more.

    Args:
      score: a piece with at least two single-line tracks; others come back unchanged.
      fixed: what may not be touched.
      roles: names of the tracks that are voices, from top to bottom; None: all single-line tracks by mean pitch.

    Raises:
      InputError: a role or a fixed track is not in the piece.
    """
    for name in roles or ():
        if name not in [track.name for track in score.tracks]:
            raise InputError(f"There is no track {name!r} to repair; the piece has {', '.join(t.name for t in score.tracks)}.")
    masks = fixed_notes(score, fixed)
    voices = Voices(score, roles)
    if len(voices.lines) < 2:
        return score, []
    search = _Search(voices, [masks[place] for place in voices.tracks])
    changes = search.run()
    changes, mended = _guarded(score, voices, changes)
    return mended, [_sentence(score, voices, change) for change in changes]


def voice_faults(score: Score, roles: tuple[str, ...] | None = None) -> Counter[str]:
    """How many faults of each kind the single-line voices have: what `repair` mends."""
    return Counter(fault.kind for fault in Voices(score, roles).faults())


class _Search:
    """Faults one by one, each mended by the best move around it."""

    def __init__(self, voices: Voices, masks: list[BoolArray]) -> None:
        self.voices = voices
        self.free = [[not mask[i] for i in line.index] for line, mask in zip(voices.lines, masks, strict=True)]
        self.changes: list[Change] = []

    def run(self) -> list[Change]:
        """Mend until a pass mends nothing; changes in order of time, one for each note that ends elsewhere."""
        for _ in range(PASSES):
            before = len(self.changes)
            for fault in self.voices.faults():
                if fault in self.voices.faults([fault.tick]):
                    self._mend(fault)
            if len(self.changes) == before:
                break
        return _summed(self.changes)

    def _mend(self, fault: VoiceFault) -> None:
        targets = self._targets(fault)
        singles: list[Move] = [((v, i, pitch),) for v, i in targets for pitch in self._candidates(v, i)]
        best = self._best(singles, fault)
        if best is None and len(targets) > 1:
            best = self._best(self._pairs(targets), fault)
        for v, i, pitch in best or ():
            line = self.voices.lines[v]
            self.changes.append(Change(v, i, line.pitch[i], pitch, fault))
            line.pitch[i] = pitch

    def _targets(self, fault: VoiceFault) -> list[tuple[int, int]]:
        """Free notes whose move may mend the fault: those that sound in it, and those before."""
        found: list[tuple[int, int]] = []
        for v in fault.voices:
            i = self.voices.lines[v].sounding(fault.tick)
            if i is None or (v == 0 and fault.kind in SPARED and self.voices.ordered):
                continue
            before = [(v, i - 1)] if i and fault.kind not in ("range", "crossing", "doubled leading tone") else []
            found += [(w, j) for w, j in [(v, i), *before] if self.free[w][j]]
        return found

    def _candidates(self, v: int, i: int) -> list[int]:
        """Pitches that the note may move to: tones of its chord (else what others sound) in range and in the key."""
        line = self.voices.lines[v]
        now, tick = line.pitch[i], line.onset[i]
        chord = self.voices.chord(tick)
        classes = set(chord.pitch_classes) if chord is not None else self._heard(tick)
        classes = (classes & self.voices.home or classes) | {now % 12}
        return [
            p
            for p in range(max(line.floor, now - 12), min(line.ceiling, now + 12) + 1)
            if p != now and p % 12 in classes and (abs(p - now) <= REACH or abs(p - now) == 12)
        ]

    def _heard(self, tick: int) -> set[int]:
        places = [(line, line.sounding(tick)) for line in self.voices.lines]
        return {line.pitch[i] % 12 for line, i in places if i is not None}

    def _pairs(self, targets: list[tuple[int, int]]) -> list[Move]:
        """Two notes moved at once, each to one of its nearest candidates."""
        near = [
            [(v, i, p) for p in sorted(self._candidates(v, i), key=lambda p: abs(p - self.voices.lines[v].pitch[i]))[:FEW]]
            for v, i in targets
        ]
        return [(a, b) for n, first in enumerate(near) for second in near[n + 1 :] for a, b in product(first, second)]

    def _best(self, moves: list[Move], fault: VoiceFault) -> Move | None:
        """The move that leaves the fewest faults, the cheapest of those; None if none leaves fewer and mends this one."""
        best: tuple[int, float] | None = None
        chosen: Move | None = None
        for move in moves:
            ticks = self._around(move)
            before = len(self.voices.faults(ticks))
            price = self._price(move)
            self._put(move)
            after = self.voices.faults(ticks)
            price += self._penalty(move)
            self._put(self._undo)
            gain = len(after) - before
            if gain < 0 and fault not in after and (best is None or (gain, price) < best):
                best, chosen = (gain, price), move
        return chosen

    def _put(self, move: Move) -> None:
        self._undo: Move = tuple((v, i, self.voices.lines[v].pitch[i]) for v, i, _ in move)
        for v, i, pitch in move:
            self.voices.lines[v].pitch[i] = pitch

    def _around(self, move: Move) -> list[int]:
        """Onsets at which a fault may come or go with these notes."""
        ticks: set[int] = set()
        for v, i, _ in move:
            line = self.voices.lines[v]
            first = line.onset[max(0, i - 1)]
            last = line.onset[i + 1] if i + 1 < len(line.onset) else line.end[i]
            ticks |= set(self.voices.window(first, last))
        return sorted(ticks)

    def _price(self, move: Move) -> float:
        """What the move costs, less its penalties afterwards: outer voices, distance, and the state before it."""
        total = 0.0
        for v, i, pitch in move:
            place = "top" if v == 0 else "bottom" if v == len(self.voices.lines) - 1 else "inner"
            total += COSTS[place] + COSTS["semitone"] * abs(pitch - self.voices.lines[v].pitch[i])
        return total - self._penalty(move)

    def _penalty(self, move: Move) -> float:
        """Roughness around the notes as they stand: leaps, chords without their third, unisons."""
        total = 0.0
        for v, i, _ in move:
            line = self.voices.lines[v]
            near = [line.pitch[j] for j in (i - 1, i + 1) if 0 <= j < len(line.pitch)]
            total += COSTS["leap"] * sum(max(0, abs(line.pitch[i] - p) - 2) for p in near)
            tick = line.onset[i]
            chord = self.voices.chord(tick)
            heard = self._heard(tick)
            if chord is not None and not {(chord.root + 3) % 12, (chord.root + 4) % 12} & heard & set(chord.pitch_classes):
                total += COSTS["third"]
            sounding = [(w, other.sounding(tick)) for w, other in enumerate(self.voices.lines) if w != v]
            total += COSTS["unison"] * sum(
                j is not None and self.voices.lines[w].pitch[j] == line.pitch[i] for w, j in sounding
            )
        return total


def _summed(changes: list[Change]) -> list[Change]:
    """One change a note: from where it was at first to where it is at last; none for a note that came back."""
    first: dict[tuple[int, int], Change] = {}
    for change in changes:
        known = first.get((change.voice, change.place))
        first[change.voice, change.place] = change if known is None else known._replace(after=change.after)
    moved = [c for c in first.values() if c.before != c.after]
    return sorted(moved, key=lambda c: (c.fault.tick, c.voice, c.place))


def _guarded(score: Score, voices: Voices, changes: list[Change]) -> tuple[list[Change], Score]:
    """The changes and the piece they make; nothing is changed where the piece would have more faults than before.

    The search never adds a fault of its own kinds, but chords that are recognised, not marked, may be heard otherwise
    afterwards: then the later half of the changes is taken back until the count is no higher.
    """
    kept = changes
    before, own = len(score_faults(score)), len(Voices(score, places=voices.tracks).faults())
    while kept:
        mended = _apply(score, voices, kept)
        if len(score_faults(mended)) <= before and len(Voices(mended, places=voices.tracks).faults()) <= own:
            return kept, mended
        kept = kept[: len(kept) // 2]
    return [], score


def _apply(score: Score, voices: Voices, changes: list[Change]) -> Score:
    pitches: dict[int, NoteArray] = {}
    for change in changes:
        place = voices.tracks[change.voice]
        notes = pitches.setdefault(place, score.tracks[place].notes.copy())
        notes["pitch"][voices.lines[change.voice].index[change.place]] = change.after
    return score.with_tracks(
        replace(track, notes=notes_array(pitches[i])) if i in pitches else track for i, track in enumerate(score.tracks)
    )


def _sentence(score: Score, voices: Voices, change: Change) -> str:
    line: Voice = voices.lines[change.voice]
    names = FLAT_NAMES if voices.key is not None and voices.key.fifths < 0 else SHARP_NAMES
    before, after = (f"{names[p % 12]}{p // 12 - 1}" for p in (change.before, change.after))
    bar = max(1, bisect_right(bar_starts(score), line.onset[change.place]))
    others = [voices.lines[v].name for v in change.fault.voices if v != change.voice]
    reason = change.fault.kind + (f" with {' and '.join(others)}" if others else "")
    return f"Bar {bar}: {line.name} {before} became {after} ({reason})."
