"""compare: two lists of Scores -> the handful of numbers by which models are told apart, beside the split-half ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from antiphon.evaluate.clip import Clip, Floats
from antiphon.evaluate.descriptor import Standardiser, describe_all
from antiphon.evaluate.distance import (
    diversity,
    euclidean,
    frechet_distance,
    frechet_extrapolated,
    kernel_distance,
    neighbours,
    polynomial_kernel,
)
from antiphon.evaluate.encoder import Encoder, shipped_encoder
from antiphon.evaluate.neural import neural_test
from antiphon.evaluate.prepare import halves, prepare
from antiphon.evaluate.statistics import columns, mean, statistics
from antiphon.evaluate.structure import bar_similarity, repetition_profile, structure
from antiphon.evaluate.twosample import ridge_test
from antiphon.music.score import Score


class Distances(NamedTuple):
    """Set distances between two samples of equal size; see evaluate.distance for each."""

    frechet: float
    kernel: float
    precision: float
    recall: float
    density: float
    coverage: float
    diversity: float


def set_distances(first: Floats, second: Floats) -> Distances:
    """Distances of standardised vectors `first` [N, D] from the reference vectors `second` [M, D]."""
    both = np.concatenate([first, second])
    ours, theirs = np.arange(len(first)), np.arange(len(first), len(both))
    table, kernel = euclidean(both, both), polynomial_kernel(both, both)
    near = (*neighbours(table, ours, theirs), diversity(table, ours, theirs))
    return Distances(frechet_distance(first, second), kernel_distance(kernel, ours, theirs), *near)


def against_ceiling(
    generated: Floats, reference: Floats, reference_clips: Sequence[Clip], seed: int, rounds: int = 5
) -> tuple[Distances, Distances, int]:
    """Mean distances of generated from reference and of one half of the reference from the other, at one sample size.

    Distances of sets grow as samples shrink, so both are taken between equally many rows: as many as half of the
    reference has, or as there are generated rows. Returns (generated, ceiling, rows a side).
    """
    rng = np.random.default_rng([seed, 403])
    values, ceilings, size = [], [], 0
    for _ in range(rounds):
        one, other = (rng.permutation(h) for h in halves(reference_clips, rng))
        size = min(len(one), len(other), len(generated))
        values.append(set_distances(rng.permutation(generated)[:size], reference[other[:size]]))
        ceilings.append(set_distances(reference[one[:size]], reference[other[:size]]))
    return Distances(*np.mean(values, axis=0).tolist()), Distances(*np.mean(ceilings, axis=0).tolist()), size


def profile(clips: Sequence[Clip]) -> list[float]:
    """Mean repetition profile of a set: likeness of bars by their distance of 1, 2, ... bars."""
    rows = [repetition_profile(bar_similarity(c)) for c in clips]
    return [float(v) for v in np.mean(rows, axis=0)] if rows and len(rows[0]) else []


def compare(
    generated: Sequence[Score],
    reference: Sequence[Score],
    *,
    seed: int = 0,
    neural: bool = False,
    bars: int | None = None,
    encoder: Encoder | None = None,
    roles: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Compare generated pieces with real ones.

    Args:
      generated, reference: pieces; each is cut into windows of `bars` bars (default: 16, or fewer for short pieces).
      seed: of all resampling.
      neural: also train the network of the two-sample test (about a minute).
      encoder: a frozen encoder for the second Fréchet distance (default: the one that comes with the package, if any).
      roles: names of the tracks that play the same part in every piece of both sets, also where one leaves a part silent;
        None: tracks are matched by their common names, else by register.

    Returns:
      "bars", "clips generated", "clips reference", "size" (rows a side of the distances); "frechet", "kernel",
      "precision", "recall", "density", "coverage", "diversity", each with a "... ceiling" from two halves of the
      reference; "frechet extrapolated" to infinite size (with its ceiling); "frechet encoder" (None without an
      encoder); "ridge accuracy" with "... low", "... high", "... ceiling"; "neural accuracy" likewise if asked for;
      "repetition" {"generated", "reference"}: likeness by lag; "statistics" {name: {"generated", "reference",
      "gap in deviations"}};
      "left out": names of pieces that could not be used.

    Raises:
      InputError: a set holds nothing that fills a window, or knows none of the roles.
    """
    pair = prepare(generated, reference, bars, roles=roles)
    raw_generated, _ = describe_all(pair.generated)
    raw_reference, _ = describe_all(pair.reference)
    standard = Standardiser(raw_reference)
    vectors, real = standard(raw_generated), standard(raw_reference)
    value, ceiling, size = against_ceiling(vectors, real, pair.reference, seed)
    out: dict[str, Any] = {"bars": pair.bars, "clips generated": len(vectors), "clips reference": len(real), "size": size}
    for name, number in value._asdict().items():
        out[name] = number
        out[f"{name} ceiling"] = getattr(ceiling, name)
    rng = np.random.default_rng([seed, 404])
    one, other = halves(pair.reference, rng)
    out["frechet extrapolated"] = frechet_extrapolated(vectors, real, rng)
    out["frechet extrapolated ceiling"] = frechet_extrapolated(real[one], real[other], rng)
    out |= _encoder_distances(encoder or shipped_encoder(), pair.generated, pair.reference, seed)
    half_groups = [f"{side} {pair.reference[i].group}" for side, rows in (("a", one), ("b", other)) for i in rows.tolist()]
    found = {"ridge": (ridge_test(raw_generated, raw_reference, pair.groups, seed),
                       ridge_test(raw_reference[one], raw_reference[other], half_groups, seed))}  # fmt: skip
    if neural:
        split = [pair.reference[i] for i in (*one.tolist(), *other.tolist())]
        found["neural"] = (
            neural_test([*pair.generated, *pair.reference], len(pair.generated), pair.groups, seed),
            neural_test(split, len(one), half_groups, seed),
        )
    for name, (test, base) in found.items():
        out |= {f"{name} accuracy": test.accuracy, f"{name} low": test.low, f"{name} high": test.high}
        out[f"{name} ceiling"] = base.accuracy
    out["repetition"] = {"generated": profile(pair.generated), "reference": profile(pair.reference)}
    out["statistics"] = compare_statistics(pair.generated, pair.reference)
    out["left out"] = list(pair.left_out)
    return out


def _encoder_distances(
    encoder: Encoder | None, generated: Sequence[Clip], reference: Sequence[Clip], seed: int
) -> dict[str, Any]:
    if encoder is None:
        return {"frechet encoder": None, "frechet encoder ceiling": None, "encoder": None}
    real = encoder(reference)
    value, ceiling, _ = against_ceiling(encoder(generated), real, reference, seed)
    return {"frechet encoder": value.frechet, "frechet encoder ceiling": ceiling.frechet, "encoder": encoder.version}


def compare_statistics(generated: Sequence[Clip], reference: Sequence[Clip]) -> dict[str, dict[str, float]]:
    """Mean of every statistic in both sets, and their gap in standard deviations of the reference's clips."""
    ours, theirs = (columns([statistics(c) | structure(c) for c in clips]) for clips in (generated, reference))
    out = {}
    for name, real in theirs.items():
        fake = ours.get(name, np.full(1, np.nan))
        known = real[~np.isnan(real)]
        spread = float(known.std()) if len(known) else float("nan")
        gap = (mean(fake) - mean(real)) / spread if spread > 1e-12 else float("nan")
        out[name] = {"generated": mean(fake), "reference": mean(real), "gap in deviations": gap}
    return out
