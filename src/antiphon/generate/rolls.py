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
from antiphon.generate.request import Description, Request, Take
from antiphon.generate.runtime import Floats, session
from antiphon.generate.snapshot import Snapshot
from antiphon.music.harmony import Key, parse_key
from antiphon.music.score import Score
from antiphon.representations.notelist import field_sizes, to_cells
from antiphon.representations.pianoroll import PianoRollSpec, decode

MAX_BARS = 256
BATCH = 64
"""Windows that are written at once; more only need more memory."""
FORM = "AABA"
"""Windows of a longer piece: those of one letter share the song's noise, so that a piece has one theme and a contrast."""
VARIETY = 0.6
"""How far the bars' noise of a returning window moves: 0 repeats it note for note, 1 shares only the song's noise."""


@dataclass(frozen=True)
class Wish:
    """What one take is given and has drawn."""

    key: Key
    tempo: float
    noise: Floats
    """[windows, z]."""
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
        self.notes = snapshot.shape.get("notes", 0)

    @property
    def description(self) -> Description:
        """What the snapshot says of itself; its card tells how long pieces come about."""
        s, n = self.snapshot, self.spec.bars
        card: dict[str, object] = s.card | {
            "windows": f"writes {n} bars at once; longer pieces are windows of {n} bars joined in the form {FORM}"
        }
        return Description(s.name, s.style, s.kind, self.spec.roles, ((4, 4),), MAX_BARS, card, s.digest)

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take a seed; see generate.request. Likelihoods are nan: a generator of this kind gives none.

        Raises:
          BriefError: chords, or a meter other than 4/4, are asked for.
        """
        if request.chords is not None:
            raise BriefError(
                f"Model {self.snapshot.name!r} writes its own chords and cannot follow given ones; choose a sequence model."
            )
        if request.meter not in (None, (4, 4)):
            raise BriefError(f"Model {self.snapshot.name!r} writes 4/4 only; choose a sequence model for another meter.")
        wishes = [self._wish(request, np.random.default_rng(seed)) for seed in seeds]
        windows = self._windows(wishes)
        takes = []
        for i, (seed, wish) in enumerate(zip(seeds, wishes, strict=True)):
            takes.append(Take(self._score(request, wish, windows[i]), float("nan"), int(seed)))
        return takes

    def _wish(self, request: Request, rng: np.random.Generator) -> Wish:
        """Everything that a take draws, in an order that no other wish changes."""
        facts = self.snapshot.facts
        names, weights = list(facts["keys"]), np.array(list(facts["keys"].values()), dtype=np.float64)
        key = parse_key(names[int(rng.choice(len(names), p=weights / weights.sum()))])
        tempos = facts["tempos"]
        tempo = float(round(tempos[int(rng.integers(len(tempos) // 4, len(tempos) * 3 // 4 + 1))]))
        noise = form_noise(rng, -(-request.bars // self.spec.bars), self.noise, self.song) * np.float32(request.temperature)
        uniform = None
        if self.notes:
            uniform = rng.random((len(noise), self.notes, sum(field_sizes(self.spec))), dtype=np.float32)
        return Wish(request.key or key, request.tempo or tempo, noise, uniform)

    def _windows(self, wishes: Sequence[Wish]) -> npt.NDArray[np.bool_]:
        """Cells [takes, windows, n, R, 2, S, P] of all takes, in batches."""
        noise = np.concatenate([w.noise for w in wishes])
        out = []
        for at in range(0, len(noise), BATCH):
            out.append(self.graph.run(None, {"noise": noise[at : at + BATCH]})[0])
        found = np.concatenate(out)
        if self.notes:
            draws = np.concatenate([w.uniform for w in wishes if w.uniform is not None])
            found = np.stack([_choose(x, u, self.spec) for x, u in zip(found, draws, strict=True)])
        return np.asarray(found > 0.5).reshape(len(wishes), -1, *self.spec.shape)

    def _score(self, request: Request, wish: Wish, windows: npt.NDArray[np.bool_]) -> Score:
        cells = windows.reshape(-1, *self.spec.shape[1:])[: request.bars]
        if request.tracks is not None:
            cells = cells & np.array([role in request.tracks for role in self.spec.roles])[None, :, None, None, None]
        loud = np.asarray(self.snapshot.facts["velocities"], dtype=np.float64)
        return decode(cells, self.spec, wish.key, wish.tempo, velocities=loud)


def form_noise(rng: np.random.Generator, windows: int, width: int, song: int) -> Floats:
    """Noise [windows, width] of a piece: windows of one letter of the form share the song's noise and resemble each other.

    All noise is standard normal, whatever is shared.

    Args:
      rng: the take's own.
      windows: how many.
      width: numbers of noise of a window; the first `song` of them are the song's.
      song: 0 for architectures without such a part: then all of it is the bars'.
    """
    themes: dict[str, Floats] = {}
    keep = np.float32(np.sqrt(1 - VARIETY**2))
    out = []
    for i in range(windows):
        letter = FORM[i % len(FORM)]
        fresh = rng.standard_normal(width, dtype=np.float32)
        if letter in themes:
            theme = themes[letter]
            fresh[song:] = keep * theme[song:] + np.float32(VARIETY) * fresh[song:]
            fresh[:song] = theme[:song]
        else:
            themes[letter] = fresh
        out.append(fresh)
    return np.stack(out)


def _choose(logits: Floats, uniform: Floats, spec: PianoRollSpec) -> npt.NDArray[np.bool_]:
    """Sample every field of a note list from its logits [N, C] by uniform numbers, and draw the notes' cells."""
    gumbel = logits - np.log(-np.log(np.clip(uniform, 1e-6, 1 - 1e-6)))
    edges = np.cumsum((0, *field_sizes(spec)))
    notes = np.stack([gumbel[:, a:b].argmax(1) for a, b in pairwise(edges.tolist())], axis=1)
    return to_cells(notes, spec)
