"""The wishes as options, shared by the verbs that take them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MOODS = "angry, bright, calm, dark, dreamy, energetic, gentle, happy, playful, sad, solemn or tense."

Sentence = Annotated[
    str | None, typer.Argument(help="What you wish, in words: 'calm piano in A minor, 3/4, 45 seconds'.", metavar="[SENTENCE]")
]
BriefFile = Annotated[Path | None, typer.Option("--brief", metavar="FILE", help="Wishes from a TOML or JSON file.")]
Style = Annotated[str | None, typer.Option(help="Style, as 'antiphon models' lists them. [default: pop]")]
Model = Annotated[str | None, typer.Option(metavar="NAME|FOLDER", help="A model instead of a style.")]
Bars = Annotated[int | None, typer.Option(help="Length in bars. [default: 16]")]
Seconds = Annotated[float | None, typer.Option(help="Length in seconds, met exactly.")]
KeyText = Annotated[str | None, typer.Option("--key", help="Key, as 'A minor' or 'Bb'.")]
Strict = Annotated[bool | None, typer.Option("--strict", help="No note may be foreign to the key.")]
Tempo = Annotated[float | None, typer.Option(help="Quarter notes a minute.")]
Meter = Annotated[str | None, typer.Option(help="Meter, as 4/4 or 3/4.")]
Chords = Annotated[
    str | None, typer.Option(help="'Am F C G': a chord a bar; 'Am | F G/B | N.C.': bars; 'I V vi IV': numerals. Repeated.")
]
OnConflict = Annotated[
    str | None, typer.Option(metavar="WHAT", help="Chords foreign to a strict key: refuse, or follow the key, or the chords.")
]
Form = Annotated[str | None, typer.Option(help="Phrases, as AABA or i4A8B8A8o2.")]
Intro = Annotated[int | None, typer.Option(help="Bars of introduction.")]
Outro = Annotated[int | None, typer.Option(help="Bars of ending.")]
MoodName = Annotated[str | None, typer.Option("--mood", help=MOODS)]
Valence = Annotated[str | None, typer.Option(metavar="CURVE", help="Mood, dark 0 to bright 1; '0.2 0.8' moves in time.")]
Arousal = Annotated[str | None, typer.Option(metavar="CURVE", help="Mood, still 0 to driven 1.")]
Energy = Annotated[str | None, typer.Option(metavar="CURVE", help="Loudness, 0 to 1; '0.3 0.9' grows.")]
Density = Annotated[str | None, typer.Option(metavar="CURVE", help="Onsets, 0 to 1; 1: sixteenths, 0.5: eighths.")]
TrackDensity = Annotated[str | None, typer.Option(metavar="TRACK=X", help="Density by track, as piano=0.5.")]
Polyphony = Annotated[str | None, typer.Option(metavar="TRACK=N", help="Most notes at once by track, as piano=4.")]
Instruments = Annotated[str | None, typer.Option(help="'melody=violin, piano=harp', or 'flute, piano'.")]
Ranges = Annotated[str | None, typer.Option(metavar="TRACK=LOW-HIGH", help="Pitches by track, as melody=C4-C6.")]
Silences = Annotated[str | None, typer.Option(help="'piano in intro; bass in bars 1-4'.")]
Tracks = Annotated[str | None, typer.Option(help="Tracks wanted, as melody,piano.")]
Seed = Annotated[int | None, typer.Option(help="Names the piece: same seed, same piece. [default: a new one]")]
Takes = Annotated[int | None, typer.Option(help="How many to write; the best is kept. [default: 3]")]
Drawings = Annotated[
    int | None,
    typer.Option(
        help="How often each take is drawn, where the model has a critic that keeps one. [default: 8; 1 from four takes on]"
    ),
]
Temperature = Annotated[float | None, typer.Option(help="Below 1 tamer, above 1 wilder. [default: 1]")]
TopK = Annotated[
    int | None, typer.Option("--top-k", metavar="K", help="Draw each choice from its K likeliest options. [default: all]")
]
RepetitionPenalty = Annotated[
    float | None,
    typer.Option(metavar="X", help="Pitches that a part played lately are X times less likely. [default: the model's]"),
]
