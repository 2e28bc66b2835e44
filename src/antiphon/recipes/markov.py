"""Markov recipes: from codec to counted and validated chain; nothing is trained by gradient."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.models.markov import EventMarkov, MarkovConfig, count_events, from_state
from antiphon.recipes.data import prepare
from antiphon.recipes.sequence import evaluate
from antiphon.recipes.sketch import Heard, figures, sketch
from antiphon.representations.events import EventCodec, EventSpec
from antiphon.training.checkpoint import read_state
from antiphon.training.loop import Hook, open_run

WINDOW = 512
"""Events a window when the likelihood is measured, as for the nets."""


@dataclass(frozen=True)
class MarkovRecipe:
    """Everything that makes a Markov chain what it is."""

    name: str
    style: str
    spec: EventSpec
    order: int = 1
    """Past events in the longest context."""
    slots: int = 2**16
    """Most contexts of one length that are kept; the commonest stay."""
    kind: str = "markov"
    seed: int = 0
    """Only of the pieces that are sampled to be looked at; the counts know no chance."""

    def tiny(self) -> MarkovRecipe:
        """The same, smaller: for tests and continuous integration."""
        return replace(self, slots=2**10)


def config_of(recipe: MarkovRecipe) -> MarkovConfig:
    """Size of the recipe's chain."""
    return MarkovConfig(tuple(v.size for v in EventCodec(recipe.spec).vocabularies), recipe.order, recipe.slots)


def run(
    recipe: MarkovRecipe,
    pieces: Iterable[Piece],
    folder: Path,
    progress: Hook | None = None,
    heard: Heard | None = None,
) -> dict[str, float]:
    """Prepare, count and validate; the run folder then holds all that `export` needs.

    Counting is one step: it is done anew by each call.
    """
    open_run(folder, asdict(recipe))
    data = prepare(pieces, recipe.spec)
    (folder / "facts.json").write_text(json.dumps(data.facts, indent=1, ensure_ascii=False))
    begun = time.monotonic()
    model = count_events(config_of(recipe), data.splits["train"].pieces).eval()
    logged = {f"valid/{k}": v for k, v in evaluate(model, data.codec, data.splits["valid"], WINDOW).items()}
    logged |= {"entries": float(model.entries), "seconds": time.monotonic() - begun}
    if heard is not None:
        scores = sketch(recipe.name, recipe.style, recipe.spec, model, data.facts, recipe.seed)
        logged |= figures(scores)
        heard(1, scores)
    temporary = folder / "checkpoint.pt.part"
    torch.save({"step": 1, "modules": {"model": model.state_dict()}}, temporary)
    temporary.replace(folder / "checkpoint.pt")
    line = json.dumps({"step": 1, **{k: round(v, 5) for k, v in logged.items()}}) + "\n"
    (folder / "stats.jsonl").write_text(line)
    if progress is not None:
        progress(1, logged)
    return logged


def counted(recipe: MarkovRecipe, run: Path) -> EventMarkov:
    """The chain of a run.

    Raises:
      TrainingError: the run has no checkpoint, or one that does not fit the recipe.
    """
    path = run / "checkpoint.pt"
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint in {run}; train first.")
    try:
        model = from_state(config_of(recipe), read_state(path)["modules"]["model"])
    except KeyError as error:
        raise TrainingError(f"{path} does not fit this recipe ({error}); choose another folder.") from error
    model.eval()
    return model
