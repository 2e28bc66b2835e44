"""Briefs and jobs as the page may ask for them, typed and bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from antiphon.compose.brief import MAX_TOP_K, PENALTY_LIMITS
from antiphon.studio.shapes import MAX_BARS, Bar, Bars, Curve, Identity, Shape, TrackNames, Words

TopK = Annotated[int, Field(ge=0, le=MAX_TOP_K)]
Penalty = Annotated[float, Field(ge=PENALTY_LIMITS[0], le=PENALTY_LIMITS[1])]


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
    top_k: TopK | None = None
    repetition_penalty: Penalty | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None


class PlanRequest(Shape):
    """A brief of which the plan is wanted."""

    brief: BriefShape


class _Common(Shape):
    take: Identity | None = None
    takes: Annotated[int, Field(ge=1, le=16)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    temperature: Annotated[float, Field(ge=0.1, le=2)] | None = None
    top_k: TopK | None = None
    repetition_penalty: Penalty | None = None
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
    audio: Annotated[list[Literal["wav", "flac", "ogg", "mp3"]], Field(max_length=4, default_factory=lambda: ["flac"])]
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
