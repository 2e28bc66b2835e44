"""antiphon compose: wishes in, a folder with a finished piece out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli import wishes as w
from antiphon.cli.wishes import MOODS as MOODS

STEPS = 7


def compose(
    sentence: w.Sentence = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the piece; made if missing.")] = Path(
        "song"
    ),
    brief: w.BriefFile = None,
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Obey a plan written by 'antiphon plan'.")] = None,
    style: w.Style = None,
    model: w.Model = None,
    bars: w.Bars = None,
    seconds: w.Seconds = None,
    key: w.KeyText = None,
    strict: w.Strict = None,
    tempo: w.Tempo = None,
    meter: w.Meter = None,
    chords: w.Chords = None,
    on_conflict: w.OnConflict = None,
    form: w.Form = None,
    intro: w.Intro = None,
    outro: w.Outro = None,
    mood: w.MoodName = None,
    valence: w.Valence = None,
    arousal: w.Arousal = None,
    energy: w.Energy = None,
    density: w.Density = None,
    track_density: w.TrackDensity = None,
    polyphony: w.Polyphony = None,
    instruments: w.Instruments = None,
    ranges: w.Ranges = None,
    silences: w.Silences = None,
    tracks: w.Tracks = None,
    seed: w.Seed = None,
    takes: w.Takes = None,
    drawings: w.Drawings = None,
    temperature: w.Temperature = None,
    top_k: w.TopK = None,
    repetition_penalty: w.RepetitionPenalty = None,
    audio: Annotated[str, typer.Option("--format", help="flac, wav, ogg or mp3.")] = "flac",
    no_audio: Annotated[bool, typer.Option("--no-audio", help="Write no sound.")] = False,
    soundfont: Annotated[Path | None, typer.Option(metavar="FILE", help="SoundFont (.sf2) to play it with.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest instead of a summary.")] = False,
) -> None:
    """Compose a piece: MIDI, audio, stems, MusicXML, a picture and a manifest in one folder."""
    from antiphon.cli.progress import progress
    from antiphon.cli.summary import summary
    from antiphon.compose import compose as composing
    from antiphon.compose import manifest
    from antiphon.compose.gather import gather, planned
    from antiphon.render import folder

    if not no_audio:
        folder.check_sound(audio, soundfont)
    flags = {
        "style": style, "model": model, "bars": bars, "seconds": seconds, "key": key, "strict": strict, "tempo": tempo,
        "meter": meter, "chords": chords, "on_conflict": on_conflict, "form": form, "intro": intro, "outro": outro,
        "mood": mood, "valence": valence, "arousal": arousal, "energy": energy, "density": density,
        "track_density": track_density, "polyphony": polyphony, "instruments": instruments, "ranges": ranges,
        "silences": silences, "tracks": tracks, "seed": seed, "takes": takes, "drawings": drawings, "temperature": temperature,
        "top_k": top_k, "repetition_penalty": repetition_penalty,
    }  # fmt: skip
    asked, remarks = planned(plan, sentence, brief, flags) if plan is not None else gather(sentence, brief, flags)
    with folder.staged(out) as stage, progress(STEPS, quiet=quiet) as tell:
        piece = composing.compose(asked, progress=tell, remarks=remarks)
        told = folder.write_piece(
            piece.score,
            manifest.manifest(piece),
            stage,
            audio=None if no_audio else audio,
            soundfont=soundfont,
            progress=tell,
            takes=piece.takes if len(piece.takes) > 1 else (),
        )
    if as_json:
        typer.echo(folder.as_json(told).decode(), nl=False)
    elif not quiet:
        typer.echo(summary(told, out))
