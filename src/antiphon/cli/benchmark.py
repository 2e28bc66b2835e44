"""antiphon benchmark: exact likelihoods on the published splits, of shipped models or of a recipe trained from scratch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.extras import need_training
from antiphon.errors import TrainingError

if TYPE_CHECKING:
    from antiphon.recipes.frame_catalog import FrameRecipe

app = typer.Typer(help="Exact likelihoods on published data, to compare with the literature.", no_args_is_help=True)

Data = Annotated[Path, typer.Argument(metavar="PATH", help="Folder of the data set as published.")]
Models = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="A shipped model's name or a snapshot's folder; all shipped if none.")
]
Train = Annotated[str | None, typer.Option("--train", metavar="RECIPE", help="Train this recipe from scratch and measure it.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="RUN", help="Folder of the run; goes on where it stopped.")]
Tiny = Annotated[bool, typer.Option("--tiny", help="With --train: the recipe in seconds, to try out the way.")]
Steps = Annotated[int | None, typer.Option(help="With --train: another number of steps.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result alone.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command("jsb16")
def jsb16(
    data: Data,
    model: Models = None,
    train: Train = None,
    out: Out = None,
    tiny: Tiny = False,
    steps: Steps = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Chorales on sixteenths, four voices: nats a note. PATH holds Jsb16thSeparated.json."""
    from antiphon.recipes import benchmark

    models: list[str | Path] | None = list(model) if model else None
    if train is not None:
        models = [_trained("jsb16", train, data, out, tiny, steps, quiet or as_json)]
    _print(benchmark.jsb16(data, models, _teller(quiet or as_json)), as_json)


@app.command("polyphonic")
def polyphonic(
    data: Data,
    model: Models = None,
    train: Train = None,
    out: Out = None,
    tiny: Tiny = False,
    steps: Steps = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """The classic sets of 88 keys: nats a frame. PATH holds JSB_Chorales.mat, Nottingham.mat and so on."""
    from antiphon.recipes import benchmark

    models: list[str | Path] | None = list(model) if model else None
    if train is not None:
        models = [_trained("polyphonic", train, data, out, tiny, steps, quiet or as_json)]
    _print(benchmark.polyphonic(data, models, _teller(quiet or as_json)), as_json)


def _trained(name: str, recipe: str, data: Path, out: Path | None, tiny: bool, steps: int | None, silent: bool) -> Path:
    """Train a recipe, export it, and give back the snapshot's folder."""
    need_training("Training")
    from antiphon.recipes.frame_catalog import find_frames
    from antiphon.recipes.frame_runs import adjusted_frames, export_frames, train_frames

    chosen = adjusted_frames(find_frames(recipe, name), tiny, steps)
    folder = Path("runs") / chosen.name if out is None else out

    train_frames(chosen, data, folder, _progress(chosen.steps, silent))
    export_frames(chosen, folder, folder / "snapshot")
    return folder / "snapshot"


def train_run(
    recipe: FrameRecipe, data: Path, out: Path, tiny: bool, steps: int | None, device: str, quiet: bool, as_json: bool
) -> None:
    """Train a benchmark recipe; what `antiphon train` does with one.

    Raises:
      TrainingError: another device than the processor is asked for, or the run cannot start.
    """
    from antiphon.recipes.frame_runs import adjusted_frames, train_frames

    if device != "cpu":
        raise TrainingError(f"Benchmark recipes train in minutes on a processor; {device!r} is not for them.")
    chosen = adjusted_frames(recipe, tiny, steps)
    logged = train_frames(chosen, data, out, _progress(chosen.steps, quiet or as_json))
    if as_json:
        typer.echo(json.dumps({"run": str(out), "recipe": chosen.name, **logged}, indent=2))
    elif "interrupted" in logged:
        typer.echo(f"Stopped and saved in {out}; the same command goes on from there.")
    elif not quiet:
        told = (
            f"in {logged['seconds']:.0f} s: valid {logged['valid/nll']:.4f} nats" if logged else "before; nothing is left to do"
        )
        typer.echo(f"Trained {chosen.name} {told}.")
        typer.echo(f"Next: antiphon export {out} -o SNAPSHOT")


def export_run(run: Path, out: Path, name: str | None, words: dict[str, Any], quiet: bool) -> bool:
    """Export a run of a benchmark recipe; False where it is of another family."""
    from antiphon.recipes.frame_runs import export_frames, read_frames

    recipe = read_frames(run)
    if recipe is None:
        return False
    recipe = recipe if name is None else replace(recipe, name=name)
    export_frames(recipe, run, out, words)
    if not quiet:
        typer.echo(f"Wrote {recipe.name} to {out}. Next: antiphon benchmark {benchmark_name(recipe)} PATH --model {out}")
    return True


def recipe_rows() -> list[tuple[str, str, str, int | None, list[str]]]:
    """Rows of the benchmark recipes for `antiphon recipes`."""
    from antiphon.recipes.frame_catalog import FRAMES
    from antiphon.recipes.frame_runs import parameters_of

    voices = ["soprano", "alto", "tenor", "bass"]
    return [
        (r.name, benchmark_name(r), r.kind, parameters_of(r), ["88 keys"] if hasattr(r, "corpus") else voices)
        for r in FRAMES.values()
    ]


def benchmark_name(recipe: FrameRecipe) -> str:
    """jsb16 or polyphonic."""
    from antiphon.recipes.frame_catalog import benchmark_of

    return benchmark_of(recipe)


def _progress(steps: int, silent: bool) -> Callable[[int, dict[str, float]], None]:
    """Prints loss and validation of a step to stderr."""

    def tell(step: int, logged: dict[str, float]) -> None:
        if not silent:
            shown = ", ".join(f"{k} {v:.4f}" for k, v in logged.items() if k in ("model/nll", "valid/nll"))
            typer.echo(f"{step}/{steps} {shown}", err=True)

    return tell


def _teller(silent: bool) -> Callable[[str], None]:
    """Prints to stderr what is being done."""
    return lambda line: None if silent else typer.echo(line, err=True)


def _print(report: dict[str, Any], as_json: bool) -> None:
    """The report as a table, or as JSON."""
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    typer.echo(f"Exact negative log-likelihood, {report['unit']}; lower is better.")
    typer.echo(f"{'model':26}{'size':>10}{'valid':>9}{'test':>9}{'macro':>15}")
    for row in report["rows"]:
        macro = f"{row['valid']['macro']:.4f}/{row['test']['macro']:.4f}"
        size = "" if row["parameters"] is None else f"{row['parameters'] / 1e6:.2f} M"
        typer.echo(f"{row['model']:26}{size:>10}{row['valid']['nll']:9.4f}{row['test']['nll']:9.4f}{macro:>15}")
    if "orderless" in report:
        o = report["orderless"]
        typer.echo(f"{o['model']:26}{o['parameters'] / 1e6:>8.2f} M{o['valid']:9.4f}{o['test']:9.4f}  {o['unit']}")
    for name, choice in report["choices"].items():
        typer.echo(f"{name}: {choice}.")
