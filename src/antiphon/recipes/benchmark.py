"""The likelihood benchmarks: exact figures of shipped or freshly trained models on the published splits.

Needs no PyTorch unless it trains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.corpus.benchmarks import chorale_grids, key_rolls
from antiphon.errors import InputError
from antiphon.generate import fill
from antiphon.generate.frames import FrameSnapshot, figures, likelihood, open_frames, shipped_frames
from antiphon.models.markov_voices import MarkovConfig, VoicesMarkov

VOICES = ("soprano", "alto", "tenor", "bass")
TOLD = ("valid", "test")
Tell = Callable[[str], None]


def chorale_choices(order: Sequence[int]) -> dict[str, str]:
    """The five choices under which a figure on the chorales was measured."""
    return {
        "order": ", ".join(VOICES[v] for v in order) + " within each sixteenth, sixteenths in time",
        "average": "micro: all nats over all notes (macro, the mean over pieces, beside it)",
        "rests": "counted, as a symbol of their own",
        "first step": "counted: nothing is given at the start",
        "chords": "none given; no key, no length, no label",
    }


KEYS_CHOICES = {
    "order": "the keys of a frame from the lowest up, and the frame's end; frames in time",
    "average": "micro: all nats over all frames (macro, the mean over sequences, beside it)",
    "rests": "silent frames are counted",
    "first step": "the first frame is counted: nothing is given at the start",
    "chords": "none given; exact likelihood, no bound and no sampling",
}


def _row(model: FrameSnapshot, pieces: dict[str, list[Any]], tell: Tell) -> dict[str, Any]:
    """Figures of one model on the validation and test splits."""
    row: dict[str, Any] = {"model": model.name, "parameters": model.card.get("parameters")}
    for split in TOLD:
        tell(f"{model.name}: {split}")
        found = likelihood(model, pieces[split])
        row[split] = {"nll": found.nll, "macro": found.macro, "pieces": found.pieces, "units": found.units}
    return row


def jsb16(place: Path, models: Sequence[str | Path] | None = None, tell: Tell = lambda line: None) -> dict[str, Any]:
    """Nats a note of the chorales: the Markov chain, counted on the spot, and the models.

    Args:
      place: the folder with Jsb16thSeparated.json, or the file.
      models: shipped names or snapshot folders; all shipped ones where None.

    Raises:
      InputError: the data is not there or not what it should be.
      SnapshotError: a model is missing or damaged.
    """
    grids = chorale_grids(place)
    loaded = [open_frames(m) for m in (shipped_frames("jsb16") if models is None else models)]
    rows = [_markov(grids, tell)] if models is None else []
    rows += [_row(m, grids, tell) for m in loaded if m.kind == "voices"]
    order = next((m.shape["order"] for m in loaded if m.kind == "voices"), MarkovConfig().order)
    report: dict[str, Any] = {"benchmark": "jsb16", "unit": "nats a note", "choices": chorale_choices(order), "rows": rows}
    for model in (m for m in loaded if m.kind == "fill"):
        tell(f"{model.name}: random orders")
        found = {s: _orderless(model, grids[s]) for s in TOLD}
        words = "nats a note over random orders of all notes; sees the future, not comparable with the rows above"
        report["orderless"] = {"model": model.name, "parameters": model.card.get("parameters"), "unit": words, **found}
    return report


def _orderless(model: FrameSnapshot, pieces: Sequence[Any], orders: int = 4) -> float:
    """Mean over pieces, weighted by their notes."""
    costs = [fill.open_cost(p, orders=orders, seed=i, model=model) * p.size for i, p in enumerate(pieces)]
    return float(sum(costs) / sum(p.size for p in pieces))


def _markov(grids: dict[str, list[Any]], tell: Tell) -> dict[str, Any]:
    """The chain's row."""
    tell("Markov chain: counting")
    config = MarkovConfig()
    known = [np.where(p < 0, 0, p - config.lowest + 1) for p in grids["train"]]
    chain = VoicesMarkov(config, known)
    row: dict[str, Any] = {"model": "markov", "parameters": chain.entries}
    for split in TOLD:
        tell(f"Markov chain: {split}")
        found = figures(chain.nats(np.where(p < 0, 0, p - config.lowest + 1)) for p in grids[split])
        row[split] = {"nll": found.nll, "macro": found.macro, "pieces": found.pieces, "units": found.units}
    return row


def polyphonic(place: Path, models: Sequence[str | Path] | None = None, tell: Tell = lambda line: None) -> dict[str, Any]:
    """Nats a frame of the polyphonic sets under the models that know them.

    Args:
      place: the folder with the .mat files.
      models: shipped names or snapshot folders; all shipped ones where None.

    Raises:
      InputError: the data is not there or not what it should be.
      SnapshotError: a model is missing or damaged.
    """
    rows = []
    for model in [open_frames(m) for m in (shipped_frames("polyphonic") if models is None else models)]:
        if model.kind != "keys":
            raise InputError(f"{model.name} is no model of keys; give one that a polyphonic recipe made.")
        rolls = key_rolls(place, model.card["corpus"])
        rows.append({"set": model.card["corpus"]} | _row(model, rolls, tell))
    return {"benchmark": "polyphonic", "unit": "nats a frame", "choices": KEYS_CHOICES, "rows": rows}
