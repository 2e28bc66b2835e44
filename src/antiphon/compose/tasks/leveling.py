"""Attribute control of the user's piece: as busy and as thick as asked, by rule; melody, harmony and all else stay."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.brief_values import MAX_POINTS
from antiphon.compose.compose import Progress
from antiphon.compose.critique import Verdict
from antiphon.compose.fit import Bar, Span
from antiphon.compose.leveling import leveled
from antiphon.compose.levels import Floats, Grid, polyphony, rhythmic_intensity
from antiphon.compose.likeness import chroma_likeness, contour_likeness
from antiphon.compose.naming import called, listed, named_tracks
from antiphon.compose.tasks.asking import chosen_bars, music_of, untouched
from antiphon.compose.texture import melody_track
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Description
from antiphon.music.score import Score

RULES = Description("rules", "any", "rules", (), (), 20_000, {"data": "none: notes joined, split, added and left out by rule"})
Level = str | float | Sequence[float]
"""A number, several that follow each other in time, or text of either; text with a sign is a change: "+0.1"."""
LIMITS = {"rhythmic intensity": (0.0, 1.0), "polyphony": (1.0, 12.0)}
NEAR = {"rhythmic intensity": 0.02, "polyphony": 0.1}
"""How far from what was asked the mean of the bars may lie."""
ALIKE = 0.9
"""Likeness of the pitch classes and of the melody from which on the content counts as kept."""


def shaped(
    score: Score,
    *,
    intensity: Level | None,
    voices: Level | None,
    bars: tuple[int, int] | None,
    tracks: tuple[str, ...] | None,
    seed: int | None,
    progress: Progress | None,
) -> Answer:
    """The piece with another rhythmic intensity, another polyphony, or both; see compose.levels for what these are.

    Args:
      score: any piece.
      intensity: share of the sixteenths on which a note begins; voices: mean number of notes that sound. One number is the
        mean of the bars, of which the busy stay the busier; several follow each other; None: as it is.
      bars, tracks: what may change; None: everything but drums.
      seed: for the manifest; rules draw nothing.
      progress: told what begins now.

    Raises:
      BriefError: a level is out of its limits, or there is no such bar or track, or no pitched note that may change.
    """
    grid_bars = music_of(score)
    opened = list(chosen_bars(grid_bars, bars))
    free = _free(score, tracks)
    grid = Grid.of(grid_bars, score.resolution)
    was = _levels(score, grid, opened)
    if not (was[0] > 0).any():
        raise BriefError("No pitched note begins in the bars that may change.")
    asked = [_asked(name, level, now) for (name, level), now in zip(_named(intensity, voices), was, strict=True)]
    if progress is not None:
        progress("changing the rhythm and the voices")
    made = leveled(score, grid_bars, free, opened, *asked)
    now = _levels(made, grid, opened)
    wishes = [_wish(name, level, a, b) for name, level, a, b in zip(LIMITS, asked, was, now, strict=True)]
    spans = {i: _runs(grid_bars, opened) for i in free}
    said = {"rhythmic_intensity": _json(intensity), "polyphony": _json(voices), "bars": list(bars) if bars else None,
            "tracks": list(tracks) if tracks else None}  # fmt: skip
    number = 0 if seed is None else seed
    verdict = Verdict(0, number, math.nan, 0.0, ())
    wishes = [untouched(score, made, spans), *wishes, *_content(score, made, grid_bars)]
    return Answer(
        "vary", {name: value for name, value in said.items() if value is not None}, made, (made,),
        (verdict,), 0, tuple(wishes),
        (_note(score, free, opened, was, now),), RULES, number,
    )  # fmt: skip


def _named(intensity: Level | None, voices: Level | None) -> list[tuple[str, Level | None]]:
    return list(zip(LIMITS, (intensity, voices), strict=True))


def _free(score: Score, names: Sequence[str] | None) -> list[int]:
    """The pitched tracks that may change."""
    pitched = [i for i, t in enumerate(score.tracks) if not t.is_drum and len(t)]
    if names is None:
        found = pitched
    else:
        found = []
        for name in names:
            meant = named_tracks(score, name)
            if not meant:
                there = listed([called(score, i) for i in pitched], 20)
                raise BriefError(f"There is no track {name!r}; the piece has {there or 'none with notes'}.")
            found += [i for i in meant if i in pitched]
    if not found:
        raise BriefError("No track that may change has a pitched note.")
    return sorted(set(found))


def _levels(score: Score, grid: Grid, opened: Sequence[int]) -> tuple[Floats, Floats]:
    """Both attributes of the open bars."""
    which = list(opened)
    return rhythmic_intensity(score, grid)[which], polyphony(score, grid)[which]


def _mean(values: Floats) -> float:
    """Mean of the bars that are not silent."""
    heard = values[values > 0]
    return float(heard.mean()) if len(heard) else 0.0


def _asked(name: str, level: Level | None, now: Floats) -> list[float] | None:
    """The level as numbers.

    Raises:
      BriefError: it is none, or out of its limits.
    """
    if level is None:
        return None
    words = level.replace(",", " ").split() if isinstance(level, str) else level if isinstance(level, Sequence) else [level]
    low, high = LIMITS[name]
    wrong = BriefError(
        f"The {name} must be a number from {low:g} to {high:g}, several that follow each other, or a change such as +0.1."
    )
    try:
        points = [float(word) for word in words]
    except (TypeError, ValueError):
        raise wrong from None
    if isinstance(level, str) and len(points) == 1 and level.strip()[0] in "+-":
        points = [min(high, max(low, _mean(now) + points[0]))] if math.isfinite(points[0]) else points
    if not points or len(points) > MAX_POINTS or not all(math.isfinite(p) and low <= p <= high for p in points):
        raise wrong
    return points


def _json(level: Level | None) -> object:
    return list(level) if isinstance(level, Sequence) and not isinstance(level, str) else level


def _wish(name: str, asked: Sequence[float] | None, was: Floats, now: Floats) -> Wish:
    """An attribute asked for and measured; one that was not asked for is to stay."""
    how = {
        "rhythmic intensity": "share of the sixteenths on which a note begins, mean of the bars",
        "polyphony": "notes that sound at once, mean of the bars",
    }[name]
    wanted = _mean(was) if asked is None else float(np.mean(asked))
    got = _mean(now)
    told = "as it was" if asked is None else asked[0] if len(asked) == 1 else list(asked)
    return Wish(name, told, round(got, 4), abs(got - wanted) <= NEAR[name] + 1e-9, how)


def _content(before: Score, after: Score, bars: Sequence[Bar]) -> list[Wish]:
    """What is left of the harmony and of the melody's contour."""
    edges = [bar.start for bar in bars] + [bars[-1].stop]
    chroma = chroma_likeness(before, after, edges)
    lead = melody_track(before)
    one, two = before, after
    if lead is not None:
        place = next(i for i, t in enumerate(before.tracks) if t is lead)
        one, two = (s.with_tracks((s.tracks[place],)) for s in (before, after))
    contour = contour_likeness(one, two)
    told = None if math.isnan(contour) else round(contour, 4)
    return [
        Wish(
            "chroma", ALIKE, round(chroma, 4), chroma >= ALIKE, "mean cosine to the piece as it was, pitch classes bar by bar"
        ),
        Wish("contour", ALIKE, told, told is None or told >= ALIKE, "correlation of the melody with the melody as it was"),
    ]


def _note(
    score: Score, free: Sequence[int], opened: Sequence[int], was: tuple[Floats, Floats], now: tuple[Floats, Floats]
) -> str:
    count = f"{len(opened)} bar{'s' * (len(opened) > 1)}"
    changes = [f"the {name} from {_mean(a):.3g} to {_mean(b):.3g}" for name, a, b in zip(LIMITS, was, now, strict=True)]
    return f"By rule, in {count} of {listed([called(score, i) for i in free])}: {changes[0]}, {changes[1]}."


def _runs(bars: Sequence[Bar], opened: Sequence[int]) -> list[Span]:
    """The open bars as one stretch of ticks: they follow each other."""
    return [(bars[opened[0]].start, bars[opened[-1]].stop)] if opened else []
