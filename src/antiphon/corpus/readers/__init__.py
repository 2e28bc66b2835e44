"""Named corpora: each module here knows one data set's layout; `reader_for` finds the one that fits a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from antiphon.corpus.piece import Outcome, Unit
from antiphon.corpus.readers import band_free, emopia, generic, groove, jsb, nottingham, openewld, pop909


class Reader(Protocol):
    """What a reader module offers."""

    NAME: str

    def detect(self, folder: Path) -> bool:
        """Whether the folder has this corpus's layout."""
        ...

    def units(self, folder: Path) -> Iterator[Unit]:
        """Work units of the corpus, in a fixed order."""
        ...

    def load(self, unit: Unit) -> list[Outcome]:
        """Pieces and refusals of one unit; pure, so that any process can do it."""
        ...


NAMED: tuple[Reader, ...] = (pop909, jsb, nottingham, openewld, groove, emopia, band_free)
"""Readers of particular corpora, in the order in which they are asked."""
READERS: dict[str, Reader] = {reader.NAME: reader for reader in (*NAMED, generic)}


def reader_for(folder: Path) -> Reader | None:
    """The named reader whose layout the folder has; None for a plain folder of music files."""
    return next((reader for reader in NAMED if reader.detect(folder)), None)
