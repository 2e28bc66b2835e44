"""A piece as a folder: MIDI, audio mix and stems, MusicXML, picture, manifest; complete, or not there at all."""

from __future__ import annotations

import contextlib
import errno
import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError, OutputError
from antiphon.io import audio as audio_files
from antiphon.io import files
from antiphon.music.score import Score
from antiphon.render import audio as sound
from antiphon.render.picture import save_picture
from antiphon.timbre.soundfont import find_soundfont

AUDIO_FORMATS = ("flac", "wav", "ogg", "mp3")
MANIFEST = "manifest.json"

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_OURS = re.compile(
    r"(piece\.(mid|musicxml|flac|wav|ogg|mp3)|roll\.png|manifest\.json"
    r"|stems/[^/\\]+\.(flac|wav|ogg|mp3)|takes/take-\d+\.mid)"
)


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """An empty folder to write into; at the end its files take their places in `folder`, all at once in effect.

    If the body fails, `folder` stays as it was. What an earlier piece left there and the new one has not (an audio file
    of another format, a stem) is taken away, so that the folder never mixes two pieces; other files are not touched.

    Raises:
      OutputError: the folder cannot be made or written.
    """
    folder = folder.resolve()
    with _as_output_error(folder):
        stage = _new_stage(folder)
    try:
        yield stage
        with _as_output_error(folder):
            _publish(stage, folder)
    except OSError as error:
        if error.errno not in _FULL:
            raise  # not about this folder
        raise OutputError(f"Cannot write {folder}: {_reason(error)}.") from error
    except OutputError as error:
        raise OutputError(str(error).replace(str(stage), str(folder))) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextlib.contextmanager
def _as_output_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"Cannot write {folder}: {_reason(error)}.") from error


def write_piece(
    score: Score,
    manifest: Mapping[str, Any],
    stage: Path,
    *,
    audio: str | None = "flac",
    soundfont: Path | None = None,
    progress: Callable[[str], None] | None = None,
    takes: Sequence[Score] = (),
) -> dict[str, Any]:
    """Write every file of a piece into a folder; returns the manifest as written.

    Args:
      score: the piece.
      manifest: what manifest.json says, to which `sound` and `files` are added.
      stage: an existing folder.
      audio: one of AUDIO_FORMATS; None: no sound.
      soundfont: what it sounds with; None: what the rack finds best.
      progress: told what begins now.
      takes: further scores, written as takes/take-01.mid and so on.

    Raises:
      InputError: the audio format is unknown, or the SoundFont cannot be used.
      OutputError: a file cannot be written.
    """
    if audio is not None:
        check_sound(audio, soundfont)
    tell = progress or (lambda _: None)
    names = ["piece.mid", "piece.musicxml", "roll.png"]
    tell("writing the score")
    files.save(score, stage / "piece.mid")
    files.save(score, stage / "piece.musicxml")
    if takes:
        (stage / "takes").mkdir()
    for number, take in enumerate(takes, 1):
        names.append(f"takes/take-{number:02}.mid")
        files.save(take, stage / names[-1])
    tell("drawing the picture")
    save_picture(score, stage / "roll.png")
    told = dict(manifest)
    if audio is not None:
        names.insert(1, f"piece.{audio}")
        recorded, stems = _write_sound(score, stage, audio, soundfont, tell)
        told["sound"] = recorded
        names += stems
    told["files"] = [*names, MANIFEST]
    files.write_atomic(stage / MANIFEST, as_json(told))
    return told


def _write_sound(
    score: Score, stage: Path, audio: str, soundfont: Path | None, tell: Callable[[str], None]
) -> tuple[dict[str, Any], list[str]]:
    """Write mix and stems; returns what the manifest says of them, and the stems' names."""
    tell("rendering the sound")
    recording = sound.render(score, soundfont=soundfont)
    tell("writing the sound")
    audio_files.write(stage / f"piece.{audio}", recording.mix, recording.rate)
    (stage / "stems").mkdir()
    said = {
        "engine": recording.engine,
        "soundfont": find_soundfont(soundfont).name,
        "rate": recording.rate,
        "seconds": round(len(recording.mix) / recording.rate, 3),
    }
    return said, [f"stems/{name}" for name in write_stems(recording.stems, recording.rate, stage / "stems", audio)]


def write_stems(stems: Mapping[str, npt.NDArray[np.float32]], rate: int, folder: Path, audio: str) -> list[str]:
    """Write one audio file a track into an existing folder; returns the files' names.

    Args:
      stems: track name -> samples [n, 2], full scale 1.
      rate: samples a second.
      folder: where.
      audio: one of AUDIO_FORMATS.
    """
    names: list[str] = []
    taken: set[str] = set()
    for name, samples in stems.items():
        plain = free = _file_name(name)
        twin = 1
        while free.casefold() in taken:
            twin += 1
            free = f"{plain}-{twin}"
        taken.add(free.casefold())
        names.append(f"{free}.{audio}")
        # a stem may pass full scale for a moment where others cancel it in the mix
        audio_files.write(folder / names[-1], np.clip(samples, -1, 1), rate)
    return names


def check_sound(audio: str, soundfont: Path | None = None) -> None:
    """Refuse an unknown audio format or a missing SoundFont, before any work is done.

    Raises:
      InputError: the format is none of AUDIO_FORMATS, or there is no such file.
    """
    if audio not in AUDIO_FORMATS:
        raise InputError(f"There is no audio format {audio!r}; available: {', '.join(AUDIO_FORMATS)}.")
    find_soundfont(soundfont)


def as_json(values: Mapping[str, Any]) -> bytes:
    """Plain values as the bytes of a JSON file."""
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()


def _file_name(name: str) -> str:
    """The track's name as a file name on any system."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "track"


def _new_stage(folder: Path) -> Path:
    """A fresh folder on the file system of `folder`: inside it where it exists, beside it where it does not."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a folder")
    name = f".{folder.name[:60]}.{secrets.token_hex(4)}.part"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
    stage = (folder if folder.exists() else folder.parent) / name
    stage.mkdir()
    return stage


def _publish(stage: Path, folder: Path) -> None:
    """Move the files into place; a folder that was not there appears in one step, whole."""
    if not folder.exists():
        stage.replace(folder)
        return
    new = [path.relative_to(stage) for path in stage.rglob("*") if path.is_file()]
    old = _listed(folder)
    for name in sorted(new, key=lambda n: n.name == MANIFEST):  # the manifest last: it vouches for the others
        (folder / name).parent.mkdir(exist_ok=True)
        (stage / name).replace(folder / name)
    for name in old - set(new):
        (folder / name).unlink(missing_ok=True)


def _listed(folder: Path) -> set[Path]:
    """Files that the folder's present manifest lists and that only Antiphon names so."""
    try:
        listed = json.loads((folder / MANIFEST).read_bytes()).get("files", [])
        return {Path(name) for name in listed if isinstance(name, str) and _OURS.fullmatch(name)}
    except (OSError, ValueError, AttributeError, TypeError):
        return set()  # no manifest of ours: nothing here is ours to take away


def _reason(error: OSError) -> str:
    if error.errno in _FULL:
        return "the disk is full"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "part of the path is a file, not a folder"
    return (error.strerror or str(error)).lower()
