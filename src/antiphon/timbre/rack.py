"""The rack: which engine plays, by name."""

from __future__ import annotations

from pathlib import Path

from antiphon.errors import InputError
from antiphon.timbre import fluidsynth
from antiphon.timbre.part import Engine
from antiphon.timbre.sampler import Sampler
from antiphon.timbre.soundfont import SoundFont, find_soundfont

ENGINES = ("auto", "sampler", "fluidsynth")


def choose(name: str, soundfont: Path | None, rate: int) -> Engine:
    """The engine of that name, its SoundFont loaded.

    "auto" is FluidSynth where its program is installed and answers, and the sampler everywhere else. The tests hold the two
    together (all General MIDI programs), so a song differs in detail only. The sampler is the quicker one and depends on
    nothing installed: name it where the same command must give the same samples on every machine.

    Raises:
      InputError: the engine is not known, FluidSynth is asked for and not installed, or there is no such SoundFont.
      FormatError: the file is not a SoundFont.
    """
    if name not in ENGINES:
        raise InputError(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
    font = SoundFont(find_soundfont(soundfont))
    program = None if name == "sampler" else fluidsynth.installed()
    if program is not None:
        return fluidsynth.FluidSynth(program, font.path, rate)
    if name == "fluidsynth":
        raise InputError("FluidSynth is not installed; install it or choose the engine 'sampler'.")
    return Sampler(font, rate)
