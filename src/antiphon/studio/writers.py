"""Loaded models, kept in the worker that composes, so that a take does not pay for loading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from antiphon.compose.styles import USUAL, Voices, suits
from antiphon.errors import BriefError, SnapshotError
from antiphon.generate import load
from antiphon.generate.request import Generator, Request, Take
from antiphon.music.score import Score

KEPT = 4
"""Models held in memory at once; the one not used for longest is let go."""
REMEMBERED = 64
"""Requests whose takes are remembered; work on a long piece asks once for each window of it."""


class Remembering:
    """A generator that writes a take of one request and seed only once, so that a first take can be shown before the rest."""

    def __init__(self, inner: Generator) -> None:
        self.inner = inner
        self.description = inner.description
        self.snapshot = getattr(inner, "snapshot", None)  # where the originality index lies
        self._known: list[tuple[Request, dict[int, Take]]] = []

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """As the generator does it; takes that were written before come from memory."""
        takes = next((takes for known, takes in self._known if known == request), None)
        if takes is None:
            takes = {}
            self._known = [*self._known, (request, takes)][-REMEMBERED:]
        missing = [seed for seed in dict.fromkeys(seeds) if seed not in takes]
        if missing:
            takes |= dict(zip(missing, self.inner.write(request, missing), strict=True))
        return [takes[seed] for seed in seeds]


class Writers:
    """The models of this installation and those learnt here."""

    def __init__(self) -> None:
        self._loaded: dict[str, Generator] = {}

    def get(self, name: str, styles: Path) -> Generator:
        """The model of a style that was shipped or learnt here; what a page sends never names another folder.

        Raises:
          BriefError: there is no such style.
          SnapshotError: its model is damaged.
        """
        own = places(styles)
        if name not in own and name not in load.available():
            raise BriefError(f"There is no style {name!r}; available: {', '.join([*load.available(), *own])}.")
        place = str(own.get(name, name))
        found = self._loaded.pop(place, None) or load.load(place)
        self._loaded[place] = found
        while len(self._loaded) > KEPT:
            self._loaded.pop(next(iter(self._loaded)))
        return found

    def forget(self) -> None:
        """Let all models go."""
        self._loaded.clear()


def places(styles: Path) -> dict[str, Path]:
    """Styles learnt here and the folders of their snapshots."""
    return {path.parent.name: path.parent for path in sorted(styles.glob("*/snapshot.json"))} if styles.is_dir() else {}


def suiting(score: Score) -> str:
    """The shipped style that suits a piece best.

    Raises:
      SnapshotError: this installation has no model.
    """
    known = load.available()
    if not known:
        raise SnapshotError("This installation holds no trained model; learn a style, or install one.")
    candidates = []
    for name in [n for n in USUAL if n in known] or known:
        spec = load.find(name).spec
        candidates.append(Voices(name, spec.roles, spec.meters))
    return max(candidates, key=lambda voices: suits(score, voices)).name
