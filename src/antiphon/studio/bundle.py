"""Export: one zip with MIDI, MusicXML, sound, stems, picture, PDF and manifest."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from antiphon.errors import LimitError, OutputError
from antiphon.io import audio as audio_files
from antiphon.io import files
from antiphon.music.score import Score
from antiphon.render.folder import MANIFEST, as_json, write_stems
from antiphon.render.picture import save_picture
from antiphon.studio.sounding import LOUDNESS, render_score

MUSESCORE = ("mscore4portable", "musescore4", "mscore4", "mscore3", "musescore3", "mscore", "musescore")
PDF_SECONDS = 120


def musescore() -> str | None:
    """The MuseScore program, where it is installed."""
    return next((found for name in MUSESCORE if (found := shutil.which(name))), None)


def export(score: Score, args: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Write the zip of a take into `folder`; returns its address, name, size, files and what should be known about it.

    Raises:
      OutputError: it cannot be written.
    """
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="antiphon-") as stage:
        place = Path(stage)
        tell("writing the score")
        files.save(score, place / "piece.mid")
        try:
            files.save(score, place / "piece.musicxml")
        except LimitError as error:
            notes.append(f"No MusicXML: {error}")
        tell("drawing the picture")
        save_picture(score, place / "roll.png")
        sound = _sound(score, args, place, notes, tell)
        if args.get("pdf", True):
            tell("engraving the page")
            _pdf(place, notes)
        names = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
        manifest = {
            **(args.get("manifest") or {}),
            "take": args.get("name"),
            "sound": sound,
            "notes_of_export": notes,
            "files": [*names, MANIFEST],
        }
        (place / MANIFEST).write_bytes(as_json(manifest))
        tell("packing")
        target = Path(args["folder"]) / f"{args['zip']}.zip"
        _pack(place, [*names, MANIFEST], target)
    title = re.sub(r"[^\w #()-]+", " ", f"{score.title or 'Piece'} - {args.get('name') or ''}").strip(" -")[:80]
    return {
        "url": f"/api/downloads/{target.name}",
        "name": f"{title or 'Piece'}.zip",
        "bytes": target.stat().st_size,
        "files": [*names, MANIFEST],
        "notes": notes,
    }


def _sound(
    score: Score, args: Mapping[str, Any], place: Path, notes: list[str], tell: Callable[[str], None]
) -> dict[str, Any] | None:
    """Write the mix in every format asked for, and the stems in the first."""
    kinds = list(dict.fromkeys(args.get("audio", ["flac"])))
    if not kinds:
        return None
    if score.note_count == 0:
        notes.append("No sound: the piece has no notes.")
        return None
    tell("rendering the sound")
    recording, _ = render_score(score)
    for kind in kinds:
        tell(f"writing {kind}")
        audio_files.write(place / f"piece.{kind}", recording.mix, recording.rate)
    if args.get("stems", True):
        (place / "stems").mkdir()
        write_stems(recording.stems, recording.rate, place / "stems", kinds[0])
    seconds = round(len(recording.mix) / recording.rate, 3)
    return {"engine": recording.engine, "rate": recording.rate, "loudness": LOUDNESS, "seconds": seconds}


def _pdf(place: Path, notes: list[str]) -> None:
    """Engrave the MusicXML through MuseScore; where that is not possible, say so."""
    program = musescore()
    if program is None:
        notes.append("No PDF: MuseScore is not installed.")
        return
    if not (place / "piece.musicxml").is_file():
        return
    own = place.parent / f"{place.name}-home"  # so that MuseScore neither reads nor changes the user's own settings
    own.mkdir()
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(own), "XDG_RUNTIME_DIR": str(own)}
    try:
        ended = subprocess.run(
            [program, "-o", str(place / "piece.pdf"), str(place / "piece.musicxml")],
            env=environment, capture_output=True, timeout=PDF_SECONDS, check=False,
        )  # fmt: skip
        if ended.returncode or not (place / "piece.pdf").is_file():
            notes.append(f"No PDF: MuseScore ended with code {ended.returncode}.")
    except (OSError, subprocess.TimeoutExpired) as error:
        notes.append(f"No PDF: MuseScore did not finish ({type(error).__name__}).")
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _pack(place: Path, names: list[str], target: Path) -> None:
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for name in names:
                packed = Path(name).suffix in (".flac", ".ogg", ".mp3", ".png")
                archive.write(place / name, name, zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED)
        part.replace(target)
    except OSError as error:
        raise OutputError(f"Cannot write the export: {(error.strerror or str(error)).lower()}.") from error
    finally:
        part.unlink(missing_ok=True)
