"""Roman numerals against chords that a theorist would write down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.compose.numerals import chord_in, is_numerals, numerals_text, parse_numeral, parse_numerals
from antiphon.errors import BriefError
from antiphon.music.harmony import Key, parse_chords, parse_key


def chords(text: str, key: str) -> str:
    return " ".join(str(n and chord_in(n, parse_key(key))) for bar in parse_numerals(text) for n in bar)


@pytest.mark.parametrize(
    ("numerals", "key", "found"),
    [
        ("I V vi IV", "C", "C G Am F"),
        ("ii7 V7 Imaj7", "C", "Dm7 G7 Cmaj7"),
        ("i VI VII V7", "A minor", "Am F G E7"),
        ("i bVI bVII i", "A minor", "Am F G Am"),
        ("viio7 i", "A minor", "G#dim7 Am"),
        ("iiø7 V7 i", "A minor", "Bm7b5 E7 Am"),
        ("V65 I6 IV64 V42", "C", "G7/B C/E F/C G7/F"),
        ("V7/V V7/ii V", "C", "D7 A7 G"),
        ("bVII IV I N.C.", "D", "C G D None"),
        ("I+ viio", "C", "Caug Bdim"),
    ],
)
def test_numerals_in_a_key(numerals: str, key: str, found: str) -> None:
    assert chords(numerals, key) == found


def test_chords_are_no_numerals() -> None:
    for text in ("Am F C G", "Bb Eb", "Dm7 | G7", "C/E", "b"):
        assert not is_numerals(text)
    for text in ("I V vi IV", "i", "bVII", "N.C. V", "ii7 | V7 I"):
        assert is_numerals(text)


@given(st.integers(0, 11), st.booleans())
def test_the_dominant_is_a_fifth_above_the_tonic(tonic: int, minor: bool) -> None:
    one, five = (parse_numeral(text) for text in ("i" if minor else "I", "V7"))
    assert one is not None and five is not None
    key = Key(tonic, minor)
    assert chord_in(one, key).root == tonic
    assert (chord_in(five, key).root - tonic) % 12 == 7


@pytest.mark.parametrize("text", ["ii7 V7 | I", "I V vi IV", "I V |", "V7/V"])
def test_what_is_written_is_read_again(text: str) -> None:
    numerals = parse_numerals(text)
    assert parse_numerals(numerals_text(numerals)) == numerals


@pytest.mark.parametrize("text", ["", "VIII", "iX", "V/x", "V7/V7/V", "I | Q"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BriefError):
        parse_numerals(text)


@given(st.text(alphabet="IViv7b#o/°ø+ |NC.", max_size=16))
def test_any_text_is_numerals_or_refused(text: str) -> None:
    try:
        bars = parse_numerals(text)
    except BriefError:
        return
    for bar in bars:
        for numeral in bar:
            if numeral is not None:
                assert parse_chords(str(chord_in(numeral, Key(0)))) == [[chord_in(numeral, Key(0))]]
