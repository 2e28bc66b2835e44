"""The judge's distances as lines of a table, and the files in which rows that were judged are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FIGURES = ("frechet", "frechet encoder", "kernel", "precision", "recall", "coverage", "diversity", "ridge accuracy")
CEILINGS = {figure: f"{figure.removesuffix(' accuracy')} ceiling" for figure in FIGURES}
"""What one half of the reference scores against the other, by figure."""


def row_text(name: str, row: dict[str, Any]) -> str:
    """One line of the table of distances."""
    cells = ["" if row[f] is None else f"{row[f]:.0f}" if row[f] >= 100 else f"{row[f]:.3g}" for f in FIGURES]
    return "| " + " | ".join([name, *cells]) + " |"


def kept_in(folder: Path, name: str) -> Path:
    """The file of a row."""
    return folder / ("".join(c if c.isalnum() else "-" for c in name) + ".json")
