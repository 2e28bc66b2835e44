"""What composing asks of a generator, and what it gets back: Request, Opening, Take, Description, Generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from antiphon.errors import BriefError
from antiphon.music.beats import bar_count
from antiphon.music.form import Phrase
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import Score


@dataclass(frozen=True, slots=True)
class Opening:
    """A part of a given piece that is to be written anew: some roles over a run of bars.

    Attributes:
      first, stop: bars from 0, half-open.
      roles: names of the roles to write there.

    Raises:
      BriefError: there is no bar or no role in it.
    """

    first: int
    stop: int
    roles: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.stop:
            raise BriefError(f"Bars {self.first + 1} to {self.stop} are no stretch of bars.")
        if not self.roles:
            raise BriefError("No track is asked for.")


@dataclass(frozen=True, slots=True)
class Request:
    """What is given; everything left None is the generator's to choose.

    Attributes:
      bars: length of the piece in bars, at least 1.
      meter: (numerator, denominator) of every bar; None: the generator's own.
      key: key of the piece; None: drawn by the take's seed from the style.
      chords: one tuple a bar, whose chords share the bar evenly (None: no chord); as many tuples as bars.
      tracks: roles wanted, a subset of the generator's roles; None: all of them.
      tempo: quarter notes a minute; None: drawn by the take's seed from the style.
      temperature: 1 samples from the distribution that was learnt; less is tamer, more is wilder.
      form: phrases that fill the piece exactly; None: drawn as the style has them.
      given: a piece in the generator's terms (tracks named as its roles, so many bars in one meter), of which only the
        openings are written; its chord marks bind where `chords` is None.
      free_harmony: chord marks of the given piece do not bind inside the openings.
      openings: what of it is open, in any order, no bar of a role twice; the rest comes back as it was.
      top_k: of each choice, only so many of the likeliest options are ever drawn; 0: all (Fan et al. 2018).
      repetition_penalty: pitches that a part played lately are so many times less likely to be its next one; 1: as
        likely as they were learnt (after Keskar et al. 2019).

    Raises:
      BriefError: the values contradict each other or mean nothing.
    """

    bars: int
    meter: tuple[int, int] | None = None
    key: Key | None = None
    chords: tuple[tuple[Chord | None, ...], ...] | None = None
    tracks: tuple[str, ...] | None = None
    tempo: float | None = None
    temperature: float = 1.0
    form: tuple[Phrase, ...] | None = None
    given: Score | None = None
    openings: tuple[Opening, ...] = ()
    free_harmony: bool = False
    top_k: int = 0
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise BriefError(f"A piece needs at least one bar, not {self.bars}.")
        if self.chords is not None and len(self.chords) != self.bars:
            raise BriefError(f"Chords are given for {len(self.chords)} bars, but the piece has {self.bars}.")
        if self.chords is not None and not all(self.chords):
            raise BriefError("A bar of the chord progression is empty; write N.C. for a bar without a chord.")
        if self.tracks is not None and not self.tracks:
            raise BriefError("No track is asked for.")
        if self.tempo is not None and not self.tempo > 0:
            raise BriefError(f"A tempo of {self.tempo} cannot be played.")
        if not self.temperature > 0:
            raise BriefError(f"The temperature must be above 0, not {self.temperature}.")
        if self.top_k < 0:
            raise BriefError(f"The top-k must be a number of options, or 0 for all of them, not {self.top_k}.")
        if not (math.isfinite(self.repetition_penalty) and self.repetition_penalty >= 1):
            raise BriefError(f"The repetition penalty must be 1 (none) or more, not {self.repetition_penalty}.")
        if self.form is not None and sum(phrase.bars for phrase in self.form) != self.bars:
            raise BriefError(f"The form has {sum(p.bars for p in self.form)} bars, but the piece {self.bars}.")
        self._check_openings()

    def _check_openings(self) -> None:
        if (self.given is None) != (not self.openings):
            raise BriefError("A given piece needs openings, and openings a given piece.")
        if self.given is not None and bar_count(self.given) != self.bars:
            raise BriefError(f"The given piece has {bar_count(self.given)} bars, not {self.bars}.")
        taken: set[tuple[int, str]] = set()
        for opening in self.openings:
            cells = {(bar, role) for bar in range(opening.first, opening.stop) for role in opening.roles}
            if opening.stop > self.bars:
                raise BriefError(f"Bar {opening.stop} is to be written, but the piece has {self.bars} bars.")
            if taken & cells:
                raise BriefError(f"Bar {min(taken & cells)[0] + 1} is opened twice for one track.")
            taken |= cells


def refuse_narrowing(name: str, request: Request) -> None:
    """For a model of this name that has no means to narrow its choices.

    Raises:
      BriefError: the request asks for top-k or a repetition penalty.
    """
    if request.top_k or request.repetition_penalty != 1.0:
        raise cannot_narrow(name)


def cannot_narrow(name: str) -> BriefError:
    """What a model of this name answers to a top-k or a repetition penalty that it cannot obey."""
    return BriefError(f"Model {name!r} obeys no top-k and no repetition penalty; leave them out or choose a sequence model.")


@dataclass(frozen=True, slots=True)
class Description:
    """What a snapshot says of itself.

    Attributes:
      name: the snapshot's own name.
      style: the style it was trained on ("pop", "chorale", ...).
      kind: the architecture in one word.
      roles: track names that it can write, in score order.
      meters: meters that it knows, its usual one first.
      max_bars: longest piece it may be asked for.
      infills: whether it can write into a given piece.
      likelihood: whether it gives its takes a likelihood; a generative adversarial network gives none.
      narrows: whether it obeys a request's `top_k` and `repetition_penalty`; a model that does not refuses them.
      penalty: the repetition penalty of its new pieces, unless another is asked for.
      card: data, licences, recipe, seed, scores, faults; where it holds `card["typical"] = {"mean": m, "std": s}`,
        these are the nats per note that pieces outside its training set get, and the critic measures takes by them.
      digest: SHA-256 of the folder's content, in hexadecimal.
    """

    name: str
    style: str
    kind: str
    roles: tuple[str, ...]
    meters: tuple[tuple[int, int], ...]
    max_bars: int
    card: dict[str, object] = field(default_factory=dict)
    digest: str = ""
    infills: bool = False
    likelihood: bool = True
    narrows: bool = False
    penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Take:
    """One answer to a request.

    Attributes:
      score: the piece.
      log_likelihood: what the model gives the piece, in nats per note (negative); nan where it has none to give.
      seed: the seed that made it.
    """

    score: Score
    log_likelihood: float
    seed: int


@runtime_checkable
class Generator(Protocol):
    """Anything that writes takes: a loaded snapshot, or its fake twin in a test."""

    @property
    def description(self) -> Description:
        """What the generator says of itself."""
        ...

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take for each seed, in order; the take of a seed never depends on the other seeds."""
        ...
