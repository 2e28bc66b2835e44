"""One take in the making, and the choice of one id among those that may come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.generate.runtime import Part
from antiphon.representations.grammar import Mask, Walk


@dataclass
class Writing:
    """One take in the making; `context` is what a gap is written into, and `begin` the time of the gap in it."""

    walk: Walk
    rng: np.random.Generator
    events: list[tuple[int, int, int, int]]
    times: list[int]
    context: Part | None = None
    begin: int = 0
    nats: float = 0.0
    in_bar: int = 0


def choose(logits: npt.NDArray[np.float32], mask: Mask, u: float, temperature: float, top_p: float) -> tuple[int, float]:
    """Sample one id by inverting the distribution function at u in [0, 1).

    Returns:
      The id, and the log-probability that the model itself (temperature 1, whole vocabulary of the mask) gives it.
    """
    allowed = np.flatnonzero(mask)
    x = logits[allowed].astype(np.float64)
    x -= x.max()
    likely = np.exp(x)
    total = np.log(likely.sum())
    p = likely if temperature == 1.0 else np.exp(x / temperature)
    if top_p < 1.0:
        order = np.argsort(-p, kind="stable")
        upto = np.cumsum(p[order])
        p[order[upto - p[order] >= top_p * upto[-1]]] = 0.0
    upto = np.cumsum(p)
    # the cumulative sum may fall short of u by rounding: the last possible id then stands
    at = min(int(np.searchsorted(upto, u * upto[-1], side="right")), int(np.flatnonzero(p)[-1]))
    return int(allowed[at]), float(x[at] - total)
