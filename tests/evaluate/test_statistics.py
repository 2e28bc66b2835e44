"""Statistics of a clip by hand, against muspy's numbers, and by their properties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented_songs import clip_of, clips, songs

from antiphon.evaluate import statistics as s
from antiphon.evaluate.clip import Clip, Part


def part(notes: list[tuple[int, int, int]], role: str = "melody", is_drum: bool = False) -> Part:
    onset, duration, pitch = (np.array(c, dtype=np.int64) for c in zip(*sorted(notes), strict=True))
    return Part(role, is_drum, onset, duration, pitch, np.stack([onset, duration], axis=1) / 4)


def clip(*parts: Part, bars: int = 2) -> Clip:
    return Clip("0", bars, 16, parts)


def lcg_notes(count: int = 60, bars: int = 8) -> list[tuple[int, int, int]]:
    """The notes that muspy measured: from a linear congruential generator, first duration of a doubled note."""
    x, found = 7, []
    for _ in range(count):
        row = []
        for _ in range(3):
            x = (1103515245 * x + 12345) % 2**31
            row.append(x >> 8)
        found.append((row[0] % (bars * 16), 1 + row[2] % 6, 48 + row[1] % 25))
    first: dict[tuple[int, int], int] = {}
    for onset, duration, pitch in sorted(set(found)):
        first.setdefault((onset, pitch), duration)
    return [(o, min(d, bars * 16 - o), p) for (o, p), d in first.items()]


def test_against_muspy_0_5_0() -> None:
    """pitch_class_entropy, scale_consistency, groove_consistency(16) and pitch_range of muspy 0.5.0 on the same notes."""
    c = clip(part(lcg_notes()), bars=8)
    assert s.pitch_class_entropy(c) == pytest.approx(3.4397816466636906, abs=1e-6)
    assert s.scale_consistency(c) == pytest.approx(0.7, abs=1e-6)
    assert s.groove_consistency(c) == pytest.approx(0.5714285714285714, abs=1e-6)
    assert s.statistics(c)["pitch range"] == 24


def test_empty_bars_and_used_classes() -> None:
    c = clip(part([(0, 4, 60), (4, 4, 72), (8, 4, 64)]), bars=4)
    assert s.empty_bars(c, 0) == 0.75
    assert s.used_pitch_classes(c, 0) == 2


def test_a_note_held_into_the_next_bar_keeps_it_from_being_empty() -> None:
    assert s.empty_bars(clip(part([(12, 8, 60)])), 0) == 0.0


def test_published_classes_measure_register() -> None:
    same_class = clip(part([(0, 1, 24), (1, 1, 36), (2, 1, 48)]))
    assert s.as_published_classes(same_class, 0) == 3
    assert s.used_pitch_classes(same_class, 0) == 1


def test_qualified_notes_are_cut_at_the_bar_line() -> None:
    """A quarter across the bar line is two eighths; an eighth across it two sixteenths."""
    assert s.qualified_notes(part([(14, 4, 60)]), 4.0, 0.5) == 1.0
    assert s.qualified_notes(part([(15, 2, 60)]), 4.0, 0.5) == 0.0
    assert s.qualified_notes(part([(0, 1, 60), (4, 2, 60), (16, 1, 60)]), 4.0, 0.5) == pytest.approx((0.5 + 0) / 2)


def test_polyphony_of_both_definitions() -> None:
    c = clip(part([(0, 16, 60), (0, 8, 64), (0, 4, 67)]), bars=1)
    assert s.polyphony(c, 0, 2) == 0.5
    assert s.polyphony(c, 0, 3) == 0.25


def test_drum_pattern_of_straight_eighths_is_one() -> None:
    eighths = part([(i, 1, 42) for i in range(0, 32, 2)], "drums", True)
    assert s.drum_pattern(eighths, 4.0) == 1.0
    assert math.isnan(s.drum_pattern(eighths, 3.0))


def test_tonal_distance_by_hand() -> None:
    """C against C is 0; C against G is the distance of two columns of the transform."""

    def line(p: int, role: str) -> Part:
        return part([(0, 16, p)], role)

    assert s.tonal_distance(clip(line(60, "a"), line(72, "b"), bars=1), 0, 1) == pytest.approx(0)
    by_hand = math.sqrt(sum(
        r * r * ((math.sin(7 * w) - 0.0) ** 2 + (math.cos(7 * w) - 1.0) ** 2)
        for r, w in ((1.0, 7 * math.pi / 6), (1.0, 3 * math.pi / 2), (0.5, 2 * math.pi / 3))
    ))  # fmt: skip
    assert s.tonal_distance(clip(line(60, "a"), line(67, "b"), bars=1), 0, 1) == pytest.approx(by_hand, abs=1e-12)


def test_tonal_distance_without_a_common_beat_is_nan() -> None:
    assert math.isnan(s.tonal_distance(clip(part([(0, 4, 60)], "a"), part([(4, 4, 60)], "b"), bars=1), 0, 1))


def test_musdr_entropy_and_groove_by_hand() -> None:
    c = clip(part([(0, 4, 60), (8, 4, 62), (16, 4, 60), (20, 4, 60)]))
    assert s.histogram_entropy(c, 1) == pytest.approx((1.0 + 0.0) / 2)
    assert s.groove_similarity(c) == pytest.approx(1 - 2 / 16)
    assert s.groove_consistency(c) == pytest.approx(1 - 2 / 16)
    assert math.isnan(s.histogram_entropy(c, 4))


def test_groove_similarity_against_the_plain_double_loop() -> None:
    c = clips(songs(1))[0]
    bits = s.onset_bits(c)
    pairs = [np.mean(bits[i] != bits[j]) for i, j in itertools.combinations(range(c.bars), 2)]
    assert s.groove_similarity(c) == pytest.approx(1 - np.mean(pairs), abs=1e-12)


def test_a_silent_clip_gives_no_number_but_empty_bars() -> None:
    silent = Part("melody", False, *(np.zeros(0, np.int64),) * 3, np.zeros((0, 2)))
    found = s.statistics(Clip("0", 4, 16, (silent,)))
    assert found["empty bars [melody]"] == 1.0
    assert math.isnan(found["pitch-class entropy"]) and math.isnan(found["used pitch classes [melody]"])


notes = st.lists(st.tuples(st.integers(0, 63), st.integers(1, 20), st.integers(0, 127)), min_size=1, max_size=60)


@given(notes)
def test_shares_stay_shares(found: list[tuple[int, int, int]]) -> None:
    c = clip_of([(o, min(d, 64 - o), p) for o, d, p in found])
    for name, value in s.statistics(c).items():
        if not math.isnan(value) and not name.startswith(("used", "pitch", "notes", "H", "tonal")):
            assert 0 <= value <= 1, name


@given(notes, st.integers(-12, 12))
def test_entropy_and_consistency_do_not_hear_transposition(found: list[tuple[int, int, int]], move: int) -> None:
    low = [(o, min(d, 64 - o), 20 + p % 80) for o, d, p in found]
    a, b = clip_of(low), clip_of([(o, d, p + move) for o, d, p in low])
    for measure in (s.pitch_class_entropy, s.scale_consistency, s.groove_consistency):
        assert measure(a) == pytest.approx(measure(b), abs=1e-9)
