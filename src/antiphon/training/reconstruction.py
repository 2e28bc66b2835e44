"""Reconstruction objectives: binary cells read and written again, divergences with free bits, critic features, cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.training.adversarial import LOSSES, Optimisers
from antiphon.training.ema import Ema
from antiphon.training.phase import Batch, Phase


def binary_nll(logits: Tensor, wanted: Tensor, mask: Tensor, positive: float = 1.0, focus: float = 0.0) -> Tensor:
    """Negative log-likelihood of binary cells, summed over the cells of a sample and averaged over samples, in nats.

    Args:
      logits, wanted: [B, ...].
      mask: which cells count; broadcast against them.
      positive: weight of active cells, which are few.
      focus: exponent of the focal loss (Lin et al. 2017): cells that are right already weigh less; 0 is plain.
    """
    nll = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    if focus:
        nll = nll * (1 - torch.exp(-nll)) ** focus
    if positive != 1.0:
        nll = nll * (1 + (positive - 1) * wanted)
    return (nll * mask).sum() / len(wanted)


def divergence(levels: dict[str, Tensor], free: float) -> dict[str, Tensor]:
    """Divergences [B, tokens, numbers] of each level summed to nats a sample.

    Args:
      levels: Kullback-Leibler divergence of every latent number from its prior.
      free: nats that each token (the batch's mean) may spend for nothing (Kingma et al. 2016), so that none falls silent.
    """
    return {name: v.sum(-1).mean(0).clamp(min=free).sum() for name, v in levels.items()}


def features_apart(real: tuple[Tensor, ...], fake: tuple[Tensor, ...]) -> Tensor:
    """Mean squared distance of critic features (Larsen et al. 2016), each kind in units of its own deviation."""
    apart = [(f - r.detach()).square().mean() / (r.detach().var() + 1e-4) for r, f in zip(real, fake, strict=True)]
    return torch.stack(apart).mean()


def autoencoding(
    model: nn.Module, terms: Callable[[Batch], dict[str, Tensor]], optimisers: Optimisers, ema: Ema | None, clip: float = 1.0
) -> list[Phase]:
    """One phase that moves a whole autoencoder by the given terms."""
    return [Phase("autoencoder", model, terms, optimisers, 1, clip, ema)]


def cycle(
    translators: nn.ModuleDict,
    critics: nn.ModuleDict,
    score: Callable[[str, Tensor, Batch], Tensor],
    translator_optimisers: Optimisers,
    critic_optimisers: Optimisers,
    *,
    weight: float = 10.0,
    loss: str = "least-squares",
    apart: Callable[[Tensor, Tensor], Tensor] = F.l1_loss,
    further: Callable[[Tensor, Tensor, Tensor], dict[str, Tensor]] = lambda moved, source, wanted: {},
    ema: Ema | None = None,
) -> list[Phase]:
    """CycleGAN (Zhu et al. 2017): two translators, two critics; batches hold unpaired "a" and "b".

    Args:
      translators: "ab" and "ba", each a sample -> a sample in the other style.
      critics: "a" and "b".
      score: ("a" or "b", samples that should be of it, batch) -> how real they look [B], through that critic.
      translator_optimisers, critic_optimisers: of each.
      weight: of the way there and back; half of it weighs that a translator leaves alone what is already in its style.
      loss: one of LOSSES.
      apart: how far two samples are from each other.
      further: (a translation, its source, samples of the style wanted) -> more terms of the translators' loss, by name.
      ema: moving average of the translators.
    """
    for_critic, for_generator = LOSSES[loss]
    module: Any = translators

    def critic_loss(batch: Batch) -> dict[str, Tensor]:
        out = {}
        for here, there in (("a", "b"), ("b", "a")):
            with torch.no_grad():
                fake = module[there + here](batch[there])
            out[here] = for_critic(score(here, batch[here], batch), score(here, fake, batch))
        return out

    def translator_loss(batch: Batch) -> dict[str, Tensor]:
        out = {}
        for here, there in (("a", "b"), ("b", "a")):
            real, way, back = batch[here], module[here + there], module[there + here]
            moved = way(real)
            out[f"fool_{there}"] = for_generator(score(there, batch[there], batch), score(there, moved, batch))
            out[f"cycle_{here}"] = weight * apart(back(moved), real)
            out[f"identity_{here}"] = weight / 2 * apart(back(real), real)
            out |= {f"{name}_{there}": term for name, term in further(moved, real, batch[there]).items()}
        return out

    return [
        Phase("critics", critics, critic_loss, critic_optimisers, 1, 0.0),
        Phase("translators", translators, translator_loss, translator_optimisers, 1, 5.0, ema),
    ]
