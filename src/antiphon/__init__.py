"""Antiphon: compose music with generative adversarial networks, hear it, judge it, learn from it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from antiphon.compose.compose import Composition
    from antiphon.errors import AntiphonError
    from antiphon.generate.request import Generator
    from antiphon.music.score import Note, Score, Track

__version__ = "0.1.0"
__all__ = ["AntiphonError", "Composition", "Note", "Score", "Track", "available", "compose", "read", "save", "write"]

_HOMES = {
    "AntiphonError": "antiphon.errors",
    "Composition": "antiphon.compose.compose",
    "Note": "antiphon.music.score",
    "Score": "antiphon.music.score",
    "Track": "antiphon.music.score",
}

# The room antiphon.compose and the function share a name. Python sets the attribute when a room is first loaded, so it is
# loaded here (it is only a docstring) and the function below takes the name for good.
import_module("antiphon.compose")


def compose(
    *,
    style: str | None = None,
    model: str | None = None,
    bars: int | None = None,
    seconds: float | None = None,
    key: str | None = None,
    tempo: float | None = None,
    meter: str | None = None,
    chords: str | None = None,
    mood: str | None = None,
    tracks: str | None = None,
    seed: int | None = None,
    takes: int | None = None,
    temperature: float | None = None,
    generator: Generator | None = None,
) -> Composition:
    """Compose a piece; everything not asked for is chosen.

    Args:
      style: "pop", "chorale", ... (see `available`); model: a snapshot by name or folder instead.
      bars: length in bars; seconds: or in seconds, to the hundredth.
      key: as "A minor" or "Bb"; tempo: quarter notes a minute; meter: as "3/4".
      chords: as "Am F C G" (a chord a bar) or "Am | F G | C"; repeated to fill the piece.
      mood: "calm", "sad", "happy", ...; tracks: roles wanted, as "melody,piano".
      seed: with the same model and wishes the same piece; None: a new piece every time.
      takes: how many are written, the best being kept; temperature: below 1 tamer, above 1 wilder.
      generator: who writes, instead of a snapshot.

    Raises:
      BriefError: a wish cannot be understood or met.
      SnapshotError: the model is missing or damaged.
    """
    from antiphon.compose import brief
    from antiphon.compose import compose as composing

    wishes = brief.read_brief(
        seed=seed, style=style, model=model, bars=bars, seconds=seconds, key=key, tempo=tempo, meter=meter,
        chords=chords, mood=mood, tracks=tracks, takes=takes, temperature=temperature,
    )  # fmt: skip
    return composing.compose(wishes, generator)


def save(
    piece: Composition,
    folder: str | PathLike[str],
    *,
    audio: str = "flac",
    soundfont: str | PathLike[str] | None = None,
) -> None:
    """Write a composition as a folder: piece.mid, audio, stems, piece.musicxml, roll.png, manifest.json.

    Args:
      piece: what `compose` returned.
      folder: made if missing; what an earlier piece left there is replaced only once everything is written.
      audio: "flac", "wav", "ogg" or "mp3".
      soundfont: a SoundFont file to play it with; None: the best one found.

    Raises:
      InputError: the audio format or the SoundFont cannot be used.
      OutputError: the folder cannot be written.
    """
    from pathlib import Path

    from antiphon.compose.manifest import manifest
    from antiphon.render.folder import staged, write_piece

    with staged(Path(folder)) as stage:
        write_piece(piece.score, manifest(piece), stage, audio=audio, soundfont=Path(soundfont) if soundfont else None)


def read(path: str | PathLike[str]) -> Score:
    """The Score in a MIDI, MusicXML or ABC file.

    Raises:
      InputError: the file is missing, damaged or of an unknown kind.
    """
    from pathlib import Path

    from antiphon.io import files

    return files.load(Path(path))


def write(score: Score, path: str | PathLike[str]) -> None:
    """Write a Score in the format that the suffix of `path` names (.mid, .musicxml, ...).

    Raises:
      InputError: no such format can be written.
      OutputError: the file cannot be written.
    """
    from pathlib import Path

    from antiphon.io import files

    files.save(score, Path(path))


def available() -> list[str]:
    """Names of the models that `compose` finds."""
    from antiphon.generate import load

    return load.available()


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
