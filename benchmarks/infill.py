"""How well bars written into real music fit: held-out pieces with open bars filled, against untouched held-out pieces.

    python benchmarks/infill.py DATA [--model pop] [--count 60] [--bars 16] [--open 4] [--roles piano]

The held-out pieces (validation and test split) are cut into windows; half of the pieces are filled, the other half are
what they are compared with. Beside the model stand the same windows untouched, and with the open bars taken from another
window (in the key of this one), which any sense of context must beat.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError
from antiphon.evaluate.compare import compare
from antiphon.generate.events import EventGenerator
from antiphon.generate.load import load
from antiphon.generate.request import Opening, Request
from antiphon.music.beats import bar_starts
from antiphon.music.edit import cut, named, transpose
from antiphon.music.score import KeyMark, Score, notes_array
from antiphon.recipes.data import key_of, split_of
from antiphon.recipes.runs import pieces_from
from antiphon.representations.events import transposition

Place = tuple[int, int]


def windows(piece: Piece, generator: EventGenerator, bars: int) -> Iterator[Score]:
    """Stretches of a piece on the model's grid in a meter that it knows, in which every role of the piece has a note."""
    codec = generator.codec
    key = key_of(piece)
    try:
        score = codec.decode(codec.encode(piece.score, key), key)
    except InputError:
        return  # a meter that the model does not know
    starts = [*bar_starts(score), score.end]
    meter = generator.meters[0]
    for first in range(0, len(starts) - 1 - bars, bars):
        part = cut(score, starts[first], starts[first + bars])
        if all((m.numerator, m.denominator) == meter for m in part.meters) and all(len(t) for t in part.tracks):
            yield replace(part, keys=(KeyMark(0, key),), title=f"{piece.work} {first}")


def swapped(score: Score, other: Score, place: Place, roles: tuple[str, ...]) -> Score:
    """The window with the open bars of another one, moved to its key."""
    move = (transposition(other.keys[0].key) - transposition(score.keys[0].key) + 6) % 12 - 6
    moved = transpose(other, move)
    low, high = (([*bar_starts(score), score.end])[b] for b in place)
    tracks = []
    for track in score.tracks:
        source = named(moved.tracks, track.name)
        if track.name in roles and source is not None:
            mine = [n for n in track.notes.tolist() if not low <= n[0] < high]
            theirs = [n for n in source.notes.tolist() if low <= n[0] < high]
            track = replace(track, notes=notes_array(sorted(mine + theirs)))
        tracks.append(track)
    return replace(score, tracks=tuple(tracks))


def main() -> None:
    """Fill, compare, print one line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="pop")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--open", type=int, default=4)
    parser.add_argument("--roles", default="")
    args = parser.parse_args()
    generator = load(args.model)
    assert isinstance(generator, EventGenerator)
    roles = tuple(args.roles.split(",")) if args.roles else generator.description.roles
    held = [p for p in pieces_from(args.data) if split_of(p) != "train"]
    rng = np.random.default_rng(0)
    order = rng.permutation(len(held))
    mine: list[Score] = []
    reference: list[Score] = []
    for i, index in enumerate(int(o) for o in order):
        found = list(windows(held[index], generator, args.bars))
        (mine if i % 2 else reference).extend(found)
    mine = [mine[int(i)] for i in rng.permutation(len(mine))[: args.count]]
    first = (args.bars - args.open) // 2
    place = (first, first + args.open)
    filled, chosen = [], []
    for i, score in enumerate(mine):
        here = tuple(r for r in roles if named(score.tracks, r) is not None)
        if not here or (len(here) == len(score.tracks) and args.open >= args.bars):
            continue
        request = Request(args.bars, given=score, openings=(Opening(*place, here),), free_harmony=len(here) > 1)
        filled.append(replace(generator.write(request, [i])[0].score, title=score.title))
        chosen.append(score)
    others = [swapped(s, chosen[(i + 1) % len(chosen)], place, roles) for i, s in enumerate(chosen)]
    print(f"{len(chosen)} windows of {args.bars} bars, bars {place[0] + 1}-{place[1]} open for {', '.join(roles)}; "
          f"{len(reference)} untouched windows of other pieces")  # fmt: skip
    for name, scores in (("untouched", chosen), ("written by the model", filled), ("bars of another window", others)):
        result = compare(scores, reference)
        print(
            f"{name:24} Frechet {result['frechet']:6.1f} (ceiling {result['frechet ceiling']:.1f})"
            f"  coverage {result['coverage']:.2f}"
            f"  ridge {result['ridge accuracy']:.2f} ({result['ridge low']:.2f}-{result['ridge high']:.2f})"
        )


if __name__ == "__main__":
    main()
