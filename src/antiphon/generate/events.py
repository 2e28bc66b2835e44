"""Sequence generator: samples events under the grammar until each take is the piece that was asked for.

Legend: B takes in a batch, F fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from antiphon.errors import BriefError
from antiphon.generate.infill import write_into
from antiphon.generate.request import Description, Request, Take
from antiphon.generate.runtime import Floats, Runtime
from antiphon.generate.snapshot import Snapshot
from antiphon.generate.together import LEAST, in_shares, processors
from antiphon.generate.writing import Writing, choose
from antiphon.music.form import stretch
from antiphon.music.harmony import Chord, Key, parse_key
from antiphon.representations.events import MAX_PHRASE, EventCodec, section_letter, transposition
from antiphon.representations.grammar import Demand, Mask, Walk

MOST_EVENTS_A_BAR = 160
TOP_P = (1.0, 0.98, 0.98, 0.98)
"""Share of probability kept in each field: cutting the thin tail removes most wrong notes."""
CONTEXT = 640
"""When so many events are remembered, the generator goes back to the header and the last half of them.

A model trained on short windows remembers less: five quarters of a window.
"""


class EventGenerator:
    """A sequence snapshot as a Generator."""

    def __init__(self, snapshot: Snapshot, runtime: Runtime) -> None:
        self.snapshot, self.runtime = snapshot, runtime
        self.codec = EventCodec(snapshot.spec)
        self.context = min(CONTEXT, 5 * snapshot.shape.get("length", CONTEXT) // 4)
        self.fed, self.threads = 0, processors()

    @property
    def description(self) -> Description:
        """What the snapshot says of itself."""
        s = self.snapshot
        return Description(
            s.name, s.style, s.kind, s.spec.roles, self.meters, 256, s.card, s.digest, s.spec.fills, narrows=True,
            penalty=float(s.facts.get("repetition_penalty", 1.0)),
        )  # fmt: skip

    @property
    def meters(self) -> tuple[tuple[int, int], ...]:
        """Meters that at least one piece in fifty of the training set has, the commonest first."""
        counts = {tuple(int(x) for x in name.split("/")): n for name, n in self.snapshot.facts["meters"].items()}
        least = sum(counts.values()) / 50
        return tuple((m[0], m[1]) for m, n in counts.items() if n >= least and m in self.snapshot.spec.meters)

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take a seed; see generate.request."""
        meter = request.meter or self.meters[0]
        if meter not in self.snapshot.spec.meters:
            raise BriefError(f"Model {self.snapshot.name!r} does not know the meter {meter[0]}/{meter[1]}.")
        if self.threads < 2 or len(seeds) < LEAST:
            return self._side_by_side(request, seeds)
        return in_shares(lambda some: self._twin()._side_by_side(request, some), seeds, len(seeds), self.threads)

    def _twin(self) -> EventGenerator:
        """The same generator with a memory of its own, to write in another thread; graphs are shared."""
        twin = copy(self)
        twin.runtime = copy(self.runtime)
        return twin

    def _side_by_side(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """Takes event by event in step."""
        if request.given is not None:
            return write_into(self, request, seeds)
        meter = request.meter or self.meters[0]
        rngs = [np.random.default_rng(seed) for seed in seeds]
        keys = [request.key or self._draw_key(rng) for rng in rngs]
        tempos = [request.tempo or self._draw_tempo(rng) for rng in rngs]
        writings = [
            Writing(Walk(self.codec, self._demand(request, meter, key, rng)), rng, [], [])
            for key, rng in zip(keys, rngs, strict=True)
        ]
        for w, key in zip(writings, keys, strict=True):
            w.events.append(self.codec.header(key.minor, w.walk.demand.roles))
            w.times.append(0)
        self.sample(writings, request)
        takes: list[Take] = []
        for seed, w, key, tempo in zip(seeds, writings, keys, tempos, strict=True):
            score = self.codec.decode(np.array(w.events, dtype=np.int16), key, tempo)
            takes.append(Take(score, w.nats / max(1, score.note_count), int(seed)))
        return takes

    def _draw_key(self, rng: np.random.Generator) -> Key:
        names = list(self.snapshot.facts["keys"])
        weights = np.array(list(self.snapshot.facts["keys"].values()), dtype=np.float64)
        return parse_key(names[int(rng.choice(len(names), p=weights / weights.sum()))])

    def _draw_tempo(self, rng: np.random.Generator) -> float:
        tempos = self.snapshot.facts["tempos"]
        return float(round(tempos[int(rng.integers(len(tempos) // 4, len(tempos) * 3 // 4 + 1))]))

    def _demand(self, request: Request, meter: tuple[int, int], key: Key, rng: np.random.Generator) -> Demand:
        """The request in the codec's terms, moved to C major or A minor."""
        index = self.snapshot.spec.meters.index(meter)
        roles = self.snapshot.spec.roles
        wanted = request.tracks or roles
        mask = sum(1 << roles.index(name) for name in wanted)
        chords = None
        if request.chords is not None:
            chords = tuple(self._bar_chords(bar, index, transposition(key)) for bar in request.chords)
        # a model that has seen chord marks writes better music to them: then it may not leave them out
        harmony = float(self.snapshot.facts.get("chords", 0)) >= 0.5
        return Demand(request.bars, index, mask, chords, self._form(request, rng), harmony)

    def _form(self, request: Request, rng: np.random.Generator) -> dict[int, tuple[int, int]] | None:
        """Phrases asked for, or drawn by the take's seed as the training pieces have them; None where they have no labels."""
        forms = self.snapshot.facts.get("forms")
        if not forms:
            return None
        begins, sections = 0, {}
        for phrase in request.form or stretch(forms, request.bars, rng):
            sections[begins] = (section_letter(phrase.letter), min(phrase.bars, MAX_PHRASE))
            begins += phrase.bars
        return sections

    def _bar_chords(self, bar: Sequence[Chord | None], meter: int, move: int) -> tuple[tuple[int, Chord | None], ...]:
        steps = self.codec.steps_in(meter)
        if len(bar) > steps:
            raise BriefError(f"A bar cannot hold {len(bar)} chords; write at most {steps}.")
        return tuple((i * steps // len(bar), chord and chord.transpose(move)) for i, chord in enumerate(bar))

    def sample(self, writings: list[Writing], request: Request) -> None:
        """Write all takes to their end in step, each from its own random numbers; a finished take leaves the batch.

        Of the request only the way in which ids are drawn counts here: temperature, top-k, repetition penalty.
        """
        live = writings
        state = self._prime(live)
        while True:
            self._extend(live, state, request)
            going = [row for row, w in enumerate(live) if not w.walk.done]
            if not going:
                return
            if len(going) < len(live):
                self.runtime.keep(going)
                live = [live[row] for row in going]
            self.fed += 1
            full = self.fed >= self.context and live[0].context is None  # a gap is short, and needs all of its context
            state = self._prime(live) if full else self._feed(live, -1)

    def _prime(self, live: list[Writing]) -> Floats:
        """Begin with an empty memory: what a gap is written into; or the header and the last half of a full memory."""
        parts = [w.context for w in live if w.context is not None]
        if parts:
            return self.runtime.prime(parts)
        written = len(live[0].events)  # as many in every take, since they are written in step
        again = [0, *range(max(1, written - self.context // 2), written)]
        self.fed = len(again)
        self.runtime.reset(len(live))
        events = np.array([[w.events[at] for at in again] for w in live], dtype=np.int64)
        return self.runtime.read(events, np.array([[w.times[at] for at in again] for w in live], dtype=np.int64))[:, -1]

    def _feed(self, live: list[Writing], at: int) -> Floats:
        """Feed the event at one place of every take."""
        events = np.array([w.events[at] for w in live], dtype=np.int64)
        return self.runtime.feed(events, np.array([w.times[at] for w in live], dtype=np.int64))

    def _extend(self, live: list[Writing], state: Floats, request: Request) -> None:
        """Sample the next event of every take, field by field, or put the only one that may come."""
        events = [w.walk.forced() for w in live]
        rows = [row for row, event in enumerate(events) if event is None]
        drawn: list[tuple[int, ...]] = [()] * len(rows)
        for _ in TOP_P:
            masks = [self._mask(live[row], known) for row, known in zip(rows, drawn, strict=True)]
            chosen = self._field([live[row] for row in rows], state[rows], drawn, masks, request)
            drawn = [(*known, one) for known, one in zip(drawn, chosen, strict=True)]
        for row, (kind, value, extent, accent) in zip(rows, drawn, strict=True):
            events[row] = (kind, value, extent, accent)
        for w, event in zip(live, events, strict=True):
            assert event is not None
            before = w.walk.bar
            w.hear(event[0], event[1])
            w.walk.take(event)
            w.in_bar = 0 if w.walk.bar != before else w.in_bar + 1
            w.events.append(event)
            w.times.append(w.begin + max(w.walk.bar, 0) * self.codec.steps_in(w.walk.demand.meter) + w.walk.step)

    def _mask(self, w: Writing, known: tuple[int, ...]) -> Mask:
        """What may come in the next field of a take's next event."""
        walk = w.walk
        if len(known) == 1:
            return walk.values(known[0])
        if len(known) == 2:
            return walk.extents(known[0], known[1])
        if len(known) == 3:
            return walk.accents(known[0], known[1])
        kinds = walk.kinds()
        line = self.codec.vocabularies[0].span("bar").start if walk.bar + 1 < walk.demand.bars else 1
        if w.in_bar >= MOST_EVENTS_A_BAR and kinds[line]:
            kinds = np.arange(len(kinds)) == line
        return kinds

    def _field(
        self, live: list[Writing], state: Floats, known: list[tuple[int, ...]], masks: list[Mask], request: Request
    ) -> list[int]:
        """One field of every take's next event; where its mask leaves a single id, nothing is drawn.

        The logits of all takes come from one call, the draw is each take's own.
        """
        out = [int(mask.argmax()) for mask in masks]
        rows = [row for row, mask in enumerate(masks) if np.count_nonzero(mask) > 1]
        if not rows:
            return out
        f = len(known[rows[0]])
        before = np.array([known[row] for row in rows], dtype=np.int64).reshape(len(rows), f)
        logits = self.runtime.logits(f, state[rows], before)
        for row, x in zip(rows, logits, strict=True):
            u = float(live[row].rng.random())
            repeats = live[row].repeats(known[row], request.repetition_penalty)
            out[row], nats = choose(x, masks[row], u, request.temperature, TOP_P[f], request.top_k, repeats)
            live[row].nats += nats
        return out
