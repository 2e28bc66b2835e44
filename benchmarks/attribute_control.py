"""How exactly a piece follows the rhythmic intensity and the polyphony asked of it, in MuseMorphose's terms.

    python benchmarks/attribute_control.py FOLDER [--ends 3] [--track PIANO] [--count 400] [--bars 16] [--seed 1]

FOLDER holds MIDI files (POP909: those whose name ends in a digit that is held out); of each some windows are taken, all
pitched tracks together or one. As in the paper each bar has one of eight classes of either attribute (its edges). Both are
shifted by -3 to 3 for each window (each pair of shifts as often as any other), or any class is drawn for each bar; what is
asked of a bar is the middle of its new class. Told are Spearman's rank correlation over all bars between the class asked and
what is measured afterwards; the same with the other attribute (crosstalk; of shifts also against the change of the other
attribute); and how alike the piece still is: cosines by bar of its pitch classes and of its onsets, and the correlation of
the melody.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.compose.fit import bars_of
from antiphon.compose.leveling import leveled
from antiphon.compose.levels import Grid, polyphony, rhythmic_intensity, spread
from antiphon.compose.likeness import chroma_likeness, contour_likeness
from antiphon.compose.texture import melody_track
from antiphon.io import files
from antiphon.music.beats import bar_starts
from antiphon.music.edit import cut
from antiphon.music.score import Score

RHYTHM = np.array([0.2, 0.25, 0.32, 0.38, 0.44, 0.5, 0.63])
VOICES = np.array([2.63, 3.06, 3.5, 4.0, 4.63, 5.44, 6.44])
"""Edges of the paper's eight classes."""
LIMITS = ((0.06, 0.95), (1.0, 7.5))
"""What the lowest and the highest class go down and up to."""

Floats = npt.NDArray[np.float64]


def ranks(values: Floats) -> Floats:
    """Ranks, ties sharing their mean."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[index])


def spearman(a: Floats, b: Floats) -> float:
    """Rank correlation."""
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def middles(edges: Floats, limits: tuple[float, float]) -> Floats:
    """The middle of each class [8]."""
    whole = np.concatenate([[limits[0]], edges, [limits[1]]])
    return np.asarray((whole[1:] + whole[:-1]) / 2)


def windows(folder: Path, ends: str, track: str | None, bars: int, count: int) -> list[Score]:
    """Stretches of so many bars, at most four of a piece."""
    found: list[Score] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi") and p.stem.endswith(ends)):
        score = files.load(path)
        if track is not None:
            score = score.with_tracks([t for t in score.tracks if t.name == track])
        starts = bar_starts(score)
        at = list(range(0, len(starts) - bars, bars))
        for first in at[:: max(1, len(at) // 4)][:4]:
            piece = cut(score, starts[first], starts[first + bars])
            if sum(len(t) for t in piece.tracks if not t.is_drum) >= 2 * bars:
                found.append(piece)
        if len(found) >= count:
            break
    return found[:count]


def onset_likeness(a: Score, b: Score, grid: Grid) -> float:
    """Mean cosine by bar of how many notes begin on each sixteenth."""
    one, two = (np.bincount(spread(s, grid)[0], minlength=int(grid.before[-1])).astype(np.float64) for s in (a, b))
    found = []
    for start, stop in zip(grid.before[:-1], grid.before[1:], strict=True):
        x, y = one[start:stop], two[start:stop]
        if x.any():
            found.append(float(x @ y / max(1e-9, np.linalg.norm(x) * np.linalg.norm(y))))
    return float(np.mean(found))


def melody_of(score: Score, like: Score) -> Score:
    """The track that leads in another score, alone; all where none does."""
    lead = melody_track(like)
    return score if lead is None else score.with_tracks([score.tracks[like.tracks.index(lead)]])


def measured(pieces: list[Score], seed: int, drawn: bool) -> dict[str, float]:
    """All figures, over all bars of all windows in which a note begins."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation([(a, b) for a in range(-3, 4) for b in range(-3, 4)])  # each pair as often as any other
    asked: list[list[Floats]] = [[], []]
    got: list[list[Floats]] = [[], []]
    was: list[list[Floats]] = [[], []]
    shifts: list[list[Floats]] = [[], []]
    alike: list[tuple[float, float, float]] = []
    begun = time.process_time()
    for number, piece in enumerate(pieces):
        bars = bars_of(piece)
        grid = Grid.of(bars, piece.resolution)
        before = rhythmic_intensity(piece, grid), polyphony(piece, grid)
        heard = before[0] > 0
        wanted = []
        for k, (edges, limits) in enumerate(zip((RHYTHM, VOICES), LIMITS, strict=True)):
            shift = int(pairs[number % len(pairs)][k])
            old = np.digitize(before[k], edges)
            new = rng.integers(0, 8, len(bars)) if drawn else np.clip(old + shift, 0, 7)
            wanted.append(middles(edges, limits)[new])
            asked[k].append(new[heard].astype(np.float64))
            shifts[k].append((new - old)[heard].astype(np.float64))
            was[k].append(before[k][heard])
        free = [i for i, t in enumerate(piece.tracks) if not t.is_drum and len(t)]
        made = leveled(piece, bars, free, range(len(bars)), list(wanted[0]), list(wanted[1]))
        for k, after in enumerate((rhythmic_intensity(made, grid), polyphony(made, grid))):
            got[k].append(after[heard])
        edges_ = [b.start for b in bars] + [bars[-1].stop]
        contour = contour_likeness(melody_of(piece, piece), melody_of(made, piece))
        alike.append((chroma_likeness(piece, made, edges_), onset_likeness(piece, made, grid), contour))
    a, g, w, s = ([np.concatenate(x) for x in pair] for pair in (asked, got, was, shifts))
    chroma, groove, contour = (float(np.nanmean([row[i] for row in alike])) for i in range(3))
    return {
        "rhythm": spearman(a[0], g[0]), "rhythm > polyphony": abs(spearman(a[0], g[1])),
        "polyphony": spearman(a[1], g[1]), "polyphony > rhythm": abs(spearman(a[1], g[0])),
        "shift of rhythm > change of polyphony": abs(spearman(s[0], g[1] - w[1])),
        "shift of polyphony > change of rhythm": abs(spearman(s[1], g[0] - w[0])),
        "source: rhythm, polyphony": spearman(w[0], w[1]),
        "chroma": chroma, "onsets": groove, "melody": contour,
        "bars": float(len(a[0])), "seconds": time.process_time() - begun,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ends", default="", help="only files whose name ends so, as 3")
    parser.add_argument("--track", help="one track by name; all pitched ones where left out")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pieces = windows(options.folder, options.ends, options.track, options.bars, options.count)
    if not pieces:
        raise SystemExit(f"{options.folder} holds no piece of {options.bars} bars.")
    print(f"{len(pieces)} windows of {options.bars} bars; classes asked by shifts from -3 to 3, and drawn")
    both = [measured(pieces, options.seed, drawn) for drawn in (False, True)]
    for name in both[0]:
        print(f"  {name:40} " + "".join(f"{row[name]:10.3f}" for row in both))
    print("MuseMorphose (solo piano, its own data): rhythm .950, crosstalk .023; polyphony .885, crosstalk .016")


if __name__ == "__main__":
    main()
