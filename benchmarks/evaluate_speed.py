"""How long the judge takes: invented or given pieces, clips against clips, without and with the network test.

    python benchmarks/evaluate_speed.py [FOLDER] [--clips 1000] [--neural]

Prints seconds on the wall and of processor time. Without FOLDER, notes are random, which is as costly as music.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from antiphon.cli.evaluate import read_pieces
from antiphon.evaluate import judge, report
from antiphon.evaluate.compare import compare
from antiphon.music.edit import cut
from antiphon.music.score import Score, Track, notes_array

BAR, BARS = 16, 16


def invented(count: int, seed: int) -> list[Score]:
    """Pieces of sixteen bars and about 335 notes in three tracks, as POP909 has them."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        tracks = []
        for name, notes, low in (("melody", 65, 60), ("bridge", 60, 65), ("piano", 210, 36)):
            onset, duration, pitch = (
                rng.integers(0, BAR * BARS, notes),
                rng.integers(1, 9, notes),
                rng.integers(low, low + 24, notes),
            )
            rows = zip(onset.tolist(), duration.tolist(), pitch.tolist(), strict=True)
            tracks.append(Track(name, notes=notes_array([(o, min(d, BAR * BARS - o), p, 80) for o, d, p in rows])))
        out.append(Score(4, tuple(tracks), length=BAR * BARS))
    return out


def windows(folder: Path, count: int) -> list[Score]:
    """Sixteen-bar pieces cut from real ones."""
    out = []
    for score in read_pieces(folder)[0]:
        step = score.resolution * 4 * BARS
        out += [cut(score, at, at + step) for at in range(0, score.end - step + 1, step)]
    return [s for s in out if s.note_count][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--neural", action="store_true")
    options = parser.parse_args()
    pieces = windows(options.folder, 2 * options.clips) if options.folder else invented(2 * options.clips, 0)
    half = len(pieces) // 2
    for name, run in (
        ("compare", lambda: compare(pieces[:half], pieces[half:], neural=options.neural)),
        ("evaluate and report", lambda: report.files(judge.evaluate(pieces[:half], pieces[half:], neural=options.neural))),
    ):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        print(
            f"{name}: {half} clips of {BARS} bars against {len(pieces) - half}: "
            f"{time.perf_counter() - wall:.1f} s on the wall, {time.process_time() - processor:.1f} s of processor time",
            flush=True,
        )


if __name__ == "__main__":
    main()
