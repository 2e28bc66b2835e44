"""A Score as JSON: the exact form that is stored, and the form that the page draws and plays."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.errors import FormatError, LimitError
from antiphon.music.beats import bar_count, bar_starts, duration_seconds, ticks_to_seconds
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.instruments import PROGRAMS
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track, notes_array, spans_array

FORMAT = 1
"""Counts up when a reader of stored scores would have to change."""

MAX_NOTES = 200_000
MAX_TRACKS = 128
MAX_BARS = 50_000
MAX_MARKS = 50_000


@dataclass(frozen=True, slots=True)
class Packed:
    """A score ready to be stored.

    Attributes:
      hash: SHA-256 of the exact form, in hexadecimal: names the piece for ever.
      data: the exact form, gzipped.
      view: what the page draws, gzipped.
      piece: a few facts for lists.
    """

    hash: str
    data: bytes
    view: bytes
    piece: dict[str, Any]


def to_json(score: Score) -> dict[str, Any]:
    """Every value of a score, as plain JSON; `from_json` gives an equal score."""
    return {
        "format": FORMAT,
        "resolution": score.resolution,
        "title": score.title,
        "length": score.length,
        "tempos": [list(t) for t in score.tempos],
        "meters": [list(m) for m in score.meters],
        "keys": [[k.tick, k.key.tonic, k.key.minor] for k in score.keys],
        "chords": [[c.tick, None if c.chord is None else [c.chord.root, c.chord.quality, c.chord.bass]] for c in score.chords],
        "sections": [[s.tick, s.label] for s in score.sections],
        "tracks": [
            {
                "name": t.name,
                "program": t.program,
                "drums": t.is_drum,
                "notes": t.notes.tolist(),
                "pedals": t.pedals.tolist(),
            }
            for t in score.tracks
        ],
    }


def from_json(values: dict[str, Any]) -> Score:
    """The score of `to_json`.

    Raises:
      FormatError: the values are no score of this format.
      InputError: they are, but no music can be so.
    """
    try:
        if values["format"] != FORMAT:
            raise FormatError(f"A stored score is of format {values['format']!r}; this version reads {FORMAT}.")
        return Score(
            resolution=int(values["resolution"]),
            title=str(values["title"]),
            length=int(values["length"]),
            tempos=tuple(Tempo(*t) for t in values["tempos"]),
            meters=tuple(Meter(*m) for m in values["meters"]),
            keys=tuple(KeyMark(tick, Key(tonic, minor)) for tick, tonic, minor in values["keys"]),
            chords=tuple(ChordMark(tick, _chord(chord)) for tick, chord in values["chords"]),
            sections=tuple(Section(tick, label) for tick, label in values["sections"]),
            tracks=tuple(
                Track(
                    t["name"],
                    t["program"],
                    t["drums"],
                    notes_array([tuple(n) for n in t["notes"]]),
                    spans_array([(a, b) for a, b in t["pedals"]]),
                )
                for t in values["tracks"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"A stored score is damaged ({type(error).__name__}).") from error


def _chord(values: list[Any] | None) -> Chord | None:
    if values is None:
        return None
    root, quality, bass = values
    if quality not in QUALITIES:
        raise FormatError(f"A stored score holds the unknown chord quality {quality!r}.")
    return Chord(root, quality, bass)


def check_size(score: Score) -> None:
    """See that a piece is of a size that a page can draw.

    Raises:
      LimitError: it has more notes, tracks or bars than that.
    """
    if score.note_count > MAX_NOTES:
        raise LimitError(f"The piece has {score.note_count:,} notes; the studio takes at most {MAX_NOTES:,}.")
    if len(score.tracks) > MAX_TRACKS:
        raise LimitError(f"The piece has {len(score.tracks)} tracks; the studio takes at most {MAX_TRACKS}.")
    edges = [*(m.tick for m in score.meters[1:]), max(score.end, score.meters[-1].tick)]
    bars = sum((b - m.tick) // m.bar_ticks(score.resolution) + 1 for m, b in zip(score.meters, edges, strict=True))
    marks = len(score.tempos) + len(score.chords) + len(score.keys) + len(score.sections)
    if bars > MAX_BARS or marks > MAX_MARKS:
        raise LimitError(f"The piece has {bars:,} bars and {marks:,} marks; the studio takes at most {MAX_BARS:,} bars.")


def pack(score: Score) -> Packed:
    """A score made ready to be stored; equal scores give equal bytes.

    Raises:
      LimitError: the piece is too large to be drawn.
    """
    check_size(score)
    exact = json.dumps(to_json(score), separators=(",", ":"), sort_keys=True).encode()
    name = hashlib.sha256(exact).hexdigest()
    seen = json.dumps({"key": name, **view(score)}, separators=(",", ":")).encode()
    return Packed(name, gzip.compress(exact, 6, mtime=0), gzip.compress(seen, 6, mtime=0), facts(score))


def read_packed(values: Mapping[str, Any]) -> Packed:
    """A packed score as it travels from a worker."""
    return Packed(values["hash"], base64.b64decode(values["data"]), base64.b64decode(values["view"]), dict(values["piece"]))


def packed_json(packed: Packed) -> dict[str, Any]:
    """A packed score as it travels to the server."""
    return {
        "hash": packed.hash,
        "data": base64.b64encode(packed.data).decode(),
        "view": base64.b64encode(packed.view).decode(),
        "piece": packed.piece,
    }


def unpack(data: bytes) -> Score:
    """The score of `Packed.data`.

    Raises:
      FormatError: the bytes are damaged.
    """
    try:
        values = json.loads(gzip.decompress(data))
    except (OSError, EOFError, ValueError) as error:
        raise FormatError("A stored score is damaged and cannot be unpacked.") from error
    return from_json(values)


def facts(score: Score) -> dict[str, Any]:
    """What a list of takes tells of a piece."""
    return {
        "title": score.title,
        "bars": bar_count(score),
        "seconds": round(duration_seconds(score), 3),
        "tempo": round(score.tempos[0].qpm, 3),
        "meter": f"{score.meters[0].numerator}/{score.meters[0].denominator}",
        "key": str(score.keys[0].key) if score.keys else None,
        "notes": score.note_count,
        "tracks": [
            {"name": t.name, "program": t.program, "instrument": instrument(t), "drums": t.is_drum, "notes": len(t)}
            for t in score.tracks
        ],
    }


def instrument(track: Track) -> str:
    """What plays a track, in words."""
    return "drums" if track.is_drum else PROGRAMS[track.program]


def view(score: Score) -> dict[str, Any]:
    """What the page needs to draw and play a piece; bars and tempos come with their seconds."""
    bars = bar_starts(score)
    return {
        "resolution": score.resolution,
        "title": score.title,
        "ticks": score.end,
        "seconds": round(duration_seconds(score), 6),
        "bars": [[tick, at] for tick, at in zip(bars, _seconds(score, bars), strict=True)],
        "tempos": [
            [t.tick, round(t.qpm, 6), at]
            for t, at in zip(score.tempos, _seconds(score, [t.tick for t in score.tempos]), strict=True)
        ],
        "meters": [list(m) for m in score.meters],
        "keys": [[k.tick, str(k.key)] for k in score.keys],
        "chords": [[c.tick, _chord_name(score, c)] for c in score.chords],
        "sections": [[s.tick, s.label] for s in score.sections],
        "tracks": [
            {
                "index": i,
                "name": t.name,
                "program": t.program,
                "instrument": instrument(t),
                "drums": t.is_drum,
                "notes": t.notes.tolist(),
                "pedals": t.pedals.tolist(),
            }
            for i, t in enumerate(score.tracks)
        ],
    }


def _seconds(score: Score, ticks: list[int]) -> list[float]:
    return [round(float(s), 6) for s in np.atleast_1d(ticks_to_seconds(score, ticks))] if ticks else []


def _chord_name(score: Score, mark: ChordMark) -> str | None:
    """The chord's symbol with flats where the key at that place has them."""
    if mark.chord is None:
        return None
    key = next((k.key for k in reversed(score.keys) if k.tick <= mark.tick), None)
    return mark.chord.name(flats=key is not None and key.fifths < 0)
