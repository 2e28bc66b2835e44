"""A sequence with an opening: nothing is lost, nothing is told twice but lines and chords, times tell where the gap is."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.music.harmony import Chord
from antiphon.representations.events import EventCodec, EventSpec
from antiphon.representations.openings import opened

CODEC = EventCodec(EventSpec(("melody", "bass"), (0, 32), fills=True))
NAMES = CODEC.vocabularies[0]


def song() -> tuple[np.ndarray, np.ndarray]:
    """Three bars; in each a chord and a note of each role."""
    rows, times = [CODEC.header(False, 3)], [0]
    for b in range(3):
        rows += [
            CODEC.bar(3 - b, 0),
            CODEC.chord(0, Chord(b)),
            CODEC.note(4, 0, 60 + b, 4, 80),
            CODEC.note(8, 1, 40 + b, 4, 80),
        ]
        times += [16 * b, 16 * b, 16 * b + 4, 16 * b + 8]
    return np.array([*rows, CODEC.end()]), np.array([*times, 48])


def kinds(events: np.ndarray) -> list[str]:
    return [NAMES.decode(int(k))[0] for k in events[:, 0]]


def test_all_roles_of_one_bar() -> None:
    events, times = song()
    found = opened(CODEC, events, times, 48, 1, 2, 3, chords_stay=False)
    assert kinds(found.events) == [
        "header",
        *["bar", "chord", "note", "note"],
        "bar",
        *["bar", "chord", "note", "note"],
        "end",
        "fill",
    ]
    assert kinds(found.gap) == ["bar", "chord", "note", "note", "end"]
    assert found.times[-1] == 16 and found.gap_times.tolist() == [16, 16, 20, 24, 32]
    assert tuple(found.events[-1]) == CODEC.fill(3)
    kept = opened(CODEC, events, times, 48, 1, 2, 3, chords_stay=True)
    assert kinds(kept.events).count("chord") == 3 and (kept.gap == found.gap).all()


@pytest.mark.parametrize("later", [False, True])
def test_one_role_stays_while_the_other_is_open(later: bool) -> None:
    events, times = song()
    found = opened(CODEC, events, times, 48, 0, 2, 2, chords_stay=True, later=later)
    notes = [row for row in found.events.tolist() if NAMES.decode(row[0])[0] == "note"]
    played = [(row[1] - CODEC.vocabularies[1].span("pitch").start) // 88 for row in notes]
    assert played == ([0, 0, 0] if later else [0, 0, 0, 1])
    assert kinds(found.gap) == ["bar", "chord", "note", "bar", "chord", "note", "end"]


def test_a_gap_at_the_end_of_a_window_ends_with_it() -> None:
    events, times = song()
    found = opened(CODEC, events[:-1], times[:-1], 48, 2, 3, 3, chords_stay=False)
    assert found.gap_times[-1] == 48 and kinds(found.gap)[-1] == "end" and kinds(found.events)[-2:] == ["bar", "fill"]
