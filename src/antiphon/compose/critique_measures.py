"""What the critic listens for besides faults: measures of a piece that have a name in words, from the judge's descriptor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.evaluate.descriptor import describe
from antiphon.music.score import Score

Floats = npt.NDArray[np.float64]

WINDOWS = (8, 4, 2, 1)
"""Bars of the stretches that are measured: the longest that the piece fills; what is told is the mean over stretches."""
MOST_WINDOWS = 4

WORDS: dict[str, tuple[str, str]] = {
    "key strength": ("the key is spelled out more plainly than usual", "no key is clearly heard"),
    "pitch-class entropy": ("many different notes are used alike", "few different notes are used"),
    "scale consistency": ("hardly a note leaves the scale", "many notes leave every scale"),
    "pitch deviation": ("the notes lie far apart", "the notes lie close together"),
    "distinct pitches": ("unusually many pitches occur", "unusually few pitches occur"),
    "onsets a bar mean": ("the rhythm is busy", "the rhythm is sparse"),
    "onsets a bar deviation": ("busy and empty bars alternate", "every bar is equally busy"),
    "notes a bar mean": ("the texture is crowded", "the texture is thin"),
    "log length mean": ("the notes are long", "the notes are short"),
    "log length deviation": ("long and short notes are mixed freely", "all notes are about equally long"),
    "onsets on weak sixteenths": ("many notes begin between the beats", "no note begins between the beats"),
    "syncopation": ("much is syncopated", "nothing is syncopated"),
    "distinct bar rhythms": ("hardly a rhythm comes back", "the same rhythm in bar after bar"),
    "groove consistency": ("the rhythm never changes from bar to bar", "the rhythm changes from bar to bar"),
    "notes over a bar line": ("many notes are tied over bar lines", "no note crosses a bar line"),
    "0 sounding": ("there is much silence", "there is never a rest"),
    "sounding mean": ("many notes sound at once", "few notes sound at once"),
    "sounding deviation": ("the number of voices keeps changing", "the number of voices never changes"),
    "semitone clashes": ("notes a semitone apart sound together", "nothing rubs at all"),
    "notes begun together mean": ("many notes are struck together", "few notes are struck together"),
    "interval class 6": ("there are many tritones", "there is hardly a tritone"),
    "chord match": ("the chords are barer than usual", "the chords are blurred"),
    "distinct chords": ("there are many different chords", "there are few different chords"),
    "chord changes over bar lines": ("the chord changes at every bar line", "the chord often stays over the bar line"),
    "root rises a fourth": ("the bass falls by fifths again and again", "the roots seldom move by fifths"),
    "out-of-key notes, strong beats": ("foreign notes stand on the beat", "no foreign note stands on the beat"),
    "out-of-key notes, weak beats": ("foreign notes stand off the beat", "no foreign note stands off the beat"),
    "non-chord notes, strong beats": ("the notes on the beat leave the chord", "the notes on the beat never leave the chord"),
    "non-chord notes, weak beats": ("the notes off the beat leave the chord", "even off the beat no note leaves the chord"),
    "chroma likeness, next beat": ("the harmony hardly moves from beat to beat", "the harmony jumps from beat to beat"),
    "chroma likeness, next bar": ("the harmony hardly moves from bar to bar", "neighbouring bars have no note in common"),
    "upper interval band 0": ("the upper voice repeats its notes", "the upper voice never repeats a note"),
    "upper mean interval": ("the upper voice leaps about", "the upper voice hardly leaves the spot"),
    "upper turns": ("the upper voice keeps turning", "the upper voice runs on in one direction"),
    "upper leaps recovered": ("every leap turns back", "leaps are left hanging"),
    "upper interval over bar lines": ("the melody leaps at the bar lines", "the melody closes up at the bar lines"),
    "upper repeated trigrams": ("the same turns come again and again", "no turn of the melody comes back"),
    "upper range": ("the upper voice spans a wide range", "the upper voice spans a narrow range"),
    "lower mean interval": ("the bass leaps about", "the bass hardly moves"),
    "lower turns": ("the bass keeps turning", "the bass runs on in one direction"),
    "lower range": ("the bass spans a wide range", "the bass spans a narrow range"),
    "most silent part": ("a part is silent for long", "no part ever rests"),
    "onsets shared": ("the parts move in step", "the parts seldom begin together"),
    "register distance": ("the parts lie far apart", "the parts lie on top of each other"),
    "tonal distance mean": ("the parts play different harmonies", "the parts play the same notes"),
    "notes repetition": ("bars come back nearly unchanged all the time", "nothing comes back"),
    "bars repeated exactly": ("many bars are repeated note for note", "no bar is repeated note for note"),
    "long-range similarity": ("the second half is a copy of the first", "the second half has nothing of the first"),
    "rhythm repetition": ("the rhythms are all alike", "the rhythms have nothing in common"),
    "chroma repetition": ("all bars have the same harmony", "the bars share no harmony"),
    "phrase length mean": ("the phrases are long", "the phrases are short"),
}
"""Measure of the descriptor -> what to say where it is higher than usual, and where it is lower."""

NAMES = tuple(WORDS)


def windows(score: Score) -> list[Clip]:
    """Stretches of the piece on the sixteenth grid, of the longest of WINDOWS that it fills; none for a silent piece."""
    roles = common_roles([score])
    for bars in WINDOWS:
        clips = cut_clips(score, bars, roles, "", MOST_WINDOWS)
        if clips:
            return clips
    return []


def measures(score: Score) -> dict[str, float]:
    """Measures by name (see WORDS), means over stretches of eight bars; nan where a measure means nothing; {} in silence."""
    rows = [describe(clip) for clip in windows(score) if len(clip.pitched[0])]
    if not rows:
        return {}
    return {name: _mean([row[name] for row in rows]) for name in NAMES}


def vector(score: Score) -> Floats:
    """The measures in the order of NAMES [d], nan where they mean nothing."""
    found = measures(score)
    return np.array([found.get(name, np.nan) for name in NAMES])


def _mean(values: list[float]) -> float:
    known = [v for v in values if not np.isnan(v)]
    return sum(known) / len(known) if known else float("nan")
