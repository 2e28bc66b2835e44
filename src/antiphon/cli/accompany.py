"""antiphon accompany: parts added to a piece."""

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
    deliver,
    split,
)
from antiphon.cli.wishes import TopK


def accompany(
    file: File,
    add: Annotated[str, typer.Option(help="Roles or instruments, as piano,bass,drums,strings.")],
    out: Out = None,
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
    """Add parts to a piece; all that is there stays. Bass, drums and a pad are made by rule where no model writes them."""
    import antiphon

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.accompany(
            score, add=split(add) or (), style=style, model=model, chords=chords,
            takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{file.stem}-accompanied"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
