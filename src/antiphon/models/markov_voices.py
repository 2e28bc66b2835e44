"""Markov chain of music in voices: counts over shrinking contexts, joined by Witten-Bell; numpy alone, counted in seconds.

Legend: T frames, V voices, S symbols (0 rest, 1..P pitches). A context is a tuple of small integers packed into one number.

Moves are counted relative to the voice's note before, and other voices by their moves and their distance, so that one
chorale counts in every key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BEAT = 4
BACK = 4.0
"""Weight of the shorter context, in Witten-Bell's own: rare contexts are trusted less than it would."""


@dataclass(frozen=True)
class MarkovConfig:
    """What is modelled."""

    lowest: int = 33
    highest: int = 84
    order: tuple[int, ...] = (0, 3, 1, 2)

    @property
    def symbols(self) -> int:
        """S: the rest and all pitches."""
        return self.highest - self.lowest + 2


def _clip(x: Ints, most: int) -> Ints:
    """-most .. most as 0 .. 2 * most."""
    return np.clip(x, -most, most) + most


def repetition(symbols: Ints) -> tuple[Ints, Ints]:
    """Where the longest repetition that led to each frame would go on, and its length in frames; both [T].

    Compares whole frames at distances of whole beats, a bar or more; of several places the last.
    """
    frames = len(symbols)
    same = (symbols[:, None] == symbols[None]).all(-1)
    lag = np.arange(frames)[:, None] - np.arange(frames)[None]
    same &= (lag >= 4 * BEAT) & (lag % BEAT == 0)
    source, length = np.zeros(frames, np.int64), np.zeros(frames, np.int64)
    run = np.zeros(frames + 1, np.int64)
    for t in range(frames - 1):
        run[1:] = np.where(same[t], run[:-1] + 1, 0)
        best = int((run[:-1] * frames + np.arange(frames)).argmax())
        source[t + 1], length[t + 1] = best, run[best]
    return source, length


def _features(symbols: Ints, again: tuple[Ints, Ints], voice: int, order: tuple[int, ...]) -> tuple[Ints, list[Ints]]:
    """Of one voice: its note before [T], and its contexts from the shortest to the longest, each [T, F]."""
    frames = len(symbols)
    prev = np.vstack([np.zeros((1, symbols.shape[1]), np.int64), symbols[:-1]])
    at, before, now = np.arange(frames), prev[:, voice], symbols
    changed = np.ones(symbols.shape, bool)
    changed[1:] = now[1:] != now[:-1]
    start = np.maximum.accumulate(np.where(changed, at[:, None], 0), axis=0)[:, voice]
    hold, old = np.zeros(frames, np.int64), np.zeros(frames, np.int64)
    hold[1:], old[1:] = at[1:] - start[:-1], prev[start[:-1], voice]
    written = order[: order.index(voice)]
    moves = [np.where(prev[:, w] > 0, np.where(now[:, w] > 0, _clip(now[:, w] - prev[:, w], 3), 7), 8) for w in written]
    source, length = again
    copy = symbols[source, voice]
    known = (length >= BEAT) & (before > 0)
    agree = np.ones(frames, bool)
    for w in written:
        agree &= now[:, w] == now[source, w]
    first = symbols[0, -1]
    groups = [
        [(before > 0).astype(np.int64), np.full(frames, voice)],
        [at % BEAT, *(np.where(m == 3, 0, 1) for m in moves)],
        [
            np.where(known & (copy > 0), _clip(copy - before, 5), 11),
            np.searchsorted([4, 8, 16], length, side="right"),
            agree.astype(np.int64),
        ],
        [np.searchsorted([1, 2, 3, 4, 6, 8, 12, 16], hold, side="right")],
        [np.where((now[:, w] > 0) & (before > 0), (now[:, w] - before) % 12, 12) for w in written],
        [
            np.where((before > 0) & (first > 0), (before - first) % 12, 12),
            np.where((before > 0) & (old > 0), _clip(before - old, 5), 11),
        ],
        moves,
    ]
    columns: list[Ints] = []
    contexts = []
    for group in groups:
        columns += group
        contexts.append(np.stack(columns, axis=1))
    return before, contexts


def _pack(context: Ints) -> Ints:
    """One number for each row of small integers (rows of up to 12; later ones are mixed in)."""
    out = np.zeros(len(context), np.uint64)
    for column in context.T:
        out = (out ^ column.astype(np.uint64)) * np.uint64(1099511628211)
        out ^= out >> np.uint64(29)
    return out.view(np.int64)


class _Counts:
    """How often each outcome followed each context; contexts are looked up in sorted order."""

    def __init__(self, contexts: Ints, outcomes: Ints, size: int) -> None:
        self.keys, place = np.unique(contexts, return_inverse=True)
        pairs, number = np.unique(place * size + outcomes, return_counts=True)
        self.size, self.pairs, self.number = size, pairs, number.astype(np.float64)
        self.total = np.bincount(pairs // size, self.number, minlength=len(self.keys))
        self.kinds = np.bincount(pairs // size, minlength=len(self.keys)).astype(np.float64)

    def rows(self, contexts: Ints) -> tuple[Floats, Floats, Floats]:
        """Counts [N, size], their sums [N] and the number of different outcomes [N]."""
        place = np.minimum(np.searchsorted(self.keys, contexts), len(self.keys) - 1)
        seen = self.keys[place] == contexts
        counts = np.zeros((len(contexts), self.size))
        for outcome in range(self.size):
            wanted = place * self.size + outcome
            found = np.minimum(np.searchsorted(self.pairs, wanted), len(self.pairs) - 1)
            counts[:, outcome] = np.where(seen & (self.pairs[found] == wanted), self.number[found], 0)
        return counts, self.total[place] * seen, self.kinds[place] * seen


class VoicesMarkov:
    """The chain, counted from pieces [T, V] of symbols."""

    def __init__(self, config: MarkovConfig, pieces: Sequence[Ints]) -> None:
        self.config = config
        self.moves = 2 * config.symbols + 1
        """Outcomes: moves from -S to S, where the last is the rest; or a symbol, where no note went before."""
        self.tables: list[list[_Counts]] = []
        self.entries = 0
        again = [repetition(p) for p in pieces]
        for voice in range(len(config.order)):
            found = [_features(p, r, voice, config.order) for p, r in zip(pieces, again, strict=True)]
            outcome = np.concatenate([self._outcome(p[:, voice], b) for p, (b, _) in zip(pieces, found, strict=True)])
            packed = [_pack(np.concatenate([c[k] for _, c in found])) for k in range(len(found[0][1]))]
            self.tables.append([_Counts(p, outcome, self.moves) for p in packed])
            self.entries += sum(len(t.pairs) for t in self.tables[-1])

    def _outcome(self, symbols: Ints, before: Ints) -> Ints:
        """Index of what was written: relative to the note before where there is one."""
        relative = np.where(symbols == 0, self.moves - 1, symbols - before + self.config.symbols)
        return np.where(before > 0, relative, symbols)

    def log_probabilities(self, symbols: Ints) -> Floats:
        """Of every symbol at every place, [T, V, S]."""
        s, again = self.config.symbols, repetition(symbols)
        out = np.zeros((*symbols.shape, s))
        every = np.arange(s)[None]
        for voice, tables in enumerate(self.tables):
            before, contexts = _features(symbols, again, voice, self.config.order)
            index = self._outcome(np.broadcast_to(every, (len(symbols), s)), before[:, None])
            p = np.full((len(symbols), s), 1.0 / s)
            for table, context in zip(tables, contexts, strict=True):
                counts, _, kinds = table.rows(_pack(context))
                own = np.take_along_axis(counts, index, axis=1)
                total = own.sum(1)
                # what was seen but lies outside of the alphabet from here is no outcome here
                trust = BACK * kinds
                p = np.where((total > 0)[:, None], (own + trust[:, None] * p) / np.maximum(total + trust, 1)[:, None], p)
            out[:, voice] = np.log(p)
        return out

    def nats(self, symbols: Ints) -> Floats:
        """Cost of every note, [T, V]."""
        logp = self.log_probabilities(symbols)
        out: Floats = -np.take_along_axis(logp, symbols[..., None], axis=-1)[..., 0]
        return out
