"""Briefs: what people type is understood, or refused in one sentence."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.compose.brief import MOODS, Brief, chords_text, parse_meter, parse_tracks, read_brief
from antiphon.errors import AntiphonError, BriefError
from antiphon.music.harmony import Chord, Key


def test_words_become_values() -> None:
    brief = read_brief(
        seed=3, style=" Pop ", key="A minor", meter="6/8", chords="Am | F G | C", mood="Calm", tracks="melody, piano", takes=2
    )
    assert (brief.style, brief.key, brief.meter, brief.mood) == ("pop", Key(9, minor=True), (6, 8), "calm")
    assert brief.chords == ((Chord(9, "m"),), (Chord(5), Chord(7)), (Chord(0),))
    assert (brief.tracks, brief.takes, brief.seed) == (("melody", "piano"), 2, 3)
    assert chords_text(brief.chords) == "Am | F G | C"


def test_nothing_asked_is_nothing_but_a_new_seed() -> None:
    first, second = read_brief(), read_brief()
    assert first.seed != second.seed
    assert Brief(seed=first.seed) == first


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        ({"bars": 0}, "at least one bar"),
        ({"bars": -4}, "at least one bar"),
        ({"seconds": 0.0}, "length in seconds"),
        ({"seconds": float("nan")}, "length in seconds"),
        ({"tempo": 5000.0}, "tempo"),
        ({"tempo": float("inf")}, "tempo"),
        ({"temperature": 0.0}, "temperature"),
        ({"takes": 0}, "takes"),
        ({"takes": 1000}, "takes"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"key": "H minor"}, "is not a key"),
        ({"key": ""}, "is not a key"),
        ({"chords": "Am Xyz"}, "is not a chord"),
        ({"chords": "  "}, "empty"),
        ({"meter": "four"}, "is not a meter"),
        ({"meter": "4/5"}, "is not a meter"),
        ({"meter": "0/4"}, "is not a meter"),
        ({"mood": "hangry"}, "There is no mood 'hangry'; available: angry, bright"),
        ({"tracks": ","}, "No track"),
        ({"tracks": "melody melody"}, "twice"),
        ({"bars": 8, "seconds": 30.0, "tempo": 100.0}, "two of them fix the third"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(wishes: dict[str, object], word: str) -> None:
    with pytest.raises(BriefError, match=r"^[^\n]+$") as caught:
        read_brief(**wishes)  # type: ignore[arg-type]
    assert word in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    for wish in ("key", "meter", "chords", "mood", "tracks"):
        try:
            read_brief(seed=0, **{wish: text})  # type: ignore[arg-type]
        except AntiphonError as error:
            assert str(error)


@given(st.integers(1, 255), st.sampled_from([1, 2, 4, 8, 16, 32, 64]))
def test_meters_are_read_as_written(numerator: int, denominator: int) -> None:
    assert parse_meter(f" {numerator}/{denominator} ") == (numerator, denominator)


@given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=8), min_size=1, max_size=5, unique=True))
def test_tracks_are_read_in_order(names: list[str]) -> None:
    assert parse_tracks(",".join(names)) == parse_tracks(" ".join(names)) == tuple(names)


def test_moods_are_sensible() -> None:
    for mood in MOODS.values():
        low, high = mood.tempo
        assert 40 <= low < high <= 180
        assert 0.5 <= mood.dynamics <= 1.4
        assert 0.5 <= mood.temperature <= 1.5
    assert MOODS["sad"].minor is True
    assert MOODS["happy"].minor is False
    assert MOODS["sad"].tempo[1] < MOODS["happy"].tempo[0]
