"""A snapshot adapted: its weights come back exactly, and what was learnt is a snapshot of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.snapshot import open_snapshot
from antiphon.music.score import Score, Track
from antiphon.recipes.adapt import adapt, recipe_of, weights_of
from antiphon.recipes.export import export, trained
from antiphon.recipes.sequence import SequenceRecipe, run
from antiphon.representations.events import EventSpec

SPEC = EventSpec(("melody", "piano"), (0, 0), ((4, 4),), 4, 16)


def tunes(count: int, home: int) -> list[Piece]:
    """Pieces that wander about one note over held chords."""
    out = []
    for i in range(count):
        rng = np.random.default_rng([home, i])
        melody = [(t, 480, home + int(rng.choice([0, 2, 4, 7])), 90) for t in range(0, 8 * 1920, 480)]
        piano = [(t, 1920, home - 12 + step, 60) for t in range(0, 8 * 1920, 1920) for step in (0, 4, 7)]
        score = Score(tracks=(Track("melody", notes=melody), Track("piano", notes=piano)), length=8 * 1920)
        out.append(Piece(score, f"tune/{home}/{i}", f"{i}.mid"))
    return out


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[SequenceRecipe, Path, Path]:
    """A recipe, its run and its snapshot."""
    recipe = replace(SequenceRecipe("base", "pop", SPEC, mixed=False).tiny(), steps=6)
    place = tmp_path_factory.mktemp("adapt")
    run(recipe, iter(tunes(8, 60)), place / "run")
    export(recipe, place / "run", place / "base", {"data": "tunes", "licences": "none"})
    return recipe, place / "run", place / "base"


def test_the_weights_come_back_exactly(base: tuple[SequenceRecipe, Path, Path]) -> None:
    recipe, made, folder = base
    found = weights_of(open_snapshot(folder))
    for name, value in trained(recipe, made).state_dict().items():
        # matrices of fewer than 1,024 numbers are stored in single precision, where `trained` has rounded them already
        assert torch.equal(found[name], value), name


def test_what_was_learnt_is_a_style_of_its_own(base: tuple[SequenceRecipe, Path, Path], tmp_path: Path) -> None:
    said: list[tuple[str, float | None]] = []
    base_model = open_snapshot(base[2])
    told = adapt(tunes(8, 67), base_model, "mine", tmp_path / "mine", steps=6, tell=lambda *words: said.append(words))
    assert told["pieces"] == 8 and told["steps"] == 6 and told["after"] < told["before"]
    assert said[0] == ("reading the music", None) and said[-1][1] == 1.0
    writer = load(str(tmp_path / "mine"))
    assert (writer.description.name, writer.description.style) == ("mine", "mine")
    assert "tunes" in str(writer.description.card["data"]) and (tmp_path / "mine" / "originality.npz").is_file()
    (take,) = writer.write(Request(bars=2), [1])
    assert take.score.tracks
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_too_little_music_is_refused_and_leaves_nothing(base: tuple[SequenceRecipe, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="Too little"):
        adapt(tunes(1, 60), open_snapshot(base[2]), "mine", tmp_path / "mine", steps=2)
    assert list(tmp_path.iterdir()) == []


def test_only_transformers_are_adapted(base: tuple[SequenceRecipe, Path, Path]) -> None:
    with pytest.raises(TrainingError, match="only transformers"):
        recipe_of(replace(open_snapshot(base[2]), kind="gru"), "mine")
