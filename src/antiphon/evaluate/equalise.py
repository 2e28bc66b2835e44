"""Equalise: a Score without the marks of the file it came from, so that no judge learns the format in place of the music."""

from __future__ import annotations

import numpy as np

from antiphon.evaluate.clip import STEPS_PER_QUARTER, Roles
from antiphon.music.beats import bar_starts
from antiphon.music.edit import resample, shift, without_overlaps
from antiphon.music.score import Score, Track, notes_array

VELOCITY = 80


def equalise(score: Score, roles: Roles) -> Score:
    """The piece on a sixteenth grid, as every judge sees it.

    Taken away: loudness, pedals, programs, tempo, marks, title, track names and order (replaced by those of `roles`),
    notes that sound into the next of their pitch, and empty bars at the beginning. Left: notes, lengths, meter.
    Windows are cut to one length afterwards (`cut_clips`), so that the length of a piece tells nothing either.
    """
    tracks = []
    for name, members in zip(roles.names, roles.of(score), strict=True):
        notes = np.concatenate([t.notes for t in members]) if members else notes_array([])
        tracks.append(Track(name, 0, name == "drums", notes_array(notes)))
    plain = resample(Score(score.resolution, tuple(tracks), meters=score.meters, length=score.length), STEPS_PER_QUARTER)
    even = []
    for track in plain.tracks:
        notes = without_overlaps(track.notes).copy()
        notes["velocity"] = VELOCITY
        even.append(Track(track.name, 0, track.is_drum, notes_array(notes)))
    plain = plain.with_tracks(even)
    first = min((int(t.notes["onset"][0]) for t in plain.tracks if len(t)), default=0)
    before = [tick for tick in bar_starts(plain) if tick <= first]
    return shift(plain, -before[-1]) if before and before[-1] else plain
