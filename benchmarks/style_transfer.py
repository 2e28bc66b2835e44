"""Style transfer by two roads on one measure: a translator, and rewriting under the kept melody -> docs/gans.md.

    python benchmarks/style_transfer.py CHORALES POP -o RUN --model SNAPSHOT [--count 16] [--bars 8]

Of both corpora the validation split trains a classifier (logistic, on the judge's descriptor of windows of four bars, all
tracks made one, so that neither track names nor instruments nor loudness tell), which no model was trained with; stretches of
the test split are the sources. Transfer strength is that of Brunner et al. 2018 (genre transfer with CycleGAN):
S(A to B) = 1/2 [P_A(x) - P_A(moved) + P_A(moved and back) - P_A(moved)], S_tot the mean of both directions. Beside it stand
what is left of the content (cosine of the pitch classes bar by bar, correlation of the uppermost lines) and how far what came
out is from real music of the style wanted. The results are written between the marks of the page.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from marked import write_between
from PIL import Image

import antiphon
from antiphon.compose.likeness import chroma_likeness, contour_likeness
from antiphon.corpus.piece import Piece
from antiphon.evaluate.clip import Clip, Roles, cut_clips
from antiphon.evaluate.descriptor import Standardiser, describe_all
from antiphon.evaluate.distance import frechet_distance
from antiphon.generate.load import load
from antiphon.generate.translate import StyleTranslator
from antiphon.music.beats import bar_starts
from antiphon.music.edit import cut, without_overlaps
from antiphon.music.score import Score, Track, notes_array
from antiphon.recipes.data import split_of
from antiphon.recipes.rollgrid import roll_grid
from antiphon.recipes.runs import pieces_from
from antiphon.representations.pianoroll import PianoRollSpec, encode, window

BEGIN, END = "<!-- measured by benchmarks/style_transfer.py -->", "<!-- end of the measured styles -->"
WINDOW = 4
ROLE = "all"
DECAY = 30.0
"""Weight of the squared coefficients: features are many, pieces few."""
Floats = npt.NDArray[np.float64]
Road = Callable[[Score, str, int], Score]
"""(piece, style wanted, seed) -> the piece in that style."""


def together(score: Score) -> Score:
    """All pitched tracks as one, so that a classifier hears the notes and nothing of the file's make."""
    pitched = [t.notes for t in score.tracks if not t.is_drum and len(t)]
    notes = without_overlaps(notes_array(np.concatenate(pitched))) if pitched else notes_array([])
    return score.with_tracks([Track(ROLE, 0, notes=notes)])


def clips_of(scores: Sequence[Score]) -> list[list[Clip]]:
    """Windows of four bars of each piece."""
    roles = Roles((ROLE,), by_name=True)
    return [cut_clips(together(s), WINDOW, roles, str(i)) for i, s in enumerate(scores)]


def stretch(score: Score, bars: int) -> Score | None:
    """The middle so many bars of a piece, if they are all 4/4; None if there are none."""
    edges = [*bar_starts(score), score.end]
    if len(edges) - 1 < bars or any((m.numerator, m.denominator) != (4, 4) for m in score.meters):
        return None
    first = (len(edges) - 1 - bars) // 2
    found = cut(score, edges[first], edges[first + bars])
    return found if found.note_count >= 4 * bars else None


class Classifier:
    """Logistic regression of style A against B on standardised descriptors, with squared coefficients kept small."""

    def __init__(self, a: Floats, b: Floats) -> None:
        raw = np.concatenate([a, b])
        self.standard = Standardiser(raw)
        x = self._with_one(self.standard(raw))
        y = np.concatenate([np.ones(len(a)), np.zeros(len(b))])
        share = np.where(y == 1, 0.5 / len(a), 0.5 / len(b)) * len(y)  # both styles weigh the same
        keep = np.full(x.shape[1], DECAY)
        keep[-1] = 1e-6
        w = np.zeros(x.shape[1])
        for _ in range(30):  # Newton's method
            p = 1 / (1 + np.exp(-x @ w))
            slope = x.T @ (share * (y - p)) - keep * w
            curve = (x * (share * p * (1 - p) + 1e-9)[:, None]).T @ x + np.diag(keep)
            step = np.linalg.solve(curve, slope)
            w += step
            if np.abs(step).max() < 1e-8:
                break
        self.weights = w

    @staticmethod
    def _with_one(x: Floats) -> Floats:
        return np.concatenate([x, np.ones((len(x), 1))], axis=1)

    def chance_of_a(self, raw: Floats) -> Floats:
        """Probability of style A of each descriptor [N]."""
        return np.asarray(1 / (1 + np.exp(-self._with_one(self.standard(raw)) @ self.weights)))


def described(scores: Sequence[Score]) -> Floats:
    """Descriptors of all windows of the pieces [N, D]."""
    return describe_all([c for clips in clips_of(scores) for c in clips])[0]


def road_of(model: StyleTranslator | None) -> Road:
    """Through the translator, or by rewriting under the kept melody with the models that come with the package."""
    if model is not None:
        return lambda score, style, seed: antiphon.restyle(score, style=style, generator=model, takes=1, seed=seed).score
    return lambda score, style, seed: antiphon.restyle(score, style=style, takes=1, seed=seed).score


def measured(
    road: Road, sources: dict[str, list[Score]], judge: Classifier, real: dict[str, Floats]
) -> tuple[dict[str, Any], dict[str, list[Score]]]:
    """The road's figures by direction and together, and what it made of the sources, by the style they were in."""
    first, second = sources
    out: dict[str, Any] = {}
    made: dict[str, list[Score]] = {}
    for here, there in ((first, second), (second, first)):
        moved = [road(s, there, i) for i, s in enumerate(sources[here])]
        back = [road(s, here, i) for i, s in enumerate(moved)]
        made[here] = moved
        chance = [judge.chance_of_a(described(s)) for s in (sources[here], moved, back)]
        x, m, b = (float(np.mean(c if here == first else 1 - c)) for c in chance)
        pairs = [(s, t, [*bar_starts(s), s.end]) for s, t in zip(sources[here], moved, strict=True)]
        out[f"{here} to {there}"] = {
            "source": x, "moved": m, "back": b, "strength": 0.5 * (x - m + b - m),
            "chroma": float(np.mean([chroma_likeness(s, t, edges) for s, t, edges in pairs])),
            "contour": float(np.nanmean([contour_likeness(s, t) for s, t, _ in pairs])),
            "frechet": frechet_distance(judge.standard(described(moved)), judge.standard(real[there])),
            "frechet of the sources": frechet_distance(judge.standard(described(sources[here])), judge.standard(real[there])),
        }  # fmt: skip
    out["S_tot"] = float(np.mean([v["strength"] for v in out.values()]))
    return out, made


def table(rows: dict[str, dict[str, Any]], accuracy: float) -> str:
    """The figures as Markdown."""
    lines = [
        f"The classifier is right about {accuracy:.1%} of the windows of real pieces that it has not seen.", "",
        "| road | direction | P(source style) before | after | and back | strength | chroma | contour |"
        " Fréchet to the style wanted (of the sources) |", "|---" * 9 + "|",
    ]  # fmt: skip
    for name, row in rows.items():
        for way, v in ((k, v) for k, v in row.items() if k != "S_tot"):
            lines.append(
                f"| {name} | {way} | {v['source']:.3f} | {v['moved']:.3f} | {v['back']:.3f} | {v['strength']:.1%} | "
                f"{v['chroma']:.3f} | {v['contour']:.3f} | {v['frechet']:.0f} ({v['frechet of the sources']:.0f}) |"
            )
        lines.append(f"| {name} | **both, S_tot** | | | | **{row['S_tot']:.1%}** | | | |")
    return "\n".join(lines)


def picture(sources: dict[str, list[Score]], made: dict[str, list[Score]], path: Path) -> None:
    """Four bars of two pieces of each style, and below each what was made of it."""
    spec = PianoRollSpec((ROLE,), (0,))

    def cells(score: Score) -> np.ndarray:
        rolls = encode(together(score), spec).rolls
        return window(np.concatenate([rolls, np.zeros(spec.shape, dtype=bool)]), 0, spec.bars)

    rows = [[s for style in sources for s in kind[style][:2]] for kind in (sources, made)]
    sheet = roll_grid(np.stack([cells(s) for row in rows for s in row]), zoom=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(16, dither=Image.Dither.NONE).save(path, format="PNG", optimize=True)


def held_out(pieces: list[Piece], split: str, bars: int) -> list[Score]:
    """Stretches of the pieces of a split, without what a file says beside its notes and its key."""
    found = [stretch(p.score, bars) for p in pieces if split_of(p) == split]
    return [replace(s, title="") for s in found if s is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path, help="corpus of the translator's first style")
    parser.add_argument("second", type=Path, help="corpus of its second style")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--model", required=True, help="snapshot of a translator")
    parser.add_argument("--count", type=int, default=16, help="pieces of each style")
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--page", type=Path, default=Path("docs/gans.md"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    model = load(options.model)
    assert isinstance(model, StyleTranslator), "the model is no translator"
    corpora = {s: list(pieces_from(p)) for s, p in zip(model.styles, (options.first, options.second), strict=True)}
    real = {s: described(held_out(p, "valid", options.bars)) for s, p in corpora.items()}
    judge = Classifier(*real.values())
    tests = {s: held_out(p, "test", options.bars) for s, p in corpora.items()}
    chances = [judge.chance_of_a(described(s)) for s in tests.values()]
    accuracy = float((np.mean(chances[0] > 0.5) + np.mean(chances[1] < 0.5)) / 2)
    sources = {s: found[:: max(1, len(found) // options.count)][: options.count] for s, found in tests.items()}
    rows: dict[str, dict[str, Any]] = {}
    for name, which in (("nothing done", "none"), ("translator `gan-cycle`", "model"), ("rewriting under the melody", "rules")):
        path = options.out / f"{which}.json"
        if path.is_file() and which == "rules":
            rows[name] = json.loads(path.read_text())
            continue
        road: Road = (lambda score, style, seed: score) if which == "none" else road_of(model if which == "model" else None)
        rows[name], made = measured(road, sources, judge, real)
        path.write_text(json.dumps(rows[name], indent=1))
        if which == "model":
            picture(sources, made, options.page.parent / "images" / "gan-cycle.png")
        print(name, json.dumps(rows[name], indent=1), flush=True)
        write_between(options.page, BEGIN, END, table(rows, accuracy))
    print("accuracy on real pieces", accuracy)
    write_between(options.page, BEGIN, END, table(rows, accuracy))


if __name__ == "__main__":
    main()
