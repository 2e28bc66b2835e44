"""Form: phrase strings such as "i4A8A8B8", and stretches of them that make a piece of a given length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from antiphon.errors import InputError

SHORT = 12
"""Below so many bars there is only singing."""
LONG = 40
"""From so many bars on a piece takes a whole form, with introduction and ending; below, only phrases that sing."""

_PHRASE = re.compile(r"([A-Za-z])(\d+)")


class Phrase(NamedTuple):
    """A phrase: its letter as labelled (capital: with melody, i: introduction, o: ending) and its length."""

    letter: str
    bars: int


def parse_form(text: str) -> tuple[Phrase, ...]:
    """Phrases of a string such as "i4A8A8B8".

    Raises:
      InputError: something else stands in it.
    """
    if _PHRASE.sub("", text) or not text:
        raise InputError(f"{text!r} is not a form; write letters with their bars, such as A8A8B8A8.")
    return tuple(Phrase(letter, int(bars)) for letter, bars in _PHRASE.findall(text))


def stretch(forms: Sequence[str], bars: int, rng: np.random.Generator) -> tuple[Phrase, ...]:
    """A run of phrases of exactly so many bars, cut from one of the forms (repeated where it is too short).

    Short pieces are drawn from neighbouring sung phrases, those first whose end falls on the last bar; long ones
    from the beginning of a whole form.
    """
    whole = bars >= LONG
    best: list[tuple[Phrase, ...]] = []
    for index in rng.permutation(len(forms))[:60]:
        phrases = parse_form(forms[int(index)])
        phrases = tuple(p for p in phrases if p.bars and (whole or (p.letter.isupper() and p.letter != "X")))
        starts = [0] if whole else list(range(len(phrases)))
        runs = [_run(phrases, start, bars) for start in starts if phrases]
        exact = [run for run, cut in runs if not cut]
        if exact:
            return exact[int(rng.integers(len(exact)))]
        best += [run for run, _ in runs]
    if best:
        return best[int(rng.integers(len(best)))]
    return _run((Phrase("A", 8), Phrase("B", 8)), 0, bars)[0]


def passage(forms: Sequence[str], bars: int, rng: np.random.Generator) -> tuple[Phrase, ...]:
    """A run of phrases of exactly so many bars as a song has them anywhere, sung in at least a quarter of its bars.

    Introductions and interludes come with it as they fall; short and long pieces are cut as `stretch` cuts them.
    """
    for index in rng.permutation(len(forms))[:60] if SHORT <= bars < LONG else ():
        phrases = tuple(p for p in parse_form(forms[int(index)]) if p.bars)
        start = int(rng.integers(len(phrases))) if phrases else 0
        if sum(p.bars for p in phrases[start:]) < bars:
            continue
        run = _run(phrases, start, bars)[0]
        if 4 * sum(p.bars for p in run if p.letter.isupper() and p.letter != "X") >= bars:
            return run
    return stretch(forms, bars, rng)


def _run(phrases: tuple[Phrase, ...], start: int, bars: int) -> tuple[tuple[Phrase, ...], bool]:
    """Phrases from `start` on, round and round, that fill the bars; and whether the last had to be cut."""
    out: list[Phrase] = []
    left, at = bars, start
    while left and phrases:
        phrase = phrases[at % len(phrases)]
        out.append(Phrase(phrase.letter, min(phrase.bars, left)))
        left -= out[-1].bars
        at += 1
    return tuple(out), bool(out) and out[-1].bars != phrases[(at - 1) % len(phrases)].bars
