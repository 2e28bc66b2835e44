"""The benchmark recipes by name, each with its score on the same line."""

from __future__ import annotations

from antiphon.errors import TrainingError
from antiphon.recipes.jsb16 import VoicesRecipe
from antiphon.recipes.jsb16_fill import FillRecipe
from antiphon.recipes.polyphonic import KeysRecipe

FrameRecipe = VoicesRecipe | KeysRecipe | FillRecipe

# fmt: off
_ALL: tuple[FrameRecipe, ...] = (
    # exact nats a note of the chorales on sixteenths, validation split (test); both ship
    VoicesRecipe("jsb16-transformer"),  # .345 (.354)
    VoicesRecipe("jsb16-gru", "gru", 256, 1, steps=180),  # .382 (.393)
    # nats a note over random orders of all notes (it sees the future), validation split (test); ships and fills chorales
    FillRecipe("jsb16-fill", steps=270, evaluate_every=90),  # .744 (.681)
    # exact nats a frame, validation split (test); both ship
    KeysRecipe("polyphonic-jsb", "jsb", steps=300, evaluate_every=50),  # 4.610 (4.587)
    KeysRecipe("polyphonic-nottingham", "nottingham", dropout=0.15, decay=0.05, steps=220, evaluate_every=110),  # 1.079 (1.116)
    # research data: nothing trained on it ships; still falling when they ended
    KeysRecipe("polyphonic-piano", "piano", dropout=0.25, decay=0.1, steps=200, evaluate_every=50),  # 5.295 (3.916)
    KeysRecipe("polyphonic-muse", "muse", dropout=0.15, decay=0.05, steps=160, evaluate_every=80),  # 4.425 (4.236)
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
