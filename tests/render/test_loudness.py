"""Loudness and true peak against cases whose values the standards print, and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from antiphon.render.filters import Recursion, convolve, recurse
from antiphon.render.loudness import integrated_loudness, k_weighting, true_peak
from antiphon.render.master import gain_curve


def sine(hertz: float, seconds: float, rate: int, level: float = 1.0) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
def test_reference_sines(rate: int) -> None:
    # BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS.
    mono = sine(997, 10, rate)
    assert integrated_loudness(mono, rate) == pytest.approx(-3.01, abs=0.05)
    # In both channels 3 dB more; EBU Tech 3341, case 1 and 2: -23 dBFS reads -23, -33 reads -33.
    for level in (-20.0, -23.0, -33.0):
        stereo = np.stack([sine(1000, 20, rate, 10 ** (level / 20))] * 2, axis=1)
        assert integrated_loudness(stereo, rate) == pytest.approx(level, abs=0.1)


def test_gates() -> None:
    rate = 48000
    pieces = [np.stack([sine(1000, s, rate, 10 ** (d / 20))] * 2, 1) for s, d in ((10, -36), (60, -23), (10, -36))]
    # EBU Tech 3341, case 3: what is 10 LU below the rest does not count.
    assert integrated_loudness(np.concatenate(pieces), rate) == pytest.approx(-23, abs=0.1)
    with_silence = np.concatenate([pieces[1][: 5 * rate], np.zeros((20 * rate, 2))])
    assert integrated_loudness(with_silence, rate) == pytest.approx(-23, abs=0.15)


def test_silence_and_short_sounds() -> None:
    assert integrated_loudness(np.zeros((44100, 2)), 44100) == -math.inf
    assert true_peak(np.zeros((10, 2)), 44100) == -math.inf
    click = np.zeros((100, 2))
    click[50] = 0.5
    assert -60 < integrated_loudness(click, 44100) < -20


def test_k_weighting_is_the_standards_filter() -> None:
    # The coefficients that BS.1770-4 prints for 48 kHz (tables 1 and 2).
    sos = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
    noise = np.random.default_rng(1).standard_normal(20_000).astype(np.float32)
    assert np.allclose(recurse(noise, k_weighting(48000)), signal.sosfilt(sos, noise), atol=2e-3)


def test_true_peak_between_samples() -> None:
    # A quarter of the sample rate, sampled 45 degrees off its crests: samples reach 0.707 of the true peak only.
    tone = 0.5 * np.sin(np.pi / 2 * np.arange(4000) + np.pi / 4) * signal.windows.tukey(4000, 0.2)
    assert true_peak(tone, 44100) == pytest.approx(20 * math.log10(0.5), abs=0.1)
    assert 20 * math.log10(np.abs(tone).max()) == pytest.approx(-9.03, abs=0.01)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5000))
@settings(max_examples=25, deadline=None)
def test_true_peak_is_that_of_ideal_oversampling(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    sos = signal.butter(4, 0.6, output="sos")
    noise = signal.sosfilt(sos, np.pad(rng.standard_normal(n), (100, 200)))
    ideal = 20 * math.log10(np.abs(signal.resample(noise, 4 * len(noise))).max())
    assert true_peak(noise[:, None], 44100) == pytest.approx(ideal, abs=0.15)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.floats(0.01, 0.99), st.floats(0.05, 3.0))
@settings(max_examples=25, deadline=None)
def test_recursion_is_scipys_filter(seed: int, n: int, radius: float, angle: float) -> None:
    rng = np.random.default_rng(seed)
    top = rng.standard_normal(3)
    bottom = np.array([-2 * radius * np.cos(angle), radius**2])
    noise = rng.standard_normal(n).astype(np.float32)
    expected = signal.lfilter(top, [1, *bottom], noise)
    found = recurse(noise, Recursion.biquad(tuple(top.tolist()), tuple(bottom.tolist())))
    assert np.abs(found - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


@given(st.integers(0, 2**32 - 1), st.integers(1, 30_000), st.integers(1, 5000))
@settings(max_examples=20, deadline=None)
def test_convolution(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    noise, impulse = rng.standard_normal(n).astype(np.float32), rng.standard_normal((2, m)).astype(np.float32) / m
    expected = np.stack([signal.fftconvolve(noise, row)[:n] for row in impulse])
    assert np.allclose(convolve(noise, impulse), expected, atol=1e-4)


@pytest.mark.parametrize("level", [0.003, 0.1, 1.0, 8.0])
def test_mastering_reaches_loudness_under_the_ceiling(level: float) -> None:
    rate = 44100
    rng = np.random.default_rng(3)
    music = np.stack([sine(220, 8, rate), sine(330, 8, rate)], axis=1) * 0.2
    # Drum-like bursts, whose peaks the limiter has to take some decibels from.
    for at in range(0, len(music) - rate, rate // 2):
        music[at : at + 2000] += 0.4 * rng.standard_normal((2000, 2)) * np.exp(-np.arange(2000) / 300)[:, None]
    mix = (music * level).astype(np.float32)
    gain = gain_curve(mix, rate, -14.0, -1.0)
    mastered = mix * gain[:, None]
    assert gain.shape == (len(mix),)
    assert integrated_loudness(mastered, rate) == pytest.approx(-14, abs=0.1)
    assert true_peak(mastered, rate) < -1
    # Away from the peaks the gain is one constant, and it never jumps.
    assert np.abs(np.diff(np.log(gain))).max() < 0.01


def test_a_single_click_is_brought_up_by_its_peak() -> None:
    mix = np.zeros((44100, 2), dtype=np.float32)
    mix[100] = 1e-5
    gain = gain_curve(mix, 44100, -14.0, -1.0)
    assert -2 < true_peak(mix * gain[:, None], 44100) < -1
