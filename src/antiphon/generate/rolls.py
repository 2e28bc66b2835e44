"""Roll generator: one shot of noise, a whole window of all tracks; longer pieces are windows joined into a form.

Legend: B takes in a batch, z width of the noise, n bars of a window, R roles, S steps, P pitches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from antiphon.errors import BriefError, SnapshotError
from antiphon.generate.request import Description, Request, Take, refuse_narrowing
from antiphon.generate.roll_form import FORM, classes, form_noise, form_of, likeness, minor_by
from antiphon.generate.runtime import Floats, session
from antiphon.generate.snapshot import Snapshot
from antiphon.music.harmony import Key, parse_key
from antiphon.music.score import Score
from antiphon.representations.notelist import field_sizes, to_cells
from antiphon.representations.pianoroll import DRUMS, PianoRollSpec, decode

MAX_BARS = 256
BATCH = 64
"""Windows that are written at once; more only need more memory."""
CANDIDATES = 6
"""Themes drawn where one must fit: a key that is asked for, or the theme before it."""


@dataclass(frozen=True)
class Wish:
    """What one take is given and has drawn."""

    keys: tuple[Key, Key]
    """A major and a minor one; what is written decides."""
    tempo: float
    themes: Floats
    """Candidates for the two themes [2, CANDIDATES, z]."""
    fresh: Floats
    """Noise for what varies [windows, z]."""
    uniform: Floats | None
    """[windows, N, C], for note lists."""


class RollGenerator:
    """A GAN snapshot as a Generator."""

    def __init__(self, snapshot: Snapshot) -> None:
        if snapshot.rolls is None:
            raise SnapshotError(f"Model {snapshot.name!r} does not say what its rolls are; export it again.")
        self.snapshot, self.spec = snapshot, snapshot.rolls
        self.graph = session(snapshot, "generator")
        self.noise, self.song = snapshot.shape["noise"], snapshot.shape["song"]
        self.notes, self.chained = snapshot.shape.get("notes", 0), bool(snapshot.shape.get("chained", 0))
        self.drums = np.array([name == DRUMS for name in self.spec.roles])

    @property
    def description(self) -> Description:
        """What the snapshot says of itself; its card tells how long pieces come about."""
        s, n = self.snapshot, self.spec.bars
        card: dict[str, object] = s.card | {
            "windows": f"writes {n} bars at once; longer pieces are windows of {n} bars joined in the form {FORM}"
        }
        return Description(s.name, s.style, s.kind, self.spec.roles, ((4, 4),), MAX_BARS, card, s.digest, likelihood=False)

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take a seed; see generate.request. Likelihoods are nan: a generator of this kind gives none.

        Raises:
          BriefError: chords, a meter other than 4/4, top-k or a repetition penalty are asked for.
        """
        refuse_narrowing(self.snapshot.name, request)
        if request.chords is not None:
            raise BriefError(
                f"Model {self.snapshot.name!r} writes its own chords and cannot follow given ones; choose a sequence model."
            )
        if request.meter not in (None, (4, 4)):
            raise BriefError(f"Model {self.snapshot.name!r} writes 4/4 only; choose a sequence model for another meter.")
        wishes = [self._wish(request, np.random.default_rng(seed)) for seed in seeds]
        windows = self._windows(wishes, self._themes(request, wishes))
        takes = []
        for seed, wish, cells in zip(seeds, wishes, windows, strict=True):
            takes.append(Take(self._score(request, wish, cells), float("nan"), int(seed)))
        return takes

    def _wish(self, request: Request, rng: np.random.Generator) -> Wish:
        """Everything that a take draws, in an order that no other wish changes."""
        facts = self.snapshot.facts
        names, weights = list(facts["keys"]), np.array(list(facts["keys"].values()), dtype=np.float64)
        keys = [parse_key(name) for name in names]
        drawn = []
        for minor in (False, True):
            chances = weights * np.array([key.minor is minor for key in keys])
            pick = rng.random()  # drawn in any case
            drawn.append(keys[int(np.searchsorted(np.cumsum(chances), pick * chances.sum()))] if chances.any() else keys[0])
        tempos = facts["tempos"]
        tempo = float(round(tempos[int(rng.integers(len(tempos) // 4, len(tempos) * 3 // 4 + 1))]))
        windows, spread = -(-request.bars // self.spec.bars), np.float32(request.temperature)
        themes = rng.standard_normal((2, CANDIDATES, self.noise), dtype=np.float32) * spread
        fresh = rng.standard_normal((windows, self.noise), dtype=np.float32) * spread
        uniform = None
        if self.notes:
            uniform = rng.random((windows, self.notes, sum(field_sizes(self.spec))), dtype=np.float32)
        return Wish((drawn[0], drawn[1]), request.tempo or tempo, themes, fresh, uniform)

    def _themes(self, request: Request, wishes: Sequence[Wish]) -> list[dict[str, Floats]]:
        """The noise of each take's themes: the candidate that fits best where there is something to fit, else the first.

        The first theme fits a key that is asked for by being as major or minor; the second fits the first by its pitch
        classes.
        """
        second = len(set(form_of(-(-request.bars // self.spec.bars)))) > 1
        choosing = not self.notes and not self.drums.all()
        first = np.stack([w.themes[0] if choosing and request.key else w.themes[0, :1] for w in wishes])
        best = first[:, 0]
        heard: npt.NDArray[np.float64] | None = None
        if choosing and (request.key or second):
            found = classes(self._cells(first), self.drums)  # [takes, candidates, 12]
            pick = (minor_by(found) * (1 if request.key and request.key.minor else -1)).argmax(1)
            every = np.arange(len(wishes))
            best, heard = first[every, pick], found[every, pick]
        other = np.stack([w.themes[1] for w in wishes])
        pick = np.zeros(len(wishes), np.int64)
        if second and heard is not None:
            pick = likeness(classes(self._cells(other), self.drums), heard[:, None]).argmax(1)
        return [{"A": a, "B": b[i]} for a, b, i in zip(best, other, pick.tolist(), strict=True)]

    def _windows(self, wishes: Sequence[Wish], themes: Sequence[dict[str, Floats]]) -> list[npt.NDArray[np.bool_]]:
        """Cells [windows, n, R, 2, S, P] of every take."""
        noise = [form_noise(t, w.fresh, self.song, self.spec.bars, self.chained) for t, w in zip(themes, wishes, strict=True)]
        draws = [w.uniform for w in wishes if w.uniform is not None]
        return list(self._cells(np.stack(noise), np.stack(draws) if draws else None))

    def _cells(self, noise: Floats, uniform: Floats | None = None) -> npt.NDArray[np.bool_]:
        """Cells [takes, windows, n, R, 2, S, P] of noise [takes, windows, z], in batches."""
        rows = noise.reshape(-1, self.noise)
        found = np.concatenate([self.graph.run(None, {"noise": rows[at : at + BATCH]})[0] for at in range(0, len(rows), BATCH)])
        if uniform is not None:
            draws = uniform.reshape(-1, *uniform.shape[2:])
            found = np.stack([_choose(x, u, self.spec) for x, u in zip(found, draws, strict=True)])
        return np.asarray(found > 0.5).reshape(*noise.shape[:2], *self.spec.shape)

    def _score(self, request: Request, wish: Wish, windows: npt.NDArray[np.bool_]) -> Score:
        cells = windows.reshape(-1, *self.spec.shape[1:])[: request.bars]
        key = request.key or wish.keys[int(minor_by(classes(cells, self.drums)) > 0)]
        if request.tracks is not None:
            cells = cells & np.array([role in request.tracks for role in self.spec.roles])[None, :, None, None, None]
        loud = np.asarray(self.snapshot.facts["velocities"], dtype=np.float64)
        return decode(cells, self.spec, key, wish.tempo, velocities=loud)


def _choose(logits: Floats, uniform: Floats, spec: PianoRollSpec) -> npt.NDArray[np.bool_]:
    """Sample every field of a note list from its logits [N, C] by uniform numbers, and draw the notes' cells."""
    gumbel = logits - np.log(-np.log(np.clip(uniform, 1e-6, 1 - 1e-6)))
    edges = np.cumsum((0, *field_sizes(spec)))
    notes = np.stack([gumbel[:, a:b].argmax(1) for a, b in pairwise(edges.tolist())], axis=1)
    return to_cells(notes, spec)
