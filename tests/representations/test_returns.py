"""What returns in a grid: which cells say the same, and what is told of it before a cell is written."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.representations.grid import COPIES
from antiphon.representations.returns import SIGNS, Written, returned

TUNE, BASS, OTHER, SILENT = (np.full((n, 3), n, np.uint8) for n in (2, 1, 3, 0))


def lag(bars: int) -> int:
    return COPIES.index(bars)


def test_a_copy_is_of_a_cell_written_before_and_of_the_same_row() -> None:
    order = [(0, 1), (0, 2), (4, 1), (1, 1), (8, 1), (8, 2), (2, 0)]
    told, same, echo = returned([TUNE, BASS, TUNE, SILENT, TUNE, OTHER, OTHER], order)
    assert same.tolist() == echo.tolist() == [0, 0, 1 + lag(-4), 0, 1 + lag(-8), 0, 0]
    may = told[..., 0] > 0
    assert not may[0].any()
    assert [COPIES[i] for i in np.flatnonzero(may[2])] == [-4]
    assert set(np.array(COPIES)[may[4]]) == {-8, -4}  # bar 1, seven bars before, is silent
    assert set(np.array(COPIES)[may[5]]) == {-8}  # another tune of the row, not the same


def test_silence_is_no_source() -> None:
    told, same, echo = returned([SILENT, SILENT], [(0, 1), (1, 1)])
    assert not told.any()
    assert not same.any()
    assert not echo.any()


def test_a_later_bar_can_be_the_source_where_it_was_written_first() -> None:
    told, same, _ = returned([TUNE, TUNE], [(3, 1), (1, 1)])
    assert COPIES[int(same[1]) - 1] == 2
    assert int(told[1, :, 0].sum()) == 1


def test_a_chord_that_returns_is_told_and_not_copied() -> None:
    told, same, echo = returned([TUNE, OTHER, TUNE], [(0, 0), (1, 0), (2, 0)])
    assert not told.any()
    assert not same.any()
    assert echo.tolist() == [0, 0, 1 + lag(-2)]


def test_what_others_do_is_told() -> None:
    """Bar 5 of the part 2: the harmony and part 1 return after four bars, part 3 does not; its own bar before did."""
    written = Written(1, 6, 4)
    for bar, cells in {0: [OTHER, SILENT, TUNE, TUNE], 1: [OTHER, TUNE, BASS, TUNE], 4: [TUNE, TUNE, TUNE, SILENT]}.items():
        for row, cell in enumerate(cells):
            written.put(bar, row, [cell])
    for row, cell in ((0, OTHER), (1, TUNE), (3, BASS)):
        written.put(5, row, [cell])
    assert written.returns(5, 2)[0, lag(-4)].tolist() == [1, 1, 1, 1, 0, 1, 0]
    assert written.returns(5, 2)[0, lag(-1)].tolist() == [1, 1, 1, 0, 1, 0, 0]  # bar 3 was never written
    assert written.returns(5, 2)[0, lag(-8)].tolist() == [0] * (1 + SIGNS)
    assert not written.returns(5, 0).any()
    np.testing.assert_array_equal(written.source(0, 5, 2, lag(-4)), BASS)


@given(st.lists(st.sampled_from([TUNE, BASS, OTHER, SILENT]), min_size=12, max_size=12), st.permutations(range(12)))
def test_takes_are_told_apart(cells: list[np.ndarray], turn: list[int]) -> None:
    """What is told of a take is the same whatever stands beside it."""
    order = [(i // 3, i % 3) for i in turn]
    alone, _, echo = returned(cells, order)
    both = Written(2, 4, 3)
    for i, (cell, (bar, row)) in enumerate(zip(cells, order, strict=True)):
        np.testing.assert_array_equal(both.returns(bar, row)[1], alone[i])
        assert both.put(bar, row, [OTHER, cell])[1] == echo[i]


def test_copying_can_be_forbidden() -> None:
    written = Written(1, 2, 2, copying=False)
    written.put(0, 1, [TUNE])
    assert not written.returns(1, 1)[..., 0].any()
