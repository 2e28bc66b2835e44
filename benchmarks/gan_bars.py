"""The bars that a GAN of four-bar clips must pass, on one page: python benchmarks/gan_bars.py DATA SNAPSHOT [SNAPSHOT ...].

Reference: windows of four bars drawn evenly from the held-out songs (the judge given whole songs takes the first and the last
window of each, so that half of its clips would be intros and endings). Tonal distance closed is 1 - (made - real) / (apart -
real), where "apart" pairs each clip's part with another song's.
"""

from __future__ import annotations

import argparse
import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from antiphon.corpus.piece import Piece
from antiphon.evaluate.clip import Clip
from antiphon.evaluate.compare import compare, compare_statistics
from antiphon.evaluate.prepare import prepare
from antiphon.evaluate.statistics import mean, tonal_distance
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.rolls import RollGenerator
from antiphon.music.beats import bar_starts
from antiphon.music.edit import cut
from antiphon.music.score import Score
from antiphon.recipes.data import key_of, split_of
from antiphon.recipes.runs import pieces_from
from antiphon.representations.pianoroll import encode, windows

FIGURES = ("frechet", "kernel", "ridge accuracy", "precision", "recall", "coverage", "diversity")


def held_out(pieces: list[Piece], player: RollGenerator, clips: int, seed: int, splits: tuple[str, ...]) -> list[Score]:
    """Windows of the player's length from the songs of some splits, each as likely as any other; none of them silent."""
    places: list[tuple[Score, int]] = []
    for piece in pieces:
        if split_of(piece) in splits:
            found = encode(piece.score, player.spec, key_of(piece))
            rows = windows(found.valid, player.spec.bars)
            places += [(piece.score, i) for i in rows if found.rolls[i : i + player.spec.bars, :, 0].any()]
    chosen = np.random.default_rng([seed, 1]).permutation(len(places))[:clips]
    return [_window(*places[i], player.spec.bars) for i in chosen.tolist()]


def _window(score: Score, first: int, bars: int) -> Score:
    starts = [*bar_starts(score), score.end]
    return cut(score, starts[first], starts[first + bars])


def takes(player: RollGenerator, clips: int) -> list[Score]:
    """Clips by seeds 0, 1, ..."""
    request = Request(player.spec.bars)
    return [t.score for at in range(0, clips, 64) for t in player.write(request, range(at, min(clips, at + 64)))]


def tonal(clips: tuple[Clip, ...], rng: np.random.Generator | None = None) -> dict[str, float]:
    """Mean tonal distance of each pair of parts; with `rng` the second part is taken from another clip."""
    out = {}
    names = [p.role for p in clips[0].parts]
    for i, j in itertools.combinations(range(len(names)), 2):
        others = np.arange(len(clips)) if rng is None else rng.permutation(len(clips))
        pairs = [replace(c, parts=(c.parts[i], clips[o].parts[j])) for c, o in zip(clips, others.tolist(), strict=True)]
        found = [tonal_distance(pair, 0, 1) for pair in pairs]
        out[f"{names[i]}-{names[j]}"] = mean(np.array(found))
    return out


def speed(player: RollGenerator, threads: int, batch: int = 64, rounds: int = 12) -> float:
    """Clips a second that the graph writes on some threads, the median of several rounds; writing out as notes is apart."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    graph = onnxruntime.InferenceSession(
        str(player.snapshot.folder / "generator.onnx"), options, providers=["CPUExecutionProvider"]
    )
    noise = np.random.default_rng(0).standard_normal((batch, player.noise), dtype=np.float32)
    spent = []
    for _ in range(rounds + 2):
        begun = time.perf_counter()
        graph.run(None, {"noise": noise})
        spent.append(time.perf_counter() - begun)
    return batch / float(np.median(spent[2:]))


def bars(snapshot: str, pieces: list[Piece], options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one snapshot."""
    player = load(snapshot)
    assert isinstance(player, RollGenerator)
    reference = held_out(pieces, player, options.clips, 0, tuple(options.split.split(",")))
    made = takes(player, options.clips)
    pair = prepare(made, reference, player.spec.bars, roles=player.spec.roles)
    statistics = compare_statistics(pair.generated, pair.reference)
    out: dict[str, Any] = {"clips": len(pair.generated), "reference": len(pair.reference)}
    for name in ("qualified notes, 2 sixteenths", "qualified notes, 2/24 beat", "empty bars", "used pitch classes"):
        for role in player.spec.roles:
            row = statistics[f"{name} [{role}]"]
            out[f"{name} [{role}]"] = (row["reference"], row["generated"])
    real, apart, ours = tonal(pair.reference), tonal(pair.reference, np.random.default_rng(0)), tonal(pair.generated)
    for name in real:
        closed = 1 - (ours[name] - real[name]) / (apart[name] - real[name])
        out[f"tonal distance {name}"] = (real[name], apart[name], ours[name], closed)
    if not options.quick:
        judged = compare(made, reference, seed=0, bars=player.spec.bars, roles=player.spec.roles)
        out |= {name: (judged[name], judged.get(f"{name} ceiling")) for name in FIGURES}
    for name in ("groove consistency", "scale consistency", "pitch-class entropy", "notes a bar", "pitch range"):
        out[name] = (statistics[name]["reference"], statistics[name]["generated"])
    out |= {f"clips a second, {threads} threads": speed(player, threads) for threads in (1, 2)}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("snapshot", nargs="+", help="names or folders")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--split", default="valid", help="which held-out songs, with commas")
    parser.add_argument("--quick", action="store_true", help="without the judge's distances")
    options = parser.parse_args()
    pieces = list(pieces_from(options.data))
    for snapshot in options.snapshot:
        print(snapshot)
        for name, value in bars(snapshot, pieces, options).items():
            shown = value if isinstance(value, tuple) else (value,)
            print(f"  {name:44} " + "  ".join(f"{v:.3f}" for v in shown if v is not None), flush=True)


if __name__ == "__main__":
    main()
