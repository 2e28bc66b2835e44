"""What an originality report says: passages, parts and the whole, in plain words and as values for a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of notes of the piece that a training song has too.

    Attributes:
      notes: length in notes.
      bar: bar of the piece in which it begins, from 1.
      at: its first note in the part's line, from 0.
      song: name of the song, None if the index does not keep names.
      there: its first note in the song's line, from 0, None if the index does not keep places.
      song_bar: bar of the song in which it begins, from 1; known only with the song at hand.
    """

    notes: int
    bar: int
    at: int
    song: str | None = None
    there: int | None = None
    song_bar: int | None = None

    def text(self) -> str:
        """The passage in plain words."""
        where = f"{self.notes} notes from bar {self.bar}"
        if self.song is None:
            return where
        if self.song_bar is None and self.there is None:
            return f"{where}, as in {self.song}"
        there = f"bar {self.song_bar}" if self.song_bar is not None else f"its note {(self.there or 0) + 1}"
        return f"{where}, as in {self.song} from {there}"


@dataclass(frozen=True, slots=True)
class Part:
    """What of one part is found in the training songs.

    Attributes:
      notes: notes of the part's line.
      shares: n -> share of its n-grams found, 0..1.
      longest: notes of the longest run found; 0 where not even five are.
      exact: False where the index is a sketch and all figures are upper bounds.
      nearest: the longest runs, one a song.
      cardinality: cardinality score against the nearest songs, None without the songs at hand.
      likest: name of the song that has most of the part's figures of seven notes, and the share of them that it has; None
        where the index does not tell.
      percentile: column (see COLUMNS) -> percentile among human songs, 0..100; empty without a baseline.
      human: column -> (median, 95th percentile) of human songs; empty without a baseline.
    """

    notes: int
    shares: Mapping[int, float]
    longest: int
    exact: bool
    nearest: tuple[Passage, ...]
    cardinality: float | None
    percentile: Mapping[str, float]
    human: Mapping[str, tuple[float, float]]
    likest: tuple[str, float] | None = None

    def text(self) -> str:
        """One line of plain words on the longest run, with the human yardstick."""
        run = "fewer than 5" if not self.longest else f"{self.longest}" if self.exact else f"at most {self.longest}"
        words = f"longest run of notes found in the training songs: {run}"
        if "longest" in self.human:
            middle, high = self.human["longest"]
            words += f" (human songs: median {middle:g}, 95th percentile {high:g})"
        return words

    def to_dict(self) -> dict[str, Any]:
        """The part as JSON-ready values for a manifest."""
        return {
            "notes": self.notes,
            "shares": {str(n): round(v, 4) for n, v in self.shares.items()},
            "longest": self.longest,
            "exact": self.exact,
            "cardinality": None if self.cardinality is None else round(self.cardinality, 4),
            "percentile": {k: round(v, 1) for k, v in self.percentile.items()},
            "human": {k: {"median": round(m, 4), "p95": round(h, 4)} for k, (m, h) in self.human.items()},
            "likest": None if self.likest is None else {"song": self.likest[0], "share": round(self.likest[1], 4)},
            "nearest": [
                {"notes": p.notes, "bar": p.bar, "song": p.song, "song_note": p.there, "song_bar": p.song_bar}
                for p in self.nearest
            ],
        }


@dataclass(frozen=True, slots=True)
class Originality:
    """What of a piece is found in the training songs, by role ("melody" first); empty if nothing could be compared."""

    parts: Mapping[str, Part]

    def text(self) -> str:
        """One line a part, the melody first, in plain words."""
        if not self.parts:
            return "no part could be compared with the training songs"
        return "\n".join(
            f"{role}: {part.text()}" + (f"; {part.nearest[0].text()}" if part.nearest else "")
            for role, part in self.parts.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """All parts as JSON-ready values for a manifest."""
        return {role: part.to_dict() for role, part in self.parts.items()}
