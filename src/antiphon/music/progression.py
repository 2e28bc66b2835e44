"""Chord progressions: the key they sound in, as steps relative to a key, and a variable-order Markov model of them.

Legend: a token is a chord relative to its key ("7:7" is the dominant seventh chord, "-" no chord), one a slot; a bar has one
slot, two, or one a beat; a place says where in its phrase a slot lies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.music.harmony import Chord, Key

NO_CHORD = "-"
PLAIN = {
    "6": "", "m6": "m", "9": "7", "maj9": "maj7", "m9": "m7", "add9": "", "11": "7", "13": "7", "5": "", "sus2": "sus4",
    "mmaj7": "m", "aug7": "7", "7sus4": "sus4",
}  # fmt: skip
"""Quality -> the commoner one that the model takes it for; all others are taken as they are."""
ORDERS = (0, 1, 2, 3, 4)
"""How many past tokens the contexts hold that are mixed."""
TRUST = 5.0
"""How much more the shorter context is trusted than Witten and Bell have it: 5 to 8 suit songs never heard best."""
PLACE = 0.6
"""How much is made of the place in the phrase."""
UNKNOWN = 1e-4
"""Probability of a token never met, where a progression is measured."""

Floats = npt.NDArray[np.float64]


def key_of_chords(chords: Iterable[Iterable[Chord | None]], prefer_minor: bool | None = None) -> Key | None:
    """The key that holds most of the chords' notes; the first and the last chord decide between relatives.

    None where there is no chord at all.

    Args:
      chords: chords bar by bar.
      prefer_minor: the mode that wins a tie.
    """
    flat = [chord for bar in chords for chord in bar if chord is not None]
    if not flat:
        return None

    def merit(key: Key) -> float:
        scale = set(key.scale) | ({(key.tonic + 11) % 12} if key.minor else set())
        held = sum(pc in scale for chord in flat for pc in chord.pitch_classes) / sum(len(c.pitch_classes) for c in flat)
        tonic = {(key.tonic + step) % 12 for step in ((0, 3, 7) if key.minor else (0, 4, 7))}
        home = sum(tonic == set(chord.pitch_classes[:3]) for chord in (flat[0], flat[-1]))
        mode = 0.01 * (prefer_minor is not None and key.minor == prefer_minor)
        return held + 0.06 * home + 0.01 * (flat[0].root == key.tonic) + mode

    keys = [Key(tonic, minor) for minor in (False, True) for tonic in range(12)]
    return max(keys, key=merit)


def token_of(chord: Chord | None, key: Key) -> str:
    """The chord as a step above the key's tonic and a plain quality; its bass is left out."""
    if chord is None:
        return NO_CHORD
    return f"{(chord.root - key.tonic) % 12}:{PLAIN.get(chord.quality, chord.quality)}"


def chord_from(token: str, key: Key) -> Chord | None:
    """The chord that a token means in a key."""
    if token == NO_CHORD:
        return None
    step, _, quality = token.partition(":")
    return Chord((int(step) + key.tonic) % 12, quality)


def place_of(bar: int, bars: int, slot: int, closing: bool) -> str:
    """Where a slot lies in its phrase: which slot of the bar, in which of four kinds of bar.

    Args:
      bar, bars: number of the bar in its phrase, from 0, and the phrase's length; slot: of the bar, from 0.
      closing: whether the phrase is the last of the piece.
    """
    if bar == bars - 1:
        kind = "e" if closing else "c"  # the end; a cadence
    elif bar == bars - 2:
        kind = "p"
    else:
        kind = "f" if bar == 0 else "m"
    return f"{kind}{slot}"


def slots_in(meter: tuple[int, int], by_beat: bool) -> int:
    """Slots in a bar of this meter: one a beat, or two in even meters that are not short and one in the others."""
    numerator, denominator = meter
    if by_beat:
        return max(1, numerator // 3) if denominator >= 8 and numerator % 3 == 0 else numerator
    return 2 if numerator % 2 == 0 and 4 * numerator > 2 * denominator else 1


def _context(slot: str, past: Sequence[str], order: int) -> str:
    """Text by which counts are found: the slot of the bar and the last `order` tokens, the nearest last."""
    return " ".join([slot, *past[len(past) - order :]]) if order else slot


@dataclass
class ChordModel:
    """Counted chord progressions of one mode: a chain of contexts, times what is special about the place in the phrase.

    Contexts of one and more past tokens count songs, not times, since a song repeats its own phrases; they are mixed as
    Witten and Bell do (1991, method C), with TRUST times the weight for the shorter context. The place enters as a
    second opinion: P(token | place) / P(token | slot), to the power of PLACE.

    Attributes:
      counts: context (slot of the bar and up to four past tokens) -> token -> count.
      places: place -> token -> how often.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    places: dict[str, dict[str, int]] = field(default_factory=dict)
    _vocabulary: tuple[str, ...] = ()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """All tokens, sorted."""
        if not self._vocabulary:
            self._vocabulary = tuple(sorted({token for found in self.places.values() for token in found}))
        return self._vocabulary

    def learn(self, tokens: Sequence[str], places: Sequence[str]) -> None:
        """Count one song.

        Args:
          tokens, places: one of each a slot.
        """
        self._vocabulary = ()
        seen: set[tuple[str, str]] = set()
        for i, (token, place) in enumerate(zip(tokens, places, strict=True)):
            row = self.places.setdefault(place, {})
            row[token] = row.get(token, 0) + 1
            for order in ORDERS:
                context = _context(place[1:], tokens[:i], order)
                if order > i or (order and (context, token) in seen):
                    continue
                seen.add((context, token))
                row = self.counts.setdefault(context, {})
                row[token] = row.get(token, 0) + 1

    def probabilities(self, past: Sequence[str], place: str) -> Floats:
        """Probability of each token of the vocabulary [V] in this place after these tokens (the last four count)."""
        slot = place[1:]
        p = np.full(len(self.vocabulary), 1 / max(1, len(self.vocabulary)))
        for order in ORDERS:
            row = self.counts.get(_context(slot, past, order)) if order <= len(past) else None
            if row is not None:
                counted, weight = self._row(row), len(row) * (TRUST if order else 1.0)
                p = (counted + weight * p) / (counted.sum() + weight)
        here, usual = (1 + self._row(found) for found in (self.places.get(place, {}), self.counts.get(slot, {})))
        p = p * (here / here.sum() / (usual / usual.sum())) ** PLACE
        return np.asarray(p / p.sum())

    def _row(self, row: dict[str, int]) -> Floats:
        """Counts over the vocabulary [V]."""
        return np.array([row.get(token, 0) for token in self.vocabulary], dtype=np.float64)

    def bits(self, tokens: Sequence[str], places: Sequence[str]) -> float:
        """Bits that the model needs for a progression; a token it never met has UNKNOWN of the probability."""
        known = {token: i for i, token in enumerate(self.vocabulary)}
        total = 0.0
        for i, (token, place) in enumerate(zip(tokens, places, strict=True)):
            p = self.probabilities(tokens[max(0, i - ORDERS[-1]) : i], place)
            total -= math.log2(p[known[token]] * (1 - UNKNOWN) if token in known else UNKNOWN)
        return total

    def unigram_bits(self, tokens: Sequence[str]) -> float:
        """Bits that the frequencies of the tokens alone need for a progression: the baseline."""
        found = sum((Counter(row) for row in self.places.values()), Counter())
        total = sum(found.values())
        return -sum(math.log2(found[token] / total * (1 - UNKNOWN) if found[token] else UNKNOWN) for token in tokens)

    def pruned(self, least: int) -> ChordModel:
        """The same without contexts of two and more tokens that were met less than `least` times."""
        kept = {c: row for c, row in self.counts.items() if c.count(" ") < 2 or sum(row.values()) >= least}
        return ChordModel(kept, self.places)

    def to_json(self) -> dict[str, Any]:
        """Plain values: the vocabulary, and each context's counts as numbers of tokens with how often ("3*7")."""
        index = {token: i for i, token in enumerate(self.vocabulary)}

        def packed(row: dict[str, int]) -> str:
            return " ".join(f"{index[token]}" if n == 1 else f"{index[token]}*{n}" for token, n in row.items())

        contexts = {}
        for context, row in self.counts.items():
            slot, *past = context.split(" ")
            contexts[" ".join([slot, *(str(index[token]) for token in past)])] = packed(row)
        return {
            "tokens": list(self.vocabulary),
            "places": {place: packed(row) for place, row in self.places.items()},
            "contexts": contexts,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ChordModel:
        """The model that `to_json` wrote.

        Raises:
          InputError: it is damaged.
        """
        try:
            tokens = [str(token) for token in data["tokens"]]

            def unpacked(text: str) -> dict[str, int]:
                pairs = (item.partition("*") for item in text.split(" "))
                return {tokens[int(i)]: int(n or 1) for i, _, n in pairs}

            counts = {}
            for name, text in data["contexts"].items():
                slot, *past = name.split(" ")
                counts[" ".join([slot, *(tokens[int(i)] for i in past)])] = unpacked(text)
            return cls(counts, {place: unpacked(text) for place, text in data["places"].items()})
        except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
            raise InputError(f"The chord model is damaged ({error}).") from error
