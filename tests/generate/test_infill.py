"""Writing into a given piece, over a fake model: what is closed stays, what is open is written, company changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_event_generator import FACTS, SPEC, WildRuntime

from antiphon.errors import BriefError
from antiphon.generate.events import EventGenerator
from antiphon.generate.infill import Gap, gaps
from antiphon.generate.request import Opening, Request
from antiphon.generate.snapshot import Snapshot
from antiphon.music.form import Phrase
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Note, Score, Track, notes_array

BAR = 1920


def generator(infills: bool = True, length: int = 512) -> EventGenerator:
    from pathlib import Path

    spec = replace(SPEC, fills=infills)
    return EventGenerator(Snapshot(Path(), "wild", "pop", "fake", spec, {"length": length}, FACTS, {}, "0"), FillingRuntime())


class FillingRuntime(WildRuntime):
    """The wild model over the vocabularies that have the fill event."""

    def __init__(self) -> None:
        super().__init__(2.0)
        from antiphon.representations.events import EventCodec

        self.sizes = [v.size for v in EventCodec(replace(SPEC, fills=True)).vocabularies]


def piece(bars: int, seed: int = 0, roles: tuple[str, ...] = ("melody", "bass"), chords: bool = True) -> Score:
    """Four notes a bar and role on the beats, and a chord a bar."""
    rng = np.random.default_rng(seed)
    tracks = tuple(
        Track(
            name,
            0,
            notes=notes_array(
                [Note(b * BAR + q * 480, 240, int(rng.integers(40, 80)), 80) for b in range(bars) for q in range(4)]
            ),
        )
        for name in roles
    )
    marks = tuple(ChordMark(b * BAR, Chord([0, 5, 7, 9][b % 4], "")) for b in range(bars)) if chords else ()
    return Score(480, tracks, meters=(Meter(0, 4, 4),), keys=(KeyMark(0, Key(0)),), chords=marks, length=bars * BAR)


def cells(score: Score, openings: tuple[Opening, ...], inside: bool) -> dict[str, list[tuple[int, ...]]]:
    """Onset, pitch and velocity of each role's notes that begin inside (or outside) of the openings."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for track in score.tracks:
        is_open = {b for o in openings if track.name in o.roles for b in range(o.first, o.stop)}
        found[track.name] = [(n[0], n[2], n[3]) for n in track.notes.tolist() if (n[0] // BAR in is_open) == inside]
    return found


@st.composite
def requests(draw: st.DrawFn) -> Request:
    bars = draw(st.integers(1, 14))
    openings = []
    for role in ("melody", "bass"):
        if draw(st.booleans()):
            first = draw(st.integers(0, bars - 1))
            openings.append(Opening(first, draw(st.integers(first + 1, bars)), (role,)))
    if not openings or (len(openings) == 2 and all((o.first, o.stop) == (0, bars) for o in openings)):
        openings = [Opening(0, bars, ("bass",))]
    score = piece(bars, draw(st.integers(0, 9)), chords=draw(st.booleans()))
    return Request(bars, given=score, openings=tuple(openings), free_harmony=draw(st.booleans()))


@settings(max_examples=25, deadline=None)
@given(requests(), st.integers(0, 99))
def test_closed_bars_stay_and_open_ones_are_written(request: Request, seed: int) -> None:
    assert request.given is not None
    take, other = generator().write(request, [seed, seed + 100])
    assert cells(take.score, request.openings, False) == cells(request.given, request.openings, False)
    assert take.score.end == request.given.end and take.score.resolution == 480
    assert generator().write(request, [seed])[0] == take
    # the wild model plays in almost every bar, and two seeds are two pieces
    if sum(o.stop - o.first for o in request.openings) > 3:
        assert take.score != other.score
        assert any(cells(take.score, request.openings, True).values())
    if request.given.chords and not request.free_harmony:
        assert take.score.chords == request.given.chords


def test_gaps_are_runs_with_the_same_roles_of_at_most_eight_bars() -> None:
    openings = (Opening(2, 4, ("melody",)), Opening(3, 13, ("bass",)))
    found = gaps(generator(), Request(13, given=piece(13), openings=openings))
    assert found == [Gap(2, 3, 1), Gap(3, 4, 3), Gap(4, 12, 2), Gap(12, 13, 2)]


def test_chords_asked_for_stand_in_the_gap_and_the_old_harmony_returns_after_it() -> None:
    given_ = piece(6)
    asked = tuple((Chord(2, "m"),) for _ in range(6))
    request = Request(6, given=given_, openings=(Opening(2, 4, ("melody", "bass")),), chords=asked)
    assert [(m.tick, str(m.chord)) for m in generator().write(request, [1])[0].score.chords] == [(0, "Dm")]
    free = Request(6, given=given_, openings=(Opening(2, 4, ("melody", "bass")),), free_harmony=True)
    for seed in range(5):
        marks = generator().write(free, [seed])[0].score.chords
        outside = [m for m in marks if not 2 * BAR <= m.tick < 4 * BAR]
        assert outside[:2] == list(given_.chords[:2])
        held = [m.chord for m in marks if m.tick <= 4 * BAR][-1]
        assert held == Chord(0, "") and [m.chord for m in marks if m.tick <= 5 * BAR][-1] == Chord(5, "")


def test_a_part_that_is_not_there_yet_is_written_from_end_to_end() -> None:
    alone = piece(20, roles=("melody",))
    request = Request(20, given=alone, openings=(Opening(0, 20, ("bass",)),), form=(Phrase("A", 8), Phrase("B", 12)))
    for length in (64, 512):  # in a small memory only a few bars around the gap fit
        score = generator(length=length).write(request, [3])[0].score
        bass = next(t for t in score.tracks if t.name == "bass")
        assert len({n[0] // BAR for n in bass.notes.tolist()}) > 10 and bass.program == 32
        assert [t.name for t in score.tracks] == ["melody", "bass"]
        assert [(s.tick, s.label) for s in score.sections] == [(0, "A"), (8 * BAR, "B")]


def test_what_cannot_be_written_into_is_said() -> None:
    opening = (Opening(0, 1, ("bass",)),)
    with pytest.raises(BriefError, match="cannot write into a given piece"):
        generator(False).write(Request(2, given=piece(2), openings=opening), [1])
    odd = replace(piece(2), meters=(Meter(0, 4, 4), Meter(BAR, 3, 4)))
    with pytest.raises(BriefError, match="one meter that it knows"):
        generator().write(Request(2, given=replace(odd, length=BAR + 1440, tracks=()), openings=opening), [1])
    with pytest.raises(BriefError, match="not tuba"):
        generator().write(Request(2, given=piece(2), openings=(Opening(0, 1, ("tuba",)),)), [1])
    with pytest.raises(BriefError, match="Nothing is given"):
        generator().write(Request(2, given=piece(2, roles=()), openings=opening), [1])
    with pytest.raises(BriefError, match="opened twice"):
        Request(2, given=piece(2), openings=opening * 2)
    with pytest.raises(BriefError, match="Bar 3 is to be written"):
        Request(2, given=piece(2), openings=(Opening(2, 3, ("bass",)),))
    with pytest.raises(BriefError, match="needs openings"):
        Request(2, given=piece(2))
    with pytest.raises(BriefError, match="The form has 3 bars"):
        Request(2, form=(Phrase("A", 3),))
