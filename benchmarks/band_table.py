"""The band before the judge, its originality, and a hundred pieces asked for: python benchmarks/band_table.py DATA -o FOLDER.

    python benchmarks/band_table.py DATA -o FOLDER [--model band] [--markov SNAPSHOT] [--takes 100] [--page docs/band.md]

DATA is the store or folder that the model was trained on. Each take of 16 bars is asked for the roles that some training song
has, so that missing parts tell nothing; the reference is the held-out songs (validation and test), cut into windows. The first
row is what stretches of training songs score. Every row is kept in FOLDER as JSON. Writes between the marks of the page.
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

from antiphon.compose.brief import read_brief
from antiphon.compose.compose import compose
from antiphon.compose.provenance import copying, index_in
from antiphon.evaluate.compare import compare
from antiphon.generate.load import find, load
from antiphon.generate.request import Generator, Request
from antiphon.io import midi, musicxml
from antiphon.music.beats import bar_count, bar_starts
from antiphon.music.edit import cut
from antiphon.music.score import Score
from antiphon.recipes.catalog import BAND
from antiphon.recipes.data import split_of
from antiphon.recipes.runs import pieces_from

FIRST_SEED, BATCH, BARS = 30_000, 10, 16
LENGTHS = (4, 8, 12, 16, 24)


def roles_drawn(songs: list[Score], count: int) -> list[tuple[str, ...]]:
    """Roles of training songs drawn at random, with drums and at least two others."""
    sets = [tuple(t.name for t in s.tracks if len(t)) for s in songs]
    sets = [s for s in sets if "drums" in s and len(s) > 2]
    rng = np.random.default_rng(3)
    return [sets[int(i)] for i in rng.integers(len(sets), size=count)]


def takes(name: str, wanted: list[tuple[str, ...]]) -> list[Score]:
    """One piece of 16 bars for each set of roles."""
    player, out = load(name), {}
    for roles in sorted(set(wanted)):
        mine = [i for i, r in enumerate(wanted) if r == roles]
        for at in range(0, len(mine), BATCH):
            part = mine[at : at + BATCH]
            written = player.write(Request(BARS, (4, 4), tracks=roles), [FIRST_SEED + i for i in part])
            out |= dict(zip(part, (take.score for take in written), strict=True))
    return [out[i] for i in range(len(wanted))]


def stretches(songs: list[Score], count: int) -> list[Score]:
    """A stretch of 16 bars of 4/4 from each of some songs, none begins or ends in silence."""
    rng, out = np.random.default_rng(4), []
    for i in rng.permutation(len(songs)).tolist() * 2:
        song = songs[i]
        starts = bar_starts(song)
        if {(m.numerator, m.denominator) for m in song.meters} == {(4, 4)} and len(starts) > BARS and len(out) < count:
            first = int(rng.integers(len(starts) - BARS))
            piece = cut(song, starts[first], starts[first + BARS])
            if piece.note_count > 64:
                out.append(piece)
    return out


def share_of_bars(scores: list[Score], role: str) -> float:
    """Share of bars in which a role begins a note, over the pieces that have it."""
    found = []
    for score in scores:
        for track in score.tracks:
            if track.name == role and len(track):
                starts = np.array(bar_starts(score))
                found.append(len(np.unique(np.searchsorted(starts, track.notes["onset"], side="right"))) / len(starts))
    return float(np.mean(found)) if found else float("nan")


def row_of(scores: list[Score], reference: list[Score]) -> dict[str, Any]:
    """What the judge says, with how often each role plays and how many notes a bar there are."""
    found = compare(scores, reference, seed=0, bars=BARS, roles=BAND.roles)
    row = {name: found[name] for name in (*FIGURES, *CEILINGS.values())}
    row |= {"clips": found["clips generated"], "windows": found["clips reference"]}
    row["bars"] = {role: share_of_bars(scores, role) for role in BAND.roles}
    row["notes a bar"] = float(np.mean([s.note_count / bar_count(s) for s in scores]))
    return row


def originality(name: str, scores: list[Score]) -> dict[str, Any]:
    """Longest runs of notes that also stand in a training song: of the takes, and of held-out stretches as the index knows."""
    index = index_in(find(name).folder)
    if index is None:
        return {}
    runs: dict[str, list[int]] = {}
    for score in scores:
        for role, report in copying(score, index).report.parts.items():
            runs.setdefault(role, []).append(report.longest)
    return {r: {"median": float(np.median(x)), "95th": float(np.percentile(x, 95)), "most": max(x)} for r, x in runs.items()}


def soundness(player: Generator, count: int) -> dict[str, Any]:
    """Pieces of 4 to 24 bars, composed as a person would ask for them."""
    rng = np.random.default_rng(5)
    out: dict[str, Any] = {"pieces": count, "empty": 0, "wrong length": 0, "page does not open": 0, "drum channel": 0}
    drums, silent = [], 0
    for seed in range(count):
        bars = int(rng.choice(LENGTHS))
        score = compose(read_brief(style="band", bars=bars, meter="4/4", seed=seed, takes=1), player).score
        out["empty"] += score.note_count == 0
        out["wrong length"] += bar_count(score) != bars
        out["page does not open"] += len(musicxml.loads(musicxml.dumps(score)).tracks) != len(score.tracks)
        out["drum channel"] += any(t.is_drum and len(t) for t in midi.loads(midi.dumps(score)).tracks)
        drums.append(share_of_bars([score], "drums"))
        starts = np.array(bar_starts(score))
        onset = np.concatenate([t.notes["onset"] for t in score.tracks])
        silent += bars - len(np.unique(np.searchsorted(starts, onset, side="right")))
    out["silent bars"] = silent
    out["bars with drums"] = float(np.mean([0.0 if np.isnan(d) else d for d in drums]))
    return out


def page(rows: dict[str, dict[str, Any]], copied: dict[str, Any], sound: dict[str, Any]) -> str:
    """The tables as Markdown."""
    first = next(iter(rows.values()))
    lines = ["| | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
    ceiling = {figure: first[name] for figure, name in CEILINGS.items()}
    lines.append(row_text(f"one half of the held-out songs against the other (of {first['windows']} windows)", ceiling))
    lines += [row_text(name, row) for name, row in rows.items()]
    lines += [
        "",
        "| share of bars in which a part plays | " + " | ".join((*BAND.roles, "notes a bar")) + " |",
        "|---" * 7 + "|",
    ]
    lines += [
        f"| {n} | " + " | ".join(f"{v:.2f}" for v in (*r["bars"].values(), r["notes a bar"])) + " |" for n, r in rows.items()
    ]
    if copied:
        lines += ["", "| longest run of notes also in a training song | median | 95th percentile | most |", "|---|---|---|---|"]
        for whose, parts in copied.items():
            lines += [f"| {r}, {whose} | {f['median']:g} | {f['95th']:g} | {f['most']} |" for r, f in parts.items()]
    told = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in sound.items())
    return "\n".join([*lines, "", f"Composed by seeds 0 to {sound['pieces'] - 1}: {told}."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--model", default="band")
    parser.add_argument("--markov", help="snapshot of a run of band-markov")
    parser.add_argument("--takes", type=int, default=100)
    parser.add_argument("--page", type=Path, default=Path("docs/band.md"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pieces = list(pieces_from(options.data))
    held = [p.score for p in pieces if split_of(p) in ("valid", "test")]
    trained = [p.score for p in pieces if split_of(p) == "train"]
    reference = stretches(held, 10 * len(held))
    wanted = roles_drawn(trained, options.takes)
    makers: dict[str, Callable[[], list[Score]]] = {"songs of the training set": lambda: stretches(trained, options.takes)}
    if options.markov:
        makers["band-markov"] = lambda: takes(options.markov, wanted)
    makers[options.model] = lambda: takes(options.model, wanted)
    rows: dict[str, dict[str, Any]] = {}
    copied: dict[str, Any] = {}
    for name, make in makers.items():
        path = kept_in(options.out, name)
        if not path.is_file():
            scores = make()
            row = row_of(scores, reference)
            if name == options.model:
                row["copied"] = {"takes": originality(name, scores), "held-out songs": originality(name, reference)}
            path.write_text(json.dumps(row, default=float))
        rows[name] = json.loads(path.read_text())
        copied = rows[name].get("copied", {})
        print(name, {f: rows[name][f] for f in FIGURES}, rows[name]["bars"], copied, flush=True)
    sound = soundness(load(options.model), 100)
    print(sound)
    write_between(options.page, "<!-- measured -->", "<!-- end of measured -->", page(rows, copied, sound))


if __name__ == "__main__":
    main()
