"""antiphon corpus: build a store from a folder of music, look into one, list the known data sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from antiphon.corpus.build import Report

app = typer.Typer(help="Build, inspect and find corpora of music to train on.", no_args_is_help=True, rich_markup_mode=None)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(help="A known corpus, several of them, or any nesting of music files.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="STORE", help="Folder of the store to write.")],
    grid: Annotated[str, typer.Option(help="Steps a quarter note to snap to, or 'keep'.")] = "keep",
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default one a core.")] = None,
    valid: Annotated[float, typer.Option(help="Share of the works kept for validation.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share of the works kept for testing.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Another seed, another division.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the store if it exists.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Clean, deduplicate and split all music below FOLDER; run again to go on after an interruption."""
    from antiphon.corpus.build import build as build_store
    from antiphon.errors import InputError

    if grid != "keep" and not grid.isdigit():
        raise InputError(f"--grid {grid} is not understood; give a number of steps a quarter note, or 'keep'.")
    steps = None if grid == "keep" else int(grid)
    with _bar("reading", quiet or as_json) as tell:
        report = build_store(
            folder, out, grid=steps, jobs=jobs, progress=tell, valid=valid, test=test, seed=seed, overwrite=overwrite
        )
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        typer.echo(_report_text(report))


@app.command()
def stats(
    store: Annotated[Path, typer.Argument(help="A store built before.")],
    picture: Annotated[Path | None, typer.Option("--picture", "-p", metavar="PNG", help="Write a page of charts.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Count what is in a store."""
    from antiphon.corpus import chart
    from antiphon.corpus.stats import describe
    from antiphon.corpus.store import Store
    from antiphon.io.files import write_atomic

    opened = Store.open(store)
    facts = describe(opened)
    if picture is not None:
        write_atomic(picture, chart.picture(opened))
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    elif not quiet:
        splits = ", ".join(f"{n} {name}" for name, n in facts["splits"].items())
        typer.echo(f"{facts['pieces']} pieces of {facts['works']} works, {facts['hours']} hours ({splits})")
        typer.echo(f"{facts['notes']} notes, {facts['tracks']} tracks, {facts['bars']} bars")
        for name in ("meters", "keys", "chords", "families"):
            top = sorted(facts[name], key=lambda item: -item[1])[:6]
            typer.echo(f"{name:9}" + ", ".join(f"{label} {count}" for label, count in top if count))


@app.command("list")
def list_sets(as_json: Json = False) -> None:
    """List the public data sets that can be read, with their licences and where to get them."""
    from dataclasses import asdict

    from antiphon.corpus.catalogue import DATA_SETS, MEANING

    if as_json:
        typer.echo(json.dumps([{**asdict(d), "url": d.url} for d in DATA_SETS], indent=2, ensure_ascii=False))
        return
    for entry in DATA_SETS:
        typer.echo(f"{entry.name:16} {entry.rights}  {entry.what}")
        typer.echo(f"{'':20}{entry.licence}; {entry.url}")
        typer.echo(f"{'':20}{entry.obtain}")
    typer.echo("\n" + "\n".join(f"{rights}  {text}" for rights, text in MEANING.items()))


@contextmanager
def _bar(what: str, silent: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr that shows done and total; nothing where nobody looks."""
    if silent:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report_text(report: Report) -> str:
    lines = [
        f"{report.pieces} pieces of {report.works} works from {report.units} files in {report.seconds:.1f} s: {report.path}",
        "  " + ", ".join(f"{n} {name}" for name, n in report.splits.items()),
    ]
    if report.refused:
        lines.append(f"  not taken ({sum(report.refused.values())}, listed in refusals.jsonl):")
        lines += [f"    {n:6} {cause}" for cause, n in report.refused.items()]
    if report.near_copies:
        lines.append(f"  {len(report.near_copies)} near copies were bound to one work, the closest:")
        lines += [f"    {likeness:.2f} {a} ~ {b}" for a, b, likeness in report.near_copies[:5]]
    if report.resumed:
        lines.append(f"  {report.resumed} parts were there from an interrupted run")
    return "\n".join(lines)
