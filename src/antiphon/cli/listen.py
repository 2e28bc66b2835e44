"""antiphon listen: blind listening tests, drawn up as a page and scored from its answers."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antiphon.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from antiphon.evaluate.listening_page import Clip

app = typer.Typer(help="Draw up blind listening tests and score them.", no_args_is_help=True, rich_markup_mode=None)

AUDIO = (".flac", ".wav", ".ogg", ".mp3")


class Mode(StrEnum):
    """What listeners are asked."""

    PREFERENCE = "preference"
    RATING = "rating"


class Unit(StrEnum):
    """What the bootstrap draws."""

    AUTO = "auto"
    LISTENERS = "listeners"
    ANSWERS = "answers"
    BOTH = "both"


@app.command()
def make(
    systems: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Two folders or more of MIDI or audio files.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="TEST", help="New folder: page/ to hand out, key.json to keep.")],
    mode: Annotated[Mode, typer.Option(help="Choose between two clips, or rate all from 0 to 100.")] = Mode.PREFERENCE,
    trials: Annotated[int, typer.Option(help="Trials for each pair of folders (preference) or in all (rating).")] = 10,
    checks: Annotated[int, typer.Option(help="Attention checks.")] = 2,
    seconds: Annotated[float, typer.Option(help="Longest clip.")] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help="Decides pieces, order and blind names.")] = 0,
    reference: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of music by people, one system more.")
    ] = None,
    anchor: Annotated[bool, typer.Option("--anchor", help="Rating: add a low-passed anchor.")] = False,
    title: Annotated[str, typer.Option(help="Heading of the page; do not name the systems.")] = "Listening test",
    wav: Annotated[bool, typer.Option("--wav", help="Write .wav clips for browsers without FLAC.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Draw up a blind test as a web page that needs no server."""
    from antiphon.evaluate.listening_page import Design, Desk, make_test
    from antiphon.io import audio
    from antiphon.render.loudness import integrated_loudness

    folders = systems + [reference] if reference is not None and reference not in systems else systems
    names = _names(folders)
    clips = {name: _clips(folder, seconds) for name, folder in zip(names, folders, strict=True)}
    design = Design(
        mode=mode.value,
        trials=trials,
        checks=checks,
        seconds=seconds,
        seed=seed,
        reference=None if reference is None else names[folders.index(reference)],
        anchor=anchor,
        title=title,
        suffix=".wav" if wav else ".flac",
    )
    key = make_test(clips, out, design, Desk(integrated_loudness, audio.write))
    if not quiet:
        typer.echo(f"Wrote {len(key.trials)} trials: hand out the folder {out / 'page'}, whose index.html is the test.")
        typer.echo(f"Keep {out / 'key.json'}; it tells the systems apart and scores the answers.")


@app.command()
def score(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="Answer files, or folders of them.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The test's key.json.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE.json", help="Also write the report as JSON.")] = None,
    unit: Annotated[Unit, typer.Option(help="What the bootstrap draws.")] = Unit.AUTO,
    allow: Annotated[int, typer.Option(min=0, help="Attention checks that a listener may fail and still count.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a Markdown table.")] = False,
) -> None:
    """Score the answers: preferences with intervals."""
    import json

    from antiphon.evaluate.listening import judge
    from antiphon.evaluate.listening_answers import load_answers
    from antiphon.evaluate.listening_key import load_key
    from antiphon.evaluate.listening_report import markdown, to_dict
    from antiphon.io.files import write_atomic

    known = load_key(key)
    files = [f for path in results for f in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    sheets, aside = load_answers(files, known)
    verdict = judge(sheets, known, set_aside=aside, unit=unit.value, allowed_failures=allow, seed=seed)
    text = json.dumps(to_dict(verdict), indent=2, ensure_ascii=False) + "\n"
    if out is not None:
        write_atomic(out, text.encode())
    typer.echo(text if as_json else markdown(verdict), nl=False)


def _names(folders: list[Path]) -> list[str]:
    """A name for each folder: its own, or its whole path where two share one."""
    names = [folder.resolve().name or str(folder) for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _clips(folder: Path, seconds: float) -> list[Clip]:
    """The pieces of a folder, sorted; where a piece is there as sound and as MIDI, the sound is taken."""
    from antiphon.evaluate.listening_page import Clip
    from antiphon.io.files import READABLE

    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder of MIDI or audio files.")
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir(), key=lambda f: (f.suffix.lower() in AUDIO, f.name)):
        if file.suffix.lower() in AUDIO or file.suffix.lower() in READABLE:
            found[file.stem] = file
    return [Clip(stem, _loader(found[stem], seconds)) for stem in sorted(found)]


def _loader(file: Path, seconds: float) -> Callable[[], tuple[npt.NDArray[np.floating], int]]:
    def load() -> tuple[npt.NDArray[np.floating], int]:
        from antiphon.io import audio, files
        from antiphon.music.beats import seconds_to_ticks, ticks_to_seconds
        from antiphon.music.edit import cut
        from antiphon.render.audio import render

        if file.suffix.lower() in AUDIO:
            return audio.read(file)
        piece = files.load(file)
        onsets = [int(track.notes["onset"].min()) for track in piece.tracks if len(track)]
        if not onsets:
            raise InputError(f"{file} holds no notes; leave it out of the test.")
        # Only what will be heard is rendered, and a second more, so that the clip's end is music and not a last note.
        begin = float(ticks_to_seconds(piece, min(onsets)))
        end = int(seconds_to_ticks(piece, begin + seconds + 1))
        recording = render(cut(piece, min(onsets), max(end, min(onsets) + 1)))
        return recording.mix, recording.rate

    return load
