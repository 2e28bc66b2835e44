"""What was asked for, measured on the finished score: kept or not, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.compose.agreement import agreeing, foreign_notes
from antiphon.compose.brief import Brief, Progression, chords_text
from antiphon.compose.forces import range_of
from antiphon.compose.harmony import foreign_chords
from antiphon.compose.length import slowed_bars
from antiphon.compose.measure import share_in_key
from antiphon.compose.mood_asked import mood_name, mood_of
from antiphon.compose.numerals import numerals_text
from antiphon.compose.plan import Plan
from antiphon.compose.plan_file import harmony_texts
from antiphon.music.beats import bar_count, bar_starts, duration_seconds, meter_at
from antiphon.music.harmony import Key
from antiphon.music.score import Score, Track
from antiphon.music.tonality import find_key

SECONDS_TOLERANCE = 0.01
KEY_SHARE = 0.9
CHORD_SHARE = 0.95
"""Share of the bars that must agree with the chords asked for (see compose.agreement)."""
RANGE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing asked for (or promised always) and what became of it; `why` says how it was measured or why it failed."""

    name: str
    asked: object
    measured: object
    kept: bool
    why: str


def check(brief: Brief, plan: Plan, score: Score) -> list[Wish]:
    """One Wish for each thing that the brief asks of the music, and those that hold for every piece (bars, range)."""
    from antiphon.compose.wishes_parts import check_parts  # it needs Wish

    found = [_bars(brief, plan, score), _range(plan, score)]
    if brief.seconds is not None:
        found.append(_seconds(brief, plan, score))
    if brief.tempo is not None:
        found.append(_tempo(brief.tempo, plan, score))
    if brief.meter is not None:
        meters = sorted({f"{m.numerator}/{m.denominator}" for m in score.meters})
        asked = f"{brief.meter[0]}/{brief.meter[1]}"
        found.append(Wish("meter", asked, ", ".join(meters), meters == [asked], "the meter map of the score"))
    if brief.key is not None:
        found.append(_key(brief, plan, score))
    if brief.strict and (brief.key is None or plan.request.key == brief.key):
        found.append(_strict(plan, score))
    if plan.request.chords is not None:
        found.append(_chords(brief, plan, score))
    if brief.tracks is not None:
        found.append(_tracks(brief.tracks, plan, score))
    if mood_of(brief) is not None:
        found.append(_mood(brief, plan, score))
    return found + check_parts(brief, plan, score)


def _bars(brief: Brief, plan: Plan, score: Score) -> Wish:
    bars = bar_count(score)
    full = score.end == score.length == bar_starts(score)[-1] + meter_at(score, score.end - 1).bar_ticks(score.resolution)
    asked = brief.bars if brief.bars is not None else plan.request.bars
    return Wish("bars", asked, bars, bars == asked and full, "bar lines, the last bar full")


def _seconds(brief: Brief, plan: Plan, score: Score) -> Wish:
    lasts = duration_seconds(score)
    kept = brief.seconds is not None and abs(lasts - brief.seconds) <= SECONDS_TOLERANCE
    why = "from the first bar line to the last; the audio rings on a little"
    if kept and plan.slowing:
        why = "the last bars are slowed, since whole bars at the tempo asked for would miss it"
    if not kept and brief.tempo is not None:
        why = "the tempo and the bars were asked for too, and come no nearer"
    return Wish("seconds", brief.seconds, round(lasts, 4), kept, why)


def _tempo(asked: float, plan: Plan, score: Score) -> Wish:
    begins = plan.request.bars - slowed_bars(plan.request.bars) if plan.slowing else plan.request.bars
    line = begins * score.meters[0].bar_ticks(score.resolution)
    before = [t.qpm for t in score.tempos if t.tick < line or t.tick == 0]
    kept = all(abs(qpm - asked) < 0.01 for qpm in before)
    why = "the tempo map of the score" + (", up to the last bars, slowed to end on time" if plan.slowing else "")
    return Wish("tempo", asked, round(max(before), 3), kept, why)


def _range(plan: Plan, score: Score) -> Wish:
    shares = {}
    for track in score.tracks:
        if len(track) and not track.is_drum:
            low, high = range_of(plan.force(track.name), track.name, track.program)
            shares[track.name] = round(float(np.mean((track.notes["pitch"] >= low) & (track.notes["pitch"] <= high))), 4)
    asked_all = {force.role for force in plan.forces if force.low is not None}
    kept = all(share >= (1 if name in asked_all else 1 - RANGE_SHARE) for name, share in shares.items())
    what = "each track in the range of its role, or of the instrument or the range asked for"
    return Wish("range", what, shares, kept, "share of the track's notes inside the range")


def _heard(score: Score) -> Key | None:
    found = find_key(score)
    return found.key if found is not None else None


def _key(brief: Brief, plan: Plan, score: Score) -> Wish:
    assert brief.key is not None
    asked = brief.key
    share, heard = share_in_key(score, asked), _heard(score)
    near = heard is not None and (heard == asked or heard.fifths == asked.fifths)
    typed = (brief.chords is not None or brief.numerals is not None) and plan.request.chords is not None
    inside = typed and not foreign_chords(plan.request.chords or (), asked)
    kept = share >= KEY_SHARE and (near or inside or (brief.strict and share == 1))
    why = "share of sounding time on notes of the key, and the key that its pitch classes fit best"
    if near and heard != asked:
        why = "it leans towards the relative key, which has the same notes"
    elif plan.request.key != asked:
        why = "the key gave way to the chords, as on_conflict says"
    elif kept and not near:
        why = "the notes and the chords asked for belong to the key, though they lean towards another"
    elif not near and typed:
        why = "the chords asked for fit another key better"
    elif not near:
        why = "its pitch classes fit another key better"
    return Wish("key", str(asked), {"share_in_key": round(share, 4), "heard": str(heard)}, kept, why)


def _strict(plan: Plan, score: Score) -> Wish:
    key = score.keys[0].key if score.keys else None
    foreign = foreign_notes(score.tracks, key) if key is not None else 0
    why = "notes foreign to the key, the raised sixth and seventh of minor being its own"
    if foreign:
        why = "notes of the chords asked for were let stand"
    return Wish("strict key", str(key), f"{foreign} foreign notes", foreign == 0, why)


def _chords(brief: Brief, plan: Plan, score: Score) -> Wish:
    bars = plan.request.chords or ()
    typed = brief.chords is not None or brief.numerals is not None
    name = "chords" if typed else "harmony"
    asked = numerals_text(brief.numerals) if brief.numerals is not None else _spelt(bars, plan)
    if not any(chord for bar in bars for chord in bar):
        return Wish(name, asked, None, True, "no chord is asked for in any bar")
    given = brief.chords
    if given is not None and any(bar != given[i % len(given)] for i, bar in enumerate(bars)):
        why = "chords foreign to the strict key were bent, as on_conflict says"
        return Wish(name, chords_text(given), _spelt(bars, plan), False, why)
    found = agreeing(score, bars, plan.meter, score.meters[0].bar_ticks(score.resolution))
    compared = [agrees for agrees in found if agrees is not None]
    if not compared:
        return Wish(name, asked, None, False, "nothing sounds where a chord is asked for")
    share = sum(compared) / len(compared)
    why = "share of bars in which two thirds of what sounds on strong beats, and the lowest note, belong to the chord"
    missed = [str(i + 1) for i, agrees in enumerate(found) if agrees is False]
    if share < CHORD_SHARE:
        why = f"bar{'s' * (len(missed) > 1)} {', '.join(missed[:8])} could not be brought to the chord"
    return Wish(name, asked, round(share, 4), share >= CHORD_SHARE, why)


def _spelt(bars: Progression, plan: Plan) -> str:
    """The chords of all bars, spelt as the key has them."""
    return " | ".join(harmony_texts(bars, plan.request.key))


def _tracks(asked: tuple[str, ...], plan: Plan, score: Score) -> Wish:
    sounding = [t.name for t in score.tracks if len(t)]
    resting = {f.role for f in plan.forces if sum(stop - first for first, stop in f.rests) >= plan.request.bars}
    kept = sorted(sounding) == sorted(name for name in asked if name not in resting)
    return Wish("tracks", list(asked), sounding, kept, "tracks that have notes")


def _mood(brief: Brief, plan: Plan, score: Score) -> Wish:
    """A mood is kept where what it changed is heard: mode and tempo, each only where no explicit wish overrules it."""
    mood = mood_of(brief)
    assert mood is not None
    asked: dict[str, object] = {"mood": mood_name(brief)}
    measured: dict[str, object] = {}
    kept = True
    moving = brief.valence is not None and len(set(brief.valence)) > 1
    if mood.minor is not None and brief.key is None and brief.chords is None and not moving:
        heard = _heard(score)
        asked["mode"] = "minor" if mood.minor else "major"
        measured["heard"] = str(heard)
        kept &= heard is not None and heard.minor == mood.minor
    if brief.tempo is None and brief.seconds is None:
        asked["tempo"] = list(mood.tempo)
        measured["tempo"] = round(score.tempos[0].qpm, 3)
        kept &= mood.tempo[0] - 0.01 <= score.tempos[0].qpm <= mood.tempo[1] + 0.01
    asked["dynamics"] = plan.dynamics
    measured["mean_velocity"] = mean_velocity(score.tracks)
    return Wish("mood", asked, measured, bool(kept), "mode heard and tempo, where no explicit wish overrules the mood")


def mean_velocity(tracks: tuple[Track, ...]) -> float:
    """Mean velocity of all notes, 0 without any."""
    notes = [t.notes["velocity"] for t in tracks if len(t)]
    return round(float(np.concatenate(notes).mean()), 1) if notes else 0.0
