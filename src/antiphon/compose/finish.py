"""From a take to the finished piece: exact length, tempo, dynamics, and the marks a reader expects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from antiphon.compose.brief import Progression
from antiphon.compose.plan import Plan
from antiphon.generate.request import Description
from antiphon.music.chords import recognise_chords
from antiphon.music.edit import cut
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Tempo, Track
from antiphon.music.tonality import find_key

TITLES = {"chorale": "Chorale", "folk": "Tune", "pop": "Song", "band": "Song"}


def finish(score: Score, plan: Plan, description: Description) -> Score:
    """The take as the plan wants it, whatever the generator did: constraints here hold by construction.

    The piece is exactly the plan's number of bars long (notes are cut at its end), in the plan's meter throughout; a
    tempo asked for replaces the tempo map; velocities are scaled by the plan's dynamics; the key and the chords asked
    for are marked, or those that are heard, where the generator marks none; empty tracks that were not asked for are left out.
    """
    meter = Meter(0, *plan.meter)
    length = plan.request.bars * meter.bar_ticks(score.resolution)
    piece = replace(score, meters=(meter,), length=length)
    if piece.end > length:
        piece = cut(piece, 0, length)
    if plan.request.tempo is not None:
        piece = replace(piece, tempos=(Tempo.from_qpm(0, plan.request.tempo),))
    if plan.request.key is not None:
        piece = replace(piece, keys=(KeyMark(0, plan.request.key),))
    if plan.request.chords is not None:
        piece = replace(piece, chords=_chord_marks(plan.request.chords, meter.bar_ticks(score.resolution)))
    if not piece.keys and (heard := find_key(piece)) is not None:
        piece = replace(piece, keys=(KeyMark(0, heard.key),))
    if not piece.chords:
        piece = replace(piece, chords=recognise_chords(piece))
    wanted = plan.request.tracks or ()
    tracks = [_scaled(track, plan.dynamics) for track in piece.tracks if len(track) or track.name in wanted]
    title = piece.title or _title(piece, description)
    return replace(piece, tracks=tuple(tracks), title=title)


def _chord_marks(chords: Progression, bar: int) -> tuple[ChordMark, ...]:
    """A mark wherever the chord changes; the chords of a bar share it evenly."""
    marks: list[ChordMark] = []
    for i, names in enumerate(chords):
        for j, chord in enumerate(names):
            if not marks or marks[-1].chord != chord:
                marks.append(ChordMark(i * bar + j * bar // len(names), chord))
    return tuple(marks)


def _scaled(track: Track, factor: float) -> Track:
    """The track with its velocities times the factor, kept within 1 to 127."""
    if factor == 1.0:
        return track
    notes = track.notes.copy()
    notes["velocity"] = np.clip(np.rint(notes["velocity"] * factor), 1, 127)
    return replace(track, notes=notes)


def _title(score: Score, description: Description) -> str:
    kind = TITLES.get(description.style, description.style.capitalize() or "Piece")
    return f"{kind} in {score.keys[0].key}" if score.keys else kind
