"""antiphon models: what can be composed with, and where it comes from."""

from __future__ import annotations

from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole cards as JSON.")] = False,
) -> None:
    """List the models with their cards: style, tracks, data, licences, scores, faults."""
    from antiphon.cli.summary import model_text
    from antiphon.compose.manifest import model_values
    from antiphon.generate import load
    from antiphon.render.folder import as_json as json_bytes

    descriptions = [load.load(name).description for name in load.shipped()]
    if as_json:
        typer.echo(json_bytes({d.name: model_values(d) for d in descriptions}).decode(), nl=False)
    elif descriptions:
        typer.echo("\n\n".join(model_text(model_values(d)) for d in descriptions))
    else:
        typer.echo("No model is installed.", err=True)
