"""The adversarial recipes by name: what each is good for stands on its line."""

from __future__ import annotations

from antiphon.recipes.adversarial import GanRecipe
from antiphon.representations.pianoroll import PianoRollSpec
from antiphon.training.adversarial import Adversary

POP_ROLLS = PianoRollSpec(("melody", "bridge", "piano"), (0, 0, 0))
CHORALE_ROLLS = PianoRollSpec(("soprano", "alto", "tenor", "bass"), (52, 52, 52, 52))
FOLK_ROLLS = PianoRollSpec(("melody", "chords"), (73, 24))
WHOLE_ROLLS = PianoRollSpec(("all",), (0,))
"""Whatever the tracks are, as one piano part: what two styles with different tracks have in common."""

RANKED = Adversary("relativistic", r1=1.0, r2=1.0, penalty_every=4)
"""R3GAN's objective: relativistic in pairs, slopes at real and fake kept small."""
EARTH_MOVER = Adversary("wasserstein", gp=10.0, critic_steps=5)
"""MuseGAN's objective: Wasserstein with a gradient penalty, five critic steps for one of the generator."""
GENTLY = Adversary("relativistic", r1=0.05, r2=0.05, penalty_every=4, critic_steps=2)
"""RANKED's for a generator that is good already: a critic free enough to see what is left, two steps of it for one."""
COUNSELLED = Adversary("non-saturating")
"""The tutorials' objective; nothing keeps it stable."""

# fmt: off
_ALL = (
    # the tutorials' dense pair; expect it to collapse
    GanRecipe("gan-mlp", "pop", POP_ROLLS, "mlp", COUNSELLED, shift_share=0.0, octave_share=0.0, drop_share=0.0),
    # DCGAN, with the objective that holds it
    GanRecipe("gan-conv", "pop", POP_ROLLS, "conv", RANKED),
    # MuseGAN-class, from noise
    GanRecipe("gan-noise", "pop", POP_ROLLS, "attention", RANKED, steps=6000),
    # latents in turn, first taught as an autoencoder, then sharpened by a critic that hears what parts form together, parts
    # leaning towards each other: the one to choose; it ships
    GanRecipe("gan-attention", "pop", POP_ROLLS, "attention", GENTLY, latents="chain", fitted=True, warm_steps=1100,
              warm_horizon=2000, cooldown=500, warm_batch=64, muon=0.01, rise=400, mixed=True, steps=500, critic_lr=1e-3,
              pairs=True, accord=1.0, spread=0.85, evaluate_every=250, checkpoint_every=50),
    # the ladder of latents, first taught as an autoencoder
    GanRecipe("gan-vae", "pop", POP_ROLLS, "attention", RANKED, warm_steps=6000, steps=2500),
    # note lists by straight-through Gumbel-softmax
    GanRecipe("gan-sequence", "pop", POP_ROLLS, "sequence", RANKED, width=128),
    # chorales to pop songs and back, unpaired
    GanRecipe("gan-cycle", "pop", WHOLE_ROLLS, "cycle", Adversary("least-squares"), width=96, critic_width=96, batch=12,
              steps=500, lr=2e-4, critic_lr=2e-4, spectral=True, sides=("chorale", "pop"), corpora=("jsb", "pop909"),
              there_and_back=1.0, content=1.0, manner=2.0),
    GanRecipe("gan-vae-chorale", "chorale", CHORALE_ROLLS, "attention", RANKED, warm_steps=3000, steps=1500, width=128),
    GanRecipe("gan-vae-folk", "folk", FOLK_ROLLS, "attention", RANKED, warm_steps=3000, steps=1500, width=128),
)
# fmt: on
GANS: dict[str, GanRecipe] = {r.name: r for r in _ALL}
