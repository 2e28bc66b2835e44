"""Likelihood of given pieces over a fake model: by hand, in company, in stretches, beyond the memory, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import InputError
from antiphon.generate.events import EventGenerator
from antiphon.generate.likelihood import Likelihood, likelihood, likelihoods
from antiphon.generate.runtime import Floats, Ints, Runtime
from antiphon.generate.snapshot import Snapshot
from antiphon.music.edit import shift
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Meter, Score, Track, notes_array
from antiphon.representations.events import EventCodec, EventSpec

SPEC = EventSpec(("melody", "bass"), (73, 32), ((4, 4), (3, 4)), 4, 16)
SIZES = tuple(v.size for v in EventCodec(SPEC).vocabularies)


class EvenRuntime(Runtime):
    """Every id of every field is as probable as any other."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def reset(self, takes: int) -> None:
        self.calls.append((-1, takes))

    def keep(self, rows: list[int]) -> None:
        raise AssertionError("stretches that are read stay in step to the end")

    def memory(self) -> None:
        raise AssertionError("stretches begin together")

    def join(self, memories: object) -> None:
        raise AssertionError("stretches begin together")

    def feed(self, events: Ints, times: Ints) -> Floats:
        self.calls.append((int(events[0, 0]), int(times[0])))
        return np.zeros((len(events), 1), np.float32)

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        assert known.shape == (len(state), field)
        return np.full((len(state), SIZES[field]), 7.0, np.float32)


class MindfulRuntime(EvenRuntime):
    """Logits that hang on everything fed since the last reset, and on the event's fields before."""

    def reset(self, takes: int) -> None:
        self.seen = np.zeros(takes, np.int64)

    def feed(self, events: Ints, times: Ints) -> Floats:
        self.seen = (self.seen * 31 + events @ np.array([7, 11, 13, 17]) + times) % 65_521
        return self.seen.astype(np.float32)[:, None]

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        seeds = [[field, int(s[0]), *k.tolist()] for s, k in zip(state, known, strict=True)]
        return np.array([np.random.default_rng(s).standard_normal(SIZES[field]) for s in seeds], dtype=np.float32)


def generator(runtime: Runtime) -> EventGenerator:
    return EventGenerator(Snapshot(Path(), "fake", "pop", "fake", SPEC, {}, {}, {}, "0"), runtime)


def tune(bars: int = 4, seed: int = 0, names: tuple[str, str] = ("melody", "bass")) -> Score:
    """Four quarter notes a bar over one whole note."""
    rng = np.random.default_rng(seed)
    upper = [(beat * 4, 4, 60 + int(rng.choice([0, 2, 4, 5, 7, 9, 11])), 90) for beat in range(bars * 4)]
    lower = [(bar * 16, 16, 36, 70) for bar in range(bars)]
    return Score(4, (Track(names[0], notes=notes_array(upper)), Track(names[1], notes=notes_array(lower))), length=bars * 16)


def read(found: Likelihood | str) -> Likelihood:
    assert isinstance(found, Likelihood)
    return found


def test_an_even_model_gives_the_size_of_the_vocabularies() -> None:
    found = likelihood(generator(EvenRuntime()), tune(4), Key(0))
    event = float(np.sum(np.log(SIZES)))
    # 4 bar lines, 20 notes and the end
    assert (found.events, found.notes) == (25, 20)
    assert found.nats_per_note == pytest.approx(25 * event / 20)
    assert found.nats_per_bar == pytest.approx(25 * event / 4)
    assert found.per_bar == pytest.approx((6 * event, 6 * event, 6 * event, 7 * event))
    assert found.per_note_by_field == pytest.approx([25 * float(np.log(n)) / 20 for n in SIZES])


def test_a_piece_does_not_mind_company() -> None:
    scores = [tune(3, 1), tune(9, 2), tune(1, 3), *(tune(2, s) for s in range(4, 24))]
    together = [read(r) for r in likelihoods(generator(MindfulRuntime()), scores)]
    for score, found in zip(scores, together, strict=True):
        alone = likelihood(generator(MindfulRuntime()), score)
        assert alone.per_bar == pytest.approx(found.per_bar) and alone.events == found.events
    assert len({r.nats_per_note for r in together}) > 20


def test_the_key_is_marked_or_found_or_given() -> None:
    plain = tune(4, 1)
    marked = Score(4, plain.tracks, keys=(KeyMark(0, Key(2)),), length=plain.length)
    reads = generator(MindfulRuntime())
    assert likelihood(reads, marked) == likelihood(reads, plain, Key(2)) == likelihood(reads, marked, Key(2))
    assert likelihood(reads, marked) != likelihood(reads, marked, Key(5))


def test_beyond_the_memory_it_begins_again_as_the_writer_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.generate.events.CONTEXT", 10)
    runtime, score = EvenRuntime(), tune(4)
    found = likelihood(generator(runtime), score, Key(0))
    assert found.events == 25
    events = generator(runtime).codec.encode(score, Key(0))
    header, kinds = int(events[0, 0]), events[:, 0].tolist()
    fed: list[list[int]] = []
    for kind, _ in runtime.calls:
        if kind == -1:
            fed.append([])
        else:
            fed[-1].append(kind)
    assert all(len(one) < 10 and one[0] == header for one in fed)
    # nine events fill a memory; then the header and the last five, the newest among them
    assert fed[0] == kinds[:9] and fed[1][1:6] == kinds[5:10] and fed[-1][-1] == kinds[24]


def test_stretches_stand_on_their_own_and_count_bars_from_the_first_note() -> None:
    late = shift(tune(11), 32)
    found = read(likelihoods(generator(MindfulRuntime()), [late], [Key(0)], bars=4, most=9)[0])
    # bars 3-6, 7-10 and the last three of the piece, whose end counts
    assert len(found.per_bar) == 11 and (found.events, found.notes) == (11 * 6 + 1, 55)
    runtime = EvenRuntime()
    likelihoods(generator(runtime), [late], [Key(0)], bars=4, most=1)
    assert [time for _, time in runtime.calls[1:4]] == [0, 0, 0]
    assert read(likelihoods(generator(EvenRuntime()), [late], bars=4, most=1)[0]).notes == 20


def test_what_cannot_be_read_is_refused_with_its_reason() -> None:
    odd = Score(4, tune().tracks, meters=(Meter(0, 7, 8),))
    foreign = tune(names=("flute", "tuba"))
    found = likelihoods(generator(EvenRuntime()), [odd, tune(), foreign, Score(4, ())], [Key(0)] * 4)
    assert "7/8" in str(found[0]) and isinstance(found[1], Likelihood)
    assert "melody, bass" in str(found[2]) and "melody, bass" in str(found[3])
    assert "three quarters of 16 bars" in str(likelihoods(generator(EvenRuntime()), [tune(11)], bars=16)[0])
    with pytest.raises(InputError, match="melody, bass"):
        likelihood(generator(EvenRuntime()), foreign)
