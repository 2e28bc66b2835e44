"""The command `antiphon`: gathers the verbs, turns every foreseen error into one sentence and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from antiphon import __version__
from antiphon.cli import (
    accompany,
    adapt,
    arrange,
    benchmark,
    compose,
    continuing,
    convert,
    corpus,
    critic,
    evaluate,
    explain,
    harmonize,
    humanize,
    infill,
    interpolate,
    listen,
    models,
    picture,
    plan,
    render,
    restyle,
    studio,
    train,
    vary,
)
from antiphon.errors import AntiphonError

app = typer.Typer(
    name="antiphon",
    help="Compose music, hear it, and train models that compose.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"antiphon {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


# A verb's file imports nothing heavy at its top, so that --help stays quick: what a verb needs it imports when it runs.
app.command("compose")(compose.compose)
app.command("plan")(plan.plan)
app.command("brief")(plan.brief)
app.command("continue")(continuing.continue_)
app.command("infill")(infill.infill)
app.command("harmonize")(harmonize.harmonize)
app.command("accompany")(accompany.accompany)
app.command("vary")(vary.vary)
app.command("restyle")(restyle.restyle)
app.command("interpolate")(interpolate.interpolate)
app.command("arrange")(arrange.arrange)
app.command("humanize")(humanize.humanize)
app.command("render")(render.render)
app.command("convert")(convert.convert)
app.command("picture")(picture.picture)
app.command("models")(models.models)
app.command("explain")(explain.explain)
app.command("evaluate")(evaluate.evaluate)
app.command("train")(train.train)
app.command("export")(train.export)
app.command("recipes")(train.recipes)
app.command("adapt")(adapt.adapt)
app.command("studio")(studio.studio)
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(corpus.app, name="corpus")
app.add_typer(critic.app, name="critic")
app.add_typer(listen.app, name="listen")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; always ends in SystemExit: 0 done, 2 asked wrongly or impossible, 130 interrupted."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="antiphon")
    except AntiphonError as error:
        print(f"antiphon: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("antiphon: interrupted.", file=sys.stderr)
        raise SystemExit(130) from None
    except SystemExit as end:
        if end.code == 130:  # typer has already caught the interrupt
            print("antiphon: interrupted.", file=sys.stderr)
        raise
