"""How quick the grid model is, and how many times as quick as the Transformer in the same minutes.

    python benchmarks/flagship_speed.py [--model pop-grid] [--beside pop] [--rounds 5]

From request to Scores on one thread: 32 bars of all parts (one take), 64 takes of 16 bars, and one take of 16 bars beside the
Transformer's. The time is the processor's, so that other work on the machine counts less; of some rounds the least is told.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from antiphon.generate.load import load
from antiphon.generate.request import Generator, Request


def seconds(player: Generator, bars: int, takes: int, rounds: int) -> float:
    """Least processor time of some rounds, each with other seeds."""
    found = []
    for i in range(rounds):
        begun = time.process_time()
        player.write(Request(bars), range(1000 * i, 1000 * i + takes))
        found.append(time.process_time() - begun)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pop-grid")
    parser.add_argument("--beside", default="pop")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ours, theirs = load(options.model), load(options.beside)
    ours.write(Request(4), [0])
    theirs.write(Request(4), [0])
    long = seconds(ours, 32, 1, options.rounds)
    many = seconds(ours, 16, 64, 2)
    short, other = seconds(ours, 16, 1, options.rounds), seconds(theirs, 16, 1, 2)
    far = seconds(theirs, 32, 1, 1)
    print(f"{options.model}: 32 bars {1000 * long:.0f} ms; 64 takes of 16 bars {many:.2f} s ({64 / many:.0f} takes a second)")
    for bars, mine, its in ((16, short, other), (32, long, far)):
        print(f"one take of {bars} bars: {1000 * mine:.0f} ms, {options.beside} {1000 * its:.0f} ms: {its / mine:.1f} times")


if __name__ == "__main__":
    main()
