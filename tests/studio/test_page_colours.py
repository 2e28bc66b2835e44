"""The page's colours: every pair of text and ground has the contrast that WCAG AA asks for, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import antiphon

SHEET = (Path(antiphon.__file__).parent / "studio" / "page" / "css" / "tokens.css").read_text(encoding="utf-8")

TEXT = [
    ("ink", "paper"), ("ink", "surface"), ("ink", "sunk"), ("ink-2", "paper"), ("ink-2", "surface"), ("ink-2", "sunk"),
    ("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-accent-soft", "accent-soft"), ("accent", "surface"),
    ("accent", "paper"), ("ink", "warn-soft"), ("ink", "bad-soft"), ("bad", "surface"), ("bad", "paper"),
    ("warn", "surface"), ("good", "surface"), ("surface", "bad"), ("surface", "warn"), ("ink", "roll"),
    ("ink-2", "roll-black"), ("bad", "sunk"), ("ink", "accent-soft"), ("ink-2", "accent-soft"),
]  # fmt: skip
"""Text on its ground: 4.5 to 1."""
SIGNS = [
    ("line-strong", "surface"), ("line-strong", "paper"), ("focus", "surface"), ("focus", "paper"), ("focus", "roll"),
    ("playhead", "roll"), ("playhead", "roll-black"), ("select", "roll"), ("warn", "paper"), ("accent", "sunk"),
    ("playhead", "surface"), ("playhead", "accent-soft"), ("line-strong", "accent-soft"),
    *((f"track-{n}", ground) for n in range(1, 9) for ground in ("roll", "roll-black")),
]  # fmt: skip
"""Borders of controls, focus, notes: 3 to 1."""


def palette(theme: str) -> dict[str, str]:
    """Name -> colour of a theme; the dark one says all colours anew."""
    opening = ":root {" if theme == "light" else ':root[data-theme="dark"] {'
    body = SHEET.split(opening, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body))


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2, of a colour written #rrggbb."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)
    assert contrast("#123456", "#123456") == pytest.approx(1)


def test_both_themes_have_the_same_colours() -> None:
    assert palette("light").keys() == palette("dark").keys()
    assert len(palette("light")) > 30


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    colours = palette(theme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("sign", "ground"), SIGNS)
def test_signs_can_be_seen(theme: str, sign: str, ground: str) -> None:
    colours = palette(theme)
    assert contrast(colours[sign], colours[ground]) >= 3
