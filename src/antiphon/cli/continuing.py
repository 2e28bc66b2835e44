"""antiphon continue: bars added after the end of a piece."""

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


def continue_(
    file: File,
    bars: Annotated[int, typer.Option(help="How many bars to add.")],
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
    """Add bars after the end, in the key, meter and tempo in force there; all that is there stays."""
    import antiphon

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.continue_(
            score, bars=bars, tracks=split(tracks), style=style, model=model, chords=chords,
            takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{file.stem}-continued"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
