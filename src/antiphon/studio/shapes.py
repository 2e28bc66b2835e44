"""What the page may send: every request body and query of the studio, typed and bounded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_BARS = 1024
MAX_TICK = 2**28

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Words = Annotated[str, StringConstraints(max_length=2000)]
Identity = Annotated[str, StringConstraints(pattern=r"^[a-z]_[0-9a-z]{1,32}$")]
Tick = Annotated[int, Field(ge=0, le=MAX_TICK)]
Length = Annotated[int, Field(ge=1, le=MAX_TICK)]
Pitch = Annotated[int, Field(ge=0, le=127)]
Velocity = Annotated[int, Field(ge=1, le=127)]
Index = Annotated[int, Field(ge=0, le=255)]
Bar = Annotated[int, Field(ge=1, le=MAX_BARS)]
Bars = tuple[Bar, Bar]
Curve = Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1, max_length=MAX_BARS)]
TrackNames = Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(min_length=1, max_length=64)]


class Shape(BaseModel):
    """A JSON object of which every field is known; numbers are finite, and nothing is guessed from another type."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Empty(Shape):
    """A request that needs no words."""


class NewProject(Shape):
    """A project to be made."""

    name: Name | None = None


class Rename(Shape):
    """Another name for a project."""

    name: Name


class ChooseTake(Shape):
    """The take to go on with."""

    take: Identity


class LockShape(Shape):
    """Bars first to last, both inside, of the named tracks, or of all."""

    first: Bar
    last: Bar
    tracks: TrackNames | None = None


class Locks(Shape):
    """All locks of a project."""

    locks: Annotated[list[LockShape], Field(max_length=500)]


class TakeWords(Shape):
    """A take's name and a person's notes about it."""

    name: Name | None = None
    notes: Annotated[str, StringConstraints(max_length=10_000)] | None = None


class ThumbRating(Shape):
    """Liked (1), disliked (-1), or taken back (0)."""

    kind: Literal["thumb"]
    take: Identity
    value: Literal[-1, 0, 1]


class StarsRating(Shape):
    """One to five stars, or taken back (0)."""

    kind: Literal["stars"]
    take: Identity
    value: Annotated[int, Field(ge=0, le=5)]


class ChoiceRating(Shape):
    """This take rather than the other."""

    kind: Literal["ab"]
    take: Identity
    other: Identity


Rating = ThumbRating | StarsRating | ChoiceRating


class Settings(Shape):
    """What the page wants to remember."""

    values: Annotated[
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=100)],
            Annotated[str, StringConstraints(max_length=2000)] | bool | int | float | None,
        ],
        Field(max_length=64),
    ]


class ProjectQuery(Shape):
    """A project, or all."""

    project: Identity | None = None


class WaitQuery(Shape):
    """How many seconds to wait for a result."""

    wait: Annotated[float, Field(ge=0, le=30)] = 20.0


class CompareQuery(Shape):
    """Two takes."""

    a: Identity
    b: Identity


class ImportQuery(Shape):
    """The name of the file sent, and where it belongs."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    project: Identity | None = None


class UploadQuery(Shape):
    """The name of the file sent, and the upload it joins."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    upload: Identity | None = None


def plain(shape: BaseModel) -> dict[str, Any]:
    """A shape as JSON values, without what was not said."""
    return shape.model_dump(mode="json", exclude_none=True)
