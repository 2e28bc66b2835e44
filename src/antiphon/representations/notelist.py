"""Note-list codec: the cells of a window <-> a list of time-stamped compound events, one a note.

Legend: N places, F = 4 fields, n bars, R roles, S steps a bar, P pitches.

    role (0: no note)    advance since the note before    pitch row    duration - 1
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.representations.pianoroll import PianoRollSpec, Rolls

NoteList = npt.NDArray[np.int64]
"""Compound events [N, 4]; places after the last note are zero."""


def field_sizes(spec: PianoRollSpec) -> tuple[int, int, int, int]:
    """Options of each field: roles and none, up to two bars of advance, pitch rows, up to a bar of duration."""
    return len(spec.roles) + 1, 2 * spec.steps + 1, spec.pitches, spec.steps


def to_notes(cells: npt.NDArray[Any], spec: PianoRollSpec, length: int) -> NoteList:
    """The first `length` notes of a window [n, R, 2, S, P], by (time, role, pitch); longer durations and rests are cut."""
    flat = np.asarray(cells > 0.5).transpose(1, 2, 0, 3, 4).reshape(len(spec.roles), 2, -1, spec.pitches)
    onset, hold = flat[:, 0], flat[:, 1]
    found = np.argwhere(onset.transpose(1, 0, 2))[:length]  # (time, role, pitch)
    out = np.zeros((length, 4), dtype=np.int64)
    before, end = 0, onset.shape[1]
    for i, (time, role, pitch) in enumerate(found.tolist()):
        last = time + 1
        while last < end and last - time < spec.steps and hold[role, last, pitch] and not onset[role, last, pitch]:
            last += 1
        out[i] = role + 1, min(time - before, 2 * spec.steps), pitch, last - time - 1
        before = time
    return out


def to_cells(notes: NoteList, spec: PianoRollSpec) -> Rolls:
    """The window that a list says; places without a note are left out, as is what lies beyond the window's end."""
    total = spec.bars * spec.steps
    flat = np.zeros((len(spec.roles), 2, total, spec.pitches), dtype=bool)
    time = 0
    for role, advance, pitch, length in notes.tolist():
        if role == 0:
            continue
        time += advance
        if time >= total:
            break
        flat[role - 1, 0, time, pitch] = True
        flat[role - 1, 1, time + 1 : min(total, time + 1 + length), pitch] = True
    flat[:, 1] &= ~flat[:, 0]
    shaped = flat.reshape(len(spec.roles), 2, spec.bars, spec.steps, spec.pitches)
    return np.ascontiguousarray(shaped.transpose(2, 0, 1, 3, 4))


def one_hot(notes: NoteList, spec: PianoRollSpec) -> npt.NDArray[np.float32]:
    """Fields side by side as one-hot vectors, [N, sum of the field sizes]."""
    return np.concatenate(
        [np.eye(size, dtype=np.float32)[notes[:, f]] for f, size in enumerate(field_sizes(spec))], axis=1
    )  # fmt: skip
