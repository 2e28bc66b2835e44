"""Harmony of a piece: chords in a style over a form, and chords and key brought together where they conflict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from antiphon.compose.brief import Progression
from antiphon.errors import SnapshotError
from antiphon.music.form import Phrase
from antiphon.music.harmony import MAJOR_SCALE, Chord, Key
from antiphon.music.measure import home_classes
from antiphon.music.progression import NO_CHORD, ChordModel, chord_from, place_of, slots_in, token_of

TRIES = 12
"""Progressions drawn for a phrase, of which the one that closes best and is neither dull nor wild is kept."""
SHARPEN = 0.8
"""Temperature of the draw: a little below 1, since the tail holds labels that are mistakes."""
STYLES = {"pop": "pop", "folk": "folk", "chorale": "chorale", "jazz": "jazz", "band": "band"}
DEFAULT = "pop"


@dataclass(frozen=True)
class StyleModel:
    """Chord models of one style, by mode; `by_beat`: its chords may change on every beat."""

    style: str
    by_beat: bool
    major: ChordModel
    minor: ChordModel


@lru_cache(maxsize=8)
def style_model(style: str) -> StyleModel:
    """The chord model of a style, or of pop where a style has none.

    Raises:
      SnapshotError: the installation is damaged.
    """
    name = STYLES.get(style, DEFAULT)
    try:
        data = json.loads((files("antiphon.compose") / "data" / f"chords-{name}.json").read_text(encoding="utf-8"))
        return StyleModel(name, bool(data["by_beat"]), ChordModel.from_json(data["major"]), ChordModel.from_json(data["minor"]))
    except (OSError, ValueError, KeyError) as error:
        raise SnapshotError(
            f"The chord model of the style {name!r} cannot be read ({error}); install Antiphon again."
        ) from error


def write_harmony(
    style: str, form: Sequence[Phrase], keys: Sequence[Key], meter: tuple[int, int], rng: np.random.Generator
) -> Progression:
    """Chords for every bar: phrases of one letter (and key) share theirs, phrases end in cadences, the piece at home.

    Args:
      style: whose chord model is used.
      form: the phrases; keys: the key of each.
      meter: of all bars.
      rng: where all chance comes from.

    Returns:
      One tuple of chords a bar; a chord that is held over a bar's slots stands once in it.
    """
    model = style_model(style)
    slots = slots_in(meter, model.by_beat)
    written: dict[tuple[str, int, Key], list[str]] = {}
    first: dict[tuple[str, Key], list[str]] = {}
    past: list[str] = []
    bars: list[tuple[Chord | None, ...]] = []
    for number, (phrase, key) in enumerate(zip(form, keys, strict=True)):
        closing = number == len(form) - 1
        name = (phrase.letter, phrase.bars, key)
        if name not in written or closing:
            begun = first.get((phrase.letter, key), [])[: max(0, phrase.bars - 2) * slots]
            chords = model.minor if key.minor else model.major
            written[name] = _phrase(chords, phrase.bars, slots, key, past, begun, closing, rng)
            first.setdefault((phrase.letter, key), written[name])
        tokens = written[name]
        past = tokens[-4:]
        for bar in range(phrase.bars):
            cell = tokens[bar * slots : (bar + 1) * slots]
            bars.append(_folded([chord_from(token, key) for token in cell]))
    return tuple(bars)


def _phrase(
    model: ChordModel,
    bars: int,
    slots: int,
    key: Key,
    past: Sequence[str],
    begun: Sequence[str],
    closing: bool,
    rng: np.random.Generator,
) -> list[str]:
    """Tokens of one phrase, of which the first may be given; the last phrase ends on the tonic."""
    home = token_of(Chord(key.tonic, "m" if key.minor else ""), key)
    places = [place_of(bar, bars, slot, closing) for bar in range(bars) for slot in range(slots)]
    drawn: list[tuple[float, list[str]]] = []
    for _ in range(TRIES):
        tokens, cost = list(begun), 0.0
        for place in places[len(begun) :]:
            p = model.probabilities([*past, *tokens][-4:], place)
            p[[i for i, token in enumerate(model.vocabulary) if token == NO_CHORD]] = 0.0
            p = p ** (1 / SHARPEN)
            p /= p.sum()
            chosen = int(rng.choice(len(p), p=p))
            tokens.append(model.vocabulary[chosen])
            cost -= float(np.log2(p[chosen]))
        if closing:
            cost += 8.0 * (tokens[-1] != home)
            tokens[-slots:] = [home] * slots if bars > 1 else [*tokens[-slots:-1], home]
        drawn.append((cost, tokens))
    drawn.sort(key=lambda item: item[0])
    return drawn[len(drawn) // 2][1]  # the likeliest is the dullest


def _folded(cell: Sequence[Chord | None]) -> tuple[Chord | None, ...]:
    """The fewest chords that share a bar evenly and sound as these slots do."""
    for count in range(1, len(cell) + 1):
        if len(cell) % count == 0:
            width = len(cell) // count
            if all(cell[i] == cell[i // width * width] for i in range(len(cell))):
                return tuple(cell[::width])
    return tuple(cell)


def foreign_chords(chords: Progression, key: Key) -> list[Chord]:
    """The chords, each once, that hold notes foreign to the key (in minor with the raised sixth and seventh)."""
    allowed = home_classes(key)
    flat = dict.fromkeys(chord for bar in chords for chord in bar if chord is not None)
    return [chord for chord in flat if not set(chord.pitch_classes) <= allowed]


def bent(chord: Chord, key: Key) -> Chord:
    """The chord of the key that shares most notes with a foreign one, its root kept if it can be."""
    allowed = home_classes(key)
    wanted = set(chord.pitch_classes)
    sized = ("7", "maj7", "m7", "m7b5") if len(wanted) > 3 else ("", "m", "dim")
    candidates = [Chord(root, quality) for root in range(12) for quality in sized]
    inside = [c for c in candidates if set(c.pitch_classes) <= allowed]
    steps = [(key.tonic + step) % 12 for step in MAJOR_SCALE]

    def merit(found: Chord) -> tuple[bool, int, int, bool, int]:
        near = min((found.root - chord.root) % 12, (chord.root - found.root) % 12)
        return (found.root == chord.root, len(wanted & set(found.pitch_classes)), -near, found.root in steps, -found.root)

    best = max(inside, key=merit)
    bass = chord.bass if chord.bass in best.pitch_classes and chord.bass != best.root else None
    return Chord(best.root, best.quality, bass)
