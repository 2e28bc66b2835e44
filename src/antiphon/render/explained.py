"""Picture of an explanation: the piano roll, above it form, chords and numerals, below it the critic's heat and curves."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from antiphon.errors import InputError
from antiphon.io.files import write_atomic
from antiphon.music.score import Score
from antiphon.render.picture import (
    FAINT,
    INK,
    SCALE,
    SPARE_COLOURS,
    Colour,
    _grid,
    _header,
    _lay_out,
    _Layout,
    _notes,
    _Pen,
    track_colours,
)

ABOVE, BELOW = 74, 86
HEAT_TOP, HEAT_HIGH = 6.0, 11.0
CURVE_TOP, CURVE_HIGH = 22.0, 26.0
COOL: Colour = (232, 236, 232)
HOT: Colour = (200, 44, 36)
ENERGY: Colour = (53, 112, 178)
TENSION: Colour = (190, 92, 30)
HOT_POINTS = 3.0
"""Points of a bar that is drawn in the hottest colour."""
CADENCES = {"perfect": "PAC", "imperfect": "IAC", "half": "HC", "deceptive": "DC", "plagal": "PC"}
"""Cadence -> its usual abbreviation."""


def explained(score: Score, told: Mapping[str, Any], *, width: int = 1600) -> Image.Image:
    """Picture of a piece and what was explained of it.

    Args:
      score: the piece.
      told: the JSON values of its explanation (`compose.explain.Explanation.to_dict`).
      width: in pixels.

    Raises:
      InputError: the width is below 400 or above 8000 pixels.
    """
    if not 400 <= width <= 8000:
        raise InputError(f"A picture is 400 to 8000 pixels wide, not {width}.")
    plain = replace(score, sections=(), chords=())
    layout = replace(_lay_out(plain, width), above=ABOVE, below=BELOW)
    pen = _Pen(width, layout.height)
    colours = track_colours(score)
    _header(pen, layout, score, colours)
    for system in range(layout.systems):
        _grid(pen, layout, plain, system)
        _notes(pen, layout, plain, system, colours)
        _sections(pen, layout, system, told["sections"])
        _chords(pen, layout, system, told["chords"])
        _heat(pen, layout, system, told["heat"])
        for name, colour in (("energy", ENERGY), ("tension", TENSION)):
            _curve(pen, layout, system, told[name], colour)
        _phrases(pen, layout, system, told["phrases"])
        _legend(pen, layout, system)
    return pen.image.reduce(SCALE)


def save_explained(score: Score, told: Mapping[str, Any], path: Path | str, *, width: int = 1600) -> None:
    """Write the picture as a PNG file.

    Raises:
      InputError: the suffix is not .png.
      OutputError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"{path} is not named .png, the only kind of picture that is written.")
    data = io.BytesIO()
    explained(score, told, width=width).save(data, "PNG", optimize=True)
    write_atomic(path, data.getvalue())


def _bars(layout: _Layout, system: int) -> list[tuple[int, int, int]]:
    """(number from 0, first tick, end tick) of the bars of one system."""
    edges = [*layout.bars, layout.end]
    first = system * layout.per_system
    return [(i, edges[i], edges[i + 1]) for i in range(first, min(first + layout.per_system, len(layout.bars)))]


def _sections(pen: _Pen, layout: _Layout, system: int, sections: Sequence[Mapping[str, Any]]) -> None:
    """A block for each section; letters that return have the same colour."""
    bars = _bars(layout, system)
    letters = list(dict.fromkeys(str(s["label"]).rstrip("'") for s in sections))
    top = layout.top(system)
    for section in sections:
        inside = [bar for bar in bars if section["first_bar"] <= bar[0] + 1 <= section["last_bar"]]
        if not inside:
            continue
        colour = SPARE_COLOURS[letters.index(str(section["label"]).rstrip("'")) % len(SPARE_COLOURS)]
        x0, x1 = layout.x(system, inside[0][1]), layout.x(system, inside[-1][2])
        pen.box(x0 + 1, top - 70, x1 - 1, top - 54, (*colour, 200), radius=4)
        pen.text((x0 + x1) / 2, top - 62, str(section["label"])[:20], 12, (255, 255, 255), anchor="mm")


def _chords(pen: _Pen, layout: _Layout, system: int, chords: Sequence[Mapping[str, Any]]) -> None:
    """Chord names above their numerals; where there is no room, names first."""
    start, stop = layout.span(system)
    top, free, free_below = layout.top(system), 0.0, 0.0
    for i, chord in enumerate(chords):
        until = chords[i + 1]["tick"] if i + 1 < len(chords) else layout.end
        if until <= start or chord["tick"] >= stop:
            continue
        x = layout.x(system, max(chord["tick"], start)) + 3
        room = layout.x(system, min(until, stop)) - x
        # the font that comes with Pillow has no sign for half-diminished
        name, numeral = chord["chord"] or "N.C.", chord["numeral"].replace("ø", "/o")
        size = 13 if pen.width_of(name, 13) < room + 4 else 9
        if x >= free:
            free = x + pen.text(x, top - 36, name, size, INK) + 3
        small = 11 if pen.width_of(numeral, 11) < room + 4 else 8
        if numeral and x >= free_below:
            free_below = x + pen.text(x, top - 20, numeral, small, TENSION) + 3


def _heat(pen: _Pen, layout: _Layout, system: int, heat: Sequence[Mapping[str, Any]]) -> None:
    """One cell a bar, the redder the more the critic marks there."""
    y = layout.top(system) + layout.field + HEAT_TOP
    for number, a, b in _bars(layout, system):
        share = min(1.0, float(heat[number]["points"]) / HOT_POINTS) if number < len(heat) else 0.0
        colour = tuple(round(c + (h - c) * share) for c, h in zip(COOL, HOT, strict=True))
        pen.box(layout.x(system, a) + 1, y, layout.x(system, b) - 1, y + HEAT_HIGH, colour, radius=2)


def _curve(pen: _Pen, layout: _Layout, system: int, values: Sequence[float], colour: Colour) -> None:
    """A stepped line, one level a bar."""
    base = layout.top(system) + layout.field + CURVE_TOP + CURVE_HIGH
    before: float | None = None
    for number, a, b in _bars(layout, system):
        if number >= len(values):
            break
        y = base - CURVE_HIGH * min(1.0, max(0.0, float(values[number])))
        x0, x1 = layout.x(system, a), layout.x(system, b)
        pen.box(x0, y - 0.9, x1, y + 0.9, colour)
        if before is not None:
            pen.vertical(x0, min(before, y), max(before, y), colour, 1.8)
        before = y


def _phrases(pen: _Pen, layout: _Layout, system: int, phrases: Sequence[Mapping[str, Any]]) -> None:
    """A slur for each phrase, its cadence at its end."""
    start, stop = layout.span(system)
    y = layout.top(system) + layout.field + CURVE_TOP + CURVE_HIGH + 14
    for phrase in phrases:
        if phrase["stop"] <= start or phrase["start"] >= stop:
            continue
        x0, x1 = layout.x(system, max(phrase["start"], start)), layout.x(system, min(phrase["stop"], stop))
        pen.box(x0 + 2, y, x1 - 3, y + 1.6, FAINT)
        if phrase["start"] >= start:
            pen.vertical(x0 + 2, y - 4, y + 1.6, FAINT, 1.4)
        if phrase["stop"] <= stop:
            pen.vertical(x1 - 3, y - 4, y + 1.6, FAINT, 1.4)
            if phrase["cadence"]:
                pen.text(x1 - 4, y + 13, CADENCES[phrase["cadence"]], 11, INK, anchor="rs")


def _legend(pen: _Pen, layout: _Layout, system: int) -> None:
    """What the rows below a system are."""
    base = layout.top(system) + layout.field
    x = layout.left - 6
    pen.text(x, base + HEAT_TOP + 9, "critic", 10, HOT, anchor="rs")
    pen.text(x, base + CURVE_TOP + 10, "energy", 10, ENERGY, anchor="rs")
    pen.text(x, base + CURVE_TOP + 23, "tension", 10, TENSION, anchor="rs")
    pen.text(x, base + CURVE_TOP + CURVE_HIGH + 16, "phrases", 10, FAINT, anchor="rs")
