"""Choosing an engine, and driving FluidSynth without FluidSynth: by small programs that stand in for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_soundfont import tiny_soundfont

from antiphon.errors import InputError, OutputError
from antiphon.timbre import fluidsynth, rack
from antiphon.timbre.part import Part

PART = Part(0, False, np.array([0.0]), np.array([0.5]), np.array([69]), np.array([100]))


@pytest.fixture
def font(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.sf2"
    path.write_bytes(tiny_soundfont())
    return path


def stand_in(folder: Path, script: str) -> Path:
    """A program called fluidsynth that runs a few lines of shell."""
    program = folder / "fluidsynth"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_auto_is_fluidsynth_only_where_it_answers(tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert rack.choose("auto", font, 44100).name == "sampler"
    stand_in(tmp_path, "exit 0")
    assert rack.choose("auto", font, 44100).name == "fluidsynth"
    assert rack.choose("sampler", font, 44100).name == "sampler"
    stand_in(tmp_path, "exit 1")
    assert rack.choose("auto", font, 44100).name == "sampler"
    with pytest.raises(InputError, match="not installed"):
        rack.choose("fluidsynth", font, 44100)


def test_unknown_engine(font: Path) -> None:
    with pytest.raises(InputError, match=r"'harp'.*auto, sampler, fluidsynth"):
        rack.choose("harp", font, 44100)


def test_its_samples_come_back(tmp_path: Path, font: Path) -> None:
    # Two frames: (1, 0) and (0, 1) as little-endian floats, written to what follows -F.
    write = r"""while [ "$1" != -F ]; do shift; done; printf '\000\000\200\077\0\0\0\0\0\0\0\0\000\000\200\077' > "$2" """
    engine = fluidsynth.FluidSynth(stand_in(tmp_path, write), font)
    assert engine.play(PART, 4).tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]
    assert engine.play(PART, 1).tolist() == [[1, 0]]


@pytest.mark.parametrize("script", ["echo 'no such font' >&2; exit 3", "exit 0"])
def test_failure_is_one_sentence(tmp_path: Path, font: Path, script: str) -> None:
    engine = fluidsynth.FluidSynth(stand_in(tmp_path, script), font)
    with pytest.raises(OutputError, match=r"FluidSynth failed.*'sampler'"):
        engine.play(PART, 100)
