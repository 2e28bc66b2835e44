"""The sampler held against FluidSynth: all General MIDI programs and ten drums, by goldens that FluidSynth made.

tests/golden/make_fluidsynth.py writes the goldens and holds the measures. Where FluidSynth is installed it is played here
too, through the same checks; the sampler needs nothing installed.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from antiphon.timbre import fluidsynth
from antiphon.timbre.part import Engine
from antiphon.timbre.rack import choose
from antiphon.timbre.soundfont import find_soundfont

GOLDEN = Path(__file__).parents[1] / "golden" / "make_fluidsynth.py"
LATENESS = 0.010
"""Seconds that an onset may differ."""
LATE = {125: 0.020}
"""The helicopter's beats swell over 3.5 s: which beat is its onset is a matter of a decibel."""
LIKENESS = 0.93
"""Least correlation of the log spectra, 60 bands by attack, sustained sound and release."""
LIVE = {"sampler": range(129), "fluidsynth": range(0, 129, 16)}
"""Numbers compared by engine; for FluidSynth itself a few show that its program is driven rightly."""
ENGINES = ("sampler", *(("fluidsynth",) if fluidsynth.installed() else ()))


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_fluidsynth", GOLDEN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, golden: ModuleType) -> Engine:
    return choose(request.param, find_soundfont(), golden.RATE)


@pytest.fixture(scope="module")
def compared(engine: Engine, golden: ModuleType) -> list[tuple[int, dict[str, npt.NDArray], dict[str, npt.NDArray]]]:
    """(number, as FluidSynth plays it, as the engine plays it); number 128 is the drum kit."""
    stored = np.load(golden.GOLDEN)
    rows = []
    for number, part in golden.programs():
        if number not in LIVE[engine.name]:
            continue
        kind, row = ("drums", 0) if number == 128 else ("programs", number)
        wanted = {name: stored[f"{kind}_{name}"][row] for name in ("spectra", "onset", "peaks", "loudness")}
        wanted["spectra"] = wanted["spectra"] / 2
        found = golden.measure(engine.play(part, int(len(part) * golden.GAP * golden.RATE)), len(part))
        rows.append((number, wanted, found))
    return rows


def test_spectra(compared: list) -> None:
    likeness = {
        (number, i): float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
        for number, wanted, found in compared
        for i, (a, b) in enumerate(zip(wanted["spectra"], found["spectra"], strict=True))
    }
    assert {note: r for note, r in likeness.items() if not r >= LIKENESS} == {}
    assert np.median(list(likeness.values())) > 0.99


def test_onsets(compared: list) -> None:
    for number, wanted, found in compared:
        assert np.abs(found["onset"] - wanted["onset"]).max() < LATE.get(number, LATENESS), number


def test_pitch(compared: list) -> None:
    """FluidSynth's strongest partial is among the engine's three strongest (some programs have two as strong)."""
    for number, wanted, found in compared:
        for a, peaks in zip(wanted["peaks"][:, 0], found["peaks"], strict=True):
            # Five cents, or what 0.8 s of sound cannot tell apart.
            assert np.abs(peaks - a).min() < max(1.25, a * (2 ** (5 / 1200) - 1)), (number, a, peaks)


def test_loudness(compared: list) -> None:
    for number, wanted, found in compared:
        assert np.abs(found["loudness"] - wanted["loudness"]).max() < 1.5, number
