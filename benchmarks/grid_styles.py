"""A grid model before the judge beside the sequence model of its style, on held-out pieces of equal length.

    python benchmarks/grid_styles.py DATA --model SNAPSHOT --beside chorale [--bars 8] [--takes 200]

The reference is the held-out pieces (validation and test), cut into windows; the first row is what one half of them scores
against the other. Prints the table as Markdown. "Chosen" are takes of which each is the best of eight drawings by the model's
own critic, where the snapshot holds one; the choice among several takes that `compose` makes besides is left out.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from flagship_table import FIRST_SEED, stretches
from judged import CEILINGS, FIGURES, row_text

from antiphon.compose.critique_own import critic_of
from antiphon.compose.drawings import Choosing
from antiphon.evaluate.compare import compare
from antiphon.generate.load import load
from antiphon.generate.request import Generator, Request
from antiphon.music.score import Score
from antiphon.recipes.data import split_of
from antiphon.recipes.runs import pieces_from

METER = (4, 4)


def takes(player: Generator, count: int, bars: int) -> list[Score]:
    """Pieces in 4/4."""
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    asked = Request(bars, meter=METER)
    return [t.score for at in range(0, count, 32) for t in player.write(asked, seeds[at : at + 32])]


def in_four(score: Score) -> bool:
    """Whether a piece is in 4/4 throughout."""
    return {(m.numerator, m.denominator) for m in score.meters} == {METER}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--beside", required=True, help="the sequence model")
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--takes", type=int, default=200)
    options = parser.parse_args()
    pieces = [p for p in pieces_from(options.data) if in_four(p.score)]
    held = [p.score for p in pieces if split_of(p) != "train"]
    trained = [p.score for p in pieces if split_of(p) == "train"]
    grid, beside, bars = load(options.model), load(options.beside), options.bars
    rows = {
        "pieces of the training set": stretches(trained, options.takes, bars),
        f"{options.beside}: the sequence model": takes(beside, options.takes, bars),
        f"{options.model}: one drawing": takes(grid, options.takes, bars),
    }
    if critic_of(grid, Request(bars, meter=METER)) is not None:
        rows[f"{options.model}: chosen"] = takes(Choosing(grid), options.takes, bars)
    print("| | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|", sep="\n")
    for i, (name, scores) in enumerate(rows.items()):
        found = compare(scores, held, seed=0, bars=bars, roles=grid.description.roles)
        if i == 0:
            print(row_text("one half of the held-out pieces against the other", {f: found[CEILINGS[f]] for f in FIGURES}))
        print(row_text(name, found), flush=True)


if __name__ == "__main__":
    main()
