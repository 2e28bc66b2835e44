"""One take in the making, and the choice of one id among those that may come."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.generate.runtime import Part
from antiphon.representations.events import PITCHES
from antiphon.representations.grammar import Mask, Walk

LATELY = 8
"""Notes of a part that a repetition penalty looks back on: about two bars of a melody, or two chords of a piano."""

Doubles = npt.NDArray[np.float64]


@dataclass
class Writing:
    """One take in the making; `context` is what a gap is written into, and `begin` the time of the gap in it.

    `lately` holds, for each role, the last notes that it played: in what was written, and in a given piece before the gap.
    """

    walk: Walk
    rng: np.random.Generator
    events: list[tuple[int, int, int, int]]
    times: list[int]
    context: Part | None = None
    begin: int = 0
    nats: float = 0.0
    in_bar: int = 0
    lately: dict[int, deque[int]] = field(default_factory=dict)

    def hear(self, kind: int, value: int) -> None:
        """Remember an event of this kind and value, if it is a note."""
        if self._note(kind):
            role = (value - self._first_pitch) // PITCHES
            self.lately.setdefault(role, deque(maxlen=LATELY)).append(value)

    def repeats(self, known: tuple[int, ...], penalty: float) -> Repeats | None:
        """What a repetition penalty makes less likely in the field after these: a note's pitch; None: nothing."""
        if penalty == 1.0 or len(known) != 1 or not self._note(known[0]):
            return None
        kits = self.walk.codec.spec.kits  # drums live by repetition
        heard = np.array([v for role, notes in self.lately.items() if role not in kits for v in notes], dtype=np.int64)
        return Repeats(penalty, heard, self._first_pitch)

    def _note(self, kind: int) -> bool:
        return self.walk.codec.vocabularies[0].decode(kind)[0] == "note"

    @property
    def _first_pitch(self) -> int:
        """Value id of the lowest pitch of the first role."""
        return self.walk.codec.vocabularies[1].encode("pitch")


class Repeats(NamedTuple):
    """A repetition penalty: value ids heard lately become so many times less likely; `first` is the first pitch's id."""

    penalty: float
    heard: npt.NDArray[np.int64]
    first: int

    def lowered(self, p: Doubles, ids: npt.NDArray[np.int64]) -> Doubles:
        """Probabilities p of value ids, all of them pitches, lowered where they repeat.

        Keskar et al. (2019, CTRL) divide logits, whose effect hangs on where their zero happens to be; here odds are
        divided. What a part loses its other pitches gain, so that which part plays next is as likely as before.
        """
        out = p.copy()
        again = np.isin(ids, self.heard)
        out[again] /= self.penalty
        parts = (ids - self.first) // PITCHES
        for part in np.unique(parts[again]):
            mine = parts == part
            if (left := out[mine].sum()) > 0:
                out[mine] *= p[mine].sum() / left
        return out


def choose(
    logits: npt.NDArray[np.float32],
    mask: Mask,
    u: float,
    temperature: float,
    top_p: float,
    top_k: int = 0,
    repeats: Repeats | None = None,
) -> tuple[int, float]:
    """Sample one id by inverting the distribution function at u in [0, 1).

    Args:
      logits: of the whole vocabulary; mask: what may come.
      temperature: below 1 sharpens.
      top_p: share of probability that is kept, the likeliest ids first, after `top_k` (0: all) of them are.
      repeats: what is less likely for having been heard lately, before any id is cut.

    Returns:
      The id, and the log-probability that the model itself (temperature 1, whole vocabulary of the mask) gives it.
    """
    allowed = mask.nonzero()[0]
    x = logits[allowed].astype(np.float64)
    x -= x.max()
    likely = np.exp(x)
    total = np.log(likely.sum())
    p = likely if temperature == 1.0 else np.exp(x / temperature)
    if repeats is not None:
        p = repeats.lowered(p, allowed)
    if 0 < top_k < len(p):
        p[(-p).argsort(kind="stable")[top_k:]] = 0.0
    if top_p < 1.0:
        order = (-p).argsort(kind="stable")
        falling = p[order]
        upto = falling.cumsum()
        p[order[upto - falling >= top_p * upto[-1]]] = 0.0
    upto = p.cumsum()
    # the cumulative sum may fall short of u by rounding: the last possible id then stands
    at = min(int(upto.searchsorted(u * upto[-1], side="right")), int(p.nonzero()[0][-1]))
    return int(allowed[at]), float(x[at] - total)
