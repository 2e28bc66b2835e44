"""antiphon evaluate: judge a folder of generated music by real music, and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from antiphon.evaluate.likelihood import Listener
    from antiphon.music.score import Score


def evaluate(
    generated: Annotated[Path, typer.Argument(metavar="GENERATED", help="Folder of MIDI files, a store, or one file.")],
    reference: Annotated[Path, typer.Option(metavar="REAL", help="Real music to judge by: a folder of MIDI files or a store.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for report.md, report.html and report.json.")],
    train: Annotated[
        Path | None, typer.Option(metavar="STORE", help="What the model learned from: adds copying tests.")
    ] = None,
    bars: Annotated[int | None, typer.Option(min=1, help="Bars a window (default: 16, or what most pieces fill).")] = None,
    neural: Annotated[bool, typer.Option("--neural/--no-neural", help="Also train the network test, a minute or two.")] = True,
    likelihood: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="A sequence model (its name or folder) that says how probable it finds the pieces."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Judge generated music by real music."""
    from antiphon.errors import OutputError
    from antiphon.evaluate import judge, report
    from antiphon.io.files import write_atomic

    listener = None if likelihood is None else find_listener(likelihood)
    sets = [read_pieces(path) for path in (generated, reference, *([train] if train else []))]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot make the folder {out}: {error.strerror or error}.") from error
    result = judge.evaluate(
        sets[0][0],
        sets[1][0],
        train=sets[2][0] if train else None,
        works=sets[1][1],
        bars=bars,
        seed=seed,
        neural=neural,
        listener=listener,
        tell=(lambda _: None) if quiet else (lambda words: typer.echo(words, err=True)),
    )
    result["left out"] = [line for _, _, refused in sets for line in refused] + result["left out"]
    for name, data in report.files(result).items():
        write_atomic(out / name, data)
    if not quiet:
        typer.echo("\n".join(report.summary(result)))
        typer.echo(f"Wrote {out / 'report.html'}.")


def find_listener(name: str) -> Listener:
    """A sequence snapshot, shipped or in a folder, as the judge listens with it.

    Raises:
      SnapshotError: there is none, it is damaged, or it writes no sequences.
    """
    from antiphon.errors import SnapshotError
    from antiphon.evaluate.likelihood import Listener
    from antiphon.generate.events import EventGenerator
    from antiphon.generate.likelihood import likelihoods
    from antiphon.generate.load import load

    generator = load(name)
    if not isinstance(generator, EventGenerator):
        raise SnapshotError(f"Model {name!r} writes no sequences, so it gives no likelihood; name a sequence model.")

    def read(scores: Sequence[Score], bars: int) -> list[dict[str, float] | str]:
        return [
            found
            if isinstance(found, str)
            else {
                "nats per note": found.nats_per_note,
                "nats per note, loudness left out": sum(found.per_note_by_field[:3]),
                "nats per bar": found.nats_per_bar,
            }
            for found in likelihoods(generator, scores, bars=bars)
        ]

    return Listener(generator.snapshot.name, generator.codec.spec.roles, read)


def read_pieces(path: Path) -> tuple[list[Score], list[str], list[str]]:
    """Pieces, their works, and one line for every file that could not be read, of a store, a folder or one file.

    Raises:
      InputError: there is nothing of the kind, or not one piece.
    """
    from dataclasses import replace

    from antiphon.corpus.store import Store
    from antiphon.errors import AntiphonError, InputError
    from antiphon.io import files

    if Store.stands_in(path):
        pieces = list(Store.open(path))
        return [p.score for p in pieces], [p.work for p in pieces], []
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in files.READABLE and p.is_file())
        played = {p.with_suffix("") for p in found if p.suffix.lower() in (".mid", ".midi")}
        # a piece that lies there as MIDI and as a score counts once
        found = [p for p in found if p.suffix.lower() in (".mid", ".midi") or p.with_suffix("") not in played]
    elif path.is_file():
        found = [path]
    else:
        raise InputError(f"There is no folder, store or file {path}.")
    scores, works, refused = [], [], []
    for file in found:
        try:
            scores.append(replace(files.load(file), title=str(file.relative_to(path)) if path.is_dir() else file.name))
            works.append(str(file))
        except AntiphonError as error:
            refused.append(str(error))
    if not scores:
        why = f"none of its {len(found)} files can be read ({refused[0]})" if refused else "it holds no music file"
        raise InputError(f"{path} gives no piece: {why}.")
    return scores, works, refused
