"""Writing into a given piece: its open bars are cut into gaps, and each is written with what stands around it in view."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from antiphon.errors import BriefError
from antiphon.generate.request import Request, Take
from antiphon.generate.writing import Writing
from antiphon.music.beats import bar_starts
from antiphon.music.edit import named, without_overlaps
from antiphon.music.harmony import Key
from antiphon.music.score import ChordMark, Note, Score, Section, Track, notes_array
from antiphon.music.tonality import key_in
from antiphon.representations.grammar import Demand, Walk
from antiphon.representations.openings import Rows, opened

if TYPE_CHECKING:
    from antiphon.generate.events import EventGenerator

LONGEST = 8
"""Bars of the longest gap that is written at once: models are trained on gaps up to this length."""
AHEAD = 6
"""Bars after the gap that are looked at first; then as many before it as the context holds, then more after it."""
CONTEXT_SHARE = 0.65
"""Of the events in a training window: the rest is for the gap itself."""


class Gap(NamedTuple):
    """A run of bars with the same roles open (a bit mask)."""

    first: int
    stop: int
    roles: int


def gaps(generator: EventGenerator, request: Request) -> list[Gap]:
    """The openings as runs of bars, at most LONGEST each, from the first to the last.

    Raises:
      BriefError: the model has no such role.
    """
    names = generator.snapshot.spec.roles
    masks = [0] * request.bars
    for opening in request.openings:
        for role in opening.roles:
            if role not in names:
                raise BriefError(f"Model {generator.snapshot.name!r} has the tracks {', '.join(names)}, not {role}.")
            for bar in range(opening.first, opening.stop):
                masks[bar] |= 1 << names.index(role)
    found: list[Gap] = []
    for mask, run in groupby(range(request.bars), masks.__getitem__):
        bars = list(run)
        found += [Gap(bars[i], min(bars[i] + LONGEST, bars[-1] + 1), mask) for i in range(0, len(bars), LONGEST) if mask]
    return found


def write_into(generator: EventGenerator, request: Request, seeds: Sequence[int]) -> list[Take]:
    """One take a seed: the given piece with its openings written; see generate.request.

    Raises:
      BriefError: the model cannot write into a piece, or not into this one.
    """
    name, given = generator.snapshot.name, request.given
    assert given is not None
    if not generator.snapshot.spec.fills:
        raise BriefError(f"Model {name!r} cannot write into a given piece; choose one that can.")
    meters = {(m.numerator, m.denominator) for m in given.meters}
    if len(meters) != 1 or not meters <= set(generator.snapshot.spec.meters):
        raise BriefError(f"Model {name!r} writes into one meter that it knows, not {_meters_text(meters)}.")
    key = request.key or key_in(given)
    todo = gaps(generator, request)
    base = _marked(_emptied(given, generator, todo), request)
    bound = bool(base.chords) and not request.free_harmony
    scores = [base] * len(seeds)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    nats = [0.0] * len(seeds)
    for at, gap in enumerate(todo):
        writings = _writings(generator, scores, key, gap, todo[at + 1 :], bound, rngs)
        generator.sample(writings, request)
        scores = [_filled(generator, score, w, key, gap, bound) for score, w in zip(scores, writings, strict=True)]
        nats = [sum_ + w.nats for sum_, w in zip(nats, writings, strict=True)]
    written = [score.note_count - base.note_count for score in scores]
    return [
        Take(score, total / max(1, notes), int(seed))
        for score, total, notes, seed in zip(scores, nats, written, seeds, strict=True)
    ]


def _meters_text(meters: set[tuple[int, int]]) -> str:
    return " and ".join(f"{n}/{d}" for n, d in sorted(meters))


def _emptied(score: Score, generator: EventGenerator, todo: list[Gap]) -> Score:
    """The piece without the notes that begin in its openings."""
    starts = [*bar_starts(score), score.end]
    tracks = []
    for track in score.tracks:
        stays = np.ones(len(track), dtype=bool)
        if track.name in generator.snapshot.spec.roles:
            role = generator.snapshot.spec.roles.index(track.name)
            for gap in todo:
                if gap.roles >> role & 1:
                    onset = track.notes["onset"]
                    stays &= (onset < starts[gap.first]) | (onset >= starts[gap.stop])
        tracks.append(replace(track, notes=track.notes[stays]))
    return replace(score, tracks=tuple(tracks))


def _marked(score: Score, request: Request) -> Score:
    """With the chords and the phrases asked for, where they are, in place of its own marks."""
    starts = [*bar_starts(score), score.end]
    if request.chords is not None:
        marks = [
            ChordMark(starts[b] + i * (starts[b + 1] - starts[b]) // len(bar), chord)
            for b, bar in enumerate(request.chords)
            for i, chord in enumerate(bar)
        ]
        score = replace(score, chords=tuple(m for i, m in enumerate(marks) if i == 0 or m.chord != marks[i - 1].chord))
    if request.form is not None:
        begins = np.cumsum([0, *(p.bars for p in request.form)])
        sections = tuple(Section(starts[int(b)], p.letter) for b, p in zip(begins, request.form, strict=False))
        score = replace(score, sections=sections)
    return score


def _writings(
    generator: EventGenerator,
    scores: list[Score],
    key: Key,
    gap: Gap,
    rest: list[Gap],
    bound: bool,
    rngs: list[np.random.Generator],
) -> list[Writing]:
    """What each take is to write now, and what it has before it; takes that are the same so far share their context."""
    codec, spec = generator.codec, generator.snapshot.spec
    out: list[Writing] = []
    done: dict[int, Writing] = {}
    for score, rng in zip(scores, rngs, strict=True):
        if id(score) in done:
            same = done[id(score)]
            shared = Writing(Walk(codec, same.walk.demand), rng, [], [], same.context, same.begin)
            shared.lately = deepcopy(same.lately)
            out.append(shared)
            continue
        meter = spec.meters.index((score.meters[0].numerator, score.meters[0].denominator))
        bars = len(bar_starts(score))
        events, times, low = _window(generator, score, key, gap, rest)
        steps = codec.steps_in(meter)
        ends = (int((events[:, 0] == codec.vocabularies[0].encode("bar")).sum())) * steps
        parts = opened(codec, events, times, ends, gap.first - low, gap.stop - low, gap.roles, bound)
        demand = Demand(
            gap.stop - gap.first,
            meter,
            gap.roles,
            tuple(codec.chords_by_bar(score, key)[gap.first : gap.stop]) if bound else None,
            {},
            not bound and float(generator.snapshot.facts.get("chords", 0)) >= 0.5,
            bars - gap.stop,
        )
        w = Writing(Walk(codec, demand), rng, [], [], (parts.events, parts.times), (gap.first - low) * steps)
        for kind, value in events[times < w.begin, :2].tolist():
            w.hear(kind, value)
        done[id(score)] = w
        out.append(w)
    return out


def _window(generator: EventGenerator, score: Score, key: Key, gap: Gap, rest: list[Gap]) -> tuple[Rows, Rows, int]:
    """Header and whole bars around the gap, as many as the context holds; their times; and the first of the bars.

    Bars after the gap count only up to the next gap, unless the same roles, and not all, are open there: models know
    parts that are still to be written, but no holes that are none.
    """
    codec = generator.codec
    present = gap.roles
    for gone in rest:
        present |= gone.roles
    sounding = {t.name for t in score.tracks if len(t)}
    for role, name in enumerate(generator.snapshot.spec.roles):
        present |= (name in sounding) << role
    if not sounding & set(generator.snapshot.spec.roles):
        raise BriefError("Nothing is given to write to: no track of the model has a note outside of the open bars.")
    events = codec.encode(score, key).astype(np.int64)
    times = codec.times(events.astype(np.int16)).astype(np.int64)
    events[0] = codec.header(key.minor, present)
    lines = np.flatnonzero(events[:, 0] == codec.vocabularies[0].encode("bar"))
    stops = [*lines.tolist(), len(events)]
    last = len(lines)
    for following in rest:
        if following.roles != gap.roles or gap.roles == present:
            last = following.first
            break
    low, high = gap.first, gap.stop
    room = int(CONTEXT_SHARE * generator.snapshot.shape.get("length", 512))

    def fits(a: int, z: int) -> bool:
        return stops[z] - stops[a] <= room

    while high < min(last, gap.stop + AHEAD) and fits(low, high + 1):
        high += 1
    while low > 0 and fits(low - 1, high):
        low -= 1
    while high < last and fits(low, high + 1):
        high += 1
    cut = slice(stops[low], stops[high])
    return np.concatenate([events[:1], events[cut]]), np.concatenate([[0], times[cut] - times[stops[low]]]), low


def _filled(generator: EventGenerator, score: Score, w: Writing, key: Key, gap: Gap, bound: bool) -> Score:
    """The piece with what was written into the gap."""
    spec = generator.snapshot.spec
    grid = spec.steps_per_quarter
    start, stop = ([*bar_starts(score), score.end][b] for b in (gap.first, gap.stop))
    part = generator.codec.decode(np.array(w.events, dtype=np.int16), key, resolution=score.resolution * grid)
    tracks = list(score.tracks)
    for role, (name, program) in enumerate(zip(spec.roles, spec.programs, strict=True)):
        new = named(part.tracks, name)
        if new is None or not gap.roles >> role & 1:
            continue
        old = named(score.tracks, name)
        if old is None:
            old = Track(name, program, role in spec.kits)
            tracks.append(old)
        moved = [Note(start + n[0] // grid, max(1, n[1] // grid), n[2], n[3]) for n in new.notes.tolist()]
        notes = without_overlaps(notes_array([*(Note(*n) for n in old.notes.tolist()), *moved]))
        tracks[[t.name for t in tracks].index(name)] = replace(old, notes=notes)
    tracks.sort(key=lambda t: spec.roles.index(t.name) if t.name in spec.roles else len(spec.roles))
    if bound:
        return replace(score, tracks=tuple(tracks))
    inside = [ChordMark(start + m.tick // grid, m.chord) for m in part.chords]
    return replace(score, tracks=tuple(tracks), chords=_put(score.chords, inside, start, stop, score.end))


def _put(marks: tuple[ChordMark, ...], inside: list[ChordMark], start: int, stop: int, end: int) -> tuple[ChordMark, ...]:
    """Chord marks with others between two ticks; what was in force at the second goes on there."""
    held = [m.chord for m in marks if m.tick <= stop][-1:] or [None]
    after = [ChordMark(stop, held[0])] if stop < end else []
    every = [m for m in marks if m.tick < start] + inside + after + [m for m in marks if m.tick > stop]
    return tuple(m for i, m in enumerate(every) if i == 0 or m.chord != every[i - 1].chord)
