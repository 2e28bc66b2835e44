"""Keys and chords: parse, name, transpose, spell, and what their notes are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from antiphon.errors import BriefError

SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
FIFTHS_STEPS = ("F", "C", "G", "D", "A", "E", "B")
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)

QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "mmaj7": (0, 3, 7, 11),
    "7sus4": (0, 5, 7, 10),
    "aug7": (0, 4, 8, 10),
    "9": (0, 2, 4, 7, 10),
    "maj9": (0, 2, 4, 7, 11),
    "m9": (0, 2, 3, 7, 10),
    "add9": (0, 2, 4, 7),
    "11": (0, 2, 5, 7, 10),
    "13": (0, 2, 4, 7, 9, 10),
    "5": (0, 7),
}
"""Chord quality -> intervals above the root in semitones; the key is the suffix as written in a lead sheet."""

_ALIASES = {
    "maj": "", "M": "", "major": "", "min": "m", "-": "m", "mi": "m", "minor": "m", "dom7": "7",
    "M7": "maj7", "ma7": "maj7", "major7": "maj7", "major-seventh": "maj7",
    "j7": "maj7", "Δ": "maj7", "Δ7": "maj7", "^7": "maj7",
    "min7": "m7", "mi7": "m7", "-7": "m7", "°": "dim", "o": "dim", "mb5": "dim", "+": "aug", "#5": "aug", "+5": "aug",
    "sus": "sus4", "ø": "m7b5", "ø7": "m7b5",
    "hdim7": "m7b5",
    "min7b5": "m7b5", "-7b5": "m7b5", "m7-5": "m7b5", "°7": "dim7", "o7": "dim7",
    "min6": "m6", "-6": "m6", "maj6": "6",
    "minmaj7": "mmaj7", "mM7": "mmaj7", "m(maj7)": "mmaj7", "sus47": "7sus4", "7sus": "7sus4",
    "+7": "aug7", "7#5": "aug7", "7+5": "aug7", "M9": "maj9", "min9": "m9", "-9": "m9",
    "add2": "add9", "2": "add9", "maj(9)": "add9",
    "sus4(b7)": "7sus4", "sus4(b7,9)": "7sus4", "maj6(9)": "6", "69": "6", "6/9": "6",
}  # fmt: skip

_NOTE_NAME = re.compile(r"^([A-Ga-g])(##|bb|#|b|♯|♭|x)?")
_ACCIDENTALS = {None: 0, "": 0, "#": 1, "♯": 1, "b": -1, "♭": -1, "##": 2, "x": 2, "bb": -2}


def parse_pitch_class(text: str) -> tuple[int, str]:
    """Pitch class 0..11 at the start of `text`, and what follows it.

    Raises:
      BriefError: no note name stands there.
    """
    match = _NOTE_NAME.match(text)
    if not match:
        raise BriefError(f"{text!r} does not begin with a note name (C, F#, Bb, ...).")
    return (LETTERS[match[1].upper()] + _ACCIDENTALS[match[2]]) % 12, text[match.end() :]


@dataclass(frozen=True, slots=True)
class Key:
    """A major or minor key; `tonic` is a pitch class 0..11."""

    tonic: int
    minor: bool = False

    @property
    def fifths(self) -> int:
        """Sharps (positive) or flats (negative) of its signature, -5..6."""
        return (((self.tonic + 3 * self.minor) * 7 + 5) % 12) - 5

    @classmethod
    def from_fifths(cls, fifths: int, minor: bool = False) -> Key:
        """The key with this many sharps (negative: flats)."""
        return cls((fifths * 7 - 3 * minor) % 12, minor)

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of its (natural minor or major) scale, tonic first."""
        return tuple((self.tonic + step) % 12 for step in (MINOR_SCALE if self.minor else MAJOR_SCALE))

    def transpose(self, semitones: int) -> Key:
        """The key moved by semitones."""
        return Key((self.tonic + semitones) % 12, self.minor)

    def __str__(self) -> str:
        names = FLAT_NAMES if self.fifths < 0 else SHARP_NAMES
        return f"{names[self.tonic]} {'minor' if self.minor else 'major'}"


def parse_key(text: str) -> Key:
    """Key named by `text`: "A minor", "Am", "Bb", "F# major", "c".

    A lower-case letter alone means minor, as theorists write it.

    Raises:
      BriefError: the text names no key.
    """
    stripped = text.strip()
    try:
        tonic, rest = parse_pitch_class(stripped)
    except BriefError as error:
        raise BriefError(f"{text!r} is not a key; write for example 'A minor', 'Bb major' or 'F#m'.") from error
    mode = rest.strip(" -_").lower()
    if mode == "":
        return Key(tonic, minor=stripped[0].islower())
    if rest.strip() == "M" or mode in ("maj", "major", "ionian"):
        return Key(tonic)
    if mode in ("m", "min", "minor", "aeolian"):
        return Key(tonic, minor=True)
    raise BriefError(f"{text!r} is not a key; write for example 'A minor', 'Bb major' or 'F#m'.")


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: root pitch class, a quality from QUALITIES, and the bass pitch class where it is not the root."""

    root: int
    quality: str = ""
    bass: int | None = None

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes of the chord, root first; a foreign bass note comes last."""
        classes = tuple((self.root + i) % 12 for i in QUALITIES[self.quality])
        return classes if self.bass is None or self.bass in classes else (*classes, self.bass)

    @property
    def lowest(self) -> int:
        """Pitch class of the bass."""
        return self.root if self.bass is None else self.bass

    def transpose(self, semitones: int) -> Chord:
        """The chord moved by semitones."""
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return Chord((self.root + semitones) % 12, self.quality, bass)

    def name(self, flats: bool = False) -> str:
        """Lead-sheet symbol: "Am7", "G/B"."""
        names = FLAT_NAMES if flats else SHARP_NAMES
        slash = "" if self.bass is None else f"/{names[self.bass]}"
        return f"{names[self.root]}{self.quality}{slash}"

    def __str__(self) -> str:
        return self.name()


def parse_chord(text: str) -> Chord | None:
    """Chord written as a lead-sheet symbol; None for "N.C.", "N" or "-".

    Raises:
      BriefError: the symbol is unknown.
    """
    symbol = text.strip()
    if symbol.upper().replace(".", "") in ("NC", "N", "-"):
        return None
    try:
        root, rest = parse_pitch_class(symbol[:1].upper() + symbol[1:])
        bass = None
        if "/" in rest and rest not in _ALIASES:
            rest, _, low = rest.rpartition("/")
            bass, after = parse_pitch_class(low[:1].upper() + low[1:])
            if after:
                raise BriefError(f"{text!r} has an unreadable bass note.")
        rest = rest.strip("() ").replace("(", "").replace(")", "") if rest not in _ALIASES else rest
        quality = _ALIASES.get(rest, rest)
        if quality not in QUALITIES:
            raise BriefError(f"{text!r} has an unknown quality.")
    except BriefError as error:
        raise BriefError(f"{text!r} is not a chord; write for example C, Am, F#m7, Bbmaj7, G/B or N.C.") from error
    return Chord(root, quality, None if bass == root else bass)


def parse_chords(text: str) -> list[list[Chord | None]]:
    """Chord progression typed by a person, one list of chords a bar.

    "Am F C G" is one chord a bar; with bar lines, "Am | F G | C", the chords of a bar share it evenly.

    Raises:
      BriefError: a symbol is unknown or there is none.
    """
    cells = [c for c in text.split("|") if c.strip()] if "|" in text else text.replace(",", " ").split()
    bars = [[parse_chord(symbol) for symbol in cell.replace(",", " ").split()] for cell in cells]
    if not bars:
        raise BriefError("The chord progression is empty; write for example 'Am F C G'.")
    return bars


def spell(pitch: int, fifths: int = 0) -> tuple[str, int, int]:
    """Spelling of a MIDI pitch in a key signature: (step letter, alteration in semitones, octave).

    Chooses, on the line of fifths, the name within five steps flat or six sharp of the signature's centre,
    so F sharp major's leading note is E sharp and not F.
    """
    pc = pitch % 12
    centre = fifths + 2  # the scale spans fifths-1 .. fifths+5 with F at -1: its middle (D in C major) is fifths+2
    base = (pc * 7) % 12  # line-of-fifths place of the pitch class with C = 0
    place = min((base + 12 * k for k in range(-3, 4)), key=lambda p: (abs(p - centre - 0.5), p))
    step = FIFTHS_STEPS[(place + 1) % 7]
    alter = (place + 1) // 7
    octave = (pitch - alter) // 12 - 1
    return step, alter, octave
