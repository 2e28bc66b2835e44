"""Measured text in a document: replaced between its two marks, the rest left alone."""

from __future__ import annotations

from pathlib import Path


def write_between(path: Path, begin: str, end: str, measured: str) -> None:
    """Put the text between the marks of a document, which is made with them if it is missing."""
    text = path.read_text(encoding="utf-8") if path.is_file() else f"{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    path.write_text(f"{before}{begin}\n\n{measured}\n\n{end}{after}", encoding="utf-8")
