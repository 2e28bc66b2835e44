"""The sampler against what can be worked out by hand from a font with one sine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tiny_soundfont import RATE, keys, tiny_soundfont

from antiphon.timbre.part import Part
from antiphon.timbre.sampler import Sampler
from antiphon.timbre.soundfont import Generator as G
from antiphon.timbre.soundfont import SoundFont

LOOPED = [(G.SAMPLE_MODES, 1), (G.SAMPLE, 0)]
Notes = list[tuple[float, float, int, int]]


def play(folder: Path, font: bytes, notes: Notes, seconds: float = 1.0, drums: bool = False) -> npt.NDArray[np.float32]:
    path = folder / "tiny.sf2"
    path.write_bytes(font)
    onset, end, pitch, velocity = map(np.array, zip(*notes, strict=True))
    part = Part(0, drums, onset, end, pitch, velocity)
    return Sampler(SoundFont(path), RATE).play(part, int(seconds * RATE))


def frequency(sound: npt.NDArray[np.float32]) -> float:
    """Frequency of a sine by its rising zero crossings."""
    mono = sound[:, 0]
    rising = np.flatnonzero((mono[:-1] < 0) & (mono[1:] >= 0)).astype(float)
    rising += mono[rising.astype(int)] / (mono[rising.astype(int)] - mono[rising.astype(int) + 1])
    return (len(rising) - 1) * RATE / (rising[-1] - rising[0])


def level(sound: npt.NDArray[np.float32], begin: float, end: float) -> float:
    """Decibels RMS of the left channel between two times."""
    piece = sound[int(begin * RATE) : int(end * RATE), 0].astype(float)
    return float(10 * np.log10(np.mean(piece**2) + 1e-20))


@pytest.mark.parametrize("key", [45, 69, 70, 81])
def test_pitch_follows_the_key(tmp_path: Path, key: int) -> None:
    sound = play(tmp_path, tiny_soundfont(), [(0.0, 0.9, key, 100)])
    assert frequency(sound[2000:36000]) == pytest.approx(441 * 2 ** ((key - 69) / 12), rel=1e-5)


def test_tuning_generators(tmp_path: Path) -> None:
    zone = [(G.ROOT_KEY, 60), (G.COARSE_TUNE, 2), (G.FINE_TUNE, -50), (G.SCALE_TUNING, 50), *LOOPED]
    sound = play(tmp_path, tiny_soundfont([zone]), [(0.0, 0.9, 64, 100)])
    # Four keys at half scale are 2 semitones, and 2 more less a half: 3.5 in all.
    assert frequency(sound[2000:36000]) == pytest.approx(441 * 2 ** (3.5 / 12), rel=1e-5)


def test_level_of_velocity_attenuation_and_pan(tmp_path: Path) -> None:
    loud = play(tmp_path, tiny_soundfont(), [(0.0, 0.9, 69, 127)])
    # Half scale in both channels by the sine law, with the resting channel volume of 100.
    expected = 0.5 * np.cos(np.pi / 4) * (100 / 127) ** 2
    assert np.abs(loud).max() == pytest.approx(expected, rel=1e-3)
    soft = play(tmp_path, tiny_soundfont(), [(0.0, 0.9, 69, 64)])
    assert level(loud, 0.2, 0.8) - level(soft, 0.2, 0.8) == pytest.approx(40 * np.log10(127 / 64), abs=0.01)
    quiet = play(tmp_path, tiny_soundfont([[(G.ATTENUATION, 100), *LOOPED]]), [(0.0, 0.9, 69, 127)])
    assert level(loud, 0.2, 0.8) - level(quiet, 0.2, 0.8) == pytest.approx(4.0, abs=0.01)
    left = play(tmp_path, tiny_soundfont([[(G.PAN, -500), *LOOPED]]), [(0.0, 0.9, 69, 127)])
    assert np.abs(left[:, 1]).max() < 1e-6 < level(left, 0.2, 0.8) - level(loud, 0.2, 0.8) - 3.0


def test_modulator_from_velocity_to_cutoff(tmp_path: Path) -> None:
    # Velocity downwards, straight, by -4800 cents: at velocity 1 the sine of 2,500 Hz is above a cut-off of some 1,300.
    mods = [(0x0102, int(G.CUTOFF), -4800, 0, 0)]
    font = tiny_soundfont([[*LOOPED]], modulators=mods)
    bright, dull = (play(tmp_path, font, [(0.0, 0.9, 99, v)]) for v in (127, 1))
    lost = level(bright, 0.2, 0.8) - level(dull, 0.2, 0.8) - 40 * np.log10(127)
    assert 8 < lost < 16


def test_envelope_stages(tmp_path: Path) -> None:
    base = int(G.VOLUME_ENV)
    # Attack 100 ms, hold none, decay at 96 dB a second down to -24 dB, release at 96 dB in half a second.
    stages = [(base + 1, -3986), (base + 3, 0), (base + 4, 250), (base + 5, -1200)]
    sound = play(tmp_path, tiny_soundfont([[*stages, *LOOPED]]), [(0.0, 0.8, 69, 127)], 1.2)
    peak = np.abs(sound[:, 0])
    top = 0.5 * np.cos(np.pi / 4) * (100 / 127) ** 2
    assert peak[: int(0.05 * RATE)].max() == pytest.approx(top / 2, rel=0.04)
    assert level(sound, 0.5, 0.8) == pytest.approx(20 * np.log10(top / np.sqrt(2)) - 24, abs=0.1)
    whole = 1000 / RATE  # ten cycles
    assert level(sound, 0.82 + whole, 0.82 + 2 * whole) - level(sound, 0.82, 0.82 + whole) == pytest.approx(
        -192 * whole, abs=0.1
    )
    assert np.abs(sound[int(1.15 * RATE) :]).max() == 0


def test_loop_modes(tmp_path: Path) -> None:
    short = play(tmp_path, tiny_soundfont([[(G.SAMPLE, 0)]]), [(0.0, 0.9, 69, 127)])
    assert level(short, 0.03, 0.08) > -30 and np.abs(short[4100:]).max() == 0
    slow_release = (int(G.VOLUME_ENV) + 5, 6000)
    until = play(tmp_path, tiny_soundfont([[(G.SAMPLE_MODES, 3), slow_release, (G.SAMPLE, 0)]]), [(0.0, 0.5, 69, 127)])
    # Let go, it plays to the end of the loop under way and of the sample: at most 40 cycles more.
    assert level(until, 0.4, 0.5) > -30 and np.abs(until[int(0.6 * RATE) :]).max() == 0


def test_loop_has_no_click(tmp_path: Path) -> None:
    sound = play(tmp_path, tiny_soundfont(), [(0.0, 0.95, 69, 127)])[2000:40000, 0]
    assert np.abs(np.diff(sound)).max() <= np.abs(sound).max() * 2 * np.pi / 100 * 1.01


def test_exclusive_class_chokes(tmp_path: Path) -> None:
    font = tiny_soundfont(
        [
            [(G.KEY_RANGE, keys(42, 42)), (G.EXCLUSIVE_CLASS, 1), *LOOPED],
            [(G.KEY_RANGE, keys(46, 46)), (G.EXCLUSIVE_CLASS, 1), (int(G.VOLUME_ENV) + 5, 6000), *LOOPED],
        ],
        bank=128,
    )
    alone = play(tmp_path, font, [(0.0, 0.2, 46, 100)], 2.0, drums=True)
    choked = play(tmp_path, font, [(0.0, 0.2, 46, 100), (0.5, 0.51, 42, 1)], 2.0, drums=True)
    assert level(alone, 0.3, 0.5) == pytest.approx(level(choked, 0.3, 0.5), abs=0.01)
    assert level(alone, 1.3, 1.5) > level(choked, 1.3, 1.5) + 60


def test_onsets_are_exact_to_the_sample(tmp_path: Path) -> None:
    notes = [(0.25 * i, 0.25 * i + 0.1, 69, 127) for i in range(4)]
    sound = play(tmp_path, tiny_soundfont([[(int(G.VOLUME_ENV) + 5, -7200), *LOOPED]]), notes)
    for i in range(4):
        at = int(np.rint(0.25 * i * RATE))
        assert np.abs(sound[max(0, at - 400) : at + 1]).max() == 0 < np.abs(sound[at + 2 : at + 60]).max()


def test_same_part_same_samples_and_cut_tail(tmp_path: Path) -> None:
    notes = [(0.0, 0.5, 60, 90), (0.1, 3.0, 67, 80), (0.95, 1.4, 72, 80), (5.0, 6.0, 60, 80)]
    first, again = (play(tmp_path, tiny_soundfont(), notes) for _ in range(2))
    assert first.shape == (RATE, 2) and first.dtype == np.float32
    assert np.array_equal(first, again)
    longer = play(tmp_path, tiny_soundfont(), notes, 2.0)
    assert np.allclose(first, longer[:RATE], rtol=0, atol=1e-6)


def test_a_note_of_no_length_speaks(tmp_path: Path) -> None:
    assert level(play(tmp_path, tiny_soundfont(), [(0.0, 0.0, 69, 127)]), 0.0, 0.01) > -40
