"""Form: phrase strings and stretches of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import InputError
from antiphon.music.form import Phrase, parse_form, passage, stretch

FORMS = ["i4A8A8B8b4A8B8o4", "A4A4B8X2B8"]


def test_a_form_is_letters_with_bars() -> None:
    assert parse_form("i4A16b2") == (Phrase("i", 4), Phrase("A", 16), Phrase("b", 2))


@pytest.mark.parametrize("text", ["", "A", "8A", "A8 B8", "A8-"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a form"):
        parse_form(text)


@given(st.integers(1, 200), st.integers(0, 50))
def test_a_stretch_has_exactly_the_bars_asked_for(bars: int, seed: int) -> None:
    assert sum(p.bars for p in stretch(FORMS, bars, np.random.default_rng(seed))) == bars


@given(st.integers(0, 50))
def test_short_pieces_sing_from_the_first_bar_and_end_with_a_phrase(seed: int) -> None:
    found = stretch(FORMS, 16, np.random.default_rng(seed))
    assert all(p.letter.isupper() and p.letter != "X" for p in found)
    assert found in {
        (Phrase("A", 8), Phrase("A", 8)), (Phrase("A", 8), Phrase("B", 8)), (Phrase("B", 8), Phrase("A", 8)),
        (Phrase("B", 8), Phrase("B", 8)), (Phrase("A", 4), Phrase("A", 4), Phrase("B", 8)),
        (Phrase("B", 8), Phrase("A", 4), Phrase("A", 4)),
    }  # fmt: skip


def test_long_pieces_begin_with_the_form_s_own_beginning() -> None:
    assert stretch(["i4A8B8o4"], 40, np.random.default_rng(0))[0] == Phrase("i", 4)


def test_without_a_usable_form_phrases_of_eight_bars_are_taken() -> None:
    assert stretch(["i4o4"], 20, np.random.default_rng(0)) == (Phrase("A", 8), Phrase("B", 8), Phrase("A", 4))


@given(st.integers(1, 60), st.integers(0, 1000))
def test_a_passage_fills_its_bars_and_is_sung_in_half_of_them(bars: int, seed: int) -> None:
    found = passage(FORMS, bars, np.random.default_rng(seed))
    assert sum(p.bars for p in found) == bars
    if bars < 40:
        assert 2 * sum(p.bars for p in found if p.letter.isupper() and p.letter != "X") >= bars


def test_a_passage_may_begin_with_an_introduction() -> None:
    begun = {passage(FORMS, 12, np.random.default_rng(seed))[0].letter for seed in range(60)}
    assert begun >= {"i", "A", "B"}
