"""antiphon adapt: a shipped model learns the style of a folder of music, in minutes, on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def adapt(
    data: Annotated[Path, typer.Argument(metavar="FOLDER", help="Music to learn from: MIDI, MusicXML, ABC.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the snapshot; must not exist yet.")],
    base: Annotated[str, typer.Option(metavar="NAME|FOLDER", help="Model to begin with.")] = "pop",
    name: Annotated[str | None, typer.Option(help="Name of the style. [default: that of --out]")] = None,
    minutes: Annotated[float, typer.Option(help="How long to train, about.", min=0.1, max=1440)] = 5.0,
    seed: Annotated[int, typer.Option(help="Same seed and number of steps, same model.")] = 0,
    steps: Annotated[int | None, typer.Option(help="Steps instead of minutes.", min=1)] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Tell the progress as JSON, one object a line.")] = False,
) -> None:
    """Adapt a model to your own music; the result is a snapshot for 'antiphon compose --model DIR'."""
    import json
    from dataclasses import replace

    from antiphon.cli.extras import need_training
    from antiphon.errors import InputError

    need_training("Adapting a model", ("torch", "onnx", "onnxscript"))
    from antiphon.compose.cast import as_roles
    from antiphon.generate.load import find
    from antiphon.recipes import adapt as recipe
    from antiphon.recipes.runs import pieces_from

    if out.exists():
        raise InputError(f"{out} exists already; choose another name.")
    snapshot = find(base)
    cast = ((piece, as_roles(piece.score, snapshot.spec.roles)) for piece in pieces_from(data))
    pieces = [replace(piece, score=score) for piece, score in cast if score is not None]

    def tell(words: str, share: float | None) -> None:
        typer.echo(json.dumps({"message": words, "fraction": share}) if lines else words, err=not lines)

    told = recipe.adapt(pieces, snapshot, name or out.name, out, minutes=minutes, seed=seed, steps=steps, tell=tell)
    if lines:
        typer.echo(json.dumps({"done": told}))
        return
    typer.echo(f"{told['pieces']} pieces, {told['steps']} steps: {told['before']:.3f} -> {told['after']:.3f} nats an event.")
    typer.echo(f"Compose with it: antiphon compose --model {out}")
