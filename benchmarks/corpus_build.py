"""Times the building of a store against a plain pretty_midi loop over the same MIDI files, in the same run."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from pathlib import Path

import pretty_midi

from antiphon.corpus.build import build
from antiphon.corpus.ingest import find_units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of music with MIDI files, as a copy of POP909")
    parser.add_argument("--sample", type=int, default=60, help="files that pretty_midi reads (evenly chosen)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()

    paths = [unit.path for unit in find_units(asked.folder) if unit.path.suffix in (".mid", ".midi") and unit.path.is_file()]
    chosen = paths[:: max(1, len(paths) // asked.sample)]
    half = len(chosen) // 2

    first = _loop(chosen[:half])
    with tempfile.TemporaryDirectory() as place:
        begun, before = time.monotonic(), os.times()
        report = build(asked.folder, Path(place) / "store", jobs=asked.jobs)
        wall, after = time.monotonic() - begun, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    second = _loop(chosen[half:])  # half before, half after: a change of the machine's load then counts for both
    plain_wall, plain_cpu = ((a + b) / len(chosen) for a, b in zip(first, second, strict=True))

    print(f"{len(paths)} MIDI files: {report.pieces} pieces stored, {sum(report.refused.values())} refused, {wall:.1f} s")
    _row(f"pretty_midi loop over {len(chosen)} of them", 1 / plain_wall, 1 / plain_cpu)
    _row(f"corpus build in {asked.jobs} processes", len(paths) / wall, len(paths) / cpu)
    print(
        f"{'ratio':36}{plain_wall * len(paths) / wall:10.1f} by wall clock   {plain_cpu * len(paths) / cpu:11.1f} by CPU time"
    )


def _row(name: str, by_wall: float, by_cpu: float) -> None:
    print(f"{name:36}{by_wall:10.1f} files a second {by_cpu:10.1f} files a CPU second")


def _loop(paths: list[Path]) -> tuple[float, float]:
    """Wall and CPU seconds in which pretty_midi loads the files one after the other."""
    begun, cpu = time.monotonic(), time.process_time()
    for path in paths:
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError, EOFError):
            pretty_midi.PrettyMIDI(str(path))
    return time.monotonic() - begun, time.process_time() - cpu


if __name__ == "__main__":
    main()
