"""From a brief to a MIDI file: seconds of drawing, of judging and of the rest, for many takes in a running process.

    python benchmarks/request_speed.py [--style pop] [--bars 32] [--takes 16] [--rounds 5] [--threads N]

What a service feels that has started already: a first piece is composed and thrown away. Then each round composes a piece of
another seed as `antiphon compose` does, without sound and pictures, and writes its MIDI file. Wall seconds; of the rounds the
quickest is told, and processor seconds beside it. Drawing is also timed on one thread, so that the ratio counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.compose import compose, find_generator
from antiphon.compose.plan import plan, take_seed
from antiphon.generate.grid import GridGenerator
from antiphon.io import files

STAGES = ("loading the model", "drawing the takes", "finishing and judging them", "writing the MIDI file")


def once(brief: Brief, generator: Any, folder: Path) -> tuple[list[float], float]:
    """Wall seconds of each stage, and processor seconds of all."""
    marks: list[float] = []
    begun = time.process_time()
    piece = compose(brief, generator, progress=lambda _: marks.append(time.perf_counter()))
    marks.append(time.perf_counter())
    files.save(piece.score, folder / "piece.mid")
    marks.append(time.perf_counter())
    return [after - before for before, after in pairwise(marks)], time.process_time() - begun


def drawing(brief: Brief, generator: GridGenerator, rounds: int, threads: int) -> float:
    """Least wall seconds of drawing the takes alone, on so many threads."""
    generator.threads, found = threads, []
    for i in range(rounds):
        request = plan(brief, generator.description).request
        seeds = [take_seed(1000 + i, k) for k in range(brief.takes)]
        begun = time.perf_counter()
        generator.write(request, seeds)
        found.append(time.perf_counter() - begun)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--style", default="pop")
    parser.add_argument("--bars", type=int, default=32)
    parser.add_argument("--takes", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of the grid model; all processors where left out")
    options = parser.parse_args()

    def brief(seed: int) -> Brief:
        return read_brief(style=options.style, bars=options.bars, takes=options.takes, seed=seed)

    generator = None
    if options.threads:
        generator = find_generator(brief(0))
        if not isinstance(generator, GridGenerator):
            raise SystemExit(f"{generator.description.name} writes on one thread; leave --threads out.")
        generator.threads = options.threads
    with tempfile.TemporaryDirectory() as made:
        once(brief(0), generator, Path(made))
        rounds = [once(brief(i + 1), generator, Path(made)) for i in range(options.rounds)]
    stages, used = min(rounds, key=lambda r: sum(r[0]))
    total = sum(stages)
    what = f"{options.takes} takes of {options.bars} bars, {options.style}"
    print(f"{what}, brief to MIDI: {total:.3f} s ({used:.2f} s of processors)")
    for name, seconds in zip(STAGES, stages, strict=True):
        print(f"  {name:28} {seconds:6.3f} s  {seconds / total:4.0%}")
    writer = find_generator(brief(0))
    if isinstance(writer, GridGenerator):
        many = options.threads or writer.threads
        one, all_ = (drawing(brief(0), writer, min(options.rounds, 3), n) for n in (1, many))
        print(f"drawing alone: one thread {one:.3f} s, {many} threads {all_:.3f} s, {one / all_:.2f} times as quick")


if __name__ == "__main__":
    main()
