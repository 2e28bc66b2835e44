"""antiphon explain: a music file in, its keys, chords, form, cadences and faults out, as a text, JSON and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explain(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MIDI, MusicXML or ABC file.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; '-' prints it.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it: piano roll, chords, form, critic; a .png file.")
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="Compare with this style: pop, folk or chorale. [default: all of them]")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER", help="Let this sequence model say which bars surprise it.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Explain a piece: keys, chords with roman numerals, form, cadences, texture, faults, and the critic bar by bar."""
    import json

    from antiphon.compose.explain import explain as explained
    from antiphon.io import files

    score = files.load(file)
    nats = None if model is None else surprise(model, score)
    told = explained(score, style=style, nats=nats)
    data = json.dumps(told.to_dict(), indent=1, ensure_ascii=False) + "\n"
    if json_file is not None and str(json_file) != "-":
        files.write_atomic(json_file, data.encode())
    if picture is not None:
        from antiphon.render.explained import save_explained

        save_explained(score, told.to_dict(), picture)
    if json_file is not None and str(json_file) == "-":
        typer.echo(data, nl=False)
    elif not quiet:
        typer.echo(told.text())


def surprise(model: str, score: object) -> list[float]:
    """Surprise of each bar under a sequence model; its tracks are matched by name, else by register.

    Raises:
      InputError: the model is no sequence model, or cannot read the piece.
    """
    from antiphon.errors import InputError
    from antiphon.evaluate.clip import Roles
    from antiphon.evaluate.likelihood import readable
    from antiphon.generate.events import EventGenerator
    from antiphon.generate.likelihood import likelihood
    from antiphon.generate.load import load
    from antiphon.music.score import Score

    assert isinstance(score, Score)
    generator = load(model)
    if not isinstance(generator, EventGenerator):
        raise InputError(f"Model {model!r} writes no sequences, so it cannot say what surprises it; name a sequence model.")
    roles = generator.codec.spec.roles
    named = any(" ".join(t.name.lower().split()) in roles for t in score.tracks if len(t))
    return list(likelihood(generator, readable(score, Roles(roles, named), bool(score.keys))).per_bar)
