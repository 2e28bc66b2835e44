"""Translator: a snapshot that rewrites a piece in one of two styles, window by window, and composes none.

Legend: n bars of a piece, w bars of a window, R roles, S steps, P pitches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.errors import BriefError, SnapshotError
from antiphon.generate.request import Description, Request, Take
from antiphon.generate.runtime import session
from antiphon.generate.snapshot import Snapshot
from antiphon.music.beats import tempo_at
from antiphon.music.score import Score
from antiphon.representations.pianoroll import Rolls, decode, encode, window

MAX_BARS = 256
BATCH = 32
"""Windows that are translated at once."""


class StyleTranslator:
    """A snapshot of the kind "cycle": two graphs, one for each way between two styles.

    It satisfies the Generator protocol so that it can be loaded and described like any model; asked to write, it refuses.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        sides = snapshot.facts.get("sides")
        if snapshot.rolls is None or not isinstance(sides, list) or len(sides) != 2:
            raise SnapshotError(f"Model {snapshot.name!r} does not say what it translates; export it again.")
        self.snapshot, self.spec = snapshot, snapshot.rolls
        self.styles: tuple[str, str] = (str(sides[0]), str(sides[1]))
        self.graphs = {self.styles[1]: session(snapshot, "ab"), self.styles[0]: session(snapshot, "ba")}

    @property
    def description(self) -> Description:
        """What the snapshot says of itself; a translator has no likelihood and writes into no gaps."""
        s = self.snapshot
        return Description(
            s.name, s.style, s.kind, self.spec.roles, ((4, 4),), MAX_BARS, s.card, s.digest, likelihood=False
        )  # fmt: skip

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """Refuses.

        Raises:
          BriefError: always; a translator needs a piece.
        """
        raise BriefError(
            f"Model {self.snapshot.name!r} rewrites pieces between {' and '.join(self.styles)} and composes none; "
            "use it with restyle."
        )

    def translate(self, score: Score, to: str) -> Score:
        """The piece in the other style, as the roles of the snapshot; its key and its first tempo stay.

        Args:
          score: a piece in 4/4 whose tracks are named as the roles ("all": all pitched tracks together).
          to: the style wanted, one of `styles`.

        Raises:
          BriefError: the snapshot does not translate to that style.
          InputError: no role has a note.
        """
        if to not in self.graphs:
            raise BriefError(f"Model {self.snapshot.name!r} translates between {' and '.join(self.styles)}, not to {to!r}.")
        key = score.keys[0].key if score.keys else None
        found = encode(score, self.spec, key)
        moved = self._moved(found.rolls & found.valid[:, None, None, None, None], to)
        loud = np.asarray(self.snapshot.facts["velocities"], dtype=np.float64)
        return decode(moved, self.spec, key, tempo_at(score, 0).qpm, velocities=loud, resolution=score.resolution)

    def _moved(self, rolls: Rolls, to: str) -> Rolls:
        """Bars [n, R, 2, S, P] translated: windows overlap by half, and each bar is taken from the one it is most inside of."""
        count, size = len(rolls), self.spec.bars
        room = np.zeros((max(0, size - count), *rolls.shape[1:]), dtype=bool)
        whole = np.concatenate([rolls, room])
        last = len(whole) - size
        starts = sorted({*range(0, last, max(1, size // 2)), last})
        cells = np.stack([window(whole, at, size) for at in starts]).astype(np.float32)
        graph = self.graphs[to]
        parts = [graph.run(None, {"cells": cells[at : at + BATCH]})[0] for at in range(0, len(cells), BATCH)]
        moved = np.concatenate(parts) > 0
        centre = np.array(starts) + (size - 1) / 2
        chosen = [int(np.abs(centre - bar).argmin()) for bar in range(count)]
        return np.stack([moved[i, bar - starts[i]] for bar, i in enumerate(chosen)])
