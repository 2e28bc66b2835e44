"""The two-sample test by a random forest, which `compare` has not: it needs scikit-learn (pip install scikit-learn).

    python benchmarks/forest_test.py DATA [--model pop-grid] [--beside pop] [--takes 200]

A forest of 300 trees on the judge's descriptors, five folds by piece, equally many windows of 16 bars of each kind; .5 is
what cannot be told from music. The network of `compare(..., neural=True)` beside it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from flagship_table import chosen, composed, stretches, takes
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from antiphon.evaluate.descriptor import describe_all
from antiphon.evaluate.neural import neural_test
from antiphon.evaluate.prepare import prepare
from antiphon.evaluate.twosample import balance, ridge_test
from antiphon.music.score import Score
from antiphon.recipes.data import split_of
from antiphon.recipes.runs import pieces_from


def accuracies(made: list[Score], real: list[Score]) -> tuple[float, float, float]:
    """Accuracy of the forest, of the ridge classifier and of the network."""
    pair = prepare(made, real, 16)
    both = [describe_all(clips)[0] for clips in (pair.generated, pair.reference)]
    rows = np.nan_to_num(np.concatenate(both), nan=-1.0)
    label = np.arange(len(rows)) < len(both[0])
    kept = balance(pair.groups, label, np.random.default_rng(0))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    told = cross_val_predict(
        RandomForestClassifier(300, random_state=0), rows[kept], label[kept], groups=np.array(pair.groups)[kept], cv=folds
    )
    network = neural_test([*pair.generated, *pair.reference], len(pair.generated), pair.groups, 0)
    return float((told == label[kept]).mean()), ridge_test(*both, pair.groups).accuracy, network.accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="pop-grid")
    parser.add_argument("--beside", default="pop")
    parser.add_argument("--takes", type=int, default=200)
    options = parser.parse_args()
    pieces = list(pieces_from(options.data))
    held = [p.score for p in pieces if split_of(p) != "train"]
    trained = [p.score for p in pieces if split_of(p) == "train"]
    rows = {
        "songs of the training set": stretches(trained, options.takes),
        options.beside: takes(options.beside, options.takes),
        f"{options.model}: one drawing": takes(options.model, options.takes),
        f"{options.model}: best of eight drawings": chosen(options.model, options.takes),
        f"{options.model}: as composed": composed(options.model, options.takes),
    }
    for name, scores in rows.items():
        forest, ridge, network = accuracies(scores, held)
        print(f"{name}: forest {forest:.3f}, ridge {ridge:.3f}, network {network:.3f}", flush=True)


if __name__ == "__main__":
    main()
