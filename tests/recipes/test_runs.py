"""Runs as the command line sees them: recipes read back, corpora opened, a few bars sampled without any export."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from antiphon.corpus.piece import Piece
from antiphon.corpus.store import save_pieces
from antiphon.errors import InputError, TrainingError
from antiphon.models.markov import MarkovConfig, count_events
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Score, Track
from antiphon.recipes import runs
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.catalog import RECIPES
from antiphon.recipes.data import prepare
from antiphon.recipes.sequence import SequenceRecipe, build
from antiphon.recipes.sketch import TorchRuntime, figures, sketch
from antiphon.representations.events import EventCodec, EventSpec

SPEC = EventSpec(("melody",), (0,))
CODEC = EventCodec(SPEC)


def tune(seed: int) -> Score:
    rng = np.random.default_rng(seed)
    notes = [(480 * i, 480, 60 + int(rng.integers(12)), 90) for i in range(8)]
    return Score(480, (Track("melody", 0, notes=notes),), keys=(KeyMark(0, Key(0)),), length=3840)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_is_read_back_from_its_run(name: str, tmp_path: Path) -> None:
    for recipe in (RECIPES[name], runs.adjusted(RECIPES[name], tiny=True)):
        runs.opened(recipe, tmp_path / str(hash(recipe)))
        assert runs.read_recipe(tmp_path / str(hash(recipe))) == recipe
    roles = recipe.rolls.roles if isinstance(recipe, GanRecipe) else recipe.spec.roles
    assert runs.roles_of(recipe) == roles
    names = {"GanRecipe": "gan", "GridRecipe": "grid"}
    assert runs.kind_of(recipe) == names.get(type(recipe).__name__, getattr(recipe, "kind", ""))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "markov", "spec": {}}'])
def test_a_damaged_recipe_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(TrainingError, match="cannot be read"):
        runs.read_recipe(tmp_path)
    with pytest.raises(TrainingError, match="holds no run"):
        runs.read_recipe(tmp_path / "nowhere")


def test_a_recipe_with_more_than_this_version_knows_is_told(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps(asdict(RECIPES["pop-gru"]) | {"magic": 1}))
    with pytest.raises(TrainingError, match="another version"):
        runs.read_recipe(tmp_path)


def test_stores_and_folders_are_both_corpora(tmp_path: Path) -> None:
    save_pieces(tmp_path / "store", [Piece(tune(i), f"w{i}", f"{i}.mid", "train") for i in range(3)])
    assert [p.work for p in runs.pieces_from(tmp_path / "store")] == ["w0", "w1", "w2"]
    with pytest.raises(InputError, match="no folder"):
        list(runs.pieces_from(tmp_path / "nowhere"))


def test_a_small_corpus_gives_a_tenth_of_its_works_to_validation() -> None:
    pieces = [Piece(tune(i), f"w{i // 2}", f"{i}.mid", "train") for i in range(24)]
    data = prepare(pieces, SPEC)
    assert [len(data.splits[name].pieces) for name in ("train", "valid", "test")] == [22, 2, 0]  # both of one work
    assert data.facts == prepare(pieces, SPEC).facts


def test_figures_by_hand() -> None:
    sharp = Score(
        480, (Track("melody", 0, notes=[(0, 480, 60, 90), (480, 480, 61, 90)]),), keys=(KeyMark(0, Key(0)),), length=3840
    )
    silent = Score(480, (), keys=(KeyMark(0, Key(0)),), length=1920)
    assert figures([sharp]) == {"sample/notes_a_bar": 1.0, "sample/in_key": 0.5, "sample/empty_bars": 0.5}
    assert figures([sharp, silent]) == {"sample/notes_a_bar": 0.5, "sample/in_key": 0.25, "sample/empty_bars": 0.75}


@pytest.mark.parametrize("kind", ["transformer", "gru", "markov"])
def test_the_sketching_runtime_tells_what_the_model_tells(kind: str) -> None:
    events = CODEC.encode(tune(1), Key(0)).astype(np.int64)
    times = CODEC.times(events.astype(np.int16)).astype(np.int64)
    if kind == "markov":
        model = count_events(MarkovConfig(tuple(v.size for v in CODEC.vocabularies), 2, 256), [CODEC.encode(tune(1), Key(0))])
    else:
        model = build(replace(SequenceRecipe("t", "pop", SPEC, kind=kind).tiny(), dropout=0.0), CODEC)  # type: ignore[assignment]
    model.eval()
    rows, clock = torch.from_numpy(events)[None], torch.from_numpy(times)[None]
    with torch.no_grad():
        wanted = model(rows[:, :-1], clock[:, :-1], rows[:, 1:])
    runtime = TorchRuntime(model)
    runtime.reset(2)
    for t in range(len(events) - 1):
        state = runtime.feed(np.stack([events[t]] * 2), np.stack([times[t]] * 2))
        for f in range(4):
            got = runtime.logits(f, state, np.stack([events[t + 1, :f]] * 2))
            assert np.allclose(got[1], wanted[f][0, t].numpy(), atol=1e-4)
    facts = {"meters": {"4/4": 1}, "keys": {"C major": 1}, "tempos": [100.0] * 4}
    scores = sketch("t", "pop", SPEC, model, facts, 0)
    assert [s.length for s in scores] == [4 * 1920] * 2
    assert scores == sketch("t", "pop", SPEC, model, facts, 0)
