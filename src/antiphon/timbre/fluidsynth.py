"""FluidSynth as an engine: its command-line program as a subprocess, where it is installed.

The program and not the library: a crash or a hang on a strange SoundFont then costs one part and not the whole process.
It plays dry; room, place and loudness are added later and alike for all engines.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from antiphon.errors import OutputError
from antiphon.io import midi
from antiphon.music.score import NOTE, Score, Track
from antiphon.timbre.part import Part, Stereo

_RESOLUTION = 24_000
_TICKS_A_SECOND = 2 * _RESOLUTION
"""At 120 quarter notes a minute: finer than a sample at 44.1 kHz."""
_PIECE = 1 << 16
_GAIN = 0.873
"""Level at which a voice is as loud as the sampler's: FluidSynth's flat low-pass lifts everything by 1.5 dB."""


def installed() -> Path | None:
    """Where the FluidSynth program is; None where there is none, or where it does not run."""
    found = shutil.which("fluidsynth")
    if found is None:
        return None
    try:
        done = subprocess.run([found, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(found) if done.returncode == 0 else None


class FluidSynth:
    """The engine that plays through FluidSynth.

    Args:
      program: path of the executable, as `installed` finds it.
      soundfont: path of an .sf2 (or whatever else that FluidSynth build reads).
      rate: samples a second.
    """

    name = "fluidsynth"
    at_once = os.cpu_count() or 1
    """Each part is a process of its own."""

    def __init__(self, program: Path, soundfont: Path, rate: int = 44100) -> None:
        self.program = program
        self.soundfont = soundfont
        self.rate = rate

    def play(self, part: Part, n_samples: int) -> Stereo:
        """The part's dry sound, [n_samples, 2].

        Raises:
          OutputError: FluidSynth fails or takes longer than the music lasts.
        """
        seconds = n_samples / self.rate
        with tempfile.TemporaryDirectory(prefix="antiphon-") as name:
            folder = Path(name)
            song, sound, settings = folder / "part.mid", folder / "part.raw", folder / "settings"
            song.write_bytes(midi.dumps(_score(part, seconds)))
            # An empty settings file, so that a musician's own FluidSynth settings do not change the sound.
            settings.write_text("")
            command = [str(self.program), "-ni", "-q", "-f", str(settings), "-R", "0", "-C", "0", "-g", str(_GAIN)]
            command += ["-r", str(self.rate), "-o", "synth.polyphony=2048", "-T", "raw", "-O", "float"]
            command += ["-F", str(sound), str(self.soundfont), str(song)]
            try:
                done = subprocess.run(command, capture_output=True, timeout=30 + seconds, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise OutputError(f"FluidSynth did not finish ({error}); choose the engine 'sampler'.") from error
            if done.returncode != 0 or not sound.is_file():
                reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"code {done.returncode}"]
                raise OutputError(f"FluidSynth failed ({reason[0]}); choose the engine 'sampler'.")
            return _read(sound, n_samples)


def _read(path: Path, n_samples: int) -> Stereo:
    """Raw interleaved floats as [n_samples, 2]: cut, or silent where the file ends first."""
    out = np.zeros((2, n_samples), dtype=np.float32)
    with path.open("rb") as file:
        for at in range(0, n_samples, _PIECE):
            frames = np.fromfile(file, dtype=np.float32, count=2 * min(_PIECE, n_samples - at)).reshape(-1, 2)
            out[:, at : at + len(frames)] = frames.T
    return out.T


def _score(part: Part, seconds: float) -> Score:
    """The part as a piece of its own, long enough for its tail."""
    notes = np.zeros(len(part), dtype=NOTE)
    notes["onset"] = np.rint(part.onset * _TICKS_A_SECOND)
    notes["duration"] = np.maximum(1, np.rint((part.end - part.onset) * _TICKS_A_SECOND))
    notes["pitch"], notes["velocity"] = part.pitch, part.velocity
    # FluidSynth stops at the last event of any track, whatever the file's length says: a pedal at the end is that event.
    last = round(seconds * _TICKS_A_SECOND)
    track = Track(name="part", program=part.program, is_drum=part.is_drum, notes=notes, pedals=[(last, 1)])  # type: ignore[arg-type]
    return Score(resolution=_RESOLUTION, tracks=(track,), length=last + 1)
