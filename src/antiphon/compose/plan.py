"""From the brief to a plan: length, tempo, key, harmony, form, curves and forces decided, each with its reason in words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.brief import Brief, Progression
from antiphon.compose.forces import Force, Unmet, muster
from antiphon.compose.harmony import bent, foreign_chords, style_model, write_harmony
from antiphon.compose.layout import arc, asked_form, at_bars, fill, usual_form
from antiphon.compose.length import USUAL_TEMPO, bar_quarters, decide_length
from antiphon.compose.mood import Mood
from antiphon.compose.mood_asked import mood_name, mood_of
from antiphon.compose.numerals import chord_in
from antiphon.errors import BriefError
from antiphon.generate.request import Description, Request, refuse_narrowing
from antiphon.music.form import Phrase
from antiphon.music.harmony import Key
from antiphon.music.progression import key_of_chords as key_of_chords

EASY_FIFTHS = range(-4, 5)
_PLAN_STREAM = 1
_HARMONY_STREAM = 2
_TAKE_STREAM = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked of the generator, and why.

    Attributes:
      request: handed to the generator.
      meter: meter of the piece, decided even where the request leaves it to the generator.
      dynamics: factor on all velocities of the finished piece.
      decisions: for each thing decided rather than asked, one sentence that says what and why.
      form: its phrases; None leaves them to the generator.
      energy: loudness of every bar, 0 to 1; density: onsets of every bar, 1 being sixteenths; None: as it comes.
      forces: what single roles are held to, in score order; empty where nothing is asked of any.
      strict: no note may be foreign to the key.
      slowing: seconds by which the last bars are slowed, so that the piece ends on time.
      own_harmony: whether the chords were written here rather than asked for.
      unmet: wishes that are known to be beyond the model.
    """

    request: Request
    meter: tuple[int, int]
    dynamics: float
    decisions: tuple[str, ...]
    form: tuple[Phrase, ...] | None = None
    energy: tuple[float, ...] | None = None
    density: tuple[float, ...] | None = None
    forces: tuple[Force, ...] = ()
    strict: bool = False
    slowing: float = 0.0
    own_harmony: bool = False
    unmet: tuple[Unmet, ...] = ()

    def force(self, role: str) -> Force | None:
        """What a role is held to, if anything is asked of it."""
        return next((force for force in self.forces if force.role == role), None)

    @property
    def quarters(self) -> float:
        """Length of the piece in quarter notes."""
        return self.request.bars * bar_quarters(self.meter)


def take_seed(seed: int, take: int) -> int:
    """Seed of one take: a function of the brief's seed and the take's index only, so more takes change none."""
    return int(np.random.SeedSequence(seed, spawn_key=(_TAKE_STREAM, take)).generate_state(1)[0])


def plan(brief: Brief, description: Description) -> Plan:
    """Decide what the brief leaves open and the generator must know.

    Raises:
      BriefError: the generator cannot do what is asked, the wishes exclude each other, or no tempo and number of bars
        give the length asked for.
    """
    _check_means(brief, description)
    rng = np.random.default_rng(np.random.SeedSequence(brief.seed, spawn_key=(_PLAN_STREAM,)))
    mood = mood_of(brief)
    meter = brief.meter or description.meters[0]
    said: list[str] = []
    bars, tempo, slowing = decide_length(brief, mood, meter, description.max_bars, rng, said)
    parts = asked_form(brief)
    form = fill(parts, bars) if parts is not None else None
    if form is not None and any(part.bars is None for part in parts or ()):
        said.append(f"Form {''.join(f'{letter}{n}' for letter, n in form)}, so that it fills {bars} bars.")
    key = _decide_key(brief, mood, rng, said)
    chords = _decide_chords(brief, key, bars, said)
    if chords is not None and key is not None and brief.strict:
        chords, key = _settle(brief, chords, key, said)
    own = False
    if chords is None and brief.valence is not None and key is not None and len(set(brief.valence)) > 1:
        form = form or usual_form(bars)
        chords, own = _moody_harmony(brief.valence, description.style, form, key, meter, said), True
    temperature = brief.temperature
    if temperature is None:
        temperature = mood.temperature if mood is not None else 1.0
        if mood is not None and temperature != 1.0:
            said.append(f"Temperature {temperature:g}, because the mood is {mood_name(brief)}.")
    if mood is not None and mood.dynamics != 1.0 and brief.energy is None:
        said.append(f"Velocities times {mood.dynamics:g}, because the mood is {mood_name(brief)}.")
    energy = at_bars(brief.energy, bars) if brief.energy is not None else None
    if energy is None and brief.arousal is not None and len(set(brief.arousal)) > 1:
        energy = tuple(round(0.25 + 0.55 * value, 4) for value in at_bars(brief.arousal, bars))
        said.append("The energy follows the arousal.")
    forces, unmet = muster(brief, description, form, bars)
    request = Request(
        bars=bars, meter=brief.meter, key=key, chords=chords, tracks=brief.tracks, tempo=tempo, temperature=temperature,
        form=form, top_k=brief.top_k or 0, repetition_penalty=brief.repetition_penalty or description.penalty,
    )  # fmt: skip
    if not description.narrows:
        refuse_narrowing(description.name, request)
    return Plan(
        request, meter, mood.dynamics if mood is not None and energy is None else 1.0, tuple(said), form, energy,
        at_bars(brief.density, bars) if brief.density is not None else None, forces, brief.strict, slowing, own, unmet,
    )  # fmt: skip


def explicit(made: Plan, brief: Brief, description: Description) -> Plan:
    """The plan with everything decided that can be: key, tempo, form, a harmony in the style, and an arc of energy.

    This is what `antiphon plan` writes for a person to edit; `compose` leaves to the model what it writes better itself.
    """
    rng = np.random.default_rng(np.random.SeedSequence(brief.seed, spawn_key=(_HARMONY_STREAM,)))
    said = list(made.decisions)
    request = made.request
    if request.key is None:
        easy = [key for minor in (False, True) for key in _easy_keys(minor)]
        request = replace(request, key=easy[int(rng.integers(len(easy)))])
        said.append(f"{request.key}, drawn.")
    if request.tempo is None:
        request = replace(request, tempo=float(rng.integers(USUAL_TEMPO[0], USUAL_TEMPO[1] + 1)))
        said.append(f"{request.tempo:g} quarter notes a minute, drawn.")
    form = made.form or usual_form(request.bars)
    own = made.own_harmony
    if request.chords is None and request.key is not None:
        chords = write_harmony(description.style, form, [request.key] * len(form), made.meter, rng)
        request, own = replace(request, chords=chords), True
        said.append(f"The harmony is drawn from the chord model of the style {style_model(description.style).style}.")
    forces = made.forces or tuple(Force(role) for role in request.tracks or description.roles)
    energy = made.energy if made.energy is not None else tuple(round(min(1.0, e * made.dynamics), 3) for e in arc(form))
    return replace(
        made, request=replace(request, form=form), form=form, forces=forces, energy=energy, dynamics=1.0, own_harmony=own,
        decisions=tuple(said),
    )  # fmt: skip


def _check_means(brief: Brief, description: Description) -> None:
    """Refuse what the generator has no means for."""
    if brief.style is not None and brief.style != description.style:
        raise BriefError(f"Model {description.name!r} writes in the style {description.style!r}, not {brief.style!r}.")
    if brief.bars is not None and brief.bars > description.max_bars:
        raise BriefError(f"Model {description.name!r} writes at most {description.max_bars} bars, not {brief.bars}.")
    if brief.meter is not None and brief.meter not in description.meters:
        known = ", ".join(f"{n}/{d}" for n, d in description.meters)
        raise BriefError(f"Model {description.name!r} knows the meters {known}, not {brief.meter[0]}/{brief.meter[1]}.")
    unknown = [role for role in brief.tracks or () if role not in description.roles]
    if unknown:
        raise BriefError(f"Model {description.name!r} has the tracks {', '.join(description.roles)}, not {', '.join(unknown)}.")


def _spread(chords: Progression, bars: int, said: list[str]) -> Progression:
    """The progression repeated, and cut, to fill the bars."""
    if len(chords) > bars:
        raise BriefError(f"The chord progression has {len(chords)} bars, but the piece only {bars}.")
    if bars % len(chords):
        said.append(f"The chords of {len(chords)} bars are repeated; the last time they are cut at bar {bars}.")
    return tuple(chords[i % len(chords)] for i in range(bars))


def _decide_chords(brief: Brief, key: Key | None, bars: int, said: list[str]) -> Progression | None:
    """The chords asked for, numerals read in the key, spread over the bars."""
    if brief.chords is not None:
        return _spread(brief.chords, bars, said)
    if brief.numerals is None or key is None:
        return None
    return _spread(tuple(tuple(n and chord_in(n, key) for n in bar) for bar in brief.numerals), bars, said)


def _settle(brief: Brief, chords: Progression, key: Key, said: list[str]) -> tuple[Progression, Key]:
    """Chords and a strict key in agreement, as the brief says what gives way.

    Raises:
      BriefError: they conflict, and nothing may give way.
    """
    foreign = foreign_chords(chords, key)
    if not foreign:
        return chords, key
    names = ", ".join(str(chord) for chord in foreign[:4]) + (" and others" if len(foreign) > 4 else "")
    if brief.on_conflict == "refuse":
        raise BriefError(
            f"{names} cannot sound strictly in {key}; say what gives way with on_conflict 'key' or 'chords' "
            "(--on-conflict), or do not ask for a strict key."
        )
    if brief.on_conflict == "key":
        swapped = {chord: bent(chord, key) for chord in foreign}
        said += [f"{after} instead of {before}, which is foreign to {key}." for before, after in swapped.items()]
        return tuple(tuple(swapped.get(c, c) if c is not None else None for c in bar) for bar in chords), key
    follows = key_of_chords(chords, prefer_minor=key.minor) or key
    if follows != key:
        said.append(f"{follows} instead of {key}, because the chords asked for sound in it.")
    if foreign_chords(chords, follows):
        said.append("Notes of the chords asked for may be foreign to the key.")
    return chords, follows


def _moody_harmony(
    valence: tuple[float, ...], style: str, form: tuple[Phrase, ...], key: Key, meter: tuple[int, int], said: list[str]
) -> Progression:
    """A harmony whose dark phrases stand in the minor and whose bright ones stand in the major of one signature."""
    minor = key if key.minor else Key((key.tonic + 9) % 12, minor=True)
    major = key if not key.minor else Key((key.tonic + 3) % 12)
    values = at_bars(valence, sum(phrase.bars for phrase in form))
    keys, begins = [], 0
    for phrase in form:
        keys.append(minor if float(np.mean(values[begins : begins + phrase.bars])) < 0.5 else major)
        begins += phrase.bars
    said.append(
        f"Dark phrases stand in {minor}, bright ones in {major}, as the valence asks, "
        f"with chords from the chord model of the style {style_model(style).style}."
    )
    rng = np.random.default_rng([key.tonic, key.minor, len(form), len(values)])
    return write_harmony(style, form, keys, meter, rng)


def _easy_keys(minor: bool) -> list[Key]:
    return [key for key in (Key(tonic, minor) for tonic in range(12)) if key.fifths in EASY_FIFTHS]


def _decide_key(brief: Brief, mood: Mood | None, rng: np.random.Generator, said: list[str]) -> Key | None:
    """The key asked for, heard in the chords, or drawn in the mood's mode; None leaves it to the generator."""
    if brief.key is not None:
        return brief.key
    if brief.chords is not None:
        key = key_of_chords(brief.chords, prefer_minor=mood.minor if mood is not None else None)
        if key is not None:
            said.append(f"{key}, because the chords asked for sound in it.")
        return key
    minor = mood.minor if mood is not None else None
    why = f"because the mood is {mood_name(brief)}"
    if minor is None and brief.numerals is not None:
        first = next((n for bar in brief.numerals for n in bar if n is not None and n.degree == 0), None)
        minor = first is not None and first.quality.startswith("m") and not first.quality.startswith("maj")
        why = "because the numerals need a key"
    if minor is None and brief.valence is not None and len(set(brief.valence)) > 1:
        minor = brief.valence[-1] < 0.5
    if minor is None:
        return None
    easy = _easy_keys(minor)
    key = easy[int(rng.integers(len(easy)))]
    said.append(f"{key}, {why}.")
    return key
