"""antiphon critic: learn a listener's taste from ratings, show it, and index what a model learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Teach the critic your taste, and show what it knows.", no_args_is_help=True, rich_markup_mode=None)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


@app.command()
def update(
    ratings: Annotated[Path, typer.Argument(metavar="RATINGS.json", help="Stars, thumbs or choices; see docs/critic.md.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write what was learnt.")] = Path(
        "critic.json"
    ),
    strength: Annotated[float, typer.Option(min=0, max=10, help="Its say in the choice; 0: none.")] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Learn from ratings which takes you like; fewer than ten change nothing."""
    from antiphon.compose.taste import learn
    from antiphon.io import files

    learnt = learn(ratings, files.load).with_strength(strength)
    files.write_atomic(out, learnt.to_json().encode())
    if not quiet:
        typer.echo(_told(learnt))
        typer.echo(f"Wrote {out}.")


@app.command()
def show(
    critic: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="What 'antiphon critic update' wrote. [default: the plain critic]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show what the critic has learnt of your taste, or how the plain critic hears."""
    import json

    from antiphon.compose.critique_ear import ears
    from antiphon.compose.taste import read_preference

    if critic is not None:
        learnt = read_preference(critic)
        typer.echo(learnt.to_json() if as_json else _told(learnt), nl=not as_json)
        return
    told = ears()["provenance"]
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    typer.echo("How often the critic prefers real music (chance 50%), by style:")
    for style, figures in told["figures"].items():
        said = ", ".join(f"{name} {ways['ear']:.0%}" for name, ways in figures["real preferred"].items())
        typer.echo(f"  {style}: {said}")


@app.command()
def index(
    snapshot: Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="Folder of the model.")],
    data: Annotated[Path, typer.Option("--data", "-d", metavar="STORE", help="What it was trained on: a store or a folder.")],
    quiet: Quiet = False,
) -> None:
    """Index what a model learned from, so that each piece it writes is compared with it."""
    from antiphon.cli.extras import need_training
    from antiphon.errors import InputError
    from antiphon.generate.snapshot import open_snapshot

    need_training("Indexing")
    from antiphon.recipes.originality import write_index
    from antiphon.recipes.runs import pieces_from

    open_snapshot(snapshot)
    path = write_index(pieces_from(data), snapshot)
    if path is None:
        raise InputError(f"No piece in {data} has a melodic line, so there is nothing to compare with.")
    if not quiet:
        typer.echo(f"Wrote {path} ({path.stat().st_size / 1000:.0f} kB).")


@app.command()
def fit(
    snapshot: Annotated[Path, typer.Argument(metavar="SNAPSHOT", help="Folder of the model.")],
    data: Annotated[Path, typer.Option("--data", "-d", metavar="STORE", help="What it was trained on: a store or a folder.")],
    share: Annotated[float, typer.Option(min=0.001, max=10, help="More or fewer takes than usual, by this factor.")] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Give a model a critic of its own: it writes thousands of takes, which are told from the music that it learnt from."""
    from antiphon.cli.extras import need_training
    from antiphon.generate.load import load

    need_training("Fitting")
    from antiphon.evaluate.realness import FILE
    from antiphon.recipes.realness import TAKES, fit_realness
    from antiphon.recipes.runs import pieces_from

    writer = load(str(snapshot))
    counts = [(bars, max(1, round(share * count))) for bars, count in TAKES]
    found = fit_realness(writer, pieces_from(data), counts, (lambda _: None) if quiet else typer.echo)
    found.save(snapshot / FILE)
    if not quiet:
        for bars, length in found.lengths.items():
            typer.echo(f"{bars} bars: takes and music that it was not fitted to are told apart {length.right:.0%} of the time.")
        typer.echo(f"Wrote {snapshot / FILE}.")


def _told(learnt: object) -> str:
    """A preference in lines."""
    from antiphon.evaluate.preference import Preference

    assert isinstance(learnt, Preference)
    report = learnt.report
    counts = ", ".join(f"{n} {kind}" for kind, n in report.ratings.items() if n)
    lines = [f"Ratings: {counts or 'none'}.", report.why]
    if report.active:
        lines += [f"  {'likes' if weight > 0 else 'dislikes'} much of: {name}" for name, weight in learnt.likes()]
    if learnt.strength != 1:
        lines.append(f"Strength {learnt.strength:g} (0: the plain critic, 1: as learnt).")
    return "\n".join(lines)
