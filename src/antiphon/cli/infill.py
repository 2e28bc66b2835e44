"""antiphon infill: bars of a piece written anew."""

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
    RepetitionPenalty,
    Seed,
    SoundFont,
    Style,
    Takes,
    Temperature,
    Tracks,
    deliver,
    split,
)
from antiphon.cli.wishes import TopK


def infill(
    file: File,
    bars: Annotated[str, typer.Option(metavar="9-12", help="First and last bar to write, counted from 1.")],
    out: Out = None,
    tracks: Tracks = None,
    style: Style = None,
    model: Model = None,
    chords: Chords = None,
    takes: Takes = 3,
    seed: Seed = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    repetition_penalty: RepetitionPenalty = None,
    audio: Audio = "flac",
    no_audio: NoAudio = False,
    soundfont: SoundFont = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write some bars anew, in all tracks or in some; everything else stays, note for note."""
    import antiphon
    from antiphon.compose.naming import read_bars

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.infill(
            score, bars=read_bars(bars), tracks=split(tracks), style=style, model=model, chords=chords,
            takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{file.stem}-infilled"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
