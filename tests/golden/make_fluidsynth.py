"""Writes fluidsynth_programs.npz: what FluidSynth makes of every General MIDI program, as spectra, onsets and pitches.

Needs the FluidSynth program; run it by hand when the notes or the measures below change:

    python tests/golden/make_fluidsynth.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.timbre.fluidsynth import FluidSynth, installed
from antiphon.timbre.part import Part
from antiphon.timbre.soundfont import find_soundfont

GOLDEN = Path(__file__).with_name("fluidsynth_programs.npz")
RATE = 44100
NOTES = ((48, 100), (60, 64), (72, 120))
"""Key and velocity of the three notes that every program plays."""
DRUMS = (35, 38, 39, 42, 44, 45, 46, 49, 51, 56)
GAP = 3.5
"""Seconds from one note to the next."""
HELD = 1.0
SLICES = ((0.0, 0.2), (0.2, 1.0), (1.0, 1.6))
"""Attack, sustained sound and release, in seconds after the onset."""
BANDS = 60
FLOOR = 80.0
"""Decibels below a note's loudest band at which bands count as silent."""


def programs() -> list[tuple[int, Part]]:
    """The parts that are compared: the 128 programs, and as number 128 the standard drum kit."""
    parts = [(program, part(program, False, NOTES)) for program in range(128)]
    return [*parts, (128, part(0, True, tuple((key, 100) for key in DRUMS)))]


def part(program: int, is_drum: bool, notes: tuple[tuple[int, int], ...]) -> Part:
    onset = np.arange(len(notes)) * GAP
    keys, velocities = np.array(notes).T
    return Part(program, is_drum, onset, onset + HELD, keys, velocities)


def measure(sound: npt.NDArray[np.float32], notes: int) -> dict[str, npt.NDArray[np.float64]]:
    """Spectra [notes, 3, 60] in dB below the note's top band, onset [s], three peaks [Hz], loudness [dB]; one row a note."""
    mono = sound.astype(np.float64).mean(axis=1)
    rows = [_note(mono[int(i * GAP * RATE) : int((i + 1) * GAP * RATE)]) for i in range(notes)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _note(mono: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    edges = np.geomspace(40, 16000, BANDS + 1)
    spectra = []
    for begin, end in SLICES:
        piece = mono[int(begin * RATE) : int(end * RATE)]
        size = 1 << 16
        power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), size)) ** 2 / len(piece)
        total = np.concatenate([[0], np.cumsum(power)])
        at = np.searchsorted(np.fft.rfftfreq(size, 1 / RATE), edges)
        spectra.append(np.diff(total[at]) / np.maximum(np.diff(at), 1))
    level = 10 * np.log10(np.maximum(np.array(spectra), 1e-20))
    # Where the first hundredth of the note's early energy has come in: a threshold on the wave itself would hang on
    # single peaks of a noisy sound.
    early = np.cumsum(mono[: int(0.3 * RATE)] ** 2)
    onset = int(np.searchsorted(early, 0.01 * early[-1])) / RATE
    return {
        "spectra": np.maximum(level - level.max(), -FLOOR),
        "onset": np.array(onset),
        "peaks": np.array(_peaks(mono[int(0.2 * RATE) : int(1.0 * RATE)])),
        "loudness": np.array(10 * np.log10(max((mono**2).mean(), 1e-12))),
    }


def _peaks(piece: npt.NDArray[np.float64]) -> list[float]:
    """Frequencies of the three strongest partials, strongest first, by a parabola through each highest point."""
    size = 1 << 19
    power = np.log(np.abs(np.fft.rfft(piece * np.hanning(len(piece)), size)) + 1e-12)
    left = power.copy()
    left[[0, -1]] = -np.inf
    found = []
    for _ in range(3):
        i = int(left.argmax())
        below, here, above = power[i - 1 : i + 2] if 0 < i < len(power) - 1 else np.zeros(3)
        bend = below - 2 * here + above
        found.append((i + (0.5 * (below - above) / bend if bend else 0.0)) * RATE / size)
        left[int(i * 0.97) : int(i * 1.03) + 2] = -np.inf
    return found


def main() -> None:
    program = installed()
    if program is None:
        raise SystemExit("FluidSynth is not installed.")
    engine = FluidSynth(program, find_soundfont(), RATE)
    rows: dict[str, npt.NDArray[np.float64]] = {}
    for number, music in programs():
        found = measure(engine.play(music, int(len(music) * GAP * RATE)), len(music))
        for name, values in found.items():
            rows[f"{name}_{number}"] = values
    packed = {}
    for name in ("spectra", "onset", "peaks", "loudness"):
        for kind, numbers in (("programs", range(128)), ("drums", [128])):
            values = np.array([rows[f"{name}_{n}"] for n in numbers])
            # Half decibels in a byte are finer than the comparison asks for, and keep the file small.
            packed[f"{kind}_{name}"] = np.rint(values * 2).astype(np.int16) if name == "spectra" else values.astype(np.float32)
    np.savez_compressed(GOLDEN, **packed)


if __name__ == "__main__":
    main()
