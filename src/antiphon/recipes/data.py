"""From pieces to training examples: encode once, then cut windows of whole bars."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.corpus.piece import Piece
from antiphon.errors import InputError, TrainingError
from antiphon.music.beats import tempo_at
from antiphon.music.form import parse_form
from antiphon.music.harmony import Key
from antiphon.music.tonality import key_in
from antiphon.representations.events import PITCHES, EventCodec, Events, EventSpec


@dataclass(frozen=True)
class EventSet:
    """Encoded pieces of one split.

    Attributes:
      pieces: events [T, 4] of each piece.
      times: musical time of each event, [T].
      bars: indices of the bar events of each piece.
    """

    pieces: list[Events]
    times: list[npt.NDArray[np.int32]]
    bars: list[npt.NDArray[np.int64]]

    @property
    def events(self) -> int:
        """Number of events over all pieces."""
        return sum(len(p) for p in self.pieces)


@dataclass
class Prepared:
    """A corpus made ready for one codec: its splits, what was left out and why, and facts for the snapshot."""

    codec: EventCodec
    splits: dict[str, EventSet] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)


def split_of(piece: Piece) -> str:
    """The published split of a piece, or one drawn from a hash of its work: 8% valid, 6% test."""
    if piece.split is not None:
        return piece.split
    place = int.from_bytes(hashlib.sha256(piece.work.encode()).digest()[:4], "little") / 2**32
    return "valid" if place < 0.08 else "test" if place < 0.14 else "train"


def key_of(piece: Piece) -> Key:
    """The key in force at the beginning, as labelled, or as found (C major for a piece without pitches)."""
    return key_in(piece.score)


def prepare(pieces: Iterable[Piece], spec: EventSpec) -> Prepared:
    """Encode pieces and sort them into splits; what the spec cannot say is counted, with its reason.

    Raises:
      TrainingError: nothing is left to train on.
    """
    out = Prepared(EventCodec(spec))
    found: dict[str, list[Events]] = {"train": [], "valid": [], "test": []}
    works: list[str] = []  # of the pieces to train on
    tempos: list[float] = []
    keys: Counter[str] = Counter()
    meters: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    chords = 0
    digest = hashlib.sha256()
    for piece in pieces:
        key = key_of(piece)
        try:
            events = out.codec.encode(piece.score, key)
        except InputError as error:
            out.refused[str(error)] += 1
            continue
        split = split_of(piece)
        found[split].append(events)
        digest.update(events.tobytes())
        if split == "train":
            works.append(piece.work)
            tempos.append(tempo_at(piece.score, 0).qpm)
            keys[str(key)] += 1
            first = piece.score.meters[0]
            meters[f"{first.numerator}/{first.denominator}"] += 1
            licences[piece.licence] += 1
            chords += bool(piece.score.chords)
            forms["".join(s.label for s in piece.score.sections)] += 1
    if not found["valid"]:
        _hold_back(found, works)
    if not found["train"] or not found["valid"]:
        raise TrainingError(
            "Too little is left to train and validate on: " + (str(dict(out.refused)) or "the store is empty") + "."
        )
    bar_id = out.codec.vocabularies[0].encode("bar")
    for split, items in found.items():
        out.splits[split] = EventSet(
            items, [out.codec.times(e) for e in items], [np.flatnonzero(e[:, 0] == bar_id) for e in items]
        )
    out.facts = {
        "pieces": {name: len(s.pieces) for name, s in out.splits.items()},
        "events": {name: s.events for name, s in out.splits.items()},
        "refused": dict(out.refused),
        "tempos": np.quantile(tempos, np.linspace(0.05, 0.95, 19)).round(1).tolist(),
        "keys": dict(keys.most_common()),
        "meters": dict(meters.most_common()),
        "chords": chords / max(1, sum(keys.values())),
        "forms": sorted(form for form in forms if _is_form(form)),
        "licences": dict(licences.most_common()),
        "digest": digest.hexdigest(),
    }
    return out


def _is_form(text: str) -> bool:
    """Whether section labels read as a phrase string."""
    try:
        return bool(parse_form(text))
    except InputError:
        return False


def _hold_back(found: dict[str, list[Events]], works: list[str]) -> None:
    """Move a tenth of the works, one at least, from train to valid: a small folder may have none there by chance."""
    names = sorted(set(works), key=lambda work: hashlib.sha256(work.encode()).digest())
    if len(names) < 2:
        return
    held = set(names[: max(1, len(names) // 10)])
    found["valid"] = [e for e, work in zip(found["train"], works, strict=True) if work in held]
    found["train"] = [e for e, work in zip(found["train"], works, strict=True) if work not in held]


def window(
    codec: EventCodec, events: Events, times: npt.NDArray[np.int32], bars: npt.NDArray[np.int64], first: int, length: int
) -> dict[str, np.ndarray]:
    """A header and the events from the `first`-th bar on, at most `length` in all, with times from 0."""
    begin = int(bars[first])
    header = events[:1]
    stop = min(len(events), begin + length - 1)
    cut = np.concatenate([header, events[begin:stop]])
    time = np.concatenate([[0], times[begin:stop] - times[begin]])
    return {"events": cut.astype(np.int64), "times": time.astype(np.int64)}


def drop_roles(codec: EventCodec, example: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The window without some of its roles, and a header that says so: the model learns to write any subset."""
    _, value, extent, _ = codec.vocabularies
    start = extent.span("roles").start
    events = example["events"]
    present = int(events[0, 2]) - start
    keep = 0
    while keep == 0:
        keep = present & int(rng.integers(1, 2 ** len(codec.spec.roles)))
    role = (events[:, 1] - value.span("pitch").start) // PITCHES
    is_note = codec.vocabularies[0].span("note").start <= events[:, 0]
    stays = ~is_note | ((keep >> np.clip(role, 0, None)) & 1).astype(bool)
    events = events[stays].copy()
    events[0, 2] = start + keep
    return {"events": events, "times": example["times"][stays]}


def drop_marks(codec: EventCodec, example: dict[str, np.ndarray], chords: bool, sections: bool) -> dict[str, np.ndarray]:
    """The window without its chord or section events, so that the model can do without being given any."""
    kind = codec.vocabularies[0]
    k = example["events"][:, 0]
    out = np.zeros(len(k), dtype=bool)
    if chords:
        span = kind.span("chord")
        out |= (k >= span.start) & (k < span.stop)
    if sections:
        out |= k == kind.encode("section")
    return {"events": example["events"][~out], "times": example["times"][~out]}
