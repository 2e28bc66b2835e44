"""Wishes for form, curves and single roles, measured on the finished score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.compose.brief import Brief
from antiphon.compose.brief_values import DRUMS, form_text, pitch_name, program_name
from antiphon.compose.document import plain_curve
from antiphon.compose.layout import asked_form, bars_of
from antiphon.compose.plan import Plan
from antiphon.compose.reprise import ALIKE, likeness, repeats
from antiphon.compose.thickness import mean_velocities, most_at_once, onset_density, velocity_of
from antiphon.compose.wishes import Wish
from antiphon.music.edit import named
from antiphon.music.instruments import guess_program
from antiphon.music.score import Score, Track

VELOCITY_TOLERANCE = 4.0
DENSITY_TOLERANCE = 0.08
"""Mean distance from the curve, over the bars in which something sounds."""


def check_parts(brief: Brief, plan: Plan, score: Score) -> list[Wish]:
    """One Wish for each thing asked of form, loudness, density and single roles, and for what is beyond the model."""
    bar = score.meters[0].bar_ticks(score.resolution)
    found: list[Wish] = []
    if plan.form is not None and asked_form(brief) is not None:
        found.append(_form(brief, plan, score, bar))
    if brief.energy is not None and plan.energy is not None:
        found.append(_energy("energy", plain_curve(brief.energy), plan.energy, score, bar))
    elif plan.energy is not None and brief.arousal is not None:
        found.append(_energy("arousal", plain_curve(brief.arousal), plan.energy, score, bar))
    if brief.density is not None and plan.density is not None:
        found.append(_density("density", plain_curve(brief.density), plan.density, score.tracks, score, bar, ()))
    for role, density in brief.track_density:
        track = named(score.tracks, role)
        force = plan.force(role)
        rests = force.rests if force is not None else ()
        tracks = (track,) if track is not None else ()
        wanted = [density] * plan.request.bars
        found.append(_density(f"density of {role}", density, wanted, tracks, score, bar, rests))
    for role, voices in brief.polyphony:
        track = named(score.tracks, role)
        most = most_at_once(track.notes) if track is not None else 0
        found.append(Wish(f"polyphony of {role}", voices, most, most <= voices, "most notes of the track at one moment"))
    for asked in brief.ranges:
        found.append(_pitches(asked.role, asked.low, asked.high, named(score.tracks, asked.role)))
    found += _instruments(brief, plan, score)
    found += _silences(brief, plan, score, bar)
    return found + [Wish(wish.name, wish.asked, None, False, wish.why) for wish in plan.unmet]


def _form(brief: Brief, plan: Plan, score: Score, bar: int) -> Wish:
    parts = asked_form(brief) or ()
    form = plan.form or ()
    asked = form_text(part for part in parts if part.letter != "-")
    alike = [likeness(score, a, b, length) for a, b, length in repeats(form, bar)]
    filled = sum(phrase.bars for phrase in form) * bar == score.end
    kept = filled and all(share >= ALIKE * 0.8 for share in alike)
    measured = {"phrases": form_text(form), "likeness of repeats": round(min(alike), 4) if alike else None}
    why = "phrases fill the piece, and those of one letter share at least four tenths of their notes"
    if filled and not kept:
        why = "other wishes, as chords, rests or curves, differ between phrases of one letter"
    return Wish("form", asked, measured, kept, why)


def _energy(name: str, asked: object, energy: Sequence[float], score: Score, bar: int) -> Wish:
    found = mean_velocities(score, bar, len(energy))
    sounds = ~np.isnan(found)
    if not sounds.any():
        return Wish(name, asked, None, False, "nothing sounds")
    away = float(np.abs(found - [velocity_of(value) for value in energy])[sounds].mean())
    ends = found[sounds][[0, -1]]
    measured = {"first bar": round(float(ends[0]), 1), "last bar": round(float(ends[1]), 1), "mean distance": round(away, 2)}
    kept = away <= VELOCITY_TOLERANCE
    return Wish(name, asked, measured, kept, "mean velocity of each bar against the curve, 30 at energy 0 and 118 at 1")


def _density(
    name: str,
    asked: object,
    wanted: Sequence[float],
    tracks: Sequence[Track],
    score: Score,
    bar: int,
    rests: Sequence[tuple[int, int]],
) -> Wish:
    found = onset_density(tracks, bar, len(wanted), score.resolution)
    heard = np.array([found[i] > 0 and not any(a <= i < b for a, b in rests) for i in range(len(wanted))])
    if not heard.any():
        return Wish(name, asked, 0.0, False, "nothing sounds")
    sixteenths = bar * 4 / score.resolution
    near = np.maximum(np.array(wanted), 1 / sixteenths)  # a bar keeps one onset
    away = float(np.abs(found - near)[heard].mean())
    measured = {"mean": round(float(found[heard].mean()), 3), "mean distance": round(away, 3)}
    kept = away <= DENSITY_TOLERANCE
    why = "onsets in each bar as a share of its sixteenths, against the curve"
    if not kept:
        why = "too few notes sound, or other wishes, as rests, chords or another density, leave out or add some"
    return Wish(name, asked, measured, kept, why)


def _pitches(role: str, low: int, high: int, track: Track | None) -> Wish:
    asked = f"{pitch_name(low)}-{pitch_name(high)}"
    if track is None or not len(track):
        return Wish(f"range of {role}", asked, None, True, "the track has no note")
    lowest, highest = int(track.notes["pitch"].min()), int(track.notes["pitch"].max())
    measured = f"{pitch_name(lowest)}-{pitch_name(highest)}"
    return Wish(f"range of {role}", asked, measured, low <= lowest <= highest <= high, "lowest and highest note of the track")


def _instruments(brief: Brief, plan: Plan, score: Score) -> list[Wish]:
    """Each instrument asked for: the track that plays it."""
    told = {(wish.asked) for wish in plan.unmet if wish.name == "instruments"}
    found = []
    for role, program in dict.fromkeys(brief.instruments):
        name = program_name(program)
        if program == DRUMS or name in told:
            if program == DRUMS and not any(t for t in told):
                heard = [t.name for t in score.tracks if t.is_drum and len(t)]
                found.append(Wish("instruments", name, heard, bool(heard), "tracks of drums that have notes"))
            continue
        plays = [t.name for t in score.tracks if len(t) and not t.is_drum and t.program == program]
        kept = bool(plays) if role is None else role in plays
        why = "tracks with notes that have its General MIDI program"
        found.append(Wish("instruments", name if role is None else f"{role} on {name}", plays, kept, why))
    return found


def _silences(brief: Brief, plan: Plan, score: Score, bar: int) -> list[Wish]:
    """Each rest asked for: how many notes sound in it."""
    found = []
    for silence in brief.silences:
        where = bars_of(silence, plan.form, plan.request.bars)
        if not where:
            continue  # among the unmet
        tracks = [t for t in score.tracks if t.name == silence.role]
        if not tracks:
            program = guess_program(silence.role, -1)
            plays = {force.role for force in plan.forces if force.program == program and program >= 0}
            tracks = [t for t in score.tracks if t.name in plays]
        count = 0
        for first, stop in where:
            for track in tracks:
                begun = track.notes["onset"] < stop * bar
                lasts = track.notes["onset"] + track.notes["duration"] > first * bar
                count += int((begun & lasts).sum())
        why = "notes that sound there" if tracks else "no track is called so, or plays it"
        found.append(Wish("silences", str(silence), f"{count} notes", count == 0, why))
    return found
