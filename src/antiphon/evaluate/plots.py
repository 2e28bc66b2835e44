"""Plots as inline SVG text: lines, a heat map, and a rail that shows a value between its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite

COLOURS = ("#1b5e9b", "#2e7d32", "#b26a00", "#8e3b8e", "#b3261e", "#555555")
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def _open(width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" {_FONT}><title>{escape(title)}</title>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def lines(series: dict[str, Sequence[float]], title: str, across: str, up: str) -> str:
    """Curves over 1, 2, 3, ... with a legend; values that are not finite break a curve."""
    width, height, left, bottom = 640, 300, 54, 40
    plot_w, plot_h = width - left - 170, height - bottom - 30
    known = [v for values in series.values() for v in values if isfinite(v)]
    count = max((len(v) for v in series.values()), default=0)
    top = max(known, default=1.0) * 1.05 or 1.0

    def place(i: int, value: float) -> tuple[float, float]:
        return left + plot_w * i / max(1, count - 1), 30 + plot_h * (1 - value / top)

    out = [_open(width, height, title), _text(left, 16, title)]
    for tick in range(5):
        value = top * tick / 4
        y = place(0, value)[1]
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + plot_w}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(_text(left - 6, y + 4, f"{value:.2f}", "end", "#555"))
    for i in range(count):
        if count <= 20 or i % (count // 10) == 0:
            out.append(_text(place(i, 0)[0], height - bottom + 16, str(i + 1), "middle", "#555"))
    out += [_text(left + plot_w / 2, height - 6, across, "middle"), _text(6, 16, up) if up else ""]
    for n, (name, values) in enumerate(series.items()):
        colour = COLOURS[n % len(COLOURS)]
        points = " ".join(f"{x:.1f},{y:.1f}" for i, v in enumerate(values) if isfinite(v) for x, y in [place(i, v)])
        dash = ' stroke-dasharray="5 4"' if n > 1 else ""
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        y = 40 + 18 * n
        key = f'x1="{left + plot_w + 12}" y1="{y - 4}" x2="{left + plot_w + 34}" y2="{y - 4}"'
        out.append(f'<line {key} stroke="{colour}" stroke-width="2"{dash}/>')
        out.append(_text(left + plot_w + 40, y, name))
    return "".join([*out, "</svg>"])


def heat_map(matrix: Sequence[Sequence[float]], title: str) -> str:
    """A square of values 0..1, dark for 1, bars numbered from 1."""
    n = max(1, len(matrix))
    cell = max(4, 240 // n)
    side = cell * n
    out = [_open(side + 40, side + 52, title), _text(28, 16, title)]
    for row, values in enumerate(matrix):
        for column, value in enumerate(values):
            shade = 255 - round(215 * min(1.0, max(0.0, value)))
            out.append(
                f'<rect x="{28 + column * cell}" y="{24 + row * cell}" width="{cell}" height="{cell}" '
                f'fill="rgb({shade},{min(255, shade + 12)},{min(255, shade + 30)})"/>'
            )
        if row % 4 == 0:
            out.append(_text(24, 24 + row * cell + cell * 0.75, str(row + 1), "end", "#555"))
            out.append(_text(28 + (row + 0.5) * cell, side + 40, str(row + 1), "middle", "#555"))
    return "".join([*out, "</svg>"])


def rail(value: float, low: float, high: float, ceiling: float, floor: float) -> str:
    """Where a value lies between the random floor (left) and the ceiling (right); empty where that cannot be said."""
    if not all(isfinite(v) for v in (value, ceiling, floor)) or abs(ceiling - floor) < 1e-12:
        return ""
    width, height, left, span = 180, 22, 20, 130

    def place(v: float) -> float:
        return left + span * min(1.12, max(-0.12, (v - floor) / (ceiling - floor)))

    out = [_open(width, height, f"value {value:.3g}, floor {floor:.3g}, ceiling {ceiling:.3g}")]
    out.append(f'<line x1="{left}" y1="11" x2="{left + span}" y2="11" stroke="#bbb" stroke-width="2"/>')
    for at, colour in ((left, "#b3261e"), (left + span, "#2e7d32")):
        out.append(f'<line x1="{at}" y1="4" x2="{at}" y2="18" stroke="{colour}" stroke-width="2"/>')
    if isfinite(low) and isfinite(high):
        a, b = sorted((place(low), place(high)))
        out.append(f'<rect x="{a:.1f}" y="8" width="{max(1.0, b - a):.1f}" height="6" fill="#1b5e9b" opacity="0.3"/>')
    out.append(f'<circle cx="{place(value):.1f}" cy="11" r="4.5" fill="#1b5e9b"/>')
    return "".join([*out, "</svg>"])
