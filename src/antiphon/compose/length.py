"""How long a piece is: bars, tempo and seconds decided together, the end slowed where they do not meet."""

from __future__ import annotations

import math

import numpy as np

from antiphon.compose.brief import TEMPO_LIMITS, Brief
from antiphon.compose.layout import asked_form, natural_bars
from antiphon.compose.mood import Mood
from antiphon.compose.mood_asked import mood_name
from antiphon.errors import BriefError

DEFAULT_BARS = 16
USUAL_TEMPO = (76, 124)
SLOWED_BARS = 2
"""Bars over which the end is slowed where tempo and seconds are both asked for."""
MOST_SLOWING = 1.0
"""Most by which those bars may grow, as a share of their length."""
LEAST_SLOWING = 0.002
"""Seconds below which nothing need be slowed."""


def bar_quarters(meter: tuple[int, int]) -> float:
    """Quarter notes in one bar of the meter."""
    return 4 * meter[0] / meter[1]


def slowed_bars(bars: int) -> int:
    """How many of the last bars may be slowed: never all of them."""
    return min(bars - 1, SLOWED_BARS)


def decide_length(
    brief: Brief, mood: Mood | None, meter: tuple[int, int], max_bars: int, rng: np.random.Generator, said: list[str]
) -> tuple[int, float | None, float]:
    """Number of bars, the tempo where it is asked for or follows, and seconds by which the end is slowed."""
    quarters = bar_quarters(meter)
    form = asked_form(brief)
    if brief.bars is None and form is not None and (brief.seconds is None or all(part.bars for part in form)):
        bars: int | None = natural_bars(form)
        if bars is not None and bars > max_bars:
            raise BriefError(f"The form has {bars} bars, but the model writes at most {max_bars}.")
        said.append(f"{bars} bars, because the form has so many.")
    else:
        bars = brief.bars
    if brief.seconds is None:
        if bars is None:
            given = brief.chords or brief.numerals
            step = len(given) if given is not None else 1
            bars = max(step, min(max_bars, step * math.ceil(min(DEFAULT_BARS, max_bars) / step)))
            said.append(f"{bars} bars, because no length is asked for.")
        tempo = brief.tempo
        if tempo is None and mood is not None:
            tempo = float(rng.integers(mood.tempo[0], mood.tempo[1] + 1))
            said.append(f"{tempo:g} quarter notes a minute, because the mood is {mood_name(brief)}.")
        return bars, tempo, 0.0
    if brief.tempo is not None:
        return _length_at_tempo(brief.seconds, brief.tempo, quarters, bars, max_bars, said)
    if bars is None:
        bars = _bars_for(brief.seconds, quarters, max_bars, mood.tempo if mood is not None else USUAL_TEMPO)
        if form is not None:
            bars = max(bars, sum(part.bars or 1 for part in form))
        said.append(f"{bars} bars, so that {brief.seconds:g} seconds come out at a natural tempo.")
    tempo = bars * quarters * 60 / brief.seconds
    if not TEMPO_LIMITS[0] <= tempo <= TEMPO_LIMITS[1]:
        raise BriefError(
            f"{bars} bars in {brief.seconds:g} seconds would need a tempo of {tempo:.4g}; "
            f"tempos are {TEMPO_LIMITS[0]:g} to {TEMPO_LIMITS[1]:g}."
        )
    said.append(f"{tempo:.6g} quarter notes a minute, so that the piece lasts {brief.seconds:g} seconds.")
    return bars, tempo, 0.0


def _length_at_tempo(
    seconds: float, tempo: float, quarters: float, bars: int | None, max_bars: int, said: list[str]
) -> tuple[int, float, float]:
    """Bars at a given tempo that do not outlast the seconds, and what is left for the last bars to be slowed by."""
    bar = quarters * 60 / tempo
    if bars is None:
        bars = max(1, math.floor(seconds / bar + 1e-9))
        if bars > max_bars:
            raise BriefError(f"At tempo {tempo:g} the model writes at most {max_bars * bar:.4g} seconds, not {seconds:g}.")
    left = seconds - bars * bar
    slowed = slowed_bars(bars)
    if not 0 <= left <= MOST_SLOWING * slowed * bar:
        said.append(f"{bars} bars at the tempo asked for, which last {bars * bar:.4g} seconds.")
        return bars, tempo, 0.0
    if left > LEAST_SLOWING:
        last = "last bar is" if slowed == 1 else f"last {slowed} bars are"
        said.append(f"{bars} bars at the tempo asked for; the {last} slowed so that the piece lasts {seconds:g} seconds.")
        return bars, tempo, left
    said.append(f"{bars} bars, which last {seconds:g} seconds at the tempo asked for.")
    return bars, tempo, 0.0


def _bars_for(seconds: float, quarters: float, max_bars: int, usual: tuple[int, int]) -> int:
    """The number of bars whose tempo lies in (or nearest to) the usual range, whole phrases preferred."""
    centre = math.sqrt(usual[0] * usual[1])

    def cost(bars: int) -> float:
        tempo = bars * quarters * 60 / seconds
        outside = max(0.0, math.log(usual[0] / tempo), math.log(tempo / usual[1]))
        phrase = 0.0 if bars % 8 == 0 else 0.05 if bars % 4 == 0 else 0.2 if bars % 2 == 0 else 0.4
        return 10 * outside + abs(math.log(tempo / centre)) + phrase

    return min(range(1, max_bars + 1), key=cost)
