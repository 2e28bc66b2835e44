"""Markov chains: probabilities by hand, sums of one, tables that forget rather than err."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from antiphon.models.heads import event_nll
from antiphon.models.markov import EventMarkov, MarkovConfig, count_events, from_state, prefix_hashes

SIZES = (3, 4, 2, 2)


def sequence(kinds: list[int], values: list[int] | None = None) -> np.ndarray:
    """Events of the given kinds and values; the other fields are 0."""
    rows = np.zeros((len(kinds), 4), dtype=np.int16)
    rows[:, 0] = kinds
    rows[:, 1] = values or 0
    return rows


def told(model: EventMarkov, events: np.ndarray, field: int = 0) -> Tensor:
    """Probabilities of one field of all but the first event, [T - 1, size]."""
    rows = torch.from_numpy(events.astype(np.int64))[None]
    return model(rows[:, :-1], torch.zeros(1), rows[:, 1:])[field][0].exp()


def test_first_order_by_hand() -> None:
    model = count_events(MarkovConfig(SIZES, 1, 64), [sequence([1, 1, 2, 1, 1, 2])])
    base = [(0 + 2 / 3) / 7, (3 + 2 / 3) / 7, (2 + 2 / 3) / 7]  # 1 three times, 2 twice: N = 5, D = 2
    after_one = [2 / 6 * base[0], (2 + 2 * base[1]) / 6, (2 + 2 * base[2]) / 6]  # 1 and 2 twice each: N = 4, D = 2
    after_two = [base[0] / 2, (1 + base[1]) / 2, base[2] / 2]  # 1 once: N = 1, D = 1
    p = told(model, sequence([1, 2, 0, 1]))
    assert p[0].tolist() == pytest.approx(after_one, abs=1e-3)
    assert p[1].tolist() == pytest.approx(after_two, abs=1e-3)
    assert p[2].tolist() == pytest.approx(base, abs=1e-3)  # 0 was never seen before anything


def test_second_order_falls_back_on_the_first() -> None:
    toy = [sequence([1, 1, 2, 1, 1, 2])]
    one, two = count_events(MarkovConfig(SIZES, 1, 64), toy), count_events(MarkovConfig(SIZES, 2, 64), toy)
    p, q = told(one, sequence([1, 1, 0])).tolist(), told(two, sequence([1, 1, 0])).tolist()
    # after 1 1 came 2, twice: N = 2, D = 1
    assert q[1] == pytest.approx([p[1][0] / 3, p[1][1] / 3, (2 + p[1][2]) / 3], abs=1e-3)
    assert told(two, sequence([2, 2, 0]))[1].tolist() == pytest.approx(told(one, sequence([2, 2, 0]))[1].tolist(), abs=1e-6)


def test_a_later_field_knows_the_earlier_ones() -> None:
    model = count_events(MarkovConfig(SIZES, 1, 64), [sequence([1, 2] * 20, [1, 3] * 20)])
    p = told(model, sequence([1, 2, 1], [1, 3, 1]), 1)
    assert p[0].argmax() == 3 and p[1].argmax() == 1
    assert p[0, 3] > 0.9


events = st.lists(st.tuples(*(st.integers(int(f == 0), n - 1) for f, n in enumerate(SIZES))), min_size=2, max_size=30)


@settings(max_examples=25, deadline=None)
@given(st.lists(events, min_size=1, max_size=3), events, st.integers(1, 3), st.sampled_from([4, 64]))
def test_probabilities_are_positive_and_sum_to_one(seen: list, heard: list, order: int, slots: int) -> None:
    model = count_events(MarkovConfig(SIZES, order, slots), [np.array(rows, dtype=np.int16) for rows in seen])
    for f in range(4):
        p = told(model, np.array(heard, dtype=np.int16), f)
        assert (p > 0).all()
        assert p.sum(-1).tolist() == pytest.approx([1.0] * (len(heard) - 1), abs=1e-5)


def test_longer_memory_tells_a_longer_pattern() -> None:
    pattern = sequence([1, 1, 2, 2] * 30)
    nll = []
    for order in (1, 2):
        model = count_events(MarkovConfig(SIZES, order, 64), [pattern])
        rows = torch.from_numpy(pattern.astype(np.int64))[None]
        nll.append(float(event_nll(model(rows[:, :-1], torch.zeros(1), rows[:, 1:]), rows[:, 1:]).mean()))
    assert nll[0] > 0.6 and nll[1] < 0.1  # the first order sees a coin where the second sees the rule


def test_full_tables_keep_the_commonest_contexts() -> None:
    rng = np.random.default_rng(0)
    sizes = (200, 2, 2, 2)
    kinds = np.concatenate([np.tile([1, 2], 300), rng.integers(3, 200, 400)])
    model = count_events(MarkovConfig(sizes, 1, 16), [sequence(kinds.tolist())])
    p = told(model, sequence([1, 2, 1]))
    assert p[0, 2] > 0.95 and p[1, 1] > 0.95


def test_the_tables_outlive_their_file(tmp_path: Path) -> None:
    config = MarkovConfig(SIZES, 2, 64)
    model = count_events(config, [sequence([1, 1, 2, 1, 2, 2])])
    torch.save(model.state_dict(), tmp_path / "state.pt")
    again = from_state(config, torch.load(tmp_path / "state.pt", weights_only=True))
    heard = sequence([1, 2, 1, 1])
    assert torch.equal(told(model, heard), told(again, heard)) and again.entries == model.entries
    with pytest.raises(KeyError):
        from_state(MarkovConfig(SIZES, 3, 64), model.state_dict())


def test_hashes_are_of_prefixes_and_tell_order_apart() -> None:
    ids = torch.tensor([[1, 2, 3], [1, 2, 4], [2, 1, 3]])
    two, three = prefix_hashes(ids, (2, 3))
    assert two[0] == two[1] != two[2]
    assert len(set(three.tolist())) == 3
    assert prefix_hashes(ids[:, :2], (2,))[0].tolist() == two.tolist()
