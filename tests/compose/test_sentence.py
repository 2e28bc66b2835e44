"""Sentences: what is asked in plain words becomes the same brief, and no word is dropped in silence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.document import from_document
from antiphon.compose.sentence import read_sentence
from antiphon.compose.sentence_words import INSTRUMENT_WORDS, MOOD_WORDS, STYLE_WORDS, TEMPO_WORDS
from antiphon.errors import BriefError

PIANO = "acoustic grand piano"


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        (
            "calm piano in A minor, 3/4, 90 bpm, 45 seconds, builds up at the end",
            {"mood": "calm", "instruments": [PIANO], "key": "A minor", "meter": "3/4", "tempo": 90.0, "seconds": 45.0,
             "energy": [0.35, 0.38, 0.5, 0.9]},
        ),
        (
            "a happy folk jig in D, 16 bars, flute melody and guitar",
            {"mood": "happy", "style": "folk", "meter": "6/8", "key": "D major", "bars": 16,
             "instruments": ["melody=flute", "nylon guitar"]},
        ),
        (
            "Sad song: chords Dm7 | G7 | Cmaj7, AABA form, no piano in the intro, 4 bars of intro",
            {"mood": "sad", "chords": "Dm7 | G7 | Cmaj7", "form": "AABA", "silences": ["piano in intro"], "intro": 4},
        ),
        ("ii7 V7 I in Bb major, slow", {"chords": "ii7 V7 I", "key": "Bb major", "tempo": 66}),
        ("Am F C G, 1:30", {"chords": "Am F C G", "seconds": 90.0}),
        ("strictly in F#m at 100 bpm, no drums", {"strict": True, "key": "F# minor", "tempo": 100.0,
                                                  "silences": ["drums throughout"]}),
        ("two minutes of pop, starts quietly and ends loud", {"seconds": 120.0, "style": "pop", "energy": [0.25, 0.85]}),
        ("a waltz in E flat major with melody between C4 and A5", {"meter": "3/4", "key": "Eb major",
                                                                    "ranges": {"melody": "C4-A5"}}),
        ("energy 0.2 to 0.9, density 0.5, form i4A8B8A8o2", {"energy": [0.2, 0.9], "density": [0.5], "form": "i4A8B8A8o2"}),
        ("in a minor key, gentle", {"valence": 0.25, "arousal": 0.25}),
        ("a minor", {"key": "A minor"}),
        ("allegro, 8 takes, seed 42", {"tempo": 132, "takes": 8, "seed": 42}),
        ("fades out", {"energy": [0.75, 0.2]}),
        (
            "平静的钢琴曲，A小调，3/4拍，45秒，结尾渐强",
            {"mood": "calm", "instruments": [PIANO], "key": "A minor", "meter": "3/4", "seconds": 45.0,
             "energy": [0.35, 0.38, 0.5, 0.9]},
        ),
    ],
)  # fmt: skip
def test_sentences_are_understood(text: str, wishes: dict[str, Any]) -> None:
    said = read_sentence(text)
    assert said.wishes == wishes
    assert said.unknown == ()
    assert from_document({"seed": 1, **said.wishes})


def test_unknown_words_are_named() -> None:
    assert read_sentence("calm piano with zorgle and a Blarg").unknown == ("zorgle", "Blarg")


def test_a_second_wish_of_a_kind_is_named() -> None:
    said = read_sentence("calm and dark piano")
    assert said.wishes["mood"] == "calm"
    assert said.remarks == ["Of two wishes for mood, the first is taken: calm, not dark."]


@pytest.mark.parametrize("text", ["zorgle", "Blarg blarg!", "C", "x" * 3000])
def test_what_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(BriefError, match=r"^[^\n]+$"):
        read_sentence(text)


def test_nothing_is_nothing() -> None:
    assert read_sentence("  ").wishes == {}


KNOWN = [*MOOD_WORDS, *STYLE_WORDS, *INSTRUMENT_WORDS, *TEMPO_WORDS]


@given(st.lists(st.sampled_from(KNOWN), min_size=1, max_size=4, unique=True))
def test_every_known_word_is_known(names: list[str]) -> None:
    assert read_sentence(", ".join(names)).unknown == ()


PIECES = st.sampled_from(
    [*KNOWN, "in A minor", "3/4", "90 bpm", "45 seconds", "Am F C G", "I V vi IV", "AABA", "i4A8", "no piano in the intro",
     "crescendo", "energy 0.2", "melody from C4 to C6", "bars", "no", "12", "/", "|", "V", "A", "1:30", "strict", "渐强"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=6), max_size=9))
def test_any_words_are_understood_named_or_refused(parts: list[str]) -> None:
    try:
        said = read_sentence(" ".join(parts))
        from_document({"seed": 1, **said.wishes})
    except BriefError as error:
        assert "\n" not in str(error)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        said = read_sentence(text)
    except BriefError:
        return
    assert all(word in text or not text.isascii() for word in said.unknown)
