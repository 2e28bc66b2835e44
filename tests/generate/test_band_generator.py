"""A band's generator over a fake model: drums are drums whatever the model says, in new pieces and in given ones."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_event_generator import FACTS, WildRuntime

from antiphon.generate.events import EventGenerator
from antiphon.generate.request import Opening, Request
from antiphon.generate.snapshot import Snapshot
from antiphon.generate.writing import Writing
from antiphon.music.beats import bar_count
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Track
from antiphon.recipes.catalog import BAND
from antiphon.representations.events import PITCHES, EventCodec
from antiphon.representations.grammar import Demand, Walk

BAR = 1920


class BandRuntime(WildRuntime):
    """The wild model over a band's vocabularies."""

    def __init__(self) -> None:
        super().__init__(2.0)
        self.sizes = [v.size for v in EventCodec(BAND).vocabularies]


def band() -> EventGenerator:
    facts = FACTS | {"meters": {"4/4": 90, "6/8": 9}, "chords": 1.0}
    return EventGenerator(Snapshot(Path(), "wild", "band", "fake", BAND, {"length": 512}, facts, {}, "0"), BandRuntime())


def backing(bars: int) -> Score:
    """Keys that hold a chord a bar."""
    keys = [(b * BAR, BAR, p, 80) for b in range(bars) for p in (57, 60, 64)]
    marks = (ChordMark(0, Chord(9, "m")),)
    return Score(
        480, (Track("keys", 4, False, keys),), (), (Meter(0, 4, 4),), (KeyMark(0, Key(9, True)),), marks, length=bars * BAR
    )


@settings(max_examples=20, deadline=None)
@given(
    bars=st.integers(1, 6),
    tracks=st.sampled_from([None, ("drums",), ("bass", "drums"), ("lead", "keys", "bass"), ("strings", "drums")]),
    key=st.sampled_from([None, Key(2), Key(6, True)]),
    seed=st.integers(0, 2**31),
)
def test_every_piece_is_as_long_as_asked_and_its_drums_are_drums(bars, tracks, key, seed) -> None:  # type: ignore[no-untyped-def]
    take = band().write(Request(bars, tracks=tracks, key=key), [seed])[0].score
    assert bar_count(take) == bars
    assert {t.name for t in take.tracks} <= set(tracks or BAND.roles)
    for track in take.tracks:
        assert track.is_drum == (track.name == "drums")
        if track.is_drum:
            assert set(track.notes["duration"].tolist()) == {120}


def test_drums_written_into_a_given_piece_become_a_drum_track() -> None:
    given_piece = backing(4)
    request = Request(4, (4, 4), Key(9, True), given=given_piece, openings=(Opening(0, 4, ("bass", "drums")),))
    take = band().write(request, [5])[0].score
    assert [t.name for t in take.tracks] == ["keys", "bass", "drums"]
    assert [t.is_drum for t in take.tracks] == [False, False, True]
    assert take.tracks[0] == given_piece.tracks[0]


def test_a_repetition_penalty_leaves_the_drums_alone() -> None:
    codec = EventCodec(BAND)
    kind, first = codec.vocabularies[0], codec.vocabularies[1].encode("pitch")
    writing = Writing(Walk(codec, Demand(1, roles=31)), np.random.default_rng(0), [], [])
    kick, low = first + 4 * PITCHES + 15, first + 3 * PITCHES + 12
    for value in (kick, low):
        writing.hear(kind.encode("note", 0), value)
    assert writing.lately == {3: deque([low]), 4: deque([kick])}
    repeats = writing.repeats((kind.encode("note", 2),), 2.0)
    assert repeats is not None
    assert repeats.heard.tolist() == [low]


def test_a_spec_without_drums_says_nothing_of_them() -> None:
    plain = replace(BAND, drums=())
    assert "drums" not in plain.to_json()
    assert BAND.to_json()["drums"] == ("drums",)
