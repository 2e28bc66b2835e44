"""Sustain pedal by rule: down just after each chord, up just after the next, where a keyboard plays chords without one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from antiphon.compose.fixed import BoolArray, note_ends
from antiphon.music.beats import bar_starts, tempo_at
from antiphon.music.chords import recognise_chords
from antiphon.music.score import ChordMark, Score, Track, spans_array

PIANOS = range(6)
"""General MIDI programs whose players use a pedal."""
DOWN_MS, UP_MS = 70.0, 20.0
"""After the new chord is struck: the pedal is lifted, then pressed again (syncopated pedalling)."""
CHORDAL = 1.15
"""Notes for each onset from which on a track plays chords."""
TONES = 0.75
"""Least share of a stretch's notes that must be chord tones for the pedal to be held through it."""


def with_pedals(played: Score, score: Score, masks: list[BoolArray]) -> Score:
    """A performance with pedals for its chord-playing pianos that have none; none is held over a fixed note.

    Args:
      played: the performance.
      score: what was performed, note for note on its grid; chords are read there.
      masks: fixed notes of each track of the score.
    """
    fit = [_takes_pedal(track) for track in score.tracks]
    if not any(fit):
        return played
    marks = score.chords or recognise_chords(score)
    ticks = sorted({*(m.tick for m in marks), *bar_starts(score)} - {score.end}) or [0]
    tracks = []
    for shown, track, mask, takes in zip(played.tracks, score.tracks, masks, fit, strict=True):
        pedals = _spans(score, track, marks, ticks, mask) if takes else []
        tracks.append(replace(shown, pedals=spans_array(pedals)) if pedals else shown)
    return played.with_tracks(tracks)


def _takes_pedal(track: Track) -> bool:
    if track.is_drum or track.program not in PIANOS or len(track.pedals) or len(track) < 8:
        return False
    return len(track) >= CHORDAL * len(np.unique(track.notes["onset"]))


def _spans(
    score: Score, track: Track, marks: tuple[ChordMark, ...], ticks: list[int], mask: BoolArray
) -> list[tuple[int, int]]:
    """(onset, length) of the pedal for each stretch between chord changes in which it does not blur."""
    places = np.searchsorted([m.tick for m in marks], ticks, side="right") - 1
    onset, ends = track.notes["onset"].astype(np.int64), note_ends(track.notes)
    spans: list[tuple[int, int]] = []
    for (start, end), place in zip(pairwise([*ticks, score.end]), places.tolist(), strict=True):
        begun = (onset >= start) & (onset < end)
        chord = marks[place].chord if place >= 0 and marks else None
        if chord is None or not begun.any() or (mask & (onset < end) & (ends > start)).any():
            continue
        if np.isin(track.notes["pitch"][begun] % 12, chord.pitch_classes).mean() < TONES:
            continue
        pace = score.resolution * 1e3 / tempo_at(score, start).mspq
        down, up = start + round(DOWN_MS * pace), min(end + round(UP_MS * pace), score.end)
        if up > down:
            spans.append((down, up - down))
    return spans
