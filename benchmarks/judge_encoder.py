"""Make the judge's encoder, and show what its feature space can and cannot notice.

    python benchmarks/judge_encoder.py FOLDER train --run RUN -o src/antiphon/evaluate/encoder.onnx
    python benchmarks/judge_encoder.py FOLDER examine -o docs/measures.md

FOLDER holds POP909 or another corpus or store. The second command spoils windows of songs that the encoder was not
trained on and writes the tables into the output file; the text around them stays.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from marked import write_between

from antiphon.evaluate.clip import Clip, Floats
from antiphon.evaluate.damage import DAMAGES
from antiphon.evaluate.descriptor import Standardiser, describe_all
from antiphon.evaluate.distance import frechet_distance
from antiphon.evaluate.encoder import Encoder, shipped_encoder
from antiphon.evaluate.prepare import halves
from antiphon.evaluate.report import number
from antiphon.recipes.encoder import TAUGHT, EncoderRecipe, export_encoder, prepare_clips, run
from antiphon.recipes.runs import pieces_from

BEGIN, END = "<!-- measured by benchmarks/judge_encoder.py: begin -->", "<!-- end of the encoder -->"
SPACES = ("encoder", "descriptor")
CARD = {
    "name": "judge-encoder",
    "what": "Features of a clip [N, 96] for the judge's second Fréchet distance; input: antiphon.evaluate.encoder.rolls.",
    "trained to": "Find another window of the same song among windows of other songs, each transposed at random (InfoNCE), "
    "and name what was done to a spoiled window, or that nothing was (five classes). The features are then whitened on "
    "training windows.",
    "material": "POP909 (Wang et al. 2020), training split only.",
    "licence": "MIT, as POP909's compilers state it; the songs belong to third parties. The weights: MIT.",
    "limits": "Knows piano pop of three tracks in windows of 16 bars; of other music it measures how far it is from that.",
}


def train(folder: Path, place: Path, out: Path) -> None:
    """Run the recipe and write the graph and its card."""
    recipe = EncoderRecipe()
    run(recipe, pieces_from(folder), place, progress=lambda step, logged: print(step, _line(logged), flush=True))
    export_encoder(recipe, place, out, CARD)


def _line(logged: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in logged.items())


def held_out(folder: Path, windows: int) -> list[Clip]:
    """Windows of the songs of the validation and test splits, at most `windows` of each song."""
    splits = prepare_clips(pieces_from(folder), EncoderRecipe(windows=windows)).splits
    return [clip for name in ("valid", "test") for song in splits[name] for clip in song]


def vectors(encoder: Encoder, sets: dict[str, list[Clip]]) -> dict[str, dict[str, Floats]]:
    """By space and damage: vectors of the spoiled windows, in the same order."""
    standard = Standardiser(describe_all(sets["real"])[0])
    return {
        "encoder": {name: encoder(clips) for name, clips in sets.items()},
        "descriptor": {name: standard(describe_all(clips)[0]) for name, clips in sets.items()},
    }


def table(clips: list[Clip], rounds: int, seed: int) -> str:
    """The measured part of the document."""
    encoder = shipped_encoder()
    assert encoder is not None
    sets = {"real": clips} | {
        name: spoil(clips, np.random.default_rng([seed, 1])) for name, spoil in DAMAGES.items() if not name.startswith("none")
    }
    found = vectors(encoder, sets)
    ratios: dict[tuple[str, str], list[float]] = {}
    base: dict[str, list[float]] = {space: [] for space in SPACES}
    for k in range(rounds):
        one, other = halves(clips, np.random.default_rng([seed, 2, k]))
        for space in SPACES:
            real = found[space]["real"]
            base[space].append(frechet_distance(real[one], real[other]))
            for name in sets:
                ratios.setdefault((space, name), []).append(frechet_distance(found[space][name][one], real[other]))
    songs = len({c.group for c in clips})
    out = [
        f"{len(clips)} windows of {songs} songs that it was not trained on, halved by song {rounds} times; encoder "
        f"`{encoder.version}`. Ratio: distance of the spoiled half from the other half, over that of the half as it was; z: "
        "the same difference in deviations of real halves.",
        "",
        "| damage | in training | encoder: ratio | z | descriptor: ratio | z |",
        "|---|---|---|---|---|---|",
    ]
    for name in sets:
        cells = []
        for space in SPACES:
            null, value = np.array(base[space]), np.mean(ratios[space, name])
            cells += [number(float(value / null.mean())), number(float((value - null.mean()) / null.std()))]
        shown = "none (other half)" if name == "real" else name
        out.append(f"| {shown} | {'yes' if name in TAUGHT else 'no'} | {' | '.join(cells)} |")
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("verb", choices=("train", "examine"))
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--run", type=Path, default=Path("runs/judge-encoder"), help="folder of the run")
    parser.add_argument("--windows", type=int, default=2, help="windows of each song")
    parser.add_argument("--rounds", type=int, default=20, help="halvings")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.verb == "train":
        train(options.folder, options.run, options.out)
        return
    measured = table(held_out(options.folder, options.windows), options.rounds, options.seed)
    write_between(options.out, BEGIN, END, measured)


if __name__ == "__main__":
    main()
