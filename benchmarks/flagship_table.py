"""The grid model before the judge: 16 bars, clips of 4 and pieces of 64, beside music and the Transformer; and what returns.

    python benchmarks/flagship_table.py DATA -o FOLDER [--model pop-grid] [--beside pop] [--before SNAPSHOT] [--takes 200]
    python benchmarks/flagship_table.py DATA -o FOLDER --only chosen  # rows with this word in their names, printed alone

Every row is judged once and kept in FOLDER as JSON; started again, the command goes on with what is missing. The reference is
the held-out songs (validation and test), cut into windows; the first row is what songs of the training set score. Writes the
tables between the marks of docs/flagship.md and pictures beside it.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from judged import CEILINGS, FIGURES, kept_in, row_text
from marked import write_between
from PIL import Image

from antiphon.compose.brief import read_brief
from antiphon.compose.compose import compose
from antiphon.compose.drawings import Choosing
from antiphon.evaluate.compare import compare
from antiphon.generate.grid import GridGenerator
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.music.edit import cut
from antiphon.music.score import Score
from antiphon.recipes.data import key_of, split_of
from antiphon.recipes.rollgrid import roll_grid
from antiphon.recipes.runs import pieces_from
from antiphon.representations.grid import GridSpec, encode, rolls
from antiphon.representations.returns import returned

FIRST_SEED = 20_000
SPEC = GridSpec(("melody", "bridge", "piano"), (24, 4, 0))
STATISTICS = ("qualified notes, 2 sixteenths", "empty bars", "tonal distance [")
WHOLE = ("notes a bar", "pitch-class entropy", "scale consistency", "groove consistency", "long-range similarity")


def takes(name: str, count: int, together: int = 1, whole: bool = False, copies: bool = True, bars: int = 16) -> list[Score]:
    """Pieces of a snapshot; the rest is the grid model's: see GridGenerator, and whether cells may be copies."""
    player = load(name)
    if isinstance(player, GridGenerator):
        player.together, player.whole, player.copies = together, whole, copies
    size = 32 if isinstance(player, GridGenerator) else 8
    return [
        take.score
        for at in range(0, count, size)
        for take in player.write(Request(bars), range(FIRST_SEED + at, FIRST_SEED + min(count, at + size)))
    ]


def chosen(name: str, count: int, bars: int = 16) -> list[Score]:
    """Pieces of which each is the best of eight drawings by the model's own critic."""
    player = Choosing(load(name))
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    return [take.score for at in range(0, count, 8) for take in player.write(Request(bars), seeds[at : at + 8])]


def composed(name: str, count: int, bars: int = 16) -> list[Score]:
    """Pieces as `antiphon compose` gives them: of three takes, each the best of eight drawings, the critic's choice."""
    player = Choosing(load(name))
    return [compose(read_brief(seed=FIRST_SEED + i, bars=bars), player).score for i in range(count)]


def judged(scores: list[Score], reference: list[Score], lengths: tuple[int, ...] = (16, 4)) -> dict[str, Any]:
    """The judge's figures by bars, and what returns in the pieces."""
    out: dict[str, Any] = {"returns": returns_of(scores)}
    for bars in lengths:
        found = compare(scores, reference, seed=0, bars=bars)
        named = {name: found[name] for name in (*FIGURES, "statistics", "repetition", "clips generated", "clips reference")}
        ceilings = {f"{f} ceiling": found[CEILINGS[f]] for f in FIGURES}
        out[str(bars)] = named | ceilings
    return out


def returns_of(scores: list[Score]) -> dict[str, float]:
    """Shares of bars that say note for note what a bar some bars off said (see representations.returns), of their first 16.

    Returns:
      The share for each part; for bars in which the melody returns, how often the piano does by the same lag; and the share of
      bars in which all parts that sound do.
    """
    found = []
    for score in scores:
        cells = encode(score, SPEC, score.keys[0].key if score.keys else key_of_score(score)).cells[:16]
        order = [(bar, row) for bar in range(len(cells)) for row in range(SPEC.rows)]
        echo = returned([cells[bar][row] for bar, row in order], order)[2].reshape(-1, SPEC.rows)[:, 1:].astype(int)
        sounds = np.array([[len(cell) > 0 for cell in bar[1:]] for bar in cells])
        most = echo.max(1)
        whole = (most > 0) & ((echo == most[:, None]) | ~sounds).all(1)
        found.append(np.column_stack([echo > 0, (echo[:, 0] > 0) & (echo[:, 2] == echo[:, 0]), whole]))
    melody, bridge, piano, both, whole = np.concatenate(found).mean(0).tolist()
    return {"melody": melody, "bridge": bridge, "piano": piano, "piano with melody": both / max(1e-9, melody), "all": whole}


def stretches(songs: list[Score], count: int, bars: int = 16) -> list[Score]:
    """One stretch from each of some songs, beginning at any whole four bars."""
    rng = np.random.default_rng(4)
    out: list[Score] = []
    for i in rng.permutation(len(songs)).tolist():
        bar = 4 * songs[i].resolution
        first = 4 * int(rng.integers(max(1, songs[i].end // bar // 4 - bars // 4)))
        piece = cut(songs[i], first * bar, (first + bars) * bar)
        if piece.note_count and songs[i].end >= bars * bar and len(out) < count:
            out.append(piece)
    return out


def statistics_text(name: str, row: dict[str, Any]) -> str:
    """One line of the table of statistics; parts in the order of their names."""
    found = row["statistics"]
    parts = ["/".join(f"{v['generated']:.2f}" for k, v in found.items() if k.startswith(s)) for s in STATISTICS]
    rest = [f"{found[s]['generated']:.3g}" for s in WHOLE]
    lags = " ".join(
        f"{row['repetition']['generated'][lag - 1]:.2f}" for lag in (1, 2, 4, 8) if lag <= len(row["repetition"]["generated"])
    )
    return "| " + " | ".join([name, *parts, *rest, lags]) + " |"


def returns_text(rows: dict[str, dict[str, Any]]) -> list[str]:
    """The table of what returns."""
    heads = ["melody", "bridge", "piano", "piano with melody", "all"]
    lines = ["### Bars that return note for note", "", "| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    lines += [
        "| " + " | ".join([name, *(f"{100 * row['returns'][head]:.1f}%" for head in heads)]) + " |"
        for name, row in rows.items()
    ]
    return [*lines, ""]


def page(rows: dict[str, dict[str, Any]], lengths: tuple[str, ...] = ("16", "4")) -> str:
    """The tables as Markdown."""
    lines = []
    for bars in lengths:
        first = next(iter(rows.values()))[bars]
        lines += [f"### {bars} bars", "", "| | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
        ceiling = {f: first[f"{f} ceiling"] for f in FIGURES}
        lines.append(
            row_text(f"one half of the held-out songs against the other (of {first['clips reference']} windows)", ceiling)
        )
        lines += [row_text(name, row[bars]) for name, row in rows.items()]
        heads = ["qualified notes", "empty bars", "tonal distance", *WHOLE, "likeness of bars 1 2 4 8 apart"]
        lines += ["", "| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
        real = {"statistics": {k: {"generated": v["reference"]} for k, v in first["statistics"].items()}}
        lines.append(statistics_text("held-out songs", real | {"repetition": {"generated": first["repetition"]["reference"]}}))
        lines += [statistics_text(name, row[bars]) for name, row in rows.items()] + [""]
    return "\n".join(lines)


def pictures(reference: list[Score], made: list[Score], folder: Path) -> None:
    """Real and made pieces mixed without labels (the key stands beside), and how alike the bars of both are."""
    rng = np.random.default_rng(9)
    pieces = [(cut(s, 8 * 1920, 24 * 1920), True) for s in (reference[i] for i in rng.permutation(len(reference))[:8])]
    pieces += [(s, False) for s in made[:8]]
    order = rng.permutation(len(pieces)).tolist()
    grids = []
    for i in order:
        score = pieces[i][0]
        found = encode(score, SPEC, score.keys[0].key if score.keys else key_of_score(score))
        grids.append(rolls(found.cells[:16], 3))
    roll_grid(np.stack(grids), columns=2, zoom=2).save(folder / "flagship_rolls.png", optimize=True)
    (folder / "flagship_rolls.txt").write_text(
        "From left to right, row by row: " + ", ".join("real" if pieces[i][1] else "made" for i in order) + ".\n"
    )
    tiles = [alike(g) for g in grids]
    sheet = np.concatenate([np.concatenate(tiles[i : i + 8], axis=1) for i in (0, 8)], axis=0)
    Image.fromarray(sheet).resize((sheet.shape[1] * 6, sheet.shape[0] * 6), Image.Resampling.NEAREST).save(
        folder / "flagship_likeness.png", optimize=True
    )


def key_of_score(score: Score) -> Any:
    """Key of a piece without a mark."""
    from antiphon.corpus.piece import Piece

    return key_of(Piece(score, "", ""))


def alike(cells: Any) -> Any:
    """Cosine likeness of every bar with every other as grey levels [n + 2, n + 2]; dark is alike."""
    x = cells[:, :, 0].reshape(len(cells), -1).astype(float)
    unit = x / np.maximum(1e-9, np.linalg.norm(x, axis=1, keepdims=True))
    return np.pad((255 * (1 - unit @ unit.T)).clip(0, 255).astype(np.uint8), 1, constant_values=255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--model", default="pop-grid")
    parser.add_argument("--beside", default="pop")
    parser.add_argument("--before", help="the snapshot of a run of pop-grid-longer: what the model was before its lessons")
    parser.add_argument("--takes", type=int, default=200)
    parser.add_argument("--long", type=int, default=100, help="pieces of 64 bars of each")
    parser.add_argument("--only", help="only rows with this word in their names; they are printed, and no page is written")
    parser.add_argument("--page", type=Path, default=Path("docs/flagship.md"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pieces = list(pieces_from(options.data))
    reference = [p.score for p in pieces if split_of(p) in ("valid", "test")]
    trained = [p.score for p in pieces if split_of(p) == "train"]
    model, few = options.model, options.takes
    makers: dict[str, Callable[[], list[Score]]] = {
        "songs of the training set, 16 bars of each": lambda: stretches(trained, few),
        f"{options.beside}: the Transformer": lambda: takes(options.beside, few),
        f"{model}: one drawing": lambda: takes(model, few),
        f"{model}: chosen, the best of eight drawings": lambda: chosen(model, few),
        f"{model}: chosen as `compose` does, three takes of eight drawings": lambda: composed(model, few),
        f"{model}: no cell a copy": lambda: takes(model, few, copies=False),
        f"{model}: all of the harmony first": lambda: takes(model, few, whole=True),
        f"{model}: two bars at once": lambda: takes(model, few, 2),
        f"{model}: all bars of a part at once": lambda: takes(model, few, 256),
    }
    if options.before:
        makers[f"{model} before its lessons"] = lambda: takes(options.before, few)
    long: dict[str, Callable[[], list[Score]]] = {
        "songs of the training set, 64 bars of each": lambda: stretches(trained, options.long, 64),
        f"{options.beside}: the Transformer, 64 bars": lambda: takes(options.beside, options.long, bars=64),
        f"{model}: 64 bars": lambda: takes(model, options.long, bars=64),
        f"{model}: 64 bars, chosen, the best of eight drawings": lambda: chosen(model, options.long, 64),
    }
    rows: dict[str, dict[str, Any]] = {}
    longer: dict[str, dict[str, Any]] = {}
    for name, make in (makers | long).items():
        if options.only and options.only not in name:
            continue
        path = kept_in(options.out, name)
        found, lengths = (longer, (64,)) if name in long else (rows, (16, 4))
        if path.is_file():
            found[name] = json.loads(path.read_text())
        else:
            scores = make()
            found[name] = judged(scores, reference, lengths)
            path.write_text(json.dumps(found[name], default=float))
            if name.endswith("one drawing"):
                pictures(reference, scores, options.page.parent / "images")
        print(row_text(name, found[name][str(lengths[0])]), flush=True)
        if options.only:
            print(statistics_text(name, found[name][str(lengths[0])]), *returns_text({name: found[name]})[-2:], sep="\n")
            continue
        text = "\n".join([page(rows), *returns_text(rows), page(longer, ("64",)) if longer else ""])
        write_between(options.page, "<!-- measured -->", "<!-- end of measured -->", text)


if __name__ == "__main__":
    main()
