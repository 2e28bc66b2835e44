"""The chain generator: latents in turn and all at once agree, nothing hears what comes later, its autoencoder reads back."""

from __future__ import annotations

import pytest
import torch

from antiphon.models.gan.chain import ChainConfig, ChainGenerator
from antiphon.models.gan.rolls import RollShape
from antiphon.models.gan.vae import ChainAutoencoder

SHAPE = RollShape(2, 3, 8, 24)
CONFIG = ChainConfig(16, 2, 5, 8, 2, 1)
TOKENS = 1 + 2 * (1 + 3)


def generator() -> ChainGenerator:
    torch.manual_seed(0)
    made = ChainGenerator(SHAPE, CONFIG)
    torch.nn.init.normal_(made.guess, std=0.3)  # the prior begins as plain noise: let it have something to say
    return made


def test_latents_drawn_in_turn_are_those_that_the_prior_foresees() -> None:
    net = generator()
    noise = torch.randn(4, net.noise)
    assert net.noise == TOKENS * 5
    drawn = net.draw(net.split(noise))
    mean, deviation = net.foresee(drawn)
    assert torch.allclose(mean + deviation.exp() * net.split(noise), drawn, atol=1e-5)
    assert not torch.allclose(drawn, net.split(noise), atol=0.1)


@pytest.mark.parametrize("token", [0, 3, TOKENS - 1])
def test_a_latent_is_told_by_those_before_it_alone(token: int) -> None:
    net = generator()
    noise = net.split(torch.randn(1, net.noise))
    other = noise.clone()
    other[:, token] += 1
    apart = (net.draw(noise) - net.draw(other)).abs().amax((0, 2))
    assert bool((apart[:token] == 0).all())
    assert bool((apart[token:] > 0).all())


def test_cells_hear_all_latents_and_every_weight_learns() -> None:
    net = generator()
    noise = torch.randn(3, net.noise)
    cells, sounds = net.logits(noise)
    assert sounds is not None
    assert (cells.shape, sounds.shape) == ((3, *SHAPE.cells), (3, 2, 3))
    net.calibrate(noise, torch.full((3, 2), 0.1), torch.full((3,), 0.7))
    net(noise).sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)] == []
    net.prime(torch.full((3, 2, 24), 0.25))
    bias = net.heads[1].get_submodule("out").bias
    assert isinstance(bias, torch.Tensor)
    assert torch.allclose(bias.sigmoid(), torch.tensor(0.25))


def test_the_divergence_is_the_textbooks() -> None:
    model = ChainAutoencoder(generator())
    x = (torch.rand(4, *SHAPE.cells) < 0.1).float()
    seen = {}
    for name in ("song", "bar", "track"):
        layer = model.get_submodule(name)
        layer.register_forward_hook(lambda module, inputs, output, at=name: seen.__setitem__(at, output))
    logits, sounds, levels = model(x, torch.ones(4, 3), torch.zeros(4, model.generator.noise))
    assert (logits.shape, sounds.shape) == ((4, *SHAPE.cells), (4, 2, 3))
    assert {k: tuple(v.shape) for k, v in levels.items()} == {"song": (4, 1, 5), "bar": (4, 2, 5), "track": (4, 6, 5)}
    mean, deviation = seen["song"].chunk(2, -1)
    foreseen, width = model.generator.foresee(torch.zeros(4, TOKENS, 5))  # nothing stands before the song's latent
    q, p = torch.distributions.Normal(mean, deviation.exp()), torch.distributions.Normal(foreseen[:, :1], width[:, :1].exp())
    assert torch.allclose(levels["song"], torch.distributions.kl_divergence(q, p), atol=1e-4)


def test_absent_roles_are_not_read() -> None:
    model = ChainAutoencoder(generator()).eval()
    x = (torch.rand(2, *SHAPE.cells) < 0.1).float()
    y = x.clone()
    y[:, :, 1] = 0
    present, noise = torch.tensor([[1.0, 0.0, 1.0]]).expand(2, 3), torch.zeros(2, model.generator.noise)
    assert torch.equal(model(x, present, noise)[0], model(y, present, noise)[0])
