"""antiphon compose: wishes in, a folder with a finished piece out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

STEPS = 7
MOODS = "angry, bright, calm, dark, dreamy, energetic, gentle, happy, playful, sad, solemn or tense."


def compose(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the piece; made if missing.")] = Path(
        "song"
    ),
    style: Annotated[str | None, typer.Option(help="Style, as 'antiphon models' lists them. [default: pop]")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME|FOLDER", help="A model instead of a style.")] = None,
    bars: Annotated[int | None, typer.Option(help="Length in bars. [default: 16]")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length in seconds, met exactly.")] = None,
    key: Annotated[str | None, typer.Option(help="Key, as 'A minor' or 'Bb'.")] = None,
    tempo: Annotated[float | None, typer.Option(help="Quarter notes a minute.")] = None,
    meter: Annotated[str | None, typer.Option(help="Meter, as 4/4 or 3/4.")] = None,
    chords: Annotated[str | None, typer.Option(help="'Am F C G': a chord a bar; 'Am | F G | C': bars. Repeated.")] = None,
    mood: Annotated[str | None, typer.Option(help=MOODS)] = None,
    tracks: Annotated[str | None, typer.Option(help="Tracks wanted, as melody,piano.")] = None,
    seed: Annotated[int | None, typer.Option(help="Names the piece: same seed, same piece. [default: a new one]")] = None,
    takes: Annotated[int | None, typer.Option(help="How many to write; the best is kept. [default: 3]")] = None,
    temperature: Annotated[float | None, typer.Option(help="Below 1 tamer, above 1 wilder. [default: 1]")] = None,
    audio: Annotated[str, typer.Option("--format", help="flac, wav, ogg or mp3.")] = "flac",
    soundfont: Annotated[Path | None, typer.Option(metavar="FILE", help="SoundFont (.sf2) to play it with.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest instead of a summary.")] = False,
) -> None:
    """Compose a piece: MIDI, audio, stems, MusicXML, a picture and a manifest in one folder."""
    from antiphon.cli.progress import progress
    from antiphon.cli.summary import summary
    from antiphon.compose import brief, manifest
    from antiphon.compose import compose as composing
    from antiphon.render import folder

    folder.check_sound(audio, soundfont)
    wishes = brief.read_brief(
        seed=seed, style=style, model=model, bars=bars, seconds=seconds, key=key, tempo=tempo, meter=meter,
        chords=chords, mood=mood, tracks=tracks, takes=takes, temperature=temperature,
    )  # fmt: skip
    with folder.staged(out) as stage, progress(STEPS, quiet=quiet) as tell:
        piece = composing.compose(wishes, progress=tell)
        told = folder.write_piece(piece.score, manifest.manifest(piece), stage, audio=audio, soundfont=soundfont, progress=tell)
    if as_json:
        typer.echo(folder.as_json(told).decode(), nl=False)
    elif not quiet:
        typer.echo(summary(told, out))
