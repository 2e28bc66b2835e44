"""What a person asks for, read from the words they typed and checked before any music is made."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from antiphon.compose import brief_values as values
from antiphon.compose.brief_values import Curve, FormPart, Instrument, PitchRange, Silence
from antiphon.compose.mood import MOODS as MOODS
from antiphon.compose.mood import Mood as Mood
from antiphon.compose.numerals import Numerals, is_numerals, parse_numerals
from antiphon.errors import BriefError
from antiphon.music.harmony import Chord, Key, parse_chords, parse_key

DEFAULT_STYLE = "pop"
DEFAULT_TAKES = 3
MAX_TAKES = 64
MAX_DRAWINGS = 64
MAX_SEED = 2**32 - 1
MAX_BARS = 10_000
TEMPO_LIMITS = (20.0, 320.0)
SECONDS_LIMITS = (1.0, 3600.0)
TEMPERATURE_LIMITS = (0.1, 2.0)
MAX_TOP_K = 1000
PENALTY_LIMITS = (1.0, 100.0)
CONFLICTS = ("refuse", "key", "chords")

Progression = tuple[tuple[Chord | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """The wishes, understood; None (or an empty tuple) stands for "not asked".

    Attributes:
      style: a style by name; model: a snapshot by name or folder (instead of, or with, the style).
      bars, seconds: length; key, tempo (quarter notes a minute), meter, chords (one tuple a bar, repeated to fill
      the piece), mood (a name in MOODS), tracks (role names): what the music must be.
      seed: names the piece together with the model and the other wishes.
      takes: how many are written to choose from; temperature: how far each strays from the usual.
      drawings: how often each take is drawn where the model has a critic of its own, which keeps one of them.
      top_k: of each choice only so many of the likeliest options are drawn, 0 for all; repetition_penalty: pitches that a
      part played lately are so many times less likely to come next, 1 for none; both are for sequence models only.
      numerals: chords relative to the key, instead of `chords`.
      form: phrases; intro, outro: bars before and after it, 0 for none.
      energy: loudness over time, 0 (pianissimo) to 1 (fortissimo).
      density: onsets over time, 1 being sixteenth notes throughout; track_density: the same for single roles, constant.
      polyphony: most notes that sound at once, by role; ranges: pitches, by role; instruments: by role, or simply wanted.
      silences: where roles must rest.
      valence, arousal: the mood as two dials, 0 to 1, over time; instead of a name.
      strict: no note may be foreign to the key; on_conflict: what gives way where chords are foreign to a strict key:
      "refuse" the brief, follow the "key", or follow the "chords".

    Raises:
      BriefError: a value is out of its limits or contradicts another.
    """

    seed: int
    style: str | None = None
    model: str | None = None
    bars: int | None = None
    seconds: float | None = None
    key: Key | None = None
    tempo: float | None = None
    meter: tuple[int, int] | None = None
    chords: Progression | None = None
    mood: str | None = None
    tracks: tuple[str, ...] | None = None
    takes: int = DEFAULT_TAKES
    temperature: float | None = None
    numerals: Numerals | None = None
    form: tuple[FormPart, ...] | None = None
    intro: int | None = None
    outro: int | None = None
    energy: Curve | None = None
    density: Curve | None = None
    track_density: tuple[tuple[str, float], ...] = ()
    polyphony: tuple[tuple[str, int], ...] = ()
    instruments: tuple[Instrument, ...] = ()
    ranges: tuple[PitchRange, ...] = ()
    silences: tuple[Silence, ...] = ()
    valence: Curve | None = None
    arousal: Curve | None = None
    strict: bool = False
    on_conflict: str = "refuse"
    top_k: int | None = None
    repetition_penalty: float | None = None
    drawings: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MAX_SEED:
            raise BriefError(f"The seed must be 0 to {MAX_SEED}, not {self.seed}.")
        if not 1 <= self.takes <= MAX_TAKES:
            raise BriefError(f"The number of takes must be 1 to {MAX_TAKES}, not {self.takes}.")
        within("number of drawings", self.drawings, (1, MAX_DRAWINGS))
        if self.bars is not None and self.bars < 1:
            raise BriefError(f"A piece needs at least one bar, not {self.bars}.")
        if self.bars is not None and self.bars > MAX_BARS:
            raise BriefError(f"A piece has at most {MAX_BARS} bars, not {self.bars}.")
        within("length in seconds", self.seconds, SECONDS_LIMITS)
        within("tempo", self.tempo, TEMPO_LIMITS)
        within("temperature", self.temperature, TEMPERATURE_LIMITS)
        within("top-k", self.top_k, (0, MAX_TOP_K))
        within("repetition penalty", self.repetition_penalty, PENALTY_LIMITS)
        if self.mood is not None and self.mood not in MOODS:
            raise BriefError(f"There is no mood {self.mood!r}; available: {', '.join(MOODS)}.")
        if self.bars is not None and self.seconds is not None and self.tempo is not None:
            raise BriefError("Bars, seconds and tempo cannot all be asked for: two of them fix the third.")
        self._check_music()
        self._check_parts()

    def _check_music(self) -> None:
        """Wishes that exclude each other, and lengths that do not add up."""
        if self.chords is not None and self.numerals is not None:
            raise BriefError("Chords are asked for twice, as symbols and as roman numerals; write them once.")
        if self.mood is not None and (self.valence is not None or self.arousal is not None):
            raise BriefError("The mood is asked for twice, by name and by valence or arousal; choose one.")
        if self.on_conflict not in CONFLICTS:
            raise BriefError(f"What gives way in a conflict must be {', '.join(CONFLICTS)}, not {self.on_conflict!r}.")
        for name, count in (("introduction", self.intro), ("ending", self.outro)):
            if count is not None and not 0 <= count <= values.MAX_PHRASE_BARS:
                raise BriefError(f"The {name} has 0 to {values.MAX_PHRASE_BARS} bars, not {count}.")
        if self.form is None:
            return
        letters = [part.letter for part in self.form]
        if (self.intro and "i" in letters) or (self.outro and "o" in letters):
            raise BriefError("The introduction or the ending is asked for twice, in the form and by itself.")
        known = [part.bars for part in self.form if part.bars is not None]
        around = (self.intro or 0) + (self.outro or 0)
        least = sum(known) + len(self.form) - len(known) + around
        exact = len(known) == len(self.form)
        if self.bars is not None and (self.bars < least or (exact and self.bars != least)):
            has = "has" if exact else "needs at least"
            raise BriefError(f"The form {values.form_text(self.form)} {has} {least} bars, not {self.bars}.")

    def _check_parts(self) -> None:
        for silence in self.silences:
            if self.bars is not None and silence.last > self.bars:
                raise BriefError(f"A rest is asked for up to bar {silence.last}, but the piece has {self.bars} bars.")
        for asked in self.ranges:
            if not 0 <= asked.low <= asked.high <= 127:
                raise BriefError(f"The range of {asked.role} runs from a higher pitch to a lower one.")
            if asked.high - asked.low < 11:
                raise BriefError(f"The range of {asked.role} must hold an octave, or not every note finds a place in it.")
        for role, voices in self.polyphony:
            if not 1 <= voices <= values.MAX_POLYPHONY:
                raise BriefError(f"The polyphony of {role} must be 1 to {values.MAX_POLYPHONY}, not {voices}.")


def within(what: str, value: float | None, limits: tuple[float, float]) -> None:
    """See that a number that is asked for lies in its limits.

    Raises:
      BriefError: it does not.
    """
    low, high = limits
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise BriefError(f"The {what} must be {low:g} to {high:g}, not {value:g}.")


def parse_meter(text: str) -> tuple[int, int]:
    """Meter written "3/4" as (3, 4).

    Raises:
      BriefError: the text names no meter.
    """
    match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,2})\s*", text)
    if not match or not 1 <= int(match[1]) <= 255 or int(match[2]) not in (1, 2, 4, 8, 16, 32, 64):
        raise BriefError(f"{text!r} is not a meter; write for example 4/4, 3/4 or 6/8.")
    return int(match[1]), int(match[2])


def chords_text(chords: Progression) -> str:
    """A progression as a person types it: "Am | F G | C"."""
    if len(chords) == 1:  # without a bar line, chords are one a bar
        return " ".join(_symbol(chord) for chord in chords[0]) + (" |" if len(chords[0]) > 1 else "")
    return " | ".join(" ".join(_symbol(chord) for chord in bar) for bar in chords)


def _symbol(chord: Chord | None) -> str:
    return "N.C." if chord is None else str(chord)


def parse_tracks(text: str) -> tuple[str, ...]:
    """Role names separated by commas or blanks, as ("melody", "piano").

    Raises:
      BriefError: there is none, or one stands twice.
    """
    names = tuple(text.replace(",", " ").lower().split())
    if not names:
        raise BriefError("No track is named; write for example melody,piano.")
    if len(set(names)) < len(names):
        raise BriefError(f"A track is named twice in {text!r}.")
    return names


def new_seed() -> int:
    """A seed that nobody had before, short enough to be read aloud."""
    return secrets.randbelow(10**8)


def read_brief(
    *,
    seed: int | None = None,
    style: str | None = None,
    model: str | None = None,
    bars: int | None = None,
    seconds: float | None = None,
    key: str | None = None,
    tempo: float | None = None,
    meter: str | None = None,
    chords: str | None = None,
    mood: str | None = None,
    tracks: str | Sequence[str] | None = None,
    takes: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    drawings: int | None = None,
    form: str | None = None,
    intro: int | None = None,
    outro: int | None = None,
    energy: str | float | Sequence[float] | None = None,
    density: str | float | Sequence[float] | None = None,
    track_density: str | Mapping[str, float] | None = None,
    polyphony: str | Mapping[str, float] | None = None,
    instruments: str | Mapping[str, str] | Sequence[str] | None = None,
    ranges: str | Mapping[str, str] | None = None,
    silences: str | Sequence[str] | None = None,
    valence: str | float | Sequence[float] | None = None,
    arousal: str | float | Sequence[float] | None = None,
    strict: bool | None = None,
    on_conflict: str | None = None,
) -> Brief:
    """The Brief of wishes as a person types them; musical values are texts ("A minor", "6/8", "Am F | C G", "I V vi IV").

    Without a seed a new one is drawn: a new piece every time, which the seed in its manifest makes again.

    Raises:
      BriefError: a text cannot be understood, or a value is out of its limits.
    """
    relative = chords is not None and is_numerals(chords)
    return Brief(
        seed=new_seed() if seed is None else seed,
        style=style.strip().lower() if style is not None else None,
        model=model,
        bars=bars,
        seconds=seconds,
        key=parse_key(key) if key is not None else None,
        tempo=tempo,
        meter=parse_meter(meter) if meter is not None else None,
        chords=tuple(tuple(bar) for bar in parse_chords(chords)) if chords is not None and not relative else None,
        numerals=parse_numerals(chords) if chords is not None and relative else None,
        mood=mood.strip().lower() if mood is not None else None,
        tracks=None if tracks is None else parse_tracks(tracks if isinstance(tracks, str) else ",".join(tracks)),
        takes=DEFAULT_TAKES if takes is None else takes,
        temperature=temperature,
        top_k=top_k,
        repetition_penalty=repetition_penalty,
        drawings=drawings,
        form=values.parse_form(form) if form is not None else None,
        intro=intro,
        outro=outro,
        energy=values.curve("energy", energy) if energy is not None else None,
        density=values.curve("density", density) if density is not None else None,
        track_density=values.parse_numbers("density", track_density, (0.0, 1.0)) if track_density is not None else (),
        polyphony=_whole("polyphony", polyphony) if polyphony is not None else (),
        instruments=values.parse_instruments(instruments) if instruments is not None else (),
        ranges=values.parse_ranges(ranges) if ranges is not None else (),
        silences=values.parse_silences(silences) if silences is not None else (),
        valence=values.curve("valence", valence) if valence is not None else None,
        arousal=values.curve("arousal", arousal) if arousal is not None else None,
        strict=bool(strict),
        on_conflict="refuse" if on_conflict is None else on_conflict.strip().lower(),
    )


def _whole(what: str, value: str | Mapping[str, float]) -> tuple[tuple[str, int], ...]:
    found = values.parse_numbers(what, value, (1, values.MAX_POLYPHONY))
    if any(number != int(number) for _, number in found):
        raise BriefError(f"The {what} is a whole number of notes.")
    return tuple((role, int(number)) for role, number in found)
