"""The adversarial family's networks: shapes, binary neurons, chroma, calibration, the autoencoder's ladder."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from antiphon.models.gan.attention import AttentionConfig, AttentionCritic, AttentionGenerator
from antiphon.models.gan.conv import ConvCritic, ConvGenerator
from antiphon.models.gan.cycle import Translator
from antiphon.models.gan.mlp import MlpCritic, MlpGenerator
from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.models.gan.sequence import SequenceCritic, SequenceGenerator
from antiphon.models.gan.vae import RollAutoencoder
from antiphon.models.layers import (
    MinibatchFeatures,
    chroma,
    gumbel_choice,
    spectral,
    straight_through,
    straight_through_sample,
)

SHAPE = RollShape(2, 3, 8, 24)
CONFIG = AttentionConfig(16, 2, 6, 4, 3, 8, 1, 1)


def generators() -> list[RollGenerator]:
    torch.manual_seed(0)
    return [MlpGenerator(SHAPE, 10), ConvGenerator(SHAPE, 10, 16), AttentionGenerator(SHAPE, CONFIG)]


def critics(minibatch: bool = False) -> list[nn.Module]:
    torch.manual_seed(0)
    return [MlpCritic(SHAPE, minibatch=minibatch), ConvCritic(SHAPE, 8, minibatch), AttentionCritic(SHAPE, 16, 1, 0, minibatch)]


@pytest.mark.parametrize("at", range(3))
def test_generators_write_binary_cells_and_learn(at: int) -> None:
    net = generators()[at]
    noise = torch.randn(5, net.noise)
    net.calibrate(noise, torch.full((3, 2), 0.1), torch.full((3,), 0.7))
    cells = net(noise)
    assert cells.shape == (5, *SHAPE.cells)
    assert set(cells.detach().unique().tolist()) <= {0.0, 1.0}
    cells.sum().backward()
    still = [name for name, p in net.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    assert still == []
    soft = net.probabilities(noise)
    assert bool(((soft >= 0) & (soft <= 1)).all())


@pytest.mark.parametrize("minibatch", [False, True])
@pytest.mark.parametrize("at", range(3))
def test_critics_judge_each_sample_by_itself_unless_they_look_at_the_batch(at: int, minibatch: bool) -> None:
    net = critics(minibatch)[at].eval()
    x = (torch.rand(6, *SHAPE.cells) < 0.1).float()
    present = torch.ones(6, 3)
    together = net(x, present)
    assert together.shape == (6,)
    alone = torch.cat([net(x[i : i + 1], present[i : i + 1]) for i in range(6)])
    assert torch.allclose(together, alone, atol=1e-5) is not minibatch


def test_deterministic_neurons_fire_above_the_threshold_and_let_gradients_pass() -> None:
    p = torch.tensor([0.2, 0.5, 0.51, 0.9], requires_grad=True)
    out = straight_through(p)
    assert out.tolist() == pytest.approx([0, 0, 1, 1])
    (out * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert p.grad is not None
    assert p.grad.tolist() == [1, 2, 3, 4]


def test_stochastic_neurons_fire_as_often_as_they_say() -> None:
    p = torch.full((20_000,), 0.3, requires_grad=True)
    out = straight_through_sample(p, torch.rand(20_000, generator=torch.Generator().manual_seed(1)))
    assert float(out.detach().mean()) == pytest.approx(0.3, abs=0.01)
    out.sum().backward()
    assert p.grad is not None
    assert bool((p.grad == 1).all())


def test_gumbel_choices_follow_the_softmax() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0]).expand(30_000, 3).clone().requires_grad_(True)
    out = gumbel_choice(logits, torch.rand(30_000, 3, generator=torch.Generator().manual_seed(2)))
    assert torch.allclose(out.sum(-1), torch.ones(30_000), atol=1e-5)
    assert torch.allclose(out.detach().mean(0), logits[0].softmax(-1).detach(), atol=0.01)
    out[:, 0].sum().backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().sum()) > 0


def test_chroma_folds_octaves_and_not_neighbours() -> None:
    rows = torch.zeros(72)
    rows[[0, 12, 36]] = 1  # C1, C2, C4
    assert chroma(rows).tolist() == [3, *[0] * 11]
    rows = torch.zeros(72)
    rows[:3] = 1  # C, C#, D
    assert chroma(rows).tolist() == [1, 1, 1, *[0] * 9]
    low = torch.zeros(10)
    low[[0, 3]] = 1  # rows from A on: A and C
    assert chroma(low, 21).nonzero().flatten().tolist() == [0, 9]


def test_the_critic_sees_octaves_as_one_chroma() -> None:
    net = AttentionCritic(SHAPE, 16, 1, 0)
    seen: list[torch.Tensor] = []
    net.classes.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    x = torch.zeros(1, *SHAPE.cells)
    y = x.clone()
    x[0, 0, 0, 0, 0, 2], y[0, 0, 0, 0, 0, 14] = 1, 1
    net(x, torch.ones(1, 3))
    net(y, torch.ones(1, 3))
    assert torch.equal(seen[0], seen[1])
    assert float(seen[0].sum()) > 0


def test_minibatch_features_tell_copies_from_different_samples() -> None:
    torch.manual_seed(0)
    layer = MinibatchFeatures(4)
    same, other = torch.ones(6, 4), torch.randn(6, 4) * 3
    assert bool((layer(same)[:, 4:] > 0.99).all())
    assert float(layer(other)[:, 4:].detach().mean()) < 0.5


def test_spectral_norm_bounds_every_weight() -> None:
    net = spectral(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))).train()
    for _ in range(50):
        net(torch.randn(2, 8))
    assert float(torch.linalg.matrix_norm(net[0].weight, 2).detach()) == pytest.approx(1, abs=0.02)  # type: ignore[index]


def test_calibration_gives_samples_the_rates_that_are_asked_for() -> None:
    torch.manual_seed(0)
    net = AttentionGenerator(SHAPE, CONFIG)
    noise = torch.randn(200, net.noise)
    wanted, sounding = torch.tensor([[0.05, 0.1], [0.02, 0.02], [0.1, 0.2]]), torch.tensor([1.0, 0.5, 0.75])
    net.calibrate(noise, wanted, sounding)
    cells = net(noise)
    on = cells.flatten(3).amax(-1)
    assert torch.allclose(on.mean((0, 1)), sounding, atol=0.03)
    found = cells.sum((0, 1, 4, 5)) / on.sum((0, 1))[:, None] / (8 * 24)
    assert torch.allclose(found, wanted, rtol=0.1, atol=0.002)


def test_absent_roles_do_not_change_what_the_encoder_hears() -> None:
    torch.manual_seed(0)
    model = RollAutoencoder(AttentionGenerator(SHAPE, CONFIG)).eval()
    x = (torch.rand(2, *SHAPE.cells) < 0.1).float()
    y = x.clone()
    y[:, :, 1] = 0
    present, noise = torch.tensor([[1.0, 0.0, 1.0]]).expand(2, 3), torch.zeros(2, model.generator.noise)
    assert torch.equal(model(x, present, noise)[0], model(y, present, noise)[0])


def test_the_divergence_is_the_textbooks_and_noise_alone_writes() -> None:
    torch.manual_seed(0)
    model = RollAutoencoder(AttentionGenerator(SHAPE, CONFIG))
    x = (torch.rand(4, *SHAPE.cells) < 0.1).float()
    logits, sounds, levels = model(x, torch.ones(4, 3), torch.randn(4, model.generator.noise))
    assert logits.shape == (4, *SHAPE.cells)
    assert sounds.shape == (4, 2, 3)
    assert {k: tuple(v.shape) for k, v in levels.items()} == {"song": (4, 1, 6), "bar": (4, 2, 4), "track": (4, 6, 3)}
    assert all(bool((v >= -1e-6).all()) for v in levels.values())
    shift, change = torch.tensor(0.7), torch.tensor(-0.4)
    ours = 0.5 * (shift**2 + (2 * change).exp() - 1) - change
    q, p = torch.distributions.Normal(0.7, float(change.exp())), torch.distributions.Normal(0.0, 1.0)
    assert float(ours) == pytest.approx(float(torch.distributions.kl_divergence(q, p)), abs=1e-6)


@pytest.mark.parametrize("kind", ["transformer", "gru"])
def test_note_lists_are_one_hot_by_field(kind: str) -> None:
    torch.manual_seed(0)
    net = SequenceGenerator((3, 5, 7), 6, 8, 4, 16, 1, kind)
    noise = torch.randn(4, net.noise)
    out = net(noise, torch.rand(4, 6, 15))
    assert out.shape == (4, 6, 15)
    assert torch.allclose(out.sum(-1), torch.full((4, 6), 3.0), atol=1e-5)
    assert net.choose(noise).shape == (4, 6, 3)
    assert SequenceCritic((3, 5, 7), 6, 16, 1, True)(out).shape == (4,)
    out[..., 0].sum().backward()
    assert float(net.from_song.weight.grad.abs().sum()) > 0  # type: ignore[union-attr]


def test_a_translator_begins_by_leaving_music_alone() -> None:
    torch.manual_seed(0)
    x = (torch.rand(3, *SHAPE.cells) < 0.1).float()
    assert torch.allclose(Translator(SHAPE, 16, 8, 1).eval()(x), x, atol=1e-5)


def test_unknown_neurons_are_refused() -> None:
    with pytest.raises(ValueError, match="binary neurons"):
        MlpGenerator(SHAPE, neurons="quantum")
