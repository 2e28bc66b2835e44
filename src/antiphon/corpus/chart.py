"""The picture of a store: its facts as a page of bar charts."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from antiphon.corpus.stats import Bins, describe
from antiphon.corpus.store import Store

WIDTH, MARGIN, GAP = 1680, 48, 28
HEADER, ROW = 132, 300
COLUMNS = 12
PAPER, CARD, INK, FAINT, RULE = "#f6f4ef", "#ffffff", "#26262b", "#77757d", "#e6e2d8"
WIDEST = 110
"""Pixels that one bar and its gap take at most."""
HUES = ("#2f6f9f", "#c2703d", "#4b8b6b", "#8a5a9e", "#b3913a", "#5b6fb0", "#a94f5c", "#3f8c91", "#7a7a4a")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Panel(NamedTuple):
    """One chart: what it shows, its bars, how many of the page's twelve columns it takes."""

    title: str
    bars: Bins
    columns: int
    accents: frozenset[int] = frozenset()


def _font(size: int) -> Font:
    return ImageFont.load_default(size=size)


def picture(store: Store) -> bytes:
    """The facts of a store as a PNG image.

    Raises:
      InputError: the store is empty.
    """
    facts = describe(store)
    rows = _rows(facts)
    height = HEADER + len(rows) * (ROW + GAP) + MARGIN - GAP
    page = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(page)
    _header(draw, store, facts)
    number = 0
    for r, row in enumerate(rows):
        left = MARGIN
        unit = (WIDTH - 2 * MARGIN + GAP) / COLUMNS
        for panel in row:
            width = int(panel.columns * unit) - GAP
            top = HEADER + r * (ROW + GAP)
            _panel(draw, panel, (left, top, left + width, top + ROW), HUES[number % len(HUES)])
            left += width + GAP
            number += 1
    out = io.BytesIO()
    page.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _rows(facts: dict[str, Any]) -> list[list[Panel]]:
    """The panels row by row; a row fills twelve columns."""
    pitches = facts["pitches"]
    used = [i for i, (_, n) in enumerate(pitches) if n] or [60]
    low, high = min(used) // 12 * 12, max(used) // 12 * 12 + 12
    shown = [(f"C{p // 12 - 1}" if p % 12 == 0 else "", n) for p, (_, n) in enumerate(pitches)][low:high]
    keys = [(name.replace(" major", "").replace(" minor", "m"), n) for name, n in facts["keys"]]
    minors = frozenset(range(12, 24))
    return [
        [
            Panel("Length of a piece (minutes:seconds, from)", [(_minutes(k), n) for k, n in facts["lengths"]], 4),
            Panel("Tempo (quarter notes a minute, from)", _lower(facts["tempos"]), 5),
            Panel("Meter", _shortened(facts["meters"], 6), 3),
        ],
        [Panel("Pitch (notes, drums left out)", shown, 7), Panel("Key (marks; major, then minor)", keys, 5, minors)],
        [
            Panel("Note value", facts["durations"], 4),
            Panel("Notes a bar of one track (from)", _lower(facts["density"]), 4),
            Panel("Instruments (tracks)", _shortened(facts["families"], 6), 4),
        ],
        [Panel("Chords (marks by quality)", _shortened(facts["chords"], 14), 8), Panel("Not taken", _causes(facts), 4)],
    ]


def _minutes(label: str) -> str:
    first = int(float(label.rstrip("+").split("-")[0]))
    return f"{first // 60}:{first % 60:02d}" + ("+" if label.endswith("+") else "")


def _lower(bars: Bins) -> Bins:
    """The bars named by their lower edges alone."""
    return [(label.split("-")[0], n) for label, n in bars]


def _shortened(bars: Bins, most: int) -> Bins:
    """The first bars, the rest as one called "other"."""
    rest = sum(n for _, n in bars[most:])
    return [*bars[:most], ("other", rest)] if rest else bars[:most]


def _causes(facts: dict[str, Any]) -> Bins:
    return _shortened([(str(cause), int(n)) for cause, n in facts["refused"].items()], 4)


def _header(draw: ImageDraw.ImageDraw, store: Store, facts: dict[str, Any]) -> None:
    names = ", ".join(f"{name} {n:,}" for name, n in facts["corpora"].items())
    draw.text((MARGIN, 30), store.path.name, fill=INK, font=_font(36))
    splits = " / ".join(f"{n:,} {name}" for name, n in facts["splits"].items())
    line = (
        f"{facts['pieces']:,} pieces of {facts['works']:,} works   ·   {facts['hours']:,.1f} hours   ·   "
        f"{facts['bars']:,} bars   ·   {facts['notes']:,} notes in {facts['tracks']:,} tracks   ·   {splits}"
    )
    draw.text((MARGIN, 82), line, fill=FAINT, font=_font(19))
    if names:
        size = draw.textlength(names, font=_font(19))
        draw.text((WIDTH - MARGIN - size, 44), names, fill=FAINT, font=_font(19))


def _panel(draw: ImageDraw.ImageDraw, panel: Panel, box: tuple[int, int, int, int], hue: str) -> None:
    left, top, right, bottom = box
    draw.rounded_rectangle(box, radius=10, fill=CARD, outline=RULE)
    draw.text((left + 18, top + 12), panel.title, fill=INK, font=_font(18))
    total = sum(n for _, n in panel.bars)
    if total == 0:
        draw.text((left + 18, top + 60), "none", fill=FAINT, font=_font(17))
        return
    most = max(n for _, n in panel.bars)
    floor, ceiling = bottom - 44, top + 66
    pitch = min(WIDEST, (right - left - 36) / len(panel.bars))
    gap = 1 if pitch < 14 else max(2, int(pitch * 0.16))
    for quarter in (0.25, 0.5, 0.75, 1.0):
        y = floor - int((floor - ceiling) * quarter)
        draw.line((left + 18, y, right - 18, y), fill=RULE)
    for i, (label, count) in enumerate(panel.bars):
        x0 = left + 18 + int(i * pitch) + gap // 2
        x1 = max(x0 + 1, left + 18 + int((i + 1) * pitch) - (gap + 1) // 2)
        tall = round((floor - ceiling) * count / most)
        if count:
            colour = _paler(hue) if i in panel.accents else hue
            draw.rectangle((x0, floor - max(2, tall), x1, floor), fill=colour)
        _label(draw, label, (x0 + x1) // 2, floor + 8, pitch, i)
        if pitch >= 44 and count:
            text = f"{100 * count / total:.0f}%" if 100 * count / total >= 1 else "<1%"
            size = draw.textlength(text, font=_font(13))
            draw.text(((x0 + x1 - size) / 2, floor - tall - 19), text, fill=FAINT, font=_font(13))
    draw.line((left + 18, floor, right - 18, floor), fill=FAINT)


def _label(draw: ImageDraw.ImageDraw, label: str, centre: int, y: int, room: float, place: int) -> None:
    """A bar's name below it, broken into two lines or set lower at every other bar where there is little room."""
    if not label:
        return
    font = _font(13)
    if draw.textlength(label, font=font) <= room + 6 or len(label) <= 3:
        lines = [label]
    else:
        words = label.split()
        half = (len(words) + 1) // 2
        lines = [" ".join(words[:half]), " ".join(words[half:])]
    for i, line in enumerate(text for text in lines if text):
        while len(line) > 4 and draw.textlength(line, font=font) > room + 8:
            line = line[:-2].rstrip(".") + "."
        size = draw.textlength(line, font=font)
        lower = 14 if len(lines) == 1 and size > room - 2 and place % 2 else 0
        draw.text((centre - size / 2, y + 15 * i + lower), line, fill=FAINT, font=font)


def _paler(colour: str) -> str:
    """The colour half way to white."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{(p + 255) // 2:02x}" for p in parts)
