"""Chord symbols in MusicXML: <harmony> elements <-> Chord, both ways."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from antiphon.errors import BriefError
from antiphon.music.harmony import LETTERS, QUALITIES, Chord, parse_chord, spell

_KINDS = {
    "": "major",
    "m": "minor",
    "7": "dominant",
    "maj7": "major-seventh",
    "m7": "minor-seventh",
    "dim": "diminished",
    "aug": "augmented",
    "sus4": "suspended-fourth",
    "sus2": "suspended-second",
    "m7b5": "half-diminished",
    "dim7": "diminished-seventh",
    "6": "major-sixth",
    "m6": "minor-sixth",
    "mmaj7": "major-minor",
    "7sus4": "suspended-fourth",
    "aug7": "augmented-seventh",
    "9": "dominant-ninth",
    "maj9": "major-ninth",
    "m9": "minor-ninth",
    "add9": "major",
    "11": "dominant-11th",
    "13": "dominant-13th",
    "5": "power",
}
"""Quality -> MusicXML kind; where two share one, a <degree> tells them apart (see _ADDED)."""

_ADDED = {"7sus4": (7, 0), "add9": (9, 0)}
_READ = {kind: quality for quality, kind in reversed(_KINDS.items())} | {
    "suspended-fourth": "sus4",
    "major": "",
    "major-11th": "maj9",
    "major-13th": "maj9",
    "minor-11th": "m9",
    "minor-13th": "m9",
    "Neapolitan": "",
    "Italian": "7",
    "French": "7",
    "German": "7",
    "Tristan": "m7b5",
    "min": "m",
    "maj": "",
    "aug": "aug",
    "dim": "dim",
}
_DEGREE = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 2, 11: 5, 13: 9}
"""Semitones above the root of an unaltered degree: MusicXML counts from the dominant chord's scale."""
_BY_INTERVALS = {frozenset(intervals): quality for quality, intervals in reversed(QUALITIES.items())}


class UnknownChordError(Exception):
    """The element names no chord that QUALITIES can say."""


def read_harmony(element: ET.Element, transpose: int = 0) -> Chord | None:
    """The chord of a <harmony> element, None for "no chord".

    A chord richer than QUALITIES (as 7b9) becomes the nearest plainer one.

    Raises:
      UnknownChordError: no root is named, or the kind is unknown.
    """
    kind = element.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    text = (kind.get("text") or "").strip() if kind is not None else ""
    if name == "none" or text.upper().replace(".", "") == "NC":
        return None
    root = _pitch_class(element, "root")
    if root is None:
        raise UnknownChordError
    quality = _READ.get(name)
    if quality is None:
        quality = nearest_quality(text or name)
    quality = _with_degrees(quality, element)
    bass = _pitch_class(element, "bass")
    chord = Chord(root, quality, None if bass == root else bass)
    return chord.transpose(transpose)


def _pitch_class(element: ET.Element, what: str) -> int | None:
    """Pitch class of <root> or <bass>; None where it is absent or empty."""
    step = (element.findtext(f"{what}/{what}-step") or "").strip().upper()
    if step not in LETTERS:
        return None
    try:
        alter = round(float(element.findtext(f"{what}/{what}-alter") or 0))
    except (ValueError, OverflowError):
        alter = 0
    return (LETTERS[step] + alter) % 12


def nearest_quality(text: str) -> str:
    """Quality of a chord suffix ("m7add11"), by the longest beginning of it that is known.

    Raises:
      UnknownChordError: nothing of it is known.
    """
    for end in range(len(text), 0, -1):
        try:
            chord = parse_chord("C" + text[:end])
        except BriefError:
            continue
        if chord is not None and chord.bass is None:
            return chord.quality
    if text:
        raise UnknownChordError
    return ""


def _with_degrees(quality: str, element: ET.Element) -> str:
    """The quality with its <degree> elements applied, where the result has a name; else the quality itself."""
    intervals = set(QUALITIES[quality])
    changed = False
    for degree in element.findall("degree"):
        try:
            value = int(degree.findtext("degree-value") or 0)
            alter = round(float(degree.findtext("degree-alter") or 0))
        except (ValueError, OverflowError):
            continue
        plain = _DEGREE.get(value)
        if plain is None:
            continue
        kind = (degree.findtext("degree-type") or "").strip()
        interval = (plain + alter) % 12
        if kind == "alter":
            third_or_fifth = {3: {3, 4}, 5: {6, 7, 8}, 7: {9, 10, 11}}.get(value, {plain})
            intervals -= third_or_fifth
        if kind == "subtract":
            intervals.discard(interval)
        else:
            intervals.add(10 if value == 7 and kind == "add" and alter == -1 else interval)
        changed = True
    return _BY_INTERVALS.get(frozenset(intervals), quality) if changed else quality


def write_harmony(chord: Chord | None, fifths: int, offset: int) -> ET.Element:
    """The <harmony> element of a chord, spelled for a key signature; `offset` in divisions from the current note."""
    element = ET.Element("harmony")
    if chord is None:
        root = ET.SubElement(element, "root")
        ET.SubElement(root, "root-step", text="").text = "C"
        ET.SubElement(element, "kind", text="N.C.").text = "none"
    else:
        _put_pitch(element, "root", chord.root, fifths)
        ET.SubElement(element, "kind", text=chord.quality).text = _KINDS[chord.quality]
        if chord.bass is not None:
            _put_pitch(element, "bass", chord.bass, fifths)
        if chord.quality in _ADDED:
            value, alter = _ADDED[chord.quality]
            degree = ET.SubElement(element, "degree", {"print-object": "no"})
            ET.SubElement(degree, "degree-value").text = str(value)
            ET.SubElement(degree, "degree-alter").text = str(alter)
            ET.SubElement(degree, "degree-type").text = "add"
    if offset:
        ET.SubElement(element, "offset").text = str(offset)
    return element


def _put_pitch(element: ET.Element, what: str, pitch_class: int, fifths: int) -> None:
    step, alter, _ = spell(60 + pitch_class, fifths)
    parent = ET.SubElement(element, what)
    ET.SubElement(parent, f"{what}-step").text = step
    if alter:
        ET.SubElement(parent, f"{what}-alter").text = str(alter)
