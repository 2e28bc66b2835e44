"""Edits by hand as the page may send them, typed and bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from antiphon.studio.shapes import Bar, Bars, Index, Length, Name, Pitch, Shape, Tick, TrackNames, Velocity


class AddNote(Shape):
    """A new note."""

    op: Literal["add"]
    track: Index
    onset: Tick
    duration: Length
    pitch: Pitch
    velocity: Velocity = 80


class RemoveNote(Shape):
    """A note taken away."""

    op: Literal["remove"]
    track: Index
    onset: Tick
    pitch: Pitch
    duration: Length | None = None


class NoteChange(Shape):
    """What becomes of a note; what is None stays."""

    onset: Tick | None = None
    duration: Length | None = None
    pitch: Pitch | None = None
    velocity: Velocity | None = None
    track: Index | None = None


class ChangeNote(Shape):
    """A note moved, resized or played otherwise."""

    op: Literal["change"]
    track: Index
    onset: Tick
    pitch: Pitch
    duration: Length | None = None
    to: NoteChange


class Transpose(Shape):
    """A selection, or the piece, moved by semitones."""

    op: Literal["transpose"]
    semitones: Annotated[int, Field(ge=-127, le=127)]
    bars: Bars | None = None
    tracks: TrackNames | None = None


class Delete(Shape):
    """The notes of a selection taken away; the bars stay."""

    op: Literal["delete"]
    bars: Bars | None = None
    tracks: TrackNames | None = None


class Cut(Shape):
    """Bars taken out of the piece."""

    op: Literal["cut"]
    bars: Bars


class SetChord(Shape):
    """A chord mark set (None: no chord sounds) or, with an empty text, taken away."""

    op: Literal["chord"]
    bar: Bar
    beat: Annotated[int, Field(ge=1, le=255)] = 1
    chord: Annotated[str, StringConstraints(max_length=20)] | None


class SetTempo(Shape):
    """One tempo for the whole piece."""

    op: Literal["tempo"]
    qpm: Annotated[float, Field(ge=4, le=1000)]


class SetTitle(Shape):
    """The piece's title."""

    op: Literal["title"]
    title: Annotated[str, StringConstraints(max_length=200)]


class ChangeTrack(Shape):
    """Another name or instrument for a track."""

    op: Literal["track"]
    track: Index
    name: Name | None = None
    program: Pitch | None = None


class RemoveTrack(Shape):
    """A track taken away."""

    op: Literal["remove_track"]
    track: Index


class AddTrack(Shape):
    """A new, empty track."""

    op: Literal["add_track"]
    name: Name
    program: Pitch = 0
    drums: bool = False


Operation = (
    AddNote
    | RemoveNote
    | ChangeNote
    | Transpose
    | Delete
    | Cut
    | SetChord
    | SetTempo
    | SetTitle
    | ChangeTrack
    | RemoveTrack
    | AddTrack
)


class EditRequest(Shape):
    """Edits that together make one new take."""

    operations: Annotated[list[Annotated[Operation, Field(discriminator="op")]], Field(min_length=1, max_length=5000)]
    label: Annotated[str, StringConstraints(max_length=200)] | None = None
