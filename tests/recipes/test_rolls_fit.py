"""Thresholds: how full windows are, by hand and as the judge counts it, and samples brought there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from antiphon.evaluate.prepare import prepare
from antiphon.evaluate.statistics import empty_bars, qualified_notes
from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.recipes.rolls_fit import fit_thresholds, fullness, sounding
from antiphon.representations.pianoroll import PianoRollSpec, decode

SPEC = PianoRollSpec(("melody", "piano"), (0, 0), bars=2, lowest=36, pitches=48)


def test_holds_sound_only_after_an_onset_and_across_bar_lines() -> None:
    x = torch.zeros(1, *SPEC.shape)
    x[0, 0, 0, 0, 14, 5] = 1
    x[0, 0, 0, 1, 15, 5] = x[0, 1, 0, 1, 0, 5] = x[0, 1, 0, 1, 2, 5] = 1  # the last one hangs in the air
    on = sounding(x)
    assert on.shape == (1, 2, 16, 2, 48)
    assert [tuple(row) for row in on[0, :, :, 0, 5].nonzero().tolist()] == [(0, 14), (0, 15), (1, 0)]
    found = fullness(x)
    assert found["silent"].tolist() == [0, 1]
    assert found["notes"].tolist() == [0.5, 0]
    assert found["long"].tolist() == [0.5, 0]  # long in the first bar, a single step in the second


def test_fullness_is_what_the_judge_counts() -> None:
    rng = np.random.default_rng(0)
    cells = np.zeros((30, *SPEC.shape), dtype=bool)
    cells[:, :, :, 0] = rng.random(cells[:, :, :, 0].shape) < 0.01
    cells[:, :, :, 1] = rng.random(cells[:, :, :, 1].shape) < 0.6
    cells[:, 1, 0] &= rng.random((30, 1, 1, 1)) < 0.5
    cells[:, 0, :, 0, 0, 0] = True  # both parts sound in the first bar, so that no clip begins later
    scores = [decode(x, SPEC) for x in cells]
    clips = prepare(scores, scores, 2, roles=SPEC.roles).generated
    assert len(clips) == 30
    found = fullness(torch.from_numpy(cells))
    for r in range(2):
        assert float(found["silent"][r]) == pytest.approx(np.mean([empty_bars(c, r) for c in clips]))
        assert float(found["long"][r]) == pytest.approx(
            np.mean([qualified_notes(c.parts[r], 4.0, 0.5) for c in clips]), abs=1e-6
        )


class Noisy(RollGenerator):
    """Logits that are noise of their own about -3, with a word on presence."""

    presence = True

    def logits(self, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        draws = torch.Generator().manual_seed(1)
        cells = torch.randn(len(noise), *self.shape.cells, generator=draws) - 3
        return cells, torch.randn(len(noise), self.shape.bars, self.shape.roles, generator=draws)


def test_samples_are_brought_to_the_wanted_fullness() -> None:
    net = Noisy(RollShape(2, 2, 16, 24), 4)
    wanted = {"silent": [0.3, 0.05], "notes": [4.0, 9.0], "long": [0.6, 0.8], "lasting": [2.2, 2.6]}
    made = fit_thresholds(net, torch.zeros(200, 4), wanted)
    for name in ("silent", "notes", "long"):
        assert made[name] == pytest.approx(wanted[name], rel=0.05, abs=0.02), name
    assert bool((net.cell_bias != 0).all())
