"""Takes in shares: every seed once and in order whatever the threads, a cut that hangs on the count alone, errors told."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import BriefError
from antiphon.generate.events import EventGenerator
from antiphon.generate.load import load
from antiphon.generate.request import Request, Take
from antiphon.generate.together import LEAST, in_shares, processors, shares
from antiphon.music.score import Score

EMPTY = Score(480, ())


def written(seeds: Sequence[int]) -> list[Take]:
    return [Take(EMPTY, -float(seed), seed) for seed in seeds]


def test_shares_by_hand() -> None:
    assert shares([], 32) == []
    assert [list(s) for s in shares([7, 8, 9], 32)] == [[7, 8, 9]]
    assert [list(s) for s in shares(range(5), 32)] == [[0, 1], [2, 3, 4]]
    assert [len(s) for s in shares(range(16), 32)] == [8, 8]
    assert [len(s) for s in shares(range(100), 32)] == [25, 25, 25, 25]


@given(st.lists(st.integers(0, 1000)), st.integers(1, 40), st.integers(1, 5))
def test_every_seed_is_written_once_and_in_order(seeds: list[int], most: int, threads: int) -> None:
    cut = shares(seeds, most)
    assert [seed for some in cut for seed in some] == seeds
    assert all(1 <= len(some) <= max(most, 1) for some in cut)
    assert len(seeds) < LEAST or len(cut) >= 2
    assert max(map(len, cut), default=0) - min(map(len, cut), default=0) <= 1
    assert [take.seed for take in in_shares(written, seeds, most, threads)] == seeds


def test_shares_are_written_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)  # lets nobody on before two stand at it

    def waiting(seeds: Sequence[int]) -> list[Take]:
        both.wait()
        return written(seeds)

    assert [take.seed for take in in_shares(waiting, range(6), 32, 2)] == list(range(6))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_a_share_is_told(threads: int) -> None:
    def failing(seeds: Sequence[int]) -> list[Take]:
        raise BriefError(f"not with {seeds[0]}")

    with pytest.raises(BriefError, match="not with 0"):
        in_shares(failing, range(8), 32, threads)


def test_there_is_a_processor() -> None:
    assert processors() >= 1


def test_a_shipped_model_writes_the_same_bits_in_any_company_and_in_threads() -> None:
    model = load("folk")
    assert isinstance(model, EventGenerator)
    takes = []
    for threads in (1, 2):
        model.threads = threads
        takes.append(model.write(Request(2), range(5)))
    assert takes[0] == takes[1]
    assert [model.write(Request(2), [seed])[0] for seed in (0, 4)] == [takes[0][0], takes[0][4]]
