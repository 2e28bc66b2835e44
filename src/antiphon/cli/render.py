"""antiphon render: a music file in, sound out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def render(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MIDI, MusicXML or ABC file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Sound file: .flac, .wav, .ogg or .mp3.")],
    soundfont: Annotated[Path | None, typer.Option(metavar="FILE", help="SoundFont (.sf2) to play it with.")] = None,
    stems: Annotated[Path | None, typer.Option(metavar="DIR", help="Also write one file a track into this folder.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Play a music file into a sound file."""
    from antiphon.cli.progress import progress
    from antiphon.io import audio, files
    from antiphon.render import audio as sound
    from antiphon.render.folder import staged, write_stems

    with progress(2, quiet=quiet) as tell:
        score = files.load(file)
        tell("rendering the sound")
        recording = sound.render(score, soundfont=soundfont)
        tell("writing the sound")
        if stems is not None:
            with staged(stems) as stage:
                write_stems(recording.stems, recording.rate, stage, out.suffix.lower().removeprefix("."))
        audio.write(out, recording.mix, recording.rate)
    if not quiet:
        typer.echo(f"Wrote {out}.")
