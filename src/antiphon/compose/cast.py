"""A foreign piece as a model would have to learn it: one track a role, the harmony marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from antiphon.compose.roles import match
from antiphon.music.chords import recognise_chords
from antiphon.music.edit import without_overlaps
from antiphon.music.score import Score, Track, notes_array


def as_roles(score: Score, roles: Sequence[str]) -> Score | None:
    """The piece with those tracks alone that play a role of the model's, named as the roles; None where none does.

    Two hands of one part become one track; a part in another octave than the role's moves there. Where the file marks no
    chords, those that are heard are marked.
    """
    parts = match(score, roles)
    tracks: list[Track] = []
    for role in roles:
        part = parts.get(role)
        if part is None:
            continue
        notes = np.concatenate([score.tracks[i].notes for i in part.tracks])
        notes["pitch"] = np.clip(notes["pitch"] + part.octave, 0, 127)
        if len(notes):
            first = score.tracks[part.tracks[0]]
            tracks.append(Track(role, first.program, first.is_drum, without_overlaps(notes_array(notes))))
    if not tracks:
        return None
    cast = replace(score, tracks=tuple(tracks))
    return cast if cast.chords else replace(cast, chords=recognise_chords(cast))
