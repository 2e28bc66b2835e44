"""antiphon convert: a music file in one format in, in another out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="MIDI, MusicXML or ABC file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; its suffix says the format.")],
) -> None:
    """Convert a music file to another format."""
    from antiphon.io import files

    files.save(files.load(source), target)
