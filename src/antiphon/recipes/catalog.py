"""The recipes by name, each with its score on the same line."""

from __future__ import annotations

from dataclasses import replace

from antiphon.errors import TrainingError
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.gans import GANS
from antiphon.recipes.grid import GridRecipe
from antiphon.recipes.grid_lessons import Lessons
from antiphon.recipes.markov import MarkovRecipe
from antiphon.recipes.sequence import SequenceRecipe
from antiphon.representations.events import EventSpec
from antiphon.representations.grid import GridSpec

POP = EventSpec(("melody", "bridge", "piano"), (24, 4, 0), ((4, 4), (3, 4), (2, 4), (1, 4)), 4, 16)
CHORALE = EventSpec(("soprano", "alto", "tenor", "bass"), (52, 52, 52, 52), ((4, 4),), 4, 16)
FOLK_METERS = ((4, 4), (6, 8), (3, 4), (2, 4), (9, 8), (2, 2), (3, 2), (6, 4))
FOLK = EventSpec(("melody", "chords"), (73, 24), FOLK_METERS, 4, 24)
BAND_METERS = ((4, 4), (3, 4), (6, 4), (5, 4), (2, 4), (7, 4), (6, 8), (7, 8), (12, 8), (9, 8))
BAND = EventSpec(("lead", "keys", "strings", "bass", "drums"), (29, 4, 48, 33, 0), BAND_METERS, 4, 28, True, ("drums",))


def _filling(spec: EventSpec) -> EventSpec:
    """The codec with the event after which open bars are written."""
    return replace(spec, fills=True)


# fmt: off
_ALL: tuple[SequenceRecipe | MarkovRecipe | GridRecipe, ...] = (
    # exact nats an event (and a note) on the validation split; bases of those that ship
    SequenceRecipe("pop-transformer", "pop", POP, steps=2400, lr=0.01, adam_lr=4e-3, evaluate_every=400),  # 4.289 (4.858)
    SequenceRecipe("chorale-transformer", "chorale", CHORALE, width=192, layers=5, dropout=0.3, length=256, steps=900,
                   lr=0.01, adam_lr=4e-3, role_drop=0.4, mark_drop=0.25, evaluate_every=150),  # 1.606 (1.945)
    SequenceRecipe("folk-transformer", "folk", FOLK, width=192, layers=5, dropout=0.15, length=384, steps=1400,
                   lr=0.01, adam_lr=4e-3, evaluate_every=250),  # 0.802 (1.020)
    # the same, taught to write into given pieces: `antiphon train NAME --start RUN_OF_BASE`; these ship
    SequenceRecipe("pop-infill", "pop", _filling(POP), dropout=0.15, steps=900, lr=0.006, adam_lr=2e-3, role_drop=0.3,
                   mark_drop=0.15, fills=0.5, base="pop-transformer", evaluate_every=150),  # 4.098 (4.641)
    SequenceRecipe("chorale-infill", "chorale", _filling(CHORALE), width=192, layers=5, dropout=0.3, length=256, steps=500,
                   lr=0.005, adam_lr=2e-3, role_drop=0.4, mark_drop=0.25, fills=0.6, base="chorale-transformer",
                   evaluate_every=100),  # 1.581 (1.915)
    SequenceRecipe("folk-infill", "folk", _filling(FOLK), width=192, layers=5, dropout=0.15, length=384, steps=400, lr=0.005,
                   adam_lr=2e-3, fills=0.5, base="folk-transformer", evaluate_every=100),  # 0.797 (1.013)
    # bands in one run, writing into given pieces from the first step on; roles that a song lacks are told, not learnt as rests
    SequenceRecipe("band-transformer", "band", BAND, layers=4, dropout=0.2, steps=1650, lr=0.01, adam_lr=4e-3, role_drop=0.4,
                   mark_drop=0.2, fills=0.3, penalty=2.0, evaluate_every=150),  # 3.073 (3.304)
    # cells in any order, many at once: the flagship; nats a note of held-out windows, loudness not counted; each goes on from
    # the one before (--start RUN), the last is taught by a critic and ships
    GridRecipe("pop-grid-plain", "pop", GridSpec(POP.roles, POP.programs), steps=1100, evaluate_every=150,  # 3.014
               checkpoint_every=50),
    GridRecipe("pop-grid-long", "pop", GridSpec(POP.roles, POP.programs), "pop-grid-plain", dropout=0.2, steps=1800, lr=0.007,
               adam_lr=2e-3, seed=1, evaluate_every=200),  # 2.879
    GridRecipe("pop-grid-longer", "pop", GridSpec(POP.roles, POP.programs), "pop-grid-long", dropout=0.3, steps=2100, lr=0.005,
               adam_lr=1.5e-3, seed=2, evaluate_every=200),  # 2.828, in three runs
    GridRecipe("pop-grid", "pop", GridSpec(POP.roles, POP.programs), "pop-grid-longer", dropout=0.3, batch=8, steps=300,
               lr=0.001, adam_lr=3e-4, ema=0.98, evaluate_every=75, lessons=Lessons()),  # 2.855, but nearer to music
    # the same for other styles, from nothing in one run
    GridRecipe("chorale-grid", "chorale", GridSpec(CHORALE.roles, CHORALE.programs), dropout=0.35, bars=8, steps=1500,
               evaluate_every=150, checkpoint_every=50),  # 1.995, half way 1.947
    GridRecipe("folk-grid", "folk", GridSpec(FOLK.roles, FOLK.programs), dropout=0.2, steps=800, evaluate_every=100,
               checkpoint_every=50),  # 1.048
    # recurrent nets of about the same size, to compare with; not trained yet
    SequenceRecipe("pop-gru", "pop", POP, "gru", 512, 2, dropout=0.1, steps=2400, adam_lr=2e-3, evaluate_every=400),
    SequenceRecipe("chorale-gru", "chorale", CHORALE, "gru", 384, 1, dropout=0.3, length=256, steps=1500, adam_lr=2e-3,
                   role_drop=0.4, mark_drop=0.25, evaluate_every=150),
    SequenceRecipe("folk-gru", "folk", FOLK, "gru", 384, 1, dropout=0.2, length=384, steps=2000, adam_lr=2e-3,
                   evaluate_every=250),
    # counted in seconds; the figures are exact nats an event (and a note) on the validation split
    MarkovRecipe("pop-markov1", "pop", POP, 1),  # POP909 7.407 (8.388)
    MarkovRecipe("pop-markov3", "pop", POP, 3),  # POP909 7.567 (8.570)
    MarkovRecipe("chorale-markov", "chorale", CHORALE, 3),  # JSB 3.067 (3.713)
    MarkovRecipe("folk-markov", "folk", FOLK, 4, 2**14),  # Nottingham 2.239 (2.846)
    MarkovRecipe("band-markov", "band", BAND, 3),  # band-free 8.417 (9.051)
)
# fmt: on
RECIPES: dict[str, SequenceRecipe | MarkovRecipe | GanRecipe | GridRecipe] = {r.name: r for r in _ALL} | GANS


def find(name: str) -> SequenceRecipe | MarkovRecipe | GanRecipe | GridRecipe:
    """The recipe of that name.

    Raises:
      TrainingError: there is none; the known ones are listed.
    """
    if name not in RECIPES:
        raise TrainingError(f"There is no recipe {name!r}; choose one of {', '.join(sorted(RECIPES))}.")
    return RECIPES[name]
