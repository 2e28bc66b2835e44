"""antiphon train, export, recipes: from a corpus to a run, from a run to a model to compose with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli import benchmark
from antiphon.cli.extras import need_training
from antiphon.errors import InputError

if TYPE_CHECKING:
    from antiphon.music.score import Score
    from antiphon.recipes.runs import Recipe
    from antiphon.training.log import TensorBoard

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe, as 'antiphon recipes' lists them.")],
    data: Annotated[Path, typer.Option("--data", "-d", metavar="STORE", help="A store, or a folder of music.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="RUN", help="Folder of the run; goes on where it stopped.")],
    tiny: Annotated[bool, typer.Option("--tiny", help="The recipe in seconds, to try out the way.")] = False,
    steps: Annotated[int | None, typer.Option(help="Another number of steps than the recipe's.")] = None,
    start: Annotated[Path | None, typer.Option(metavar="RUN", help="Run of its base that a recipe goes on from.")] = None,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1, mps.")] = "cpu",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a recipe on a corpus; Ctrl-C saves, and the same command goes on."""
    need_training("Training")
    from antiphon.recipes import catalog, runs
    from antiphon.recipes.frame_catalog import FRAMES
    from antiphon.training.log import TensorBoard

    if recipe in FRAMES:
        benchmark.train_run(FRAMES[recipe], data, out, tiny, steps, device, quiet, as_json)
        return
    runs.check_device(device)
    chosen = runs.adjusted(catalog.find(recipe), tiny, steps)
    runs.check_begin(chosen, start, tiny)
    pieces = runs.pieces_from(data)
    runs.opened(chosen, out)
    board = TensorBoard(out / "tensorboard")
    try:
        with _bar(chosen, quiet or as_json) as tell:

            def progress(step: int, logged: dict[str, float]) -> None:
                board.figures(step, logged)
                tell(step, logged)

            def heard(step: int, scores: list[Score]) -> None:
                _keep(scores, step, out / "samples", board)

            logged = runs.start(chosen, pieces, out, progress=progress, heard=heard, device=device, begin=start)
    finally:
        board.close()
    if as_json:
        typer.echo(json.dumps({"run": str(out), "recipe": chosen.name, **logged}, indent=2))
    elif "interrupted" in logged:
        typer.echo(f"Stopped and saved in {out}; the same command goes on from there.")
    elif not quiet:
        typer.echo(f"Trained {chosen.name} in {logged['seconds']:.0f} s: {_figures(logged)}.")
        typer.echo(f"Next: antiphon export {out} -o SNAPSHOT")


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="SNAPSHOT", help="Folder of the model to write.")],
    name: Annotated[str | None, typer.Option(help="What to call it. [default: the recipe's name]")] = None,
    card: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON file with words on data, licences, faults.")] = None,
    quiet: Quiet = False,
) -> None:
    """Make a model to compose with of a run."""
    need_training("Exporting")
    from antiphon.recipes import runs

    words = _card(card) if card is not None else {}
    if benchmark.export_run(run, out, name, words, quiet):
        return
    made = runs.export_run(run, out, name, words)
    if not quiet:
        verb = "restyle FILE --style STYLE" if getattr(made, "architecture", "") == "cycle" else "compose"
        typer.echo(f"Wrote {made.name} to {out}. Next: antiphon {verb} --model {out}")


def recipes(as_json: Json = False) -> None:
    """List the recipes to train by."""
    need_training("Listing recipes", ("torch",))
    from antiphon.recipes import catalog, runs

    rows = [(r.name, r.style, runs.kind_of(r), runs.parameters(r), list(runs.roles_of(r))) for r in catalog.RECIPES.values()]
    rows += benchmark.recipe_rows()
    if as_json:
        names = ("name", "style", "kind", "parameters", "tracks")
        typer.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    for name, style, kind, count, tracks in rows:
        size = "counted" if count is None else f"{count / 1e6:.1f} M weights"
        typer.echo(f"{name:20} {style:8} {kind:12} {size:14} {', '.join(tracks)}")


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"The card {path} cannot be read ({error}); give a JSON file.") from error
    if not isinstance(card, dict):
        raise InputError(f"The card {path} is not a JSON object.")
    return card


def _keep(scores: list[Score], step: int, folder: Path, board: TensorBoard) -> None:
    """What the model wrote at a step, as MIDI files and as pictures."""
    import numpy as np

    from antiphon.io import files
    from antiphon.render.picture import piano_roll, save_picture

    folder.mkdir(exist_ok=True)
    for i, score in enumerate(scores):
        files.save(score, folder / f"step-{step:06}-{i + 1}.mid")
        save_picture(score, folder / f"step-{step:06}-{i + 1}.png", width=800)
        board.picture(step, f"sample/{i + 1}", np.asarray(piano_roll(score, width=800).convert("RGB")))


def _figures(logged: dict[str, float]) -> str:
    """The figures worth a look, in one line."""
    names = {"model/nll": "loss", "valid/nll": "valid", "valid/nll_note": "nats a note", "sample/in_key": "in key"}
    shown = [f"{names[name]} {value:.3f}" for name, value in logged.items() if name in names]
    other = [f"{name} {value:.3f}" for name, value in logged.items() if name.count("/") == 1 and "gradient" not in name]
    return ", ".join(shown or other[:4])


@contextmanager
def _bar(recipe: Recipe, silent: bool) -> Iterator[Callable[[int, dict[str, float]], None]]:
    """A progress bar on stderr with the loss and the last validation; plain lines where no terminal is."""
    if silent:
        yield lambda step, logged: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step, logged: typer.echo(f"{step} {_figures(logged)}", err=True)
        return
    columns = (
        TextColumn(recipe.name),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(recipe.name, total=getattr(recipe, "steps", 1), figures="reading the corpus")
        yield lambda step, logged: bar.update(task, completed=step, figures=_figures(logged))
