"""The values of a brief: what people type for forms, curves, instruments, ranges and rests, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.compose import brief_values as v
from antiphon.compose.brief import read_brief
from antiphon.errors import BriefError


def test_forms() -> None:
    assert v.parse_form("i4A8B8A8o2") == (("i", 4), ("A", 8), ("B", 8), ("A", 8), ("o", 2))
    assert v.parse_form("A A | B-A") == (("A", None), ("A", None), ("B", None), ("A", None))
    assert v.form_text(v.parse_form("i4AABAo2")) == "i4AABAo2"


def test_pitches() -> None:
    assert [v.parse_pitch(t) for t in ("C4", "60", "Cb4", "B#3", "F#5", "bb2", "C-1", "G9")] == [60, 60, 59, 60, 78, 46, 0, 127]
    assert v.pitch_name(60) == "C4"


@given(st.integers(0, 127))
def test_every_pitch_is_read_as_it_is_named(pitch: int) -> None:
    assert v.parse_pitch(v.pitch_name(pitch)) == v.parse_pitch(str(pitch)) == pitch


def test_instruments() -> None:
    assert v.parse_instruments("melody=violin, piano=harp") == (("melody", 40), ("piano", 46))
    assert v.parse_instruments("violin and piano") == ((None, 40), (None, 0))
    assert v.parse_instruments(["melody=flute", "guitar", "drums"]) == (("melody", 73), (None, 24), (None, v.DRUMS))
    assert v.parse_instruments({"melody": "40"}) == (("melody", 40),)


def test_rests() -> None:
    assert v.parse_silences("no piano in the intro; drums in bars 1-4, bass in bar 3") == (
        ("piano", "i", 0, 0), ("drums", None, 1, 4), ("bass", None, 3, 3),
    )  # fmt: skip
    assert v.parse_silences(["piano in section B", "bass throughout"]) == (("piano", "B", 0, 0), ("bass", "*", 0, 0))
    for text in ("piano in intro", "piano in B", "bass in bars 1-4", "bass throughout"):
        assert str(v.parse_silences(text)[0]) == text


def test_curves() -> None:
    assert v.curve("energy", "0.3, 0.9") == v.curve("energy", [0.3, 0.9]) == (0.3, 0.9)
    assert v.curve("energy", 1) == (1.0,)


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        ({"form": "A0"}, "1 to 256 bars"),
        ({"form": "A8!"}, "is not a form"),
        ({"form": ""}, "is not a form"),
        ({"form": "A8B8", "bars": 12}, "has 16 bars, not 12"),
        ({"form": "AABA", "bars": 3}, "needs at least 4 bars"),
        ({"form": "i4A8", "intro": 4}, "asked for twice"),
        ({"intro": -1}, "introduction has 0 to 256"),
        ({"energy": "loud"}, "The energy must be a number from 0 to 1"),
        ({"energy": [0.5, 1.5]}, "The energy must be"),
        ({"density": []}, "The density must be"),
        ({"energy": [0.5] * 300}, "at most 256"),
        ({"instruments": "kazoo-thing"}, "no instrument 'kazoo-thing'"),
        ({"instruments": "=violin"}, "no track"),
        ({"instruments": "melody=violin,melody=flute"}, "twice"),
        ({"ranges": "melody=C6-C4"}, "from a higher pitch to a lower"),
        ({"ranges": "melody=C4-E4"}, "must hold an octave"),
        ({"ranges": "melody"}, "ranges cannot be read"),
        ({"ranges": "melody=H4-C5"}, "is not a pitch"),
        ({"polyphony": "piano=0"}, "must be 1 to 16"),
        ({"polyphony": "piano=2.5"}, "whole number"),
        ({"track_density": "piano=2"}, "must be 0 to 1"),
        ({"silences": "piano"}, "is not a rest"),
        ({"silences": "piano in bars 4-2"}, "is not a rest"),
        ({"silences": "piano in bars 3-9", "bars": 8}, "up to bar 9"),
        ({"mood": "sad", "valence": 0.5}, "asked for twice"),
        ({"on_conflict": "both"}, "must be refuse, key, chords"),
        ({"chords": "I V foo"}, "is not a roman numeral"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(wishes: dict[str, object], word: str) -> None:
    with pytest.raises(BriefError, match=r"^[^\n]+$") as caught:
        read_brief(seed=0, **wishes)  # type: ignore[arg-type]
    assert word in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    fields = (
        "form",
        "energy",
        "density",
        "track_density",
        "polyphony",
        "instruments",
        "ranges",
        "silences",
        "valence",
        "arousal",
    )
    for field in (*fields, "on_conflict", "chords"):
        try:
            read_brief(seed=0, **{field: text})  # type: ignore[arg-type]
        except BriefError as error:
            assert "\n" not in str(error)
