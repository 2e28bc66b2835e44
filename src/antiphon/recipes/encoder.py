"""The judge's frozen encoder: taught without labels which windows are of one song and what was done to a spoiled one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.evaluate.damage import Damage, jitter, other_melody, shuffled_pitches, wrong_notes
from antiphon.evaluate.encoder import rolls
from antiphon.models.encoder import ClipEncoder, EncoderPupil
from antiphon.recipes.data import split_of
from antiphon.recipes.export import write_graph
from antiphon.training.batches import batches
from antiphon.training.checkpoint import read_state
from antiphon.training.contrastive import contrastive
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.phase import adam
from antiphon.training.schedule import warmup_cosine

TAUGHT: dict[str, Damage] = {
    "5% wrong notes": wrong_notes,
    "onsets jittered a sixteenth": jitter,
    "pitches shuffled in each part": shuffled_pitches,
    "melody of another song": other_melody,
}
"""Damages that the encoder is shown, by their names in evaluate.damage; the others stay unseen, to examine it by."""


@dataclass(frozen=True)
class EncoderRecipe:
    """A network and how it is taught.

    Attributes:
      bars: length of a window.
      width, features: of the network; `features` is what it gives for a clip.
      songs: a batch has two windows, and a spoiled one, of so many songs.
      windows: at most so many of a song, evenly spread.
      transpose: each window moves by up to so many semitones either way.
    """

    name: str = "judge-encoder"
    bars: int = 16
    width: int = 32
    features: int = 96
    songs: int = 16
    windows: int = 8
    transpose: int = 6
    temperature: float = 0.1
    steps: int = 750
    lr: float = 2e-3
    decay: float = 0.02
    seed: int = 0
    log_every: int = 25
    evaluate_every: int = 150

    def tiny(self) -> EncoderRecipe:
        """The same way in a few seconds."""
        return replace(self, bars=4, width=8, features=16, songs=6, steps=12, log_every=4, evaluate_every=12)


@dataclass
class ClipSets:
    """Windows of one corpus, in lists by song, for each split; and facts for the card."""

    splits: dict[str, list[list[Clip]]]
    facts: dict[str, Any] = field(default_factory=dict)


def prepare_clips(pieces: Iterable[Piece], recipe: EncoderRecipe) -> ClipSets:
    """Cut every piece as the judge cuts it; versions of one work are one song, songs of a single window are left out.

    Raises:
      TrainingError: too few songs are left to compare with each other.
    """
    found = list(pieces)
    by_split: dict[str, dict[str, list[Clip]]] = {"train": {}, "valid": {}, "test": {}}
    if found:
        roles = common_roles([p.score for p in found])
        for piece in found:
            clips = cut_clips(piece.score, recipe.bars, roles, piece.work, recipe.windows)
            by_split[split_of(piece)].setdefault(piece.work, []).extend(clips)
    splits = {name: [clips for clips in songs.values() if len(clips) > 1] for name, songs in by_split.items()}
    if len(splits["train"]) < 2:
        raise TrainingError(
            f"Too little is left to train on: {len(splits['train'])} songs with two windows of {recipe.bars} bars; "
            "give a corpus of longer or more songs."
        )
    digest = hashlib.sha256()
    for songs in splits["train"]:
        for clip in songs:
            digest.update(np.packbits(rolls([clip]).astype(bool)).tobytes())
    facts = {
        "songs": {name: len(songs) for name, songs in splits.items()},
        "windows": {name: sum(map(len, songs)) for name, songs in splits.items()},
        "licences": dict(Counter(p.licence for p in found if split_of(p) == "train").most_common()),
        "digest": digest.hexdigest(),
    }
    return ClipSets(splits, facts)


def transposed(clip: Clip, semitones: int) -> Clip:
    """The clip with its pitched parts moved."""
    parts = tuple(p if p.is_drum else p._replace(pitch=np.clip(p.pitch + semitones, 0, 127)) for p in clip.parts)
    return replace(clip, parts=parts)


def view(clip: Clip, steps: int) -> npt.NDArray[np.uint8]:
    """Rolls of a clip, cut or filled up with silence to `steps` [3, steps, 84]."""
    cells = rolls([clip])[0, :, :steps].astype(np.uint8)
    return np.pad(cells, ((0, 0), (0, steps - cells.shape[1]), (0, 0)))


def maker(
    songs: Sequence[Sequence[Clip]], recipe: EncoderRecipe
) -> Callable[[int, np.random.Generator], dict[str, np.ndarray]]:
    """A function that gives, for a song, two of its windows and a third that is spoiled, each transposed at random.

    The damage of the third is drawn among TAUGHT; a share of 2 to 20% of its notes where they are made wrong.
    """
    kinds = list(TAUGHT.values())
    steps = 16 * recipe.bars

    def make(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        song = songs[index]
        first, second = rng.choice(len(song), 2, replace=False)
        third, kind = song[int(rng.integers(len(song)))], int(rng.integers(len(kinds)))
        if kinds[kind] is wrong_notes:
            bad = wrong_notes([third], rng, float(rng.choice([0.02, 0.05, 0.1, 0.2])))[0]
        elif kinds[kind] is other_melody:
            others = songs[(index + 1 + int(rng.integers(len(songs) - 1))) % len(songs)]
            bad = other_melody([third, others[int(rng.integers(len(others)))]], rng)[0]
        else:
            bad = kinds[kind]([third], rng)[0]
        moves = rng.integers(-recipe.transpose, recipe.transpose + 1, 3).tolist()
        three = [view(transposed(c, m), steps) for c, m in zip((song[first], song[second], bad), moves, strict=True)]
        return {"one": three[0], "two": three[1], "spoiled": three[2], "kind": np.array([1 + kind])}

    return make


def build(recipe: EncoderRecipe) -> EncoderPupil:
    """The network with its heads, its first weights drawn from the recipe's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return EncoderPupil(ClipEncoder(recipe.width, recipe.features), recipe.features, 1 + len(TAUGHT))


def run(
    recipe: EncoderRecipe, pieces: Iterable[Piece], folder: Path, progress: Hook | None = None, device: str = "cpu"
) -> dict[str, float]:
    """Prepare, train (or resume) and examine; the run folder then holds all that `export_encoder` needs.

    Raises:
      TrainingError: the corpus is too small, or the folder holds another run.
    """
    open_run(folder, asdict(recipe))
    data = prepare_clips(pieces, recipe)
    (folder / "facts.json").write_text(json.dumps(data.facts, indent=1))
    model = build(recipe).to(device)
    source, held = data.splits["train"], data.splits["valid"]

    def feed(step: int) -> Iterator[dict[str, Tensor]]:
        return batches(len(source), maker(source, recipe), recipe.songs, recipe.seed, step)

    def look(step: int, logged: dict[str, float]) -> None:
        if len(held) > 1:
            logged |= examined(model, held, recipe, device)

    logged = train(
        contrastive(model, adam(recipe.lr, (0.9, 0.99), recipe.decay), recipe.temperature),
        feed,
        Budget(recipe.steps, recipe.log_every, recipe.evaluate_every, recipe.evaluate_every),
        folder,
        schedule=lambda step, steps: warmup_cosine(step, steps, warmup=min(100, steps // 5)),
        seed=recipe.seed,
        device=device,
        evaluate=look,
        progress=progress,
    )
    save_spread(model.encoder, source, recipe, folder, device)
    return logged


def save_spread(
    encoder: ClipEncoder, songs: Sequence[Sequence[Clip]], recipe: EncoderRecipe, folder: Path, device: str
) -> None:
    """Write mean [E] and covariance [E, E] of the features of up to two windows a song to spread.npz."""
    clips = [clip for song in songs for clip in song[:2]]
    found = []
    with torch.no_grad():
        for i in range(0, len(clips), 32):
            cells = np.stack([view(c, 16 * recipe.bars) for c in clips[i : i + 32]])
            found.append(encoder(torch.from_numpy(cells).float().to(device)).cpu().double().numpy())
    features = np.concatenate(found)
    np.savez(folder / "spread.npz", mean=features.mean(0), covariance=np.cov(features.T))


def whiten(encoder: ClipEncoder, spread: Path) -> None:
    """Turn and scale the features so that on real music each has mean 0 and variance 1, and none goes with another.

    A Fréchet distance of raw features sees hardly more than their three or four widest directions. The map is folded
    into the last layer.
    """
    with np.load(spread) as found:
        mean, covariance = found["mean"], found["covariance"]
    value, vector = np.linalg.eigh(covariance)
    turn = torch.from_numpy((vector / np.sqrt(np.maximum(value, 1e-8 * value.max()))).T)
    with torch.no_grad():
        weight, bias = encoder.out.weight.double(), encoder.out.bias.double()
        encoder.out.weight.copy_((turn @ weight).float())
        encoder.out.bias.copy_((turn @ (bias - torch.from_numpy(mean))).float())


def examined(model: EncoderPupil, songs: Sequence[Sequence[Clip]], recipe: EncoderRecipe, device: str) -> dict[str, float]:
    """On songs held back: how often the other window is found among all, and how often what was done is named."""
    whole = next(batches(len(songs), maker(songs, recipe), len(songs), recipe.seed + 1))
    with torch.no_grad():
        one, two, bad = (model(whole[n].float().to(device)) for n in ("one", "two", "spoiled"))
    near = (one[0] @ two[0].T).argmax(1).cpu()
    real = torch.cat([one[1], two[1]]).argmax(1).cpu() == 0
    return {
        "valid/found": float((near == torch.arange(len(near))).float().mean()),
        "valid/whole": float(real.float().mean()),
        "valid/named": float((bad[1].argmax(1).cpu() == whole["kind"].flatten()).float().mean()),
        "valid/spoiled": float((bad[1].argmax(1).cpu() != 0).float().mean()),
    }


def export_encoder(recipe: EncoderRecipe, folder: Path, path: Path, card: dict[str, Any]) -> None:
    """Write the encoder of a run as an ONNX graph [N, 3, T, 84] -> whitened [N, E], and its card beside it (.json).

    Args:
      card: what a person should know; recipe, seed, data, scores and the graph's SHA-256 are added.

    Raises:
      TrainingError: the run has no checkpoint.
    """
    checkpoint = folder / "checkpoint.pt"
    if not checkpoint.is_file() or not (folder / "spread.npz").is_file():
        raise TrainingError(f"There is no checkpoint of a finished run in {folder}; train first.")
    model = build(recipe)
    model.load_state_dict(read_state(checkpoint)["modules"]["encoder"])
    whiten(model.encoder, folder / "spread.npz")
    shapes = ({0: torch.export.Dim("n"), 2: torch.export.Dim("t", min=8)},)
    write_graph(model.encoder, (torch.zeros(2, 3, 16 * recipe.bars, 84),), ["rolls"], ["features"], shapes, path)
    rows = [json.loads(line) for line in (folder / "stats.jsonl").read_text().splitlines()]
    scores = {k: v for row in rows for k, v in row.items() if k.startswith("valid/")}
    words = card | {
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        "taught": list(TAUGHT),
        "parameters": sum(p.numel() for p in model.encoder.parameters()),
        "data": json.loads((folder / "facts.json").read_text()),
        "scores": scores | {"steps": rows[-1]["step"], "seconds": rows[-1]["seconds"]},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    beside = path.with_suffix(".json")
    temporary = beside.with_name(beside.name + ".part")
    temporary.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(beside)
