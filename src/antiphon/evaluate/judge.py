"""The judge: generated pieces against real ones, every measure beside its ceiling and floors, as one JSON-ready result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from antiphon import __version__
from antiphon.evaluate import damage, mgeval
from antiphon.evaluate.clip import Clip, Floats, cut_clips
from antiphon.evaluate.descriptor import VERSION, Standardiser, describe_all
from antiphon.evaluate.distance import frechet_extrapolated
from antiphon.evaluate.encoder import Encoder, shipped_encoder
from antiphon.evaluate.likelihood import Listener, likelihood_table
from antiphon.evaluate.originality import Index
from antiphon.evaluate.prepare import Pair, halves, prepare
from antiphon.evaluate.reading import Reading, Sample, read_all, read_mean, sample
from antiphon.evaluate.rules import explain, rule_statistics
from antiphon.evaluate.statistics import columns, mean
from antiphon.evaluate.structure import (
    bar_similarity,
    frame_consistency,
    frame_overlaps,
    repetition_profile,
    structureness,
)
from antiphon.music.score import Score

MOST_ROWS = 300
"""Clips a side in distances and tests: their cost grows with the square, their bias shrinks slowly."""
MOST_RULES = 100
LEAST_PIECES = 4
"""Reference pieces below which no half can stand against the other, so that ceiling and floors are not to be had."""
FLOORS: dict[str, damage.Damage] = {
    "shuffled bars": damage.shuffled_bars,
    "another song's melody": damage.other_melody,
    "random notes": damage.random_notes,
}


def evaluate(
    generated: Sequence[Score],
    reference: Sequence[Score],
    *,
    train: Sequence[Score] | None = None,
    works: Sequence[str] | None = None,
    bars: int | None = None,
    seed: int = 0,
    neural: bool = True,
    encoder: Encoder | None = None,
    listener: Listener | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Judge generated pieces by real ones.

    The reference is split by piece into halves A and B. Everything is measured against A at one sample size: the
    generated clips, B (the ceiling: what real music reaches), and B damaged in three ways (the floors).

    Args:
      generated, reference: pieces; windows of `bars` bars are cut from them.
      train: pieces the model learned from, for the data-copying test and originality.
      works: the work of each reference piece, if some are versions of one work: they are never split.
      bars: window length (default: the longest of 16, 8, 4, 2, 1 that most generated pieces fill).
      seed: of every random choice; the same inputs and seed give the same result.
      neural: also run the two-sample test with a network.
      encoder: for the second Fréchet distance (default: the one that comes with the package, if any).
      listener: a sequence snapshot that says how probable it finds the pieces.
      tell: called with a word on what is being done.

    Returns:
      JSON-ready values; see docs/measures.md for the keys.

    Raises:
      InputError: a set holds nothing that can be compared.
    """
    pair = prepare(generated, reference, bars, works=works)
    encoder = encoder or shipped_encoder()
    tell(f"{len(pair.generated)} generated and {len(pair.reference)} reference windows of {pair.bars} bars")
    ours, real = sample(pair.generated, encoder), sample(pair.reference, encoder)
    standard = Standardiser(real.vectors)
    sets, anchor = _sets(ours, real, encoder, seed)
    trained = _train_vectors(train, pair) if train else None
    readings: dict[str, dict[str, Reading]] = {}
    for name, clips in sets.items():
        tell(f"measuring {name}")
        readings[name] = read_all(clips, anchor, standard, seed, neural, trained)
    tell("structure, rules and explanations")
    result: dict[str, Any] = {
        "antiphon": __version__,
        "descriptor": VERSION,
        "encoder": encoder.version if encoder else None,
        "seed": seed,
        "bars": pair.bars,
        "roles": {"names": list(pair.roles.names), "matched by": "name" if pair.roles.by_name else "register"},
        "counts": _counts(pair, len(generated), len(reference), len(anchor.clips)),
        "left out": list(pair.left_out),
        "not available": _missing(readings["generated"], sets, encoder, train, neural),
        "headline": _headline(readings),
        "Fréchet extrapolated": _extrapolated(sets, anchor, standard, seed),
        "statistics": statistics_table(ours, real, sets, seed),
        "mgeval": {n: _mgeval(s.clips, anchor.clips, seed) for n, s in sets.items()},
        "structure": _structure(sets, anchor),
        "rules": _rules(sets, anchor, seed),
        "explanations": [{"piece": t, "faults": n, "first": first} for t, n, first in explain(generated[:MOST_RULES])],
    }
    if train:
        tell("originality")
        result["originality"] = _originality(generated, reference, train)
    if listener:
        tell(f"likelihood under {listener.name}")
        found = likelihood_table(listener, generated, reference, pair.bars, works, seed)
        result["left out"] += [line for line in found.pop("left out") if not _named_before(line, result["left out"])]
        result["likelihood"] = found
        if not found["rows"]:
            result["not available"]["likelihood"] = (
                f"{listener.name} can read no piece of one of the sets; the reasons are among what was left out"
            )
    else:
        result["not available"]["likelihood"] = "no sequence snapshot was given"
    return result


def _named_before(line: str, lines: Sequence[str]) -> bool:
    """Whether the piece of a line "set: title: not read by ..." is left out already."""
    piece = line[: line.index("not read by")]
    return any(other.startswith(piece) for other in lines)


def _counts(pair: Pair, generated: int, reference: int, size: int) -> dict[str, int]:
    return {
        "generated pieces": generated,
        "reference pieces": reference,
        "generated windows": len(pair.generated),
        "reference windows": len(pair.reference),
        "windows a side in distances": size,
    }


def _sets(ours: Sample, real: Sample, encoder: Encoder | None, seed: int) -> tuple[dict[str, Sample], Sample]:
    """The sets to be read by name, and half A that they are read against."""
    rng = np.random.default_rng([seed, 411])
    if len(set(real.groups)) < LEAST_PIECES:
        size = min(len(ours.clips), len(real.clips), MOST_ROWS)
        keep = np.sort(rng.permutation(len(real.clips))[: max(size, 2)])
        return {"generated": ours.rows(np.sort(rng.permutation(len(ours.clips))[:MOST_ROWS]).tolist())}, real.rows(
            keep.tolist()
        )
    a, b = (rng.permutation(h) for h in halves(real.clips, rng))
    size = min(len(ours.clips), len(a), len(b), MOST_ROWS)
    anchor = real.rows(np.sort(a[:size]).tolist())
    other = real.rows(np.sort(b[:size]).tolist())
    sets = {"generated": ours.rows(np.sort(rng.permutation(len(ours.clips))[:size]).tolist()), "ceiling": other}
    for name, spoil in FLOORS.items():
        sets[name] = sample(spoil(other.clips, np.random.default_rng([seed, 412])), encoder)
    return sets, anchor


def _missing(
    readings: dict[str, Reading], sets: dict[str, Sample], encoder: Encoder | None, train: Sequence[Score] | None, neural: bool
) -> dict[str, str]:
    """Measures that cannot be had, and why."""
    out = {name: "too few pieces or notes for it" for name, r in readings.items() if np.isnan(r.value)}
    if "tonal distance" not in readings:
        out["tonal distance"] = "the sets share only one pitched role"
    if encoder is None:
        out["Fréchet distance, encoder"] = "no encoder snapshot"
    if "ceiling" not in sets:
        out["ceiling and floors"] = f"the reference has fewer than {LEAST_PIECES} pieces"
    if not train:
        out["data copying, originality"] = "no training set was given"
    if not neural:
        out["two-sample test, network"] = "switched off"
    return out


def _train_vectors(train: Sequence[Score], pair: Pair) -> Floats:
    clips = [c for i, s in enumerate(train) for c in cut_clips(s, pair.bars, pair.roles, str(i), 2)]
    return describe_all(clips)[0]


def _headline(readings: dict[str, dict[str, Reading]]) -> list[dict[str, Any]]:
    """One row a measure: the generated set's reading, and the plain values of ceiling and floors."""
    rows = []
    for name, reading in readings["generated"].items():
        row: dict[str, Any] = {"measure": name, **reading._asdict()}
        row |= {other: found[name].value for other, found in readings.items() if other != "generated" and name in found}
        rows.append(row)
    return rows


def _extrapolated(sets: dict[str, Sample], anchor: Sample, standard: Standardiser, seed: int) -> dict[str, float]:
    rng = np.random.default_rng([seed, 413])
    return {n: frechet_extrapolated(standard(s.vectors), standard(anchor.vectors), rng) for n, s in sets.items()}


def statistics_table(ours: Sample, real: Sample, sets: dict[str, Sample], seed: int) -> list[dict[str, Any]]:
    """Every statistic over all windows of both sets, with half-against-half and the random floor beside it."""
    rows = []
    for name, values in real.statistics.items():
        if name not in ours.statistics:
            continue
        reading = read_mean(ours.statistics[name], ours.groups, values, real.groups, seed)
        truth = read_mean(values, real.groups, values[:0], [], seed)
        row = {"statistic": name, **reading._asdict(), "real": truth.value, "real low": truth.low, "real high": truth.high}
        others = {n: mean(other.statistics[name]) for n, other in sets.items() if n != "generated" and name in other.statistics}
        floor = abs(others.get("random notes", float("nan")) - truth.value)
        row |= others | {"gap closed": 1 - abs(reading.value - truth.value) / floor if floor > 1e-9 else float("nan")}
        rows.append(row)
    return rows


def _mgeval(clips: Sequence[Clip], anchor: Sequence[Clip], seed: int) -> dict[str, Any]:
    found = mgeval.compare_features(clips, anchor, seed)
    return {
        "mean overlap": mean(np.array([v[0] for v in found.values()])),
        "features": {n: {"overlap": v[0], "divergence, as published": v[1]} for n, v in found.items()},
    }


def _structure(sets: dict[str, Sample], anchor: Sample) -> dict[str, Any]:
    """Repetition profiles, structureness, frame consistency, and the self-similarity of one typical piece a set."""
    real_frames = [frame_overlaps(c) for c in anchor.clips]
    out: dict[str, Any] = {}
    for name, clips in {"real": anchor, **sets}.items():
        matrices = [bar_similarity(c) for c in clips.clips]
        profiles = np.array([repetition_profile(m) for m in matrices])
        indicators = structureness(clips.clips[:MOST_RULES])
        steady, varied = frame_consistency([frame_overlaps(c) for c in clips.clips], real_frames)
        middle = int(np.argsort([m.mean() for m in matrices], kind="stable")[len(matrices) // 2])
        out[name] = {
            "repetition by lag": profiles.mean(axis=0).tolist() if profiles.size else [],
            "structureness": {k: mean(v) for k, v in indicators.items()},
            "frame consistency": steady,
            "frame variance": varied,
            "self-similarity of a typical piece": np.round(matrices[middle], 3).tolist(),
        }
    return out


def _rules(sets: dict[str, Sample], anchor: Sample, seed: int) -> list[dict[str, Any]]:
    """Rules of harmony and voices: generated against real, with ceiling and floors."""
    tables = {n: (columns([rule_statistics(c) for c in s.clips[:MOST_RULES]]), s.groups[:MOST_RULES])
              for n, s in {"real": anchor, **sets}.items()}  # fmt: skip
    truth, truth_groups = tables.pop("real")
    rows = []
    for name in truth:
        values, groups = tables["generated"]
        reading = read_mean(values[name], groups, truth[name], truth_groups, seed)
        row: dict[str, Any] = {"statistic": name, **reading._asdict()}
        row["real"] = read_mean(truth[name], truth_groups, truth[name][:0], [], seed).value
        for other, (columns_of, groups_of) in tables.items():
            if other != "generated":
                row[other] = read_mean(columns_of[name], groups_of, truth[name][:0], [], seed).value
        rows.append(row)
    return rows


def _originality(generated: Sequence[Score], reference: Sequence[Score], train: Sequence[Score]) -> dict[str, Any]:
    """Longest runs and n-grams found in the training pieces, beside those of the reference pieces (the human baseline)."""
    index = Index.build((s.title or f"training piece {i + 1}", s) for i, s in enumerate(train))
    out: dict[str, Any] = {}
    for name, scores in (("generated", generated), ("reference", reference)):
        parts = [
            (i, part)
            for i, s in enumerate(scores[:MOST_RULES])
            for part in [next(iter(index.report(s).parts.values()), None)]
            if part
        ]
        longest = np.array([p.longest for _, p in parts], dtype=np.float64)
        out[name] = {
            "pieces": len(parts),
            "longest run, median": float(np.median(longest)) if len(longest) else float("nan"),
            "longest run, 95th percentile": float(np.quantile(longest, 0.95)) if len(longest) else float("nan"),
            "longest run, most": float(longest.max()) if len(longest) else float("nan"),
            "share of 8-note grams found": float(np.mean([p.shares.get(8, np.nan) for _, p in parts]))
            if parts
            else float("nan"),
        }
        if name == "generated":
            worst = sorted(parts, key=lambda item: -item[1].longest)[:10]
            out["closest"] = [f"{scores[i].title or f'piece {i + 1}'}: {part.text()}" for i, part in worst]
    return out
