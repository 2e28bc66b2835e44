"""Antiphon: compose music with generative adversarial networks, hear it, judge it, learn from it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from antiphon.compose.answer import Answer
    from antiphon.compose.compose import Composition
    from antiphon.compose.explain import Explanation, explain
    from antiphon.compose.tasks.accompany import accompany
    from antiphon.compose.tasks.continuing import continue_
    from antiphon.compose.tasks.harmonize import harmonize
    from antiphon.compose.tasks.infill import infill
    from antiphon.compose.tasks.interpolate import interpolate
    from antiphon.compose.tasks.restyle import restyle
    from antiphon.compose.tasks.vary import vary
    from antiphon.errors import AntiphonError
    from antiphon.generate.request import Generator
    from antiphon.music.score import Note, Score, Track

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "AntiphonError",
    "Composition",
    "Explanation",
    "Note",
    "Score",
    "Track",
    "accompany",
    "available",
    "compose",
    "continue_",
    "explain",
    "harmonize",
    "infill",
    "interpolate",
    "read",
    "restyle",
    "save",
    "vary",
    "write",
]

_HOMES = {
    "Answer": "antiphon.compose.answer",
    "AntiphonError": "antiphon.errors",
    "Composition": "antiphon.compose.compose",
    "Explanation": "antiphon.compose.explain",
    "Note": "antiphon.music.score",
    "Score": "antiphon.music.score",
    "Track": "antiphon.music.score",
    "accompany": "antiphon.compose.tasks.accompany",
    "continue_": "antiphon.compose.tasks.continuing",
    "explain": "antiphon.compose.explain",
    "harmonize": "antiphon.compose.tasks.harmonize",
    "infill": "antiphon.compose.tasks.infill",
    "interpolate": "antiphon.compose.tasks.interpolate",
    "restyle": "antiphon.compose.tasks.restyle",
    "vary": "antiphon.compose.tasks.vary",
}

# The room antiphon.compose and the function share a name. Python sets the attribute when a room is first loaded, so it is
# loaded here (it is only a docstring) and the function below takes the name for good.
import_module("antiphon.compose")


def compose(
    sentence: str | None = None,
    *,
    brief: str | PathLike[str] | None = None,
    plan: str | PathLike[str] | None = None,
    style: str | None = None,
    model: str | None = None,
    bars: int | None = None,
    seconds: float | None = None,
    key: str | None = None,
    strict: bool | None = None,
    tempo: float | None = None,
    meter: str | None = None,
    chords: str | None = None,
    on_conflict: str | None = None,
    form: str | None = None,
    intro: int | None = None,
    outro: int | None = None,
    mood: str | None = None,
    valence: str | float | Sequence[float] | None = None,
    arousal: str | float | Sequence[float] | None = None,
    energy: str | float | Sequence[float] | None = None,
    density: str | float | Sequence[float] | None = None,
    track_density: str | Mapping[str, float] | None = None,
    polyphony: str | Mapping[str, int] | None = None,
    instruments: str | Mapping[str, str] | Sequence[str] | None = None,
    ranges: str | Mapping[str, str] | None = None,
    silences: str | Sequence[str] | None = None,
    tracks: str | Sequence[str] | None = None,
    seed: int | None = None,
    takes: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    generator: Generator | None = None,
) -> Composition:
    """Compose a piece; everything not asked for is chosen.

    Args:
      sentence: wishes in words, as "calm piano in A minor, 3/4, 45 seconds"; brief: wishes from a TOML or JSON file.
        The sentence goes before the file, and the arguments below go before both.
      plan: a plan file to obey, written by `antiphon plan` and perhaps edited; only `seed` and `takes` may stand beside it.
      style: "pop", "chorale", ... (see `available`); model: a snapshot by name or folder instead.
      bars: length in bars; seconds: or in seconds, to the hundredth.
      key: as "A minor" or "Bb"; strict: no note may be foreign to it; tempo: quarter notes a minute; meter: as "3/4".
      chords: as "Am F C G" (a chord a bar), "Am | F G/B | N.C." or "I V vi IV"; repeated to fill the piece.
      on_conflict: what gives way where chords are foreign to a strict key: "refuse", "key" or "chords".
      form: phrases, as "AABA" or "i4A8B8A8o2"; intro, outro: bars before and after.
      mood: "calm", "sad", "happy", ...; valence, arousal: or its place as two dials from 0 to 1.
      energy: loudness, density: onsets; like the dials a number from 0 to 1, or several that follow each other in time.
      track_density, polyphony, ranges: by role, as {"piano": 0.5}, {"piano": 4}, {"melody": "C4-C6"}.
      instruments: by role, as {"melody": "violin"}, or those wanted, as "flute, piano".
      silences: where roles rest, as "piano in intro; bass in bars 1-4"; tracks: roles wanted, as "melody,piano".
      seed: with the same model and wishes the same piece; None: a new piece every time.
      takes: how many are written, the best being kept; temperature: below 1 tamer, above 1 wilder.
      top_k: only so many of the likeliest options of each choice are drawn; repetition_penalty: pitches that a part played
        lately are so many times less likely. Sequence models only.
      generator: who writes, instead of a snapshot.

    Raises:
      BriefError: a wish cannot be understood or met.
      SnapshotError: the model is missing or damaged.
    """
    from pathlib import Path

    from antiphon.compose import compose as composing
    from antiphon.compose.gather import gather, planned

    wishes = {
        "style": style, "model": model, "bars": bars, "seconds": seconds, "key": key, "strict": strict, "tempo": tempo,
        "meter": meter, "chords": chords, "on_conflict": on_conflict, "form": form, "intro": intro, "outro": outro,
        "mood": mood, "valence": valence, "arousal": arousal, "energy": energy, "density": density,
        "track_density": track_density, "polyphony": polyphony, "instruments": instruments, "ranges": ranges,
        "silences": silences, "tracks": tracks, "seed": seed, "takes": takes, "temperature": temperature,
        "top_k": top_k, "repetition_penalty": repetition_penalty,
    }  # fmt: skip
    file = Path(brief) if brief is not None else None
    asked, remarks = planned(Path(plan), sentence, file, wishes) if plan is not None else gather(sentence, file, wishes)
    return composing.compose(asked, generator, remarks=remarks)


def save(
    piece: Composition | Answer,
    folder: str | PathLike[str],
    *,
    audio: str | None = "flac",
    soundfont: str | PathLike[str] | None = None,
) -> None:
    """Write a composition as a folder: piece.mid, audio, stems, piece.musicxml, roll.png, manifest.json.

    Of an `Answer` (infill, vary, ...) all takes are written too, as takes/take-01.mid and so on.

    Args:
      piece: what `compose`, or a task, returned.
      folder: made if missing; what an earlier piece left there is replaced only once everything is written.
      audio: "flac", "wav", "ogg" or "mp3"; None: no sound.
      soundfont: a SoundFont file to play it with; None: the best one found.

    Raises:
      InputError: the audio format or the SoundFont cannot be used.
      OutputError: the folder cannot be written.
    """
    from pathlib import Path

    from antiphon.compose.answer import Answer
    from antiphon.compose.answer_manifest import answer_manifest
    from antiphon.compose.manifest import manifest
    from antiphon.render.folder import staged, write_piece

    told = answer_manifest(piece) if isinstance(piece, Answer) else manifest(piece)
    takes = piece.takes if len(piece.takes) > 1 else ()
    font = Path(soundfont) if soundfont else None
    with staged(Path(folder)) as stage:
        write_piece(piece.score, told, stage, audio=audio, soundfont=font, takes=takes)


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
