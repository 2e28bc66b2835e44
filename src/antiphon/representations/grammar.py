"""What may follow: masks that make every sampled sequence decode to the piece that was asked for.

Legend: B takes in a batch. A take's state is a handful of integers; masks are boolean [vocabulary of the field].
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from antiphon.music.harmony import Chord
from antiphon.representations.events import COUNTDOWN, DURATIONS, PITCHES, EventCodec

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Demand:
    """What a sampled piece must hold; everything else is free. Music is in C major or A minor here.

    Attributes:
      bars: number of bars.
      meter: index into the codec's meters.
      roles: bit mask of roles that may play.
      chords: for each bar its chords as (step, chord), or None to let the model write the harmony;
        an empty tuple instead of a bar's chords forbids chord events there.
      harmony: True where the model is to write the harmony, and a chord (or none) must be named at every bar line.
      sections: bar -> (letter index, bars) for phrases that begin there, or None to let the model choose.
      after: bars of a given piece that follow; the last of `bars` is then not the last of the piece.
    """

    bars: int
    meter: int = 0
    roles: int = 1
    chords: tuple[tuple[tuple[int, Chord | None], ...], ...] | None = None
    sections: dict[int, tuple[int, int]] | None = None
    harmony: bool = False
    after: int = 0


@dataclass
class Walk:
    """Where one take stands in the grammar; `kinds`, `values`, ... give the masks for its next event."""

    codec: EventCodec
    demand: Demand
    bar: int = -1
    step: int = 0
    last: int = -1  # value id of the last note at this step, -1 before any
    stage: int = 0  # within a bar: 0 after the bar line, 1 after a section, 2 after chords or notes
    chorded: bool = False  # a chord stands at this step already
    named: bool = False  # a chord stands in this bar already
    done: bool = False
    pending: list[tuple[int, Chord | None]] = field(default_factory=list)

    def forced(self) -> tuple[int, int, int, int] | None:
        """The only event that may come next, if there is only one."""
        c, d = self.codec, self.demand
        if self.bar < 0:
            return c.bar(d.bars + d.after, d.meter)
        if self.stage == 0 and d.sections is not None and self.bar in d.sections:
            return c.section(*d.sections[self.bar])
        if self.pending and self.pending[0][0] <= self.step and self.last < 0:
            return c.chord(*self.pending[0])
        return None

    def kinds(self) -> Mask:
        """Kinds that may come next."""
        c, d = self.codec, self.demand
        kind, value = c.vocabularies[0], c.vocabularies[1]
        mask = np.zeros(kind.size, dtype=bool)
        steps = c.steps_in(d.meter)
        notes, chords = kind.span("note"), kind.span("chord")
        if d.harmony and d.chords is None and not self.named:
            mask[chords.start] = True
            mask[kind.encode("section")] = self.stage == 0 and d.sections is None
            return mask
        until = self.pending[0][0] if self.pending else steps
        # another note at this step is possible only while a higher (role, pitch) is left among the roles that play
        first = self.step if self._notes_left(value.span("pitch").start) else self.step + 1
        mask[notes.start + first : notes.start + min(steps, until)] = True
        if self.pending:
            mask[chords.start + until] = True
        elif d.chords is None:
            free = self.step if self.last < 0 and not self.chorded else self.step + 1
            mask[chords.start + free : chords.start + steps] = True
        if self.stage == 0 and d.sections is None:
            mask[kind.encode("section")] = True
        if not self.pending:
            mask[kind.encode("bar" if self.bar + 1 < d.bars else "end")] = True
        return mask

    def _notes_left(self, start: int) -> bool:
        top = self.demand.roles.bit_length() * PITCHES
        return self.last - start + 1 < top

    def values(self, kind_id: int) -> Mask:
        """Values that may go with this kind."""
        c, d = self.codec, self.demand
        name, step = c.vocabularies[0].decode(kind_id)
        value = c.vocabularies[1]
        mask = np.zeros(value.size, dtype=bool)
        if name == "bar":
            left = d.bars + d.after - self.bar - 1
            mask[value.encode("countdown", left if left <= COUNTDOWN else 0)] = True
        elif name == "section":
            mask[value.span("letter")] = True
        elif name == "chord":
            if self.pending:
                mask[c.chord(*self.pending[0])[1]] = True
            else:
                mask[value.span("root")] = True
        elif name == "note":
            pitches = value.span("pitch")
            for role in range(len(c.spec.roles)):
                if d.roles >> role & 1:
                    mask[pitches.start + role * PITCHES : pitches.start + (role + 1) * PITCHES] = True
            if step == self.step and self.last >= 0:
                mask[: self.last + 1] = False
        else:
            mask[value.encode("none")] = True
        return mask

    def extents(self, kind_id: int, value_id: int) -> Mask:
        """Extents that may go with this kind and value."""
        c, d = self.codec, self.demand
        name, step = c.vocabularies[0].decode(kind_id)
        value, extent = c.vocabularies[1], c.vocabularies[2]
        mask = np.zeros(extent.size, dtype=bool)
        if name == "bar":
            mask[extent.encode("meter", d.meter)] = True
        elif name == "section":
            mask[extent.span("phrase")] = True
        elif name == "chord" and (self.pending or value_id == value.encode("root", 12)):
            mask[c.chord(*self.pending[0])[2] if self.pending else extent.encode("quality", 0)] = True
        elif name == "chord":
            mask[extent.span("quality")] = True
        elif name == "note":
            steps_left = (d.bars + d.after - self.bar) * c.steps_in(d.meter) - step
            span = extent.span("duration")
            drum = (value_id - value.span("pitch").start) // PITCHES in c.spec.kits
            mask[span.start : span.start + (1 if drum else sum(length <= steps_left for length in DURATIONS))] = True
        else:
            mask[extent.encode("none")] = True
        return mask

    def accents(self, kind_id: int, value_id: int) -> Mask:
        """Accents that may go with this kind and value."""
        c = self.codec
        name, _ = c.vocabularies[0].decode(kind_id)
        accent = c.vocabularies[3]
        mask = np.zeros(accent.size, dtype=bool)
        if name == "note":
            mask[accent.span("velocity")] = True
        elif name == "chord" and self.pending:
            mask[c.chord(*self.pending[0])[3]] = True
        elif name == "chord" and value_id != c.vocabularies[1].encode("root", 12):
            mask[accent.span("bass")] = True
        elif name == "chord":
            mask[accent.encode("bass", 0)] = True
        else:
            mask[accent.encode("none")] = True
        return mask

    def take(self, event: tuple[int, int, int, int]) -> None:
        """Move on by one event that the masks allowed."""
        name, step = self.codec.vocabularies[0].decode(event[0])
        if name == "bar":
            self.bar += 1
            self.step, self.last, self.stage, self.chorded, self.named = 0, -1, 0, False, False
            chords = self.demand.chords
            self.pending = list(chords[self.bar]) if chords is not None else []
        elif name == "section":
            self.stage = 1
        elif name == "chord":
            self.stage, self.step, self.last, self.chorded, self.named = 2, step, -1, True, True
            if self.pending:
                self.pending.pop(0)
        elif name == "note":
            self.stage, self.step, self.last = 2, step, event[1]
        elif name == "end":
            self.done = True
