"""Lessons from a critic: it is fitted to tell a grid model's takes from music, and its choice among them teaches the model.

The game of a GAN for a generator that draws discrete events. A round: to the plan of each of some real windows (form, mode,
tempo) the model writes several takes; a critic, a logistic regression on the judge's descriptors, is fitted anew to tell takes
from real windows; of each plan's takes the two that it finds most like music are preferred to the two least. The model then
learns to prefer them too, by the direct loss of Rafailov et al. 2023 (DPO), while it goes on learning from music by likelihood.
The next round's critic hears what is left. The critic never compares a take with a real window in the loss, only takes with
takes: so the model is not taught to look like the training set note by note.

Legend: N plans, K takes of each, P pairs, M cells of a window, D descriptors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from antiphon.errors import TrainingError
from antiphon.evaluate.clip import cut_clips, named_roles
from antiphon.evaluate.descriptor import Standardiser, describe_all
from antiphon.evaluate.realness import logistic
from antiphon.generate.grid import Grid, GridGenerator, rounds
from antiphon.models.grid import GridNetwork
from antiphon.music.harmony import Key
from antiphon.music.score import Score
from antiphon.recipes.grid_data import GridPiece, GridSet, example
from antiphon.representations.grid import STEPS, GridSpec, decode
from antiphon.training.batches import shuffled
from antiphon.training.precision import mixed_precision

Floats = npt.NDArray[np.float64]
HELD = 8
"""The pairs of one plan in so many are kept back, to see whether the lesson carries over."""
FEWEST = 2
"""Takes with fewer notes a bar than this, all parts together, are found least like music without being heard."""
NOT_HEARD = -1e3
FEWEST_HEARD = 8
REAL = 3
"""Real windows that the critic hears for every plan."""


@dataclass(frozen=True)
class Lessons:
    """How a model is taught by a critic."""

    rounds: int = 1
    plans: int = 512
    takes: int = 8
    """Takes to each plan."""
    penalty: float = 30.0
    """Ridge penalty of the critic, against classes that weigh a half each."""
    slope: float = 0.03
    """Of the preference in nats (DPO's beta): the smaller, the further the model may go from where the round began."""
    weight: float = 0.2
    """Of the lesson beside the likelihood of music."""
    pairs: int = 8
    """Pairs of a step."""


def plans_of(part: GridSet, bars: int, count: int, rng: np.random.Generator) -> list[tuple[GridPiece, int]]:
    """Windows (piece, first bar) in which all rows are there, drawn without repetition.

    Raises:
      TrainingError: there is none.
    """
    places = [(piece, first) for piece, first in part.windows(bars) if part.pieces[piece].present.all()]
    if not places:
        raise TrainingError(f"No piece has all parts and chords over {bars} bars of 4/4; lessons need some.")
    return [(part.pieces[places[i][0]], places[i][1]) for i in rng.permutation(len(places))[:count].tolist()]


def score_of(cells: Grid, minor: bool, spec: GridSpec) -> Score:
    """Cells as a piece in C major or A minor, even in loudness; the critic hears takes and music in the same way."""
    none = np.zeros((0, 3), np.uint8)
    full = [[none if cell is None else cell for cell in bar] for bar in cells]
    loud = np.full((len(spec.roles), STEPS), 80.0)
    return decode(full, spec, Key(9, minor=True) if minor else Key(0), 100.0, sections=(), velocities=loud)


def described(scores: Sequence[Score], bars: int, roles: Sequence[str]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Descriptors [n, D] of pieces of one window each, and which pieces these are [n].

    A role without notes is a silent part, not a missing one. Pieces with less than FEWEST notes a bar, or silent for more than
    the first quarter of the window, are left out.
    """
    matched = named_roles(roles, scores)
    clips, which = [], []
    for i, score in enumerate(scores):
        found = cut_clips(score, bars, matched, str(i), 1) if score.note_count >= FEWEST * bars else []
        clips += found
        which += [i] * len(found)
    return describe_all(clips)[0] if clips else np.zeros((0, 0)), np.array(which, dtype=np.int64)


def heard(made: Floats, half: npt.NDArray[np.int64], real: Floats, penalty: float) -> tuple[Floats, float]:
    """What a critic thinks of each take [n], and how often it is right about what it was not fitted on.

    Two critics are fitted, each on one half of the takes and of the music, and each hears the other half.

    Args:
      made: descriptors [n, D]; half: 0 or 1 for each [n], the same for all takes to a plan.
      real: descriptors of music.
    """
    standard = Standardiser(np.concatenate([made, real]))
    made, real, other = standard(made), standard(real), np.arange(len(real)) % 2
    out, right = np.zeros(len(made)), []
    for h in (0, 1):
        weights = logistic(made[half != h], real[other != h], penalty)
        out[half == h] = made[half == h] @ weights[:-1] + weights[-1]
        music = real[other == h] @ weights[:-1] + weights[-1]
        right.append((float((out[half == h] < 0).mean()) + float((music > 0).mean())) / 2)
    return out, float(np.mean(right))


def packed(cells: Grid, features: npt.NDArray[np.uint8]) -> GridPiece:
    """A take as an encoded piece."""
    flat = [np.zeros((0, 3), np.uint8) if cell is None else cell for bar in cells for cell in bar]
    offsets = np.cumsum([0, *map(len, flat)]).astype(np.int32)
    return GridPiece(np.concatenate(flat), offsets, features, np.ones(len(cells[0]), dtype=bool), False, 0)


def make_lesson(
    player: GridGenerator, part: GridSet, bars: int, lessons: Lessons, seed: Sequence[int]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Takes of a player, heard by a critic: pairs of examples ("win/..." and "lose/..." [P, ...]), and how it went.

    The pairs of a plan stand one after the other.
    """
    rng, k, roles = np.random.default_rng(seed), lessons.takes, player.spec.roles
    chosen = plans_of(part, bars, lessons.plans, rng)
    music = chosen + plans_of(part, bars, (REAL - 1) * len(chosen), rng)
    plans = [((1 + int(p.minor), p.tempo), p.features[first : first + bars].copy()) for p, first in chosen]
    numbers = [(*seed, i) for i in range(k * len(plans))]
    takes = player.written_to([plan for plan in plans for _ in range(k)], numbers)
    scores = [score_of(cells, chosen[i // k][0].minor, player.spec) for i, cells in enumerate(takes)]
    real = [
        score_of(
            [[p.cell(b, row) for row in range(player.spec.rows)] for b in range(first, first + bars)], p.minor, player.spec
        )
        for p, first in music
    ]
    made, which = described(scores, bars, roles)
    if len(which) < FEWEST_HEARD:
        raise TrainingError(f"Only {len(which)} takes have enough notes to be heard; train the base for longer.")
    found, right = heard(made, which // k % 2, described(real, bars, roles)[0], lessons.penalty)
    likes = np.full((len(plans), k), NOT_HEARD)
    likes[which // k, which % k] = found
    ranked = np.argsort(-likes, axis=1, kind="stable")
    order = [cell for some_ in rounds([0, *player.order], [range(bars)] * player.spec.rows, 1) for cell in some_]

    def examples(columns: Sequence[int]) -> dict[str, np.ndarray]:
        rows = []
        for i, (whole, features) in enumerate(plans):
            for column in columns:
                take = packed(takes[i * k + int(ranked[i, column])], features)
                rows.append(example(take, 0, order, features, whole))
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    pairs = {f"win/{name}": x for name, x in examples((0, 1)).items()}
    pairs |= {f"lose/{name}": x for name, x in examples((-1, -2)).items()}
    figures = {
        "critic/right": right,
        "critic/best": float(likes.max(1).mean()),
        "critic/mean": float(found.mean()),
    }
    return pairs, figures


def side(batch: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """One side of pairs as the network wants it."""
    return {key.removeprefix(f"{name}/"): value for key, value in batch.items() if key.startswith(f"{name}/")}


def totals(network: GridNetwork, batch: dict[str, Tensor], mixed: bool) -> Tensor:
    """Log-likelihood of each window [B] in nats."""
    with mixed_precision(batch["bar"].device.type, mixed):
        each, cell = network.losses(batch)
    b, m = batch["row"].shape
    return -torch.zeros(b, device=each.device).index_add(0, cell // m, each.float())


@torch.no_grad()
def before(network: GridNetwork, pairs: dict[str, np.ndarray], mixed: bool, device: str) -> dict[str, np.ndarray]:
    """Log-likelihoods of both sides [P] by the network with which the round begins."""
    network.eval()
    out = {}
    for name in ("win", "lose"):
        found = []
        count = len(pairs[f"{name}/row"])
        for at in range(0, count, 16):
            batch = side(some_pairs(pairs, range(at, min(count, at + 16))), name)
            found.append(totals(network, {key: value.to(device) for key, value in batch.items()}, mixed).cpu().numpy())
        out[f"{name}_before"] = np.concatenate(found)
    return out


def learnt(pairs: dict[str, np.ndarray]) -> tuple[list[int], list[int]]:
    """Numbers of the pairs to learn from, and of those kept back (all pairs of one plan in HELD)."""
    held = np.arange(len(pairs["win_before"])) // 2 % HELD == HELD - 1
    return np.flatnonzero(~held).tolist(), np.flatnonzero(held).tolist()


def some_pairs(pairs: dict[str, np.ndarray], which: Sequence[int]) -> dict[str, Tensor]:
    """A batch of pairs by their numbers."""
    return {key: torch.from_numpy(value[list(which)]) for key, value in pairs.items()}


def lesson_stream(pairs: dict[str, np.ndarray], size: int, seed: int, step: int) -> Iterator[dict[str, Tensor]]:
    """Endless batches of pairs from a step on."""
    numbers, _ = learnt(pairs)
    order = shuffled(len(numbers), seed, step * size)
    while True:
        yield some_pairs(pairs, [numbers[next(order)] for _ in range(size)])


def margins(network: GridNetwork, batch: dict[str, Tensor], mixed: bool) -> Tensor:
    """By how many nats more the network has come to like the preferred side than the other, for each pair [B]."""
    win = totals(network, side(batch, "win"), mixed) - batch["win_before"]
    return win - (totals(network, side(batch, "lose"), mixed) - batch["lose_before"])


@torch.no_grad()
def carried_over(network: GridNetwork, pairs: dict[str, np.ndarray], mixed: bool, device: str) -> float:
    """Share of pairs kept back of which the network now prefers the same side as the critic."""
    _, held = learnt(pairs)
    network.eval()
    found = []
    for at in range(0, len(held), 16):
        batch = {key: value.to(device) for key, value in some_pairs(pairs, held[at : at + 16]).items()}
        found.append((margins(network, batch, mixed) > 0).float())
    return float(torch.cat(found).mean()) if found else float("nan")


def read_lesson(path: Path) -> dict[str, np.ndarray]:
    """Pairs as `write_lesson` kept them."""
    with np.load(path) as file:
        return {name.replace("|", "/"): file[name] for name in file.files}


def write_lesson(path: Path, pairs: dict[str, np.ndarray], figures: dict[str, float]) -> None:
    """Keep pairs for a resumed run, and how the critic did beside them."""
    partial = path.with_name(path.name + ".part")
    arrays: dict[str, Any] = {name.replace("/", "|"): value for name, value in pairs.items()}
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    path.with_suffix(".json").write_text(json.dumps(figures))
    partial.replace(path)


def tiny_lessons(lessons: Lessons) -> Lessons:
    """The same in seconds."""
    return replace(lessons, rounds=min(2, lessons.rounds), plans=8, takes=4, pairs=2)
