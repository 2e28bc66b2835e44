"""antiphon humanize: a music file in, the same piece as people would play it out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer


def humanize(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MIDI, MusicXML or ABC file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File to write; its suffix says the format.")],
    amount: Annotated[float, typer.Option(help="0 changes nothing, 1 is as played, up to 2.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same performance.")] = 0,
    feel: Annotated[str, typer.Option(help="auto, classical, pop, band, rock, funk, soul, hiphop, latin or jazz.")] = "auto",
    swing: Annotated[str, typer.Option(help="0 straight to 1 triplets, or auto: as jazz players do at the tempo.")] = "0",
    keep: Annotated[str, typer.Option(metavar="TRACKS", help="Tracks that stay as they are: melody,drums.")] = "",
    keep_bars: Annotated[str, typer.Option(metavar="BARS", help="Bars that stay as they are: 1-8,17.")] = "",
    keep_tempo: Annotated[bool, typer.Option("--keep-tempo", help="Leave the tempo as it is; notation always does.")] = False,
) -> None:
    """Humanise a music file: loudness, timing, articulation, pedal and tempo as players have them."""
    from antiphon.compose.feel import choose_feel, usual_swing
    from antiphon.compose.fixed import Fixed
    from antiphon.compose.humanize import humanize as humanizing
    from antiphon.io import files

    score = files.load(file)
    share = usual_swing(score.tempos[0].qpm) if swing.strip().lower() == "auto" else _number(swing)
    names = tuple(name.strip() for name in keep.split(",") if name.strip())
    notated = out.suffix.lower() not in (".mid", ".midi", ".kar")
    fixed = Fixed(names, tuple(_bars(keep_bars)), tempo=keep_tempo or notated)
    piece = humanizing(score, amount=amount, seed=seed, feel=feel, swing=share, fixed=fixed)
    files.save(piece, out)
    typer.echo(f"Feel {choose_feel(score, feel)}, amount {amount:g}, swing {share:.2g}, seed {seed}. Wrote {out}.")


def _number(text: str) -> float:
    from antiphon.errors import BriefError

    try:
        return float(text)
    except ValueError:
        raise BriefError(f"The swing must be a number from 0 to 1, or auto, not {text!r}.") from None


def _bars(text: str) -> list[tuple[int, int]]:
    """Bars as typed, "1-8,17", as (first, last) pairs."""
    from antiphon.errors import BriefError

    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?", part)
        if match is None:
            raise BriefError(f"{part!r} is no stretch of bars; write for example 1-8,17.")
        found.append((int(match[1]), int(match[2] or match[1])))
    return found
