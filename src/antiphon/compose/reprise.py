"""Form made audible: phrases of one letter sound alike, the later ones taking over the notes of the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from antiphon.music.form import Phrase
from antiphon.music.score import ChordMark, Score, Section, Track

ALIKE = 0.5
"""Share of (track, onset, pitch) that two phrases have in common from which on they are heard as one again."""


def spans(form: Sequence[Phrase], bar: int) -> list[tuple[str, int, int]]:
    """(letter, first tick, end tick) of every phrase."""
    found, begins = [], 0
    for letter, bars in form:
        found.append((letter, begins * bar, (begins + bars) * bar))
        begins += bars
    return found


def sections(form: Sequence[Phrase], bar: int) -> tuple[Section, ...]:
    """A mark for every phrase, named as the corpora do ("A8")."""
    return tuple(Section(start, f"{letter}{(stop - start) // bar}") for letter, start, stop in spans(form, bar))


def likeness(score: Score, first: int, second: int, length: int) -> float:
    """Share of what begins in two stretches of equal length that both have, by track, place and pitch (Jaccard)."""

    def content(start: int) -> set[tuple[int, int, int]]:
        found = set()
        for i, track in enumerate(score.tracks):
            inside = track.notes[(track.notes["onset"] >= start) & (track.notes["onset"] < start + length)]
            found |= {(i, int(n["onset"]) - start, int(n["pitch"])) for n in inside}
        return found

    one, two = content(first), content(second)
    return len(one & two) / len(one | two) if one | two else 1.0


def repeats(form: Sequence[Phrase], bar: int) -> list[tuple[int, int, int]]:
    """(first tick of the model phrase, first tick of its repeat, ticks to compare) for every later phrase of a letter.

    The last bar of a phrase is its own where the piece ends with it, and where the two differ in length.
    """
    first: dict[str, tuple[int, int]] = {}
    found = []
    whole = spans(form, bar)
    for number, (letter, start, stop) in enumerate(whole):
        if letter not in first:
            first[letter] = (start, stop)
            continue
        source, end = first[letter]
        length = min(stop - start, end - source)
        if (number == len(whole) - 1 or stop - start != end - source) and length > bar:
            length -= bar
        found.append((source, start, length))
    return found


def reprise(score: Score, form: Sequence[Phrase], bar: int) -> tuple[Score, int]:
    """The score with phrases of one letter alike, and how many were written over.

    A later phrase that is not ALIKE to the first of its letter gets its notes and chords, up to the cadence.
    """
    count = 0
    for source, start, length in repeats(form, bar):
        if likeness(score, source, start, length) >= ALIKE:
            continue
        tracks = tuple(_copied(track, source, start, length) for track in score.tracks)
        score = replace(score, tracks=tracks, chords=_copied_chords(score.chords, source, start, length))
        count += 1
    return score, count


def _copied(track: Track, source: int, start: int, length: int) -> Track:
    notes = track.notes
    begun = notes["onset"]
    outside = notes[(begun < start) | (begun >= start + length)].copy()
    reach = (outside["onset"] < start) & (outside["onset"] + outside["duration"] > start)
    outside["duration"][reach] = start - outside["onset"][reach]
    again = notes[(begun >= source) & (begun < source + length)].copy()
    again["duration"] = np.minimum(again["duration"], source + length - again["onset"])
    again["onset"] += start - source
    return replace(track, notes=np.concatenate([outside, again]))


def _copied_chords(marks: tuple[ChordMark, ...], source: int, start: int, length: int) -> tuple[ChordMark, ...]:
    if not marks:
        return marks

    def force(tick: int) -> ChordMark | None:
        return next((mark for mark in reversed(marks) if mark.tick <= tick), None)

    outside = [mark for mark in marks if not start <= mark.tick < start + length]
    after = force(start + length)
    begins = force(source)
    again = [mark._replace(tick=mark.tick + start - source) for mark in marks if source < mark.tick < source + length]
    put = [ChordMark(start, begins.chord)] if begins is not None else []
    rest = [ChordMark(start + length, after.chord)] if after is not None else []
    return (*outside, *put, *again, *rest)
