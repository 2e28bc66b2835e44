"""Which style is meant: by a foreign piece, the one whose roles and meter are its own; by a brief that names none."""

from __future__ import annotations

from typing import NamedTuple

from antiphon.compose.brief import DEFAULT_STYLE, Brief
from antiphon.compose.brief_values import DRUMS
from antiphon.compose.fit import tiling
from antiphon.compose.roles import likeness, match, traits
from antiphon.errors import BriefError, SnapshotError
from antiphon.generate.request import Generator
from antiphon.music.score import Score

USUAL = ("pop", "folk", "chorale", "band")
"""In doubt the earlier one."""
BAND, BAND_PARTS = "band", ("drums", "bass", "keys", "strings", "lead")
"""The style that is meant where none is named, but drums, or tracks of these names."""
SURE, HEARD = 6.0, 0.4
"""Likeness of a track to a role beyond which it counts no more; what it is worth that all notes play a role."""


def usual_style(brief: Brief) -> str:
    """The style that a brief means where it names none: a band where drums or a band's tracks are asked for, else pop."""
    drums = any(i.program == DRUMS for i in brief.instruments)
    return BAND if drums or any(name in BAND_PARTS for name in brief.tracks or ()) else DEFAULT_STYLE


class Voices(NamedTuple):
    """What is known of a style without loading its model: its roles and its meters."""

    name: str
    roles: tuple[str, ...]
    meters: tuple[tuple[int, int], ...]


def suits(score: Score, voices: Voices) -> float:
    """How well a piece suits a style, 0 to 1.4: how surely its roles are played, the notes that play one, the meter."""
    parts = match(score, voices.roles)
    if not parts:
        return 0.0
    found = traits(score)
    pitched = sum(len(t) for t in score.tracks if not t.is_drum)
    heard = sum(len(score.tracks[i]) for part in parts.values() for i in part.tracks) / max(1, pitched)
    fit = [min(SURE, likeness(score.tracks[p.tracks[0]], found[p.tracks[0]], role, voices.roles)) for role, p in parts.items()]
    meter = score.meters[0]
    known = tiling((meter.numerator, meter.denominator), voices.meters) is not None
    return (sum(fit) / (SURE * len(voices.roles)) + HEARD * heard) * (1.0 if known else 0.3)


def writer_for(score: Score, style: str | None, model: str | None, *, leader: bool = False) -> tuple[Generator, list[str]]:
    """The generator that is asked for, or the one that suits the piece best; and what is to be said of it.

    Args:
      leader: whether only a melody is to be found in the piece, its other tracks not counting.

    Raises:
      BriefError: there is no such style.
      SnapshotError: there is no such model, or none at all.
    """
    from antiphon.generate import load  # only here: it brings onnxruntime, and a caller with a generator needs none

    if model is not None:
        return load.load(model), []
    known = load.available()
    if not known:
        raise SnapshotError("This installation holds no trained model; name one with --model FOLDER.")
    if style is not None:
        if style not in known:
            raise BriefError(f"There is no style {style!r}; available: {', '.join(known)}.")
        return load.load(style), []
    candidates = []
    for name in [n for n in USUAL if n in known] or known:
        spec = load.find(name).spec
        if spec.fills:
            candidates.append(Voices(name, spec.roles, spec.meters))
    if not candidates:
        raise SnapshotError("No installed model can write into a given piece; name one with --model FOLDER.")
    best = max(candidates, key=lambda voices: suits(score, voices))
    return load.load(best.name), [f"The piece suits the style {best.name} best; --style would choose another."]
