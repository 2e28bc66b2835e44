"""antiphon vary: a share of a piece written anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.answering import (
    AsJson,
    Audio,
    Chords,
    File,
    Model,
    NoAudio,
    Out,
    Quiet,
    Seed,
    SoundFont,
    Style,
    Takes,
    Temperature,
    Tracks,
    deliver,
    split,
)


def vary(
    file: File,
    amount: Annotated[float, typer.Option(help="0 (as it is) to 1 (all new).")] = 0.3,
    bars: Annotated[str | None, typer.Option(metavar="9-12", help="Only these bars.")] = None,
    out: Out = None,
    tracks: Tracks = None,
    style: Style = None,
    model: Model = None,
    chords: Chords = None,
    takes: Takes = 3,
    seed: Seed = None,
    temperature: Temperature = None,
    audio: Audio = "flac",
    no_audio: NoAudio = False,
    soundfont: SoundFont = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write a share of the piece anew; a larger amount opens more of the same bars."""
    import antiphon
    from antiphon.compose.naming import read_bars

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.vary(
            score, amount=amount, bars=read_bars(bars) if bars is not None else None, tracks=split(tracks),
            style=style, model=model, chords=chords, takes=takes, seed=seed, temperature=temperature, progress=tell,
        ),
        out or Path(f"{file.stem}-varied"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
