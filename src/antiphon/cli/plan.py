"""antiphon plan: wishes in, an editable plan out; antiphon brief: what is understood of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli import wishes as w

Schema = Annotated[bool, typer.Option("--schema", help="Print the JSON schema and do nothing else.")]


def plan(
    sentence: w.Sentence = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="File for the plan. [default: print it]")
    ] = None,
    schema: Schema = False,
    brief: w.BriefFile = None,
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
    temperature: w.Temperature = None,
    top_k: w.TopK = None,
    repetition_penalty: w.RepetitionPenalty = None,
) -> None:
    """Write what would be composed, bar by bar: form, harmony, energy, tracks; edit it, then compose --plan FILE."""
    from antiphon.compose.compose import find_generator
    from antiphon.compose.gather import gather
    from antiphon.compose.plan import explicit
    from antiphon.compose.plan import plan as decide
    from antiphon.compose.plan_file import plan_document, plan_text
    from antiphon.compose.schema import PLAN, schema_text

    if schema:
        typer.echo(schema_text(PLAN), nl=False)
        return
    flags = {
        "style": style, "model": model, "bars": bars, "seconds": seconds, "key": key, "strict": strict, "tempo": tempo,
        "meter": meter, "chords": chords, "on_conflict": on_conflict, "form": form, "intro": intro, "outro": outro,
        "mood": mood, "valence": valence, "arousal": arousal, "energy": energy, "density": density,
        "track_density": track_density, "polyphony": polyphony, "instruments": instruments, "ranges": ranges,
        "silences": silences, "tracks": tracks, "seed": seed, "takes": takes, "temperature": temperature,
        "top_k": top_k, "repetition_penalty": repetition_penalty,
    }  # fmt: skip
    asked, remarks = gather(sentence, brief, flags)
    description = find_generator(asked).description
    made = explicit(decide(asked, description), asked, description)
    text = plan_text(plan_document(made, asked, description))
    if out is None:
        typer.echo(text, nl=False)
        return
    from antiphon.io.files import write_atomic

    write_atomic(out, text.encode())
    for line in (*remarks, *made.decisions):
        typer.echo(f"  {line}")
    typer.echo(f"Plan: {out}; edit it, then: antiphon compose --plan {out}")


def brief(
    sentence: w.Sentence = None,
    file: Annotated[Path | None, typer.Option("--brief", metavar="FILE", help="Wishes from a TOML or JSON file.")] = None,
    schema: Schema = False,
) -> None:
    """Print what is understood of a sentence or a file, as JSON; what is not understood is named."""
    import json

    from antiphon.compose.document import document
    from antiphon.compose.gather import gather
    from antiphon.compose.schema import BRIEF, schema_text

    if schema:
        typer.echo(schema_text(BRIEF), nl=False)
        return
    asked, remarks = gather(sentence, file, {})
    for line in remarks:
        typer.echo(line, err=True)
    typer.echo(json.dumps(document(asked), indent=1, ensure_ascii=False))
