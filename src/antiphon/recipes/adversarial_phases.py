"""From an adversarial recipe and its networks to phases: who plays with what."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.models.gan.attention import AttentionCritic
from antiphon.models.gan.vae import Autoencoder
from antiphon.recipes.adversarial import GanRecipe, Networks
from antiphon.recipes.rolls_fit import swept
from antiphon.training.adversarial import Game, adversarial
from antiphon.training.augment import augment_rolls
from antiphon.training.ema import Ema
from antiphon.training.phase import Batch, Phase, adam, muon
from antiphon.training.precision import mixed_precision
from antiphon.training.reconstruction import autoencoding, binary_nll, cycle, divergence, features_apart


def masked(cells: Tensor, present: Tensor) -> Tensor:
    """Cells [B, n, R, 2, S, P] of the roles present [B, R]; those of others are none."""
    return cells * present.to(cells.dtype)[:, None, :, None, None, None]


def elbo(recipe: GanRecipe, model: Autoencoder, batch: Batch, noise: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Terms of the autoencoder's loss, in nats for one track of one bar, and the cells it wrote (binary).

    Cells count where a role sounds; where it rests, only the word that it rests does.
    """
    cells, present = batch["cells"], batch["present"]
    with mixed_precision(cells.device.type, recipe.mixed):
        logits, sounds, levels = model(cells, present, noise)
    logits, sounds = logits.float(), sounds.float()
    on = (cells.flatten(3).amax(-1) > 0).float()  # [B, n, R]
    here = present[:, None, :]
    unit = 1.0 / (cells.shape[1] * cells.shape[2])
    over = recipe.rise or max(1, recipe.warm_steps // 2)
    rise = min(1.0, (float(batch["step"]) + 1) / over) if "warm" in batch else 1.0
    spent = divergence({k: v.float() for k, v in levels.items()}, recipe.free_bits)
    terms = {
        "cells": unit * binary_nll(logits, cells, (on * here)[..., None, None, None], recipe.positive, recipe.focus),
        "sounds": unit * binary_nll(sounds, on, here),
    }
    terms |= {f"divergence_{k}": unit * recipe.beta * rise * v for k, v in spent.items()}
    return terms, model.generator.fire(logits, sounds)


def warm_phases(recipe: GanRecipe, networks: Networks) -> tuple[list[Phase], Ema]:
    """The first part of a warm start: a variational autoencoder, and its average."""
    model = networks.autoencoder
    assert model is not None
    ema = Ema(model, recipe.ema)

    def terms(batch: Batch) -> dict[str, Tensor]:
        return elbo(recipe, model, {**batch, "warm": batch["step"]}, batch["noise"])[0]

    pace = adam(recipe.warm_lr, (0.9, 0.98), 0.01) if recipe.muon == 0 else muon(recipe.muon, recipe.warm_lr)
    return autoencoding(model, terms, pace, ema), ema


def game_phases(recipe: GanRecipe, networks: Networks) -> tuple[list[Phase], Ema]:
    """The game itself, and the average of whatever moves with the generator."""
    if recipe.architecture == "cycle":
        return _cycle_phases(recipe, networks)
    critic, model = networks.critic, networks.autoencoder
    moving = networks.generator if model is None else model
    ema = Ema(moving, recipe.ema)

    def extra(batch: Batch) -> dict[str, Tensor]:
        if model is None or recipe.reconstruction == 0:
            return {}
        terms, written = elbo(recipe, model, batch, batch["other"])
        out = {k: recipe.reconstruction * v for k, v in terms.items()}
        if recipe.features and isinstance(critic, AttentionCritic):
            few = max(1, len(written) // 4)  # a part of the batch says enough, and the critic is dear
            present = batch["present"][:few]
            with torch.no_grad():
                real = critic.features(batch["cells"][:few], present)
            fake = critic.features(masked(shown(recipe, written[:few]), present), present)
            out["features"] = recipe.features * features_apart(real, fake)
        return out

    game = _notes_game(networks) if recipe.architecture == "sequence" else _rolls_game(recipe, networks, extra)
    phases = adversarial(
        moving, critic, recipe.adversary, game, adam(recipe.lr, recipe.betas), adam(recipe.critic_lr, recipe.betas), ema,
        clip=(0.0, 5.0),
    )  # fmt: skip
    return phases, ema


def shown(recipe: GanRecipe, cells: Tensor) -> Tensor:
    """Written cells as a critic sees them."""
    return swept(cells) if recipe.fitted else cells


def _rolls_game(recipe: GanRecipe, networks: Networks, extra: object) -> Game:
    generator, critic = networks.generator, networks.critic
    assert callable(extra)
    return Game(
        real=lambda batch: batch["cells"],
        fake=lambda batch: masked(shown(recipe, generator(batch["noise"])), batch["present"]),
        score=lambda x, batch: critic(x, batch["present"] * batch["keep"]),
        augment=augment_rolls,
        extra=extra,
    )


def _notes_game(networks: Networks) -> Game:
    generator, critic = networks.generator, networks.critic
    return Game(
        real=lambda batch: batch["events"],
        fake=lambda batch: generator(batch["noise"], batch["uniform"]),
        score=lambda x, batch: critic(x),
    )


def _cycle_phases(recipe: GanRecipe, networks: Networks) -> tuple[list[Phase], Ema]:
    translators, critics = networks.generator, networks.critic
    assert isinstance(translators, nn.ModuleDict)
    assert isinstance(critics, nn.ModuleDict)
    ema = Ema(translators, recipe.ema)

    def score(side: str, x: Tensor, batch: Batch) -> Tensor:
        out: Tensor = critics[side](x, batch["present"])
        return out

    # few cells are active, so a mean over all of them would leave nothing of a way there and back
    def apart(x: Tensor, y: Tensor) -> Tensor:
        return (x - y).abs().sum() / (y.sum() + 1)

    def further(moved: Tensor, source: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        out = {}
        if recipe.content:
            out["content"] = recipe.content * (1 - chroma_cosine(moved, source, recipe.rolls.steps // 4))
        if recipe.manner:
            out["manner"] = recipe.manner * manner_apart(moved, wanted)
        return out

    return cycle(
        translators, critics, score, adam(recipe.lr, recipe.betas), adam(recipe.critic_lr, recipe.betas),
        weight=recipe.there_and_back, loss=recipe.adversary.loss, apart=apart, further=further, ema=ema,
    ), ema  # fmt: skip


def manner_apart(one: Tensor, other: Tensor) -> Tensor:
    """How far two batches of cells [B, n, R, 2, S, P] are apart in their mean rhythm and mean register; 0: not at all.

    Rhythm is the mean number of onsets and of holds at each step of the bar, register at each row; each difference is
    counted as a share of all that the other batch has.
    """
    apart = torch.zeros((), device=one.device)
    for axes in ((0, 1, 2, 5), (0, 1, 2, 4)):
        a, b = one.mean(axes), other.mean(axes)  # [2, S] and [2, P]
        apart = apart + ((a - b).abs().sum(1) / (b.sum(1) + 1e-3)).mean()
    return apart


def chroma_cosine(one: Tensor, other: Tensor, beat: int) -> Tensor:
    """Mean cosine of the pitch classes of two batches of cells [B, n, R, 2, S, P], beat by beat where the other sounds.

    Args:
      beat: steps of one.
    """

    def chroma(cells: Tensor) -> Tensor:
        steps = torch.unflatten(cells.sum((2, 3)), 2, (-1, beat)).sum(3)  # [B, n, beats, P]
        return torch.unflatten(steps, -1, (-1, 12)).sum(-2)  # rows begin at a C

    a, b = chroma(one), chroma(other)
    sounds = (b.sum(-1) > 0).float()
    return (torch.nn.functional.cosine_similarity(a, b, dim=-1, eps=1e-3) * sounds).sum() / sounds.sum().clamp(min=1)
