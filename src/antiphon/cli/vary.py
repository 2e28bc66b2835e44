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


def vary(
    file: File,
    amount: Annotated[float | None, typer.Option(help="0 (as it is) to 1 (all new). [default: 0.3]")] = None,
    rhythmic_intensity: Annotated[
        str | None,
        typer.Option(metavar="X", help="Share of sixteenths struck, 0 to 1, or a change: +0.1; by rule, without a model."),
    ] = None,
    polyphony: Annotated[
        str | None, typer.Option(metavar="X", help="Notes that sound at once on average, or a change: -1; by rule, alike.")
    ] = None,
    bars: Annotated[str | None, typer.Option(metavar="9-12", help="Only these bars.")] = None,
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
    """Write a share of the piece anew, or make it busier, calmer, thicker or thinner; more amount opens more of the bars."""
    import antiphon
    from antiphon.compose.naming import read_bars

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.vary(
            score, amount=amount, rhythmic_intensity=rhythmic_intensity, polyphony=polyphony,
            bars=read_bars(bars) if bars is not None else None, tracks=split(tracks),
            style=style, model=model, chords=chords, takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{file.stem}-varied"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
