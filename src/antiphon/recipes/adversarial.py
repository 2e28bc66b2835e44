"""Adversarial recipes: what makes a GAN of the family what it is, and the untrained networks of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import nn

from antiphon.errors import TrainingError
from antiphon.models.gan.attention import AttentionConfig, AttentionCritic, AttentionGenerator
from antiphon.models.gan.chain import ChainConfig, ChainGenerator
from antiphon.models.gan.conv import ConvCritic, ConvGenerator
from antiphon.models.gan.cycle import Translator
from antiphon.models.gan.mlp import MlpCritic, MlpGenerator
from antiphon.models.gan.rolls import RollShape
from antiphon.models.gan.sequence import SequenceCritic, SequenceGenerator
from antiphon.models.gan.vae import Autoencoder, ChainAutoencoder, RollAutoencoder
from antiphon.models.layers import spectral
from antiphon.representations.notelist import field_sizes
from antiphon.representations.pianoroll import PianoRollSpec
from antiphon.training.adversarial import Adversary

ARCHITECTURES = ("mlp", "conv", "attention", "sequence", "cycle")


@dataclass(frozen=True)
class GanRecipe:
    """Everything that makes an adversarial model what it is."""

    name: str
    style: str
    rolls: PianoRollSpec
    architecture: str = "attention"
    """One of ARCHITECTURES."""
    adversary: Adversary = field(default_factory=lambda: Adversary("relativistic", r1=1.0, r2=1.0, penalty_every=4))
    neurons: str = "deterministic"
    """Binary neurons of the generator: deterministic, stochastic or soft."""
    latents: str = "ladder"
    """How "attention" draws its latents: "ladder" (level by level) or "chain" (each from all before it)."""
    width: int = 160
    song: int = 64
    bar: int = 32
    track: int = 32
    critic_width: int = 128
    notes: int = 128
    """Places in the note lists of "sequence"."""
    cell: str = "transformer"
    """Generator of "sequence": transformer or gru."""
    sides: tuple[str, str] = ("", "")
    """Styles that "cycle" translates between ..."""
    corpora: tuple[str, str] = ("", "")
    """... and the corpora, or folders of a corpus of files, that are of each."""
    there_and_back: float = 10.0
    """Weight that a translation can be taken back; half of it weighs that a translator leaves alone what is of its style."""
    content: float = 0.0
    """Weight that a translation keeps the pitch classes of each beat."""
    manner: float = 0.0
    """Weight that the translations of a batch have, on average, the rhythm and the register of the style wanted."""
    spectral: bool = False
    """Spectral normalisation of the critic."""
    minibatch: bool = False
    """Minibatch features in the critic."""
    pairs: bool = False
    """Whether the critic of rolls hears which intervals any two tracks form, beat by beat."""
    warm_steps: int = 0
    """Steps as a variational autoencoder before the game begins ("attention" only); 0: from noise."""
    warm_horizon: int = 0
    """Steps for which the warm start's falling pace is laid out; 0: as many as it has."""
    cooldown: int = 0
    """Last steps of the warm start over which its pace falls to nothing besides."""
    warm_batch: int = 0
    """Batch of the warm start; 0: the game's."""
    warm_lr: float = 2e-3
    muon: float = 0.0
    """Learning rate of Muon for the hidden matrices in the warm start, beside Adam for the others; 0: Adam for all."""
    rise: int = 0
    """Steps of the warm start over which the weight of the divergence rises; 0: half of them."""
    beta: float = 0.5
    """Weight of the divergence; below 1 sharper, above 1 smoother."""
    free_bits: float = 0.5
    """Nats that each latent token may spend for nothing."""
    positive: float = 1.0
    """Weight of active cells in the reconstruction."""
    focus: float = 0.0
    """Exponent of the focal loss in the reconstruction."""
    reconstruction: float = 0.02
    """Weight of the autoencoder's own loss while the game is played (only after a warm start); its slope is some fifty
    times as steep as the game's."""
    features: float = 1.0
    """Weight of critic features that a reconstruction should share with its original (Larsen et al. 2016)."""
    batch: int = 32
    steps: int = 3000
    """Steps of the game; the critic moves in each."""
    lr: float = 2e-4
    critic_lr: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.99)
    ema: float = 0.999
    fitted: bool = False
    """Whether thresholds are fitted to how full the music is, before the game and in the snapshot; see rolls_fit."""
    accord: float = 0.0
    """Weight of the odds, counted in the music learned from, of the intervals that parts form, in what the parts write once
    the game begins; 0: they agree as far as the network has learned it. See rolls_accord."""
    spread: float = 1.0
    """Deviation of the noise that the snapshot is played with; below 1 nearer to the usual, and less varied."""
    shift: int = 5
    """Augmentation transposes by at most so many semitones ..."""
    shift_share: float = 0.3
    """... this share of all windows."""
    octave_share: float = 0.05
    drop_share: float = 0.05
    """Share of windows that are moved by an octave, and from which one track is taken."""
    mixed: bool = False
    """Forward passes in bfloat16 where that is safe."""
    seed: int = 0
    log_every: int = 20
    evaluate_every: int = 500
    checkpoint_every: int = 250

    def tiny(self) -> GanRecipe:
        """The same in seconds: for tests and continuous integration."""
        return replace(
            self, width=16, song=8, bar=4, track=4, critic_width=16, notes=24, warm_steps=min(self.warm_steps, 6),
            warm_horizon=0, cooldown=0, warm_batch=0, rise=0, steps=6, batch=4, log_every=2, evaluate_every=3,
            checkpoint_every=3,
        )  # fmt: skip


@dataclass(frozen=True)
class Networks:
    """The modules of a recipe.

    Attributes:
      generator: noise -> sample; for "cycle" the two translators.
      critic: sample -> score; for "cycle" both critics.
      autoencoder: around the generator, where the recipe starts warm.
    """

    generator: nn.Module
    critic: nn.Module
    autoencoder: Autoencoder | None = None

    @property
    def noise(self) -> int:
        """Width of the generator's noise."""
        return int(getattr(self.generator, "noise", 0))

    def to(self, device: str) -> Networks:
        """The same on a device."""
        module = self.autoencoder
        return Networks(self.generator.to(device), self.critic.to(device), None if module is None else module.to(device))


def shape_of(recipe: GanRecipe) -> RollShape:
    """Shape of the recipe's windows."""
    spec = recipe.rolls
    return RollShape(spec.bars, len(spec.roles), spec.steps, spec.pitches)


def build(recipe: GanRecipe) -> Networks:
    """The untrained networks of a recipe, the same for the same seed.

    Raises:
      TrainingError: the architecture is not known, or cannot start warm.
    """
    if recipe.architecture not in ARCHITECTURES:
        raise TrainingError(f"There is no architecture {recipe.architecture!r}; choose one of {', '.join(ARCHITECTURES)}.")
    if recipe.warm_steps and recipe.architecture != "attention":
        raise TrainingError(f"Only attention can start as an autoencoder, not {recipe.architecture}; set warm_steps to 0.")
    torch.manual_seed(recipe.seed)
    networks = _networks(recipe)
    if recipe.spectral:
        spectral(networks.critic)
    return networks


def _networks(recipe: GanRecipe) -> Networks:
    shape, small = shape_of(recipe), recipe.minibatch
    generator: nn.Module
    if recipe.architecture == "mlp":
        return Networks(MlpGenerator(shape, neurons=recipe.neurons), MlpCritic(shape, minibatch=small))
    if recipe.architecture == "conv":
        return Networks(ConvGenerator(shape, neurons=recipe.neurons), ConvCritic(shape, minibatch=small))
    if recipe.architecture == "sequence":
        sizes = field_sizes(recipe.rolls)
        generator = SequenceGenerator(sizes, recipe.notes, recipe.song, width=recipe.width, kind=recipe.cell)
        return Networks(generator, SequenceCritic(sizes, recipe.notes, recipe.critic_width, minibatch=small))
    if recipe.architecture == "cycle":
        width, channels = recipe.width, max(8, recipe.width // 2)
        translators = nn.ModuleDict({way: Translator(shape, width, channels) for way in ("ab", "ba")})
        critics = nn.ModuleDict({side: _roll_critic(recipe) for side in ("a", "b")})
        return Networks(translators, critics)
    if recipe.latents == "chain":
        chain = ChainGenerator(shape, ChainConfig(recipe.width, 4, recipe.track, max(8, recipe.width * 2 // 5)), recipe.neurons)
        return Networks(chain, _roll_critic(recipe), ChainAutoencoder(chain) if recipe.warm_steps else None)
    sizes_ = AttentionConfig(recipe.width, 4, recipe.song, recipe.bar, recipe.track, max(8, recipe.width * 2 // 5))
    attention = AttentionGenerator(shape, sizes_, recipe.neurons)
    return Networks(attention, _roll_critic(recipe), RollAutoencoder(attention) if recipe.warm_steps else None)


def _roll_critic(recipe: GanRecipe) -> AttentionCritic:
    shape, lowest = shape_of(recipe), recipe.rolls.lowest
    return AttentionCritic(shape, recipe.critic_width, lowest=lowest, minibatch=recipe.minibatch, pairs=recipe.pairs)
