"""POP909's label files as values: melody, chords, keys, phrases and tempo of one song, on the structure's own bars."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError
from antiphon.music.harmony import QUALITIES, Chord, Key, parse_key, parse_pitch_class

_QUALITY = {
    "maj": "", "min": "m", "min7": "m7", "maj7": "maj7", "7": "7", "sus2": "sus2", "sus4": "sus4", "dim": "dim",
    "aug": "aug", "sus4(b7": "7sus4", "sus4(b7)": "7sus4", "sus4(b7,": "7sus4", "sus4(b7,9)": "7sus4", "sus4(9)": "sus4",
    "maj6": "6", "maj6(9)": "6", "maj6(7)": "13", "maj6(b7": "13", "maj6(b7)": "13", "maj(9)": "add9", "maj(2)": "add9",
    "maj(4)": "", "maj(11)": "", "maj7(2)": "maj9", "maj9": "maj9", "maj9(13)": "maj9", "9": "9", "9(13)": "13",
    "min(9)": "m", "min(11)": "m", "min(6)": "m6", "min6": "m6", "min6(7)": "m6", "min9": "m9", "min11": "m9",
    "min7(11)": "m7", "min7(13)": "m7", "minmaj7": "mmaj7", "hdim7": "m7b5", "dim7": "dim7", "aug(b7)": "aug7",
}  # fmt: skip
"""Quality as POP909 writes it (its own file cuts some at a closing bracket) -> quality of the Score."""

_CHORD_LINE = re.compile(r"^(\S+)\s+\[([\d,\s]*)\]\s*(\d*)\s+(?:\d+\s+)?(\d+)\s*$")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
"""Control characters that some files hold inside chord names."""


class ChordSpan(NamedTuple):
    """A chord and how many beats it lasts."""

    chord: Chord | None
    beats: int


class Labels(NamedTuple):
    """All labels of one song, time counted from the structure's first bar line.

    Attributes:
      melody: rows of (onset in sixteenths, pitch), one for every melody note.
      chords: chords in order, without gaps.
      keys: keys in the order in which they come; their places are not given.
      phrases: (label, bars) in order, by the first and by the second annotator.
      qpm: quarter notes a minute.
    """

    melody: npt.NDArray[np.int64]
    chords: list[ChordSpan]
    keys: list[Key]
    phrases: tuple[list[tuple[str, int]], list[tuple[str, int]]]
    qpm: float

    @property
    def beats(self) -> int:
        """Beats that the chord track lasts."""
        return sum(span.beats for span in self.chords)


@lru_cache(maxsize=4096)
def parse_chord_name(name: str, bass: int | None = None) -> Chord | None:
    """Chord of a name like "B:maj7/3"; `bass` is the sounding bass pitch class, which the file also states.

    Raises:
      FormatError: the name is unknown.
    """
    clean = name.strip()
    if clean == "N":
        return None
    root, rest = parse_pitch_class(clean)
    symbol = rest.removeprefix(":").split("/")[0]
    quality = _QUALITY.get(symbol)
    if quality is None or quality not in QUALITIES:
        raise FormatError(f"{name!r} is not a chord name of POP909.")
    return Chord(root, quality, None if bass is None or bass == root else bass)


def read_chords(path: Path) -> list[ChordSpan]:
    """Chords of a finalized_chord.txt: lines of name, pitch classes, bass and beats.

    Raises:
      FormatError: a line cannot be read.
    """
    spans = []
    text = _CONTROL.sub("", path.read_text(encoding="utf-8"))
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        match = _CHORD_LINE.match(line)
        if not match:
            raise FormatError(f"{path.name}, line {number}: not a chord line.")
        bass = int(match[3]) % 12 if match[3] else None
        spans.append(ChordSpan(parse_chord_name(match[1], bass), int(match[4])))
    return spans


def read_melody(path: Path) -> npt.NDArray[np.int64]:
    """Rows of (onset in sixteenths, pitch) from melody.txt: lines of pitch (0 = rest) and length.

    Raises:
      FormatError: a line cannot be read.
    """
    try:
        table = np.array(path.read_text(encoding="utf-8").split(), dtype=np.int64).reshape(-1, 2)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{path.name} does not hold pairs of pitch and length.") from error
    if len(table) and (table.min() < 0 or table[:, 0].max() > 127):
        raise FormatError(f"{path.name} holds a pitch or a length that cannot be.")
    begun = np.cumsum(table[:, 1]) - table[:, 1]
    sounding = table[:, 0] > 0
    return np.stack([begun[sounding], table[sounding, 0]], axis=1)


def read_phrases(path: Path) -> list[tuple[str, int]]:
    """(label, bars) from a phrase string like "i4A8B8o3"."""
    if not path.is_file():
        return []
    return [(label, int(bars)) for label, bars in re.findall(r"([A-Za-z])(\d+)", path.read_text(encoding="utf-8"))]


def read_labels(folder: Path) -> Labels:
    """All labels in structure/NNN.

    Raises:
      FormatError: a label file is missing or cannot be read.
    """
    try:
        keys = [parse_key(line.replace(":", " ")) for line in (folder / "analyzed_key.txt").read_text().split()]
        return Labels(
            melody=read_melody(folder / "melody.txt"),
            chords=read_chords(folder / "finalized_chord.txt"),
            keys=keys,
            phrases=(read_phrases(folder / "human_label1.txt"), read_phrases(folder / "human_label2.txt")),
            qpm=float((folder / "tempo.txt").read_text().strip()),
        )
    except (OSError, ValueError) as error:
        raise FormatError(f"The labels in {folder.name} cannot be read: {error}.") from error
