"""From the brief to a request: bars, tempo, key and chords decided, each decision with its reason in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from antiphon.compose.brief import MOODS, TEMPO_LIMITS, Brief, Mood, Progression
from antiphon.errors import BriefError
from antiphon.generate.request import Description, Request
from antiphon.music.harmony import Key

DEFAULT_BARS = 16
USUAL_TEMPO = (76, 124)
EASY_FIFTHS = range(-4, 5)

_PLAN_STREAM = 1
_TAKE_STREAM = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked of the generator, and why.

    Attributes:
      request: handed to the generator.
      meter: meter of the piece, decided even where the request leaves it to the generator.
      dynamics: factor on all velocities of the finished piece.
      decisions: for each thing decided rather than asked, one sentence that says what and why.
    """

    request: Request
    meter: tuple[int, int]
    dynamics: float
    decisions: tuple[str, ...]

    @property
    def quarters(self) -> float:
        """Length of the piece in quarter notes."""
        return self.request.bars * bar_quarters(self.meter)


def bar_quarters(meter: tuple[int, int]) -> float:
    """Quarter notes in one bar of the meter."""
    return 4 * meter[0] / meter[1]


def take_seed(seed: int, take: int) -> int:
    """Seed of one take: a function of the brief's seed and the take's index only, so more takes change none."""
    return int(np.random.SeedSequence(seed, spawn_key=(_TAKE_STREAM, take)).generate_state(1)[0])


def plan(brief: Brief, description: Description) -> Plan:
    """Decide what the brief leaves open and the generator must know.

    Raises:
      BriefError: the generator cannot do what is asked, or no tempo and number of bars give the length asked for.
    """
    _check_means(brief, description)
    rng = np.random.default_rng(np.random.SeedSequence(brief.seed, spawn_key=(_PLAN_STREAM,)))
    mood = MOODS[brief.mood] if brief.mood is not None else None
    meter = brief.meter or description.meters[0]
    said: list[str] = []
    bars, tempo = _decide_length(brief, mood, meter, description.max_bars, rng, said)
    chords = _spread(brief.chords, bars, said) if brief.chords is not None else None
    key = _decide_key(brief, mood, rng, said)
    temperature = brief.temperature
    if temperature is None:
        temperature = mood.temperature if mood is not None else 1.0
        if mood is not None and temperature != 1.0:
            said.append(f"Temperature {temperature:g}, because the mood is {brief.mood}.")
    if mood is not None and mood.dynamics != 1.0:
        said.append(f"Velocities times {mood.dynamics:g}, because the mood is {brief.mood}.")
    request = Request(
        bars=bars, meter=brief.meter, key=key, chords=chords, tracks=brief.tracks, tempo=tempo, temperature=temperature
    )
    return Plan(request, meter, mood.dynamics if mood is not None else 1.0, tuple(said))


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


def _decide_length(
    brief: Brief, mood: Mood | None, meter: tuple[int, int], max_bars: int, rng: np.random.Generator, said: list[str]
) -> tuple[int, float | None]:
    """Number of bars, and the tempo where it is asked for or follows from other wishes."""
    quarters = bar_quarters(meter)
    if brief.seconds is None:
        bars = brief.bars
        if bars is None:
            step = len(brief.chords) if brief.chords is not None else 1
            bars = min(max_bars, step * math.ceil(min(DEFAULT_BARS, max_bars) / step))
            said.append(f"{bars} bars, because no length is asked for.")
        tempo = brief.tempo
        if tempo is None and mood is not None:
            tempo = float(rng.integers(mood.tempo[0], mood.tempo[1] + 1))
            said.append(f"{tempo:g} quarter notes a minute, because the mood is {brief.mood}.")
        return bars, tempo
    if brief.tempo is not None:
        bars = max(1, round(brief.seconds * brief.tempo / 60 / quarters))
        if bars > max_bars:
            most = max_bars * quarters * 60 / brief.tempo
            raise BriefError(f"At tempo {brief.tempo:g} the model writes at most {most:.4g} seconds, not {brief.seconds:g}.")
        said.append(f"{bars} bars, the nearest to {brief.seconds:g} seconds at the tempo asked for.")
        return bars, brief.tempo
    if brief.bars is not None:
        bars = brief.bars
    else:
        bars = _bars_for(brief.seconds, quarters, max_bars, mood.tempo if mood is not None else USUAL_TEMPO)
        said.append(f"{bars} bars, so that {brief.seconds:g} seconds come out at a natural tempo.")
    tempo = bars * quarters * 60 / brief.seconds
    if not TEMPO_LIMITS[0] <= tempo <= TEMPO_LIMITS[1]:
        raise BriefError(
            f"{bars} bars in {brief.seconds:g} seconds would need a tempo of {tempo:.4g}; "
            f"tempos are {TEMPO_LIMITS[0]:g} to {TEMPO_LIMITS[1]:g}."
        )
    said.append(f"{tempo:.6g} quarter notes a minute, so that the piece lasts {brief.seconds:g} seconds.")
    return bars, tempo


def _bars_for(seconds: float, quarters: float, max_bars: int, usual: tuple[int, int]) -> int:
    """The number of bars whose tempo lies in (or nearest to) the usual range, whole phrases preferred."""
    centre = math.sqrt(usual[0] * usual[1])

    def cost(bars: int) -> float:
        tempo = bars * quarters * 60 / seconds
        outside = max(0.0, math.log(usual[0] / tempo), math.log(tempo / usual[1]))
        phrase = 0.0 if bars % 8 == 0 else 0.05 if bars % 4 == 0 else 0.2 if bars % 2 == 0 else 0.4
        return 10 * outside + abs(math.log(tempo / centre)) + phrase

    return min(range(1, max_bars + 1), key=cost)


def _spread(chords: Progression, bars: int, said: list[str]) -> Progression:
    """The progression repeated, and cut, to fill the bars."""
    if len(chords) > bars:
        raise BriefError(f"The chord progression has {len(chords)} bars, but the piece only {bars}.")
    if bars % len(chords):
        said.append(f"The chords of {len(chords)} bars are repeated; the last time they are cut at bar {bars}.")
    return tuple(chords[i % len(chords)] for i in range(bars))


def _decide_key(brief: Brief, mood: Mood | None, rng: np.random.Generator, said: list[str]) -> Key | None:
    """The key asked for, heard in the chords, or drawn in the mood's mode; None leaves it to the generator."""
    if brief.key is not None:
        return brief.key
    if brief.chords is not None:
        key = key_of_chords(brief.chords, prefer_minor=mood.minor if mood is not None else None)
        if key is not None:
            said.append(f"{key}, because the chords asked for sound in it.")
        return key
    if mood is None or mood.minor is None:
        return None
    easy = [key for key in (Key(tonic, mood.minor) for tonic in range(12)) if key.fifths in EASY_FIFTHS]
    key = easy[int(rng.integers(len(easy)))]
    said.append(f"{key}, because the mood is {brief.mood}.")
    return key


def key_of_chords(chords: Progression, prefer_minor: bool | None = None) -> Key | None:
    """The key that holds most of the chords' notes; the first and the last chord decide between relatives.

    None where there is no chord at all.
    """
    flat = [chord for bar in chords for chord in bar if chord is not None]
    if not flat:
        return None

    def merit(key: Key) -> float:
        scale = set(key.scale) | ({(key.tonic + 11) % 12} if key.minor else set())
        held = sum(pc in scale for chord in flat for pc in chord.pitch_classes) / sum(len(c.pitch_classes) for c in flat)
        tonic = {(key.tonic + step) % 12 for step in ((0, 3, 7) if key.minor else (0, 4, 7))}
        home = sum(tonic == set(chord.pitch_classes[:3]) for chord in (flat[0], flat[-1]))
        mode = 0.01 * (prefer_minor is not None and key.minor == prefer_minor)
        return held + 0.06 * home + 0.01 * (flat[0].root == key.tonic) + mode

    keys = [Key(tonic, minor) for minor in (False, True) for tonic in range(12)]
    return max(keys, key=merit)
