"""Pieces <-> flat columns of numbers: the lossless layout of a store and of its shards.

Legend: P pieces, T tracks, N notes, S pedal spans, M marks; every row of `pieces` and `tracks` says where its own rows
of the next table begin and how many they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.piece import Piece
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import NOTE, SPAN, ChordMark, KeyMark, Meter, Score, Section, Tempo, Track

PIECE = np.dtype(
    [
        ("track0", "<i8"), ("tracks", "<i4"), ("mark0", "<i8"), ("marks", "<i4"), ("line0", "<i8"), ("line", "<i4"),
        ("resolution", "<i4"), ("length", "<i4"), ("end", "<i4"), ("notes", "<i4"), ("bars", "<i4"), ("seconds", "<f4"),
        ("split", "u1"),
    ]
)  # fmt: skip
"""One piece: its tracks, its marks, its line of JSON (byte offset and length), and facts worth asking without reading it."""

TRACK = np.dtype(
    [("note0", "<i8"), ("notes", "<i4"), ("pedal0", "<i8"), ("pedals", "<i4"), ("program", "u1"), ("is_drum", "?")]
)
"""One track: its notes, its pedals, its instrument; its name stands in the piece's line."""

MARK = np.dtype([("kind", "u1"), ("tick", "<i4"), ("a", "<i4"), ("b", "<i4"), ("c", "<i4")])
"""One mark: tempo (a = microseconds a quarter), meter (a/b), key (a tonic, b minor), chord (a root or -1 for none,
b quality, c bass or -1), section (a = its label's number in the piece's line)."""

TEMPO, METER, KEY, CHORD, SECTION = range(5)
QUALITY_NAMES = tuple(QUALITIES)
SPLITS = ("train", "valid", "test")
TABLES: dict[str, np.dtype[Any]] = {"pieces": PIECE, "tracks": TRACK, "notes": NOTE, "pedals": SPAN, "marks": MARK}
"""Column files of a store by name."""

Tables = dict[str, npt.NDArray[Any]]


def _mark_rows(score: Score) -> list[tuple[int, int, int, int, int]]:
    rows = [(TEMPO, t.tick, t.mspq, 0, 0) for t in score.tempos]
    rows += [(METER, m.tick, m.numerator, m.denominator, 0) for m in score.meters]
    rows += [(KEY, k.tick, k.key.tonic, int(k.key.minor), 0) for k in score.keys]
    for tick, chord in score.chords:
        if chord is None:
            rows.append((CHORD, tick, -1, 0, -1))
        else:
            rows.append((CHORD, tick, chord.root, QUALITY_NAMES.index(chord.quality), -1 if chord.bass is None else chord.bass))
    rows += [(SECTION, s.tick, number, 0, 0) for number, s in enumerate(score.sections)]
    return rows


def _line(piece: Piece) -> bytes:
    """What of a piece is words, as one line of JSON."""
    words = {
        "title": piece.score.title,
        "work": piece.work,
        "source": piece.source,
        "published_split": piece.split,
        "licence": piece.licence,
        "corpus": piece.corpus,
        "tracks": [t.name for t in piece.score.tracks],
        "sections": [s.label for s in piece.score.sections],
        "extras": piece.extras,
    }
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def encode(pieces: Iterable[Piece]) -> tuple[Tables, bytes]:
    """Tables of some pieces, in order, and their lines of JSON, one after the other."""
    piece_rows: list[tuple[Any, ...]] = []
    track_rows: list[tuple[Any, ...]] = []
    mark_rows: list[tuple[int, ...]] = []
    lines: list[bytes] = []
    notes, pedals = [], []
    note0 = pedal0 = line0 = 0
    for piece in pieces:
        score, line = piece.score, _line(piece)
        marks = _mark_rows(score)
        piece_rows.append(
            (
                len(track_rows), len(score.tracks), len(mark_rows), len(marks), line0, len(line), score.resolution,
                score.length, score.end, score.note_count, bar_count(score), duration_seconds(score),
                SPLITS.index(piece.split) if piece.split else 0,
            )
        )  # fmt: skip
        for track in score.tracks:
            track_rows.append((note0, len(track.notes), pedal0, len(track.pedals), track.program, track.is_drum))
            notes.append(track.notes)
            pedals.append(track.pedals)
            note0 += len(track.notes)
            pedal0 += len(track.pedals)
        mark_rows += marks
        lines.append(line)
        line0 += len(line)
    tables: Tables = {
        "pieces": np.array(piece_rows, dtype=PIECE),
        "tracks": np.array(track_rows, dtype=TRACK),
        "notes": np.concatenate(notes) if notes else np.zeros(0, dtype=NOTE),
        "pedals": np.concatenate(pedals) if pedals else np.zeros(0, dtype=SPAN),
        "marks": np.array(mark_rows, dtype=MARK),
    }
    return tables, b"".join(lines)


def decode_score(tables: Tables, index: int, words: dict[str, Any]) -> Score:
    """The score of piece `index`, exactly as it was stored; `words` is its parsed line."""
    row = tables["pieces"][index]
    tracks = []
    first = int(row["track0"])
    for name, track in zip(words["tracks"], tables["tracks"][first : first + int(row["tracks"])], strict=True):
        note0, pedal0 = int(track["note0"]), int(track["pedal0"])
        notes = np.array(tables["notes"][note0 : note0 + int(track["notes"])])
        pedals = np.array(tables["pedals"][pedal0 : pedal0 + int(track["pedals"])])
        notes.flags.writeable = pedals.flags.writeable = False
        tracks.append(Track(name, int(track["program"]), bool(track["is_drum"]), notes, pedals))
    marks = tables["marks"][int(row["mark0"]) : int(row["mark0"]) + int(row["marks"])]
    rows = {kind: marks[marks["kind"] == kind][["tick", "a", "b", "c"]].tolist() for kind in range(5)}
    chords = [
        ChordMark(tick, None if a < 0 else Chord(a, QUALITY_NAMES[b], None if c < 0 else c)) for tick, a, b, c in rows[CHORD]
    ]
    return Score(
        int(row["resolution"]),
        tuple(tracks),
        tuple(Tempo(tick, a) for tick, a, _, _ in rows[TEMPO]),
        tuple(Meter(tick, a, b) for tick, a, b, _ in rows[METER]),
        tuple(KeyMark(tick, Key(a, bool(b))) for tick, a, b, _ in rows[KEY]),
        tuple(chords),
        tuple(Section(tick, words["sections"][a]) for tick, a, _, _ in rows[SECTION]),
        words["title"],
        int(row["length"]),
    )
