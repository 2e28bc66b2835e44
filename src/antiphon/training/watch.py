"""Watching an adversarial run: how well the critic tells real from fake, and whether the samples have collapsed.

Legend: N samples, F descriptor features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 5
LEAST_DIVERSITY = 0.35
"""Samples that differ from each other by less than this share of what real ones do have collapsed."""
LEAST_COVERAGE = 0.05


def accuracy(real: Tensor, fake: Tensor) -> float:
    """How often the critic finds a real sample more real than a fake one: 1 is certain, 0.5 is guessing.

    Args:
      real, fake: scores [N] and [M]; all pairs are compared, so that no threshold is needed and any loss will do.
    """
    return float(((real[:, None] > fake[None]).double() + 0.5 * (real[:, None] == fake[None]).double()).mean())


@dataclass(frozen=True)
class Spread:
    """How varied samples are, and how much of real music they reach.

    Attributes:
      diversity: mean distance among samples over the mean distance among real ones; near 1 is right, 0 is one sample.
      coverage: share of real samples that have a generated one nearer than their fifth real neighbour (Naeem et al. 2020).
      shift: mean distance of the features' means, in deviations of the real ones; 0 is right.
    """

    diversity: float
    coverage: float
    shift: float

    @property
    def verdict(self) -> str:
        """One clear word (or two): "collapsed", "far from real", or "sound"."""
        if self.diversity < LEAST_DIVERSITY:
            return "collapsed"
        return "far from real" if self.coverage < LEAST_COVERAGE else "sound"


def spread(real: Tensor, fake: Tensor) -> Spread:
    """Compare descriptors of real [N, F] and generated [M, F] samples, at least seven of each.

    Features are standardised by the real ones.
    """
    mean, deviation = real.mean(0), real.std(0) + 0.02
    r, f = (real - mean) / deviation, (fake - mean) / deviation
    among_real, among_fake, across = torch.cdist(r, r), torch.cdist(f, f), torch.cdist(r, f)
    radius = among_real.topk(NEIGHBOURS + 1, largest=False).values[:, -1]
    count = len(fake)
    return Spread(
        float(among_fake.sum() / (count * (count - 1)) / (among_real.sum() / (len(r) * (len(r) - 1)))),
        float((across.min(1).values <= radius).double().mean()),
        float(f.mean(0).abs().mean()),
    )


@dataclass(frozen=True)
class Watch:
    """Looks at a run every so many steps.

    Attributes:
      seen, unseen: real samples of the training and of the validation split, made once.
      sample: gives as many generated ones, always of the same noise, from the averaged weights.
      score: samples and whether they are real -> the critic's scores.
      describe: samples -> descriptors [N, F].
    """

    seen: Tensor
    unseen: Tensor
    sample: Callable[[], Tensor]
    score: Callable[[Tensor, str], Tensor]
    describe: Callable[[Tensor], Tensor]

    @torch.no_grad()
    def look(self) -> tuple[dict[str, float], str, Tensor]:
        """Figures, the verdict and the samples.

        critic/seen and critic/unseen are the critic's accuracies on training and on held-out music against the samples:
        if the first is far above the second, the critic has learnt its training set by heart (critic/overfit).
        """
        fake = self.sample()
        scores = self.score(fake, "fake")
        seen, unseen = accuracy(self.score(self.seen, "seen"), scores), accuracy(self.score(self.unseen, "unseen"), scores)
        found = spread(self.describe(self.unseen), self.describe(fake))
        out = {"critic/seen": seen, "critic/unseen": unseen, "critic/overfit": seen - unseen}
        out |= {"sample/diversity": found.diversity, "sample/coverage": found.coverage, "sample/shift": found.shift}
        out["sample/collapsed"] = float(found.verdict == "collapsed")
        return out, found.verdict, fake
