"""Copies among cells, and lessons from a critic: sources, preferences, and a tiny run from takes to snapshot."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_grid_recipe import RECIPE, SPEC, pieces

from antiphon.errors import TrainingError
from antiphon.evaluate.realness import logistic
from antiphon.generate.grid import GridGenerator
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.recipes import runs
from antiphon.recipes.grid import GridRecipe, build
from antiphon.recipes.grid_data import GridSet, prepare_grid
from antiphon.recipes.grid_lessons import (
    Lessons,
    described,
    heard,
    lesson_stream,
    margins,
    plans_of,
    read_lesson,
    score_of,
    write_lesson,
)
from antiphon.representations.events import DURATIONS
from antiphon.representations.grid import COPY, END, LOWEST

LESSONS = replace(
    RECIPE,
    name="test-taught",
    base="test-grid",
    steps=4,
    lessons=Lessons(2, 8, 4, pairs=2),
    evaluate_every=2,
    checkpoint_every=2,
)


def test_the_critic_finds_the_difference_and_hears_what_it_was_not_fitted_on() -> None:
    rng = np.random.default_rng(0)
    made, real = rng.normal(size=(64, 5)), rng.normal(size=(64, 5))
    made[:, 2] -= 3
    weights = logistic(made, real, 1.0)
    assert int(np.abs(weights[:-1]).argmax()) == 2
    assert weights[2] > 0
    half = np.arange(64) // 4 % 2
    likes, right = heard(made, half, real, 1.0)
    assert right > 0.85
    assert np.corrcoef(likes, made[:, 2])[0, 1] > 0.8
    nothing, half = rng.normal(size=(2, 400, 5)), np.arange(400) // 4 % 2
    assert heard(nothing[0], half, nothing[1], 30.0)[1] < 0.6


def test_plans_need_all_parts() -> None:
    data = prepare_grid(pieces(), SPEC)
    rng = np.random.default_rng(0)
    assert all(piece.present.all() for piece, _ in plans_of(data.splits["train"], 4, 20, rng))
    with pytest.raises(TrainingError, match="all parts"):
        plans_of(GridSet(), 4, 20, rng)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rounds of lessons on tiny data, from a tiny base."""
    folder = tmp_path_factory.mktemp("taught")
    runs.start(RECIPE, pieces(), folder / "base")
    runs.check_begin(LESSONS, folder / "base", tiny=False)
    runs.start(LESSONS, pieces(), folder / "run", begin=folder / "base")
    return folder


def test_lessons_end_in_a_snapshot_that_plays(taught: Path) -> None:
    recipe = runs.export_run(taught / "run", taught / "snapshot", card={"data": "made up"})
    assert isinstance(recipe, GridRecipe)
    assert recipe.lessons == LESSONS.lessons
    player = load(str(taught / "snapshot"))
    assert isinstance(player, GridGenerator)
    first, again = player.write(Request(4), [1])[0], player.write(Request(4), [1])[0]
    assert first.score == again.score
    rows = [json.loads(line) for line in (taught / "run" / "round2" / "stats.jsonl").read_text().splitlines()]
    assert {"model/nll", "model/lesson", "critic/right", "lesson/carried over", "valid/nll_note"} <= set(rows[-1])


def test_the_same_call_goes_on_and_changes_nothing_when_done(taught: Path) -> None:
    before = torch.load(taught / "run" / "checkpoint.pt", weights_only=True)["modules"]["model"]
    lesson = (taught / "run" / "round1" / "lesson.npz").stat().st_mtime_ns
    runs.start(LESSONS, pieces(), taught / "run", begin=taught / "base")
    after = torch.load(taught / "run" / "checkpoint.pt", weights_only=True)["modules"]["model"]
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert (taught / "run" / "round1" / "lesson.npz").stat().st_mtime_ns == lesson


def test_a_pair_is_of_one_plan_and_the_margin_begins_at_nothing(taught: Path) -> None:
    pairs = read_lesson(taught / "run" / "round1" / "lesson.npz")
    assert len(pairs["win_before"]) == 2 * 8
    assert np.array_equal(pairs["win/features"], pairs["lose/features"])
    assert np.array_equal(pairs["win/piece"], pairs["lose/piece"])
    network = build(RECIPE)
    weights = torch.load(taught / "base" / "checkpoint.pt", weights_only=True)["averages"]["model"]
    network.load_state_dict({k.removeprefix("average."): v for k, v in weights.items() if k.startswith("average.")})
    for p in network.parameters():
        p.data = p.data.half().float()
    batch = next(lesson_stream(pairs, 4, 0, 0))
    assert margins(network.eval(), batch, False).abs().max() < 1e-2
    shifted = batch | {"win_before": batch["win_before"] - 3}
    assert torch.allclose(margins(network, shifted, False) - margins(network, batch, False), torch.full((4,), 3.0), atol=1e-3)


def test_a_lesson_is_kept_as_it_was(tmp_path: Path) -> None:
    pairs = {"win/row": np.arange(6, dtype=np.uint8).reshape(2, 3), "win_before": np.array([1.5, 2.5])}
    write_lesson(tmp_path / "lesson.npz", pairs, {"critic/right": 0.9})
    found = read_lesson(tmp_path / "lesson.npz")
    assert set(found) == set(pairs)
    assert all(np.array_equal(found[name], value) for name, value in pairs.items())


def test_copies_are_drawn_as_cells(taught: Path) -> None:
    """Where the network says that a cell is a copy, what is written is the source's events, never the word itself."""
    runs.export_run(taught / "run", taught / "copier", card={"data": "made up"})
    player = load(str(taught / "copier"))
    assert isinstance(player, GridGenerator)
    player.cool = (50.0, 1.0, 1.0, 1.0)  # the beginning of a cell is then drawn from all that may be
    player.floor = (1e-9, 0.01, 0.01, 0.01)
    cells = player.written_to([((1, 3), np.zeros((16, 4), np.uint8))] * 4, range(4))
    first = [cell[:, 0] for take in cells for bar in take for cell in bar if cell is not None and len(cell)]
    assert max(int(steps.max()) for steps in first) < END < COPY
    same = [
        take[bar][row].tobytes() == take[bar - 1][row].tobytes()  # type: ignore[union-attr]
        for take in cells
        for bar in range(1, 16)
        for row in (1, 2)
        if len(take[bar][row]) > 1  # type: ignore[arg-type]
    ]
    assert sum(same) > 0


def test_only_the_last_bars_know_the_end_and_none_is_told_that_it_is_the_last(taught: Path) -> None:
    runs.export_run(taught / "run", taught / "ending", card={"data": "made up"})
    player = load(str(taught / "ending"))
    assert isinstance(player, GridGenerator)
    canvas = player._canvas(Request(8), np.random.default_rng(0))
    assert canvas.features[:, 3].tolist() == [0, 0, 0, 0, 0, 0, 3, 2]


def test_silent_parts_are_heard_as_silent_and_silent_pieces_not_at_all() -> None:
    """Descriptors of a piece do not hang on which parts its neighbours have."""
    full = score_of([[None, note(60), note(48)]] * 4, False, SPEC)
    bare = score_of([[None, None, np.concatenate([note(48), note(55)])]] * 4, False, SPEC)
    none = score_of([[None, None, None]] * 3 + [[None, note(60), note(48)]], False, SPEC)
    one, which = described([bare, none, full], 4, SPEC.roles)
    other, _ = described([full, bare], 4, SPEC.roles)
    assert which.tolist() == [0, 2]
    assert np.array_equal(one, other[::-1], equal_nan=True)
    assert not np.array_equal(one[0], one[1], equal_nan=True)


def note(pitch: int) -> np.ndarray:
    """A cell of one long note."""
    return np.array([[0, 1 + pitch - LOWEST, 1 + DURATIONS.index(8)]], dtype=np.uint8)
