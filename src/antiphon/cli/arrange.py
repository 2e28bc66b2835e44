"""antiphon arrange: a music file in, the same piece for a named ensemble or a list of instruments out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _show_list(asked: bool) -> None:
    if not asked:
        return
    from antiphon.compose.ensembles import ENSEMBLES, INSTRUMENTS, describe

    width = max(map(len, ENSEMBLES))
    for name, players in sorted(ENSEMBLES.items()):
        typer.echo(f"{name:{width}}  {describe(players)}")
    typer.echo(f"Instruments: {', '.join(INSTRUMENTS)}, drums.")
    raise typer.Exit


def arrange(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MIDI, MusicXML or ABC file.")],
    tracks: Annotated[
        str, typer.Option("--tracks", "-t", metavar="ENSEMBLE", help="An ensemble by name, or instruments: violin,cello,piano.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File to write; its suffix says the format.")],
    as_list: Annotated[
        bool, typer.Option("--list", help="List ensembles and instruments, and exit.", callback=_show_list, is_eager=True)
    ] = False,
) -> None:
    """Arrange a music file for an ensemble: melody and harmony kept, every player within range."""
    from antiphon.compose.arrange import arrange as arranging
    from antiphon.io import files

    piece, said = arranging(files.load(file), ensemble=tracks)
    files.save(piece, out)
    if out.suffix.lower() == ".abc" and len(piece.tracks) > 1:
        said.append("ABC holds one line of music: only the melody was written; MusicXML or MIDI hold all players.")
    typer.echo("\n".join([*said, f"Wrote {out}."]))
