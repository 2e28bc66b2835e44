"""The GAN family on one table: every architecture with its good objectives on the same data, budget and seed -> docs/gans.md.

    python benchmarks/gan_table.py DATA -o RUNS [--steps 200] [--clips 200] [--thrice ROW] [--model NAME=SNAPSHOT ...]

A row is trained in its own folder under RUNS and judged once; started again, the command goes on with what is missing, and
`--only ROW` (any number of times) trains these rows. Markov chain and GRU are trained on the same pieces, models that come with
the package are judged as they are. The training songs stand first; the reference is always the validation split, cut into
windows of four bars. The tables are written between the marks of the page.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from gan_rows import FIGURES, ROLES, ROWS, Row, copied, judged, plain, recipe_of, stretches, takes, train_baseline, train_gan
from marked import write_between
from PIL import Image

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError
from antiphon.evaluate.originality import Index
from antiphon.generate.load import load, shipped
from antiphon.music.score import Score
from antiphon.recipes.data import split_of
from antiphon.recipes.gans import POP_ROLLS
from antiphon.recipes.rollgrid import roll_grid
from antiphon.recipes.rolls_data import PreparedRolls, prepare_rolls
from antiphon.recipes.runs import pieces_from
from antiphon.representations.pianoroll import PianoRollSpec, encode, window

BEGIN, END = "<!-- measured by benchmarks/gan_table.py -->", "<!-- end of the measured part -->"
HELD_OUT = "held-out songs"
SHIPPED = {"Transformer `pop`": "pop", "grid `pop-grid`": "pop-grid", "GAN `gan-attention`": "gan-attention"}
PAIRS = ("melody, bridge", "melody, piano", "bridge, piano")
Judged = dict[str, Any]


def rows_of(options: argparse.Namespace, pieces: list[Piece], reference: list[Score]) -> Iterator[tuple[str, Judged]]:
    """Every row of the table in order, made or read."""
    kept = options.out / "judged"
    kept.mkdir(parents=True, exist_ok=True)
    songs: list[Index] = []
    rolls: list[PreparedRolls] = []

    def index() -> Index:
        if not songs:
            train = [(p.source, p.score) for p in pieces if split_of(p) == "train"]
            songs.append(Index.build(train, roles=("melody",)))
        return songs[0]

    def once(name: str, make: Callable[[], Judged]) -> Iterator[tuple[str, Judged]]:
        path = kept / f"{plain(name)}.json"
        if not path.is_file():
            if options.judged:
                return
            path.write_text(json.dumps(make(), indent=1))
        yield name, json.loads(path.read_text())

    def model(snapshot: str) -> Judged:
        scores, speed = takes(snapshot, options.clips)
        size = load(snapshot).description.card.get("parameters")
        return judged(scores, reference, index()) | {"clips a second": speed, "parameters": size}

    def baseline(recipe: str, steps: int | None) -> Judged:
        folder = options.out / recipe
        size = train_baseline(recipe, steps, pieces, folder)
        return model(str(folder / "snapshot")) | size

    def trained(row: Row, seed: int) -> Judged:
        folder = options.out / (row.folder if seed == 0 else f"{row.folder}-seed-{seed}")
        if not rolls:
            rolls.append(prepare_rolls(iter(pieces), POP_ROLLS))
        size = train_gan(recipe_of(row, options.steps, seed), rolls[0], folder)
        return model(str(folder / "snapshot")) | size

    train = [p.score for p in pieces if split_of(p) == "train"]
    yield from once("training songs", lambda: judged(train[: len(reference)], reference, None))
    yield from once(HELD_OUT, lambda: copied(stretches(reference), index()))
    if not options.only:
        yield from once("Markov chain, order 1", lambda: baseline("pop-markov1", None))
        yield from once("GRU, likelihood", lambda: baseline("pop-gru", options.gru_steps))
        for name, snapshot in SHIPPED.items():
            if snapshot in shipped():
                yield from once(name, lambda s=snapshot: model(s))  # type: ignore[misc]
    for named in options.model:
        name, _, folder = named.partition("=")
        yield from once(name, lambda s=folder: model(s))  # type: ignore[misc]
    for row in ROWS:
        if not options.only or row.name in options.only:
            yield from once(row.name, lambda r=row: trained(r, 0))  # type: ignore[misc]
            for seed in (1, 2) if row.name in options.thrice else ():
                yield from once(f"{row.name}, seed {seed}", lambda r=row, s=seed: trained(r, s))  # type: ignore[misc]


def tables(rows: dict[str, Judged], steps: int) -> str:
    """Both tables as Markdown: distances of sets, and statistics by part beside the music's own."""
    lines = [
        f"Four bars, all tracks, {steps:,} steps of batch 32 from noise where nothing else is said.", "",
        _line("model", *FIGURES, "samples", "parameters", "CPU s a step", "clips a CPU s"), "|---" * (len(FIGURES) + 5) + "|",
    ]  # fmt: skip
    full = {name: row for name, row in rows.items() if "frechet" in row}
    for name, row in full.items():
        count = row.get("parameters")
        size = "" if count is None else f"{count / 1e6:.2f} M"
        lines.append(_line(name, *(_short(row[f]) for f in FIGURES), row.get("health", ""), size,
                           _short(row.get("seconds a step")), _short(row.get("clips a second"))))  # fmt: skip
    head = ("model", *(f"silent bars {r}" for r in ROLES), *(f"qualified notes {r}" for r in ROLES),
            *(f"tonal distance {p}" for p in PAIRS), "longest run", "shared 8-grams")  # fmt: skip
    lines += ["", _line(*head), "|---" * len(head) + "|"]
    first = next(iter(full.values()))
    real = rows.get(HELD_OUT, {})
    lines.append(_line("**held-out songs**", *_parts(first, "reference"), *_copying(real)))
    lines += [_line(name, *_parts(row, "generated"), *_copying(row)) for name, row in full.items()]
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _short(value: float | None) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.3g}"


def _copying(row: Judged) -> list[str]:
    return [_short(row.get("longest run")), _short(row.get("shared 8-grams"))]


def _parts(row: Judged, side: str) -> list[str]:
    """Statistics by role and by pair of roles on one side."""
    found = row["statistics"]
    names = [f"{what} [{role}]" for what in ("empty bars", "qualified notes, 2 sixteenths") for role in ROLES]
    names += [f"tonal distance [{pair}]" for pair in PAIRS]
    values = [found[name][side] for name in names]
    return ["none" if v is None or np.isnan(v) else f"{v:.2f}" for v in values]


def pictures(chosen: dict[str, str], reference: list[Score], spec: PianoRollSpec, folder: Path) -> None:
    """Four clips of real music and eight of each chosen model as one small picture each: folder/gan-NAME.png."""
    folder.mkdir(parents=True, exist_ok=True)

    def cells(scores: list[Score]) -> list[np.ndarray]:
        out = []
        for score in scores:
            try:
                found = encode(score, spec, score.keys[0].key if score.keys else None)
            except InputError:  # not one note of its parts: an empty picture says so
                out.append(np.zeros(spec.shape, dtype=bool))
                continue
            out.append(window(np.concatenate([found.rolls, np.zeros(spec.shape, dtype=bool)]), 0, spec.bars))
        return out

    real = cells(stretches(reference[:4], 1))
    for name, snapshot in chosen.items():
        sheet = roll_grid(np.stack([*real, *cells(takes(snapshot, 8)[0])]), zoom=2)
        small = sheet.quantize(16, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(folder / f"gan-{plain(name)}.png", format="PNG", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--gru-steps", type=int, default=150, help="steps of the likelihood GRU")
    parser.add_argument("--only", action="append", default=[], metavar="ROW", help="a row to train; again for others")
    parser.add_argument("--thrice", action="append", default=[], metavar="ROW", help="a row to train with three seeds")
    parser.add_argument("--model", action="append", default=[], metavar="NAME=SNAPSHOT", help="another model to judge")
    parser.add_argument("--picture", action="append", default=[], metavar="NAME=SNAPSHOT", help="a model to draw samples of")
    parser.add_argument("--judged", action="store_true", help="only write the page again, from the rows judged so far")
    parser.add_argument("--page", type=Path, default=Path("docs/gans.md"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    pieces = list(pieces_from(options.data))
    reference = [p.score for p in pieces if split_of(p) == "valid"]
    rows: dict[str, Judged] = {}
    for name, row in rows_of(options, pieces, reference):
        rows[name] = row
        write_between(options.page, BEGIN, END, tables(rows, options.steps))
        print(name, {f: round(row[f], 3) for f in FIGURES if f in row}, flush=True)
    chosen = dict(p.split("=", 1) for p in options.picture)
    pictures(chosen, reference, PianoRollSpec(ROLES, (0,) * len(ROLES)), options.page.parent / "images")


if __name__ == "__main__":
    main()
