"""Bass and drums taken out of held-out songs and put back, by rule and by the band: python benchmarks/band_accompany.py DATA.

DATA is the store or folder that the band was trained on. For 40 stretches of 16 bars it prints how near each way comes to the
held-out songs (the judge's figures), and to what really stood there: how often both basses sound the same pitch class, how well
their onsets agree (F1), and how far the drums' mean bar is from the real one (mean difference in strokes a sixteenth; kick,
snare, all else).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from band_table import BARS, stretches

import antiphon
from antiphon.evaluate.compare import compare
from antiphon.generate.load import load
from antiphon.music.score import Score, Track
from antiphon.recipes.catalog import BAND
from antiphon.recipes.data import split_of
from antiphon.recipes.runs import pieces_from

FIGURES = ("frechet", "kernel", "precision", "recall", "coverage", "ridge accuracy")
KICK, SNARES = 36, (37, 38, 39)


def part(score: Score, role: str) -> Track | None:
    """The first track of that name that has notes."""
    return next((t for t in score.tracks if t.name == role and len(t)), None)


def groove(score: Score) -> np.ndarray:
    """Strokes of the mean bar: [kick, snare, other; 16]."""
    out = np.zeros((3, 16))
    drums = part(score, "drums")
    for onset, _, pitch, _ in drums.notes.tolist() if drums is not None else ():
        out[0 if pitch == KICK else 1 if pitch in SNARES else 2, onset * 4 // score.resolution % 16] += 1
    return out / BARS


def bass_agreement(made: Score, real: Score) -> tuple[float, float]:
    """Share of sixteenths with the same pitch class where both sound, and F1 of the onsets; nan where one has no bass."""
    lines, onsets = [], []
    for score in (made, real):
        track = part(score, "bass")
        if track is None:
            return float("nan"), float("nan")
        line = np.full(16 * BARS, -1)
        for onset, duration, pitch, _ in track.notes.tolist():
            line[onset * 4 // score.resolution : (onset + duration) * 4 // score.resolution + 1] = pitch % 12
        lines.append(line)
        onsets.append(set((track.notes["onset"] * 4 // score.resolution).tolist()))
    both = (lines[0] >= 0) & (lines[1] >= 0)
    common = len(onsets[0] & onsets[1])
    return float((lines[0][both] == lines[1][both]).mean()), 2 * common / (len(onsets[0]) + len(onsets[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="band")
    parser.add_argument("--count", type=int, default=40)
    options = parser.parse_args()
    held = [p.score for p in pieces_from(options.data) if split_of(p) != "train"]
    reference = stretches(held, 10 * len(held))
    full = [s for s in reference if {"drums", "bass", "keys"} <= {t.name for t in s.tracks if len(t) > 16}]
    order = np.random.default_rng(1).permutation(len(full))[: options.count].tolist()
    writers = {"by rule": None, options.model: load(options.model)}
    for name, writer in writers.items():
        made, grooves, basses = [], [], []
        for seed, i in enumerate(order):
            bare = full[i].with_tracks(t for t in full[i].tracks if t.name not in ("drums", "bass"))
            piece = antiphon.accompany(bare, add=("drums", "bass"), takes=1, seed=seed, generator=writer).score
            made.append(piece)
            grooves.append(np.abs(groove(piece) - groove(full[i])).mean(axis=1))
            basses.append(bass_agreement(piece, full[i]))
        found = compare(made, reference, seed=0, bars=BARS, roles=BAND.roles)
        told = {k: round(float(found[k]), 3) for k in FIGURES}
        print(name, told, "bass", np.nanmean(basses, axis=0).round(3), "drums", np.mean(grooves, axis=0).round(3), flush=True)


if __name__ == "__main__":
    main()
