"""Facts of one score that wishes are checked by and takes are judged by: key, chords on strong beats, range."""

from __future__ import annotations

import numpy as np

from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.harmony import Key
from antiphon.music.instruments import usual_range
from antiphon.music.measure import home_classes
from antiphon.music.score import Score, Track
from antiphon.music.tonality import pitch_class_weights

ROLE_RANGES: dict[str, tuple[int, int]] = {
    "soprano": (57, 84),
    "alto": (50, 77),
    "tenor": (45, 72),
    "bass": (28, 64),
    "melody": (52, 91),
    "bridge": (47, 98),
    "piano": (33, 84),
    "chords": (33, 84),
}
"""Role -> lowest and highest MIDI pitch that suits it; of other tracks the instrument's usual range is taken.

Those of melody, bridge and piano hold 99.8% of the notes of POP909; those of the four voices are a choir's.
"""


def out_of_range(track: Track) -> float:
    """Share of the track's notes outside the range of its role or instrument; 0 for drums and empty tracks."""
    if track.is_drum or len(track) == 0:
        return 0.0
    low, high = ROLE_RANGES.get(track.name, usual_range(track.program))
    return float(np.mean((track.notes["pitch"] < low) | (track.notes["pitch"] > high)))


def share_in_key(score: Score, key: Key) -> float:
    """Share of sounding time on notes of the key (in minor with the raised sixth and seventh)."""
    weights = pitch_class_weights(score, [0, max(1, score.end)])[0]
    total = float(weights.sum())
    return float(weights[sorted(home_classes(key))].sum()) / total if total else 0.0


def strong_ticks(score: Score) -> list[int]:
    """Ticks of the strong beats: the first of each bar, and its middle where the meter has an even number of beats."""
    ticks: list[int] = []
    for start in bar_starts(score):
        meter = meter_at(score, start)
        ticks.append(start)
        if meter.numerator % 2 == 0 and start + meter.bar_ticks(score.resolution) // 2 < score.end:
            ticks.append(start + meter.bar_ticks(score.resolution) // 2)
    return ticks


def classes_at(score: Score, tick: int) -> list[int]:
    """Pitch class of every note sounding at a tick, drums left out; a class twice if two notes have it."""
    found: list[int] = []
    for track in score.tracks:
        if not track.is_drum:
            notes = track.notes
            sounding = (notes["onset"] <= tick) & (notes["onset"].astype(np.int64) + notes["duration"] > tick)
            found += (notes["pitch"][sounding] % 12).tolist()
    return found


def chord_agreement(score: Score) -> float:
    """Share of notes sounding on strong beats that belong to the chord marked there; 0 where there is none to compare."""
    agreed = total = 0
    for tick in strong_ticks(score):
        chord = next((m.chord for m in reversed(score.chords) if m.tick <= tick), None)
        if chord is not None:
            classes = classes_at(score, tick)
            agreed += sum(pc in chord.pitch_classes for pc in classes)
            total += len(classes)
    return agreed / total if total else 0.0


def foreign_on_strong_beats(score: Score, key: Key) -> float:
    """Share of notes that begin on a strong beat and are foreign to the key."""
    strong, allowed = strong_ticks(score), home_classes(key)
    begun = [t.notes["pitch"][np.isin(t.notes["onset"], strong)] % 12 for t in score.tracks if not t.is_drum and len(t)]
    classes = np.concatenate(begun) if begun else np.zeros(0)
    return float(np.mean(~np.isin(classes, sorted(allowed)))) if len(classes) else 0.0
