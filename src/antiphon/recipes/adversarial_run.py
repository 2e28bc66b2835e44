"""Running an adversarial recipe: warm start, game, what is watched meanwhile; the same call resumes a killed run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.models.gan.attention import AttentionGenerator
from antiphon.models.gan.chain import ChainGenerator
from antiphon.models.gan.rolls import RollGenerator
from antiphon.models.gan.sequence import SequenceGenerator
from antiphon.models.gan.vae import Autoencoder
from antiphon.recipes.adversarial import GanRecipe, Networks, build
from antiphon.recipes.adversarial_batches import both_sides, stream
from antiphon.recipes.adversarial_phases import game_phases, masked, shown, warm_phases
from antiphon.recipes.rollgrid import save_grid
from antiphon.recipes.rolls_data import PreparedRolls, RollSet, prepare_rolls
from antiphon.recipes.rolls_fit import fit_thresholds, voices
from antiphon.representations.notelist import field_sizes, one_hot, to_cells, to_notes
from antiphon.training.distributed import joined, place
from antiphon.training.ema import Ema
from antiphon.training.loop import Budget, Hook, open_run, train
from antiphon.training.schedule import warmup_cosine
from antiphon.training.watch import Watch

WATCHED = 200
"""Samples looked at each time."""
FITTED = 400
"""Samples by which thresholds are fitted."""


def describe(cells: Tensor) -> Tensor:
    """Windows [N, n, R, 2, S, P] as numbers [N, F]: by role notes, rests, register, lengths, rhythm and pitch classes."""
    x = cells.float()
    onset, hold = x[:, :, :, 0], x[:, :, :, 1]
    notes = onset.sum((1, 3, 4))  # [N, R]
    rows = torch.arange(x.shape[-1], device=x.device, dtype=x.dtype)
    some = notes.clamp(min=1)
    register = (onset.sum((1, 3)) @ rows) / some / 12
    length = hold.sum((1, 3, 4)) / some
    rests = (x.flatten(3).amax(-1) == 0).float().mean(1)
    rhythm = onset.sum((1, 4)) / some[..., None]  # [N, R, S]
    classes = torch.unflatten(onset.sum((1, 3)), -1, (-1, 12)).sum(-2) / some[..., None]  # [N, R, 12]; rows begin at a C
    chords = (onset.sum(4) >= 2).float().mean((1, 3))
    return torch.cat([notes.sqrt(), register, length, rests, chords, 2 * rhythm.flatten(1), 3 * classes.flatten(1)], dim=1)


def facts_of(cells: Tensor, roles: tuple[str, ...]) -> dict[str, float]:
    """By role: notes in a sounding bar, share of silent bars, share of notes of at least two steps."""
    x = cells.float()
    onset = x[:, :, :, 0]
    on = x.flatten(3).amax(-1)
    longer = onset.flatten(0, 1)[:, :, :-1] * x.flatten(0, 1)[:, :, 1, 1:]
    out = {}
    for r, name in enumerate(roles):
        out[f"notes_{name}"] = float(onset[:, :, r].sum() / on[:, :, r].sum().clamp(min=1))
        out[f"silent_{name}"] = float(1 - on[:, :, r].mean())
        out[f"longer_{name}"] = float(longer[:, r].sum() / onset[:, :, r, :-1].sum().clamp(min=1))
    return out


def draw(recipe: GanRecipe, generator: nn.Module, noise: Tensor, seed: int = 0) -> Tensor:
    """Cells [N, n, R, 2, S, P] that a generator writes from noise [N, z]."""
    if isinstance(generator, SequenceGenerator):
        draws = torch.Generator().manual_seed(seed)
        sizes = field_sizes(recipe.rolls)
        uniform = torch.rand(len(noise), recipe.notes, sum(sizes), generator=draws).to(noise.device)
        fields = torch.stack([f.argmax(-1) for f in torch.split(generator(noise, uniform), list(sizes), dim=-1)], dim=-1)
        return (
            torch.from_numpy(np.stack([to_cells(row, recipe.rolls) for row in fields.cpu().numpy()])).to(noise.device).float()
        )
    return torch.cat([generator(part) for part in torch.split(noise, 50)])


def fixed_noise(count: int, width: int, device: str = "cpu") -> Tensor:
    """The noise of the samples that are looked at: always the same."""
    return torch.from_numpy(np.random.default_rng(11).standard_normal((count, max(1, width)), dtype=np.float32)).to(device)


def averaged(ema: Ema) -> nn.Module:
    """The generator in an average, whether it is averaged alone or inside its autoencoder."""
    average = ema.average
    return average.generator if isinstance(average, Autoencoder) else average


def run(
    recipe: GanRecipe, pieces: Iterator[Piece] | PreparedRolls, folder: Path, progress: Hook | None = None, device: str = "cpu"
) -> dict[str, float]:
    """Prepare, train (or resume) and watch; the run folder then holds all that `export_gan` needs.

    Pieces may be prepared already (by `prepare_rolls`, with the recipe's rolls), where several recipes learn from the same.
    Beside the log the folder gets samples.png (real above, generated below), and health.txt with a word on the samples.
    Started by torchrun, the processes share each batch among them.
    """
    with joined(device):
        open_run(folder, asdict(recipe))
        data = pieces if isinstance(pieces, PreparedRolls) else prepare_rolls(pieces, recipe.rolls)
        if place()[0] == 0:
            (folder / "facts.json").write_text(json.dumps(data.facts, indent=1, ensure_ascii=False))
        if recipe.architecture == "cycle":
            for name in ("train", "valid"):
                both_sides(recipe, data.splits[name])
        networks = build(recipe).to(device)
        if isinstance(networks.generator, AttentionGenerator | ChainGenerator):
            networks.generator.prime(torch.tensor(data.facts["rates"]["rows"], device=device))
        if recipe.warm_steps:
            _warm(recipe, networks, data, folder, progress, device)
        elif isinstance(networks.generator, RollGenerator):
            attune(recipe, networks.generator, data.facts)
            _set_rates(networks.generator, data, device)
        phases, ema = game_phases(recipe, networks)
        budget = Budget(recipe.steps, recipe.log_every, recipe.evaluate_every, recipe.checkpoint_every)
        look = _watch(recipe, networks, ema, data, folder, device)
        source = data.splits["train"]

        def feed(step: int) -> Iterator[dict[str, Tensor]]:
            return stream(recipe, source, networks.noise, step, place())

        return train(
            phases, feed, budget, folder, schedule=steady, seed=recipe.seed, device=device, evaluate=look, progress=progress
        )


def steady(step: int, steps: int) -> float:
    """Full pace after a short rise, falling linearly to a tenth over the last third."""
    rise = min(1.0, (step + 1) / min(100, max(1, steps // 10)))
    return rise * (1.0 - 0.9 * max(0.0, (step / max(1, steps) - 2 / 3) * 3))


def _warm(recipe: GanRecipe, networks: Networks, data: PreparedRolls, folder: Path, progress: Hook | None, device: str) -> None:
    """Train the autoencoder, hand its average to the generator, and set the biases so that samples are as full as music."""
    model = networks.autoencoder
    assert model is not None
    phases, ema = warm_phases(recipe, networks)
    inner = folder / "warm"
    if place()[0] == 0:
        inner.mkdir(exist_ok=True)
    source, valid = data.splits["train"], data.splits["valid"]
    cells, present = (torch.from_numpy(x).to(device) for x in valid.some(WATCHED, recipe.seed))

    def look(step: int, logged: dict[str, float]) -> None:
        average = ema.average
        assert isinstance(average, Autoencoder)
        logged |= {f"valid/{k}": v for k, v in read_again(average, cells, present).items()}
        _set_rates(average.generator, data, device)
        _report(recipe, average.generator, cells, inner, logged, None)

    def feed(step: int) -> Iterator[dict[str, Tensor]]:
        return stream(replace(recipe, batch=recipe.warm_batch or recipe.batch), source, networks.noise, step, place())

    def tell(step: int, logged: dict[str, float]) -> None:
        if progress is not None:
            progress(step - recipe.warm_steps, logged)  # the warm start counts up to zero

    budget = Budget(recipe.warm_steps, recipe.log_every, recipe.evaluate_every, recipe.checkpoint_every)

    def pace(step: int, steps: int) -> float:
        return warmup_cosine(step, recipe.warm_horizon or steps) * min(1.0, (steps - step) / max(1, recipe.cooldown))

    train(phases, feed, budget, inner, schedule=pace, seed=recipe.seed, device=device, evaluate=look, progress=tell)
    model.load_state_dict(ema.average.state_dict())
    attune(recipe, model.generator, data.facts)
    if recipe.fitted:
        model.generator.solo = voices(data.facts["fullness"])
        fit_thresholds(model.generator, fixed_noise(FITTED, model.generator.noise, device), data.facts["fullness"])
    else:
        _set_rates(model.generator, data, device)


def attune(recipe: GanRecipe, generator: RollGenerator, facts: Mapping[str, Any]) -> None:
    """Let the generator's roles lean towards each other, if the recipe says so, by the odds in the music learned from."""
    if recipe.accord:
        generator.attune(torch.tensor(facts["intervals"], device=generator.cell_bias.device), recipe.accord)


def _set_rates(generator: RollGenerator, data: PreparedRolls, device: str) -> None:
    """Calibrate the generator's biases on the training set's rates."""
    rates = data.facts["rates"]
    generator.cell_bias.zero_()
    generator.presence_bias.zero_()
    cells, sounding = torch.tensor(rates["cells"]), torch.tensor(rates["sounding"])
    generator.calibrate(fixed_noise(WATCHED, generator.noise, device), cells, sounding)


@torch.no_grad()
def read_again(model: Autoencoder, cells: Tensor, present: Tensor) -> dict[str, float]:
    """How well the autoencoder reads and writes: F1 of onsets and of holds, from the posteriors' means, at threshold 0."""
    found = []
    zero = torch.zeros(len(cells), model.generator.noise, device=cells.device)
    for x, p, z in zip(torch.split(cells, 50), torch.split(present, 50), torch.split(zero, 50), strict=True):
        logits, sounds, _ = model(x, p, z)
        found.append(masked((logits > 0).float() * (sounds > 0).float()[..., None, None, None], p))
    written = torch.cat(found)
    out = {}
    for layer, name in ((0, "onset_f1"), (1, "hold_f1")):
        w, x = written[:, :, :, layer], cells[:, :, :, layer]
        out[name] = float(2 * (w * x).sum() / (w.sum() + x.sum()).clamp(min=1))
    return out


def _report(
    recipe: GanRecipe, generator: nn.Module, real: Tensor, folder: Path, logged: dict[str, float], watch: Watch | None
) -> None:
    """Log what samples are like, write their picture, and a word on their health."""
    was = generator.training
    generator.eval()
    with torch.random.fork_rng():
        if watch is None:
            fake = draw(recipe, generator, fixed_noise(WATCHED, getattr(generator, "noise", 1), str(real.device)))
        else:
            figures, verdict, fake = watch.look()
            logged |= figures
            if place()[0] == 0:
                (folder / "health.txt").write_text(f"The samples are {verdict}.\n")
    generator.train(was)
    logged |= {f"sample/{k}": v for k, v in facts_of(fake, recipe.rolls.roles).items()}
    logged |= {f"real/{k}": v for k, v in facts_of(real, recipe.rolls.roles).items()}
    if place()[0] == 0:
        save_grid(torch.cat([real[:8], fake[:16]]).cpu().numpy(), folder / "samples.png")


def _watch(recipe: GanRecipe, networks: Networks, ema: Ema, data: PreparedRolls, folder: Path, device: str) -> Hook:
    """The hook that looks at the game every so many steps."""
    kind, critic = recipe.architecture, networks.critic
    parts: dict[str, RollSet] = {"seen": data.splits["train"], "unseen": data.splits["valid"]}
    side = recipe.corpora[1]  # a translator is watched on what it makes of the first side's music, beside the second's
    some = {name: tuple(torch.from_numpy(x).to(device) for x in part.some(WATCHED, 3, side)) for name, part in parts.items()}
    foreign = torch.from_numpy(parts["unseen"].some(WATCHED, 3, recipe.corpora[0])[0]).to(device)
    masks = {name: pair[1] for name, pair in some.items()}
    count = len(some["unseen"][0])
    generator = averaged(ema)

    def sample() -> Tensor:
        if kind == "cycle":
            assert isinstance(generator, nn.ModuleDict)
            moved: Tensor = generator["ab"](foreign)
            return moved
        noise = fixed_noise(count, networks.noise, device)
        return masked(shown(recipe, draw(recipe, generator, noise)), masks["unseen"])

    def score(x: Tensor, side: str) -> Tensor:
        if kind == "sequence":
            rows = [one_hot(to_notes(w, recipe.rolls, recipe.notes), recipe.rolls) for w in x.cpu().numpy()]
            out: Tensor = critic(torch.from_numpy(np.stack(rows)).to(device))
            return out
        judge: Callable[..., Tensor] = critic["b"] if isinstance(critic, nn.ModuleDict) else critic
        return judge(x, masks["seen" if side == "seen" else "unseen"])

    watch = Watch(some["seen"][0], some["unseen"][0], sample, score, describe)

    def look(step: int, logged: dict[str, float]) -> None:
        was = critic.training
        critic.eval()
        _report(recipe, generator, some["unseen"][0], folder, logged, watch)
        critic.train(was)

    return look


def trained_generator(recipe: GanRecipe, folder: Path) -> nn.Module:
    """The averaged generator of a run (the two translators of a cycle), ready to write.

    Raises:
      TrainingError: the run has no checkpoint.
    """
    path = folder / "checkpoint.pt"
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint in {folder}; train first.")
    networks = build(recipe)
    _, ema = game_phases(recipe, networks)
    phase = "translators" if recipe.architecture == "cycle" else "generator"
    ema.load_state_dict(torch.load(path, weights_only=True, map_location="cpu")["averages"][phase])
    return averaged(ema).eval()
