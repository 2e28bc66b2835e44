"""The values that a brief is made of, and how people type them: form, curves, instruments, ranges, silences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from antiphon.errors import BriefError
from antiphon.music.harmony import parse_pitch_class, spell
from antiphon.music.instruments import PROGRAMS, guess_program, is_drum_name

Curve = tuple[float, ...]
"""Values 0 to 1, evenly spread from the first bar to the last, with straight lines between; a single one is constant."""

MAX_POINTS = 256
MAX_PHRASE_BARS = 256
MAX_POLYPHONY = 16
DRUMS = -1
"""Stands for the drum kit where a General MIDI program is named."""
EVERYWHERE = "*"
"""Stands for all phrases where a letter is named."""

SECTION_WORDS = {"intro": "i", "introduction": "i", "opening": "i", "outro": "o", "ending": "o", "coda": "o", "end": "o"}
"""What people call the phrases i and o."""

_PART = re.compile(r"([A-Za-z])(\d*)")
_BARS = re.compile(r"bars?\s+(\d+)(?:\s*(?:-|–|to)\s*(\d+))?")
_PITCH = re.compile(r"([A-Ga-g](?:##|bb|#|b|♯|♭|x)?)(-?\d+)")


class FormPart(NamedTuple):
    """A phrase of the form as asked for: its letter, and its bars (None: to be decided)."""

    letter: str
    bars: int | None = None


class Instrument(NamedTuple):
    """An instrument as asked for: the role that shall play it (None: any) and its General MIDI program (or DRUMS)."""

    role: str | None
    program: int


class PitchRange(NamedTuple):
    """Lowest and highest MIDI pitch that a role may have."""

    role: str
    low: int
    high: int


class Silence(NamedTuple):
    """A role that must rest: in phrases of a letter (or EVERYWHERE), or in bars `first` to `last` (from 1, both included)."""

    role: str
    letter: str | None = None
    first: int = 0
    last: int = 0

    def __str__(self) -> str:
        names = {"i": "in intro", "o": "in outro", EVERYWHERE: "throughout"}
        where = names.get(self.letter, f"in {self.letter}") if self.letter else f"in bars {self.first}-{self.last}"
        return f"{self.role} {where}"


def parse_form(text: str) -> tuple[FormPart, ...]:
    """A form such as "AABA" or "i4A8B8A8o2": phrase letters, with or without their bars.

    Raises:
      BriefError: something else stands in it.
    """
    packed = re.sub(r"[\s,|-]+", "", text)
    if not packed or _PART.sub("", packed):
        raise BriefError(f"{text!r} is not a form; write phrase letters, as in AABA, or with their bars, as in i4A8B8A8o2.")
    parts = tuple(FormPart(letter, int(bars) if bars else None) for letter, bars in _PART.findall(packed[:4096]))
    if len(packed) > 4096 or any(part.bars is not None and not 1 <= part.bars <= MAX_PHRASE_BARS for part in parts):
        raise BriefError(f"A phrase of a form has 1 to {MAX_PHRASE_BARS} bars.")
    return parts


def form_text(form: Iterable[tuple[str, int | None]]) -> str:
    """A form as a person types it."""
    return "".join(f"{letter}{bars or ''}" for letter, bars in form)


def curve(what: str, value: str | float | Sequence[float]) -> Curve:
    """A curve from a number, numbers, or their text ("0.3 0.5 0.9").

    Raises:
      BriefError: a value is no number of 0 to 1, or there is none, or there are too many.
    """
    if isinstance(value, str):
        words: Sequence[object] = value.replace(",", " ").split()
    else:
        words = list(value) if isinstance(value, Sequence) else [value]
    try:
        points = tuple(float(word) for word in words if not isinstance(word, bool))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        points = ()
    if len(points) != len(words) or not points or not all(math.isfinite(p) and 0 <= p <= 1 for p in points):
        raise BriefError(f"The {what} must be a number from 0 to 1, or several that follow each other in time.")
    if len(points) > MAX_POINTS:
        raise BriefError(f"The {what} has {len(points)} points; at most {MAX_POINTS} are understood.")
    return points


def pairs(what: str, value: str | Mapping[str, object], example: str) -> list[tuple[str, str]]:
    """(role, text) pairs of a mapping, or of text such as "melody=violin, piano=harp".

    Raises:
      BriefError: a part has no "=", or a role stands twice.
    """
    if isinstance(value, str):
        cells = [cell.partition("=") for cell in re.split(r"[,;]", value) if cell.strip()]
        if not cells or not all(role.strip() and equals and text.strip() for role, equals, text in cells):
            raise BriefError(f"The {what} cannot be read from {value!r}; write for example {example}.")
        found = [(role.strip().lower(), text.strip()) for role, _, text in cells]
    else:
        found = [(str(role).strip().lower(), str(text).strip()) for role, text in value.items()]
    if len({role for role, _ in found}) < len(found):
        raise BriefError(f"The {what} names a track twice.")
    return found


def parse_numbers(what: str, value: str | Mapping[str, float], limits: tuple[float, float]) -> tuple[tuple[str, float], ...]:
    """A number for each role, as "piano=0.5".

    Raises:
      BriefError: it cannot be read, or a number is out of its limits.
    """
    found = []
    for role, text in pairs(what, value, "piano=4" if limits[1] > 1 else "piano=0.5"):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and limits[0] <= number <= limits[1]):
            raise BriefError(f"The {what} of {role} must be {limits[0]:g} to {limits[1]:g}, not {text}.")
        found.append((role, number))
    return tuple(found)


def parse_program(text: str) -> int:
    """General MIDI program of an instrument's name ("violin", "electric piano") or number; DRUMS for drums.

    Raises:
      BriefError: no instrument is called so.
    """
    name = text.strip()
    if name.isascii() and name.isdigit() and len(name) <= 3 and int(name) <= 127:
        return int(name)
    if is_drum_name(name):
        return DRUMS
    program = guess_program(name, -1) if name else -1
    if program < 0:
        raise BriefError(f"There is no instrument {name!r} in General MIDI; write for example violin, flute or electric piano.")
    return program


def program_name(program: int) -> str:
    """The name of a General MIDI program, or "drums"."""
    return "drums" if program == DRUMS else PROGRAMS[program]


def parse_instruments(value: str | Mapping[str, str] | Sequence[str]) -> tuple[Instrument, ...]:
    """Instruments by role ("melody=violin, piano=harp"), or simply those wanted ("violin, piano"), or both.

    Raises:
      BriefError: a name is unknown, or a role stands twice, or there is none.
    """
    if isinstance(value, Mapping):
        items = [f"{role}={name}" for role, name in value.items()]
    else:
        items = re.split(r"[,;]| and ", value) if isinstance(value, str) else [str(item) for item in value]
    found = []
    for item in items:
        role, equals, name = item.rpartition("=")
        if item.strip():
            if equals and not role.strip():
                raise BriefError(f"An instrument is asked for no track in {item.strip()!r}; write for example melody=violin.")
            found.append(Instrument(role.strip().lower() if equals else None, parse_program(name)))
    if not found:
        raise BriefError("No instrument is named; write for example melody=violin, or violin, piano.")
    roles = [instrument.role for instrument in found if instrument.role is not None]
    if len(set(roles)) < len(roles):
        raise BriefError("The instruments name a track twice.")
    return tuple(found)


def parse_pitch(text: str) -> int:
    """MIDI pitch of "C4" (60), "F#5", "Bb2", or of its number.

    Raises:
      BriefError: it names no pitch.
    """
    name = text.strip()
    match = _PITCH.fullmatch(name)
    if match:
        pitch_class, _ = parse_pitch_class(match[1])
        plain = "CDEFGAB".index(match[1][0].upper())
        natural = (0, 2, 4, 5, 7, 9, 11)[plain]
        shift = (pitch_class - natural + 6) % 12 - 6
        pitch = natural + shift + 12 * (int(match[2][:4]) + 1)
    else:
        pitch = int(name) if name.isascii() and name.isdigit() and len(name) <= 3 else -1
    if not 0 <= pitch <= 127:
        raise BriefError(f"{text!r} is not a pitch; write for example C4 (middle C), F#5 or a MIDI number from 0 to 127.")
    return pitch


def pitch_name(pitch: int) -> str:
    """A MIDI pitch as "C4"."""
    step, alter, octave = spell(pitch)
    return f"{step}{'#' * alter if alter > 0 else 'b' * -alter}{octave}"


def parse_ranges(value: str | Mapping[str, str]) -> tuple[PitchRange, ...]:
    """A pitch range for each role, as "melody=C4-C6, piano=36-84".

    Raises:
      BriefError: it cannot be read, or holds less than an octave.
    """
    found = []
    for role, text in pairs("ranges", value, "melody=C4-C6"):
        match = re.fullmatch(r"\s*(.+?)\s*(?:-|–|to|\.\.)\s*([A-Ga-g0-9].*?)\s*", text)
        if not match:
            raise BriefError(f"The range of {role} cannot be read from {text!r}; write for example {role}=C4-C6.")
        low, high = parse_pitch(match[1]), parse_pitch(match[2])
        found.append(PitchRange(role, low, high))
    return tuple(found)


def parse_silences(value: str | Sequence[str]) -> tuple[Silence, ...]:
    """Rests asked for, as "piano in the intro; drums in bars 1-4".

    Raises:
      BriefError: one cannot be read.
    """
    items = re.split(r"[;,]", value) if isinstance(value, str) else [str(item) for item in value]
    found = [_silence(item) for item in items if item.strip()]
    if not found:
        raise BriefError("No silence is named; write for example 'piano in intro' or 'bass in bars 1-4'.")
    return tuple(found)


def _silence(text: str) -> Silence:
    always = re.fullmatch(r"\s*(?:no\s+|without\s+)?(.+?)\s+throughout\s*", text, re.IGNORECASE)
    if always:
        return Silence(always[1].lower(), EVERYWHERE)
    words = re.fullmatch(r"\s*(?:no\s+|without\s+)?(.+?)\s+(?:in|during)\s+(?:the\s+)?(.+?)\s*", text, re.IGNORECASE)
    if words:
        role, where = words[1].lower(), words[2]
        bars = _BARS.fullmatch(where.lower())
        if bars and len(bars[1]) < 6 and len(bars[2] or "") < 6:
            first = int(bars[1])
            last = int(bars[2] or bars[1])
            if 1 <= first <= last:
                return Silence(role, None, first, last)
        if where.lower() in SECTION_WORDS:
            return Silence(role, SECTION_WORDS[where.lower()])
        letter = re.fullmatch(r"(?:(?:section|phrase|part)\s+)?([A-Za-z])", where)
        if letter:
            return Silence(role, letter[1])
    raise BriefError(f"{text.strip()!r} is not a rest; write for example 'piano in intro', 'piano in B' or 'bass in bars 1-4'.")
