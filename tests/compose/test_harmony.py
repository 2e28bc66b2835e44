"""Harmony written in a style: fills the form, repeats with its letters, ends at home; shipped models name their sources."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.harmony import STYLES, style_model, write_harmony
from antiphon.music.form import parse_form
from antiphon.music.harmony import Key


@pytest.mark.parametrize("style", sorted(STYLES))
def test_shipped_chord_models_are_small_better_than_frequencies_and_say_their_source(style: str) -> None:
    text = (files("antiphon.compose") / "data" / f"chords-{style}.json").read_text(encoding="utf-8")
    assert len(text) < 300_000
    card = json.loads(text)["card"]
    assert card["licences"] and card["data"]
    assert card["scores"]["bits_a_slot"] < 0.8 * card["scores"]["unigram_bits_a_slot"]


@settings(deadline=None, max_examples=6)
@given(
    st.sampled_from([*STYLES, "unheard"]),
    st.integers(0, 11),
    st.booleans(),
    st.sampled_from([(4, 4), (3, 4), (6, 8)]),
    st.integers(0, 99),
)
def test_harmony_fills_the_form_and_ends_at_home(
    style: str, tonic: int, minor: bool, meter: tuple[int, int], seed: int
) -> None:
    form, key = parse_form("A4A4B2A4"), Key(tonic, minor)
    bars = write_harmony(style, form, [key] * 4, meter, np.random.default_rng(seed))
    assert len(bars) == 14
    assert all(chord is not None for bar in bars for chord in bar)
    assert bars[:4] == bars[4:8]
    assert bars[10:12] == bars[:2]
    last = bars[-1][-1]
    assert last is not None and last.root == tonic
    assert bars == write_harmony(style, form, [key] * 4, meter, np.random.default_rng(seed))


def test_a_style_without_a_model_takes_that_of_pop() -> None:
    assert style_model("unheard").style == "pop"
