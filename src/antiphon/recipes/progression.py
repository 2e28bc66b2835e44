"""Chord models: progressions of a corpus, as its labels or its notes say them, counted by mode."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.form import parse_form
from antiphon.music.harmony import Chord
from antiphon.music.progression import (
    ChordModel,
    key_of_chords,
    place_of,
    slots_in,
    token_of,
)
from antiphon.music.score import Score
from antiphon.recipes.data import split_of

FORMAT = 1
GROUP = 4
"""Bars a phrase, where a corpus labels none."""
WHOLE = 8
"""Fewest slots that make a progression worth counting."""


@dataclass(frozen=True)
class ProgressionRecipe:
    """What makes a chord model what it is.

    Attributes:
      style: the style it is for.
      by_beat: chords on every beat rather than twice a bar.
      by_chords: the key is heard in the chords (for corpora whose key signatures are not to be trusted).
      least: contexts of two and more chords met less often are left out of the file.
    """

    style: str
    by_beat: bool = False
    by_chords: bool = False
    least: int = 2


# bits a slot on held-out songs (and by token frequencies alone)
RECIPES: dict[str, ProgressionRecipe] = {
    "pop": ProgressionRecipe("pop", least=3),
    "folk": ProgressionRecipe("folk"),
    "chorale": ProgressionRecipe("chorale", by_beat=True),
    "jazz": ProgressionRecipe("jazz", by_chords=True),
    "band": ProgressionRecipe("band"),
}


class Progression(NamedTuple):
    """One piece's chords, ready to be counted: one token and one place a slot."""

    minor: bool
    tokens: tuple[str, ...]
    places: tuple[str, ...]


def progression_of(score: Score, recipe: ProgressionRecipe) -> Progression | None:
    """The piece's chord in every slot, relative to its key; None where it is too short or changes its meter midway.

    An upbeat's bar is left out; phrases are those labelled, else groups of four bars.
    """
    starts = bar_starts(score)
    meters = [meter_at(score, start) for start in starts]
    if len(starts) > 1 and len({m[1:] for m in meters[1:]}) > 1:
        return None
    first = 1 if starts and len(starts) > 1 and starts[1] - starts[0] < meters[1].bar_ticks(score.resolution) else 0
    meter = meters[-1] if meters else None
    if meter is None or not score.chords:
        return None
    slots = slots_in((meter.numerator, meter.denominator), recipe.by_beat)
    width = meter.bar_ticks(score.resolution) // slots
    bars = [[_chord_in(score, start + i * width, width) for i in range(slots)] for start in starts[first:]]
    key = key_of_chords(bars) if recipe.by_chords or not score.keys else score.keys[0].key
    if key is None:
        return None
    ends = _phrases(score, starts[first:])
    places = [
        place_of(bar - begin, end - begin, slot, end == len(bars))
        for begin, end in ends
        for bar in range(begin, end)
        for slot in range(slots)
    ]
    tokens = [token_of(chord, key) for bar in bars for chord in bar]
    trimmed = _trimmed(tokens, places)
    return Progression(key.minor, *trimmed) if len(trimmed[0]) >= WHOLE else None


def _chord_in(score: Score, tick: int, width: int) -> Chord | None:
    """The chord that lasts longest in a slot; of equals the first."""
    edges = [m.tick for m in score.chords[1:]] + [max(score.end, score.chords[-1].tick + 1)]
    best: tuple[int, Chord | None] = (0, None)
    for mark, end in zip(score.chords, edges, strict=True):
        lasts = min(end, tick + width) - max(mark.tick, tick)
        if lasts > best[0]:
            best = (lasts, mark.chord)
    return best[1]


def _phrases(score: Score, starts: Sequence[int]) -> list[tuple[int, int]]:
    """(first bar, end bar) of the phrases that fill the bars."""
    bars = len(starts)
    begins = {0}
    if score.sections:
        at = {tick: i for i, tick in enumerate(starts)}
        for mark in score.sections:
            if mark.tick in at:
                begins.add(at[mark.tick])
                length = parse_form(mark.label)[0].bars if any(c.isdigit() for c in mark.label) else 0
                begins.add(min(bars, at[mark.tick] + length))
    else:
        begins |= set(range(0, bars, GROUP))
    edges = sorted((begins - {bars}) | {0}) + [bars]
    return [(a, b) for a, b in pairwise(edges) if b > a]


def _trimmed(tokens: Sequence[str], places: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without the silence before the first and after the last chord."""
    heard = [i for i, token in enumerate(tokens) if token != "-"]
    if not heard:
        return (), ()
    return tuple(tokens[heard[0] : heard[-1] + 1]), tuple(places[heard[0] : heard[-1] + 1])


def fit(pieces: Iterable[Piece], recipe: ProgressionRecipe) -> dict[str, Any]:
    """Count the training split, measure on the rest; returns what `write` puts into a file.

    Raises:
      TrainingError: no piece has chords to learn from.
    """
    models = {False: ChordModel(), True: ChordModel()}
    held: list[Progression] = []
    licences: Counter[str] = Counter()
    corpora: Counter[str] = Counter()
    digest = hashlib.sha256()
    for piece in pieces:
        found = progression_of(piece.score, recipe)
        if found is None:
            continue
        if split_of(piece) != "train":
            held.append(found)
            continue
        models[found.minor].learn(found.tokens, found.places)
        licences[piece.licence] += 1
        corpora[piece.corpus] += 1
        digest.update(" ".join(found.tokens).encode())
    if not licences or not held:
        raise TrainingError("No piece has chords to learn from.")
    pruned = {minor: model.pruned(recipe.least) for minor, model in models.items()}
    return {
        "format": FORMAT,
        "style": recipe.style,
        "by_beat": recipe.by_beat,
        "card": {
            "data": dict(corpora),
            "licences": dict(licences),
            "digest": digest.hexdigest(),
            "scores": measure(pruned, held),
        },
        "major": pruned[False].to_json(),
        "minor": pruned[True].to_json(),
    }


def measure(models: dict[bool, ChordModel], held: Sequence[Progression]) -> dict[str, float]:
    """Cross-entropy on held-out songs, in bits a slot: the model, and the frequencies of its tokens alone."""
    slots = sum(len(p.tokens) for p in held)
    model = sum(models[p.minor].bits(p.tokens, p.places) for p in held) / slots
    unigram = sum(models[p.minor].unigram_bits(p.tokens) for p in held) / slots
    return {"songs": len(held), "slots": slots, "bits_a_slot": round(model, 4), "unigram_bits_a_slot": round(unigram, 4)}


def write(model: dict[str, Any], path: Path) -> None:
    """Write a fitted model, atomically."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(model, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
