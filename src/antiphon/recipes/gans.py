"""The adversarial recipes by name: what each is good for stands on its line."""

from __future__ import annotations

from antiphon.recipes.adversarial import GanRecipe
from antiphon.representations.pianoroll import PianoRollSpec
from antiphon.training.adversarial import Adversary

POP_ROLLS = PianoRollSpec(("melody", "bridge", "piano"), (0, 0, 0))
CHORALE_ROLLS = PianoRollSpec(("soprano", "alto", "tenor", "bass"), (52, 52, 52, 52))
FOLK_ROLLS = PianoRollSpec(("melody", "chords"), (73, 24))

RANKED = Adversary("relativistic", r1=1.0, r2=1.0, penalty_every=4)
"""R3GAN's objective: relativistic in pairs, slopes at real and fake kept small."""
EARTH_MOVER = Adversary("wasserstein", gp=10.0, critic_steps=5)
"""MuseGAN's objective: Wasserstein with a gradient penalty, five critic steps for one of the generator."""
COUNSELLED = Adversary("non-saturating")
"""The tutorials' objective; nothing keeps it stable."""

# fmt: off
_ALL = (
    # the tutorials' dense pair; expect it to collapse
    GanRecipe("gan-mlp", "pop", POP_ROLLS, "mlp", COUNSELLED, shift_share=0.0, octave_share=0.0, drop_share=0.0),
    # DCGAN, with the objective that holds it
    GanRecipe("gan-conv", "pop", POP_ROLLS, "conv", RANKED),
    # MuseGAN-class, from noise
    GanRecipe("gan-attention", "pop", POP_ROLLS, "attention", RANKED, steps=6000),
    # the same generator, first taught as a ladder autoencoder, then sharpened by the critic: the one to choose
    GanRecipe("gan-vae", "pop", POP_ROLLS, "attention", RANKED, warm_steps=6000, steps=2500),
    # note lists by straight-through Gumbel-softmax
    GanRecipe("gan-sequence", "pop", POP_ROLLS, "sequence", RANKED, width=128),
    # major to minor and back, unpaired
    GanRecipe("gan-cycle", "pop", POP_ROLLS, "cycle", Adversary("least-squares"), width=128, batch=16, steps=2000),
    GanRecipe("gan-vae-chorale", "chorale", CHORALE_ROLLS, "attention", RANKED, warm_steps=3000, steps=1500, width=128),
    GanRecipe("gan-vae-folk", "folk", FOLK_ROLLS, "attention", RANKED, warm_steps=3000, steps=1500, width=128),
)
# fmt: on
GANS: dict[str, GanRecipe] = {r.name: r for r in _ALL}
