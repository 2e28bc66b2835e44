"""antiphon harmonize: other voices to a melody."""

from __future__ import annotations

from pathlib import Path

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


def harmonize(
    file: File,
    out: Out = None,
    tracks: Tracks = None,
    style: Style = "chorale",
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
    """Write the other voices to a melody: a choir, an accompaniment, chords."""
    import antiphon

    score = antiphon.read(file)
    deliver(
        lambda tell: antiphon.harmonize(
            score, tracks=split(tracks), style=style, model=model, chords=chords,
            takes=takes, seed=seed, temperature=temperature, top_k=top_k,
            repetition_penalty=repetition_penalty, progress=tell,
        ),
        out or Path(f"{file.stem}-harmonized"),
        audio=audio, no_audio=no_audio, soundfont=soundfont, quiet=quiet, as_json=as_json,
    )  # fmt: skip
