"""How long a musician waits: wall seconds of --help, import and a composed piece; python benchmarks/startup.py [--bars N]."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def wall(command: list[str], times: int) -> tuple[float, float]:
    """Median and least wall seconds of a command, its output thrown away."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took.append(time.perf_counter() - begun)
    return statistics.median(took), min(took)


def stages(bars: int, takes: int) -> list[tuple[str, float]]:
    """Wall seconds of each stage of composing and saving one piece with the shipped model, in order."""
    from antiphon.compose.brief import read_brief
    from antiphon.compose.compose import compose
    from antiphon.compose.manifest import manifest
    from antiphon.render.folder import staged, write_piece

    marks: list[tuple[str, float]] = []

    def tell(text: str) -> None:
        marks.append((text, time.perf_counter()))

    with tempfile.TemporaryDirectory() as folder, staged(Path(folder) / "song") as stage:
        piece = compose(read_brief(seed=1, bars=bars, takes=takes), progress=tell)
        write_piece(piece.score, manifest(piece), stage, progress=tell)
        tell("done")
    return [(text, marks[i + 1][1] - at) for i, (text, at) in enumerate(marks[:-1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("--times", type=int, default=7)
    wanted = parser.parse_args()
    python = [sys.executable]
    for name, command in (
        ("python -c pass", [*python, "-c", "pass"]),
        ("import antiphon", [*python, "-c", "import antiphon"]),
        ("antiphon --help", [*python, "-m", "antiphon", "--help"]),
        ("antiphon compose --help", [*python, "-m", "antiphon", "compose", "--help"]),
    ):
        median, least = wall(command, wanted.times)
        print(f"{name:28} {median:6.3f} s median, {least:.3f} s least of {wanted.times}")
    for text, seconds in stages(wanted.bars, wanted.takes):
        print(f"{text:28} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
