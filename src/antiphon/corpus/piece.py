"""Piece, Refusal and Unit: what a corpus reader hands on, and what it was asked to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from antiphon.music.score import Score


class Cause(StrEnum):
    """Every reason for which a file may be refused; `detail` of a Refusal says the particulars."""

    UNREADABLE = "unreadable file"
    TOO_LARGE = "beyond a limit"
    TIMEOUT = "took too long to read"
    CRASH = "reader process died"
    NO_NOTES = "no notes"
    FEW_NOTES = "too few notes"
    SHORT = "too short"
    LONG = "too long"
    ONE_PITCH = "only one pitch"
    ABSURD_DURATIONS = "absurd note durations"
    ABSURD_TEMPO = "absurd tempo"
    NO_GRID = "no bar grid"
    MISALIGNED = "labels do not fit the notes"
    NO_LABELS = "labels missing"
    DUPLICATE = "duplicate of another piece"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of music with what is known about it.

    Attributes:
      score: the music.
      work: name of the work it is a version of; a split never separates pieces of one work.
      source: path of its file relative to the corpus folder, with "#n" where a file holds several pieces.
      split: "train", "valid" or "test" where the corpus publishes a split, else None.
      licence: as stated by the corpus, or "unknown".
      corpus: name of the reader or of the data set.
      extras: anything else that is known (artist, tune type, counts of what was left out).
    """

    score: Score
    work: str
    source: str
    split: str | None = None
    licence: str = "unknown"
    corpus: str = "files"
    extras: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a piece in a file, that was not taken, and why."""

    source: str
    cause: Cause
    detail: str = ""


class Unit(NamedTuple):
    """One unit of work for one process: a reader's name, the corpus folder and the reader's own key in it."""

    reader: str
    folder: str
    key: str

    @property
    def path(self) -> Path:
        """The key as a path inside the folder."""
        return Path(self.folder) / self.key


Outcome = Piece | Refusal
