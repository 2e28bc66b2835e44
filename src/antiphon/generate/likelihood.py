"""Likelihood: how probable a sequence snapshot finds a piece that anybody wrote, event by event, exactly.

Legend: B stretches in a batch, T events, F = 4 fields, d width of the state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.generate.events import EventGenerator
from antiphon.music.harmony import Key
from antiphon.music.score import Score
from antiphon.music.tonality import key_in
from antiphon.representations.events import FIELDS, Events

BATCH = 16
"""Stretches that are read in step."""
LEAST_SHARE = 4
"""A last stretch counts as one from three of so many parts of its bars on."""

Floats = npt.NDArray[np.float64]


class Likelihood(NamedTuple):
    """Negative log-likelihood of a piece, or of stretches of it; nats.

    Attributes:
      nats_per_note: of all events (bar lines, marks and the end too) over the number of notes.
      nats_per_bar: of all events over the number of bars.
      per_bar: nats of each bar read, its bar line included; the end of the piece belongs to its last bar.
      events: how many events were predicted; the header is given.
      notes: how many of them are notes.
      per_note_by_field: nats_per_note, split into kind, value, extent and accent (when, which pitch, how long, how loud).
    """

    nats_per_note: float
    nats_per_bar: float
    per_bar: tuple[float, ...]
    events: int
    notes: int
    per_note_by_field: tuple[float, ...]


class _Stretch(NamedTuple):
    """A header and the events after it, with their musical times, and the index of the piece they are of."""

    piece: int
    events: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]


def likelihood(generator: EventGenerator, score: Score, key: Key | None = None) -> Likelihood:
    """Exact likelihood of a whole piece under a sequence snapshot: teacher-forced, over the whole vocabulary, no masks.

    Args:
      generator: what `generate.load.load` gives for a sequence snapshot.
      score: its tracks carry the names of the snapshot's roles.
      key: what the piece is in (default: the first key marked, else the one found).

    Raises:
      InputError: the snapshot's codec cannot read the piece, with the reason.
    """
    found = likelihoods(generator, [score], None if key is None else [key])[0]
    if isinstance(found, str):
        raise InputError(found)
    return found


def likelihoods(
    generator: EventGenerator,
    scores: Sequence[Score],
    keys: Sequence[Key | None] | None = None,
    bars: int | None = None,
    most: int = 2,
) -> list[Likelihood | str]:
    """Likelihood of many pieces, read side by side: one a piece, or the reason why it cannot be had.

    Args:
      keys: of each piece; None: the first key marked, else the one found.
      bars: read stretches of so many bars, each with the header before it and nothing else (default: whole pieces, whose
        later bars are easier for what is remembered).
      most: stretches a piece at most, evenly spread; they do not overlap, and a silent one does not count.
    """
    refused: dict[int, str] = {}
    stretches: list[_Stretch] = []
    for i, score in enumerate(scores):
        given = keys[i] if keys is not None else None
        try:
            events = generator.codec.encode(score, given or key_in(score))
        except InputError as error:
            refused[i] = str(error)
            continue
        mine = [_Stretch(i, *arrays) for arrays in _cut(generator, events, bars, most)]
        if not mine:
            refused[i] = (
                "It has no note inside its bars." if bars is None else f"It does not fill three quarters of {bars} bars."
            )
        stretches += mine
    nats: list[list[tuple[_Stretch, Floats]]] = [[] for _ in scores]
    order = sorted(range(len(stretches)), key=lambda j: len(stretches[j].events))
    for at in range(0, len(order), BATCH):
        batch = [stretches[j] for j in order[at : at + BATCH]]
        for stretch, found in zip(batch, _read(generator, batch), strict=True):
            nats[stretch.piece].append((stretch, found))
    return [refused[i] if i in refused else _sum(generator, each) for i, each in enumerate(nats)]


def _cut(
    generator: EventGenerator, events: Events, bars: int | None, most: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """(events, times) of the stretches of a piece."""
    codec, kind = generator.codec, generator.codec.vocabularies[0]
    times, note = codec.times(events), kind.span("note")
    lines = np.flatnonzero(events[:, 0] == kind.encode("bar"))
    sounding = (events[:, 0] >= note.start) & (events[:, 0] < note.stop)
    if not sounding.any():
        return
    if bars is None:
        yield events.astype(np.int64), times.astype(np.int64)
        return
    # lines before the first note are no part of the music: generators begin at once, recordings after a pause
    first = int(np.searchsorted(lines, np.flatnonzero(sounding)[0], side="right")) - 1
    begins = [b for b in range(first, len(lines), bars) if LEAST_SHARE * (len(lines) - b) >= (LEAST_SHARE - 1) * bars]
    spans = [(int(lines[b]), int(lines[b + bars]) if b + bars < len(lines) else len(events)) for b in begins]
    spans = [(a, z) for a, z in spans if sounding[a:z].any()]
    if len(spans) > most:
        spans = [spans[i] for i in np.unique(np.linspace(0, len(spans) - 1, most).round().astype(int)).tolist()]
    for a, z in spans:
        yield (
            np.concatenate([events[:1], events[a:z]]).astype(np.int64),
            np.concatenate([[0], times[a:z] - times[a]]).astype(np.int64),
        )


def _read(generator: EventGenerator, batch: Sequence[_Stretch]) -> list[Floats]:
    """Nats of every event but the first of each stretch, by field: arrays [T - 1, F]."""
    longest = max(len(s.events) for s in batch)
    events = np.zeros((len(batch), longest, len(FIELDS)), dtype=np.int64)
    times = np.zeros((len(batch), longest), dtype=np.int64)
    for row, s in enumerate(batch):
        events[row, : len(s.events)], times[row, : len(s.events)] = s.events, s.times
        times[row, len(s.events) :] = s.times[-1]
    out = np.zeros((len(batch), longest - 1, len(FIELDS)))
    generator.runtime.reset(len(batch))
    fed = at = 0
    while at < longest - 1:
        if fed + 1 >= generator.context:  # the memory of the writer, who begins again in the same way
            fed = _begin_again(generator, events, times, at)
        count = min(generator.context - 1 - fed, longest - 1 - at)
        states = generator.runtime.read(events[:, at : at + count], times[:, at : at + count])
        following = events[:, at + 1 : at + count + 1].reshape(-1, len(FIELDS))
        for f in range(len(FIELDS)):
            logits = generator.runtime.logits(f, states.reshape(len(following), -1), following[:, :f]).astype(np.float64)
            logits -= logits.max(axis=1, keepdims=True)
            nats = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(following)), following[:, f]]
            out[:, at : at + count, f] = nats.reshape(len(batch), count)
        fed, at = fed + count, at + count
    return [nats[: len(s.events) - 1] for nats, s in zip(out, batch, strict=True)]


def _begin_again(generator: EventGenerator, events: npt.NDArray[np.int64], times: npt.NDArray[np.int64], t: int) -> int:
    """Empty the memory, then feed the header and the last half of a full memory before event t; how many were fed."""
    generator.runtime.reset(len(events))
    first = max(1, t + 1 - generator.context // 2)
    again = [0, *range(first, t)]
    generator.runtime.read(events[:, again], times[:, again])
    return len(again)


def _sum(generator: EventGenerator, read: Sequence[tuple[_Stretch, Floats]]) -> Likelihood:
    """The stretches of one piece as one figure."""
    kind = generator.codec.vocabularies[0]
    note, line = kind.span("note"), kind.encode("bar")
    kinds = np.concatenate([s.events[1:, 0] for s, _ in read])
    nats = np.concatenate([found for _, found in read])
    notes = int(((kinds >= note.start) & (kinds < note.stop)).sum())
    # the first event after a header is a bar line, so every event has its bar
    per_bar = np.bincount(np.cumsum(kinds == line) - 1, weights=nats.sum(axis=1))
    total = float(nats.sum())
    return Likelihood(
        total / notes,
        total / len(per_bar),
        tuple(per_bar.tolist()),
        len(kinds),
        notes,
        tuple((nats.sum(axis=0) / notes).tolist()),
    )
