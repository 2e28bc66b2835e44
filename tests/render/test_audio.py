"""A Score rendered: loudness, peaks, stems, tails, pedals, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from antiphon.errors import InputError, LimitError
from antiphon.music.score import Score, Tempo, Track
from antiphon.render.audio import Recording, part_of, render
from antiphon.render.loudness import integrated_loudness, true_peak
from antiphon.timbre.fluidsynth import installed

ENGINES = ("sampler", *(("fluidsynth",) if installed() else ()))


def song() -> Score:
    """Eight seconds at 120: melody, piano, bass and drums at 4 ticks a quarter note."""
    melody = [(4 * i, 3, 72 + (0, 2, 4, 7)[i % 4], 90) for i in range(16)]
    piano = [(16 * bar, 16, 60 + third, 70) for bar in range(4) for third in (0, 4, 7)]
    bass = [(8 * i, 7, 36 + (0, 7)[i % 2], 85) for i in range(8)]
    drums = [(4 * i, 1, (36, 38)[i % 2], 100) for i in range(16)] + [(2 * i, 1, 42, 60) for i in range(32)]
    return Score(
        resolution=4,
        tracks=(
            Track("melody", 73, notes=melody),
            Track("piano", 0, notes=piano),
            Track("bass", 33, notes=bass),
            Track("drums", 0, True, notes=drums),
        ),
    )


@pytest.fixture(scope="module", params=ENGINES)
def recording(request: pytest.FixtureRequest) -> Recording:
    return render(song(), engine=request.param)


def test_mastered(recording: Recording) -> None:
    assert recording.mix.dtype == np.float32 and recording.mix.shape[1] == 2
    assert integrated_loudness(recording.mix, recording.rate) == pytest.approx(-14, abs=0.15)
    assert true_peak(recording.mix, recording.rate) < -1
    assert np.abs(recording.mix.mean(axis=0)).max() < 1e-3


def test_stems_sum_to_the_mix(recording: Recording) -> None:
    assert list(recording.stems) == ["melody", "piano", "bass", "drums"]
    for stem in recording.stems.values():
        assert stem.shape == recording.mix.shape
        assert integrated_loudness(stem, recording.rate) > -40
    assert np.allclose(sum(recording.stems.values()), recording.mix, atol=1e-5)


def test_tail_dies_away(recording: Recording) -> None:
    seconds = len(recording.mix) / recording.rate
    assert 8.3 < seconds < 14
    last = recording.mix[-recording.rate // 50 :]
    assert np.abs(last).max() < np.abs(recording.mix).max() / 1000
    assert np.abs(recording.mix[-1]).max() < 1e-4


@pytest.mark.parametrize("engine", ENGINES)
def test_onsets_in_time(engine: str) -> None:
    """Side stick strokes at uneven times through a tempo change: each rises within 10 ms of its time."""
    ticks = [2, 9, 16, 27, 32, 45]
    track = Track("drums", 0, True, notes=[(tick, 1, 37, 100) for tick in ticks])
    score = Score(resolution=4, tracks=(track,), tempos=(Tempo.from_qpm(0, 60), Tempo.from_qpm(16, 120)))
    loud = np.abs(render(score, engine=engine).mix).max(axis=1)
    for second in [0.5, 2.25, 4.0, 5.375, 6.0, 7.625]:
        begin = int((second - 0.1) * 44100)
        near = loud[begin : begin + 8820]
        assert np.flatnonzero(near > 0.3 * near.max())[0] / 44100 == pytest.approx(0.1, abs=0.010)


def test_same_score_same_samples() -> None:
    first, again = render(song(), engine="sampler"), render(song(), engine="sampler")
    assert np.array_equal(first.mix, again.mix)
    assert all(np.array_equal(first.stems[name], again.stems[name]) for name in first.stems)


def test_pitch_of_a_note() -> None:
    flute = Score(resolution=4, tracks=(Track("", 73, notes=[(0, 16, 81, 100)]),))
    mix = render(flute, engine="sampler").mix[22050:66150, 0]
    spectrum = np.abs(np.fft.rfft(mix * np.hanning(len(mix))))
    # A5 is 880 Hz, one bin is 1 Hz; a flute's fundamental is its strongest partial.
    assert np.argmax(spectrum) == pytest.approx(880, abs=3)


def test_soft_solo_and_other_settings() -> None:
    soft = Score(resolution=4, tracks=(Track("piano", 0, notes=[(0, 4, 60, 1), (6, 2, 64, 2)]),))
    recording = render(soft, engine="sampler", rate=22050, loudness=-20.0)
    assert recording.rate == 22050
    assert integrated_loudness(recording.mix, 22050) == pytest.approx(-20, abs=0.2)


def test_part_of_pedal_and_repeats() -> None:
    notes = [(0, 2, 60, 80), (4, 2, 60, 80), (6, 1, 64, 80), (20, 2, 60, 80)]
    track = Track("piano", 0, notes=notes, pedals=[(1, 10)])
    part = part_of(Score(resolution=4, tracks=(track,), tempos=(Tempo.from_qpm(0, 60),)), track)
    # A quarter of a second a tick; the pedal holds to tick 11, but the repeated note ends where it is struck again.
    assert part.onset.tolist() == [0, 1, 1.5, 5]
    assert part.end.tolist() == [1, 2.75, 2.75, 5.5]


def test_names_of_stems() -> None:
    line = [(0, 4, 60, 80)]
    tracks = (Track("a", 0, notes=line), Track("a", 0, notes=line), Track("", 0, True, notes=[(0, 1, 38, 80)]), Track("b", 4))
    assert list(render(Score(resolution=4, tracks=tracks), engine="sampler").stems) == ["a", "a 2", "drums"]


def test_a_last_bar_of_rest_is_kept() -> None:
    score = Score(resolution=4, tracks=(Track("", 0, True, notes=[(0, 1, 42, 100)]),), length=80)
    assert len(render(score, engine="sampler").mix) >= 10 * 44100


def test_refusals() -> None:
    line = Track("a", 0, notes=[(0, 4, 60, 80)])
    with pytest.raises(InputError, match="no notes"):
        render(Score(tracks=(Track("empty"),)))
    with pytest.raises(InputError, match="LUFS"):
        render(Score(tracks=(line,)), loudness=0.0)
    with pytest.raises(InputError, match="sample rate"):
        render(Score(tracks=(line,)), rate=1)
    with pytest.raises(InputError, match="No note of this piece sounds"):
        render(Score(tracks=(Track("d", 0, True, notes=[(0, 1, 3, 80)]),)), engine="sampler")
    with pytest.raises(LimitError, match="too long"):
        render(Score(resolution=1, tracks=(replace(line, notes=[(0, 100_000, 60, 80)]),)))


def test_import_is_light() -> None:
    slow = ("soundfile", "pretty_midi", "scipy", "torch")
    check = f"import sys, antiphon.render.audio; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
