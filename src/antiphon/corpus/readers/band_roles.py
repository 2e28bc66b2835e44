"""Which tracks of a foreign file play lead, keys, strings, bass and drums in a band, and those tracks made into five.

A track gets its role from what it says (name, program) and from what it plays (register, notes at once, note lengths).
Several tracks of one role become one: in each bar the first of them that sounds there plays, the busiest track first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from antiphon.music.beats import bar_starts
from antiphon.music.edit import merge_doubled, quantise, without_overlaps
from antiphon.music.score import NOTE, NoteArray, Score, Track, notes_array

ROLES = ("lead", "keys", "strings", "bass", "drums")
"""The roles of a band, in score order."""
PROGRAMS = {"lead": 29, "keys": 4, "strings": 48, "bass": 33, "drums": 0}
"""General MIDI programs of the roles as they are named here; what a file plays a role with is not kept."""
MOST_AT_ONCE = {"lead": 2, "keys": 4, "strings": 4, "bass": 1}
FEWEST_NOTES = 8
STEPS = 4
"""Steps a quarter note, to which everything is moved."""
LINE = 1.4
"""Notes sounding at once, on average, below which a part is one line."""
SUSTAINED = 1.5
"""Median length of a note, in quarters, from which on a part is a pad."""
ONE_DRUM = {35: 36, 40: 38, 57: 49, 59: 51}
"""Drums of which kits have two -> the commoner one."""
KIT = (27, 87)

_BASS_NAMES = re.compile(r"\b(bass|bas|bais|basse|basso|bassline)\b(?!.*(drum|clar|pad))")
_LEAD_NAMES = re.compile(r"\b(lead|solo|melod\w*|theme|vocals?)\b")
_PAD_NAMES = re.compile(r"\b(pads?|strings?|choirs?|backdrop)\b")
_KEY_NAMES = re.compile(r"\b(rhythm|chords?|comp|arp\w*)\b")
_BASS, _BASS_LIKE, _STRINGS, _ENSEMBLE, _PADS = 4, (43, 58, 87), 5, 6, 11
_WINDS = (7, 8, 9, 10, 13)
_PLUCKED = (45, 46, 55)
"""Pizzicato, harp and orchestra hit: of the families of strings and ensembles, but no pads."""
_NO_ROLE = (47, 113, *range(115, 128))
"""Timpani, pitched percussion and sound effects."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a track plays: mean pitch, notes at once while it sounds, median length in quarters, bars in which it begins
    a note, and share of its notes above which no other track begins one in the same quarter."""

    pitch: float
    voices: float
    length: float
    bars: int
    top: float


class Band(NamedTuple):
    """A piece with the tracks of ROLES alone, and how many notes of the file play none."""

    score: Score
    unused: int


def as_band(score: Score) -> Band | None:
    """The piece on the sixteenth grid with one track a role, in the order of ROLES; None where no pitched role is found.

    Drums keep neither lengths nor twins (see ONE_DRUM); chords keep their lowest note and their highest ones.
    """
    grid = quantise(score, STEPS)
    starts = [*bar_starts(grid), grid.end]
    parts = roles_of(grid)
    tracks = []
    for role in ROLES:
        mine = [grid.tracks[i] for i in parts.get(role, ())]
        if not mine:
            continue
        if role == "drums":
            notes = _kit(mine, grid.resolution // STEPS)
        else:
            notes = without_overlaps(_thinned(_in_turn(mine, starts), MOST_AT_ONCE[role]))
        if len(notes) >= FEWEST_NOTES:
            tracks.append(Track(role, PROGRAMS[role], role == "drums", notes))
    if all(t.is_drum for t in tracks):
        return None
    band = replace(grid, tracks=tuple(tracks))
    return Band(band, score.note_count - band.note_count)


def roles_of(score: Score) -> dict[str, list[int]]:
    """Role -> indices of the tracks that play it, those that are to be heard first in front."""
    found = traits(score)
    roles: dict[str, list[int]] = {role: [] for role in ROLES}
    for i, (track, what) in enumerate(zip(score.tracks, found, strict=True)):
        role = _role(track, what)
        if role is not None:
            roles[role].append(i)
    pitched = [i for i, t in enumerate(score.tracks) if not t.is_drum and len(t) >= FEWEST_NOTES]
    if not roles["bass"]:
        deep = [
            i for i in pitched if found[i].voices < LINE and found[i].pitch < 50 and score.tracks[i].program not in _NO_ROLE
        ]
        if deep:
            _move(roles, min(deep, key=lambda i: found[i].pitch), "bass")
    if not roles["lead"]:
        lines = [i for i in roles["keys"] + roles["strings"] if found[i].voices < LINE and found[i].pitch >= 58]
        if lines and len(roles["keys"] + roles["strings"]) > 1:
            _move(roles, max(lines, key=lambda i: found[i].top * found[i].bars), "lead")
    if not roles["keys"] and len(roles["lead"]) > 1:
        _move(roles, min(roles["lead"], key=lambda i: (found[i].top, found[i].pitch)), "keys")
    for role, mine in roles.items():
        lead = role == "lead"
        mine.sort(key=lambda i: (-(found[i].top if lead else 1) * found[i].bars, -len(score.tracks[i]), i))
    return {role: mine for role, mine in roles.items() if mine}


def _move(roles: dict[str, list[int]], track: int, to: str) -> None:
    for mine in roles.values():
        if track in mine:
            mine.remove(track)
    roles[to].append(track)


def _role(track: Track, what: Traits) -> str | None:
    """The role that a track plays by itself, whatever the others do."""
    if track.is_drum:
        return "drums"
    if len(track) < FEWEST_NOTES or track.program in _NO_ROLE:
        return None
    name, family = track.name.lower(), track.program // 8
    if family == _BASS or (_BASS_NAMES.search(name) and what.pitch < 52):
        return "bass" if what.pitch < 56 else "keys"
    if track.program in _BASS_LIKE and what.pitch < 48 and what.voices < LINE:
        return "bass"
    line = what.voices < LINE
    if line and _LEAD_NAMES.search(name) and what.pitch >= 52:
        return "lead"
    if _PAD_NAMES.search(name) and what.length >= 1:
        return "strings"
    if _KEY_NAMES.search(name):
        return "keys"
    if family in (_STRINGS, _ENSEMBLE, _PADS) and track.program not in _PLUCKED:
        return "lead" if line and what.length < 1 and what.pitch >= 62 and what.top > 0.5 else "strings"
    if family in _WINDS:
        return "lead" if line and what.pitch >= 52 else "strings" if what.length >= SUSTAINED else "keys"
    if line and what.pitch >= 62 and what.top > 0.5:
        return "lead"
    return "strings" if family in (2, 12) and what.length >= SUSTAINED else "keys"


def traits(score: Score) -> list[Traits]:
    """What each track plays, in order."""
    starts = np.array(bar_starts(score))
    quarters = score.end // score.resolution + 1
    highest = np.full(quarters, -1)
    for track in score.tracks:
        if not track.is_drum:
            np.maximum.at(highest, track.notes["onset"] // score.resolution, track.notes["pitch"])
    return [_traits(track, score.resolution, starts, highest) for track in score.tracks]


def _traits(track: Track, resolution: int, starts: np.ndarray, highest: np.ndarray) -> Traits:
    notes = track.notes
    if len(notes) == 0:
        return Traits(0.0, 0.0, 0.0, 0, 0.0)
    onset = notes["onset"].astype(np.int64)
    end = onset + notes["duration"]
    reached = np.maximum.accumulate(end)
    begun = np.maximum(onset, np.insert(reached[:-1], 0, 0))
    covered = max(1, int(np.maximum(reached - begun, 0).sum()))
    return Traits(
        float(notes["pitch"].mean()),
        float((end - onset).sum()) / covered,
        float(np.median(notes["duration"])) / resolution,
        len(np.unique(np.searchsorted(starts, onset, side="right"))),
        float((notes["pitch"] >= highest[onset // resolution]).mean()),
    )


def _in_turn(tracks: Sequence[Track], starts: Sequence[int]) -> NoteArray:
    """One part of several: each bar belongs to the first track that begins a note there, or else holds one into it."""
    edges = np.array(starts[:-1])
    owner = np.full(len(edges), -1)
    for held in (False, True):
        for number, track in enumerate(tracks):
            first = np.searchsorted(edges, track.notes["onset"], side="right") - 1
            last = np.searchsorted(edges, track.notes["onset"] + track.notes["duration"] - 1, side="right") - 1
            sounds = np.zeros(len(edges), dtype=bool)
            for a, z in set(zip(first.tolist(), (last if held else first).tolist(), strict=True)):
                sounds[a : z + 1] = True
            owner[sounds & (owner < 0)] = number
    until = np.append(np.array(starts[1:]), starts[-1])
    for b in range(len(edges) - 2, -1, -1):  # the end of the bars in a row that one track owns
        if owner[b] == owner[b + 1]:
            until[b] = until[b + 1]
    kept = []
    for number, track in enumerate(tracks):
        bar = np.searchsorted(edges, track.notes["onset"], side="right") - 1
        notes = track.notes[owner[bar] == number].copy()
        ends = until[bar[owner[bar] == number]]
        notes["duration"] = np.minimum(notes["duration"], ends - notes["onset"])
        kept.append(notes)
    return notes_array(np.concatenate(kept))


def _thinned(notes: NoteArray, most: int) -> NoteArray:
    """At most so many notes begin together: the lowest of them and the highest; one line where `most` is one."""
    merged = merge_doubled(notes)
    order = np.lexsort((merged["pitch"], merged["onset"]))
    ordered = merged[order]
    kept = np.ones(len(ordered), dtype=bool)
    edges = np.flatnonzero(np.diff(ordered["onset"], prepend=-1))
    for a, z in zip(edges.tolist(), [*edges[1:].tolist(), len(ordered)], strict=True):
        kept[a + 1 : max(a + 1, z - most + 1)] = False
    found = ordered[kept]
    if most == 1 and len(found):
        gap = np.diff(found["onset"])
        found["duration"][:-1] = np.minimum(found["duration"][:-1], gap)
    return notes_array(found)


def _kit(tracks: Sequence[Track], step: int) -> NoteArray:
    """All drums as one kit: every stroke a step long, twins one drum, each once at a time."""
    notes = np.concatenate([t.notes for t in tracks]).astype(NOTE)
    for twin, drum in ONE_DRUM.items():
        notes["pitch"][notes["pitch"] == twin] = drum
    notes = notes[(notes["pitch"] >= KIT[0]) & (notes["pitch"] <= KIT[1])]
    notes["duration"] = step
    return notes_array(merge_doubled(notes))
