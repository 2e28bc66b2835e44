"""Form: lengths decided, curves read at bars, phrases of one letter alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.compose.brief import read_brief
from antiphon.compose.brief_values import FormPart, Silence, parse_form
from antiphon.compose.layout import arc, asked_form, at_bars, bars_of, fill, natural_bars, usual_form
from antiphon.compose.reprise import likeness, repeats, reprise, sections
from antiphon.errors import BriefError
from antiphon.music.form import Phrase
from antiphon.music.form import parse_form as phrases
from antiphon.music.harmony import Chord
from antiphon.music.score import ChordMark, Score, Track

BAR = 1920


def test_open_lengths_share_the_bars() -> None:
    assert fill(parse_form("AABA"), 32) == phrases("A8A8B8A8")
    assert fill(parse_form("i4ABo2"), 22) == phrases("i4A8B8o2")
    assert fill(parse_form("ABA"), 16) == phrases("A5B5A6")
    assert natural_bars(parse_form("iAABAo")) == 20


def test_an_introduction_alone_leaves_the_rest_to_a_plain_form() -> None:
    parts = asked_form(read_brief(seed=1, intro=2))
    assert parts == (FormPart("i", 2), FormPart("-"))
    assert fill(parts, 18) == phrases("i2A4A4B4A4")
    assert asked_form(read_brief(seed=1, intro=0)) is None


@given(st.integers(1, 120))
def test_a_plain_form_fills_the_piece(bars: int) -> None:
    assert sum(phrase.bars for phrase in usual_form(bars)) == bars
    assert len(arc(usual_form(bars))) == bars


@given(st.text("ABCio", min_size=1, max_size=8), st.integers(1, 64))
def test_a_form_fills_the_bars_or_is_refused(letters: str, bars: int) -> None:
    try:
        found = fill(parse_form(letters), bars)
    except BriefError:
        assert bars < len(letters)
        return
    assert "".join(phrase.letter for phrase in found) == letters
    assert sum(phrase.bars for phrase in found) == bars
    assert min(phrase.bars for phrase in found) >= 1


def test_curves_are_read_at_bars() -> None:
    assert at_bars((0.3,), 3) == (0.3, 0.3, 0.3)
    assert at_bars((0.0, 1.0), 5) == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert at_bars((0.2, 0.8), 1) == (0.8,)


def test_places_of_rests() -> None:
    form = phrases("i2A4B4A4")
    assert bars_of(Silence("piano", "A"), form, 14) == [(2, 6), (10, 14)]
    assert bars_of(Silence("piano", "i"), form, 14) == [(0, 2)]
    assert bars_of(Silence("piano", None, 3, 4), None, 14) == [(2, 4)]
    assert bars_of(Silence("piano", "*"), None, 14) == [(0, 14)]
    assert bars_of(Silence("piano", "o"), form, 14) == []
    with pytest.raises(BriefError):
        bars_of(Silence("piano", None, 3, 15), form, 14)


def test_a_repeat_takes_over_the_notes_up_to_the_cadence() -> None:
    form = (Phrase("A", 2), Phrase("B", 2), Phrase("A", 2))
    notes = [(t * BAR, BAR, 60 + t, 80) for t in range(6)]
    marks = [ChordMark(t * BAR, Chord(t)) for t in range(6)]
    score = Score(480, (Track("melody", 0, False, notes),), chords=tuple(marks))
    assert repeats(form, BAR) == [(0, 4 * BAR, BAR)]
    done, count = reprise(score, form, BAR)
    assert count == 1
    assert [n.pitch for n in done.tracks[0]] == [60, 61, 62, 63, 60, 65]
    assert [m.chord.root for m in done.chords if m.chord] == [0, 1, 2, 3, 0, 5]
    assert reprise(done, form, BAR) == (done, 0)


def test_a_repeat_inside_the_piece_is_whole() -> None:
    form = phrases("A2A2B2")
    notes = [(t * BAR, BAR, 60 + t, 80) for t in range(6)]
    done, _ = reprise(Score(480, (Track("melody", 0, False, notes),)), form, BAR)
    assert [n.pitch for n in done.tracks[0]] == [60, 61, 60, 61, 64, 65]
    assert likeness(done, 0, 2 * BAR, 2 * BAR) == 1.0
    assert [s.label for s in sections(form, BAR)] == ["A2", "A2", "B2"]
