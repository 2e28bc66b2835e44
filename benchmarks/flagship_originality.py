"""What of the grid model's melodies stands in the songs that it was trained on, as each manifest tells it for one piece.

    python benchmarks/flagship_originality.py [--model pop-grid] [--takes 200] [--drawings 8]

Takes of 16 bars by seeds from 20000 on, each the best of so many drawings by the model's own critic, against the
originality index in the snapshot: the longest run of notes of each melody that also stands in a training song (by intervals
and rhythm), and the share of its figures of eight notes that do.
"""

from __future__ import annotations

import argparse

import numpy as np

from antiphon.compose.drawings import DRAWINGS, Choosing
from antiphon.compose.provenance import copying, index_in
from antiphon.generate.load import find, load
from antiphon.generate.request import Request

BATCH = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pop-grid")
    parser.add_argument("--takes", type=int, default=200)
    parser.add_argument("--drawings", type=int, default=DRAWINGS)
    options = parser.parse_args()
    player, index = Choosing(load(options.model), options.drawings), index_in(find(options.model).folder)
    if index is None:
        raise SystemExit(f"The snapshot {options.model} has no originality index; 'antiphon critic index' makes one.")
    runs, shares = [], []
    for at in range(0, options.takes, BATCH):
        for take in player.write(Request(16), range(20_000 + at, 20_000 + min(options.takes, at + BATCH))):
            melody = copying(take.score, index).report.parts.get("melody")
            if melody is not None:
                runs.append(melody.longest)
                shares.append(melody.shares[8])
    median, most = np.median(runs), max(runs)
    print(f"{len(runs)} melodies: longest run median {median:g}, 95th percentile {np.percentile(runs, 95):g}, most {most}")
    print(f"figures of eight notes: mean {100 * np.mean(shares):.2f}%, 95th percentile {100 * np.percentile(shares, 95):.2f}%")


if __name__ == "__main__":
    main()
