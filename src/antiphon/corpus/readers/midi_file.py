"""The MIDI file of a unit, read or refused: what readers of one piece a file begin with."""

from __future__ import annotations

from antiphon.corpus.piece import Cause, Refusal, Unit
from antiphon.errors import AntiphonError
from antiphon.io import midi
from antiphon.music.score import Score


def score_of(unit: Unit) -> Score | Refusal:
    """What the unit's file holds, titled by its name; a file that cannot be read, or has no note, is refused."""
    try:
        raw = midi.loads(unit.path.read_bytes(), title=unit.path.stem)
    except (AntiphonError, OSError) as error:
        return Refusal(unit.key, Cause.UNREADABLE, str(error))
    return raw if raw.note_count else Refusal(unit.key, Cause.NO_NOTES)
