"""Hashed n-gram tables of many melodic lines, and what of one line is found in them.

Lines come as steps (see originality_lines): k equal steps are k + 1 equal notes. Axes: M steps of a line, G distinct grams.

Two tables answer the same question:

* `Table` knows where every gram of four steps stands, so runs of any length are exact and can be pointed at. Whoever
  holds it can, with patience, guess the melodies back: it belongs beside the training data.
* `Sketch` forgets places and order. It keeps a short hash of every gram of four, six, eight and twelve steps, and for a
  quarter of those of six steps that stand in one song only, which song that is. It bounds the runs from above (on real
  melodies the bound is exact in all but one or two in a hundred). It is the small one, to give away with a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError
from antiphon.evaluate.originality_lines import IntArray

HashArray = npt.NDArray[np.uint64]

SIZES = (4, 6, 8, 12)
"""Lengths of the n-grams, in steps (one fewer than their notes)."""
BASE = SIZES[0]
SKETCH_BITS = 24
OWNED = SIZES[1]
"""Length in steps of the n-grams whose song a sketch may know."""
OWNER_ONE_IN = 4
"""A sketch knows the song of this share of them, chosen by their hash."""
NOBODY = 0xFFFF


def grams(codes: IntArray, n: int) -> HashArray:
    """64-bit hashes of all runs of n steps, [max(0, M - n + 1)] (SplitMix64 finaliser, Steele et al. 2014)."""
    count = len(codes) - n + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    unsigned = codes.astype(np.uint64)
    state = np.full(count, n, dtype=np.uint64)
    for j in range(n):
        state = (state ^ unsigned[j : j + count]) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one line that is found in another: `notes` notes long, from note `at` here, from note `there` there.

    `song` is the number of the song in the index and None where the table does not know it.
    """

    notes: int
    at: int
    there: int | None = None
    song: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What of one line is known: `reach[i]` [M] = longest known run of steps that begins at step i; best runs first.

    `likest` is the number of the song that shares most figures of seven notes with the line, and the share of those figures
    that it has; None where no figure points at a song.
    """

    reach: IntArray
    runs: tuple[Run, ...]
    likest: tuple[int, float] | None = None

    def shares(self) -> dict[int, float]:
        """Share of the line's n-grams that are known, for each n of SIZES; 0 for a line too short to have any."""
        out: dict[int, float] = {}
        for n in SIZES:
            windows = self.reach[: max(0, len(self.reach) - n + 1)]
            out[n] = float(np.mean(windows >= n)) if len(windows) else 0.0
        return out

    @property
    def longest(self) -> int:
        """Notes of the longest known run; 0 where not even five notes are known."""
        return self.runs[0].notes if self.runs else 0


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Every four-step gram of the lines of one role, and where it stands.

    Attributes:
      songs: [S] number of the song whose line begins at `starts`.
      starts: [S] place of a line's first step in the numbering that runs through all lines.
      hashes: [G] sorted distinct hashes.
      offsets: [G + 1] where each hash's places begin in `places`.
      places: [P] places of the grams, rising within one hash.
    """

    songs: npt.NDArray[np.int32]
    starts: IntArray
    hashes: HashArray
    offsets: IntArray
    places: npt.NDArray[np.uint32]

    @classmethod
    def build(cls, coded: Sequence[tuple[int, IntArray]]) -> Table:
        """A table of (song number, step codes) pairs."""
        lengths = np.array([len(c) for _, c in coded], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])[: len(coded)].astype(np.int64)
        all_hashes = [grams(c, BASE) for _, c in coded]
        flat = np.concatenate([*all_hashes, np.zeros(0, dtype=np.uint64)])
        parts = [start + np.arange(len(h)) for start, h in zip(starts, all_hashes, strict=True)]
        place = np.concatenate([*parts, np.zeros(0, dtype=np.int64)]).astype(np.uint32)
        order = np.argsort(flat, kind="stable")
        hashes, first = np.unique(flat[order], return_index=True)
        offsets = np.concatenate([first, [len(flat)]]).astype(np.int64)
        return cls(np.array([s for s, _ in coded], dtype=np.int32), starts, hashes, offsets, place[order])

    def find(self, codes: IntArray, limit: int = 3) -> Found:
        """What of a line is in the table: exact runs in one song at consecutive places, the longest `limit` songs."""
        reach = np.zeros(len(codes), dtype=np.int64)
        wanted = grams(codes, BASE)
        if len(wanted) == 0 or len(self.hashes) == 0:
            return Found(reach, ())
        slot = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        hit = np.flatnonzero(self.hashes[slot] == wanted)
        if len(hit) == 0:
            return Found(reach, ())
        begin, end = self.offsets[slot[hit]], self.offsets[slot[hit] + 1]
        count = end - begin
        at = np.repeat(hit, count)
        within = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
        there = self.places[np.repeat(begin, count) + within].astype(np.int64)
        # Hits of one run lie on one diagonal (there - at) at rising `at`: sorted so, a run is a stretch of keys + 1.
        width = len(codes) + 1
        key = np.sort((there - at + width) * width + at)
        breaks = np.flatnonzero(np.diff(key) != 1) + 1
        first = np.concatenate([[0], breaks])
        last = np.concatenate([breaks, [len(key)]])
        which = np.repeat(np.arange(len(first)), last - first)
        remaining = last[which] - np.arange(len(key)) + BASE - 1
        np.maximum.at(reach, key % width, remaining)
        return Found(reach, self._longest(key[first], last - first, width, limit))

    def _longest(self, key: IntArray, hits: IntArray, width: int, limit: int) -> tuple[Run, ...]:
        """The longest runs of at most `limit` songs, one a song; `key` [R] is where each run of `hits` [R] grams begins."""
        # Chance runs of five notes abound: they are looked at only if the longest few hundred come from too few songs.
        as_long = np.cumsum(np.bincount(hits)[::-1])[::-1]
        for few in (min(256, len(hits)), len(hits)):
            long = np.flatnonzero(hits >= np.flatnonzero(as_long >= few).max())
            at = key[long] % width
            there = key[long] // width - width + at
            line = np.searchsorted(self.starts, there, side="right") - 1
            song = self.songs[line]
            order = np.lexsort((there, at, -hits[long]))
            _, best = np.unique(song[order], return_index=True)
            if len(best) >= limit:
                break
        chosen = order[np.sort(best)[:limit]]
        inside = there - self.starts[line]
        return tuple(Run(int(hits[long[i]]) + BASE, int(at[i]), int(inside[i]), int(song[i])) for i in chosen)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The table as plain arrays."""
        return {
            "songs": self.songs,
            "starts": self.starts,
            "hashes": self.hashes,
            "counts": np.diff(self.offsets).astype(np.uint32),
            "places": self.places,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Table:
        """The table back from `arrays()`.

        Raises:
          FormatError: an array is missing or contradicts another.
        """
        try:
            songs = arrays["songs"].astype(np.int32)
            starts = arrays["starts"].astype(np.int64)
            hashes = arrays["hashes"].astype(np.uint64)
            counts = arrays["counts"].astype(np.int64)
            places = arrays["places"].astype(np.uint32)
        except KeyError as error:
            raise FormatError(f"The originality index lacks its array {error}; build it again.") from error
        sound = (
            all(a.ndim == 1 for a in (songs, starts, hashes, counts, places))
            and len(songs) == len(starts)
            and len(hashes) == len(counts)
            and int(counts.sum()) == len(places)
            and bool(np.all(counts > 0))
            and bool(np.all(hashes[1:] > hashes[:-1]))
            and bool(np.all(np.diff(starts) >= 0))
            and (len(places) == 0 or (len(starts) > 0 and int(starts[0]) == 0))
            and (len(songs) == 0 or int(songs.min()) >= 0)
        )
        if not sound:
            raise FormatError("The originality index is damaged: its arrays contradict each other; build it again.")
        return cls(songs, starts, hashes, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), places)


def _short(hashes: HashArray) -> npt.NDArray[np.uint32]:
    return np.asarray(hashes & np.uint64((1 << SKETCH_BITS) - 1), dtype=np.uint32)


def _among(values: npt.NDArray[np.uint32], known: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which values stand in a sorted array; far quicker than np.isin, which sorts both together."""
    if len(known) == 0:
        return np.zeros(len(values), dtype=np.bool_)
    slot = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[slot] == values, dtype=np.bool_)


def _sampled(hashes: HashArray) -> npt.NDArray[np.bool_]:
    """Of which grams a sketch may know the song: chosen by the top bits of their own hash, so that both sides choose alike."""
    return np.asarray((hashes >> np.uint64(40)) % np.uint64(OWNER_ONE_IN) == 0, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Short hashes of all grams of the SIZES; no places, no order.

    A run is bounded from above: it reaches as far as no gram in it is missing.

    Attributes:
      kept: for each n of SIZES a sorted array of short hashes [G_n].
      owner: [G_6] number of the only song that has a gram of OWNED steps, NOBODY where there are several or none is told.
    """

    kept: Mapping[int, npt.NDArray[np.uint32]]
    owner: npt.NDArray[np.uint16]

    @classmethod
    def build(cls, coded: Sequence[tuple[int, IntArray]]) -> Sketch:
        """A sketch of (song number, step codes) pairs."""
        kept: dict[int, npt.NDArray[np.uint32]] = {}
        for n in SIZES:
            flat = np.concatenate([*(grams(c, n) for _, c in coded), np.zeros(0, dtype=np.uint64)])
            kept[n] = np.unique(_short(flat))
        owner = np.full(len(kept[OWNED]), NOBODY, dtype=np.uint16)
        shared = np.zeros(len(owner), dtype=np.bool_)
        for song, codes in coded:
            wanted = grams(codes, OWNED)
            slot = np.unique(np.searchsorted(kept[OWNED], _short(wanted[_sampled(wanted)])))
            shared[slot] |= (owner[slot] != NOBODY) & (owner[slot] != song)
            owner[slot] = min(song, NOBODY)
        owner[shared] = NOBODY
        return cls(kept, owner)

    def find(self, codes: IntArray, limit: int = 3) -> Found:
        """Upper bounds on what of a line is known; runs carry no place, and a song only where a figure tells it."""
        size = len(codes)
        limit_at = np.full(size + 1, size, dtype=np.int64)
        for n in SIZES:
            missing = ~_among(_short(grams(codes, n)), self.kept[n])
            at = np.flatnonzero(missing)
            limit_at[at] = np.minimum(limit_at[at], at + n - 1)
        reach = np.minimum.accumulate(limit_at[::-1])[::-1][:size] - np.arange(size)
        reach = np.where(reach >= BASE, reach, 0)
        fresh = np.flatnonzero((reach > 0) & (np.concatenate([[0], reach[:-1]]) != reach + 1))
        best = sorted(fresh.tolist(), key=lambda i: (-int(reach[i]), i))[:limit]
        songs = self._songs(codes)
        inside = {i: songs[i : i + max(0, int(reach[i]) - OWNED + 1)] for i in best}
        runs = tuple(Run(int(reach[i]) + 1, i, None, _commonest(inside[i])) for i in best)
        known = songs[songs != NOBODY]
        first = _commonest(songs)
        if first is None:
            return Found(reach, runs)
        asked = max(1, int(_sampled(grams(codes, OWNED)).sum()))
        return Found(reach, runs, (first, float((known == first).sum()) / asked))

    def _songs(self, codes: IntArray) -> npt.NDArray[np.uint16]:
        """The song that each gram of OWNED steps points at, NOBODY where it points at none: [max(0, M - OWNED + 1)]."""
        wanted = grams(codes, OWNED)
        out = np.full(len(wanted), NOBODY, dtype=np.uint16)
        if len(wanted) == 0 or len(self.owner) == 0:
            return out
        short = _short(wanted)
        slot = np.minimum(np.searchsorted(self.kept[OWNED], short), len(self.owner) - 1)
        hit = (self.kept[OWNED][slot] == short) & _sampled(wanted)
        out[hit] = self.owner[slot[hit]]
        return out

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The sketch as plain arrays: steps between neighbouring hashes, as three rows of bytes, which pack well."""
        out: dict[str, npt.NDArray[np.generic]] = {"owner": self.owner}
        for n in SIZES:
            steps = np.diff(self.kept[n], prepend=np.uint32(0)).astype(np.uint32)
            out[f"kept{n}"] = np.stack([(steps >> np.uint32(8 * k)).astype(np.uint8) for k in range(SKETCH_BITS // 8)])
        return out

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Sketch:
        """The sketch back from `arrays()`.

        Raises:
          FormatError: an array is missing or contradicts another.
        """
        kept: dict[int, npt.NDArray[np.uint32]] = {}
        for n in SIZES:
            rows = arrays.get(f"kept{n}")
            if rows is None or rows.ndim != 2 or rows.shape[0] != SKETCH_BITS // 8 or rows.dtype != np.uint8:
                raise FormatError("The originality index is damaged: a list of its sketch is missing; build it again.")
            whole = rows.astype(np.int64)
            values = np.cumsum(sum((whole[k] << (8 * k) for k in range(len(whole))), np.zeros(whole.shape[1], np.int64)))
            if len(values) and (int(values[-1]) >> SKETCH_BITS or not np.all(np.diff(values) > 0)):
                raise FormatError("The originality index is damaged: a list of its sketch is out of order; build it again.")
            kept[n] = values.astype(np.uint32)
        owner = arrays.get("owner")
        if owner is None or owner.shape != kept[OWNED].shape or owner.dtype != np.uint16:
            raise FormatError("The originality index is damaged: its songs do not fit its figures; build it again.")
        return cls(kept, owner.astype(np.uint16))


def _commonest(songs: npt.NDArray[np.uint16]) -> int | None:
    """The song that occurs most, the first of several; None where there is none."""
    known = songs[songs != NOBODY]
    return int(np.argmax(np.bincount(known))) if len(known) else None
