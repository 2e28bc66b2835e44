"""Fits the critic's ears and tells how well they hear: real stretches against damaged ones and against takes of the models.

    python benchmarks/critic_fit.py STYLE=STORE [STYLE=STORE ...] [--takes 200] [-o src/antiphon/compose/data/ears.json]

Each STORE is a store, or a folder of music, that a shipped snapshot of STYLE was trained on; only its held-out pieces (the
split that recipes train by) are used. Stretches of eight bars are real, damaged as evaluate/damage.py does, or written by
the snapshot. All three go one way: notes on a grid of sixteenths, without marks, loudness or programs.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.compose.critique import faults
from antiphon.compose.critique_ear import ANY, EARS, QUANTILES, excess
from antiphon.compose.critique_measures import NAMES, vector
from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.evaluate.damage import DAMAGES
from antiphon.evaluate.rules import clip_score
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.music.measure import piece_key
from antiphon.music.score import Score
from antiphon.recipes.data import split_of
from antiphon.recipes.runs import pieces_from

Floats = npt.NDArray[np.float64]

BARS, FOLDS, SEED = 8, 5, 20
KINDS = ("empty", "silence", "repeat", "key", "range", "rests", "leaps", "stuck")
"""Kinds of faults whose points are fitted; how a piece ends is not to be heard in stretches out of its middle."""
MOST_POINTS = 5.0
PULL = 1.0
"""How firmly weights are held to where they begin: 1 for faults, which were set by hand, 0 for departures."""
LEFT_OUT = ("none (other half)", "mode collapse to ten pieces")
"""Damages that spoil no single piece."""
EVERY = -1


@dataclass(frozen=True)
class Heard:
    """Stretches of one kind: measures [N, d], points of faults [N, kinds], and the work of each."""

    measures: Floats
    faults: Floats
    works: tuple[str, ...]


def hear(clips: list[Clip]) -> Heard:
    """Measures and faults of stretches, silent ones left out."""
    rows, points, works = [], [], []
    for clip in clips:
        score = clip_score(clip.led())
        if score.note_count == 0:
            continue
        rows.append(vector(score))
        found = faults(score, piece_key(score))
        points.append([min(MOST_POINTS, sum(r.points for r in found if r.kind == kind)) for kind in KINDS])
        works.append(clip.group)
    return Heard(np.array(rows), np.array(points), tuple(works))


def sets_of(style: str, pieces: list[tuple[str, Score]], takes: list[Score], most: int) -> dict[str, Heard]:
    """Real, generated and damaged stretches of one style."""
    roles = common_roles([score for _, score in pieces])
    rng = np.random.default_rng(SEED)
    real = [clip for work, score in pieces for clip in cut_clips(score, BARS, roles, work, 2)]
    real = [real[i] for i in sorted(rng.permutation(len(real))[:most].tolist())]
    written = [clip for i, score in enumerate(takes) for clip in cut_clips(score, BARS, roles, f"take {i}", 1)]
    out = {"real": hear(real), "generated": hear(written)}
    for name, damage in DAMAGES.items():
        if name in LEFT_OUT:
            continue
        alike: dict[tuple[int, int], list[Clip]] = defaultdict(list)
        for i in sorted(rng.permutation(len(real))[: max(60, most // 4)].tolist()):
            alike[real[i].bar_steps, real[i].bars].append(real[i])
        out[name] = hear([clip for group in alike.values() if len(group) > 1 for clip in damage(group, rng)])
        print(f"{style}: {name}: {len(out[name].works)} stretches", flush=True)
    return out


def design(heard: Heard, usual: Floats) -> Floats:
    """What speaks against each stretch [N, 2 d + kinds]."""
    return np.concatenate([*excess(heard.measures, usual), heard.faults], axis=1)


def fit(rows: Floats, spoiled: Floats, weight: Floats, steps: int = 2000) -> tuple[Floats, float]:
    """Weights that are not negative and a bias of a logistic regression for "spoiled", by accelerated projected gradient."""
    begin = np.concatenate([np.zeros(2 * len(NAMES)), np.ones(len(KINDS))])
    rate = 1 / (0.25 * np.linalg.norm(rows * np.sqrt(weight)[:, None], 2) ** 2 + 0.25 * weight.sum() + PULL)
    at, bias, ahead, ahead_bias, pace = begin.copy(), 0.0, begin.copy(), 0.0, 1.0
    for _ in range(steps):
        error = weight * (1 / (1 + np.exp(-(rows @ ahead + ahead_bias))) - spoiled)
        new = np.maximum(ahead - rate * (rows.T @ error + PULL * (ahead - begin)), 0)
        new_bias = ahead_bias - rate * float(error.sum())
        faster = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        push = (pace - 1) / faster
        ahead, ahead_bias = new + push * (new - at), new_bias + push * (new_bias - bias)
        at, bias, pace = new, new_bias, faster
    return at, bias


def train(sets: dict[str, Heard], fold: dict[str, int], leave: int) -> tuple[Floats, Floats]:
    """Usual quantiles and weights from all works but those of one fold (EVERY: from all)."""
    used = {name: [i for i, work in enumerate(h.works) if fold[work] != leave] for name, h in sets.items()}
    usual = np.nanpercentile(sets["real"].measures[used["real"]], QUANTILES, axis=0)
    rows, spoiled, weight = [], [], []
    for name, heard in sets.items():
        share = 1.0 if name == "real" else 0.5 if name == "generated" else 0.5 / (len(sets) - 2)
        rows.append(design(heard, usual)[used[name]])
        spoiled.append(np.full(len(used[name]), float(name != "real")))
        weight.append(np.full(len(used[name]), 200 * share / max(1, len(used[name]))))
    return usual, fit(np.concatenate(rows), np.concatenate(spoiled), np.concatenate(weight))[0]


def preferred(real: Floats, other: Floats) -> float:
    """How often a real stretch has fewer points than another: the area under the curve, ties half."""
    return float(((other[None] > real[:, None]) + 0.5 * (other[None] == real[:, None])).mean())


def listen(sets: dict[str, Heard]) -> dict[str, dict[str, float]]:
    """Share of pairs in which real is preferred, by folds over works: by the fitted ear, by hand-set faults, by either part."""
    works = sorted({work for heard in sets.values() for work in heard.works})
    order = np.random.default_rng(SEED).permutation(len(works))
    fold = {work: int(order[i]) % FOLDS for i, work in enumerate(works)}
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in sets if name != "real"}
    for leave in range(FOLDS):
        usual, weights = train(sets, fold, leave)
        points: dict[str, dict[str, Floats]] = {}
        for name, heard in sets.items():
            held = [i for i, work in enumerate(heard.works) if fold[work] == leave]
            rows = design(heard, usual)[held]
            split = 2 * len(NAMES)
            points[name] = {
                "ear": rows @ weights,
                "faults set by hand": rows[:, split:].sum(axis=1),
                "departures alone": rows[:, :split] @ weights[:split],
                "faults alone": rows[:, split:] @ weights[split:],
            }
        for name, ways in found.items():
            for way, values in points[name].items():
                if len(values):
                    ways[way].append(preferred(points["real"][way], values))
    return {name: {way: round(float(np.mean(v)), 3) for way, v in ways.items()} for name, ways in found.items()}


def ear(sets: dict[str, Heard]) -> dict[str, object]:
    """The ear fitted to all stretches, as JSON values."""
    usual, weights = train(sets, dict.fromkeys((w for h in sets.values() for w in h.works), 0), EVERY)
    d = len(NAMES)
    return {
        "usual": [[round(float(v), 5) for v in row] for row in usual],
        "over": [round(float(v), 4) for v in weights[:d]],
        "under": [round(float(v), 4) for v in weights[d : 2 * d]],
        "factors": {kind: round(float(v), 4) for kind, v in zip(KINDS, weights[2 * d :], strict=True)},
    }


def together(found: dict[str, dict[str, Heard]]) -> dict[str, Heard]:
    """All styles as one."""
    out: dict[str, Heard] = {}
    for name in next(iter(found.values())):
        each = [(style, sets[name]) for style, sets in found.items() if name in sets and len(sets[name].works)]
        out[name] = Heard(
            np.concatenate([h.measures for _, h in each]),
            np.concatenate([h.faults for _, h in each]),
            tuple(f"{style} {work}" for style, h in each for work in h.works),
        )
    return out


def document(found: dict[str, dict[str, Heard]]) -> dict[str, object]:
    """The ears of all styles, and how they were made."""
    whole = found | ({ANY: together(found)} if len(found) > 1 else {})
    told = {}
    for style, sets in whole.items():
        told[style] = {
            "stretches": {name: len(heard.works) for name, heard in sets.items()},
            "real preferred": listen(sets),
        }
        print(json.dumps({style: told[style]}, indent=1), flush=True)
    ears = {style: ear(sets) for style, sets in whole.items()}
    if ANY not in ears:
        ears[ANY] = next(iter(ears.values()))
    return {
        "format": 1,
        "measures": list(NAMES),
        "provenance": {
            "made by": "benchmarks/critic_fit.py",
            "data": "stretches of eight bars of held-out pieces, the same damaged, and takes of the shipped models",
            "method": f"logistic regression, weights not negative, pull {PULL:g}; figures by {FOLDS} folds over works",
            "figures": told,
        },
        "ears": ears,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+", metavar="STYLE=STORE")
    parser.add_argument("--takes", type=int, default=200)
    parser.add_argument("--most", type=int, default=240, help="real stretches a style")
    parser.add_argument("-o", "--out", type=Path, default=EARS)
    asked = parser.parse_args()
    found = {}
    for source in asked.sources:
        style, _, place = source.partition("=")
        pieces = [(p.work, p.score) for p in pieces_from(Path(place)) if split_of(p) != "train"]
        writer = load(style)
        seeds = range(50_000, 50_000 + asked.takes)
        takes = [t.score for at in seeds[::40] for t in writer.write(Request(bars=BARS), range(at, min(at + 40, seeds.stop)))]
        found[style] = sets_of(style, pieces, takes, asked.most)
    write(document(found), asked.out)


def write(told: dict[str, object], path: Path) -> None:
    """The document in a file, one list a line."""
    text = json.dumps(told, indent=1)
    temporary = path.with_suffix(".part")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    main()
