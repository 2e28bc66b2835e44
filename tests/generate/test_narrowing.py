"""Top-k and the repetition penalty: by hand, as properties, over fake models; and nothing changes where they are not asked."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_event_generator import EVERYTHING, LOGITS, SPEC, WildRuntime, generator
from test_infill import generator as filling
from test_infill import piece

from antiphon.errors import BriefError
from antiphon.generate.events import EventGenerator
from antiphon.generate.grid import GridGenerator
from antiphon.generate.request import Opening, Request, refuse_narrowing
from antiphon.generate.rolls import RollGenerator
from antiphon.generate.runtime import Floats, Ints
from antiphon.generate.writing import LATELY, Repeats, Writing, choose
from antiphon.music.form import Phrase
from antiphon.music.harmony import Key
from antiphon.representations.events import PITCHES, EventCodec
from antiphon.representations.grammar import Mask

KINDS, VALUES, _, _ = EventCodec(SPEC).vocabularies
FIRST = VALUES.encode("pitch")


def drawn(top_k: int, top_p: float = 1.0, mask: Mask = EVERYTHING) -> Counter[int]:
    """How often each id is drawn, over a fine comb of random numbers."""
    return Counter(choose(LOGITS, mask, float(u), 1.0, top_p, top_k)[0] for u in np.arange(700) / 700)


def test_top_k_cuts_all_but_the_likeliest_and_stretches_them() -> None:
    # by falling probability: 1 (.4), 3 (.3), 2 (.2), 0 (.1)
    assert drawn(1) == {1: 700}
    assert drawn(2)[1] == pytest.approx(400, abs=1) and drawn(2).keys() == {1, 3}
    assert drawn(3).keys() == {1, 2, 3}
    assert drawn(0) == drawn(4) == drawn(99)
    assert drawn(1, mask=np.array([True, False, True, False])) == {2: 700}


def test_top_p_is_of_what_top_k_left() -> None:
    assert drawn(0, 0.75).keys() == {1, 2, 3}  # .4 + .3 is less than .75, so a third is needed
    assert drawn(3, 0.75).keys() == {1, 3}  # .7 of .9 is more


def test_of_options_equally_likely_the_first_are_kept() -> None:
    found = {choose(np.zeros(4, np.float32), EVERYTHING, float(u), 1.0, 1.0, 2)[0] for u in np.arange(50) / 50}
    assert found == {0, 1}


def test_the_likelihood_told_is_the_model_s_own_whatever_is_cut() -> None:
    repeats = Repeats(5.0, np.array([1]), 0)
    chosen, nats = choose(LOGITS, EVERYTHING, 0.9, 0.7, 0.9, 2, repeats)
    assert nats == pytest.approx(float(LOGITS[chosen]), abs=1e-6)


def before(logits: npt.NDArray[np.float32], mask: Mask, u: float, temperature: float, top_p: float) -> tuple[int, float]:
    """The choice as it was made before there was anything to narrow it."""
    allowed = np.flatnonzero(mask)
    x = logits[allowed].astype(np.float64)
    x -= x.max()
    p = np.exp(x)
    total = np.log(p.sum())
    if temperature != 1.0:
        p = np.exp(x / temperature)
    if top_p < 1.0:
        order = np.argsort(-p, kind="stable")
        upto = np.cumsum(p[order])
        p[order[upto - p[order] >= top_p * upto[-1]]] = 0.0
    upto = np.cumsum(p)
    at = min(int(np.searchsorted(upto, u * upto[-1], side="right")), int(np.flatnonzero(p)[-1]))
    return int(allowed[at]), float(x[at] - total)


choices = st.builds(
    lambda size, seed, legal, spread: (
        (np.random.default_rng(seed).standard_normal(size) * spread).astype(np.float32),
        np.isin(np.arange(size), [i % size for i in legal]),
    ),
    st.integers(2, 40),
    st.integers(0, 10_000),
    st.lists(st.integers(0, 39), min_size=1, max_size=40),
    st.sampled_from([0.0, 1.0, 8.0]),
)
unit = st.floats(0, 1, exclude_max=True)
heat, share = st.sampled_from([0.5, 1.0, 1.7]), st.sampled_from([0.6, 0.98, 1.0])


@settings(deadline=None)
@given(choices, unit, heat, share)
def test_nothing_asked_changes_no_bit_of_a_choice(
    asked: tuple[npt.NDArray[np.float32], Mask], u: float, temperature: float, top_p: float
) -> None:
    assert choose(*asked, u, temperature, top_p) == before(*asked, u, temperature, top_p)


@settings(deadline=None)
@given(choices, unit, heat, share, st.integers(1, 45))
def test_what_is_drawn_is_among_the_k_likeliest_legal_ids(
    asked: tuple[npt.NDArray[np.float32], Mask], u: float, temperature: float, top_p: float, top_k: int
) -> None:
    logits, mask = asked
    chosen, _ = choose(logits, mask, u, temperature, top_p, top_k)
    likelier = np.count_nonzero(mask & (logits > logits[chosen]))
    assert mask[chosen] and likelier < top_k
    assert top_k > 1 or chosen == np.flatnonzero(mask)[logits[mask].argmax()]


def test_a_penalty_divides_the_odds_of_what_was_heard() -> None:
    p = np.array([0.1, 0.4, 0.2, 0.3])
    ids = FIRST + np.arange(4)
    # .4 becomes .2; the sum of .8 is brought back to 1
    assert Repeats(2.0, FIRST + np.array([1]), FIRST).lowered(p, ids) == pytest.approx([0.125, 0.25, 0.25, 0.375])
    assert Repeats(2.0, FIRST + np.array([7]), FIRST).lowered(p, ids) == pytest.approx(p)
    assert Repeats(2.0, ids, FIRST).lowered(p, ids) == pytest.approx(p)  # nothing new is left, and all are as likely as before
    assert p.tolist() == [0.1, 0.4, 0.2, 0.3]


def test_a_penalty_in_one_part_leaves_the_others_alone() -> None:
    p = np.array([0.1, 0.4, 0.2, 0.3])
    ids = FIRST + np.array([PITCHES - 2, PITCHES - 1, PITCHES, PITCHES + 1])  # two pitches of each role
    lowered = Repeats(4.0, np.array([FIRST + PITCHES - 1]), FIRST).lowered(p, ids)
    assert lowered == pytest.approx([0.25, 0.25, 0.2, 0.3])


@settings(deadline=None)
@given(st.lists(st.floats(1e-9, 1), min_size=6, max_size=6), st.sets(st.integers(0, 5)), st.floats(1, 100))
def test_a_penalty_keeps_the_share_of_each_part_and_the_order_of_new_pitches(
    p: list[float], heard: set[int], penalty: float
) -> None:
    ids = FIRST + np.array([0, 1, 2, PITCHES, PITCHES + 1, PITCHES + 2])
    was = np.array(p)
    now = Repeats(penalty, ids[sorted(heard)], FIRST).lowered(was, ids)
    for part in (slice(0, 3), slice(3, 6)):
        assert now[part].sum() == pytest.approx(was[part].sum())
    new = [i for i in range(6) if i not in heard]
    assert all(now[i] >= was[i] * (1 - 1e-9) for i in new)


class SteadyRuntime(WildRuntime):
    """A model that likes the same few pitches, whatever it is fed."""

    def logits(self, field: int, state: Floats, known: Ints) -> Floats:
        if field != 1:
            return super().logits(field, state, known)
        liked = np.random.default_rng(3).standard_normal(self.sizes[1]) * self.spread
        return np.repeat(liked[None].astype(np.float32), len(state), axis=0)


def repeated(penalty: float, seeds: range) -> float:
    """Share of the notes of all parts whose pitch is among the last notes of the part."""
    writer = generator()
    writer.runtime = SteadyRuntime()
    again, notes = 0, 0
    for take in writer.write(Request(8, repetition_penalty=penalty), seeds):
        for track in take.score.tracks:
            recent: deque[int] = deque(maxlen=LATELY)
            for pitch in track.notes["pitch"].tolist():
                again, notes = again + (pitch in recent), notes + 1
                recent.append(pitch)
    assert notes > 100
    return again / notes


def test_a_penalty_lowers_the_share_of_repeated_pitches() -> None:
    shares = [repeated(penalty, range(6)) for penalty in (1.0, 3.0, 30.0)]
    assert shares[0] > shares[1] + 0.05 and shares[1] > shares[2] + 0.05


NARROWED = Request(6, key=Key(0), tempo=90.0, form=(Phrase("A", 6),), top_k=4, repetition_penalty=2.5)


def test_a_narrowed_take_does_not_mind_company() -> None:
    alone = [generator().write(NARROWED, [seed])[0] for seed in (4, 5, 6)]
    assert generator().write(NARROWED, [4, 5, 6]) == alone
    assert generator().write(NARROWED, [6, 4]) == [alone[2], alone[0]]
    assert alone[0].score != alone[1].score
    assert alone[0].score != generator().write(replace(NARROWED, repetition_penalty=1.0), [4])[0].score


def test_one_option_is_no_choice() -> None:
    takes = generator().write(replace(NARROWED, top_k=1), [1, 2])
    assert takes[0].score == takes[1].score and takes[0].score.note_count > 0


def test_nothing_asked_changes_no_bit_of_a_take(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [Request(5), Request(5, temperature=0.7), Request(5, top_k=0, repetition_penalty=1.0)]
    found = [generator().write(request, [8, 9]) for request in requests]
    assert found[2] == found[0]

    def plain(*asked: object) -> tuple[int, float]:
        assert asked[5:] == (0, None)
        return before(*asked[:5])  # type: ignore[arg-type]

    monkeypatch.setattr("antiphon.generate.events.choose", plain)
    assert [generator().write(request, [8, 9]) for request in requests] == found


def test_only_pitches_are_penalised() -> None:
    writing = Writing(cast("EventGenerator", SimpleNamespace(codec=EventCodec(SPEC))), np.random.default_rng(0), [], [])  # type: ignore[arg-type]
    note, chord = KINDS.encode("note", 3), KINDS.encode("chord")
    for at in range(LATELY + 2):
        writing.hear(note, FIRST + at)
    writing.hear(note, FIRST + PITCHES)
    writing.hear(chord, VALUES.encode("root", 2))
    found = writing.repeats((note,), 2.0)
    assert found is not None and found.penalty == 2.0
    assert found.heard.tolist() == [*range(FIRST + 2, FIRST + 2 + LATELY), FIRST + PITCHES]  # the last of each part
    for known in ((), (chord,), (KINDS.encode("bar"),), (note, FIRST), (note, FIRST, 0)):
        assert writing.repeats(known, 2.0) is None
    assert writing.repeats((note,), 1.0) is None


def test_notes_before_a_gap_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[list[int]]] = []
    sample = EventGenerator.sample

    def spying(self: EventGenerator, writings: list[Writing], request: Request) -> None:
        begun.append([list(w.lately.get(0, ())) for w in writings])
        assert len({id(w.lately) for w in writings}) == len(writings)
        sample(self, writings, request)

    monkeypatch.setattr(EventGenerator, "sample", spying)
    whole = piece(8)
    request = Request(8, given=whole, openings=(Opening(4, 6, ("melody",)),), top_k=5, repetition_penalty=3.0)
    takes = filling().write(request, [1, 2])
    melody = whole.tracks[0].notes
    first = EventCodec(replace(SPEC, fills=True)).vocabularies[1].encode("pitch")
    wanted = [first + int(pitch) - 21 for pitch in melody["pitch"][melody["onset"] < 4 * 1920][-LATELY:]]
    assert begun == [[wanted, wanted]]
    monkeypatch.undo()
    assert [filling().write(request, [seed])[0] for seed in (1, 2)] == takes


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"top_k": -1}, "The top-k must be"),
        ({"repetition_penalty": 0.5}, "The repetition penalty must be 1 (none) or more, not 0.5."),
        ({"repetition_penalty": float("nan")}, "The repetition penalty must be"),
        ({"repetition_penalty": float("inf")}, "The repetition penalty must be"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(wrong: dict[str, float], word: str) -> None:
    with pytest.raises(BriefError) as caught:
        Request(4, **wrong)  # type: ignore[arg-type]
    assert str(caught.value).startswith(word) and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [GridGenerator, RollGenerator])
@pytest.mark.parametrize("asked", [{"top_k": 3}, {"repetition_penalty": 2.0}])
def test_a_model_without_the_means_refuses(kind: type, asked: dict[str, float]) -> None:
    unloaded = SimpleNamespace(snapshot=SimpleNamespace(name="roll"), spec=SimpleNamespace(roles=()))
    told = "Model 'roll' obeys no top-k and no repetition penalty; leave them out or choose a sequence model."
    with pytest.raises(BriefError) as caught:
        kind.write(unloaded, Request(4, **asked), [1])  # type: ignore[arg-type,attr-defined]
    assert str(caught.value) == told


def test_what_changes_nothing_is_not_refused() -> None:
    refuse_narrowing("roll", Request(4, top_k=0, repetition_penalty=1.0))
    assert generator().description.narrows


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 6), st.floats(1, 20), st.integers(0, 999))
def test_any_narrowed_request_is_met(top_k: int, penalty: float, seed: int) -> None:
    take = generator().write(Request(3, (3, 4), Key(2), top_k=top_k, repetition_penalty=penalty), [seed])[0]
    assert take.score.length == 3 * 1440 and np.isfinite(take.log_likelihood)
