"""The benchmark recipes by name, each with its score on the same line."""

from __future__ import annotations

from antiphon.errors import TrainingError
from antiphon.recipes.jsb16 import VoicesRecipe
from antiphon.recipes.jsb16_fill import FillRecipe
from antiphon.recipes.polyphonic import KeysRecipe

FrameRecipe = VoicesRecipe | KeysRecipe | FillRecipe

# fmt: off
_ALL: tuple[FrameRecipe, ...] = (
)
# fmt: on
FRAMES: dict[str, FrameRecipe] = {r.name: r for r in _ALL}


def benchmark_of(recipe: FrameRecipe) -> str:
    """The benchmark that a recipe belongs to: jsb16 or polyphonic."""
    return "polyphonic" if isinstance(recipe, KeysRecipe) else "jsb16"


def find_frames(name: str, benchmark: str) -> FrameRecipe:
    """The recipe of that name.

    Raises:
      TrainingError: the benchmark has none of that name; those it has are listed.
    """
    known = [r.name for r in FRAMES.values() if benchmark_of(r) == benchmark]
    if name not in known:
        raise TrainingError(f"The benchmark {benchmark} has no recipe {name!r}; choose one of {', '.join(known)}.")
    return FRAMES[name]
