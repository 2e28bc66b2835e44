"""Adversarial objectives: generator and critic -> phases; any loss with any penalties.

All noise comes with the batch ("noise" [B, z], "between" [B], and "step" where something is done every so often), so a
step is a pure function of its batch: runs resume bit for bit, and several processes see what one would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.errors import TrainingError
from antiphon.training.ema import Ema
from antiphon.training.penalties import Score, one_centred, zero_centred
from antiphon.training.phase import Batch, Phase

Optimisers = Callable[[nn.Module], list[torch.optim.Optimizer]]
Pair = Callable[[Tensor, Tensor], Tensor]
"""Scores of real and of fake samples [B] -> loss."""


def _relativistic(one: Tensor, other: Tensor) -> Tensor:
    return F.softplus(other - one).mean()


LOSSES: dict[str, tuple[Pair, Pair]] = {
    # Goodfellow et al. 2014, the game as first written
    "minimax": (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), lambda r, f: -F.softplus(f).mean()),
    # the same paper's advice: a slope where the critic is sure
    "non-saturating": (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), lambda r, f: F.softplus(-f).mean()),
    # Lim & Ye 2017, Miyato et al. 2018
    "hinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda r, f: -f.mean()),
    # Arjovsky et al. 2017
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    # Mao et al. 2017
    "least-squares": (lambda r, f: (r - 1).square().mean() + f.square().mean(), lambda r, f: (f - 1).square().mean()),
    # Jolicoeur-Martineau 2018 in pairs, as R3GAN has it (Huang et al. 2024)
    "relativistic": (lambda r, f: _relativistic(r, f), lambda r, f: _relativistic(f, r)),
}
"""Name -> (loss of the critic, loss of the generator), both to be minimised."""


@dataclass(frozen=True)
class Adversary:
    """An adversarial objective: a loss, and the weights of its penalties (0: none).

    Attributes:
      loss: one of LOSSES.
      gp: weight of the penalty on slopes that are not 1 between real and fake; usual with Wasserstein: 10.
      r1, r2: weight of the squared slope at real and at fake samples.
      penalty_every: penalties are taken every so many steps, and weigh so many times as much (Karras et al. 2020).
      critic_steps: steps of the critic for one of the generator.
    """

    loss: str = "relativistic"
    gp: float = 0.0
    r1: float = 0.0
    r2: float = 0.0
    penalty_every: int = 1
    critic_steps: int = 1

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise TrainingError(f"There is no adversarial loss {self.loss!r}; choose one of {', '.join(LOSSES)}.")


@dataclass(frozen=True)
class Game:
    """What generator and critic play with.

    Attributes:
      real: batch -> real samples [B, ...].
      fake: batch -> generated samples, through the generator's weights.
      score: (samples, batch) -> how real they look [B], through the critic's weights.
      augment: (samples, batch) -> the same changed in a way that leaves real music real; done to real and fake alike.
      extra: batch -> further terms of the generator's loss, by name.
    """

    real: Callable[[Batch], Tensor]
    fake: Callable[[Batch], Tensor]
    score: Callable[[Tensor, Batch], Tensor]
    augment: Callable[[Tensor, Batch], Tensor] = lambda x, batch: x
    extra: Callable[[Batch], dict[str, Tensor]] = lambda batch: {}


def penalties(adversary: Adversary, score: Score, real: Tensor, fake: Tensor, batch: Batch) -> dict[str, Tensor]:
    """The penalties of one critic step by name, weighted; none on steps that skip them (the batch tells its "step")."""
    out: dict[str, Tensor] = {}
    if adversary.penalty_every > 1 and int(batch["step"]) % adversary.penalty_every:
        return out
    often = float(adversary.penalty_every)
    if adversary.gp:
        out["gp"] = often * adversary.gp * one_centred(score, real, fake, batch["between"])
    if adversary.r1:
        out["r1"] = often * adversary.r1 * zero_centred(score, real)
    if adversary.r2:
        out["r2"] = often * adversary.r2 * zero_centred(score, fake)
    return out


def adversarial(
    generator: nn.Module,
    critic: nn.Module,
    adversary: Adversary,
    game: Game,
    generator_optimisers: Optimisers,
    critic_optimisers: Optimisers,
    ema: Ema | None = None,
    clip: tuple[float, float] = (0.0, 0.0),
) -> list[Phase]:
    """Critic and generator in turn; two optimisers, so that each has its own pace (Heusel et al. 2017).

    Args:
      generator, critic: the modules whose weights move, each in its own phase.
      adversary: loss and penalties.
      game: how samples come about and are judged.
      generator_optimisers, critic_optimisers: of each.
      ema: moving average of the generator.
      clip: largest gradient norms of critic and generator (0: none).
    """
    for_critic, for_generator = LOSSES[adversary.loss]

    def critic_loss(batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = game.augment(game.fake(batch), batch)
            real = game.augment(game.real(batch), batch)
        terms = {"game": for_critic(game.score(real, batch), game.score(fake, batch))}
        return terms | penalties(adversary, lambda x: game.score(x, batch), real, fake, batch)

    def generator_loss(batch: Batch) -> dict[str, Tensor]:
        fake = game.score(game.augment(game.fake(batch), batch), batch)
        with torch.no_grad():  # only a relativistic generator looks at real music, and nothing of it moves
            real = game.score(game.augment(game.real(batch), batch), batch)
        return {"game": for_generator(real, fake)} | game.extra(batch)

    return [
        Phase("critic", critic, critic_loss, critic_optimisers, 1, clip[0]),
        Phase("generator", generator, generator_loss, generator_optimisers, adversary.critic_steps, clip[1], ema),
    ]
