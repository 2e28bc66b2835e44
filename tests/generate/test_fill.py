"""Tests of the filling of chorales: what is given stays, seeds decide, wrong grids end in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import InputError
from antiphon.generate.fill import OPEN, fill, open_cost
from antiphon.generate.frames import FrameSnapshot


class Stepwise:
    """A net that thinks every note is the pitch of its voice, or one above."""

    def __init__(self) -> None:
        self.looks = 0

    def run(self, names: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.looks += 1
        notes, unknown = inputs["notes"], inputs["open"]
        assert notes.shape == unknown.shape and notes.shape[1] <= 256
        p = np.full((*notes.shape, 53), 1e-6, np.float32)
        for voice, pitch in enumerate((72, 67, 60, 48)):
            p[..., voice, pitch - 32 : pitch - 30] = 0.5
        return [np.log(p / p.sum(-1, keepdims=True))]


def net() -> FrameSnapshot:
    shape = {"lowest": 33, "highest": 84, "order": [0, 1, 2, 3]}
    return FrameSnapshot(Path("none"), "fake", "fill", shape, {}, Stepwise())


def test_what_is_given_stays_and_what_is_open_is_written() -> None:
    grid = np.tile(np.array([70, 65, -1, 50]), (600, 1))
    grid[40:560, 1:3] = OPEN
    model = net()
    filled = fill(grid, seed=3, model=model, passes=6)
    given = grid != OPEN
    assert np.array_equal(filled[given], grid[given])
    assert set(filled[40:560, 1].tolist()) == {67, 68} and set(filled[40:560, 2].tolist()) == {60, 61}
    assert np.array_equal(filled, fill(grid, seed=3, model=model, passes=6))
    assert not np.array_equal(filled, fill(grid, seed=4, model=model, passes=6))
    assert (grid[40:560, 1:3] == OPEN).all()


def test_a_mask_opens_notes_that_the_grid_gives() -> None:
    grid = np.full((16, 4), 55)
    mask = np.zeros((16, 4), bool)
    mask[:, 3] = True
    filled = fill(grid, mask, seed=0, model=net(), passes=2)
    assert set(filled[:, 3].tolist()) <= {48, 49} and (filled[:, :3] == 55).all()
    assert np.array_equal(fill(grid, seed=0, model=net()), grid)


def test_a_low_temperature_takes_the_likeliest() -> None:
    model = net()
    model.session.run = lambda names, inputs: [np.log(_rising(inputs["notes"].shape))]
    assert (fill(np.full((8, 4), OPEN), seed=1, temperature=0.01, model=model, passes=4) == 84).all()


def _rising(shape: tuple[int, ...]) -> np.ndarray:
    p = np.arange(1, 54, dtype=np.float32) ** 2
    return np.broadcast_to(p / p.sum(), (*shape, 53)).copy()


def test_wrong_grids_end_in_one_sentence() -> None:
    with pytest.raises(InputError, match="four voices"):
        fill(np.full((8, 3), OPEN), seed=0, model=net())
    with pytest.raises(InputError, match="33 to 84"):
        fill(np.array([[90, OPEN, OPEN, OPEN]]), seed=0, model=net())
    with pytest.raises(InputError, match="above 0"):
        fill(np.full((8, 4), OPEN), seed=0, temperature=0.0, model=net())


def test_the_cost_over_random_orders_by_hand() -> None:
    grid = np.tile(np.array([72, 67, 60, 48]), (12, 1))
    model = net()
    assert open_cost(grid, orders=4, model=model) == pytest.approx(np.log(2), abs=1e-3)
    assert model.session.looks == 4
