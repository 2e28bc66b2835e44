"""ABC 2.1 tunes -> Scores: one for each tune of a text, with repeats written out as they are played.

Bars last as long as their notes (ABC plays what is written); a first bar that is too short is padded on the left. Accidentals
hold for their letter in every octave to the end of the bar, as ABC 2.1 says. Grace notes and decorations are left out, except
that dynamics set the velocity. Each voice becomes a Track.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction

from antiphon.errors import FormatError, InputError, LimitError
from antiphon.io import abc_fields
from antiphon.io.musicxml_read import DYNAMICS, MAX_RESOLUTION
from antiphon.io.repeats import MAX_BARS
from antiphon.io.written import Ticks, WrittenBar, WrittenNote, WrittenPart, perform
from antiphon.music.harmony import LETTERS
from antiphon.music.instruments import guess_program
from antiphon.music.score import Score

MAX_BYTES = 16 * 2**20
MAX_TUNES = 20_000
MAX_EVENTS = 1_000_000
"""Most notes and rests in one tune."""
RESOLUTION = 480
"""Ticks a quarter note of a tune, where its notes fit."""
FINE = 2**8 * 3**3 * 5 * 7
"""Units a quarter note while a tune is read: every usual length and tuplet is a whole number of them."""

_TOKEN = re.compile(
    r"""
      "(?P<text>[^"]*)"
    | !(?P<decoration>[^!\s|]{1,30})! | \+[^+\s|]{1,30}\+
    | \{[^}]*\}
    | \[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]
    | \[(?P<chord>[^\]|":]*[A-Ga-g][^\]|:]*)\](?P<chord_length>\d*/*\d*)(?P<chord_tie>-?)
    | (?P<accidental>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<octave>[',]*)(?P<length>\d*/*\d*)(?P<tie>-?)
    | (?P<rest>[zx])(?P<rest_length>\d*/*\d*)
    | (?P<bars>[ZX])(?P<bar_count>\d*)
    | \((?P<tuplet>[2-9])(?::(?P<into>\d?))?(?::(?P<over>\d{0,2}))?
    | (?P<bar>\[?\|[:|\]]*|:+[:|\]]*)\s*(?P<bar_ending>\[?\d[\d,\-]*)?
    | \[(?P<ending>\d[\d,\-]*)
    | (?P<broken>>+|<+)
    | (?P<overlay>&)
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_CHORD_NOTE = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([',]*)(\d*/*\d*)(-?)")
_TUPLET_INTO = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


@dataclass(slots=True)
class _Voice(WrittenPart):
    """A voice, and where its reading stands; all times in units of FINE."""

    unit: int = FINE // 2
    meter: tuple[int, int] | None = (4, 4)
    signature: dict[str, int] = field(default_factory=dict)
    bar: WrittenBar = field(default_factory=lambda: WrittenBar(implicit=True))
    cursor: int = 0
    altered: dict[str, int] = field(default_factory=dict)
    tied: dict[tuple[str, int], int] = field(default_factory=dict)
    latest: list[WrittenNote] = field(default_factory=list)
    latest_length: int = 0
    scale_next: tuple[int, int] = (1, 1)
    tuplet: tuple[int, int, int] = (0, 1, 1)
    endings: frozenset[int] = frozenset()
    velocity: int = 80
    events: int = 0


@dataclass(slots=True)
class _Header:
    title: str = ""
    unit: Fraction | None = None
    meter: tuple[int, int] | None = (4, 4)
    tempo: str = ""
    key: str = ""


def loads(source: str | bytes) -> list[Score]:
    """Every tune of an ABC text, in order; tunes without a note are left out.

    Raises:
      FormatError: there is no tune, or one cannot be understood; the sentence names it.
      LimitError: the text is beyond a limit (bytes, tunes, bars, ticks).
    """
    if len(source) > MAX_BYTES:
        raise LimitError(f"This ABC text is longer than {MAX_BYTES:,} bytes.")
    text = source if isinstance(source, str) else _decoded(source)
    scores = []
    for number, lines in _tunes(text.replace("\r\n", "\n").replace("\r", "\n")):
        try:
            score = _tune(lines)
        except LimitError:
            raise
        except (InputError, OverflowError) as error:
            raise FormatError(f"ABC tune {number} cannot be read: {error}") from error
        if score is not None:
            scores.append(score)
    if not scores:
        raise FormatError("This text holds no ABC tune: none has a key (K:) and notes after it.")
    return scores


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _tunes(text: str) -> list[tuple[str, list[str]]]:
    """The lines of each tune with its number; fields above the first tune go before those of every tune."""
    tunes: list[tuple[str, list[str]]] = []
    common: list[str] = []
    current: list[str] | None = None
    keyed = False
    for line in text.split("\n"):
        if line.startswith("X:") or (
            current is None and line.startswith(("T:", "K:")) and not text.startswith("X:") and not tunes
        ):
            current, keyed = list(common), False
            tunes.append((line[2:].strip()[:20] or "?" if line.startswith("X:") else "1", current))
            if len(tunes) > MAX_TUNES:
                raise LimitError(f"This ABC text has more than {MAX_TUNES:,} tunes.")
        if current is None:
            if re.match(r"[A-Za-z]:", line) and not tunes:
                common.append(line)
            continue
        keyed = keyed or line.startswith("K:")
        if not line.strip() and keyed:
            current = None
            continue
        current.append(line)
    return tunes


# ---------------------------------------------------------------------------------------------------------- one tune


def _tune(lines: list[str]) -> Score | None:
    header, at = _header(lines)
    voices: dict[str, _Voice] = {}
    names: dict[str, str] = {}
    for line in lines[:at]:
        if line.startswith("V:"):
            _named(line[2:], names)

    def voice(label: str) -> _Voice:
        if label not in voices:
            fresh = _Voice(names.get(label, ""), guess_program(names.get(label, "")))
            _begin(fresh, header, first=not voices)
            voices[label] = fresh
        return voices[label]

    current = voice(next(iter(names), "1"))
    for line in lines[at:]:
        code = line.split("%")[0] if "%" in line else line
        if re.match(r"[A-Za-z+]:", code) and not re.match(r"[A-G]:[|\]:]", code):
            if code[0] == "V":
                current = voice(_named(code[2:], names))
            else:
                _field(current, code[0], code[2:])
            continue
        for match in _TOKEN.finditer(code):
            if match["field"] == "V":
                current = voice(_named(match["value"], names))
            else:
                _token(current, match)
    for each in voices.values():
        _close_bar(each)
    found = [v for v in voices.values() if any(bar.notes for bar in v.bars)]
    if not found:
        return None
    resolution = _to_ticks(found)
    return perform(list(found), resolution, header.title)


def _header(lines: list[str]) -> tuple[_Header, int]:
    """The fields up to K:, and the number of the line after it."""
    header = _Header()
    for at, line in enumerate(lines):
        code, value = line[:2], line[2:].split("%")[0].strip()
        if code == "T:" and not header.title:
            header.title = value
        elif code == "L:":
            header.unit = abc_fields.fraction(value) or header.unit
        elif code == "M:":
            header.meter = abc_fields.meter(value)
        elif code == "Q:":
            header.tempo = value
        elif code == "K:":
            header.key = value
            return header, at + 1
    raise FormatError("it names no key (K:).")


def _begin(voice: _Voice, header: _Header, first: bool) -> None:
    voice.meter = header.meter
    numerator, denominator = header.meter or (4, 4)
    unit = header.unit or (Fraction(1, 16) if Fraction(numerator, denominator) < Fraction(3, 4) else Fraction(1, 8))
    voice.unit = round(unit * 4 * FINE)
    if header.meter:
        voice.bar.marks.append((0, "meter", header.meter))
    _set_key(voice, header.key)
    if header.tempo and first:
        _set_tempo(voice, header.tempo)


def _named(value: str, names: dict[str, str]) -> str:
    """Label of a voice field, with the name it gives noted."""
    label = (value.split() or ["1"])[0][:40]
    match = re.search(r'\b(?:name|nm)\s*=\s*(?:"([^"]*)"|(\S+))', value)
    names[label] = (match[1] or match[2] or "").strip() if match else names.get(label, "")
    return label


def _field(voice: _Voice, code: str, value: str) -> None:
    """A field inside the music."""
    value = value.strip()
    if code == "K":
        _set_key(voice, value)
    elif code == "M":
        voice.meter = abc_fields.meter(value)
        if voice.meter:
            voice.bar.marks.append((voice.cursor, "meter", voice.meter))
    elif code == "L":
        unit = abc_fields.fraction(value)
        voice.unit = round(unit * 4 * FINE) if unit else voice.unit
    elif code == "Q":
        _set_tempo(voice, value)
    elif code == "P" and value:
        voice.bar.marks.append((voice.cursor, "section", value))


def _set_tempo(voice: _Voice, text: str) -> None:
    mspq = abc_fields.tempo(text, Fraction(voice.unit, FINE))
    if mspq is not None:
        voice.bar.marks.append((voice.cursor, "tempo", mspq))


def _set_key(voice: _Voice, text: str) -> None:
    found = abc_fields.key(text)
    if found is not None:
        voice.bar.marks.append((voice.cursor, "key", found[0]))
        voice.signature = found[1]


# ---------------------------------------------------------------------------------------------------------- music code


def _token(voice: _Voice, match: re.Match[str]) -> None:
    """One sign of the music code; what is no sign of ABC is passed over, as the standard asks."""
    if match["letter"]:
        _sound(voice, [(match["accidental"], match["letter"], match["octave"], "", match["tie"])], match["length"], "")
    elif match["chord"]:
        _sound(voice, _CHORD_NOTE.findall(match["chord"]), match["chord_length"], match["chord_tie"])
    elif match["rest"]:
        _advance(voice, [], abc_fields.length(match["rest_length"], voice.unit))
    elif match["bar"]:
        _bar_line(voice, match["bar"])
        if match["bar_ending"]:
            voice.endings = abc_fields.passes(match["bar_ending"])
    elif match["ending"]:
        voice.endings = abc_fields.passes(match["ending"])
    elif match["broken"]:
        _broken(voice, match["broken"])
    elif match["tuplet"]:
        p = int(match["tuplet"])
        compound = voice.meter is not None and voice.meter[0] % 3 == 0 and voice.meter[0] > 3
        into = int(match["into"] or 0) or _TUPLET_INTO.get(p, 3 if compound else 2)
        voice.tuplet = (int(match["over"] or 0) or p, into, p)
    elif match["text"] is not None:
        chord = abc_fields.chord_symbol(match["text"])
        if chord is not None:
            voice.bar.marks.append((voice.cursor, "chord", chord[0]))
    elif match["field"]:
        _field(voice, match["field"], match["value"])
    elif match["decoration"]:
        voice.velocity = DYNAMICS.get(match["decoration"], voice.velocity)
    elif match["bars"]:
        numerator, denominator = voice.meter or (4, 4)
        count = int(match["bar_count"][:6] or 1)
        for i in range(min(count, MAX_BARS + 1)):
            if i:
                _close_bar(voice)
            _advance(voice, [], 4 * FINE * numerator // denominator)
    elif match["overlay"]:
        voice.cursor = 0
        voice.latest = []


def _sound(voice: _Voice, notes: list[tuple[str, str, str, str, str]], length: str, tie: str) -> None:
    """A note, or the notes of a chord; each is (accidental, letter, octave marks, length, tie)."""
    unit = abc_fields.length(length, voice.unit)
    first = abc_fields.length(notes[0][3], unit) if notes else unit
    ties: dict[tuple[str, int], int] = {}
    written = []
    for accidental, letter, marks, own, tied in notes:
        step, octave = letter.upper(), 5 if letter.islower() else 4
        octave += marks.count("'") - marks.count(",")
        back = voice.tied.get((step, octave))
        if accidental:
            voice.altered[step] = abc_fields.ALTER[accidental]
        usual = voice.altered.get(step, voice.signature.get(step, 0))
        alter = back if back is not None and not accidental else usual
        on = bool(tied or tie)
        if on:
            ties[step, octave] = alter
        pitch = 12 * (octave + 1) + LETTERS[step] + alter
        if 0 <= pitch <= 127:
            duration = abc_fields.length(own, unit) if own else first
            written.append(WrittenNote(voice.cursor, duration, pitch, voice.velocity, on, back == alter and back is not None))
    voice.tied = ties
    _advance(voice, written, first)


def _advance(voice: _Voice, notes: list[WrittenNote], length: int) -> None:
    """Put notes (none: a rest) at the cursor, with the tuplet and broken rhythm in force, and move on."""
    left, into, of = voice.tuplet
    times, over = voice.scale_next
    if left:
        times, over = times * into, over * of
        voice.tuplet = (left - 1, into, of)
    voice.scale_next = (1, 1)
    for note in notes:
        note.duration = note.duration * times // over
    voice.bar.notes += [n for n in notes if n.duration > 0]
    voice.latest, voice.latest_length = notes, length * times // over
    voice.cursor += voice.latest_length
    voice.bar.extent = max(voice.bar.extent, voice.cursor)
    voice.events += 1
    if voice.events > MAX_EVENTS:
        raise LimitError(f"An ABC tune has more than {MAX_EVENTS:,} notes and rests.")


def _broken(voice: _Voice, signs: str) -> None:
    """Broken rhythm: the note before gives time to the one after (<) or takes it (>)."""
    whole = 2 ** min(len(signs), 6)
    before, after = (2 * whole - 1, 1) if signs[0] == ">" else (1, 2 * whole - 1)
    for note in voice.latest:
        note.duration = note.duration * before // whole
    voice.cursor += voice.latest_length * before // whole - voice.latest_length
    voice.bar.extent = max([voice.cursor, *(n.onset + n.duration for n in voice.bar.notes)])
    voice.scale_next = (after, whole)


def _bar_line(voice: _Voice, sign: str) -> None:
    """End the bar, and note the repeats that the bar line says."""
    if sign == ":":
        return
    _close_bar(voice)
    back = len(sign) - len(sign.lstrip(":")) if "|" in sign else len(sign) // 2
    forward = sign.endswith(":")
    if back and voice.bars:
        voice.bars[-1].signs.passes = back + 1
    if back or forward or "||" in sign or "]" in sign or sign.startswith("[|"):
        voice.endings = frozenset()
    if forward:
        voice.bar.signs.forward = True


def _close_bar(voice: _Voice) -> None:
    """Put the bar being read away, unless nothing stands in it."""
    if voice.bar.extent > 0:
        voice.bar.signs.endings = voice.endings
        voice.bars.append(voice.bar)
        if len(voice.bars) > MAX_BARS:
            raise LimitError(f"An ABC tune has more than {MAX_BARS:,} bars.")
        voice.bar = WrittenBar(implicit=True)
    voice.bar.marks = [(0, kind, value) for _, kind, value in voice.bar.marks]
    voice.cursor = 0
    voice.altered = {}
    voice.latest = []


def _to_ticks(voices: list[_Voice]) -> int:
    """Turn all times from FINE into ticks; returns the ticks a quarter note that hold them exactly, if they can."""
    bars = [bar for voice in voices for bar in voice.bars]
    unit = FINE
    for bar in bars:
        unit = math.gcd(unit, *(int(t) for n in bar.notes for t in (n.onset, n.duration)), *(int(m[0]) for m in bar.marks))
        unit = math.gcd(unit, int(bar.extent))
    needed = FINE // unit
    resolution = RESOLUTION if RESOLUTION % needed == 0 else min(needed, MAX_RESOLUTION)

    def ticks(value: Ticks) -> int:
        return (2 * int(value) * resolution + FINE) // (2 * FINE)

    for bar in bars:
        bar.extent = ticks(bar.extent)
        bar.marks = [(ticks(at), kind, value) for at, kind, value in bar.marks]
        for note in bar.notes:
            note.onset, note.duration = ticks(note.onset), ticks(note.onset + note.duration) - ticks(note.onset)
    return resolution
