"""Score -> piano-roll picture: tracks in colours, bars and beats, chords, sections, drums below; wrapped into systems."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from antiphon.errors import InputError
from antiphon.io.files import write_atomic
from antiphon.music.beats import bar_starts, duration_seconds, meter_at
from antiphon.music.chords import beat_ticks
from antiphon.music.instruments import DRUM_KEYS
from antiphon.music.score import Score, Track

Colour = tuple[int, int, int]

SCALE = 2
"""Everything is drawn this many times larger and then reduced: the antialiasing."""

PAPER: Colour = (252, 251, 248)
INK: Colour = (38, 42, 52)
FAINT: Colour = (132, 138, 150)
ROW_SHADE: Colour = (243, 242, 237)
BEAT_LINE: Colour = (230, 229, 223)
OCTAVE_LINE: Colour = (214, 212, 204)
BAR_LINE: Colour = (176, 176, 172)
SECTION: Colour = (91, 80, 140)

ROLE_COLOURS: dict[str, Colour] = {
    "melody": (222, 79, 52),
    "bridge": (222, 156, 34),
    "piano": (53, 112, 178),
    "soprano": (214, 74, 78),
    "alto": (226, 150, 40),
    "tenor": (47, 145, 122),
    "bass": (84, 78, 168),
    "guitar": (47, 145, 100),
    "strings": (164, 92, 168),
    "drums": (96, 100, 110),
}
SPARE_COLOURS: tuple[Colour, ...] = (
    (53, 112, 178), (222, 79, 52), (47, 145, 122), (222, 156, 34), (140, 88, 168),
    (196, 92, 130), (104, 148, 48), (60, 150, 190), (150, 104, 74), (96, 100, 110),
)  # fmt: skip
MELODIES = ("melody", "soprano")
BLACK_KEYS = (1, 3, 6, 8, 10)
MAX_SYSTEMS = 24


@dataclass(frozen=True, slots=True)
class _Layout:
    """Geometry in final pixels; `first`..`last` are the pitches shown, `drums` the drum keys with a row each."""

    width: int
    bars: tuple[int, ...]
    end: int
    per_system: int
    first: int
    last: int
    drums: tuple[int, ...]
    row: float
    header: int
    above: int
    left: int = 66
    right: int = 26
    drum_row: float = 12.0
    below: int = 26

    @property
    def pitched(self) -> float:
        """Height of the pitched field."""
        return self.row * (self.last - self.first + 1) if self.last >= self.first else 0.0

    @property
    def field(self) -> float:
        """Height of one system's field, drums included."""
        gap = 8.0 if self.drums and self.pitched else 0.0
        return self.pitched + gap + self.drum_row * len(self.drums)

    @property
    def systems(self) -> int:
        return max(1, math.ceil(len(self.bars) / self.per_system))

    @property
    def height(self) -> int:
        return math.ceil(self.header + self.systems * (self.above + self.field + self.below) + 4)

    def top(self, system: int) -> float:
        """Upper edge of a system's field."""
        return self.header + system * (self.above + self.field + self.below) + self.above

    def span(self, system: int) -> tuple[int, int]:
        """First and last tick of a system."""
        i = system * self.per_system
        after = i + self.per_system
        return self.bars[i], self.bars[after] if after < len(self.bars) else self.end

    def x(self, system: int, tick: float) -> float:
        """Horizontal place of a tick; all systems share one scale, that of the longest."""
        longest = max(stop - start for start, stop in map(self.span, range(self.systems)))
        return self.left + (tick - self.span(system)[0]) / longest * (self.width - self.left - self.right)

    def y(self, system: int, pitch: int) -> float:
        """Upper edge of a pitch's row."""
        return self.top(system) + (self.last - pitch) * self.row

    def drum_y(self, system: int, key: int) -> float:
        """Upper edge of a drum's row."""
        offset = self.field - self.drum_row * len(self.drums)
        return self.top(system) + offset + self.drums.index(key) * self.drum_row


class _Pen:
    """ImageDraw in final pixels: scales every coordinate up by SCALE."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
        self._draw = ImageDraw.Draw(self.image, "RGBA")
        self._fonts: dict[float, ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: tuple[int, ...], radius: float = 0.0) -> None:
        """Filled rectangle, its corners rounded by `radius`."""
        corners = (x0 * SCALE, y0 * SCALE, max(x0 * SCALE + 1, x1 * SCALE - 1), max(y0 * SCALE + 1, y1 * SCALE - 1))
        self._draw.rounded_rectangle(corners, radius=max(0.0, min(radius, (x1 - x0) / 2, (y1 - y0) / 2)) * SCALE, fill=fill)

    def diamond(self, x: float, y: float, size: float, fill: tuple[int, ...]) -> None:
        """Filled diamond around a point."""
        points = [(x, y - size), (x + size, y), (x, y + size), (x - size, y)]
        self._draw.polygon([(a * SCALE, b * SCALE) for a, b in points], fill=fill)

    def vertical(self, x: float, y0: float, y1: float, fill: tuple[int, ...], width: float = 1.0) -> None:
        """Vertical line centred on x."""
        self.box(x - width / 2, y0, x + width / 2, y1, fill)

    def text(self, x: float, y: float, text: str, size: float, fill: Colour, anchor: str = "ls") -> float:
        """Text at its anchor (Pillow's codes); returns its width."""
        font = self._font(size)
        self._draw.text((x * SCALE, y * SCALE), text, fill=fill, font=font, anchor=anchor)
        return float(self._draw.textlength(text, font=font)) / SCALE

    def width_of(self, text: str, size: float) -> float:
        """Width that `text` would take."""
        return float(self._draw.textlength(text, font=self._font(size))) / SCALE

    def _font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size * SCALE)
        return self._fonts[size]


def piano_roll(score: Score, *, width: int = 1600) -> Image.Image:
    """Picture of the whole piece, `width` pixels wide and as high as it needs.

    Time runs to the right and wraps into systems; pitch rises; a note's colour is its track, its shade its velocity.
    Chord symbols, bar numbers and sections stand above, drums have rows of their own below.

    Raises:
      InputError: the width is below 400 or above 8000 pixels.
    """
    if not 400 <= width <= 8000:
        raise InputError(f"A picture is 400 to 8000 pixels wide, not {width}.")
    layout = _lay_out(score, width)
    pen = _Pen(width, layout.height)
    colours = track_colours(score)
    _header(pen, layout, score, colours)
    for system in range(layout.systems):
        _grid(pen, layout, score, system)
        _notes(pen, layout, score, system, colours)
        _marks(pen, layout, score, system)
    return pen.image.reduce(SCALE)


def save_picture(score: Score, path: Path | str, *, width: int = 1600) -> None:
    """Write the picture as a PNG file.

    Raises:
      InputError: the suffix is not .png.
      OutputError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"{path} is not named .png, the only kind of picture that is written.")
    data = io.BytesIO()
    piano_roll(score, width=width).save(data, "PNG", optimize=True)
    write_atomic(path, data.getvalue())


def track_colours(score: Score) -> list[Colour]:
    """One colour a track, all distinct as far as the palette reaches; known roles keep theirs."""
    taken: set[Colour] = set()
    colours: list[Colour] = []
    for track in score.tracks:
        wished = ROLE_COLOURS["drums"] if track.is_drum else ROLE_COLOURS.get(track.name.lower())
        if wished is None or wished in taken:
            free = [c for c in SPARE_COLOURS if c not in taken and c not in ROLE_COLOURS.values()]
            free += [c for c in SPARE_COLOURS if c not in taken]
            wished = free[0] if free else SPARE_COLOURS[len(colours) % len(SPARE_COLOURS)]
        taken.add(wished)
        colours.append(wished)
    return colours


def _lay_out(score: Score, width: int) -> _Layout:
    bars = tuple(bar_starts(score)) or (0,)
    end = max(score.end, bars[-1] + meter_at(score, bars[-1]).bar_ticks(score.resolution))
    per_system = 8 if len(bars) <= 32 else 16
    per_system = max(per_system, math.ceil(len(bars) / MAX_SYSTEMS))
    if len(bars) < per_system:
        per_system = len(bars)
    pitches = [t.notes["pitch"] for t in score.tracks if len(t) and not t.is_drum]
    drums = sorted({int(p) for t in score.tracks if t.is_drum for p in t.notes["pitch"]}, reverse=True)
    first, last = (0, -1) if drums else (55, 79)
    if pitches:
        first, last = max(0, int(min(p.min() for p in pitches)) - 2), min(127, int(max(p.max() for p in pitches)) + 2)
        while last - first < 18:
            first, last = max(0, first - 1), min(127, last + 1)
    row = min(11.0, max(4.0, (420 if len(bars) <= 16 else 340) / max(1, last - first + 1)))
    legend_rows = math.ceil(sum(len(t) > 0 for t in score.tracks) / 8)
    header = 74 + 20 * max(0, legend_rows - 1)
    above = 52 if score.sections else 40 if score.chords else 24
    return _Layout(width, bars, end, per_system, first, last, tuple(drums), row, header, above)


def _header(pen: _Pen, layout: _Layout, score: Score, colours: list[Colour]) -> None:
    title = _shortened(pen, score.title or "Untitled", 22, layout.width * 0.55)
    pen.text(layout.left, 36, title, 22, INK)
    meters = list(dict.fromkeys(f"{m.numerator}/{m.denominator}" for m in score.meters))
    facts = [f"{score.keys[0].key}"] if score.keys else []
    facts += [", ".join(meters[:3]), f"{score.tempos[0].qpm:.0f} bpm", _clock(duration_seconds(score))]
    pen.text(layout.width - layout.right, 36, "  ·  ".join(facts), 14, FAINT, anchor="rs")
    x, y = float(layout.left), 60.0
    for track, colour in zip(score.tracks, colours, strict=True):
        if len(track) == 0:
            continue
        name = _shortened(pen, track.name or "unnamed", 13, 160)
        if x + 24 + pen.width_of(name, 13) > layout.width - layout.right:
            x, y = float(layout.left), y + 20
        pen.box(x, y - 10, x + 16, y, colour, radius=3)
        x += 22 + pen.text(x + 22, y, name, 13, INK) + 22


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _shortened(pen: _Pen, text: str, size: float, room: float) -> str:
    """The text, cut to fit."""
    text = " ".join(text.split())
    if pen.width_of(text, size) <= room:
        return text
    while text and pen.width_of(text + "...", size) > room:
        text = text[:-1]
    return text.rstrip() + "..."


def _grid(pen: _Pen, layout: _Layout, score: Score, system: int) -> None:
    """Rows, keyboard, beat and bar lines, bar numbers of one system."""
    start, stop = layout.span(system)
    left, right = layout.left, layout.x(system, stop)
    top, bottom = layout.top(system), layout.top(system) + layout.field
    for pitch in range(layout.first, layout.last + 1):
        y, black = layout.y(system, pitch), pitch % 12 in BLACK_KEYS
        if black:
            pen.box(left, y, right, y + layout.row, ROW_SHADE)
        pen.box(left - 16, y, left - 3, y + layout.row - 0.5, (92, 94, 102) if black else (255, 255, 255))
        if pitch % 12 == 0:
            pen.box(left, y + layout.row - 0.5, right, y + layout.row + 0.5, OCTAVE_LINE)
            pen.text(left - 22, y + layout.row / 2, f"C{pitch // 12 - 1}", 12, INK, anchor="rm")
        elif pitch % 12 == 7 and layout.row >= 6:
            pen.text(left - 22, y + layout.row / 2, f"G{pitch // 12 - 1}", 10, FAINT, anchor="rm")
    for i, key in enumerate(layout.drums):
        y = layout.drum_y(system, key)
        if i % 2 == 0:
            pen.box(left, y, right, y + layout.drum_row, ROW_SHADE)
        name = _shortened(pen, DRUM_KEYS.get(key, f"key {key}"), 8, left - 12)
        pen.text(left - 6, y + layout.drum_row / 2, name, 8, FAINT, anchor="rm")
    inside = [(n, tick) for n, tick in enumerate(layout.bars) if start <= tick < stop]
    every = max(1, math.ceil(len(inside) / 40))
    if len(inside) <= 24:
        for beat in beat_ticks(score):
            if start < beat < stop:
                pen.vertical(layout.x(system, beat), top, bottom, BEAT_LINE)
    for n, tick in inside:
        x = layout.x(system, tick)
        pen.vertical(x, top, bottom, BAR_LINE, 1.2)
        if (n - inside[0][0]) % every == 0:
            pen.text(x + 3, top - 5, str(n + 1), 11, FAINT)
    pen.vertical(right, top, bottom, BAR_LINE, 1.2)
    if stop >= layout.end:
        pen.vertical(right - 4, top, bottom, BAR_LINE, 1.2)


def _notes(pen: _Pen, layout: _Layout, score: Score, system: int, colours: list[Colour]) -> None:
    """Notes of one system; accompaniment first, so that the melody lies on top."""
    order = sorted(range(len(score.tracks)), key=lambda i: (score.tracks[i].name.lower() in MELODIES, -i))
    for i in order:
        _track_notes(pen, layout, system, score.tracks[i], colours[i])


def _track_notes(pen: _Pen, layout: _Layout, system: int, track: Track, colour: Colour) -> None:
    start, stop = layout.span(system)
    ends = track.notes["onset"].astype(np.int64) + track.notes["duration"]
    inside = track.notes[(track.notes["onset"] < stop) & (ends > start)]
    for onset, duration, pitch, velocity in inside.tolist():
        x0 = layout.x(system, max(onset, start))
        if track.is_drum:
            if onset >= start:
                size = layout.drum_row * (0.22 + 0.24 * velocity / 127)
                middle = layout.drum_y(system, pitch) + layout.drum_row / 2
                pen.diamond(x0, middle, size, _shade(colour, velocity))
            continue
        x1 = max(x0 + 2.0, layout.x(system, min(onset + duration, stop)) - 1.0)
        y = layout.y(system, pitch)
        pen.box(x0 + 0.5, y + 0.4, x1, y + layout.row - 0.4, _shade(colour, velocity), radius=2.2)
        if onset >= start and x1 - x0 > 5:
            pen.box(x0 + 0.5, y + 0.4, x0 + 2.5, y + layout.row - 0.4, (*_darker(colour), 230), radius=1.2)


def _shade(colour: Colour, velocity: int) -> tuple[int, int, int, int]:
    """Louder is more solid, softer lets the paper through."""
    return (*colour, round(255 * (0.38 + 0.57 * min(1.0, velocity / 112))))


def _darker(colour: Colour) -> Colour:
    r, g, b = (round(c * 0.72) for c in colour)
    return r, g, b


def _marks(pen: _Pen, layout: _Layout, score: Score, system: int) -> None:
    """Chord symbols and sections above one system."""
    start, stop = layout.span(system)
    top = layout.top(system)
    flats = bool(score.keys) and score.keys[0].key.fifths < 0
    free = 0.0
    for i, mark in enumerate(score.chords):
        until = score.chords[i + 1].tick if i + 1 < len(score.chords) else layout.end
        if until <= start or mark.tick >= stop:
            continue
        x = layout.x(system, max(mark.tick, start)) + 3
        name = "N.C." if mark.chord is None else mark.chord.name(flats)
        size = 14 if x + pen.width_of(name, 14) < layout.x(system, min(until, stop)) + 6 else 10
        if x >= free:
            free = x + pen.text(x, top - 20, name, size, INK) + 4
    for section in score.sections:
        if start <= section.tick < stop:
            x = layout.x(system, section.tick)
            label = _shortened(pen, section.label, 11, 140)
            pen.vertical(x, top - 37, top + layout.field, SECTION, 1.6)
            pen.box(x, top - 52, x + pen.width_of(label, 11) + 12, top - 37, SECTION, radius=3)
            pen.text(x + 6, top - 41, label, 11, (255, 255, 255))
