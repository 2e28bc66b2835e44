"""Forms of longer pieces: windows that return are varied where they should be, and what fits together is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.generate.roll_form import classes, form_noise, form_of, likeness, minor_by


def noise(seed: int, windows: int, width: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    themes = {letter: rng.standard_normal(width, dtype=np.float32) for letter in "AB"}
    return themes, rng.standard_normal((windows, width), dtype=np.float32)


def test_a_chained_theme_returns_but_for_its_last_bar() -> None:
    themes, fresh = noise(0, 6, 4 + 3 * 2)
    out = form_noise(themes, fresh, 4, 3, chained=True)
    assert form_of(6) == "AABAAA"
    assert np.array_equal(out[0], themes["A"])
    assert np.array_equal(out[2], themes["B"])
    for i in (1, 3, 4, 5):
        assert np.array_equal(out[i, :8], themes["A"][:8])
        assert np.array_equal(out[i, 8:], fresh[i, 8:])


def test_other_themes_return_with_all_but_the_songs_noise_moved() -> None:
    themes, fresh = noise(0, 6, 10)
    out = form_noise(themes, fresh, 4, 3, chained=False)
    assert np.array_equal(out[0, :4], out[3, :4])
    assert not np.array_equal(out[0, :4], out[2, :4])
    assert not np.array_equal(out[0, 4:], out[1, 4:])
    many = np.concatenate([form_noise(*noise(i, 4, 40), 0, 4, chained=False) for i in range(200)])
    assert float(many.std()) == pytest.approx(1, abs=0.02)


def test_pitch_classes_speak_for_a_mode_and_for_likeness() -> None:
    cells = np.zeros((2, 1, 2, 2, 16, 24), dtype=bool)
    cells[0, 0, 0, 0, 0, [0, 4, 7, 12]] = True  # C major
    cells[1, 0, 0, 0, 0, [9, 12, 16]] = cells[1, 0, 0, 1, 1:, 21] = True  # A minor, its root held
    cells[:, 0, 1, 0, :, 1] = True  # a drum: no pitch
    found = classes(cells, np.array([False, True]))
    assert found[0].tolist() == [2, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    assert found[1, 9] == 16
    low, high = minor_by(found)
    assert low < 0 < high
    assert likeness(found[0], found[0]) == pytest.approx(1)
    assert likeness(found[0], found[1]) < 0.3
    assert likeness(found[0], np.zeros(12)) == 0
