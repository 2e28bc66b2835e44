"""What was asked for, measured on the finished score: kept or not, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.compose.brief import MOODS, Brief, chords_text
from antiphon.compose.measure import chord_agreement, out_of_range, share_in_key
from antiphon.compose.plan import Plan
from antiphon.music.beats import bar_count, bar_starts, duration_seconds, meter_at
from antiphon.music.harmony import Key
from antiphon.music.score import Score
from antiphon.music.tonality import find_key

SECONDS_TOLERANCE = 0.01
KEY_SHARE = 0.9
CHORD_SHARE = 0.75
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
    found = [_bars(plan, score), _range(score)]
    if brief.seconds is not None:
        found.append(_seconds(brief, score))
    if brief.tempo is not None:
        slowest, fastest = min(t.qpm for t in score.tempos), max(t.qpm for t in score.tempos)
        kept = abs(slowest - brief.tempo) < 0.01 and abs(fastest - brief.tempo) < 0.01
        found.append(Wish("tempo", brief.tempo, round(fastest, 3), kept, "the tempo map of the score"))
    if brief.meter is not None:
        meters = sorted({f"{m.numerator}/{m.denominator}" for m in score.meters})
        asked = f"{brief.meter[0]}/{brief.meter[1]}"
        found.append(Wish("meter", asked, ", ".join(meters), meters == [asked], "the meter map of the score"))
    if brief.key is not None:
        found.append(_key("key", brief.key, score))
    if plan.request.chords is not None:
        found.append(_chords(plan, score))
    if brief.tracks is not None:
        sounding = [t.name for t in score.tracks if len(t)]
        kept = sorted(sounding) == sorted(brief.tracks)
        found.append(Wish("tracks", list(brief.tracks), sounding, kept, "tracks that have notes"))
    if brief.mood is not None:
        found.append(_mood(brief, brief.mood, plan, score))
    return found


def _bars(plan: Plan, score: Score) -> Wish:
    bars = bar_count(score)
    full = score.end == score.length == bar_starts(score)[-1] + meter_at(score, score.end - 1).bar_ticks(score.resolution)
    return Wish("bars", plan.request.bars, bars, bars == plan.request.bars and full, "bar lines, the last bar full")


def _seconds(brief: Brief, score: Score) -> Wish:
    lasts = duration_seconds(score)
    kept = brief.seconds is not None and abs(lasts - brief.seconds) <= SECONDS_TOLERANCE
    why = "from the first bar line to the last; the audio rings on a little"
    if not kept and brief.tempo is not None:
        why = "the tempo was asked for too, and whole bars come no nearer"
    return Wish("seconds", brief.seconds, round(lasts, 4), kept, why)


def _range(score: Score) -> Wish:
    shares = {t.name: round(1 - out_of_range(t), 4) for t in score.tracks if len(t) and not t.is_drum}
    kept = all(share >= 1 - RANGE_SHARE for share in shares.values())
    return Wish("range", "each track in the range of its role", shares, kept, "share of the track's notes inside the range")


def _heard(score: Score) -> Key | None:
    found = find_key(score)
    return found.key if found is not None else None


def _key(name: str, asked: Key, score: Score) -> Wish:
    share, heard = share_in_key(score, asked), _heard(score)
    near = heard is not None and (heard == asked or heard.fifths == asked.fifths)
    kept = share >= KEY_SHARE and near
    why = "share of sounding time on notes of the key, and the key that its pitch classes fit best"
    if near and heard != asked:
        why = "it leans towards the relative key, which has the same notes"
    elif not near:
        why = "its pitch classes fit another key better"
    return Wish(name, str(asked), {"share_in_key": round(share, 4), "heard": str(heard)}, kept, why)


def _chords(plan: Plan, score: Score) -> Wish:
    bars = plan.request.chords or ()
    asked = chords_text(bars)
    if not any(chord for bar in bars for chord in bar):
        return Wish("chords", asked, None, True, "no chord is asked for in any bar")
    share = chord_agreement(score)
    why = "share of notes on strong beats that belong to the chord; melodies need some that do not"
    return Wish("chords", asked, round(share, 4), share >= CHORD_SHARE, why)


def _mood(brief: Brief, name: str, plan: Plan, score: Score) -> Wish:
    """A mood is kept where what it changed is heard: mode and tempo, each only where no explicit wish overrules it."""
    mood = MOODS[name]
    asked: dict[str, object] = {"mood": name}
    measured: dict[str, object] = {}
    kept = True
    if mood.minor is not None and brief.key is None and brief.chords is None:
        heard = _heard(score)
        asked["mode"] = "minor" if mood.minor else "major"
        measured["heard"] = str(heard)
        kept &= heard is not None and heard.minor == mood.minor
    if brief.tempo is None and brief.seconds is None:
        asked["tempo"] = list(mood.tempo)
        measured["tempo"] = round(score.tempos[0].qpm, 3)
        kept &= mood.tempo[0] - 0.01 <= score.tempos[0].qpm <= mood.tempo[1] + 0.01
    notes = [t.notes["velocity"] for t in score.tracks if len(t)]
    asked["dynamics"] = plan.dynamics
    measured["mean_velocity"] = round(float(np.concatenate(notes).mean()), 1) if notes else 0.0
    return Wish("mood", asked, measured, bool(kept), "mode heard and tempo, where no explicit wish overrules the mood")
