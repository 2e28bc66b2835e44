"""antiphon picture: a music file in, its piano roll out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def picture(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MIDI, MusicXML or ABC file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Picture to write, a .png file.")],
    width: Annotated[int, typer.Option(help="Width in pixels, 400 to 8000.")] = 1600,
) -> None:
    """Draw a music file as a piano roll."""
    from antiphon.io import files
    from antiphon.render.picture import save_picture

    save_picture(files.load(file), out, width=width)
