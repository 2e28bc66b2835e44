"""Tests of drum roles in the event codec: no key moves them, they have one length, the grammar allows no other."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.music.harmony import Key
from antiphon.music.score import Score, Track
from antiphon.representations.events import PITCHES, EventCodec, EventSpec
from antiphon.representations.grammar import Demand, Walk

SPEC = EventSpec(("keys", "bass", "drums"), (4, 33, 0), drums=("drums",))
CODEC = EventCodec(SPEC)
PLAIN = EventSpec(("melody", "piano"), (24, 0))


def song() -> Score:
    """In D major: D, A in the bass, kick and snare."""
    return Score(
        480,
        (
            Track("keys", 4, False, [(0, 960, 62, 80), (960, 960, 66, 80)]),
            Track("bass", 33, False, [(0, 480, 38, 90), (960, 480, 45, 90)]),
            Track("drums", 0, True, [(0, 700, 36, 100), (480, 30, 38, 100), (480, 30, 42, 60)]),
        ),
    )


def test_drums_stay_where_all_else_moves_with_the_key() -> None:
    events = CODEC.encode(song(), Key(2))
    value, extent = CODEC.vocabularies[1], CODEC.vocabularies[2]
    note = CODEC.vocabularies[0].span("note")
    rows = events[(events[:, 0] >= note.start) & (events[:, 0] < note.stop)]
    found = [divmod(int(v) - value.span("pitch").start, PITCHES) for v in rows[:, 1]]
    assert [(SPEC.roles[role], pitch + 21) for role, pitch in found] == [
        ("keys", 60), ("bass", 36), ("drums", 36), ("drums", 38), ("drums", 42), ("keys", 64), ("bass", 43),
    ]  # fmt: skip
    drums = [int(x) for (role, _), x in zip(found, rows[:, 2], strict=True) if role == 2]
    assert drums == [extent.encode("duration", 0)] * 3


@given(st.integers(0, 11), st.booleans())
def test_a_song_comes_back_in_its_key_or_another_with_the_same_drums(tonic: int, minor: bool) -> None:
    events = CODEC.encode(song(), Key(2))
    back = CODEC.decode(events, Key(tonic, minor), 120.0)
    kit = back.tracks[-1]
    assert (kit.name, kit.is_drum, kit.program) == ("drums", True, 0)
    assert [(n.onset, n.duration, n.pitch) for n in kit] == [(0, 120, 36), (480, 120, 38), (480, 120, 42)]
    assert not any(t.is_drum for t in back.tracks[:-1])
    again = CODEC.decode(CODEC.encode(back, Key(tonic, minor)), Key(2), 120.0)
    assert [n.pitch % 12 for t in again.tracks[:-1] for n in t] == [n.pitch % 12 for t in song().tracks[:-1] for n in t]


def test_specs_without_drums_are_written_as_they_always_were() -> None:
    assert "drums" not in PLAIN.to_json()
    assert EventSpec.from_json(json.loads(json.dumps(PLAIN.to_json()))) == PLAIN
    assert EventSpec.from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC
    assert (PLAIN.kits, SPEC.kits) == (frozenset(), frozenset({2}))


def test_the_grammar_allows_drums_their_one_length_alone() -> None:
    walk = Walk(CODEC, Demand(2, roles=7))
    walk.take(CODEC.bar(2, 0))
    kind, value, extent, _ = CODEC.vocabularies
    lengths = extent.span("duration")
    drum = walk.extents(kind.encode("note", 0), value.encode("pitch", 2 * PITCHES + 15))
    assert np.flatnonzero(drum).tolist() == [lengths.start]
    assert np.count_nonzero(walk.extents(kind.encode("note", 0), value.encode("pitch", 1 * PITCHES + 15))) > 10
