"""What the verbs that work on a piece share: their options, and how an answer is written and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from antiphon.compose.answer import Answer

STEPS = 6

File = Annotated[Path, typer.Argument(metavar="FILE", help="MIDI, MusicXML or ABC.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR|FILE", help="A folder, or just one .mid or .musicxml file.")
]
Style = Annotated[str | None, typer.Option(help="Style, as 'antiphon models' lists them. [default: what suits the piece]")]
Model = Annotated[str | None, typer.Option(metavar="NAME|FOLDER", help="A model instead of a style.")]
Tracks = Annotated[str | None, typer.Option(help="Tracks by name, number or role, separated by commas.")]
Chords = Annotated[str | None, typer.Option(help="'Am F | C G', repeated; or 'free': the model's own.")]
Takes = Annotated[int, typer.Option(help="How many to write; the best is kept, all are given.")]
Seed = Annotated[int | None, typer.Option(help="Same seed, same answer. [default: a new one]")]
Temperature = Annotated[float | None, typer.Option(help="Below 1 tamer, above 1 wilder. [default: 1]")]
RepetitionPenalty = Annotated[
    float | None, typer.Option(metavar="X", help="Pitches that a part played lately are X times less likely. [default: 1]")
]
Audio = Annotated[str, typer.Option("--format", help="flac, wav, ogg or mp3.")]
NoAudio = Annotated[bool, typer.Option("--no-audio", help="Write no sound.")]
SoundFont = Annotated[Path | None, typer.Option(metavar="FILE", help="SoundFont (.sf2) to play it with.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the manifest instead of a summary.")]


def deliver(
    make: Callable[[Callable[[str], None]], Answer],
    out: Path,
    *,
    audio: str,
    no_audio: bool,
    soundfont: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make the answer and write it: one file where `out` has the suffix of one, else a whole folder; then tell."""
    from antiphon.cli.progress import progress
    from antiphon.compose.answer_manifest import answer_manifest
    from antiphon.io import files
    from antiphon.render import folder

    if out.suffix.lower() in files.WRITABLE and not out.is_dir():
        with progress(STEPS, quiet=quiet) as tell:
            answer = make(tell)
        told: dict[str, Any] = {**answer_manifest(answer), "files": [out.name]}
        files.save(answer.score, out)
    else:
        sound = None if no_audio else audio
        if sound is not None:
            folder.check_sound(sound, soundfont)
        with folder.staged(out) as stage, progress(STEPS, quiet=quiet) as tell:
            answer = make(tell)
            takes = answer.takes if len(answer.takes) > 1 else ()
            told = folder.write_piece(
                answer.score, answer_manifest(answer), stage, audio=sound, soundfont=soundfont, progress=tell, takes=takes
            )
    if as_json:
        typer.echo(folder.as_json(told).decode(), nl=False)
    elif not quiet:
        typer.echo(answer_text(told, out))


def answer_text(told: Mapping[str, Any], out: Path) -> str:
    """A manifest of an answer as the lines that matter."""
    from antiphon.cli.summary import short

    kept = next((take["take"] for take in told["takes"] if take["kept"]), 0)
    lines = [f"{told['piece']['title'] or told['task']}: {told['piece']['bars']} bars, {told['piece']['seconds']:.1f} s"]
    lines += [f"  {note}" for note in told["notes"]]
    lines += [
        f"  Not kept: {wish['name']}: asked {short(wish['asked'])}; came {short(wish['measured'])} ({wish['why']})."
        for wish in told["wishes"]
        if not wish["kept"]
    ]
    lines.append(f"Model {told['model']['name']}, seed {told['seed']}, take {kept + 1} of {len(told['takes'])}.")
    lines.append(f"Written: {out}")
    return "\n".join(lines)


def split(text: str | None) -> tuple[str, ...] | None:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text is not None else None
