"""Times the originality report against a whole collection and prints the human baseline of that collection.

    python benchmarks/originality_speed.py FOLDER [--heldout 3]

FOLDER holds numbered MIDI files (001.mid, 002.mid, ...); those whose number ends in the held-out digit are the human
baseline, the rest is indexed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from antiphon.evaluate.originality import COLUMNS, Index
from antiphon.io.files import load
from antiphon.music.score import Score


def timed(index: Index, scores: list[Score], songs: dict[str, Score] | None) -> list[float]:
    """Milliseconds of one report for each score."""
    times = []
    for score in scores:
        begun = time.perf_counter()
        index.report(score, songs=songs)
        times.append((time.perf_counter() - begun) * 1e3)
    return times


def show_speed(label: str, times: list[float]) -> None:
    print(
        f"{label}: median {statistics.median(times):.1f} ms, 95th {np.percentile(times, 95):.1f} ms, worst {max(times):.1f} ms"
    )


def show_baseline(index: Index) -> None:
    for role, rows in index.baseline.items():
        print(f"human baseline, {role} ({len(rows)} songs)")
        for column, name in enumerate(COLUMNS):
            known = rows[:, column][~np.isnan(rows[:, column])]
            if len(known):
                low, mid, high = np.percentile(known, [5, 50, 95])
                spread = f"5th {low:.4f}  median {mid:.4f}  95th {high:.4f}  max {known.max():.4f}"
                print(f"  {name}: mean {known.mean():.4f}  {spread}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--heldout", default="3")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.mid"))
    if not files:
        sys.exit(f"{options.folder} holds no MIDI files.")
    scores = {file.stem: load(file) for file in files}
    songs = {name: s for name, s in scores.items() if not name.endswith(options.heldout)}
    heldout = [s for name, s in scores.items() if name.endswith(options.heldout)]
    for label, sketch, roles in (("melody", False, ("melody",)), ("all parts", False, None), ("sketch", True, None)):
        begun = time.perf_counter()
        index = Index.build(songs.items(), roles=roles, sketch=sketch)
        built = time.perf_counter() - begun
        index = index.calibrate(heldout, songs=None if sketch else songs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index.npz"
            index.save(path)
            size = path.stat().st_size
            begun = time.perf_counter()
            Index.load(path)
            loaded = time.perf_counter() - begun
        print(f"\n{label}: {len(songs)} songs, built in {built:.1f} s, {size / 1e6:.2f} MB, loaded in {loaded * 1e3:.0f} ms")
        show_speed("  report", timed(index, heldout, None))
        if not sketch:
            show_speed("  report with the songs at hand", timed(index, heldout, songs))
        show_baseline(index)


if __name__ == "__main__":
    main()
