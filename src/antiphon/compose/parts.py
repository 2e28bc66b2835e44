"""Voice separation: chords and figuration dealt to monophonic players, each following the nearest line in its register."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

from antiphon.compose.ensembles import Instrument
from antiphon.compose.texture import groups
from antiphon.music.score import NoteArray, notes_array

REGISTER, STRIDE, OCTAVE, CROSS, CUT, LATE = 0.22, 0.07, 0.9, 1.2, 2.2, 2.5
"""Costs: a semitone outside the easy register, a semitone away from the player's last note, an octave's displacement,
sounding above the player above (or below the one below), a beat cut off the player's own last note, or off the new one."""
DROP, DROP_DOUBLED = 6.0, 1.4
"""What it costs to leave out a note whose pitch class nobody else sounds, and one that is doubled."""


@dataclass(slots=True)
class Line:
    """A monophonic player at work: its range, its own line that nothing may disturb, and the notes it is dealt."""

    can: Instrument
    own: NoteArray
    dealt: list[list[int]] = field(default_factory=list)
    own_onsets: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.own_onsets = self.own["onset"].tolist()

    def last_pitch(self) -> int | None:
        """Pitch of the note dealt last."""
        return self.dealt[-1][2] if self.dealt else None

    def room(self, onset: int, duration: int) -> int:
        """Ticks for which a note that begins now can sound before or beside the player's own line; 0 for none."""
        i = bisect_left(self.own_onsets, onset + 1) - 1
        if i >= 0 and self.own_onsets[i] + int(self.own["duration"][i]) > onset:
            return 0
        until = self.own_onsets[i + 1] if i + 1 < len(self.own_onsets) else onset + duration
        return min(duration, until - onset)

    def sounding(self, tick: int) -> int | None:
        """Pitch that the player sounds at a tick, dealt or own."""
        if self.dealt and self.dealt[-1][0] + self.dealt[-1][1] > tick:
            return self.dealt[-1][2]
        i = bisect_left(self.own_onsets, tick + 1) - 1
        if i >= 0 and self.own_onsets[i] + int(self.own["duration"][i]) > tick:
            return int(self.own["pitch"][i])
        return None


def deal(notes: NoteArray, lines: list[Line], resolution: int, step: int) -> int:
    """Deal notes to players, group by group, by the cheapest matching that does not cross (dynamic programming).

    Args:
      notes: what is to be dealt, sorted by onset.
      lines: the players from the highest to the lowest; each `dealt` is filled with [onset, duration, pitch, velocity].
      resolution: ticks a beat; step: ticks within which notes begin together.

    Returns:
      how many notes nobody plays.
    """
    dropped = 0
    for group in groups(notes, step):
        rows = sorted((notes[i].tolist() for i in group), key=lambda row: -row[2])
        dropped += _deal_group(_distinct(rows), lines, resolution)
    return dropped


def _distinct(rows: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Notes struck together, one of each pitch."""
    seen: dict[int, tuple[int, int, int, int]] = {}
    for row in rows:
        if row[2] not in seen or row[1] > seen[row[2]][1]:
            seen[row[2]] = row
    return list(seen.values())


def _deal_group(rows: list[tuple[int, int, int, int]], lines: list[Line], resolution: int) -> int:
    """Match notes (highest first) with players (highest first) in order; a note or a player may stay alone."""
    now = rows[0][0]
    heard = [line.sounding(now) for line in lines]
    classes = {p % 12 for p in heard if p is not None}
    k, n = len(rows), len(lines)
    best = np.full((k + 1, n + 1), np.inf)
    best[0, :] = 0.0
    choice: dict[tuple[int, int], tuple[str, int]] = {}
    for i in range(1, k + 1):
        row = rows[i - 1]
        doubled = row[2] % 12 in classes or any(r is not row and r[2] % 12 == row[2] % 12 for r in rows)
        drop = (DROP_DOUBLED if doubled else DROP) * (0.5 + min(2.0, row[1] / resolution))
        for j in range(n + 1):
            best[i, j] = best[i - 1, j] + drop
            choice[i, j] = ("drop", 0)
            if j == 0:
                continue
            if best[i, j - 1] < best[i, j]:
                best[i, j], choice[i, j] = best[i, j - 1], ("skip", 0)
            price, pitch = _price(row, lines, j - 1, heard, resolution)
            if best[i - 1, j - 1] + price < best[i, j]:
                best[i, j], choice[i, j] = best[i - 1, j - 1] + price, ("take", pitch)
    i, j, left = k, n, 0
    while i > 0:
        kind, pitch = choice[i, j]
        if kind == "skip":
            j -= 1
            continue
        if kind == "take":
            _take(lines[j - 1], rows[i - 1], pitch)
            j -= 1
        else:
            left += 1
        i -= 1
    return left


def _price(
    row: tuple[int, int, int, int], lines: list[Line], j: int, heard: list[int | None], resolution: int
) -> tuple[float, int]:
    """What it costs player j to play the note in its best octave, and the pitch; infinite where the player is not free."""
    onset, duration, written, _ = row
    line = lines[j]
    room = line.room(onset, duration)
    if room == 0:
        return float("inf"), written
    price = LATE * (duration - room) / resolution
    if line.dealt and line.dealt[-1][0] == onset:
        return float("inf"), written
    if line.dealt:
        price += CUT * min(1.0, max(0, line.dealt[-1][0] + line.dealt[-1][1] - onset) / resolution)
    above = next((p for p in reversed(heard[:j]) if p is not None), 128)
    below = next((p for p in heard[j + 1 :] if p is not None), -1)
    last = line.last_pitch()
    options = []
    for pitch in range(written % 12, 128, 12):
        if not line.can.low <= pitch <= line.can.high or abs(pitch - written) > 24:
            continue
        cost = OCTAVE * abs(pitch - written) / 12
        cost += REGISTER * (max(0, line.can.easy_low - pitch) + max(0, pitch - line.can.easy_high))
        cost += STRIDE * abs(pitch - last) if last is not None else 0.0
        cost += CROSS * ((pitch > above) + (pitch < below))
        options.append((cost, pitch))
    if not options:
        return float("inf"), written
    cost, pitch = min(options)
    return price + cost, pitch


def _take(line: Line, row: tuple[int, int, int, int], pitch: int) -> None:
    onset, duration, _, velocity = row
    if line.dealt:
        line.dealt[-1][1] = min(line.dealt[-1][1], onset - line.dealt[-1][0])
    line.dealt.append([onset, line.room(onset, duration), pitch, velocity])


def joined(line: Line) -> NoteArray:
    """The player's own line and what it was dealt."""
    dealt = notes_array([tuple(row) for row in line.dealt])
    return notes_array(np.concatenate([line.own, dealt]))
