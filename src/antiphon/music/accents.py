"""Where notes stand: slot in the bar, drum of the kit, place in chord and phrase; what playing louder or earlier hangs on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.score import NoteArray, Score

SLOTS = 16
"""Slots of a bar: sixteenths of 4/4; other meters are laid onto them by the weight of their beats."""
PHRASE_BARS = 4

KIT = ("kick", "snare", "stick", "hat", "open hat", "foot hat", "tom", "ride", "crash", "other")
"""Drums as a player feels them."""
_DRUMS = {
    "kick": (35, 36), "snare": (38, 40), "stick": (37, 39), "hat": (42, 22), "open hat": (46, 26), "foot hat": (44,),
    "tom": (41, 43, 45, 47, 48, 50, 58), "ride": (51, 53, 59), "crash": (49, 52, 55, 57),
}  # fmt: skip
_KIT_OF = {pitch: KIT.index(name) for name, pitches in _DRUMS.items() for pitch in pitches}

FEATURES = ("height", "top", "bottom", "length", "arch", "thick")
"""What a pitched note's loudness hangs on beside its slot: octaves above the track's mean; being the highest, the lowest
of a chord; octaves of length above a quarter note; nearness to the middle of its four bars (0 to 1); octaves of notes
struck at once."""


def kit_classes(pitches: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """Place in KIT of each drum pitch."""
    other = KIT.index("other")
    return np.array([_KIT_OF.get(int(p), other) for p in pitches], dtype=np.int64)


def slots(score: Score, onsets: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Nearest slot of the bar of each onset, and how many sixteenths (of its beat's quarter) the onset lies after it.

    In 4/4 these are the sixteenths 0 to 15. In other meters a beat takes the slots of the beat of 4/4 that weighs as much:
    the first is 0, the middle of an even bar 8, other beats 4 or 12; a beat of 6/8 and its kin is three eighths long.
    An onset that is nearest to the next bar line has slot 0.
    """
    at = np.asarray(onsets, dtype=np.int64)
    starts = np.array(bar_starts(score, max(score.end, int(at.max()) + 1 if len(at) else 1)), dtype=np.int64)
    bar = np.searchsorted(starts, at, side="right") - 1
    slot = np.zeros(len(at), dtype=np.int64)
    off = np.zeros(len(at), dtype=np.float64)
    for b in np.unique(bar).tolist():
        inside = bar == b
        meter = meter_at(score, int(starts[b]))
        beat = score.resolution * 4 / meter.denominator
        beats = float(meter.numerator)
        if meter.denominator >= 8:
            parts = 3 if meter.numerator % 3 == 0 else 2
            beat, beats = beat * parts, beats / parts
        place = (at[inside] - starts[b]) / beat
        nearest = np.rint(place * 4)
        whole = (nearest // 4).astype(np.int64)
        slot[inside] = _beat_slot(whole, beats) + (nearest % 4).astype(np.int64)
        off[inside] = place * 4 - nearest
    return slot, off


def _beat_slot(beat: npt.NDArray[np.int64], beats: float) -> npt.NDArray[np.int64]:
    """First slot of each beat of a bar of so many beats."""
    if beats == 4:
        return np.asarray((beat % 4) * 4)
    table = np.where(beat % 2 == 1, 4, 12)
    table = np.where(beat == beats / 2, 8, table)
    return np.asarray(np.where((beat == 0) | (beat >= beats), 0, table))


def pitched_features(score: Score, notes: NoteArray) -> npt.NDArray[np.float64]:
    """FEATURES of each note of a pitched track: [notes, len(FEATURES)]."""
    table = np.zeros((len(notes), len(FEATURES)))
    if len(notes) == 0:
        return table
    onset = notes["onset"].astype(np.int64)
    pitch = notes["pitch"].astype(np.float64)
    table[:, 0] = np.clip((pitch - pitch.mean()) / 12, -2, 2)
    begun, group, count = np.unique(onset, return_inverse=True, return_counts=True)
    highest = np.full(len(begun), -1.0)
    np.maximum.at(highest, group, pitch)
    lowest = np.full(len(begun), 128.0)
    np.minimum.at(lowest, group, pitch)
    several = count[group] > 1
    table[:, 1] = several & (pitch == highest[group])
    table[:, 2] = several & (pitch == lowest[group])
    table[:, 3] = np.clip(np.log2(np.maximum(notes["duration"], 1) / score.resolution), -3, 2)
    table[:, 4] = phrase_arch(score, onset)
    table[:, 5] = np.log2(count[group])
    return table


def phrase_arch(score: Score, onsets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """1 in the middle of each four-bar phrase, 0 at its ends, a parabola between; phrases begin anew at section marks."""
    bars = np.array(bar_starts(score, max(score.end, int(onsets.max()) + 1 if len(onsets) else 1)), dtype=np.int64)
    end = max(score.end, int(bars[-1]) + 1) if len(bars) else 1
    fresh = {int(np.searchsorted(bars, s.tick, side="right") - 1) for s in score.sections} | {0}
    edges: list[int] = []
    for b in range(len(bars)):
        if b in fresh or b - edges[-1] >= PHRASE_BARS:
            edges.append(b)
    ticks = np.array([*(int(bars[b]) for b in edges), end], dtype=np.int64)
    cell = np.clip(np.searchsorted(ticks, onsets, side="right") - 1, 0, len(ticks) - 2)
    place = (onsets - ticks[cell]) / np.maximum(np.diff(ticks)[cell], 1)
    return np.asarray(1 - (2 * np.clip(place, 0, 1) - 1) ** 2)
