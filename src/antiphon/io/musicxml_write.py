"""Score -> MusicXML 4.0 that notation programs open without complaint: staves, voices, ties, beams, accidentals, chords.

What is lost on the way: times are moved to a grid and drums lose their lengths (see notation.py), pedals are left out,
marks other than sections, chords and tempos stand at the start of their bar.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from math import lcm

from antiphon.io.musicxml_kinds import write_harmony
from antiphon.io.musicxml_signs import Spelling, accidentals, beams
from antiphon.io.notation import MAX_VOICES, STEPS, Bar, Piece, Staff, bars_of, staves_of, used_steps
from antiphon.music.instruments import DRUM_KEYS, PROGRAMS
from antiphon.music.score import Score, Track

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<container><rootfiles><rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>'
    "</rootfiles></container>\n"
)
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST_DIVISIONS = 16_383

# Where a drum stands on its staff, by General MIDI key: (step, octave, notehead).
_DRUM_PLACES = {
    35: ("E", 4, "normal"), 36: ("F", 4, "normal"), 37: ("C", 5, "x"), 38: ("C", 5, "normal"), 39: ("C", 5, "slash"),
    40: ("C", 5, "diamond"), 41: ("G", 4, "normal"), 42: ("G", 5, "x"), 43: ("A", 4, "normal"), 44: ("D", 4, "x"),
    45: ("B", 4, "normal"), 46: ("G", 5, "circle-x"), 47: ("D", 5, "normal"), 48: ("E", 5, "normal"), 49: ("A", 5, "x"),
    50: ("F", 5, "normal"), 51: ("F", 5, "x"), 52: ("B", 5, "diamond"), 53: ("F", 5, "diamond"), 54: ("B", 5, "x"),
    55: ("B", 5, "circle-x"), 56: ("E", 5, "triangle"), 57: ("C", 6, "x"), 59: ("F", 5, "circle-x"),
}  # fmt: skip


@dataclass(slots=True)
class _Context:
    """What every bar of a part needs to know."""

    score: Score
    bars: list[Bar]
    divisions: int
    part: str
    track: Track
    leads: bool

    def fifths(self, step: int) -> int:
        """Key signature in force at a step."""
        tick = -(-step * self.score.resolution // STEPS)
        keys = [mark.key.fifths for mark in self.score.keys if mark.tick <= tick]
        return keys[-1] if keys else 0

    def length(self, steps: int) -> str:
        """A length in divisions."""
        return str(steps * self.divisions // STEPS)


def dumps(score: Score, *, max_voices: int = MAX_VOICES) -> bytes:
    """The piece as an uncompressed MusicXML 4.0 document.

    Args:
      score: the piece.
      max_voices: most voices on a staff, 1 to 4; with 2 a page is easier to read, and held notes are cut for it.

    Raises:
      LimitError: the piece has more bars than can be written down.
    """
    bars = bars_of(score)
    staves = [staves_of(track, bars, score.resolution, max_voices) for track in score.tracks]
    divisions = lcm(score.resolution, *(used_steps(found) for found in staves), *(STEPS // _unit(b) for b in bars))
    if divisions > _LARGEST_DIVISIONS:
        divisions = STEPS
    root = ET.Element("score-partwise", version="4.0")
    if score.title:
        ET.SubElement(ET.SubElement(root, "work"), "work-title").text = _text(score.title)
    ET.SubElement(ET.SubElement(ET.SubElement(root, "identification"), "encoding"), "software").text = "Antiphon"
    part_list = ET.SubElement(root, "part-list")
    parts = list(zip(score.tracks, staves, strict=True)) or [(Track(), staves_of(Track(), bars, score.resolution))]
    leader = next((i for i, (track, _) in enumerate(parts) if not track.is_drum), 0)
    for i, (track, found) in enumerate(parts):
        name = f"P{i + 1}"
        part_list.append(_score_part(track, name, i))
        context = _Context(score, bars, divisions, name, track, i == leader)
        part = ET.SubElement(root, "part", id=name)
        for k in range(len(bars)):
            part.append(_measure(context, found, k))
    ET.indent(root, " ")
    return (_HEAD + ET.tostring(root, encoding="unicode") + "\n").encode("utf-8")


def dumps_mxl(score: Score, *, max_voices: int = MAX_VOICES) -> bytes:
    """The piece as a compressed MusicXML file (.mxl), as `dumps`; the same piece gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            ("META-INF/container.xml", _CONTAINER.encode()),
            ("score.musicxml", dumps(score, max_voices=max_voices)),
        ):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def _unit(bar: Bar) -> int:
    return next(u for u in (24, 12, 6, 3, 1) if bar.start % u == 0 and bar.length % u == 0)


def _text(text: str) -> str:
    return _UNWRITABLE.sub("", text)


def _score_part(track: Track, name: str, index: int) -> ET.Element:
    """Name and sound of a part; for drums one instrument for each key that it uses."""
    element = ET.Element("score-part", id=name)
    ET.SubElement(element, "part-name").text = _text(track.name)
    keys = sorted({n.pitch for n in track}) if track.is_drum else [-1]
    for key in keys:
        instrument = ET.SubElement(element, "score-instrument", id=_instrument(name, key))
        ET.SubElement(instrument, "instrument-name").text = (
            DRUM_KEYS.get(key, f"drum {key}") if track.is_drum else PROGRAMS[track.program]
        )
    channel = 10 if track.is_drum else [c for c in range(1, 17) if c != 10][index % 15]
    for key in keys:
        sound = ET.SubElement(element, "midi-instrument", id=_instrument(name, key))
        ET.SubElement(sound, "midi-channel").text = str(channel)
        ET.SubElement(sound, "midi-program").text = str(track.program + 1)
        if track.is_drum:
            ET.SubElement(sound, "midi-unpitched").text = str(key + 1)
    return element


def _instrument(part: str, key: int) -> str:
    return f"{part}-I{key}" if key >= 0 else f"{part}-I1"


# ------------------------------------------------------------------------------------------------- one measure


def _measure(context: _Context, staves: list[Staff], k: int) -> ET.Element:
    bar = context.bars[k]
    measure = ET.Element("measure", number=str(k + 1))
    if bar.short:
        measure.set("implicit", "yes")
    attributes = _attributes(context, staves, k)
    if len(attributes):
        measure.append(attributes)
    marks = _marks(context, bar) if context.leads else []
    signs = {} if context.track.is_drum else accidentals(staves, k, context.fifths(bar.start))
    first = True
    for s, staff in enumerate(staves):
        for v, voice in enumerate(staff.voices):
            pieces = voice[k]
            if v and not pieces:
                continue
            if not first:
                _duration(ET.SubElement(measure, "backup"), context, bar.length)
            number = 4 * s + v + 1
            stem = ("up", "down")[v % 2] if context.track.is_drum else ""
            where = (str(number), str(s + 1) if len(staves) > 1 else "", stem)
            _write_voice(measure, context, pieces, bar, where, marks if first else [], signs, hidden=v > 0)
            first = False
    if k == len(context.bars) - 1:
        ET.SubElement(ET.SubElement(measure, "barline", location="right"), "bar-style").text = "light-heavy"
    return measure


def _duration(element: ET.Element, context: _Context, steps: int) -> None:
    ET.SubElement(element, "duration").text = context.length(steps)


def _attributes(context: _Context, staves: list[Staff], k: int) -> ET.Element:
    """What begins with this bar: divisions and clefs at the first, key and meter where they change."""
    bar, before = context.bars[k], context.bars[k - 1] if k else None
    element = ET.Element("attributes")
    if before is None:
        ET.SubElement(element, "divisions").text = str(context.divisions)
    fifths = context.fifths(bar.start)
    minor = [m.key.minor for m in context.score.keys if m.tick * STEPS <= bar.start * context.score.resolution]
    mode = ("minor" if minor[-1] else "major") if minor else ""
    if mode and not context.track.is_drum and (before is None or _mode_before(context, before) != (fifths, mode)):
        key = ET.SubElement(element, "key")
        ET.SubElement(key, "fifths").text = str(fifths)
        ET.SubElement(key, "mode").text = mode
    if before is None or before.meter[1:] != bar.meter[1:]:
        time = ET.SubElement(element, "time")
        ET.SubElement(time, "beats").text = str(bar.meter.numerator)
        ET.SubElement(time, "beat-type").text = str(bar.meter.denominator)
    if before is None:
        if len(staves) > 1:
            ET.SubElement(element, "staves").text = str(len(staves))
        for s, staff in enumerate(staves):
            clef = ET.SubElement(element, "clef", {"number": str(s + 1)} if len(staves) > 1 else {})
            sign, line, octaves = staff.clef
            ET.SubElement(clef, "sign").text = sign
            if sign != "percussion":
                ET.SubElement(clef, "line").text = str(line)
            if octaves:
                ET.SubElement(clef, "clef-octave-change").text = str(octaves)
    return element


def _mode_before(context: _Context, bar: Bar) -> tuple[int, str]:
    marks = [m.key for m in context.score.keys if m.tick * STEPS <= bar.start * context.score.resolution]
    return (marks[-1].fifths, "minor" if marks[-1].minor else "major") if marks else (0, "")


def _marks(context: _Context, bar: Bar) -> list[tuple[int, ET.Element]]:
    """Directions and chord symbols of the bar, at steps from its start."""
    score, found = context.score, []

    def inside(tick: int) -> int | None:
        at = (2 * tick * STEPS + score.resolution) // (2 * score.resolution) - bar.start
        return at if 0 <= at < bar.length else None

    for section in score.sections:
        if (at := inside(section.tick)) is not None and _text(section.label).strip():
            direction = ET.Element("direction", placement="above")
            ET.SubElement(ET.SubElement(direction, "direction-type"), "rehearsal").text = _text(section.label)
            found.append((at, direction))
    for i, tempo in enumerate(score.tempos):
        if (at := inside(tempo.tick)) is not None:
            shown = i == 0 or abs(tempo.mspq / score.tempos[i - 1].mspq - 1) > 0.1
            found.append((at, _tempo(tempo.qpm, shown)))
    for chord in score.chords:
        if (at := inside(chord.tick)) is not None:
            found.append((at, write_harmony(chord.chord, context.fifths(bar.start), 0)))
    return sorted(found, key=lambda mark: mark[0])


def _tempo(qpm: float, shown: bool) -> ET.Element:
    sound = ET.Element("sound", tempo=f"{qpm:.10g}")
    if not shown:
        return sound
    direction = ET.Element("direction", placement="above")
    metronome = ET.SubElement(ET.SubElement(direction, "direction-type"), "metronome")
    ET.SubElement(metronome, "beat-unit").text = "quarter"
    ET.SubElement(metronome, "per-minute").text = f"{qpm:.0f}" if abs(qpm - round(qpm)) < 0.05 else f"{qpm:.1f}"
    direction.append(sound)
    return direction


def _put_mark(measure: ET.Element, mark: ET.Element, offset: int, context: _Context) -> None:
    """A direction or chord symbol before the current note, with its distance from it."""
    if offset:
        element = ET.Element("offset")
        element.text = context.length(offset)
        place = (
            [child.tag for child in mark].index("sound")
            if mark.tag == "direction" and mark.find("sound") is not None
            else len(mark)
        )
        mark.insert(place, element)
    measure.append(mark)


def _write_voice(
    measure: ET.Element,
    context: _Context,
    pieces: list[Piece],
    bar: Bar,
    where: tuple[str, str, str],
    marks: list[tuple[int, ET.Element]],
    signs: dict[tuple[int, int], Spelling],
    hidden: bool,
) -> None:
    """One voice of one bar; `hidden`: its rests are left blank, as the voice above already fills the bar."""
    waiting = list(marks)
    if not pieces:
        pieces = [Piece(0, bar.length)]
        whole = True
    else:
        whole = all(not p.pitches for p in pieces)
    joined = beams(pieces, bar)
    if whole:
        pieces = [Piece(0, bar.length)]
    for i, piece in enumerate(pieces):
        while waiting and waiting[0][0] < piece.start + piece.length:
            at, mark = waiting.pop(0)
            _put_mark(measure, mark, at - piece.start, context)
        if hidden and not piece.pitches and not piece.tuplet:
            forward = ET.SubElement(measure, "forward")
            _duration(forward, context, piece.length)
            continue
        if not piece.pitches:
            measure.append(_rest(context, piece, where, whole))
        for n, (pitch, velocity) in enumerate(piece.pitches):
            sign = signs.get((id(piece), pitch), ("", 0, 0, ""))
            measure.append(_note(context, piece, (pitch, velocity), sign, where, joined.get(i, []), n > 0))


def _rest(context: _Context, piece: Piece, where: tuple[str, str, str], whole: bool) -> ET.Element:
    note = ET.Element("note")
    ET.SubElement(note, "rest", {"measure": "yes"} if whole else {})
    _duration(note, context, piece.length)
    ET.SubElement(note, "voice").text = where[0]
    if not whole:
        _value(note, piece, "")
    if where[1]:
        ET.SubElement(note, "staff").text = where[1]
    if piece.opens or piece.closes:
        _tuplet(ET.SubElement(note, "notations"), piece)
    return note


def _note(
    context: _Context,
    piece: Piece,
    sound: tuple[int, int],
    sign: Spelling,
    where: tuple[str, str, str],
    levels: list[str],
    in_chord: bool,
) -> ET.Element:
    pitch, velocity = sound
    note = ET.Element("note", {} if velocity == 80 else {"dynamics": f"{velocity / 0.9:.2f}"})
    if in_chord:
        ET.SubElement(note, "chord")
    head = ""
    if context.track.is_drum:
        step, octave, head = _DRUM_PLACES.get(pitch, ("C", 5, "triangle"))
        unpitched = ET.SubElement(note, "unpitched")
        ET.SubElement(unpitched, "display-step").text = step
        ET.SubElement(unpitched, "display-octave").text = str(octave)
    else:
        step, alter, octave, _ = sign
        pitched = ET.SubElement(note, "pitch")
        ET.SubElement(pitched, "step").text = step
        if alter:
            ET.SubElement(pitched, "alter").text = str(alter)
        ET.SubElement(pitched, "octave").text = str(octave)
    _duration(note, context, piece.length)
    ties = [kind for kind, tied in (("stop", piece.tied_back), ("start", piece.tied_on)) if tied]
    for kind in ties:
        ET.SubElement(note, "tie", type=kind)
    if context.track.is_drum:
        ET.SubElement(note, "instrument", id=_instrument(context.part, pitch))
    ET.SubElement(note, "voice").text = where[0]
    _value(note, piece, sign[3])
    if where[2]:
        ET.SubElement(note, "stem").text = where[2]
    if head not in ("", "normal"):
        ET.SubElement(note, "notehead").text = head
    if where[1]:
        ET.SubElement(note, "staff").text = where[1]
    if not in_chord:
        for level, state in enumerate(levels):
            ET.SubElement(note, "beam", number=str(level + 1)).text = state
    bracket = (piece.opens or piece.closes) and not in_chord
    if ties or bracket:
        notations = ET.SubElement(note, "notations")
        for kind in ties:
            ET.SubElement(notations, "tied", type=kind)
        if bracket:
            _tuplet(notations, piece)
    return note


def _value(note: ET.Element, piece: Piece, accidental: str) -> None:
    """Type, dots, accidental and time modification, in the order that the schema wants."""
    name, dots = piece.value
    ET.SubElement(note, "type").text = name
    for _ in range(dots):
        ET.SubElement(note, "dot")
    if accidental:
        ET.SubElement(note, "accidental").text = accidental
    if piece.tuplet:
        modification = ET.SubElement(note, "time-modification")
        ET.SubElement(modification, "actual-notes").text = "3"
        ET.SubElement(modification, "normal-notes").text = "2"


def _tuplet(notations: ET.Element, piece: Piece) -> None:
    if piece.closes:
        ET.SubElement(notations, "tuplet", type="stop")
    if piece.opens:
        ET.SubElement(notations, "tuplet", type="start", bracket="yes")
