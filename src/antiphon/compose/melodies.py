"""The melody of a piece, and chords that suit a bare one: the likeliest progression of a style that its notes fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from antiphon.compose.harmony import style_model
from antiphon.compose.heard import key_of
from antiphon.compose.naming import called, listed, named_tracks
from antiphon.compose.roles import LEADERS, SPLIT, Part, likeness, profile, traits
from antiphon.errors import BriefError
from antiphon.music.beats import bar_starts, meter_at
from antiphon.music.harmony import Key
from antiphon.music.progression import NO_CHORD, ChordModel, chord_from, place_of, slots_in
from antiphon.music.score import ChordMark, NoteArray, Score, Track, notes_array

Floats = npt.NDArray[np.float64]

FITS, FOREIGN = 1.5, 1.5
"""What a quarter note on a chord's tone adds to the log-probability of the chords; how many times that a foreign one takes."""
SILENCE, HOME, DOMINANT = 3.0, 2.0, 1.5
"""What a slot without a chord costs below a melody; what it is worth to end on the tonic chord, and to come from a dominant."""
BEAM, NEXT, PAST = 40, 8, 4
"""Progressions kept from slot to slot; continuations tried of each; chords by which two of them are told apart."""
GROUP = 4
"""Bars a phrase."""


def leading(score: Score, role: str, tracks: Sequence[str] | None = None) -> Part:
    """The single line of a piece that leads it, as the part of a model's leading role.

    Raises:
      BriefError: no track is a single line, or the one that is named is none.
    """
    found = traits(score)
    lines = [i for i, t in enumerate(score.tracks) if len(t) and not t.is_drum and found[i].voices < SPLIT]
    if tracks:
        lines = [i for name in tracks for i in named_tracks(score, name)]
        if len(lines) != 1:
            there = listed([called(score, i) for i, t in enumerate(score.tracks) if len(t)], 20)
            raise BriefError(f"The melody must be one track, not {len(lines)} of that name; the piece has {there}.")
        if found[lines[0]].voices >= SPLIT:
            raise BriefError(
                f"Track {called(score, lines[0])} is no single line, but {found[lines[0]].voices:.1f} notes at once."
            )
    if not lines:
        raise BriefError("The piece has no single line to take for the melody; restyle and accompany work from any texture.")
    index = max(lines, key=lambda i: max(likeness(score.tracks[i], found[i], leader, LEADERS) for leader in LEADERS[:2]))
    mean = float(score.tracks[index].notes["pitch"].mean())
    away = profile(role).centre - mean
    return Part(role, (index,), 0 if abs(away) <= 10 else 12 * round(away / 12))


def skyline(score: Score) -> NoteArray:
    """The uppermost line of all pitched tracks: at each onset the highest note, cut where the next one begins.

    A lower note that begins below a sounding higher one belongs to the accompaniment and is left out.
    """
    parts = [t.notes for t in score.tracks if not t.is_drum and len(t)]
    if not parts:
        return notes_array([])
    notes = np.concatenate(parts)
    order = np.lexsort((-notes["pitch"], notes["onset"]))
    line: list[list[int]] = []
    for onset, duration, pitch, velocity in notes[order].tolist():
        if line and onset == line[-1][0]:
            continue
        if line and onset < line[-1][0] + line[-1][1]:
            left = line[-1][0] + line[-1][1] - onset
            if pitch < line[-1][2] and left > score.resolution // 8:
                continue
            line[-1][1] = onset - line[-1][0]
        line.append([onset, duration, pitch, velocity])
    return notes_array([tuple(row) for row in line])


def chords_below(score: Score, part: Part, style: str) -> tuple[ChordMark, ...]:
    """Chords for a bare melody: the progression likeliest in the style (see `harmony.style_model`) that its notes fit.

    A beam search, the best BEAM progressions being carried from slot to slot; phrases are taken to have four bars. With
    the folk style 71 % of half bars of 30 Nottingham tunes get the root and mode of their own chords (51 % by
    `recognise_chords` of the melody alone).

    Args:
      score: the piece; part: its melody; style: whose progressions, and how many chords a bar.
    """
    line = Track("", notes=np.concatenate([score.tracks[i].notes for i in part.tracks]))
    alone = replace(score, tracks=(line,), chords=())
    models = style_model(style)
    key = key_of(alone, 0, alone.end) or Key(0)
    model = models.minor if key.minor else models.major
    ticks, places = slots(alone, models.by_beat)
    if not ticks:
        return ()
    words = model.vocabulary
    fit = _fit(weighed(line.notes, [*ticks, alone.end], score.resolution), words, key)
    marks: list[ChordMark] = []
    for tick, state in zip(ticks, _likeliest(model, places, fit), strict=True):
        chord = chord_from(words[state], key)
        if not marks or marks[-1].chord != chord:
            marks.append(ChordMark(tick, chord))
    return tuple(marks)


def slots(score: Score, by_beat: bool) -> tuple[list[int], list[str]]:
    """Ticks at which a chord may change, and where in its phrase each lies."""
    ticks: list[int] = []
    places: list[str] = []
    starts = bar_starts(score)
    for bar, start in enumerate(starts):
        meter = meter_at(score, start)
        count = slots_in((meter.numerator, meter.denominator), by_beat)
        length = meter.bar_ticks(score.resolution)
        group = bar // GROUP * GROUP
        phrase = min(GROUP, len(starts) - group)
        for slot in range(count):
            tick = start + slot * length // count
            if tick < score.end and (not ticks or tick > ticks[-1]) and (bar + 1 == len(starts) or tick < starts[bar + 1]):
                ticks.append(tick)
                places.append(place_of(bar - group, phrase, slot, group + phrase == len(starts)))
    return ticks, places


def _fit(weights: Floats, words: Sequence[str], key: Key) -> Floats:
    """How well each chord of the vocabulary fits each slot: [slots, words]."""
    tones = np.zeros((len(words), 12))
    for i, word in enumerate(words):
        chord = chord_from(word, key)
        if chord is not None:
            tones[i, list(chord.pitch_classes)] = 1
    inside = weights @ tones.T
    fit = FITS * (inside - FOREIGN * (weights.sum(axis=1, keepdims=True) - inside))
    fit[:, [i for i, word in enumerate(words) if word == NO_CHORD]] -= SILENCE
    return np.asarray(fit)


def _likeliest(model: ChordModel, places: Sequence[str], fit: Floats) -> tuple[int, ...]:
    """Index of the chord in every slot, on the best path that the beam finds."""
    words = model.vocabulary
    known: dict[tuple[tuple[int, ...], str], Floats] = {}
    beam: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for place, row in zip(places, fit, strict=True):
        found: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {}
        for total, path in beam:
            past = path[-PAST:]
            if (past, place) not in known:
                known[past, place] = np.log(model.probabilities([words[i] for i in past], place) + 1e-9)
            values = total + known[past, place] + row
            for i in np.argsort(-values, kind="stable")[:NEXT].tolist():
                longer = (*path, i)
                if longer[-PAST:] not in found or found[longer[-PAST:]][0] < values[i]:
                    found[longer[-PAST:]] = (float(values[i]), longer)
        beam = sorted(found.values(), key=lambda item: (-item[0], item[1][-PAST:]))[:BEAM]
    return max(beam, key=lambda item: item[0] + _closing([words[i] for i in item[1]]))[1]


def _closing(tokens: Sequence[str]) -> float:
    """What the end of a progression is worth: the tonic chord, the more after a dominant or, less, a subdominant."""
    if tokens[-1] not in ("0:", "0:m"):
        return 0.0
    before = next((token for token in reversed(tokens) if token != tokens[-1]), "")
    return HOME + (DOMINANT if before in ("7:", "7:7") else DOMINANT / 2 if before.startswith("5:") else 0.0)


def weighed(notes: NoteArray, edges: Sequence[int], resolution: int) -> Floats:
    """Quarter notes that each pitch class sounds in each slot [slots, 12]; what begins on the slot's first tick counts more."""
    table = np.zeros((len(edges) - 1, 12))
    at = np.asarray(edges)
    for onset, duration, pitch, _ in notes.tolist():
        slot = int(np.searchsorted(at, onset, side="right")) - 1
        stop = onset + duration
        while 0 <= slot < len(table) and edges[slot] < stop:
            sounding = (min(stop, edges[slot + 1]) - max(onset, edges[slot])) / resolution
            table[slot, pitch % 12] += sounding * (1.5 if onset <= edges[slot] else 1.0)
            slot += 1
    return table
