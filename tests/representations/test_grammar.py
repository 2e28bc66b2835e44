"""The grammar: whatever is sampled under it decodes to what was demanded, and real music never breaks it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_events import CODEC, GRID, SPEC, chords, pieces

from antiphon.music.harmony import Chord, Key
from antiphon.music.score import Score
from antiphon.representations.events import LETTERS
from antiphon.representations.grammar import Demand, Mask, Walk


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    meter = draw(st.integers(0, len(SPEC.meters) - 1))
    bars, steps = draw(st.integers(1, 6)), CODEC.steps_in(meter)
    bar = st.dictionaries(st.integers(0, steps - 1), st.none() | chords, max_size=3).map(lambda d: tuple(sorted(d.items())))
    harmony = draw(st.none() | st.lists(bar, min_size=bars, max_size=bars).map(tuple))
    phrase = st.tuples(st.integers(0, len(LETTERS) - 1), st.integers(1, 16))
    sections = draw(st.none() | st.dictionaries(st.integers(0, bars - 1), phrase, max_size=3))
    return Demand(bars, meter, draw(st.integers(1, 2 ** len(SPEC.roles) - 1)), harmony, sections)


def wander(demand: Demand, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """A sequence sampled uniformly from the masks."""

    def one(mask: Mask) -> int:
        assert mask.any()
        return int(rng.choice(np.flatnonzero(mask)))

    walk = Walk(CODEC, demand)
    events = [CODEC.header(False, demand.roles)]
    while not walk.done:
        event = walk.forced()
        if event is None:
            kind = one(walk.kinds())
            value = one(walk.values(kind))
            event = (kind, value, one(walk.extents(kind, value)), one(walk.accents(kind, value)))
        walk.take(event)
        events.append(event)
        assert len(events) < 10_000
    return events


def held(score: Score) -> list[tuple[int, Chord | None]]:
    return [(m.tick // GRID, m.chord) for m in score.chords]


@settings(max_examples=80, deadline=None)
@given(demands(), st.integers(0, 2**32))
def test_what_is_demanded_is_what_comes(demand: Demand, seed: int) -> None:
    events = wander(demand, np.random.default_rng(seed))
    score = CODEC.decode(np.array(events, dtype=np.int16), Key(0))
    steps = CODEC.steps_in(demand.meter)
    assert score.length == demand.bars * steps * GRID
    assert [(m.numerator, m.denominator) for m in score.meters] == [SPEC.meters[demand.meter]]
    assert {t.name for t in score.tracks} <= {name for r, name in enumerate(SPEC.roles) if demand.roles >> r & 1}
    assert all(t.end <= score.length for t in score.tracks)
    notes = sum(CODEC.vocabularies[0].decode(e[0])[0] == "note" for e in events)
    assert score.note_count == notes  # nothing that was sampled is lost
    if demand.chords is not None:
        wanted = [(b * steps + step, chord) for b, bar in enumerate(demand.chords) for step, chord in bar]
        plain = [(at, c and Chord(c.root, c.quality, None if c.bass == c.root else c.bass)) for at, c in wanted]
        assert held(score) == [m for i, m in enumerate(plain) if i == 0 or m[1] != plain[i - 1][1]]
    if demand.sections is not None:
        assert [(s.tick // (steps * GRID), s.label) for s in score.sections] == [
            (bar, LETTERS[letter]) for bar, (letter, _) in sorted(demand.sections.items())
        ]


@settings(max_examples=80, deadline=None)
@given(pieces())
def test_real_music_is_always_allowed(piece: tuple[Score, Key]) -> None:
    score, key = piece
    events = CODEC.encode(score, key)
    meter = SPEC.meters.index((score.meters[0].numerator, score.meters[0].denominator))
    roles = int(events[0, 2]) - CODEC.vocabularies[2].span("roles").start
    walk = Walk(CODEC, Demand(int(sum(events[:, 0] == CODEC.vocabularies[0].encode("bar"))), meter, roles))
    for kind, value, extent, accent in events[1:].tolist():
        forced = walk.forced()
        if forced is not None:
            assert forced == (kind, value, extent, accent)
        else:
            assert walk.kinds()[kind] and walk.values(kind)[value]
            assert walk.extents(kind, value)[extent] and walk.accents(kind, value)[accent]
        walk.take((kind, value, extent, accent))
    assert walk.done


def test_where_harmony_is_wanted_every_bar_names_its_chord_first() -> None:
    walk = Walk(CODEC, Demand(bars=1, harmony=True))
    walk.take(CODEC.bar(1, 0))
    kinds = CODEC.vocabularies[0]
    assert set(np.flatnonzero(walk.kinds())) == {kinds.encode("chord", 0), kinds.encode("section")}
    walk.take(CODEC.chord(0, None))
    assert walk.kinds()[kinds.encode("note", 0)] and walk.kinds()[kinds.encode("end")]
