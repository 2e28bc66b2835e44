"""How many times faster than real time a pop song is rendered, on one core; beside the FluidSynth program where it is.

    python benchmarks/render_speed.py [song.mid] [--runs 3]

Without a file it renders three minutes that it makes itself: melody, broken chords on the piano and bass. Everything from
the Score to the mastered mix and stems counts, the SoundFont's loading too. Processor seconds, least of the runs.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from antiphon.io import files, midi
from antiphon.music.score import Score, Tempo, Track
from antiphon.render.audio import render
from antiphon.render.loudness import integrated_loudness, true_peak
from antiphon.timbre.fluidsynth import installed
from antiphon.timbre.soundfont import find_soundfont


def made_song() -> Score:
    """Three minutes at 90 quarter notes a minute in three parts, some 1,500 notes like a song of the POP909 set."""
    rng = np.random.default_rng(909)
    degrees = np.array([0, 2, 4, 5, 7, 9, 11])
    melody, piano, bass = [], [], []
    for bar in range(68):
        root = (0, 9, 5, 7)[bar % 4]
        at = bar * 16
        steps = np.sort(rng.choice(16, 5, replace=False))
        melody += [(at + int(s), 3, 72 + int(degrees[rng.integers(7)]), 90) for s in steps]
        piano += [(at + 2 * i, 4, 48 + root % 12 + (0, 7, 12, 16)[i % 4], 60 + 5 * (i % 3)) for i in range(8)]
        piano += [(at + 8 * i, 8, 60 + (root + third) % 12, 64) for i in range(2) for third in (0, 4, 7)]
        bass += [(at + 8 * i, 7, 36 + root % 12, 85) for i in range(2)]
    names = (("melody", 73, melody), ("piano", 0, piano), ("bass", 33, bass))
    return Score(resolution=4, tracks=tuple(Track(n, p, notes=x) for n, p, x in names), tempos=(Tempo.from_qpm(0, 90),))


def used() -> float:
    """Processor seconds of this process and of the children it has waited for."""
    return sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("song", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    song = files.load(arguments.song) if arguments.song else made_song()
    print(f"{arguments.song or 'made song'}: {len(song.tracks)} parts, {song.note_count:,} notes")
    program = installed()
    best: dict[str, float] = {}
    for engine in ("sampler", "fluidsynth") if program else ("sampler",):
        for _ in range(arguments.runs):
            begun, clock = used(), time.perf_counter()
            recording = render(song, engine=engine)
            spent, waited = used() - begun, time.perf_counter() - clock
            best[engine] = min(best.get(engine, np.inf), spent)
        seconds = len(recording.mix) / recording.rate
        loudness, peak = integrated_loudness(recording.mix, recording.rate), true_peak(recording.mix, recording.rate)
        print(
            f"{engine:>10}: {seconds:.1f} s of sound in {best[engine]:.2f} s of one core = {seconds / best[engine]:.0f} x real"
            f" time (last run {waited:.2f} s on the clock); {loudness:.2f} LUFS, {peak:.2f} dBTP"
        )
    if program:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "song.mid"
            path.write_bytes(midi.dumps(song))
            for _ in range(arguments.runs):
                begun = used()
                command = [str(program), "-ni", "-q", "-r", "44100", "-F", str(path.with_suffix(".wav"))]
                subprocess.run([*command, str(find_soundfont()), str(path)], check=True, capture_output=True)
                best["program"] = min(best.get("program", np.inf), used() - begun)
        print(f"The bare FluidSynth program with its reverb and chorus, one mix, no mastering: {best['program']:.2f} s.")
        print(f"Sampler with stems and mastering / bare FluidSynth: {best['sampler'] / best['program']:.2f}")


if __name__ == "__main__":
    main()
