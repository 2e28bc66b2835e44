"""The recipes by name, each with its score on the same line."""

from __future__ import annotations

from antiphon.errors import TrainingError
from antiphon.recipes.sequence import SequenceRecipe
from antiphon.representations.events import EventSpec

POP = EventSpec(("melody", "bridge", "piano"), (0, 0, 0), ((4, 4), (3, 4), (2, 4), (1, 4)), 4, 16)
CHORALE = EventSpec(("soprano", "alto", "tenor", "bass"), (52, 52, 52, 52), ((4, 4),), 4, 16)
FOLK_METERS = ((4, 4), (6, 8), (3, 4), (2, 4), (9, 8), (2, 2), (3, 2), (6, 4))
FOLK = EventSpec(("melody", "chords"), (73, 24), FOLK_METERS, 4, 24)

# fmt: off
_ALL = (
    SequenceRecipe("pop-transformer", "pop", POP, steps=2400, lr=0.01, adam_lr=4e-3, evaluate_every=400),
    SequenceRecipe("chorale-transformer", "chorale", CHORALE, width=192, layers=5, dropout=0.3, length=256, steps=900,
                   lr=0.01, adam_lr=4e-3, role_drop=0.4, mark_drop=0.25, evaluate_every=150),
    SequenceRecipe("folk-transformer", "folk", FOLK, width=192, layers=5, dropout=0.15, length=384, steps=1400,
                   lr=0.01, adam_lr=4e-3, evaluate_every=250),
)
# fmt: on
RECIPES: dict[str, SequenceRecipe] = {r.name: r for r in _ALL}


def find(name: str) -> SequenceRecipe:
    """The recipe of that name.

    Raises:
      TrainingError: there is none; the known ones are listed.
    """
    if name not in RECIPES:
        raise TrainingError(f"There is no recipe {name!r}; choose one of {', '.join(sorted(RECIPES))}.")
    return RECIPES[name]
