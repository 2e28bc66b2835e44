"""A grid of small piano-rolls as a picture, so that whoever trains sees the samples: no text, one colour a role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOURS = ((222, 79, 52), (222, 156, 34), (53, 112, 178), (47, 145, 122), (140, 88, 168), (96, 100, 110))
PAPER, BAR_LINE = (252, 251, 248), (214, 212, 204)
GAP = 6


def roll_grid(cells: npt.NDArray[Any], columns: int = 4, zoom: int = 2) -> Image.Image:
    """Windows [N, n, R, 2, S, P] side by side; time goes right, pitch up, onsets are dark and holds light."""
    columns = min(columns, len(cells))
    height, width = cells.shape[-1], cells.shape[1] * cells.shape[4]
    rows = -(-len(cells) // columns)
    sheet = np.full((rows * (height + GAP), columns * (width + GAP), 3), 255, dtype=np.uint8)
    for i, window in enumerate(cells):
        picture = _picture(np.asarray(window) > 0.5)
        top, left = i // columns * (height + GAP), i % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return Image.fromarray(sheet.repeat(zoom, 0).repeat(zoom, 1))


def _picture(window: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """One window [n, R, 2, S, P] as pixels [P, n * S, 3]."""
    bars, roles, _, steps, pitches = window.shape
    flat = window.transpose(1, 2, 0, 3, 4).reshape(roles, 2, bars * steps, pitches)
    out = np.full((pitches, bars * steps, 3), PAPER, dtype=np.uint8)
    out[:, ::steps] = BAR_LINE
    for role in range(roles - 1, -1, -1):  # the first role is drawn last, on top
        colour = np.array(COLOURS[role % len(COLOURS)])
        out[flat[role, 1].T] = (colour + 255) // 2
        out[flat[role, 0].T] = colour
    return out[::-1]


def save_grid(cells: npt.NDArray[Any], path: Path) -> None:
    """Write the grid as PNG, replacing what stood there only when complete."""
    temporary = path.with_name(path.name + ".part")
    roll_grid(cells).save(temporary, format="PNG")
    temporary.replace(path)
