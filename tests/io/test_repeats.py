"""The order in which bars are played."""

from __future__ import annotations

import pytest

from antiphon.errors import LimitError
from antiphon.io.repeats import MAX_BARS, BarSigns, play_order


def bars(text: str) -> list[BarSigns]:
    """Bars from a sketch: "|:" a repeat begins, ":|" one ends, "1"/"2"/"12" an ending, S, Q (coda), D.C. as "C", and so on."""
    found = []
    for word in text.split():
        sign = BarSigns(forward=word.startswith("|:"), passes=2 if word.endswith(":|") else 0)
        sign.endings = frozenset(int(c) for c in word if c.isdecimal())
        sign.segno, sign.coda = "S" in word, "Q" in word
        sign.dacapo, sign.dalsegno, sign.tocoda, sign.fine = "C" in word, "D" in word, "T" in word, "F" in word
        found.append(sign)
    return found


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a b c", [0, 1, 2]),
        ("a b:| c", [0, 1, 0, 1, 2]),
        ("a |:b c:| d", [0, 1, 2, 1, 2, 3]),
        ("a:| b:|", [0, 0, 1, 1]),
        ("|:a 1:| 2 b", [0, 1, 0, 2, 3]),
        ("|:a 12:| 3 b", [0, 1, 0, 1, 0, 2, 3]),
        ("|:a 1:| 2:| |:b 1:| 2", [0, 1, 0, 2, 3, 4, 3, 5]),
        ("|:a b:| 2 c", [0, 1, 0, 1, 2, 3]),
        ("aF bC", [0, 1, 0]),
        ("|:a:| bF c cC", [0, 0, 1, 2, 3, 0, 1]),
        ("a S b TD c", [0, 1, 2, 3, 1, 2, 3, 4]),
        ("a bT cC Qd", [0, 1, 2, 0, 1, 3]),
        ("", []),
    ],
)
def test_order(text, order):
    assert play_order(bars(text)) == order


def test_limit():
    with pytest.raises(LimitError):
        play_order([BarSigns()] * (MAX_BARS + 1))
    with pytest.raises(LimitError):
        play_order([BarSigns(passes=99)] * 1000)
