"""Any recipe, run and exported in the same way: what the command line and a script call."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from antiphon.corpus.ingest import iter_pieces
from antiphon.corpus.piece import Piece
from antiphon.corpus.store import Store
from antiphon.errors import TrainingError
from antiphon.recipes import adversarial, adversarial_run, grid, grid_teaching, markov, originality, sequence
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.export import export
from antiphon.recipes.export_gan import export_gan
from antiphon.recipes.export_grid import export_grid
from antiphon.recipes.grid import GridRecipe
from antiphon.recipes.grid_lessons import Lessons
from antiphon.recipes.markov import MarkovRecipe
from antiphon.recipes.sequence import SequenceRecipe
from antiphon.recipes.sketch import Heard
from antiphon.representations.events import EventCodec, EventSpec
from antiphon.representations.grid import GridSpec
from antiphon.representations.pianoroll import PianoRollSpec
from antiphon.training.adversarial import Adversary
from antiphon.training.loop import Hook, open_run

Recipe = SequenceRecipe | MarkovRecipe | GanRecipe | GridRecipe


def pieces_from(place: Path) -> Iterable[Piece]:
    """The pieces of a store, or of a folder of music files.

    Raises:
      InputError: there is no such folder, or the store is damaged.
    """
    if Store.stands_in(place):
        return Store.open(place)
    return iter_pieces(place)


def adjusted(recipe: Recipe, tiny: bool = False, steps: int | None = None) -> Recipe:
    """The recipe at its tiny size, or with another number of steps.

    Raises:
      TrainingError: the number of steps makes no sense.
    """
    made = recipe.tiny() if tiny else recipe
    if steps is None:
        return made
    if isinstance(made, MarkovRecipe):
        raise TrainingError(f"Recipe {recipe.name!r} is counted, not trained: it has no number of steps.")
    if steps < 1:
        raise TrainingError(f"A run needs at least one step, not {steps}.")
    return replace(made, steps=steps)


def check_device(device: str) -> None:
    """See that PyTorch can compute there.

    Raises:
      TrainingError: it cannot.
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise TrainingError(f"PyTorch cannot use the device {device!r} here; take --device cpu.") from error


def check_begin(recipe: Recipe, begin: Path | None, tiny: bool) -> None:
    """See that a recipe with a base is given a run of it, and that no other is.

    Raises:
      TrainingError: it is not so.
    """
    base = recipe.base if isinstance(recipe, SequenceRecipe | GridRecipe) else ""
    if begin is None:
        if base and not tiny:
            raise TrainingError(f"Recipe {recipe.name!r} goes on from {base!r}; name a run of that with --start RUN.")
    elif not base:
        raise TrainingError(f"Recipe {recipe.name!r} begins from nothing; leave --start out.")
    elif not (begin / "checkpoint.pt").is_file() or read_recipe(begin).name != base:
        raise TrainingError(f"{begin} is no trained run of {base!r}; train that first.")


def opened(recipe: Recipe, folder: Path) -> None:
    """Make the run folder, or see that what stands there was made by the same recipe, before anything else is done.

    Raises:
      TrainingError: the folder holds a run of another recipe; the differences are listed.
    """
    open_run(folder, asdict(recipe))


def kind_of(recipe: Recipe) -> str:
    """The architecture in one word: transformer, gru, markov, grid or gan."""
    if isinstance(recipe, GanRecipe | GridRecipe):
        return "gan" if isinstance(recipe, GanRecipe) else "grid"
    return recipe.kind


def roles_of(recipe: Recipe) -> tuple[str, ...]:
    """Names of the tracks that its models write."""
    return recipe.rolls.roles if isinstance(recipe, GanRecipe) else recipe.spec.roles


def start(
    recipe: Recipe,
    pieces: Iterable[Piece],
    folder: Path,
    *,
    progress: Hook | None = None,
    heard: Heard | None = None,
    device: str = "cpu",
    begin: Path | None = None,
) -> dict[str, float]:
    """Run a recipe in a folder, or go on where a killed run stopped; at its end the originality index is written beside it.

    Args:
      begin: run of the recipe's base, where it has one, whose weights it begins with.
      progress: called with each step that is logged.
      heard: called with a few pieces each time the model is validated; adversarial runs write their own picture instead.

    Returns:
      What was logged last; "interrupted" is among it where Ctrl-C ended the run.
    """
    known = list(pieces)
    logged = _run(recipe, known, folder, progress, heard, device, begin)
    if not (folder / originality.FILE).is_file():
        originality.write_index(known, folder)
    return logged


def _run(
    recipe: Recipe,
    pieces: list[Piece],
    folder: Path,
    progress: Hook | None,
    heard: Heard | None,
    device: str,
    begin: Path | None,
) -> dict[str, float]:
    """The run of whatever kind the recipe is."""
    if isinstance(recipe, MarkovRecipe):
        return markov.run(recipe, pieces, folder, progress, heard)
    if isinstance(recipe, GridRecipe):
        run_grid = grid.run if recipe.lessons is None else grid_teaching.run
        return run_grid(recipe, iter(pieces), folder, progress, device, begin)
    if isinstance(recipe, GanRecipe):
        return adversarial_run.run(recipe, iter(pieces), folder, progress, device)
    return sequence.run(recipe, iter(pieces), folder, progress, heard, device, begin)


def read_recipe(folder: Path) -> Recipe:
    """The recipe by which a run was made.

    Raises:
      TrainingError: the folder holds no run, or one of another version.
    """
    path = folder / "recipe.json"
    if not path.is_file():
        raise TrainingError(f"{folder} holds no run; make one with 'antiphon train RECIPE --data STORE -o {folder}'.")
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "hand" in data:
            lessons = None if data.get("lessons") is None else Lessons(**data["lessons"])
            return GridRecipe(**data | {"spec": GridSpec.from_json(data["spec"]), "lessons": lessons})
        if "rolls" in data:
            rolls, adversary = PianoRollSpec.from_json(data["rolls"]), Adversary(**data["adversary"])
            pairs: dict[str, Any] = {name: tuple(data[name]) for name in ("betas", "sides", "corpora") if name in data}
            return GanRecipe(**data | {"rolls": rolls, "adversary": adversary} | pairs)
        spec = {"spec": EventSpec.from_json(data["spec"])}
        return MarkovRecipe(**data | spec) if data["kind"] == "markov" else SequenceRecipe(**data | spec)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path} cannot be read ({error}); it is damaged or of another version.") from error


def export_run(folder: Path, snapshot: Path, name: str | None = None, card: dict[str, Any] | None = None) -> Recipe:
    """Write the snapshot of a run, under its recipe's name or another one; gives back the recipe.

    Raises:
      TrainingError: the folder holds no run that can be exported.
    """
    recipe = read_recipe(folder)
    if name is not None:
        recipe = replace(recipe, name=name)
    if isinstance(recipe, GridRecipe):
        export_grid(recipe, folder, snapshot, card or {})
    elif isinstance(recipe, GanRecipe):
        export_gan(recipe, folder, snapshot, card or {})
    else:
        export(recipe, folder, snapshot, card or {})
    if (folder / originality.FILE).is_file():
        partial = snapshot / f"{originality.FILE}.part"
        partial.write_bytes((folder / originality.FILE).read_bytes())
        partial.replace(snapshot / originality.FILE)
    return recipe


def parameters(recipe: Recipe) -> int | None:
    """Number of weights; None for a chain, whose size depends on the data."""
    if isinstance(recipe, MarkovRecipe):
        return None
    with torch.device("meta"):
        if isinstance(recipe, SequenceRecipe):
            modules = [sequence.build(recipe, EventCodec(recipe.spec))]
        elif isinstance(recipe, GridRecipe):
            modules = [grid.build(recipe)]
        else:
            networks = adversarial.build(recipe)
            modules = [networks.generator, networks.critic]
    return sum(p.numel() for m in modules for p in m.parameters())
