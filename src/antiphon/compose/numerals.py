"""Roman numerals: chords named by their degree of a key, parsed, printed, and turned into chords once the key is known."""

from __future__ import annotations

import re
from typing import NamedTuple

from antiphon.errors import BriefError
from antiphon.music.harmony import MAJOR_SCALE, MINOR_SCALE, QUALITIES, Chord, Key

DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")

_NUMERAL = re.compile(r"(bb|b|♭|##|#|♯)?(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(.*)")
_SHIFTS = {"": 0, "b": -1, "♭": -1, "bb": -2, "#": 1, "♯": 1, "##": 2}
_UPPER = {"": "", "7": "7", "maj7": "maj7", "M7": "maj7", "Δ7": "maj7", "+": "aug", "aug": "aug", "sus": "sus4", "+7": "aug7"}
_LOWER = {
    "": "m", "7": "m7", "maj7": "mmaj7", "M7": "mmaj7", "o": "dim", "°": "dim", "dim": "dim", "o7": "dim7", "°7": "dim7",
    "dim7": "dim7", "ø": "m7b5", "ø7": "m7b5", "0": "m7b5", "07": "m7b5", "h7": "m7b5", "m7b5": "m7b5", "7b5": "m7b5",
    "9": "m9", "m7": "m7", "m": "m",
}  # fmt: skip
_FIGURES = {"65": ("7", 1), "43": ("7", 2), "42": ("7", 3), "2": ("7", 3), "64": ("", 2), "63": ("", 1), "6": ("", 1)}
"""Figured bass -> the suffix of the chord, and which of its notes is in the bass."""


class Numeral(NamedTuple):
    """A chord relative to a key.

    Attributes:
      degree: 0 (the tonic) to 6.
      shift: semitones by which the degree is altered.
      quality: of the chord, from music.harmony.QUALITIES.
      bass: which of the chord's notes is in the bass, 0 the root.
      of: the degree that it leads to, where it is borrowed from there ("V7/V").
      text: as typed.
    """

    degree: int
    shift: int
    quality: str
    bass: int
    of: tuple[int, int, bool] | None
    text: str


Numerals = tuple[tuple[Numeral | None, ...], ...]
"""A progression in numerals: one tuple a bar, None for no chord."""


def parse_numeral(text: str) -> Numeral | None:
    """A numeral such as "ii7", "V65", "bVII", "viiø7" or "V7/V"; None for "N.C.".

    Upper case is major, lower case minor; "7" is a minor seventh (so "V7" is the dominant, "Imaj7" the tonic's own);
    figures 6, 64, 65, 43 and 42 are inversions.

    Raises:
      BriefError: it is no numeral.
    """
    symbol = text.strip()
    if symbol.upper().replace(".", "") in ("NC", "N", "-"):
        return None
    head, slash, target = symbol.partition("/")
    found, leads = _single(head, text), None
    if slash:
        aim = _single(target, text)
        if aim[3]:
            raise _unknown(text)
        leads = (aim[0], aim[1], aim[2] not in ("", "7", "maj7"))
    return Numeral(*found, leads, symbol)


def _single(symbol: str, whole: str) -> tuple[int, int, str, int]:
    match = _NUMERAL.fullmatch(symbol)
    if not match:
        raise _unknown(whole)
    sign, letters, suffix = match.groups()
    degree, upper = DEGREES.index(letters.upper()), letters.isupper()
    seventh = re.fullmatch(r"([o°ø+]?)(65|43|42|64|63|6|2)", suffix)
    bass = 0
    if seventh:
        suffix, bass = _FIGURES[seventh[2]]
        suffix = seventh[1] + suffix
    table = _UPPER if upper else _LOWER
    quality = table.get(suffix, suffix if upper and suffix in QUALITIES and suffix[:1] != "m" else None)
    if quality is None and suffix in ("sus4", "sus2", "7sus4"):
        quality = suffix
    if quality is None:
        raise _unknown(whole)
    return degree, _SHIFTS[sign or ""], quality, bass


def _unknown(text: str) -> BriefError:
    return BriefError(f"{text!r} is not a roman numeral; write for example I, vi, ii7, V65, bVII or V7/V.")


def chord_in(numeral: Numeral, key: Key) -> Chord:
    """The chord that a numeral means in a key.

    In minor, degrees are those of the natural scale (VI and VII are major chords), a flat before III, VI or VII changes
    nothing, and a diminished vii stands on the leading note.
    """
    if numeral.of is not None:
        degree, shift, minor = numeral.of
        root = _root(degree, shift, key, diminished=False)
        return chord_in(numeral._replace(of=None), Key(root, minor))
    diminished = numeral.quality in ("dim", "dim7", "m7b5")
    root = _root(numeral.degree, numeral.shift, key, diminished)
    tones = Chord(root, numeral.quality).pitch_classes
    bass = tones[numeral.bass] if numeral.bass < len(tones) else root
    return Chord(root, numeral.quality, None if bass == root else bass)


def _root(degree: int, shift: int, key: Key, diminished: bool) -> int:
    steps = MINOR_SCALE if key.minor else MAJOR_SCALE
    if key.minor and degree in (2, 5, 6) and shift < 0:
        shift += 1
    if key.minor and degree == 6 and diminished and shift == 0:
        shift = 1
    return (key.tonic + steps[degree] + shift) % 12


def is_numerals(text: str) -> bool:
    """Whether a progression is written in numerals: its first chord is one (no note is called I or V)."""
    words = re.sub(r"[|,]", " ", text).split()
    named = next((word for word in words if word.upper().replace(".", "") not in ("NC", "N", "-")), "")
    return bool(_NUMERAL.fullmatch(named.partition("/")[0]))


def parse_numerals(text: str) -> Numerals:
    """A progression in numerals, "I V vi IV" (one a bar) or "ii7 V7 | I" (bars).

    Raises:
      BriefError: a numeral is unknown, or there is none.
    """
    cells = [c for c in text.split("|") if c.strip()] if "|" in text else text.replace(",", " ").split()
    bars = tuple(tuple(parse_numeral(word) for word in cell.replace(",", " ").split()) for cell in cells)
    if not bars or not all(bars):
        raise BriefError("The chord progression is empty; write for example 'I V vi IV'.")
    return bars


def numerals_text(numerals: Numerals) -> str:
    """A progression in numerals as a person types it."""
    bars = [" ".join("N.C." if n is None else n.text for n in bar) for bar in numerals]
    return f"{bars[0]} |" if len(bars) == 1 and len(numerals[0]) > 1 else " | ".join(bars)
