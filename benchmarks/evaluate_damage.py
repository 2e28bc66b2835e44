"""Which measure notices which damage: spoil real songs in known ways, read every headline measure, write docs/measures.md.

    python benchmarks/evaluate_damage.py FOLDER -o docs/measures.md

FOLDER holds POP909 (its quantised scores with structure labels), any MIDI files, or a store. Three disjoint sets of
songs are drawn: real, to be damaged, and "training"; of each song one window of 16 bars. The text around the tables
in the output file stays.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from marked import write_between

from antiphon.cli.evaluate import read_pieces
from antiphon.corpus.piece import Piece
from antiphon.corpus.readers import pop909
from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.evaluate.damage import DAMAGES
from antiphon.evaluate.descriptor import Standardiser, describe_all
from antiphon.evaluate.neural import neural_test
from antiphon.evaluate.reading import Reading, Sample, read_all, sample
from antiphon.evaluate.report import number, probability
from antiphon.evaluate.twosample import ridge_test
from antiphon.music.score import Score

BEGIN, END = "<!-- measured by benchmarks/evaluate_damage.py: begin -->", "<!-- end -->"
BARS = 16
SEEN = 0.01


def songs(folder: Path) -> list[Score]:
    """Pieces of the folder, bar-aligned where it is POP909."""
    if pop909.detect(folder):
        return [p.score for unit in pop909.units(folder) for p in pop909.load(unit) if isinstance(p, Piece)]
    return read_pieces(folder)[0]


def draw(scores: list[Score], count: int, seed: int) -> list[tuple[Clip, ...]]:
    """Disjoint sets of one window a song, `count` songs each (fewer where there are not enough)."""
    rng = np.random.default_rng(seed)
    roles = common_roles(scores)
    windows = []
    for i in rng.permutation(len(scores)).tolist():
        found = cut_clips(scores[i], BARS, roles, str(i), 4)
        if found:
            windows.append(found[int(rng.integers(len(found)))])
    size = min(count, len(windows) // 3)
    return [tuple(windows[k * size : (k + 1) * size]) for k in range(3)]


def read_damages(real: Sample, victims: tuple[Clip, ...], train: tuple[Clip, ...], seed: int) -> dict[str, dict[str, Reading]]:
    """Readings of every damage, and of a verbatim copy of the training songs."""
    standard = Standardiser(real.vectors)
    known = describe_all(train)[0]
    spoiled = {name: spoil(victims, np.random.default_rng([seed, 1])) for name, spoil in DAMAGES.items()}
    spoiled["verbatim copy of training songs"] = list(train)
    out = {}
    for name, clips in spoiled.items():
        out[name] = read_all(sample(clips), real, standard, seed, neural=True, train=known)
        seen = [m for m, r in out[name].items() if r.p_value < SEEN]
        print(f"{name}: noticed by {len(seen)} of {len(out[name])}: {', '.join(seen)}", flush=True)
    return out


def split_halves(scores: list[Score], rounds: int, count: int, seed: int) -> dict[str, list[float]]:
    """Accuracies of both two-sample tests between two random sets of real songs."""
    out: dict[str, list[float]] = {"ridge": [], "network": []}
    for k in range(rounds):
        first, second, _ = draw(scores, count, seed + 1000 + k)
        groups = [f"a {c.group}" for c in first] + [f"b {c.group}" for c in second]
        out["ridge"].append(ridge_test(describe_all(first)[0], describe_all(second)[0], groups, k).accuracy)
        out["network"].append(neural_test([*first, *second], len(first), groups, k).accuracy)
        print(f"real against real {k + 1}: ridge {out['ridge'][-1]:.3f}, network {out['network'][-1]:.3f}", flush=True)
    return out


def tables(readings: dict[str, dict[str, Reading]], real: dict[str, list[float]], count: int) -> str:
    """The measured part of the document."""
    names = list(readings)
    measures = list(readings[names[0]])
    cells = {
        m: [f"**{number(r.z)}**" if r.p_value < SEEN else number(r.z) for r in (readings[n][m] for n in names)]
        for m in measures
    }
    damages = [n for n in names if not n.startswith("none")]
    blind = [m for m in measures if not any(readings[n][m].p_value < SEEN for n in damages)]
    legend = f"Cells: z-score against real songs, bold where p < {SEEN}; 99 is the most that is said of a test."
    out = [f"{count} songs a side, one window of {BARS} bars each. {legend}", ""]
    out += ["| measure | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    out += [f"| {m} | {' | '.join(cells[m])} |" for m in measures]
    out += ["", "Values:", "", "| measure | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    out += [f"| {m} | {' | '.join(number(readings[n][m].value) for n in names)} |" for m in measures]
    out += ["", "| damage | noticed by | least p |", "|---|---|---|"]
    for n in names:
        seen = sum(r.p_value < SEEN for r in readings[n].values())
        least = min(readings[n].items(), key=lambda item: (item[1].p_value, -abs(item[1].z)))
        out.append(f"| {n} | {seen} of {len(measures)} measures | {probability(least[1].p_value)} ({least[0]}) |")
    out += ["", f"Measures that notice none of these damages: {', '.join(blind) or 'none'}.", ""]
    for name, values in real.items():
        v = np.array(values)
        near = np.mean(np.abs(v - 0.5) <= 0.03)
        out.append(
            f"Real against real, two-sample test with the {name}: mean accuracy {v.mean():.3f} over {len(v)} random draws of "
            f"{count} against {count} songs (deviation {v.std():.3f}, {near:.0%} of them within 0.5 ± 0.03)."
        )
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=200, help="songs in each set")
    parser.add_argument("--rounds", type=int, default=10, help="real-against-real draws")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    scores = songs(options.folder)
    real, victims, train = draw(scores, options.songs, options.seed)
    readings = read_damages(sample(real), victims, train, options.seed)
    halves = split_halves(scores, options.rounds, options.songs, options.seed)
    write_between(options.out, BEGIN, END, tables(readings, halves, len(real)))


if __name__ == "__main__":
    main()
