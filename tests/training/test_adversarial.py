"""Adversarial objectives: losses and penalties by hand, augmentation, the ring of Gaussians, averages, watching, processes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, multiprocessing, nn

from antiphon.errors import TrainingError
from antiphon.models.layers import dense
from antiphon.training.adversarial import LOSSES, Adversary, Game, adversarial, penalties
from antiphon.training.augment import augment_rolls, shift_rows
from antiphon.training.batches import batches
from antiphon.training.distributed import place
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, train
from antiphon.training.penalties import one_centred, slope, zero_centred
from antiphon.training.phase import Phase, adam
from antiphon.training.reconstruction import binary_nll, cycle, divergence, features_apart
from antiphon.training.watch import accuracy, spread

SQUARES = torch.tensor([[1.0, 2.0], [3.0, -1.0]])


def bowl(x: Tensor) -> Tensor:
    """f(x) = 1.5 x0^2 + x0 x1: its slope is (3 x0 + x1, x0)."""
    return 1.5 * x[:, 0] ** 2 + x[:, 0] * x[:, 1]


def test_losses_are_those_of_the_papers() -> None:
    r, f = torch.tensor([0.5, 2.0]), torch.tensor([-1.0, 0.25])

    def log1pe(x: float) -> float:
        return math.log1p(math.exp(x))

    wanted = {
        "minimax": ((log1pe(-0.5) + log1pe(-2) + log1pe(-1) + log1pe(0.25)) / 2, -(log1pe(-1) + log1pe(0.25)) / 2),
        "non-saturating": ((log1pe(-0.5) + log1pe(-2) + log1pe(-1) + log1pe(0.25)) / 2, (log1pe(1) + log1pe(-0.25)) / 2),
        "hinge": ((0.5 + 0 + 0 + 1.25) / 2, 0.375),
        "wasserstein": (-0.375 - 1.25, 0.375),
        "least-squares": ((0.25 + 1 + 1 + 0.0625) / 2, (4 + 0.5625) / 2),
        "relativistic": ((log1pe(-1.5) + log1pe(-1.75)) / 2, (log1pe(1.5) + log1pe(1.75)) / 2),
    }
    assert set(wanted) == set(LOSSES)
    for name, (critic, generator) in wanted.items():
        assert float(LOSSES[name][0](r, f)) == pytest.approx(critic, abs=1e-6), name
        assert float(LOSSES[name][1](r, f)) == pytest.approx(generator, abs=1e-6), name


def test_penalties_are_those_of_slopes_worked_out_by_hand() -> None:
    assert slope(bowl, SQUARES).tolist() == [[5.0, 1.0], [8.0, 3.0]]
    assert zero_centred(bowl, SQUARES).item() == pytest.approx((26 + 73) / 4)
    # halfway from the origin every slope is half as long
    between = torch.tensor([[0.5], [0.5]])
    wanted = ((math.sqrt(26) / 2 - 1) ** 2 + (math.sqrt(73) / 2 - 1) ** 2) / 2
    assert one_centred(bowl, SQUARES, torch.zeros(2, 2), between).item() == pytest.approx(wanted, rel=1e-5)


def test_a_penalty_moves_the_critic_and_not_the_samples() -> None:
    critic = nn.Linear(2, 1, bias=False)
    x = SQUARES.clone().requires_grad_(True)
    zero_centred(lambda y: critic(y)[:, 0], x).backward()
    assert torch.allclose(critic.weight.grad, critic.weight.detach())  # type: ignore[arg-type]
    assert x.grad is None


def test_lazy_penalties_weigh_as_much_as_they_are_rare() -> None:
    lazy = Adversary(r1=2.0, r2=1.0, gp=3.0, penalty_every=4)
    batch = {"between": torch.full((2, 1), 0.5), "step": torch.tensor(8)}
    found = penalties(lazy, bowl, SQUARES, torch.zeros(2, 2), batch)
    assert found["r1"].item() == pytest.approx(4 * 2 * 99 / 4)
    assert found["r2"].item() == 0
    assert set(found) == {"gp", "r1", "r2"}
    assert penalties(lazy, bowl, SQUARES, SQUARES, batch | {"step": torch.tensor(9)}) == {}


def test_unknown_losses_are_refused() -> None:
    with pytest.raises(TrainingError, match="hinge"):
        Adversary("wishful")


def ring(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A point near one of eight places on a circle of radius 2, and noise for a step on it."""
    angle = index % 8 * 2 * math.pi / 8
    point = np.array([2 * math.cos(angle), 2 * math.sin(angle)]) + 0.05 * rng.standard_normal(2)
    noise, between = rng.standard_normal(4, dtype=np.float32), rng.random(1, dtype=np.float32)
    return {"x": point.astype(np.float32), "noise": noise, "between": between}


def ring_phases(adversary: Adversary, width: int = 64) -> tuple[nn.Module, nn.Module, list[Phase], Ema]:
    torch.manual_seed(0)
    generator = dense([4, width, width, 2], lambda: nn.LeakyReLU(0.2))
    critic = dense([2, width, width, 1], lambda: nn.LeakyReLU(0.2))
    ema = Ema(generator, 0.99)
    game = Game(lambda b: b["x"], lambda b: generator(b["noise"]), lambda x, b: critic(x)[:, 0])
    made = adam(1e-3, (0.0, 0.99)), adam(1e-3, (0.0, 0.99))
    return generator, critic, adversarial(generator, critic, adversary, game, *made, ema), ema


def feed(step: int) -> Iterator[dict[str, Tensor]]:
    for number, batch in enumerate(batches(8000, ring, 128, 0, step), start=step):
        yield batch | {"step": torch.tensor(number)}


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("weights", [{}, {"gp": 10.0}, {"r1": 1.0}, {"r1": 0.5, "r2": 0.5, "penalty_every": 2}])
def test_any_loss_goes_with_any_penalty_and_only_the_phase_moves(name: str, weights: dict[str, float]) -> None:
    generator, critic, phases, _ = ring_phases(Adversary(name, **weights), 8)  # type: ignore[arg-type]
    batch = next(feed(0))
    for phase, still in ((phases[0], generator), (phases[1], critic)):
        for p in phases:
            p.module.requires_grad_(p is phase)
        terms = phase.loss(batch)
        assert all(bool(torch.isfinite(v)) for v in terms.values())
        torch.stack(list(terms.values())).sum().backward()
        assert all(p.grad is None for p in still.parameters())
        assert sum(float(p.grad.abs().sum()) for p in phase.module.parameters() if p.grad is not None) > 0
        phase.module.zero_grad()


def test_the_ring_is_learnt_whole(tmp_path: Path) -> None:
    _, _, phases, ema = ring_phases(Adversary("relativistic", r1=0.3, r2=0.3))
    train(phases, feed, Budget(1300, 100, 10_000, 10_000), tmp_path)
    noise = torch.randn(1000, 4, generator=torch.Generator().manual_seed(3))
    points = ema.average(noise)
    angle = torch.arange(8) * 2 * math.pi / 8
    apart = torch.cdist(points, 2 * torch.stack([angle.cos(), angle.sin()], 1))
    near = apart.min(1).values < 0.5
    assert len(apart.argmin(1)[near].unique()) == 8
    assert float(near.double().mean()) > 0.6


def test_a_killed_game_resumes_bit_for_bit_with_its_average(tmp_path: Path) -> None:
    budget = Budget(12, 2, 100, 4)
    objective = Adversary("wasserstein", gp=10.0, critic_steps=3, penalty_every=2)
    _, _, phases, _ = ring_phases(objective, 8)
    train(phases, feed, budget, tmp_path)
    killed = tmp_path / "killed"
    killed.mkdir()

    def stop(step: int, logged: dict[str, float]) -> None:
        if step == 6:
            raise RuntimeError("killed")

    _, _, phases, _ = ring_phases(objective, 8)
    with pytest.raises(RuntimeError, match="killed"):
        train(phases, feed, budget, killed, progress=stop)
    _, _, phases, _ = ring_phases(objective, 8)
    train(phases, feed, budget, killed)
    a, b = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (tmp_path, killed))
    for part in ("modules", "averages"):
        for name, state in a[part].items():
            assert all(torch.equal(value, b[part][name][key]) for key, value in state.items())
    assert json.loads((killed / "stats.jsonl").read_text().splitlines()[-1])["step"] == 12


def test_the_average_lags_behind_and_copies_buffers() -> None:
    net = nn.BatchNorm1d(1)
    ema = Ema(net, 0.5)
    with torch.no_grad():
        net.weight.fill_(3.0)
    net.running_mean = torch.tensor([7.0])
    ema.update(net)
    average = ema.average
    assert isinstance(average, nn.BatchNorm1d)
    assert average.weight.item() == pytest.approx(1 + (1 - 2 / 11) * 2)
    assert float(average.running_mean) == 7  # type: ignore[arg-type]
    assert not any(p.requires_grad for p in ema.parameters())


def test_augmentation_transposes_and_drops_tracks_with_gradients() -> None:
    x = torch.zeros(2, 1, 2, 2, 3, 12, requires_grad=True)
    with torch.no_grad():
        x[:, 0, :, 0, 1, 5] = 1
    batch = {"shift": torch.tensor([[2.0], [-7.0]]), "keep": torch.tensor([[1.0, 1.0], [0.0, 1.0]])}
    out = augment_rolls(x, batch)
    assert out.nonzero().tolist() == [[0, 0, 0, 0, 1, 7], [0, 0, 1, 0, 1, 7]]
    out.sum().backward()
    assert x.grad is not None
    assert x.grad[0].sum() == 2 * 2 * 3 * 10
    assert shift_rows(torch.arange(4.0)[None], torch.tensor([1])).tolist() == [[0, 0, 1, 2]]


def test_reconstruction_terms_by_hand() -> None:
    logits, wanted = torch.tensor([[0.0, 2.0, -1.0]]), torch.tensor([[1.0, 1.0, 0.0]])
    each = [math.log(2), math.log1p(math.exp(-2)), math.log1p(math.exp(-1))]
    ones = torch.ones(1, 3)
    assert float(binary_nll(logits, wanted, ones)) == pytest.approx(sum(each))
    assert float(binary_nll(logits, wanted, torch.tensor([[0.0, 1.0, 1.0]]))) == pytest.approx(each[1] + each[2])
    assert float(binary_nll(logits, wanted, ones, positive=3.0)) == pytest.approx(3 * each[0] + 3 * each[1] + each[2])
    focal = sum(v * (1 - math.exp(-v)) ** 2 for v in each)
    assert float(binary_nll(logits, wanted, ones, focus=2.0)) == pytest.approx(focal)
    spent = divergence({"bar": torch.tensor([[[0.1, 0.1], [2.0, 1.0]], [[0.3, 0.1], [2.0, 3.0]]])}, free=0.5)
    assert float(spent["bar"]) == pytest.approx(0.5 + 4.0)
    assert float(features_apart((SQUARES,), (SQUARES,))) == 0


def test_translators_learn_to_move_one_cloud_onto_the_other(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ways = nn.ModuleDict({way: dense([2, 32, 2], nn.Tanh) for way in ("ab", "ba")})
    sides = nn.ModuleDict({side: dense([2, 32, 1], lambda: nn.LeakyReLU(0.2)) for side in ("a", "b")})

    def clouds(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        a, b = 0.3 * rng.standard_normal((2, 2))
        return {"a": a.astype(np.float32), "b": (b + [2.0, 1.0]).astype(np.float32)}

    def score(side: str, x: Tensor, batch: object) -> Tensor:
        out: Tensor = sides[side](x)[:, 0]
        return out

    made = adam(3e-3, (0.5, 0.99)), adam(3e-3, (0.5, 0.99))
    train(cycle(ways, sides, score, *made, weight=2.0), lambda s: batches(500, clouds, 64, 0, s), Budget(500), tmp_path)
    moved = ways["ab"](0.3 * torch.randn(500, 2, generator=torch.Generator().manual_seed(1))).detach()
    assert moved.mean(0).tolist() == pytest.approx([2.0, 1.0], abs=0.4)


def test_the_critics_accuracy_counts_pairs() -> None:
    assert accuracy(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0])) == pytest.approx(3.5 / 4)
    assert accuracy(torch.ones(3), torch.ones(3)) == 0.5


def test_collapse_is_told_from_health() -> None:
    draw = torch.Generator().manual_seed(0)
    real, other = torch.randn(80, 10, generator=draw), torch.randn(80, 10, generator=draw)
    healthy = spread(real, other)
    assert healthy.verdict == "sound"
    assert healthy.diversity == pytest.approx(1, abs=0.1)
    assert healthy.coverage > 0.7
    assert spread(real, real[:1].expand(80, 10)).verdict == "collapsed"
    assert spread(real, real[:1] + 0.05 * other).verdict == "collapsed"
    assert spread(real, 30 + other).verdict == "far from real"


def test_slices_of_a_batch_make_the_batch() -> None:
    whole = next(batches(50, ring, 6, 3))
    parts = [next(batches(50, ring, 6, 3, 0, (rank, 3))) for rank in range(3)]
    for name in whole:
        assert torch.equal(whole[name], torch.cat([part[name] for part in parts]))
    assert place() == (0, 1)


def _one_of_two(rank: int, folder: str) -> None:
    """One process of two: train, and leave the weights behind."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    _, _, phases, _ = ring_phases(Adversary("relativistic", r1=1.0, r2=1.0), 8)

    def half(step: int) -> Iterator[dict[str, Tensor]]:
        for number, batch in enumerate(batches(8000, ring, 16, 0, step, place()), start=step):
            yield batch | {"step": torch.tensor(number)}

    train(phases, half, Budget(5), Path(folder))
    torch.distributed.destroy_process_group()


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    multiprocessing.spawn(_one_of_two, args=(str(tmp_path),), nprocs=2)  # type: ignore[no-untyped-call]
    alone = tmp_path / "alone"
    alone.mkdir()
    _, _, phases, _ = ring_phases(Adversary("relativistic", r1=1.0, r2=1.0), 8)

    def whole(step: int) -> Iterator[dict[str, Tensor]]:
        for number, batch in enumerate(batches(8000, ring, 16, 0, step), start=step):
            yield batch | {"step": torch.tensor(number)}

    train(phases, whole, Budget(5), alone)
    a, b = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (tmp_path, alone))
    for part in ("modules", "averages"):
        for name, state in a[part].items():
            for key, value in state.items():
                assert torch.allclose(value.double(), b[part][name][key].double(), atol=1e-6), (name, key)
