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


class BriefShape(Shape):
    """Wishes for a piece; the explicit ones win over those read in `text`."""

    text: Words | None = None
    style: Words | None = None
    model: Words | None = None
    bars: Bar | None = None
    seconds: Annotated[float, Field(ge=1, le=3600)] | None = None
    key: Words | None = None
    tempo: Annotated[float, Field(ge=20, le=320)] | None = None
    meter: Words | None = None
    chords: Words | None = None
    mood: Words | None = None
    tracks: Words | None = None
    form: Words | None = None
    intro: Annotated[int, Field(ge=0, le=MAX_BARS)] | None = None
    outro: Annotated[int, Field(ge=0, le=MAX_BARS)] | None = None
    energy: Curve | None = None
    density: Curve | None = None
    valence: Curve | None = None
    arousal: Curve | None = None
    track_density: Words | None = None
    polyphony: Words | None = None
    instruments: Words | None = None
    ranges: Words | None = None
    silences: Words | None = None
    strict: bool | None = None
    on_conflict: Literal["refuse", "key", "chords"] | None = None
    takes: Annotated[int, Field(ge=1, le=16)] | None = None
    temperature: Annotated[float, Field(ge=0.1, le=2)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None


class PlanRequest(Shape):
    """A brief of which the plan is wanted."""

    brief: BriefShape


# --- edits by hand


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


# --- jobs


class _Common(Shape):
    take: Identity | None = None
    takes: Annotated[int, Field(ge=1, le=16)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    temperature: Annotated[float, Field(ge=0.1, le=2)] | None = None
    style: Words | None = None
    model: Words | None = None
    adopt: bool = True


class ComposeJob(Shape):
    """A new piece."""

    verb: Literal["compose"]
    brief: BriefShape = BriefShape()
    adopt: bool = True


class InfillJob(_Common):
    """Bars written anew, all else kept."""

    verb: Literal["infill"]
    bars: Bars
    tracks: TrackNames | None = None
    chords: Words | None = None


class ContinueJob(_Common):
    """Bars written after the end."""

    verb: Literal["continue"]
    bars: Bar = 8


class VaryJob(_Common):
    """A variation."""

    verb: Literal["vary"]
    amount: Annotated[float, Field(ge=0, le=1)] = 0.5
    bars: Bars | None = None
    tracks: TrackNames | None = None


class HarmonizeJob(_Common):
    """Voices under a melody."""

    verb: Literal["harmonize"]


class AccompanyJob(_Common):
    """Parts added to what is there."""

    verb: Literal["accompany"]
    add: TrackNames


class RestyleJob(_Common):
    """The piece in another style."""

    verb: Literal["restyle"]
    style: Words


class HumanizeJob(_Common):
    """A player's timing and touch."""

    verb: Literal["humanize"]
    amount: Annotated[float, Field(ge=0, le=2)] = 1.0


class ArrangeJob(_Common):
    """The piece for other instruments."""

    verb: Literal["arrange"]
    ensemble: Words


class JudgeJob(Shape):
    """The critic's verdict on a take."""

    verb: Literal["judge"]
    take: Identity | None = None


class ExplainJob(Shape):
    """A take explained in words."""

    verb: Literal["explain"]
    take: Identity | None = None


class ExportJob(Shape):
    """One zip of everything that a take can be."""

    verb: Literal["export"]
    take: Identity | None = None
    audio: Annotated[list[Literal["wav", "flac", "ogg", "mp3"]], Field(max_length=4)] = ["flac"]
    stems: bool = True
    pdf: bool = True


class SurveyJob(Shape):
    """A report on uploaded music."""

    verb: Literal["survey"]
    upload: Identity


class TrainJob(Shape):
    """A shipped model adapted to uploaded music."""

    verb: Literal["train"]
    upload: Identity
    name: Annotated[str, StringConstraints(pattern=r"^[\w][\w .-]{0,39}$", strip_whitespace=True)]
    base: Words = "pop"
    minutes: Annotated[float, Field(gt=0, le=240)] = 5


ProjectJob = (
    ComposeJob | InfillJob | ContinueJob | VaryJob | HarmonizeJob | AccompanyJob | RestyleJob | HumanizeJob | ArrangeJob
    | JudgeJob | ExplainJob | ExportJob
)  # fmt: skip
LooseJob = SurveyJob | TrainJob
AnyJob = ProjectJob | LooseJob

# --- ratings, settings, queries


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
