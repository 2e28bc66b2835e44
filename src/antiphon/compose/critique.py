"""Which take is best, and why: faults found by ear-training rules, and how typical the sequence model finds the take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from antiphon.compose.critique_bars import weakest_bar
from antiphon.compose.critique_ear import Ear, departures, ear_for
from antiphon.compose.critique_measures import measures
from antiphon.compose.measure import chord_agreement, foreign_on_strong_beats, out_of_range
from antiphon.generate.request import Description, Request, Take
from antiphon.music.beats import bar_starts, ticks_to_seconds
from antiphon.music.harmony import Key
from antiphon.music.score import Score, Track

LONG_SILENCE_SECONDS = 2.5
LEADERS = ("melody", "soprano")
LEAST_SUNG = 0.5
"""Share of bars in which a leading part begins a note in 19 of 20 stretches of sixteen bars of POP909."""
MOST_LEAPS = 0.025
"""Share of steps wider than an octave in the melody that 99 of 100 such stretches stay below."""
WEIGHTS = {
    "typical": 0.5,
    "key": 6.0,
    "chords": 4.0,
    "empty": 4.0,
    "silence": 0.5,
    "range": 4.0,
    "repeat": 2.0,
    "rests": 2.0,
    "leaps": 8.0,
    "stuck": 1.0,
    "rest": 0.4,
}
"""Points for each kind of fault, for its whole extent (a share of 1) or for the unit that its rule counts; what a style's
ear (see critique_ear) was fitted to multiplies them."""
LEAST_TOLD = 0.05
"""A departure from the style of fewer points counts, but is not told."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a take, or for it where `points` is 0; `kind` names the rule or measure it comes from."""

    text: str
    points: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the critic thinks of one take: `penalty` is the sum of the reasons' points, 0 is faultless.

    Attributes:
      take, seed, log_likelihood: which take it is, and what the sequence model gives it.
      penalty: what the choice goes by.
      reasons: what it is made of.
      weakest: the weakest bar and why, in one sentence; empty where no bar stands out.
      copies: whether it copies more of the training pieces than people do; such a take is not kept if another is there.
    """

    take: int
    seed: int
    log_likelihood: float
    penalty: float
    reasons: tuple[Reason, ...]
    weakest: str = ""
    copies: bool = False


RHYTHM = ("drums", "bass")
"""Parts without which a band is none."""
NO_LIKELIHOOD = Reason("it has no likelihood to go by: a network of this kind gives none", 0.0, "typical")


def judge(takes: Sequence[Take], scores: Sequence[Score], description: Description, request: Request) -> list[Verdict]:
    """One verdict a take, in the order of the takes.

    Args:
      takes: as the generator wrote them.
      scores: the same pieces, finished.
      description: of the generator; its card says which likelihood is typical.
      request: what was asked; chords count only where asked for, and without a key each score's own is taken.
    """
    typical = typical_likelihood([take.log_likelihood for take in takes], description, request)
    ear = ear_for(description.style)
    verdicts = []
    for i, (take, score) in enumerate(zip(takes, scores, strict=True)):
        key = request.key or (score.keys[0].key if score.keys else None)
        reasons = [_typicality(take.log_likelihood, *typical) if description.likelihood else NO_LIKELIHOOD]
        reasons += [replace(r, points=r.points * ear.factor(r.kind)) for r in faults(score, key)]
        reasons += style_departures(score, ear)
        if request.given is None:
            reasons += _without_rhythm(score, request.tracks or description.roles)
        chords = _off_chord(score) if request.chords is not None else None
        reasons += [chords] if chords is not None else []
        weakest = weakest_bar(score, key)
        verdicts.append(Verdict(i, take.seed, take.log_likelihood, sum(r.points for r in reasons), tuple(reasons), weakest))
    return verdicts


def best(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of least penalty; the earlier take wins a tie."""
    return min(verdicts, key=lambda v: (v.penalty, v.take))


def typical_likelihood(values: Sequence[float], description: Description, request: Request) -> tuple[float, float, str]:
    """Centre and spread of the nats per note that a typical piece gets, and who says so.

    Music that listeners call good is neither the most nor the least likely: a take is measured by its distance from
    what real pieces get (typical set), so the dullest take, which is the likeliest, does not win.

    Where chords are given, the notes are easier to foresee than those of the card, so the takes' own middle stands in.
    """
    stated = description.card.get("typical")
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    middle, spread = float(np.median(finite)), max(0.05, float(np.std(finite)))
    if isinstance(stated, dict) and isinstance(stated.get("mean"), int | float) and isinstance(stated.get("std"), int | float):
        spread = max(1e-3, float(stated["std"]))
        if request.chords is None:
            return float(stated["mean"]), spread, "pieces the model never saw"
    return middle, spread, "the middle of the takes"


def _typicality(value: float, centre: float, spread: float, authority: str) -> Reason:
    if not math.isfinite(value):
        return Reason("the model gives it no likelihood at all", 20.0, "typical")
    distance = abs(value - centre) / spread
    manner = "as expected" if distance <= 1 else "more predictable than most" if value > centre else "stranger than most"
    said = f"{manner} ({value:.3f} nats a note, {distance:.1f} deviations from {authority}, {centre:.3f})"
    return Reason(said, WEIGHTS["typical"] * max(0.0, distance - 0.5), "typical")


def style_departures(score: Score, ear: Ear) -> list[Reason]:
    """Where the piece is unlike real pieces of the style, the gravest first; small departures together as one reason."""
    found = sorted(departures(measures(score), ear), key=lambda d: -d.points)
    told = [Reason(d.text, d.points, d.name) for d in found if d.points >= LEAST_TOLD]
    rest = sum(d.points for d in found if d.points < LEAST_TOLD)
    return [*told, Reason("small departures from the style", rest, "small")] if rest > 0 else told


def faults(score: Score, key: Key | None) -> list[Reason]:
    """What a teacher would mark in the score, each with its points; an empty list is a faultless piece."""
    if score.note_count == 0:
        return [Reason("there is not one note", 100.0, "silent")]
    whole = [_empty_bars(score), _silence(score), _repetition(score)]
    if key is not None:
        whole += [_out_of_key(score, key), _no_rest(score, key)]
    found = [reason for reason in whole if reason is not None]
    return found + [reason for track in score.tracks for reason in _track_faults(score, track)]


def _empty_bars(score: Score) -> Reason | None:
    starts = np.array(bar_starts(score))
    notes = [t.notes for t in score.tracks if len(t)]
    onsets = np.concatenate([n["onset"] for n in notes])
    ends = onsets + np.concatenate([n["duration"] for n in notes])
    stops = np.append(starts[1:], score.end)
    empty = [not np.any((onsets < stop) & (ends > start)) for start, stop in zip(starts, stops, strict=True)]
    if not any(empty):
        return None
    return Reason(f"{sum(empty)} of {len(empty)} bars are empty", WEIGHTS["empty"] * sum(empty) / len(empty), "empty")


def _silence(score: Score) -> Reason | None:
    notes = np.concatenate([t.notes for t in score.tracks if len(t)])
    order = np.argsort(notes["onset"], kind="stable")
    onsets = notes["onset"][order].astype(np.int64)
    sounding = np.maximum.accumulate(onsets + notes["duration"][order])
    begun = np.append(onsets, score.end)
    until = np.insert(sounding, 0, 0)
    longest = float((ticks_to_seconds(score, begun) - ticks_to_seconds(score, np.minimum(until, begun))).max())
    if longest <= LONG_SILENCE_SECONDS:
        return None
    points = WEIGHTS["silence"] * (longest - LONG_SILENCE_SECONDS)
    return Reason(f"{longest:.1f} seconds of silence in one stretch", points, "silence")


def bar_likeness(score: Score) -> list[bytes]:
    """For each bar what begins in it, as bytes that are equal where two bars sound alike."""
    starts = bar_starts(score)
    stops = [*starts[1:], score.end]
    texts = []
    for start, stop in zip(starts, stops, strict=True):
        parts = []
        for track in score.tracks:
            first, last = np.searchsorted(track.notes["onset"], (start, stop))  # notes are in the order of their onsets
            inside = track.notes[first:last]
            parts.append((inside["onset"] - start).tobytes() + inside["pitch"].tobytes())
        texts.append(b"|".join(parts))
    return texts


def _repetition(score: Score) -> Reason | None:
    bars = bar_likeness(score)
    run = longest = 1
    for before, after in pairwise(bars):
        run = run + 1 if before == after else 1
        longest = max(longest, run)
    if longest > 3:
        return Reason(f"{longest} bars in a row are the same", WEIGHTS["repeat"] * (longest - 3) / 2, "repeat")
    if len(bars) >= 8 and len(set(bars)) < 0.3 * len(bars):
        return Reason(f"only {len(set(bars))} of {len(bars)} bars are different", WEIGHTS["repeat"], "repeat")
    return None


def _without_rhythm(score: Score, roles: Sequence[str]) -> list[Reason]:
    """What a band lacks whose drums, or bass beside them, are to play and never do."""
    playing = {t.name for t in score.tracks if len(t)}
    missing = [role for role in RHYTHM if role in roles and role not in playing] if RHYTHM[0] in roles else []
    return [Reason(f"the {role} never play{'s' * (role == 'bass')}", WEIGHTS["rests"], "unplayed") for role in missing]


def _track_faults(score: Score, track: Track) -> list[Reason]:
    """Faults of one part; only a part that leads is asked to be there most of the time and to be singable."""
    leads = track.name in LEADERS
    if track.is_drum:
        return []
    if len(track) == 0:
        return [Reason(f"the {track.name} has no note", WEIGHTS["rests"] if leads else WEIGHTS["rests"] / 4, "rests")]
    found = []
    outside = out_of_range(track)
    if outside > 0:
        said = f"{outside:.0%} of the {track.name}'s notes are out of its range"
        found.append(Reason(said, WEIGHTS["range"] * outside, "range"))
    if not leads:
        return found
    starts = bar_starts(score)
    sung = len(np.unique(np.searchsorted(starts, track.notes["onset"], side="right"))) / len(starts)
    if sung < LEAST_SUNG:
        said = f"the {track.name} sings in only {sung:.0%} of the bars"
        found.append(Reason(said, WEIGHTS["rests"] * (1 - sung / LEAST_SUNG), "rests"))
    pitch = track.notes["pitch"].astype(np.int32)
    leaps = float(np.mean(np.abs(np.diff(pitch)) > 12)) if len(pitch) > 1 else 0.0
    if leaps > MOST_LEAPS:
        said = f"{leaps:.0%} of the {track.name}'s steps are wider than an octave"
        found.append(Reason(said, WEIGHTS["leaps"] * leaps, "leaps"))
    longest = int(np.diff(np.flatnonzero(np.diff(pitch, prepend=-1, append=-1))).max())
    if longest > 10:
        said = f"the {track.name} strikes one pitch {longest} times on end"
        found.append(Reason(said, WEIGHTS["stuck"] * (longest - 10) / 10, "stuck"))
    return found


def _out_of_key(score: Score, key: Key) -> Reason | None:
    share = foreign_on_strong_beats(score, key)
    if not share:
        return None
    said = f"{share:.0%} of the notes on strong beats are foreign to {key}"
    return Reason(said, WEIGHTS["key"] * max(0.0, share - 0.02), "key")


def _off_chord(score: Score) -> Reason | None:
    share = 1 - chord_agreement(score)
    if share < 0.02:
        return None
    said = f"{share:.0%} of the notes on strong beats are not in the chord asked for"
    return Reason(said, WEIGHTS["chords"] * max(0.0, share - 0.1), "chords")


def _no_rest(score: Score, key: Key) -> Reason | None:
    """The piece does not come home: the lowest note at its end is not the tonic."""
    last = [n for t in score.tracks if not t.is_drum for n in t]
    if not last:
        return None
    end = max(n.onset + n.duration for n in last)
    final = [n.pitch for n in last if n.onset + n.duration >= end - score.resolution // 2]
    if min(final) % 12 == key.tonic:
        return None
    return Reason("the last low note is not the tonic", WEIGHTS["rest"], "rest")
