"""antiphon restyle: a melody in the parts of another style."""

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
    Takes,
    Temperature,
    Tracks,
    deliver,
    split,
)
from antiphon.cli.wishes import TopK


def restyle(
    file: File,
    style: Annotated[str, typer.Option(help="Style, as 'antiphon models' lists them.")],
    out: Out = None,
    tracks: Tracks = None,
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
    """Keep the melody and its harmony, write all other parts as another style has them."""
    import antiphon

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.restyle(
            score, tracks=split(tracks), style=style, model=model, chords=chords,
            takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{file.stem}-restyled"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
