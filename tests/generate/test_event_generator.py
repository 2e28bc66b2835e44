"""The event generator over a fake model: sampling by hand, demands kept under any logits, takes that do not mind company."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import BriefError
from antiphon.generate.events import EventGenerator, choose
from antiphon.generate.request import Request
from antiphon.generate.runtime import Floats, Ints, Runtime
from antiphon.generate.snapshot import Snapshot
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import Score
from antiphon.representations.events import EventCodec, EventSpec

SPEC = EventSpec(("melody", "bass"), (73, 32), ((4, 4), (3, 4)), 4, 16)
FACTS = {"meters": {"4/4": 90, "3/4": 9, "5/4": 1}, "keys": {"G major": 2, "E minor": 1}, "tempos": [80.0, 90.0, 100.0, 110.0]}


class WildRuntime(Runtime):
    """A model whose logits are pseudo-random numbers, drawn from all that its take was fed."""

    def __init__(self, spread: float = 3.0) -> None:
        self.sizes = [v.size for v in EventCodec(SPEC).vocabularies]
        self.spread, self.fed = spread, 0

    def reset(self, takes: int) -> None:
        self.seen = np.zeros((takes, 1), np.float32)

    def keep(self, rows: list[int]) -> None:
        self.seen = self.seen[rows]

    def memory(self) -> Floats:
        return self.seen

    def join(self, memories: Sequence[Floats]) -> None:
        self.seen = np.concatenate(memories)

    def feed(self, events: Ints, times: Ints) -> Floats:
        self.fed += 1
        mixed = self.seen[:, 0].astype(np.int64) * 31 + events @ np.array([7, 11, 13, 17]) + times
        self.seen = (mixed % 65_521).astype(np.float32)[:, None]
        return self.seen

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        rows = [
            np.random.default_rng([field, int(s[0]), *k.tolist()]).standard_normal(self.sizes[field]) * self.spread
            for s, k in zip(state, known, strict=True)
        ]
        return np.array(rows, dtype=np.float32)


def generator(spread: float = 3.0) -> EventGenerator:
    return EventGenerator(Snapshot(Path(), "wild", "pop", "fake", SPEC, {}, FACTS, {}, "0"), WildRuntime(spread))


EVERYTHING = np.ones(4, dtype=bool)
LOGITS = np.log(np.array([0.1, 0.4, 0.2, 0.3], dtype=np.float32))


@pytest.mark.parametrize(
    ("u", "wanted"), [(0.0, 0), (0.09, 0), (0.11, 1), (0.49, 1), (0.51, 2), (0.69, 2), (0.71, 3), (0.999999, 3)]
)
def test_sampling_inverts_the_distribution_function(u: float, wanted: int) -> None:
    chosen, nats = choose(LOGITS, EVERYTHING, u, 1.0, 1.0)
    assert chosen == wanted
    assert nats == pytest.approx(float(LOGITS[wanted]), abs=1e-6)


def test_the_tail_beyond_top_p_is_cut_and_what_is_left_stretched() -> None:
    # by falling probability: 1 (.4), 3 (.3), 2 (.2), 0 (.1); .65 is passed by the second
    found = [choose(LOGITS, EVERYTHING, u, 1.0, 0.65)[0] for u in np.linspace(0, 0.999, 700)]
    assert set(found) == {1, 3}
    assert found.count(1) == pytest.approx(400, abs=2)
    assert {choose(LOGITS, EVERYTHING, u, 1.0, 0.3)[0] for u in np.linspace(0, 0.999, 50)} == {1}


def test_temperature_sharpens_and_flattens() -> None:
    p = np.exp(LOGITS.astype(np.float64))
    for temperature in (0.5, 2.0):
        wanted = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
        found = np.bincount([choose(LOGITS, EVERYTHING, u, temperature, 1.0)[0] for u in np.linspace(0, 0.9999, 2000)])
        assert found / 2000 == pytest.approx(wanted, abs=2e-3)


def test_the_mask_is_kept_and_the_likelihood_is_the_model_s_own_within_it() -> None:
    mask = np.array([True, False, True, False])
    assert {choose(LOGITS, mask, u, 1.0, 1.0)[0] for u in np.linspace(0, 0.999, 50)} == {0, 2}
    assert choose(LOGITS, mask, 0.9, 0.1, 0.9)[1] == pytest.approx(np.log(2 / 3), abs=1e-6)


requests = st.builds(
    lambda bars, meter, key, chords, tracks, temperature: Request(
        len(chords) if chords else bars, meter, key, tuple(chords) if chords else None, tracks, 100.0, temperature
    ),
    st.integers(1, 5),
    st.none() | st.sampled_from([(4, 4), (3, 4)]),
    st.none() | st.builds(Key, st.integers(0, 11), st.booleans()),
    st.none()
    | st.lists(
        st.lists(st.none() | st.builds(Chord, st.integers(0, 11), st.sampled_from(["", "m", "7"])), min_size=1, max_size=3).map(
            tuple
        ),
        min_size=1,
        max_size=5,
    ),
    st.none() | st.sampled_from([("melody",), ("bass",), ("bass", "melody")]),
    st.sampled_from([0.5, 1.0, 3.0]),
)


@settings(max_examples=40, deadline=None)
@given(requests, st.integers(0, 10_000))
def test_any_request_is_met_to_the_letter(request: Request, seed: int) -> None:
    take = generator().write(request, [seed])[0]
    score, (numerator, denominator) = take.score, request.meter or (4, 4)
    bar = 480 * 4 * numerator // denominator
    assert take.seed == seed and np.isfinite(take.log_likelihood) and take.log_likelihood <= 0
    assert score.length == request.bars * bar
    assert {t.name for t in score.tracks} <= set(request.tracks or SPEC.roles)
    if request.key is not None:
        assert score.keys[0].key == request.key
    if request.chords is not None:
        steps = bar // 120
        wanted = [
            ((b * steps + i * steps // len(each)) * 120, chord)
            for b, each in enumerate(request.chords)
            for i, chord in enumerate(each)
        ]
        assert held(score) == [m for i, m in enumerate(wanted) if i == 0 or m[1] != wanted[i - 1][1]]


def held(score: Score) -> list[tuple[int, Chord | None]]:
    return [(m.tick, m.chord) for m in score.chords]


@pytest.mark.parametrize("context", [30, 640])
def test_a_take_does_not_mind_company(context: int, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(6)
    monkeypatch.setattr("antiphon.generate.events.CONTEXT", 640)
    alone = [generator().write(request, [seed])[0] for seed in (4, 5, 6)]
    assert generator().write(request, [4, 5, 6]) == alone
    assert generator().write(request, [6, 4]) == [alone[2], alone[0]]
    assert alone[0].score != alone[1].score
    monkeypatch.setattr("antiphon.generate.events.CONTEXT", context)
    assert generator().write(request, [4])[0].score.length == alone[0].score.length


def test_what_is_open_is_drawn_from_the_style() -> None:
    takes = generator().write(Request(1), range(40))
    assert {str(t.score.keys[0].key) for t in takes} == {"G major", "E minor"}
    assert {round(t.score.tempos[0].qpm) for t in takes} <= {80, 90, 100, 110}
    assert generator().meters == ((4, 4), (3, 4))


def test_what_the_model_cannot_do_is_said() -> None:
    with pytest.raises(BriefError, match="does not know the meter 7/8"):
        generator().write(Request(1, (7, 8)), [1])
    with pytest.raises(BriefError, match="cannot hold 17 chords"):
        generator().write(Request(1, chords=(tuple(Chord(i % 12) for i in range(17)),)), [1])


def test_a_bar_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.generate.events.MOST_EVENTS_A_BAR", 3)
    score = generator(0.1).write(Request(4), [1])[0].score
    assert score.length == 4 * 1920 and score.note_count <= 4 * 4
