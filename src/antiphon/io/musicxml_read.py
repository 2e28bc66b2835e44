"""MusicXML -> Score: partwise or timewise, plain or zipped, with its repeats written out as they are played.

Bars become time as `written.perform` says. Grace notes, cue notes and ornaments are left out. Transposing instruments sound
where they sound. Voices and staves of one part become one Track.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from fractions import Fraction

from antiphon.errors import FormatError, InputError, LimitError
from antiphon.io.musicxml_kinds import UnknownChordError, read_harmony
from antiphon.io.repeats import MAX_BARS
from antiphon.io.written import Ticks, WrittenBar, WrittenNote, WrittenPart, key_of, perform
from antiphon.io.xmlsafe import member_names, parse_xml, unzip_member
from antiphon.music.harmony import LETTERS
from antiphon.music.instruments import guess_program
from antiphon.music.score import Score

MAX_RESOLUTION = 10_080
"""Divisions beyond which times are rounded: a multiple of 2**5, 3**2, 5 and 7 a quarter note."""
MAX_PARTS = 256
DEFAULT_VELOCITY = 80
DYNAMICS = {"pppp": 10, "ppp": 20, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126, "ffff": 127,
            "sf": 104, "sfz": 104, "fz": 104, "fp": 96, "rf": 96, "rfz": 96, "sfp": 96}  # fmt: skip
"""Velocity of each dynamic mark."""

_BEAT_UNITS = {"long": 16, "breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}


@dataclass(slots=True)
class _Part(WrittenPart):
    """A part, and its state while its measures are read."""

    unpitched: dict[str, int] = field(default_factory=dict)
    factor: Ticks = 1
    semitones: int = 0
    velocity: int = DEFAULT_VELOCITY
    ending: frozenset[int] = frozenset()
    has_pitched: bool = False
    has_unpitched: bool = False


def loads(data: bytes, *, title: str = "") -> Score:
    """The piece in a MusicXML document, plain or compressed (.mxl).

    Args:
      data: content of the file.
      title: title of the piece where the document names none.

    Raises:
      FormatError: the document is damaged, not MusicXML, or declares entities.
      LimitError: it is beyond a limit (size, elements, bars, ticks).
    """
    root = parse_xml(_unpack(data) if data[:2] == b"PK" else data)
    for element in root.iter():
        if "}" in element.tag or ":" in element.tag:
            element.tag = element.tag.rpartition("}")[2].rpartition(":")[2]
    if root.tag not in ("score-partwise", "score-timewise"):
        raise FormatError(f"This XML is not a MusicXML score: its root is <{root.tag[:40]}>.")
    resolution = _resolution(root)
    parts = _parts(root)
    measures = _measures(root, list(parts))
    for name, part in parts.items():
        part.bars = [_read_bar(m, part, resolution) for m in measures[name]]
        part.is_drum = part.is_drum or (part.has_unpitched and not part.has_pitched)
    try:
        return perform(list(parts.values()), resolution, _title(root) or title)
    except LimitError:
        raise
    except (InputError, OverflowError) as error:
        raise FormatError(f"This MusicXML is damaged: {error}") from error


def _unpack(data: bytes) -> bytes:
    """The score inside an .mxl archive: what its container names, else the first XML in it."""
    content = unzip_member(data, "META-INF/container.xml")
    if content is not None:
        try:
            container = parse_xml(content)
        except FormatError:  # a path written without escapes; the archive itself tells what is in it
            container = ET.Element("container")
        for element in container.iter():
            if element.tag.rpartition("}")[2] == "rootfile":
                content = unzip_member(data, element.get("full-path") or "")
                if content is not None:
                    return content
    for name in member_names(data):
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF"):
            return unzip_member(data, name) or b""
    raise FormatError("This compressed file holds no MusicXML score.")


def _title(root: ET.Element) -> str:
    for path in ("work/work-title", "movement-title"):
        text = " ".join((root.findtext(path) or "").split())
        if text:
            return text
    return ""


def _number(text: str | None, default: Fraction | None = None) -> Fraction:
    """A decimal number of the document, exactly.

    Raises:
      FormatError: there is none, and no default.
    """
    if text is not None:
        try:
            value = Fraction(text.strip()) if len(text) < 40 else None
        except (ValueError, ZeroDivisionError):
            value = None
        if value is not None and abs(value) < 2**31:
            return value
    if default is None:
        raise FormatError(f"This MusicXML is damaged: {str(text)[:40]!r} stands where a number should.")
    return default


def _whole(text: str | None, default: int | None) -> int:
    """A number of the document rounded to a whole one; errors as `_number`."""
    if text is not None and len(text) < 10:
        try:
            return int(text)
        except ValueError:
            pass
    return round(_number(text, None if default is None else Fraction(default)))


def _resolution(root: ET.Element) -> int:
    """Ticks a quarter note: all divisions of the document and all its meters in whole numbers, if that is not too fine."""
    wanted = 1
    for element in root.iter("divisions"):
        value = _number(element.text)
        if value <= 0:
            raise FormatError("This MusicXML is damaged: it has divisions of zero or less.")
        wanted = math.lcm(wanted, value.numerator)
        if wanted > MAX_RESOLUTION:
            return MAX_RESOLUTION
    for element in root.iter("beat-type"):
        beat = _number(element.text, Fraction(4))
        if beat in (8, 16, 32, 64):
            wanted = math.lcm(wanted, int(beat) // 4)
    return min(wanted, MAX_RESOLUTION)


def _parts(root: ET.Element) -> dict[str, _Part]:
    parts: dict[str, _Part] = {}
    for element in root.iterfind("part-list/score-part"):
        name = " ".join((element.findtext("part-name") or "").split())
        instrument = " ".join((element.findtext("score-instrument/instrument-name") or "").split())
        programs = [_number(m.findtext("midi-program"), Fraction(0)) for m in element.iterfind("midi-instrument")]
        channels = [(m.findtext("midi-channel") or "").strip() for m in element.iterfind("midi-instrument")]
        given = [int(p) - 1 for p in programs if 1 <= p <= 128]
        drum = "10" in channels
        part = _Part(name, given[0] if given else guess_program(f"{name} {instrument}"), drum)
        for m in element.iterfind("midi-instrument"):
            key = _number(m.findtext("midi-unpitched"), Fraction(0))
            if 1 <= key <= 128:
                part.unpitched[m.get("id") or ""] = int(key) - 1
        parts[element.get("id") or ""] = part
        if len(parts) > MAX_PARTS:
            raise LimitError(f"This MusicXML has more than {MAX_PARTS} parts.")
    return parts


def _measures(root: ET.Element, names: list[str]) -> dict[str, list[ET.Element]]:
    """Measures of each part, for both ways in which a document can be ordered."""
    found: dict[str, list[ET.Element]] = {name: [] for name in names}
    if root.tag == "score-partwise":
        for part in root.iterfind("part"):
            found.get(part.get("id") or "", []).extend(part.iterfind("measure"))
    else:
        for measure in root.iterfind("measure"):
            for part in measure.iterfind("part"):
                part.attrib.update({k: v for k, v in measure.attrib.items() if k != "id"})
                found.get(part.get("id") or "", []).append(part)
    if not any(found.values()):
        raise FormatError("This MusicXML has no measures.")
    if max(map(len, found.values())) > MAX_BARS:
        raise LimitError(f"This MusicXML has more than {MAX_BARS:,} bars.")
    return found


# ------------------------------------------------------------------------------------------------- one measure


def _read_bar(measure: ET.Element, part: _Part, resolution: int) -> WrittenBar:
    bar = WrittenBar(implicit=measure.get("implicit") == "yes")
    cursor: Ticks = 0
    last_onset: Ticks = 0
    for element in measure:
        tag = element.tag
        if tag == "note":
            if element.find("grace") is not None:
                continue
            duration = _ticks(element.findtext("duration"), part)
            if element.find("chord") is None:
                last_onset, cursor = cursor, cursor + duration
            _read_note(element, part, bar, last_onset, duration)
        elif tag == "backup":
            cursor = max(0, cursor - _ticks(element.findtext("duration"), part))
        elif tag == "forward":
            cursor += _ticks(element.findtext("duration"), part)
        elif tag == "attributes":
            _read_attributes(element, part, bar, cursor, resolution)
        elif tag == "direction":
            _read_direction(element, part, bar, cursor)
        elif tag == "sound":
            _read_sound(element, part, bar, _offset(element, part, cursor))
        elif tag == "harmony":
            try:
                bar.marks.append((_offset(element, part, cursor), "chord", read_harmony(element, part.semitones)))
            except UnknownChordError:
                continue
        elif tag == "barline":
            _read_barline(element, part, bar)
        bar.extent = max(bar.extent, cursor)
    bar.signs.endings = bar.signs.endings or part.ending
    if any(e.get("type") in ("stop", "discontinue") for e in measure.iterfind("barline/ending")):
        part.ending = frozenset()
    return bar


def _ticks(text: str | None, part: _Part) -> Ticks:
    """A <duration> in ticks; durations below zero count as none."""
    if text is not None and text.isdecimal() and len(text) < 10:
        return int(text) * part.factor
    return max(Fraction(0), _number(text, Fraction(0))) * part.factor


def _offset(element: ET.Element, part: _Part, cursor: Ticks) -> Ticks:
    """Where a direction or a chord symbol stands: at the cursor, moved by its <offset>."""
    text = element.findtext("offset")
    return cursor if text is None else max(Fraction(0), cursor + _number(text, Fraction(0)) * part.factor)


def _read_note(element: ET.Element, part: _Part, bar: WrittenBar, onset: Ticks, duration: Ticks) -> None:
    if duration <= 0 or element.find("rest") is not None or element.find("cue") is not None:
        return
    pitch = _pitch(element, part)
    if pitch is None:
        return
    ties = {tie.get("type") for tie in element.findall("tie") or element.iterfind("notations/tied")}
    velocity = part.velocity
    loud = element.get("dynamics")
    if loud is not None:
        velocity = round(_number(loud, Fraction(100)) * 9 / 10)
    bar.notes.append(WrittenNote(onset, duration, pitch, min(max(velocity, 1), 127), "start" in ties, "stop" in ties))


def _pitch(element: ET.Element, part: _Part) -> int | None:
    """Sounding MIDI pitch of a note, None if it has none that MIDI can say."""
    pitched = element.find("pitch")
    if pitched is not None:
        part.has_pitched = True
        step = (pitched.findtext("step") or "").strip().upper()
        if step not in LETTERS:
            raise FormatError(f"This MusicXML is damaged: a note has the step {step[:10]!r}.")
        octave, alter = _whole(pitched.findtext("octave"), None), _whole(pitched.findtext("alter"), 0)
        pitch = 12 * (octave + 1) + LETTERS[step] + alter + part.semitones
        return pitch if 0 <= pitch <= 127 else None
    if element.find("unpitched") is None:
        return None
    part.has_unpitched = True
    instrument = element.find("instrument")
    key = part.unpitched.get(instrument.get("id") or "") if instrument is not None else None
    return key if key is not None else next(iter(part.unpitched.values()), 38)


def _read_attributes(element: ET.Element, part: _Part, bar: WrittenBar, cursor: Ticks, resolution: int) -> None:
    divisions = element.findtext("divisions")
    if divisions is not None:
        factor = Fraction(resolution) / _number(divisions)
        part.factor = int(factor) if factor.denominator == 1 else factor
    transpose = element.find("transpose")
    if transpose is not None:
        chromatic = _number(transpose.findtext("chromatic"), Fraction(0))
        part.semitones = round(chromatic + 12 * _number(transpose.findtext("octave-change"), Fraction(0)))
    fifths = element.findtext("key/fifths")
    if fifths is not None and abs(_number(fifths, Fraction(99))) <= 11:
        mode = (element.findtext("key/mode") or "").strip().lower()
        bar.marks.append((cursor, "key", key_of(int(_number(fifths)), mode).transpose(part.semitones)))
    time = element.find("time")
    if time is not None and time.find("senza-misura") is None:
        meter = _meter(time)
        if meter is not None:
            bar.marks.append((cursor, "meter", meter))


def _meter(time: ET.Element) -> tuple[int, int] | None:
    """Meter of a <time> element; a sum of several (3+2/8) is added up; None if no Score can have it."""
    pairs = list(zip(time.iterfind("beats"), time.iterfind("beat-type"), strict=False))
    try:
        terms = [(sum(int(n) for n in (b.text or "").split("+")), int(t.text or "")) for b, t in pairs]
    except ValueError:
        return None
    if not terms or any(t not in (1, 2, 4, 8, 16, 32, 64) or not 1 <= b <= 255 for b, t in terms):
        return None
    unit = max(t for _, t in terms)
    total = sum(b * unit // t for b, t in terms)
    return (total, unit) if total <= 255 else None


def _read_direction(element: ET.Element, part: _Part, bar: WrittenBar, cursor: Ticks) -> None:
    sound = element.find("sound")
    at = _offset(element, part, cursor)
    if sound is not None:
        _read_sound(sound, part, bar, at)
    for kind in element.iterfind("direction-type"):
        for sign in kind:
            if sign.tag == "rehearsal":
                label = " ".join((sign.text or "").split())
                if label:
                    bar.marks.append((at, "section", label))
            elif sign.tag == "dynamics" and (sound is None or sound.get("dynamics") is None):
                levels = [DYNAMICS[d.tag] for d in sign if d.tag in DYNAMICS]
                part.velocity = levels[0] if levels else part.velocity
            elif sign.tag == "metronome" and (sound is None or sound.get("tempo") is None):
                _read_metronome(sign, bar, at)
            elif sign.tag in ("segno", "coda"):
                setattr(bar.signs, sign.tag, True)


def _read_metronome(sign: ET.Element, bar: WrittenBar, at: Ticks) -> None:
    """Tempo of a metronome mark ("dotted quarter = 80"); a relation of two notes says none."""
    unit = _BEAT_UNITS.get((sign.findtext("beat-unit") or "").strip())
    minute = _number((sign.findtext("per-minute") or "").strip("cair. ()≈~"), Fraction(0))
    if unit and minute > 0:
        dots = len(sign.findall("beat-unit-dot"))
        _put_tempo(bar, at, float(minute) * unit * (2 - 0.5**dots))


def _put_tempo(bar: WrittenBar, at: Ticks, qpm: float) -> None:
    mspq = round(60e6 / qpm) if qpm > 0 else 0
    if 1 <= mspq <= 0xFFFFFF:
        bar.marks.append((at, "tempo", mspq))


def _read_sound(sound: ET.Element, part: _Part, bar: WrittenBar, at: Ticks) -> None:
    tempo = sound.get("tempo")
    if tempo is not None:
        _put_tempo(bar, at, float(_number(tempo, Fraction(0))))
    loud = sound.get("dynamics")
    if loud is not None:
        part.velocity = min(max(round(_number(loud, Fraction(100)) * 9 / 10), 1), 127)
    signs = bar.signs
    signs.dacapo = signs.dacapo or sound.get("dacapo") == "yes"
    signs.fine = signs.fine or sound.get("fine") is not None
    signs.dalsegno = signs.dalsegno or sound.get("dalsegno") is not None
    signs.tocoda = signs.tocoda or sound.get("tocoda") is not None
    signs.segno = signs.segno or sound.get("segno") is not None
    signs.coda = signs.coda or sound.get("coda") is not None


def _read_barline(element: ET.Element, part: _Part, bar: WrittenBar) -> None:
    repeat = element.find("repeat")
    if repeat is not None:
        if repeat.get("direction") == "forward":
            bar.signs.forward = True
        else:
            bar.signs.passes = min(max(int(_number(repeat.get("times"), Fraction(2))), 2), 99)
    ending = element.find("ending")
    if ending is not None and ending.get("type") == "start":
        words = (ending.get("number") or "").replace(",", " ").replace(".", " ").split()
        part.ending = frozenset(int(w) for w in words if w.isdecimal() and 1 <= int(w) <= 99)
        bar.signs.endings = part.ending
