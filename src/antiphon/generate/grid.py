"""Grid generator: all bars of a part in a few rounds, each round many cells at once; whatever is given is read first.

Legend: B takes, n bars, rows = roles + 1 (row 0 is the harmony), q cells of a round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from antiphon.errors import BriefError
from antiphon.generate.grid_runtime import Cells, GridRuntime, Places, Shares
from antiphon.generate.request import Description, Request, Take, refuse_narrowing
from antiphon.generate.snapshot import Snapshot
from antiphon.generate.together import in_shares, processors
from antiphon.music.beats import bar_starts
from antiphon.music.edit import named, without_overlaps
from antiphon.music.form import passage
from antiphon.music.harmony import Key, parse_key
from antiphon.music.score import Note, Score, Track, notes_array
from antiphon.music.tonality import key_in
from antiphon.representations.events import section_letter, transposition
from antiphon.representations.grid import (
    MOST,
    STEPS,
    Encoded,
    GridSpec,
    bar_features,
    chord_event,
    decode,
    encode,
    tempo_class,
)
from antiphon.representations.returns import Written

MAX_BARS = 256
ENDING = 2
"""So many last bars know how near the end is, and they are told one bar more than is true: in half of the songs the very last
bar is silent, and from six bars before it on the melody mostly is."""
FLOOR = (0.002, 0.005, 0.03, 0.002)
"""Beginnings of a cell, steps, pitches and durations less likely than this share of the likeliest are never drawn."""
COOL = (1.0, 0.94, 0.88, 1.0)
"""A request's temperature is taken times this for each of them."""
TOGETHER = 1
"""Bars of a part that are written at once. More are quicker and know less of each other."""
WHOLE = False
"""Whether all of the harmony is written before the parts begin, in place of a bar ahead of them. It is slower and no better."""
BATCH = 64
SHARE = 32
"""So many takes are written side by side: more are no quicker, and shares of them are written in threads."""


Grid = list[list[npt.NDArray[np.uint8] | None]]
"""Cells [n][rows]; None is open, or not there."""


Plan = tuple[tuple[int, int], npt.NDArray[np.uint8]]
"""What the network is told of a whole piece, and of each of its bars [n, 4]."""


@dataclass(frozen=True)
class Canvas:
    """What one take begins with.

    Attributes:
      key, tempo: of the piece.
      piece: what the network is told of the whole.
      features: what it is told of each bar [n, 4].
      sections: (first bar, letter) of each phrase.
      cells: [n][rows] of what is given; None where it is open, or not there at all.
      uniform: random numbers [open cells, MOST, 3] in the order of writing.
    """

    key: Key
    tempo: float
    piece: tuple[int, int]
    features: npt.NDArray[np.uint8]
    sections: tuple[tuple[int, int], ...]
    cells: Grid
    uniform: npt.NDArray[np.float32]


class GridGenerator:
    """A grid snapshot as a Generator."""

    def __init__(self, snapshot: Snapshot, runtime: GridRuntime) -> None:
        self.snapshot, self.runtime = snapshot, runtime
        self.spec = GridSpec(snapshot.spec.roles, snapshot.spec.programs)
        self.span = snapshot.shape["bars"]
        self.together, self.whole = TOGETHER, WHOLE
        self.cool, self.floor, self.copies, self.threads = COOL, FLOOR, True, processors()
        self.order = tuple(snapshot.facts.get("order", range(1, self.spec.rows)))

    @property
    def description(self) -> Description:
        """What the snapshot says of itself."""
        s = self.snapshot
        return Description(s.name, s.style, s.kind, self.spec.roles, ((4, 4),), MAX_BARS, s.card, s.digest, infills=True)

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take a seed; see generate.request.

        Raises:
          BriefError: another meter than 4/4, a track that the model does not have, top-k or a repetition penalty is asked for.
        """
        name, roles = self.snapshot.name, self.spec.roles
        refuse_narrowing(name, request)
        if request.meter not in (None, (4, 4)):
            raise BriefError(f"Model {name!r} writes 4/4 only; choose another model for another meter.")
        asked = [role for o in request.openings for role in o.roles] + list(request.tracks or ())
        unknown = [role for role in asked if role not in roles]
        if unknown:
            raise BriefError(f"Model {name!r} has the tracks {', '.join(roles)}, not {unknown[0]}.")
        if request.given is not None and {(m.numerator, m.denominator) for m in request.given.meters} != {(4, 4)}:
            raise BriefError(f"Model {name!r} writes into pieces in 4/4 only.")
        return in_shares(partial(self._batch, request), seeds, SHARE, self.threads)

    def _batch(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        canvases = [self._canvas(request, np.random.default_rng(seed)) for seed in seeds]
        nats = self._fill(canvases, self._rows(request), request.temperature)
        fine = 480 if request.given is None else 4 * request.given.resolution
        loud = np.asarray(self.snapshot.facts["velocities"], dtype=np.float64)
        takes = []
        for canvas, total, seed in zip(canvases, nats, seeds, strict=True):
            cells = [[np.zeros((0, 3), np.uint8) if c is None else c for c in bar] for bar in canvas.cells]
            score = decode(
                cells, self.spec, canvas.key, canvas.tempo, sections=canvas.sections, velocities=loud, resolution=fine
            )
            notes = score.note_count
            if request.given is not None:
                score, notes = put_back(score, request, self.spec)
            takes.append(Take(score, float(total) / max(1, notes), int(seed)))
        return takes

    def written_to(self, plans: Sequence[Plan], seeds: Sequence[int | tuple[int, ...]]) -> list[Grid]:
        """Takes as cells to given plans of equal length, all parts written."""
        canvases = []
        for (piece, features), seed in zip(plans, seeds, strict=True):
            uniform = np.random.default_rng(seed).random((len(features) * self.spec.rows, MOST, 3), dtype=np.float32)
            cells: Grid = [[None] * self.spec.rows for _ in features]
            canvases.append(Canvas(Key(0), 120.0, piece, features, (), cells, uniform))
        for at in range(0, len(canvases), BATCH):
            self._fill(canvases[at : at + BATCH], [0, *self.order], 1.0)
        return [canvas.cells for canvas in canvases]

    def _canvas(self, request: Request, rng: np.random.Generator) -> Canvas:
        """Everything that a take draws or is given, in an order that no other wish changes."""
        facts, given = self.snapshot.facts, request.given
        names, weights = list(facts["keys"]), np.array(list(facts["keys"].values()), dtype=np.float64)
        key = parse_key(names[int(rng.choice(len(names), p=weights / weights.sum()))])
        tempos = facts["tempos"]
        tempo = float(round(tempos[int(rng.integers(len(tempos) // 4, len(tempos) * 3 // 4 + 1))]))
        form = passage(facts["forms"], request.bars, rng) if facts.get("forms") else ()
        uniform = rng.random((request.bars * self.spec.rows, MOST, 3), dtype=np.float32)
        if given is not None:
            key = key_in(given)
            tempo = given.tempos[0].qpm if given.tempos else tempo
        key, tempo, form = request.key or key, request.tempo or tempo, request.form or form
        phrases, first = [], 0
        for phrase in form:
            phrases.append((first, section_letter(phrase.letter), phrase.bars))
            first += phrase.bars
        features = bar_features(phrases, request.bars)
        features[:, 3] = np.where(features[:, 3] <= ENDING, features[:, 3] + (features[:, 3] > 0), 0)
        sections = tuple((first, letter) for first, letter, _ in phrases)
        cells: Grid = [[None] * self.spec.rows for _ in range(request.bars)]
        if given is not None:
            found = encode(given, self.spec, key)
            self._give(cells, found, request)
            features, sections = (found.features, ()) if request.form is None else (features, sections)
        if request.chords is not None:
            self._harmony(cells, request, transposition(key))
        return Canvas(key, tempo, (1 + int(key.minor), tempo_class(tempo)), features, sections, cells, uniform)

    def _give(self, cells: Grid, found: Encoded, request: Request) -> None:
        """Put what is given into its cells: all but the openings, and the harmony where it binds."""
        opened = {(bar, role) for o in request.openings for bar in range(o.first, o.stop) for role in o.roles}
        free = {bar for bar, _ in opened} if request.free_harmony else set()
        for bar, row in enumerate(found.cells):
            if found.present[0] and bar not in free:
                cells[bar][0] = row[0]
            for r, role in enumerate(self.spec.roles, start=1):
                if (bar, role) not in opened and found.present[r]:
                    cells[bar][r] = row[r]

    def _harmony(self, cells: Grid, request: Request, move: int) -> None:
        assert request.chords is not None
        for bar, chords in enumerate(request.chords):
            if len(chords) > STEPS:
                raise BriefError(f"A bar cannot hold {len(chords)} chords; write at most {STEPS}.")
            rows = [chord_event(i * STEPS // len(chords), c and c.transpose(move)) for i, c in enumerate(chords)]
            kept = [row for i, row in enumerate(rows) if i == 0 or row[1:] != rows[i - 1][1:]]
            cells[bar][0] = np.array(kept, dtype=np.uint8)

    def _rows(self, request: Request) -> list[int]:
        """The rows that are there at all, in the order of writing."""
        roles = set(request.tracks or self.spec.roles)
        if request.given is not None:
            roles &= {t.name for t in request.given.tracks if len(t)} | {role for o in request.openings for role in o.roles}
        harmony = [0] if self.snapshot.facts.get("harmony", True) or request.chords is not None else []
        return harmony + [row for row in self.order if self.spec.roles[row - 1] in roles]

    def _fill(self, canvases: list[Canvas], rows: list[int], temperature: float) -> npt.NDArray[np.float64]:
        """Write all open cells of all takes; gives back the log-likelihood of each. The same cells are open in all."""
        bars, half = len(canvases[0].cells), self.span // 2
        nats = np.zeros(len(canvases))
        if bars <= self.span:
            parts = [(0, 0, bars, bars)]
        else:  # half a span at a time, with what stands around it in view
            ahead = half // 2 if any(c is not None for c in canvases[0].cells[-1][1:]) else 0
            parts = [
                (max(0, first - half + ahead), first, min(bars, first + half), min(bars, first + half + ahead))
                for first in range(0, bars, half)
            ]
        for low, first, stop, high in parts:
            open_ = [[b for b in range(first, stop) if canvases[0].cells[b][row] is None] for row in rows]
            if any(open_):
                nats += self._part(canvases, rows, open_, (low, high), temperature)
        return nats

    def _part(
        self, canvases: list[Canvas], rows: list[int], open_: list[list[int]], view: tuple[int, int], temperature: float
    ) -> npt.NDArray[np.float64]:
        """Write the open bars of each row, with the bars of a view read first."""
        low, high = view
        memory = self.runtime.begin(len(canvases))
        written = Written(len(canvases), high - low, self.spec.rows, self.copies)
        shares = Shares(tuple(t * temperature for t in self.cool), self.floor)
        piece = np.array([c.piece for c in canvases], dtype=np.int64)
        known = [(bar, row) for row in rows for bar in range(low, high) if canvases[0].cells[bar][row] is not None]
        if known:
            memory.unread.append(self._read(canvases, known, low, written))
        nats = np.zeros(len(canvases))
        for some in rounds(rows, open_, self.together, self.whole):
            ask = self._places(canvases, some, low)
            at = [bar * self.spec.rows + row for bar, row in some]
            uniform = np.stack([c.uniform[at] for c in canvases])
            made, likely = self.runtime.write(memory, piece, ask, uniform, shares, written)
            nats += likely.sum(1)
            for canvas, events, counts in zip(canvases, made.events, made.counts, strict=True):
                for (bar, row), cell, count in zip(some, events, counts.tolist(), strict=True):
                    canvas.cells[bar][row] = cell[:count].astype(np.uint8)
        return nats

    def _places(self, canvases: list[Canvas], cells: list[tuple[int, int]], low: int) -> Places:
        b, bars = len(canvases), [bar for bar, _ in cells]
        row = np.tile(np.array([r + 1 for _, r in cells], dtype=np.int64), (b, 1))
        place = np.tile(np.array(bars, dtype=np.int64) - low, (b, 1))
        return Places(row, place, np.stack([c.features[bars] for c in canvases]).astype(np.int64))

    def _read(self, canvases: list[Canvas], cells: list[tuple[int, int]], low: int, written: Written) -> Cells:
        """Cells that are there, as the runtime reads them."""
        found = [[cell for bar, row in cells if (cell := c.cells[bar][row]) is not None] for c in canvases]
        counts = np.array([[len(cell) for cell in take] for take in found], dtype=np.int64)
        events = np.zeros((len(canvases), len(cells), max(1, int(counts.max())), 3), dtype=np.int64)
        for b, take in enumerate(found):
            for i, cell in enumerate(take):
                events[b, i, : len(cell)] = cell
        echo = [written.put(bar - low, row, [take[i] for take in found]) for i, (bar, row) in enumerate(cells)]
        return Cells(events, counts, *self._places(canvases, cells, low), np.stack(echo, axis=1))


def rounds(
    rows: Sequence[int], bars: Sequence[Sequence[int]], together: int, whole: bool = True
) -> list[list[tuple[int, int]]]:
    """The cells (bar, row) of each round: the harmony bar after bar, then the parts as a wave, each a step behind.

    So every part knows the whole harmony, the parts before it up to this bar, and itself up to the bar before.

    Args:
      rows: in the order of writing; row 0 is the harmony.
      bars: the open bars of each row.
      together: bars of a step.
      whole: whether all of the harmony stands before the parts begin; else it is the first of the wave.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    begin = 0
    for row, some in zip(rows, bars, strict=True):
        for bar in some:
            found.setdefault(begin + bar // together, []).append((bar, row))
        begin = max(found, default=-1) + 1 if row == 0 and whole else begin + 1
    return [found[step] for step in sorted(found)]


def put_back(made: Score, request: Request, spec: GridSpec) -> tuple[Score, int]:
    """The given piece with its openings as they were made (at four times its resolution); and how many notes are new."""
    given = request.given
    assert given is not None
    starts = [*bar_starts(given), given.end]
    tracks, count = [], 0
    for name, program in zip(spec.roles, spec.programs, strict=True):
        spans = [(starts[o.first], starts[o.stop]) for o in request.openings if name in o.roles]
        old, new = named(given.tracks, name), named(made.tracks, name)
        track = old if old is not None else Track(name, program)
        stays = np.ones(len(track), dtype=bool)
        fresh: list[Note] = []
        for start, stop in spans:
            onset = track.notes["onset"]
            stays &= (onset < start) | (onset >= stop)
            notes = [] if new is None else new.notes.tolist()
            fresh += [Note(n[0] // 4, max(1, n[1] // 4), n[2], n[3]) for n in notes if start <= n[0] // 4 < stop]
        count += len(fresh)
        kept = [Note(*n) for n in track.notes[stays].tolist()]
        if old is not None or fresh:
            tracks.append(replace(track, notes=without_overlaps(notes_array([*kept, *fresh]))))
    tracks += [t for t in given.tracks if t.name not in spec.roles]
    bound = bool(given.chords) and not request.free_harmony and request.chords is None
    chords = given.chords if bound else tuple(m._replace(tick=m.tick // 4) for m in made.chords)
    return replace(given, tracks=tuple(tracks), chords=chords), count
