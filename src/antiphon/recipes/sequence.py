"""Sequence recipes: the likelihood line, from codec to trained and validated model."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.models.gru import EventGru, GruConfig
from antiphon.models.heads import event_nll
from antiphon.models.transformer import EventTransformer, TransformerConfig
from antiphon.recipes.data import EventSet, Prepared, drop_marks, drop_roles, prepare, window
from antiphon.recipes.infilling import infilling
from antiphon.recipes.sketch import Heard, figures, sketch
from antiphon.recipes.typical import typical
from antiphon.representations.events import EventCodec, EventSpec
from antiphon.training.batches import batches, collate
from antiphon.training.checkpoint import read_state
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.objectives import likelihood
from antiphon.training.phase import adam, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.schedule import warmup_cosine


@dataclass(frozen=True)
class SequenceRecipe:
    """Everything that makes a sequence model what it is."""

    name: str
    style: str
    spec: EventSpec
    kind: str = "transformer"
    """"transformer" or "gru"."""
    width: int = 256
    layers: int = 6
    heads: int = 4
    dropout: float = 0.05
    length: int = 512
    """Events a window."""
    batch: int = 8
    steps: int = 4000
    lr: float = 0.01
    """Of Muon, for hidden matrices."""
    adam_lr: float = 3e-3
    role_drop: float = 0.15
    """Share of windows from which some roles are taken."""
    mark_drop: float = 0.1
    """Share of windows from which chord marks are taken, and of those without section marks."""
    fills: float = 0.0
    """Share of windows with an opening, if the codec has the event for it."""
    penalty: float = 1.0
    """Repetition penalty that new pieces are written with, unless another is asked for."""
    base: str = ""
    """Recipe of the run that this one begins with; "" begins from nothing."""
    mixed: bool = True
    seed: int = 0
    evaluate_every: int = 250
    checkpoint_every: int = 100

    def tiny(self) -> SequenceRecipe:
        """The same in seconds: for tests and continuous integration."""
        return replace(self, width=32, layers=2, heads=2, length=96, batch=4, steps=12, evaluate_every=6, checkpoint_every=6)


def build(recipe: SequenceRecipe, codec: EventCodec) -> nn.Module:
    """The untrained model of a recipe."""
    sizes = tuple(v.size for v in codec.vocabularies)
    torch.manual_seed(recipe.seed)
    if recipe.kind == "transformer":
        return EventTransformer(TransformerConfig(sizes, recipe.width, recipe.layers, recipe.heads, recipe.dropout))
    if recipe.kind == "gru":
        return EventGru(GruConfig(sizes, recipe.width, recipe.layers, recipe.dropout))
    raise TrainingError(f"{recipe.kind!r} is not a kind of sequence model; choose transformer or gru.")


def example_maker(
    recipe: SequenceRecipe, data: Prepared
) -> tuple[int, Callable[[int, np.random.Generator], dict[str, np.ndarray]]]:
    """How many examples an epoch has, and how to make one: a window begins at any bar of any training piece."""
    pieces = data.splits["train"]
    places = [(i, j) for i, bars in enumerate(pieces.bars) for j in range(0, max(1, len(bars) - 3), 4)]

    def make(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        i, j = places[index]
        first = min(j + int(rng.integers(4)), len(pieces.bars[i]) - 1)
        if recipe.fills and rng.random() < recipe.fills:
            return infilling(data.codec, pieces, i, first, recipe.length + 1, bool(rng.random() < recipe.role_drop), rng)
        cut = window(data.codec, pieces.pieces[i], pieces.times[i], pieces.bars[i], first, recipe.length + 1)
        if rng.random() < recipe.role_drop:
            cut = drop_roles(data.codec, cut, rng)
        cut = drop_marks(data.codec, cut, bool(rng.random() < recipe.mark_drop), bool(rng.random() < recipe.mark_drop))
        return cut | {"learnt": np.ones(len(cut["events"]), np.int64)}

    return len(places), make


@torch.no_grad()
def evaluate(
    model: nn.Module, codec: EventCodec, data: EventSet, length: int, mixed: bool = False, device: str = "cpu"
) -> dict[str, float]:
    """Exact negative log-likelihood of whole pieces, cut into consecutive windows that begin at bar lines.

    Returns:
      nll: nats an event; nll_note: nats of all events over the number of notes; note: nats of note events alone.
    """
    was = model.training
    model.eval()
    note = codec.vocabularies[0].span("note")
    total = notes_total = 0.0
    count = notes = 0
    rows: list[dict[str, np.ndarray]] = []
    for events, times, bars in zip(data.pieces, data.times, data.bars, strict=True):
        first = 0
        while first < len(bars):
            begin, following = int(bars[first]), len(bars)
            stop = len(events)
            if begin + length < stop:
                following = max(first + 1, int(np.searchsorted(bars, begin + length, side="right")) - 1)
                stop = int(bars[following]) if following < len(bars) else stop
            rows.append({k: v[: stop - begin + 1] for k, v in window(codec, events, times, bars, first, length + 1).items()})
            first = following
    rows.sort(key=lambda r: len(r["events"]))
    for at in range(0, len(rows), 8):
        batch = {k: v.to(device) for k, v in collate(rows[at : at + 8]).items()}
        following_events = batch["events"][:, 1:]
        with mixed_precision(following_events.device.type, mixed):
            logits = model(batch["events"][:, :-1], batch["times"][:, :-1], following_events)
        each = event_nll(logits, following_events)
        is_note = (following_events[..., 0] >= note.start) & (following_events[..., 0] < note.stop)
        total += float(each.sum())
        notes_total += float((each * is_note).sum())
        count += int((following_events[..., 0] != 0).sum())
        notes += int(is_note.sum())
    model.train(was)
    return {"nll": total / max(count, 1), "nll_note": total / max(notes, 1), "note": notes_total / max(notes, 1)}


@torch.no_grad()
def adopt(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Take over the weights of a model of the same shape, whose vocabularies may lack the last ids of this one's."""
    for name, p in model.state_dict().items():
        if name not in weights or weights[name].shape[1:] != p.shape[1:] or len(weights[name]) > len(p):
            raise TrainingError(f"The run to begin with has other weights ({name}); give a run of this recipe's base.")
        p[: len(weights[name])] = weights[name]


@torch.no_grad()
def evaluate_openings(model: nn.Module, recipe: SequenceRecipe, data: Prepared, device: str = "cpu", count: int = 64) -> float:
    """Nats an event of what belongs into openings of held-out pieces; the same openings at every call."""
    was = model.training
    model.eval()
    valid = data.splits["valid"]
    total, events = 0.0, 0
    for at in range(0, count, 8):
        rows = []
        for i in range(at, at + 8):
            rng = np.random.default_rng([recipe.seed, 2, i])
            piece = i % len(valid.pieces)
            first = int(rng.integers(max(1, len(valid.bars[piece]) - 4)))
            rows.append(infilling(data.codec, valid, piece, first, recipe.length + 1, False, rng))
        batch = {k: v.to(device) for k, v in collate(rows).items()}
        following = batch["events"][:, 1:]
        with mixed_precision(following.device.type, recipe.mixed):
            logits = model(batch["events"][:, :-1], batch["times"][:, :-1], following)
        total += float((event_nll(logits, following) * batch["learnt"][:, 1:]).sum())
        events += int(batch["learnt"][:, 1:].sum())
    model.train(was)
    return total / max(1, events)


def run(
    recipe: SequenceRecipe,
    pieces: Iterator[Piece],
    folder: Path,
    progress: Hook | None = None,
    heard: Heard | None = None,
    device: str = "cpu",
    begin: Path | None = None,
) -> dict[str, float]:
    """Prepare, train (or resume) and validate; the run folder then holds all that `export` needs.

    Where `heard` is given, each validation also samples a few bars, logs figures of them and hands them on. `begin` is
    the run whose weights a recipe with a base begins with; its tiny self may do without.
    """
    open_run(folder, asdict(recipe))
    data = prepare(pieces, recipe.spec)
    (folder / "facts.json").write_text(json.dumps(data.facts, indent=1, ensure_ascii=False))
    model = build(recipe, data.codec)
    if begin is not None:
        adopt(model, read_state(begin / "checkpoint.pt")["modules"]["model"])
    model = model.to(device)
    model.train()
    count, make = example_maker(recipe, data)
    optimisers = muon(recipe.lr, recipe.adam_lr) if recipe.kind == "transformer" else adam(recipe.adam_lr, decay=0.01)
    phases = likelihood(model, event_nll, optimisers, recipe.mixed)
    budget = Budget(recipe.steps, 20, recipe.evaluate_every, recipe.checkpoint_every)

    def look(step: int, logged: dict[str, float]) -> None:
        found = evaluate(model, data.codec, data.splits["valid"], recipe.length, recipe.mixed, device)
        logged |= {f"valid/{k}": v for k, v in found.items()}
        if recipe.fills:
            logged["valid/opening"] = evaluate_openings(model, recipe, data, device)
        if heard is not None:
            here = model if device == "cpu" else deepcopy(model).cpu()
            scores = sketch(recipe.name, recipe.style, recipe.spec, here, data.facts, recipe.seed)
            logged |= figures(scores)
            heard(step, scores)

    def stream(step: int) -> Iterator[dict[str, Tensor]]:
        return batches(count, make, recipe.batch, recipe.seed, step)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # of norms in half precision
        logged = train(
            phases,
            stream,
            budget,
            folder,
            schedule=warmup_cosine,
            seed=recipe.seed,
            device=device,
            evaluate=look,
            progress=progress,
        )
        data.facts["typical"] = typical(deepcopy(model).cpu(), data.codec, data.splits["valid"])
    (folder / "facts.json").write_text(json.dumps(data.facts, indent=1, ensure_ascii=False))
    return logged
