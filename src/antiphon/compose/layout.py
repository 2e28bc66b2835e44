"""The form of a piece bar by bar: phrase lengths decided, curves read off at every bar, places named by bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.compose.brief import Brief
from antiphon.compose.brief_values import EVERYWHERE, Curve, FormPart, Silence, form_text
from antiphon.errors import BriefError
from antiphon.music.form import Phrase

USUAL_PHRASE = 4
USUAL_EDGE = 2
"""Bars of a phrase, and of an introduction or ending, whose length is not said."""
PATTERN = "AABA"
ARC = {"i": 0.42, "o": 0.42, "A": 0.5, "B": 0.62, "C": 0.68}
"""Energy of phrases where a plan needs one and none is asked for."""


def asked_form(brief: Brief) -> tuple[FormPart, ...] | None:
    """The form asked for, with its introduction and ending; None where nothing about it is asked.

    Where only an introduction or an ending is asked for, the phrases between stay open: a part "-" of open length.
    """
    if brief.form is None and not brief.intro and not brief.outro:
        return None
    middle = brief.form if brief.form is not None else (FormPart("-"),)
    before = (FormPart("i", brief.intro),) if brief.intro else ()
    after = (FormPart("o", brief.outro),) if brief.outro else ()
    return (*before, *middle, *after)


def natural_bars(form: Sequence[FormPart]) -> int:
    """Bars of a form whose open phrases have their usual length."""
    return sum(_usual(part) for part in form)


def _usual(part: FormPart) -> int:
    if part.bars is not None:
        return part.bars
    if part.letter == "-":
        return USUAL_PHRASE * len(PATTERN)
    return USUAL_EDGE if part.letter in "io" else USUAL_PHRASE


def fill(form: Sequence[FormPart], bars: int) -> tuple[Phrase, ...]:
    """The phrases with all lengths decided, so that they fill the bars; equal letters get equal lengths where they can.

    Raises:
      BriefError: the lengths asked for do not fit.
    """
    fixed = sum(part.bars for part in form if part.bars is not None)
    free = [i for i, part in enumerate(form) if part.bars is None]
    left = bars - fixed
    if left < len(free) or (not free and left):
        needs = fixed + len(free)
        raise BriefError(f"The form {form_text(form).replace('-', '')} needs {needs} bars, but the piece has {bars}.")
    usual = np.array([_usual(form[i]) for i in free], dtype=np.float64)
    shares = np.maximum(1, np.floor(usual / usual.sum() * left)).astype(int) if free else np.zeros(0, dtype=int)
    at = len(shares) - 1
    while shares.sum() != left:  # what is left over goes to the last phrases, what is too much is taken from the longest
        if shares.sum() < left:
            shares[at % len(shares)] += 1
            at -= 1
        else:
            shares[int(np.argmax(shares))] -= 1
    lengths = {i: int(n) for i, n in zip(free, shares, strict=True)}
    phrases: list[Phrase] = []
    for i, part in enumerate(form):
        length = part.bars if part.bars is not None else lengths[i]
        phrases += usual_form(length) if part.letter == "-" else [Phrase(part.letter, length)]
    return tuple(phrases)


def usual_form(bars: int) -> tuple[Phrase, ...]:
    """A plain form: phrases of four bars (eight in long pieces) in the pattern AABA, the last taking what is left."""
    size = 8 if bars >= 32 and bars % 8 == 0 else USUAL_PHRASE
    count = max(1, bars // size)
    letters = "AB" if count == 2 else (PATTERN * (count // len(PATTERN) + 1))[:count]
    lengths = [size] * count
    lengths[-1] = bars - size * (count - 1)
    return tuple(Phrase(letter, length) for letter, length in zip(letters, lengths, strict=True))


def at_bars(curve: Curve, bars: int) -> tuple[float, ...]:
    """The curve's value in the middle of every bar; its first and last points lie in the first and the last bar."""
    if len(curve) == 1 or bars == 1:
        return (curve[-1] if bars == 1 and len(curve) > 1 else curve[0],) * bars
    places = np.linspace(0, 1, bars)
    return tuple(round(float(v), 4) for v in np.interp(places, np.linspace(0, 1, len(curve)), np.array(curve)))


def arc(form: Sequence[Phrase]) -> tuple[float, ...]:
    """An energy for every bar by the phrases: verses lower than what answers them, the last phrase before the end highest."""
    values: list[float] = []
    sung = [i for i, phrase in enumerate(form) if phrase.letter not in "io"]
    for i, phrase in enumerate(form):
        level = ARC.get(phrase.letter.upper() if phrase.letter not in "io" else phrase.letter, 0.58)
        level += 0.08 * (bool(sung) and i == sung[-1] and len(sung) > 2)
        values += [round(level, 3)] * phrase.bars
    return tuple(values)


def bars_of(silence: Silence, form: Sequence[Phrase] | None, bars: int) -> list[tuple[int, int]]:
    """(first, stop) from 0, half-open, of the bars where a rest is asked for; empty where the form has no such phrase.

    Raises:
      BriefError: the bars lie beyond the end of the piece.
    """
    if silence.letter is None:
        if silence.last > bars:
            raise BriefError(f"A rest is asked for up to bar {silence.last}, but the piece has {bars} bars.")
        return [(silence.first - 1, silence.last)]
    if silence.letter == EVERYWHERE:
        return [(0, bars)]
    found, begins = [], 0
    for phrase in form or ():
        if phrase.letter == silence.letter:
            found.append((begins, begins + phrase.bars))
        begins += phrase.bars
    return found
