"""Fits the chord models that plans are written with, and prints what they need for songs they never saw.

Run: python benchmarks/chord_models.py CORPORA [--write]   (CORPORA holds pop909, nottingham, jsb, openewld and band-free)
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import antiphon
from antiphon.corpus.ingest import iter_pieces
from antiphon.recipes.progression import RECIPES, fit, write

SOURCES = {"pop": "pop909", "folk": "nottingham", "chorale": "jsb", "jazz": "openewld", "band": "band-free"}
HOME = Path(antiphon.__file__).parent / "compose" / "data"


def main() -> None:
    """Fit every style, print the table, and with --write replace the shipped models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--write", action="store_true", help="replace the shipped models")
    options = parser.parse_args()
    print(f"{'style':8s} {'songs held out':>15s} {'slots':>7s} {'bits a slot':>12s} {'by frequency alone':>19s} {'kB':>6s}")
    for style, corpus in SOURCES.items():
        model = fit(iter_pieces(options.corpora / corpus), RECIPES[style])
        scores = model["card"]["scores"]
        size = len(json.dumps(model, separators=(",", ":"))) / 1000
        print(
            f"{style:8s} {scores['songs']:15d} {scores['slots']:7d} {scores['bits_a_slot']:12.3f} "
            f"{scores['unigram_bits_a_slot']:19.3f} {size:6.0f}"
        )
        if options.write:
            write(model, HOME / f"chords-{style}.json")


if __name__ == "__main__":
    main()
