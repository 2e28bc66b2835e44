"""Recordings written and read back in every format, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import FormatError, InputError, OutputError
from antiphon.io.audio import SUFFIXES, read, write

RATE = 44100


def tone(seconds: float = 1.5) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    return np.stack([0.5 * np.sin(2 * np.pi * 440 * t), 0.25 * np.sin(2 * np.pi * 880 * t)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "bits", "error"), [(".wav", 16, 2**-15), (".wav", 24, 2**-23), (".FLAC", 16, 2**-15), (".flac", 24, 2**-23)]
)
def test_lossless(tmp_path: Path, suffix: str, bits: int, error: float) -> None:
    path = tmp_path / f"tone{suffix}"
    write(path, tone(), RATE, bits=bits)
    samples, rate = read(path)
    assert rate == RATE and samples.shape == tone().shape
    assert np.abs(samples - tone()).max() <= error
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".ogg", ".mp3"])
def test_lossy(tmp_path: Path, suffix: str) -> None:
    # More than a minute at once is what older libsndfile cannot stand as Vorbis.
    long = tone(65.0)
    write(tmp_path / f"tone{suffix}", long, RATE)
    samples, rate = read(tmp_path / f"tone{suffix}")
    assert rate == RATE and abs(len(samples) - len(long)) < 3000
    for channel, hertz, level in ((0, 440, 0.5), (1, 880, 0.25)):
        piece = samples[RATE : 2 * RATE, channel]
        spectrum = np.abs(np.fft.rfft(piece)) * 2 / RATE
        assert spectrum.argmax() == hertz
        assert spectrum.max() == pytest.approx(level, rel=0.02)


def test_mono(tmp_path: Path) -> None:
    write(tmp_path / "mono.wav", tone()[:, 0], RATE)
    assert read(tmp_path / "mono.wav")[0].shape == (len(tone()), 1)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.wav, \.flac, \.ogg, \.mp3"):
        write(tmp_path / "tone.aac", tone(), RATE)
    with pytest.raises(InputError, match="clipped"):
        write(tmp_path / "tone.wav", tone() * 3, RATE)
    with pytest.raises(InputError, match="no numbers"):
        write(tmp_path / "tone.wav", tone() * np.nan, RATE)
    with pytest.raises(InputError, match="empty"):
        write(tmp_path / "tone.wav", tone()[:0], RATE)
    with pytest.raises(InputError, match="16 or 24"):
        write(tmp_path / "tone.wav", tone(), RATE, bits=12)
    with pytest.raises(OutputError):
        write(tmp_path / "nowhere" / "tone.wav", tone(), RATE)
    with pytest.raises(OutputError, match="MP3"):
        write(tmp_path / "tone.mp3", tone(), 12345)
    assert list(tmp_path.iterdir()) == []


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recording"):
        read(tmp_path / "nowhere.wav")
    for suffix in SUFFIXES:
        (tmp_path / f"bad{suffix}").write_bytes(b"this is no sound" * 20)
        with pytest.raises(FormatError, match="not a recording"):
            read(tmp_path / f"bad{suffix}")
