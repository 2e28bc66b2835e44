"""What the fields and quoted words of ABC say: lengths, meters, tempos, keys, endings, chord symbols; text in, values out."""

from __future__ import annotations

import re
from fractions import Fraction

from antiphon.errors import BriefError, FormatError
from antiphon.io.musicxml_kinds import UnknownChordError, nearest_quality
from antiphon.io.written import MODES, key_of
from antiphon.music.harmony import FIFTHS_STEPS, Chord, Key, parse_chord, parse_pitch_class

ALTER = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
"""Semitones of an accidental sign."""
_NO_KEY = re.compile(r"(clef|octave|transpose|middle|staves|stafflines|style|shift)\s*=\s*\S*")


def fraction(text: str) -> Fraction | None:
    """A length as "1/8" or "1"; None where there is none."""
    match = re.match(r"\s*(\d{1,4})\s*(?:/\s*(\d{1,4}))?", text)
    if not match or int(match[1]) == 0 or int(match[2] or 1) == 0:
        return None
    return Fraction(int(match[1]), int(match[2] or 1))


def meter(text: str) -> tuple[int, int] | None:
    """Meter of an M: field, None where it is free or makes no sense."""
    if text.startswith("C|"):
        return (2, 2)
    if text.startswith("C"):
        return (4, 4)
    match = re.match(r"\(?([\d+ ]{1,20})\)?\s*/\s*(\d{1,3})", text)
    if not match:
        return None
    numerator = sum(int(n) for n in match[1].replace("+", " ").split())
    denominator = int(match[2])
    return (numerator, denominator) if 1 <= numerator <= 255 and denominator in (1, 2, 4, 8, 16, 32, 64) else None


def tempo(text: str, unit: Fraction) -> int | None:
    """Microseconds a quarter note of a Q: field ("1/4=120", "120", "3/8=60"); None where it gives no usable number.

    Args:
      text: the field; beats add up, words in quotes say nothing in numbers.
      unit: the unit note length in quarters, which a bare number counts.
    """
    plain = re.sub(r'"[^"]*"', "", text)
    match = re.search(r"([\d/ ]*)=\s*(\d{1,4}(?:\.\d{1,6})?)|(\d{1,4}(?:\.\d{1,6})?)\s*$", plain.strip())
    if not match:
        return None
    beats = [f for f in (fraction(part) for part in (match[1] or "").split()) if f]
    qpm = Fraction(match[2] or match[3]) * (sum(beats, Fraction(0)) * 4 or unit)
    mspq = round(60_000_000 / qpm) if qpm > 0 else 0
    return mspq if 1 <= mspq <= 0xFFFFFF else None


def key(text: str) -> tuple[Key, dict[str, int]] | None:
    """Key of a K: field and the alterations of its signature by letter; None where it names no key (only a clef).

    Tonic, mode and explicit accidentals ("D mix", "Am", "C exp ^f"); "HP" is the bagpipe, "none" has no signature.
    """
    text = _NO_KEY.sub("", text).strip()
    fifths, mode, rest = 0, "major", text
    match = re.match(r"([A-G])([#b♯♭]?)\s*([A-Za-z]*)(.*)", text, re.DOTALL)
    if text[:2] in ("HP", "Hp"):
        fifths, mode, rest = 2, "mixolydian", ""
    elif match:
        word = match[3].lower()
        mode = "minor" if match[3] in ("m", "n") else "major"
        if len(word) >= 3:
            mode = next((name for name in MODES if name.startswith(word[:3])), "major")
        fifths = FIFTHS_STEPS.index(match[1]) - 1 + MODES[mode] + {"#": 7, "♯": 7, "b": -7, "♭": -7}.get(match[2], 0)
        rest = match[4]
    elif text and not text.lower().startswith("none") and not re.search(r"[\^_=][A-Ga-g]", text):
        return None
    if abs(fifths) > 11:
        return None
    altered = FIFTHS_STEPS[:fifths] if fifths > 0 else FIFTHS_STEPS[7 + max(fifths, -7) :] if fifths < 0 else ()
    signature = dict.fromkeys(altered, 1 if fifths > 0 else -1)
    for accidental, letter in re.findall(r"(\^\^|\^|__|_|=)([A-Ga-g])", rest):
        signature[letter.upper()] = ALTER[accidental]
    return key_of(fifths, mode), signature


def length(text: str, unit: int) -> int:
    """A note length as written ("", "2", "3/2", "/", "//", "/4") times the unit."""
    if not text:
        return unit
    if len(text) > 9:
        raise FormatError(f"the note length {text[:9]}... is too long.")
    over, slashes, under = text.partition("/")
    value = unit * int(over) if over else unit
    if slashes:
        digits = under.lstrip("/")
        value //= (int(digits) or 1) if digits else 2 ** (len(under) + 1)
    return value


def passes(text: str) -> frozenset[int]:
    """Passes named by an ending: "1", "1,3", "1-3"."""
    found: set[int] = set()
    for part in text.strip("[").split(","):
        low, _, high = part.partition("-")
        if low.isdecimal() and len(low) < 3:
            top = int(high) if high.isdecimal() and len(high) < 3 else int(low)
            found.update(range(max(1, int(low)), top + 1))
    return frozenset(found)


def chord_symbol(text: str) -> tuple[Chord | None] | None:
    """The chord (or None for N.C.) of a quoted text, in a tuple; None for annotations and what names no chord."""
    symbol = text.strip().split("\n")[0]
    if not symbol or symbol[0] in "^_<>@":
        return None
    try:
        return (parse_chord(symbol),)
    except BriefError:
        try:
            root, rest = parse_pitch_class(symbol)
            return (Chord(root, nearest_quality(rest)),) if symbol[0].isupper() else None
        except (BriefError, UnknownChordError):
            return None
