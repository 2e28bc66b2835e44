"""Slots of the bar in every meter, drums by kit class, features of pitched notes."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.music.accents import FEATURES, KIT, kit_classes, phrase_arch, pitched_features, slots
from antiphon.music.score import Meter, Score, Section, notes_array


def empty(numerator: int, denominator: int, bars: int = 8) -> Score:
    return Score(480, meters=(Meter(0, numerator, denominator),), length=bars * 1920 * numerator // denominator)


@pytest.mark.parametrize(
    ("meter", "ticks", "expected"),
    [
        ((4, 4), [0, 120, 480, 960, 1440, 1800, 1920], [0, 1, 4, 8, 12, 15, 0]),
        ((3, 4), [0, 480, 720, 960, 1440], [0, 4, 6, 12, 0]),
        ((6, 8), [0, 240, 480, 720, 1440], [0, 1, 3, 8, 0]),
        ((2, 2), [0, 960, 1440, 1920], [0, 8, 10, 0]),
        ((2, 4), [0, 480, 960], [0, 8, 0]),
    ],
)
def test_slots_by_meter(meter: tuple[int, int], ticks: list[int], expected: list[int]) -> None:
    assert slots(empty(*meter), ticks)[0].tolist() == expected


def test_slots_tell_how_late_a_note_is() -> None:
    slot, off = slots(empty(4, 4), [12, 468, 1914, 60])
    assert slot.tolist() == [0, 4, 0, 0]
    assert off.round(3).tolist() == [0.1, -0.1, -0.05, 0.5]
    assert len(slots(empty(4, 4), [])[0]) == 0


def test_drums_by_class() -> None:
    names = [KIT[k] for k in kit_classes(np.array([36, 38, 42, 46, 44, 51, 49, 45, 37, 56], dtype=np.int16))]
    assert names == ["kick", "snare", "hat", "open hat", "foot hat", "ride", "crash", "tom", "stick", "other"]


def test_features_of_a_chord_and_a_note() -> None:
    notes = notes_array([(0, 480, 60, 80), (0, 480, 72, 80), (480, 960, 66, 80)])
    table = dict(zip(FEATURES, pitched_features(empty(4, 4), notes).T, strict=True))
    assert table["top"].tolist() == [0, 1, 0] and table["bottom"].tolist() == [1, 0, 0]
    assert table["height"].tolist() == [-0.5, 0.5, 0] and table["length"].tolist() == [0, 0, 1]
    assert table["thick"].tolist() == [1, 1, 0]
    assert pitched_features(empty(4, 4), notes_array([])).shape == (0, len(FEATURES))


def test_the_arch_rises_and_falls_over_four_bars_and_begins_anew_at_a_section() -> None:
    score = empty(4, 4)
    ticks = np.array([0, 2 * 1920, 4 * 1920, 6 * 1920])
    assert phrase_arch(score, ticks).round(3).tolist() == [0, 1, 0, 1]
    marked = Score(480, length=8 * 1920, sections=(Section(2 * 1920, "B"),))
    assert phrase_arch(marked, ticks).round(3).tolist() == [0, 0, 1, 0]
