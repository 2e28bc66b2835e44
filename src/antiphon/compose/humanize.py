"""Humanise: loudness, timing, articulation, pedal and tempo as players have them, added to any score by measure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from antiphon.compose.feel import choose_feel, deviations, roles_of, swings
from antiphon.compose.fixed import BoolArray, Fixed, fixed_notes, note_ends
from antiphon.compose.pedal import with_pedals
from antiphon.compose.rubato import rubato
from antiphon.errors import BriefError
from antiphon.music.beats import bar_starts
from antiphon.music.score import NoteArray, Score, Track, notes_array

IntArray = npt.NDArray[np.int64]

LIMIT_MS = 50.0
"""Farthest that feel moves an onset; swing moves it by a sixth of a beat at most."""
MOST = 2.0
GAP = 0.45
"""Share of the way to the next onset of its track that a note may go; two that both go so far still do not meet."""
FINEST = 24
"""Steps a quarter note of the grid on which a track counts as not played: thirty-seconds and triplet sixteenths."""
FULL_PEDAL = 0.25
"""Amount from which on pedals are added: a pedal is down or up."""
REPEAT_GAP, LEAP_GAP, REST_GAP = 0.14, 0.06, 0.04
"""Shares by which a note is shortened before its own pitch again, before a leap beyond a fourth, and before a rest."""
LEAP = 5
TRIPLET = 0.06
"""Distance from a third of a beat, in beats, within which an onset makes the beat one in triplets, which does not swing."""


def humanize(
    score: Score,
    *,
    amount: float = 1.0,
    seed: int = 0,
    feel: str = "auto",
    swing: float = 0.0,
    fixed: Fixed | None = None,
) -> Score:
    """The piece as people would play it: no note changes its pitch or its order within its track.

    What a player adds is drawn from tables learnt of played music (`compose.feel`); a track that already is played, by
    its velocities or its timing, gets less of it, down to nothing. Onsets move by at most LIMIT_MS, and by swing; notes
    that begin together in a track may be struck a little apart. Bars, length and the seconds of the whole stay.

    Args:
      score: any piece.
      amount: 0 changes nothing, 1 is as played, up to 2.
      seed: the same seed, the same performance.
      feel: a name in `compose.feel.FEELS`.
      swing: 0 straight to 1 triplets: where the second of two eighths falls; beats that hold triplets stay.
      fixed: notes, and the tempo, that stay exactly as they are.

    Raises:
      BriefError: amount or swing is out of its limits, or there is no such feel.
      InputError: `fixed` does not fit the piece.
    """
    if not (math.isfinite(amount) and 0 <= amount <= MOST):
        raise BriefError(f"The amount must be 0 to {MOST:g}, not {amount:g}.")
    if not (math.isfinite(swing) and 0 <= swing <= 1):
        raise BriefError(f"The swing must be 0 to 1, not {swing:g}.")
    chosen = choose_feel(score, feel)
    masks = fixed_notes(score, fixed)
    if amount == 0 and swing == 0:
        return score
    piece = replace(score, length=score.end)
    roles = roles_of(score)
    straight = _straight_beats(score)
    tracks = []
    for i, (track, role, mask) in enumerate(zip(score.tracks, roles, masks, strict=True)):
        swung = _swung(score, track, swing, mask, straight) if swing else track.notes
        rng = np.random.default_rng([seed % 2**63, i])
        notes = _played(piece, track, swung, role, chosen, amount, mask, rng) if amount else swung
        tracks.append(replace(track, notes=notes_array(_capped(notes, track.notes, mask))))
    piece = piece.with_tracks(tracks)
    if amount >= FULL_PEDAL and chosen in ("pop", "classical", "band", "soul"):
        piece = with_pedals(piece, score, masks)
    if amount and chosen == "classical" and not (fixed is not None and fixed.tempo):
        piece = rubato(piece, amount)
    return piece


def shaded(score: Score, seed: int = 0, spared: float = math.inf, amount: float = 1.0) -> Score:
    """The piece with each track as loud on average as it is, and as uneven as players of its role are; nothing else changes.

    For models that write no loudness of their own: what little their tracks have is taken out. Tracks whose velocities
    stray by `spared` or more (standard deviation) have one, and stay. An `amount` below 1 makes players more even.
    """
    feel, roles = choose_feel(score, "auto"), roles_of(score)
    tracks = []
    for i, (track, role) in enumerate(zip(score.tracks, roles, strict=True)):
        notes = track.notes.copy()
        if len(track) and float(notes["velocity"].std()) < spared:
            loud = deviations(score, track, role, feel, np.random.default_rng([seed % 2**63, i])).loud
            notes["velocity"] = np.clip(np.rint(track.notes["velocity"].mean() + amount * (loud - loud.mean())), 1, 127)
        tracks.append(replace(track, notes=notes))
    return score.with_tracks(tracks)


def limit_ticks(score: Score, tick: int, swing: float = 0.0) -> int:
    """Farthest that an onset at this tick may be moved, in ticks."""
    return round(LIMIT_MS * float(_ticks_a_millisecond(score, [tick])[0])) + math.ceil(swing * score.resolution / 6)


def _ticks_a_millisecond(score: Score, ticks: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How many ticks a millisecond has at each of some ticks."""
    marks = np.array([t.tick for t in score.tempos])
    pace = np.array([score.resolution * 1e3 / t.mspq for t in score.tempos])
    return np.asarray(pace[np.searchsorted(marks, np.asarray(ticks), side="right") - 1])


def _straight_beats(score: Score) -> set[int]:
    """Ticks of the quarter beats that swing: in meters of halves and quarters, without an onset on a third of the beat."""
    beats: set[int] = set()
    starts = bar_starts(score)
    for start, end in zip(starts, [*starts[1:], score.end], strict=True):
        if swings(score, start):
            beats |= set(range(start, end - score.resolution + 1, score.resolution))
    bars = np.array(starts or [0])
    for track in score.tracks:
        onset = np.unique(track.notes["onset"]).astype(np.int64)
        bar = bars[np.searchsorted(bars, onset, side="right") - 1]
        part = (onset - bar) % score.resolution / score.resolution
        third = (np.abs(part - 1 / 3) < TRIPLET) | (np.abs(part - 2 / 3) < TRIPLET)
        beats -= set((onset - (onset - bar) % score.resolution)[third].tolist())
    return beats


def _swung(score: Score, track: Track, swing: float, mask: BoolArray, straight: set[int]) -> NoteArray:
    """The notes, in their order, with the second halves of beats later and shorter; beats that hold a fixed note stay."""
    bars = np.array(bar_starts(score) or [0])

    def beat_of(ticks: IntArray) -> IntArray:
        bar = bars[np.searchsorted(bars, ticks, side="right") - 1]
        return np.asarray(ticks - (ticks - bar) % score.resolution)

    onset = track.notes["onset"].astype(np.int64)
    held = set(beat_of(onset[mask]).tolist())
    free = straight - held
    ratio = 0.5 + swing / 6

    def warped(ticks: IntArray) -> IntArray:
        beat = beat_of(ticks)
        part = (ticks - beat) / score.resolution
        moved = np.where(part <= 0.5, part * 2 * ratio, ratio + (part - 0.5) * 2 * (1 - ratio))
        may = np.array([b in free for b in beat.tolist()], dtype=bool)
        return np.asarray(np.where(may, beat + np.rint(moved * score.resolution).astype(np.int64), ticks))

    notes = track.notes.copy()
    begun, ended = warped(onset), warped(note_ends(track.notes))
    notes["onset"] = np.where(mask, onset, begun)
    notes["duration"] = np.where(mask, notes["duration"], np.maximum(1, ended - begun))
    return notes


def _capped(notes: NoteArray, before: NoteArray, mask: BoolArray) -> NoteArray:
    """Notes in which none sounds into its own pitch that did not before."""
    out = notes.copy()
    by_pitch = np.lexsort((before["onset"], before["pitch"]))
    for a, b in zip(by_pitch[:-1].tolist(), by_pitch[1:].tolist(), strict=True):
        apart = before["pitch"][a] == before["pitch"][b] and before["onset"][a] + before["duration"][a] <= before["onset"][b]
        if apart and not mask[a]:
            out["duration"][a] = max(1, min(int(out["duration"][a]), int(out["onset"][b]) - int(out["onset"][a])))
    return out


def _played(
    score: Score,
    track: Track,
    swung: NoteArray,
    role: str,
    feel: str,
    amount: float,
    mask: BoolArray,
    rng: np.random.Generator,
) -> NoteArray:
    """The swung notes of a track, in their order, with a player's deviations, as far as the track has none of its own."""
    if len(track) == 0 or mask.all():
        return swung
    found = deviations(score, track, role, feel, rng)
    notes = swung.copy()
    loud = amount * _room_for_accents(track, found.loud) * (found.loud - found.loud.mean())
    velocity = np.clip(np.rint(track.notes["velocity"] + loud), 1, 127)
    notes["velocity"] = np.where(mask, notes["velocity"], velocity)
    pace = _ticks_a_millisecond(score, track.notes["onset"])
    wished = amount * _room_for_timing(score, track) * (found.shared_ms + found.own_ms)
    end = score.end
    onset = _in_order(swung, np.clip(wished, -LIMIT_MS, LIMIT_MS) * pace, mask, end)
    notes["onset"] = onset
    if role != "drums":
        notes["duration"] = _articulated(swung, onset, mask, min(1.0, amount), end)
    else:
        until = np.minimum(onset + swung["duration"], np.maximum(end, onset + 1))
        notes["duration"] = np.where(mask, notes["duration"], until - onset)
    return notes


def _room_for_accents(track: Track, loud: npt.NDArray[np.float64]) -> float:
    """1 for a track of one velocity, less the more accents it has, 0 where they are as wide as a player's."""
    own, usual = float(np.std(track.notes["velocity"])), float(np.std(loud))
    return max(0.0, 1 - own / usual) if usual > 0 else 0.0


def _room_for_timing(score: Score, track: Track) -> float:
    """1 for a track on the grid, 0 for one whose onsets lie anywhere between its lines."""
    place = track.notes["onset"].astype(np.float64) * FINEST / score.resolution
    off = float(np.sqrt(np.mean((place - np.rint(place)) ** 2)))
    anywhere = 1 / math.sqrt(12)
    rounding = 0.5 * FINEST / score.resolution
    return float(np.clip(1 - 2 * max(0.0, off - rounding) / anywhere, 0, 1))


def _in_order(notes: NoteArray, late: npt.NDArray[np.float64], mask: BoolArray, end: int) -> IntArray:
    """New onsets: moved as wished, but never to or past a neighbouring onset, nor before a fixed note has ended."""
    onset = notes["onset"].astype(np.int64)
    begun, group = np.unique(onset, return_inverse=True)
    before = np.diff(begun, prepend=0)
    after = np.diff(begun, append=max(end, int(begun[-1]) + 1))
    least = -np.floor(GAP * before).astype(np.int64)
    most = np.floor(GAP * after).astype(np.int64)
    least[0] = -int(begun[0])
    closing = _fixed_ends(notes, begun, mask)
    least = np.maximum(least, closing - begun)
    shift = np.clip(np.rint(late).astype(np.int64), np.minimum(least, 0)[group], np.maximum(most, 0)[group])
    return np.asarray(np.where(mask, onset, np.maximum(0, onset + shift)))


def _fixed_ends(notes: NoteArray, begun: IntArray, mask: BoolArray) -> IntArray:
    """For each onset the latest end, at or before it, of a fixed note: none may be run into."""
    ends = np.sort(note_ends(notes)[mask])
    place = np.searchsorted(ends, begun, side="right") - 1
    return np.asarray(np.where(place >= 0, ends[np.maximum(place, 0)], -1)) if len(ends) else np.full(len(begun), -1)


def _articulated(notes: NoteArray, onset: IntArray, mask: BoolArray, amount: float, end: int) -> IntArray:
    """New lengths: notes that touched still touch, but for a breath before repeated notes, leaps and rests."""
    begun, group = np.unique(notes["onset"].astype(np.int64), return_inverse=True)
    count = len(begun)
    close = max(end, int(onset.max()) + 1)
    first = np.full(count + 1, close, dtype=np.int64)
    np.minimum.at(first[:count], group, onset)
    highest = np.full(count, -1, dtype=np.int64)
    np.maximum.at(highest, group, notes["pitch"].astype(np.int64))
    pitches = _by_group(notes, group, count)
    ends = note_ends(notes)
    after = np.searchsorted(begun, ends, side="left")
    out = notes["duration"].astype(np.int64).copy()
    for i in np.flatnonzero(~mask).tolist():
        g, nxt, length = int(group[i]), int(after[i]), int(out[i])
        if nxt < count and int(begun[nxt]) == int(ends[i]):
            share = REPEAT_GAP if int(notes["pitch"][i]) in pitches[nxt] else 0.0
            if len(pitches[g]) == 1 and abs(int(highest[nxt]) - int(highest[g])) > LEAP:
                share = max(share, LEAP_GAP)
            until = int(first[nxt])
        else:
            share = REST_GAP
            until = min(int(onset[i]) + length, int(first[nxt]))
        out[i] = max(1, min(until - round(amount * share * length), close) - int(onset[i]))
    return out


def _by_group(notes: NoteArray, group: IntArray, count: int) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in range(count)]
    for g, pitch in zip(group.tolist(), notes["pitch"].tolist(), strict=True):
        found[g].add(pitch)
    return found
