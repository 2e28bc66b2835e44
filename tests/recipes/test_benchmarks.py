"""Tests of the benchmark recipes: tiny runs, resumed runs, exports that cost on the stage what they cost in training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import InputError, SnapshotError, TrainingError
from antiphon.generate.frames import frame_nats, note_nats, open_frames
from antiphon.models.markov_voices import MarkovConfig, VoicesMarkov, repetition
from antiphon.recipes import benchmark, jsb16, jsb16_fill, polyphonic
from antiphon.recipes.frame_catalog import FRAMES, benchmark_of, find_frames
from antiphon.recipes.frame_runs import adjusted_frames, export_frames, parameters_of, read_frames, train_frames
from antiphon.recipes.frames import best_of


def chorales(seed: int, count: int) -> list[np.ndarray]:
    """Four voices that step about, a little longer than a window of the tiny recipes."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        frames = 4 * int(rng.integers(8, 13))
        moves = rng.integers(-2, 3, (frames // 4, 4)).cumsum(0).clip(-4, 4).repeat(4, axis=0)
        made.append(np.array([70, 65, 60, 52]) + moves)
        made[-1][-4:, 1] = -1
    return made


@pytest.fixture(scope="module")
def jsb_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jsb")
    splits = {s: [p.tolist() for p in chorales(i, 3)] for i, s in enumerate(("train", "valid", "test"))}
    (folder / "Jsb16thSeparated.json").write_text(json.dumps(splits))
    return folder


def rolls(seed: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        roll = np.zeros((20, 88), np.int64)
        for t in range(20):
            roll[t, rng.choice(np.arange(30, 60), int(rng.integers(0, 5)), replace=False)] = 1
        made.append(roll)
    return made


def test_every_recipe_is_small_and_known_by_name() -> None:
    assert {benchmark_of(r) for r in FRAMES.values()} == {"jsb16", "polyphonic"}
    assert all(parameters_of(r) <= 5_000_000 for r in FRAMES.values())
    with pytest.raises(TrainingError, match="choose one of jsb16-transformer"):
        find_frames("polyphonic-jsb", "jsb16")
    with pytest.raises(TrainingError, match="at least one step"):
        adjusted_frames(FRAMES["jsb16-gru"], steps=0)


def test_a_tiny_transformer_run_resumes_exports_and_is_measured(jsb_folder: Path, tmp_path: Path) -> None:
    recipe = FRAMES["jsb16-transformer"].tiny()
    assert isinstance(recipe, jsb16.VoicesRecipe)
    straight = train_frames(recipe, jsb_folder, tmp_path / "straight")
    half, stopped = tmp_path / "half", 0

    def stop(step: int, logged: dict[str, float]) -> None:
        nonlocal stopped
        stopped = step
        raise KeyboardInterrupt

    # the schedule looks at all steps, so a run is stopped in its middle rather than planned shorter
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsb16, "Budget", lambda steps, log, look, keep: jsb16_budget(steps, 4, look, keep))
        assert "interrupted" in train_frames(recipe, jsb_folder, half, stop)
    assert stopped == 4
    resumed = train_frames(recipe, jsb_folder, half)
    assert resumed["valid/nll"] == straight["valid/nll"]
    export_frames(recipe, half, tmp_path / "snapshot")
    model = open_frames(tmp_path / "snapshot")
    net = jsb16.build(recipe)
    best_of(half, net)
    piece = json.loads((jsb_folder / "Jsb16thSeparated.json").read_text())["test"][0]
    assert float(note_nats(model, np.array(piece)).mean()) == pytest.approx(
        jsb16.evaluate(net, [np.array(piece)])["nll"], abs=1e-4
    )
    report = benchmark.jsb16(jsb_folder, [tmp_path / "snapshot"])
    row = report["rows"][0]
    assert row["test"]["units"] == sum(len(p) * 4 for p in chorales(2, 3))
    assert 0 < row["valid"]["nll"] < 1.1 * np.log(53)
    assert report["choices"]["order"].startswith("soprano, bass, alto, tenor")
    with pytest.raises(InputError, match="33 to 84"):
        note_nats(model, np.full((8, 4), 90))
    assert read_frames(half) == recipe
    with pytest.raises(TrainingError, match="another recipe"):
        train_frames(replace(recipe, seed=1), jsb_folder, half)


def jsb16_budget(steps: int, log: int, look: int, keep: int) -> object:
    from antiphon.training.loop import Budget

    return Budget(steps, log, look, keep)


def test_a_recurrent_graph_takes_any_number_of_frames(tmp_path: Path) -> None:
    recipe = FRAMES["jsb16-gru"].tiny()
    assert isinstance(recipe, jsb16.VoicesRecipe)
    splits = {s: chorales(i, 2) for i, s in enumerate(("train", "valid", "test"))}
    jsb16.run(recipe, splits, tmp_path)
    export_frames(recipe, tmp_path, tmp_path / "snapshot")
    net = jsb16.build(recipe)
    best_of(tmp_path, net)
    model = open_frames(tmp_path / "snapshot")
    for frames in (2, 31, 90):
        piece = np.concatenate(chorales(frames, 3))[:frames]
        assert float(note_nats(model, piece).mean()) == pytest.approx(jsb16.evaluate(net, [piece])["nll"], abs=1e-4)


def test_a_tiny_polyphonic_run_costs_on_the_stage_what_it_costs_in_training(tmp_path: Path) -> None:
    recipe = FRAMES["polyphonic-jsb"].tiny()
    assert isinstance(recipe, polyphonic.KeysRecipe)
    splits = {s: rolls(i, 3) for i, s in enumerate(("train", "valid", "test"))}
    logged = polyphonic.run(recipe, splits, tmp_path)
    assert np.isfinite(logged["valid/nll"])
    export_frames(recipe, tmp_path, tmp_path / "snapshot", {"words": "none"})
    net = polyphonic.build(recipe)
    best_of(tmp_path, net)
    model = open_frames(tmp_path / "snapshot")
    assert model.card["corpus"] == "jsb"
    for roll in splits["test"]:
        assert float(frame_nats(model, roll).mean()) == pytest.approx(polyphonic.evaluate(net, [roll])["nll"], abs=1e-3)
    with pytest.raises(InputError, match="at most 15 keys"):
        frame_nats(model, np.ones((2, 88), np.int64))
    (tmp_path / "snapshot" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(SnapshotError, match="checksum"):
        open_frames(tmp_path / "snapshot")


def test_masks_open_something_and_not_always_the_same() -> None:
    rng = np.random.default_rng(0)
    for make in (jsb16_fill.orderless, jsb16_fill.musical):
        masks = [make((32, 4), rng) for _ in range(50)]
        assert all(m.any() for m in masks)
        shares = [m.mean() for m in masks]
        assert max(shares) > 0.6 and min(shares) < 0.2


def test_the_chain_counts_every_probability_once_and_learns_a_repetition() -> None:
    config = MarkovConfig()
    pieces = [np.where(p < 0, 0, p - config.lowest + 1) for p in chorales(0, 4)]
    chain = VoicesMarkov(config, pieces)
    for piece in [*pieces[:1], *(np.where(p < 0, 0, p - config.lowest + 1) for p in chorales(9, 2))]:
        assert np.allclose(np.exp(chain.log_probabilities(piece)).sum(-1), 1.0)
    assert chain.nats(pieces[0]).mean() < 0.5 * np.log(config.symbols)
    phrase = np.random.default_rng(0).integers(1, 50, (20, 4))
    source, length = repetition(np.concatenate([phrase, phrase]))
    assert source[25:].tolist() == list(range(5, 20)) and length[39] == 19


def test_the_chain_does_not_see_the_future() -> None:
    config = MarkovConfig()
    pieces = [np.where(p < 0, 0, p - config.lowest + 1) for p in chorales(0, 3)]
    chain, piece = VoicesMarkov(config, pieces), pieces[0]
    plain = chain.log_probabilities(piece)
    other = piece.copy()
    other[20, 1] += 1
    moved = np.abs(chain.log_probabilities(other) - plain).max(-1)
    assert moved[:20].max() == 0 and moved[20, [0, 3, 1]].max() == 0
