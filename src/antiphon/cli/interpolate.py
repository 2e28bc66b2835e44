"""antiphon interpolate: a path from one piece to another."""

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
)
from antiphon.cli.wishes import TopK


def interpolate(
    first: File,
    second: File,
    steps: Annotated[int, typer.Option(help="Pieces on the path, both ends included.")] = 8,
    out: Out = None,
    style: Style = None,
    model: Model = None,
    chords: Chords = None,
    takes: Takes = 1,
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
    """Pieces on the way from one to the other, in takes/; the sound and the score are those of the middle one."""
    import antiphon

    one, two = antiphon.read(first), antiphon.read(second)
    deliver(
        lambda tell: antiphon.interpolate(
            one, two, steps=steps, style=style, model=model, chords=chords,
            takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{first.stem}-to-{second.stem}"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
