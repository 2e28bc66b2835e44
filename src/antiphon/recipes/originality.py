"""The originality index of a snapshot: what a model learned from, hashed small, with held-out music as the human yardstick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError
from antiphon.evaluate.originality import Index
from antiphon.evaluate.originality_lines import lines
from antiphon.music.beats import bar_starts
from antiphon.music.edit import cut
from antiphon.music.score import Score
from antiphon.recipes.data import split_of

FILE = "originality.npz"
MOST_BYTES = 700_000
STRETCHES = (4, 8, 16, 32)
"""Lengths in bars of the held-out stretches that takes are compared with, beside whole pieces."""
LEAST_HELD = 4
"""Pieces held out, below which there is no human yardstick."""


def build_index(pieces: Iterable[Piece], most_bytes: int = MOST_BYTES) -> Index:
    """Index of the training pieces, its yardstick the pieces held out; at most so many bytes on disk.

    The split is the one that recipes train by. Where all roles together are too large, accompaniments are left out, the
    largest first; the melody stays.

    Raises:
      InputError: no training piece has a melodic line.
    """
    train: list[tuple[str, Score]] = []
    held: list[Score] = []
    for piece in pieces:
        if split_of(piece) == "train":
            train.append((piece.work or piece.source, piece.score))
        else:
            held.append(piece.score)
    sizes: dict[str, int] = {}
    for _, score in train:
        for role, line in lines(score).items():
            sizes[role] = sizes.get(role, 0) + len(line)
    # a role that only a few pieces have is a track name by chance
    roles = [r for r in sizes if r == "melody" or sum(r in lines(s) for _, s in train) * 4 >= len(train)]
    while True:
        index = Index.build(train, roles=tuple(roles), sketch=True)
        if len(held) >= LEAST_HELD:
            index = index.calibrate(part for score in held for part in stretches(score))
        if len(roles) == 1 or _bytes(index) <= most_bytes:
            return index
        roles.remove(max((r for r in roles if r != "melody"), key=lambda r: sizes[r]))


def stretches(score: Score) -> Iterator[Score]:
    """The piece, and of each length of STRETCHES up to three stretches of it, evenly spread."""
    yield score
    starts = [*bar_starts(score), score.end]
    for bars in STRETCHES:
        places = range(0, len(starts) - 1 - bars, bars)
        for first in places[:: max(1, len(places) // 3)][:3]:
            yield cut(score, starts[first], starts[first + bars])


def write_index(pieces: Iterable[Piece], folder: Path) -> Path | None:
    """Write the index into a run or a snapshot; None where the music has no melodic line (drums).

    Raises:
      OutputError: the file cannot be written.
    """
    try:
        index = build_index(pieces)
    except InputError:
        return None
    path = folder / FILE
    index.save(path)
    return path


def _bytes(index: Index) -> int:
    with TemporaryDirectory() as place:
        path = Path(place) / FILE
        index.save(path)
        return path.stat().st_size
