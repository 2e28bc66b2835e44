"""The loop: what moves, what is logged, what is saved, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from antiphon.errors import TrainingError
from antiphon.training.batches import batches, collate, shuffled
from antiphon.training.checkpoint import read_state
from antiphon.training.loop import Budget, open_run, train
from antiphon.training.phase import Batch, Phase, adam, muon
from antiphon.training.schedule import constant, warmup_cosine


def examples(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"x": np.array([index, rng.random()])}


def places(seed: int, step: int, steps: int) -> list[list[float]]:
    stream = batches(7, examples, 3, seed, step)
    return [next(stream)["x"].flatten().tolist() for _ in range(steps)]


def test_the_order_is_a_function_of_seed_and_step_alone() -> None:
    straight = places(5, 0, 9)
    assert places(5, 4, 5) == straight[4:]  # in the middle of an epoch
    assert places(6, 0, 9) != straight


def test_every_epoch_sees_everything_once_in_a_new_order() -> None:
    order = shuffled(10, 1)
    first, second = [next(order) for _ in range(10)], [next(order) for _ in range(10)]
    assert sorted(first) == sorted(second) == list(range(10)) and first != second


def test_short_examples_are_padded_with_zeros() -> None:
    batch = collate([{"events": np.ones((2, 4), np.int64)}, {"events": np.ones((3, 4), np.int64)}])["events"]
    assert batch.shape == (2, 3, 4) and batch.dtype == torch.int64
    assert batch[0, 2].tolist() == [0] * 4 and batch[1, 2].tolist() == [1] * 4


def test_the_pace_rises_and_then_falls_along_a_cosine() -> None:
    assert [warmup_cosine(s, 1100) for s in (0, 49, 99, 100, 600, 1100)] == pytest.approx([0.01, 0.5, 1, 1, 0.51, 0.02])
    falling = [warmup_cosine(s, 1100) for s in range(100, 1200, 50)]
    assert all(a >= b for a, b in pairwise(falling))
    assert constant(0, 1) == constant(10**6, 1) == 1


def nothing(step: int) -> Iterator[dict[str, Tensor]]:
    while True:
        yield {"x": torch.ones(1, 2)}


def sgd(lr: float):  # type: ignore[no-untyped-def]
    return lambda module: [torch.optim.SGD(module.parameters(), lr)]


def test_a_phase_moves_its_own_module_alone_and_in_its_own_time(tmp_path: Path) -> None:
    a, b = nn.Linear(2, 1), nn.Linear(1, 1)
    seen: list[tuple[str, bool, bool]] = []

    def loss(name: str):  # type: ignore[no-untyped-def]
        def compute(batch: Batch) -> dict[str, Tensor]:
            seen.append((name, a.weight.requires_grad, b.weight.requires_grad))
            return {"loss": b(a(batch["x"])).square().mean()}

        return compute

    before = b.weight.clone()
    phases = [Phase("a", a, loss("a"), sgd(0.1)), Phase("b", b, loss("b"), sgd(0.0), every=2)]
    train(phases, nothing, Budget(3), tmp_path)
    assert seen == [("a", True, False), ("b", False, True), ("a", True, False), ("a", True, False), ("b", False, True)]
    assert torch.equal(b.weight, before)  # its own pace was nought, and the first phase left it alone


def test_gradients_are_clipped_and_their_norm_is_logged(tmp_path: Path) -> None:
    module = nn.Linear(2, 1, bias=False)
    before = module.weight.detach().clone()
    phase = Phase("p", module, lambda batch: {"loss": 300 * module(batch["x"]).sum()}, sgd(1.0), clip=1.0)
    logged = train([phase], nothing, Budget(1), tmp_path)
    assert logged["p/gradient"] == pytest.approx(300 * 2**0.5, rel=1e-4)
    assert float((module.weight - before).norm()) == pytest.approx(1.0, rel=1e-3)


def regression(folder: Path, steps: int, stop_at: int | None = None, width: int = 2) -> tuple[nn.Linear, dict[str, float]]:
    """A line fitted to seeded points; Ctrl-C comes in the middle of step `stop_at`."""
    torch.manual_seed(0)
    module = nn.Linear(width, 1)
    count = [0]

    def loss(batch: Batch) -> dict[str, Tensor]:
        if count[0] == stop_at:
            raise KeyboardInterrupt
        count[0] += 1
        return {"error": (module(batch["x"]) - batch["x"].sum(1, keepdim=True)).square().mean()}

    def stream(step: int) -> Iterator[dict[str, Tensor]]:
        return batches(20, lambda i, rng: {"x": rng.standard_normal(width).astype(np.float32)}, 4, 0, step)

    return module, train([Phase("line", module, loss, adam(0.05))], stream, Budget(steps, 1, 100, 100), folder)


def test_ctrl_c_saves_and_the_same_call_goes_on(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    straight, _ = regression(tmp_path / "a", 10)
    _, logged = regression(tmp_path / "b", 10, stop_at=6)
    assert logged["interrupted"] == 1 and read_state(tmp_path / "b" / "checkpoint.pt")["step"] == 6
    resumed, logged = regression(tmp_path / "b", 10)
    assert "interrupted" not in logged
    assert torch.equal(resumed.weight, straight.weight)
    steps = [json.loads(line)["step"] for line in (tmp_path / "b" / "stats.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 11))


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    regression(tmp_path, 2)
    with pytest.raises(TrainingError, match="does not fit this recipe"):
        regression(tmp_path, 4, width=3)


@pytest.mark.parametrize("damage", ["empty", "words", "cut"])
def test_a_damaged_checkpoint_is_told(tmp_path: Path, damage: str) -> None:
    regression(tmp_path, 2)
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "words": b"not a checkpoint", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(TrainingError, match=r"checkpoint\.pt is damaged"):
        regression(tmp_path, 4)


def test_a_loss_beyond_all_bounds_stops_the_run(tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    phase = Phase("wild", module, lambda batch: {"loss": module(batch["x"]).sum() * float("nan")}, sgd(1.0))
    with pytest.raises(TrainingError, match="phase 'wild' is not finite"):
        train([phase], nothing, Budget(1), tmp_path)


def test_hooks_come_when_they_should(tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    phase = Phase("p", module, lambda batch: {"loss": module(batch["x"]).square().sum()}, sgd(0.1))
    calls: list[tuple[str, int]] = []

    def look(step: int, logged: dict[str, float]) -> None:
        calls.append(("look", step))
        logged["valid/x"] = 0.5

    logged = train(
        [phase], nothing, Budget(7, 2, 3, 5), tmp_path, evaluate=look, progress=lambda s, _: calls.append(("tell", s))
    )
    assert calls == [
        ("tell", 2), ("look", 3), ("tell", 4), ("look", 6), ("tell", 6), ("look", 7), ("tell", 7),
    ]  # fmt: skip
    assert logged["valid/x"] == 0.5


def test_a_run_of_another_recipe_is_left_alone(tmp_path: Path) -> None:
    open_run(tmp_path / "run", {"lr": 0.1, "spec": {"roles": ("a", "b")}})
    open_run(tmp_path / "run", {"lr": 0.1, "spec": {"roles": ("a", "b")}})
    with pytest.raises(TrainingError, match=r"lr: 0\.1 -> 0\.2; steps: None -> 3"):
        open_run(tmp_path / "run", {"lr": 0.2, "spec": {"roles": ("a", "b")}, "steps": 3})


def test_muon_takes_hidden_matrices_and_adam_the_rest() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tables = nn.ModuleList([nn.Embedding(3, 4)])
            self.hidden = nn.Linear(4, 4)
            self.out = nn.ModuleList([nn.Linear(4, 3)])

    net = Net()
    first, second = muon()(net)
    assert [p.shape for g in first.param_groups for p in g["params"]] == [(4, 4)]
    assert sum(len(g["params"]) for g in second.param_groups) == 4
