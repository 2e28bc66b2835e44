"""Bars added after the end of a piece, in the key, meter and tempo in force there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.fit import Bar, bars_of
from antiphon.compose.heard import chords_of, typed_over
from antiphon.compose.naming import called, listed
from antiphon.compose.rewrite import Work, rewrite
from antiphon.compose.roles import Part
from antiphon.compose.tasks.asking import (
    answer_of,
    cast_of,
    cells_of,
    means_of,
    music_of,
    progression,
    stretch_notes,
)
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Generator
from antiphon.music.beats import tempo_at
from antiphon.music.score import Score, Tempo, Track, notes_array

PLAYING = 8
"""A track that begins a note in so many bars before the end is continued."""
PATTERN = 4
"""Bars of the drums that go round and round below what is written."""
SLOWING = 0.88
"""A tempo so much slower at the end than before it is a ritardando, which is not continued."""


def continue_(
    score: Score,
    *,
    bars: int,
    tracks: tuple[str, ...] | None = None,
    style: str | None = None,
    model: str | None = None,
    chords: str | None = None,
    takes: int = 3,
    seed: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Add so many bars after the last bar that sounds; all that is there stays as it is.

    Args:
      score: any piece; bars: how many to add.
      tracks: names of tracks or roles to continue; None: all that the model can write and that play near the end.
      style, model, chords, takes, seed, temperature, top_k, repetition_penalty, generator, progress: as for `infill`.

    Raises:
      BriefError: there is nothing to continue, or the model cannot write on in the last bar's meter.
      SnapshotError: the model is missing or damaged.
    """
    before = music_of(score)
    if not 1 <= bars <= 1000:
        raise BriefError(f"One can add 1 to 1000 bars, not {bars}.")
    means, notes = means_of(
        score, style=style, model=model, takes=takes, seed=seed, temperature=temperature,
        top_k=top_k, repetition_penalty=repetition_penalty, generator=generator, progress=progress,
    )  # fmt: skip
    longer, opened = lengthened(score, before, bars, notes)
    grid = bars_of(longer)
    cast = cast_of(score, means, tracks, notes)
    going = [r for r in cast.opened if _plays(longer, cast.parts[r].tracks, grid, opened[0])] or list(cast.opened)
    cells = cells_of(grid, opened, going, means, notes, strict=True)
    notes += stretch_notes(longer, grid, opened)
    typed = progression(chords)
    marks = chords_of(score)
    if typed is not None:
        marks = typed_over(marks, typed, grid, opened)
    whole = _drums_on(longer, cast.parts, grid, opened, notes)
    work = Work(whole, grid, cells, cast.parts, marks, free=typed is None)
    done = rewrite(work, means)
    asked = {"bars": bars, "tracks": list(tracks) if tracks else None, "style": style, "model": model, "chords": chords}
    added = Wish("bars", bars, len(opened), bars == len(opened), "bars after the last one that sounds")
    return answer_of("continue", asked, score, work, done, means, notes, (added,), grid[opened[0]].start)


def lengthened(score: Score, bars: Sequence[Bar], more: int, notes: list[str]) -> tuple[Score, range]:
    """The piece with so many empty bars after the last that sounds, in its meter and tempo; and which bars these are.

    A ritardando before the end is taken back at the first new bar.
    """
    sounds = max(t.end for t in score.tracks)
    last = max(i for i, bar in enumerate(bars) if bar.start < sounds)
    if last + 1 < len(bars):
        notes.append(f"The music ends in bar {last + 1}; the silence after it gives way to the new bars.")
    meter, end = bars[last].meter, bars[last].start + _length(bars[last], score)
    notes.append(f"Bars {last + 2} to {last + 1 + more} are new, in {meter[0]}/{meter[1]}.")
    tempos = [t for t in score.tempos if t.tick < end]
    usual = tempo_at(score, bars[max(0, last - PLAYING)].start)
    if tempos[-1].qpm < SLOWING * usual.qpm:
        tempos.append(Tempo(end, usual.mspq))
        notes.append(f"The piece slows down before its end; the new bars go on at {usual.qpm:.4g} quarter notes a minute.")
    longer = replace(
        score,
        length=end + more * _length(bars[last], score),
        tempos=tuple(tempos),
        meters=tuple(m for m in score.meters if m.tick < end),
        keys=tuple(k for k in score.keys if k.tick < end),
        chords=tuple(c for c in score.chords if c.tick < end),
        sections=tuple(s for s in score.sections if s.tick < end),
    )
    return longer, range(last + 1, last + 1 + more)


def _length(bar: Bar, score: Score) -> int:
    return max(1, score.resolution * 4 * bar.meter[0] // bar.meter[1])


def _plays(score: Score, tracks: Sequence[int], bars: Sequence[Bar], first: int) -> bool:
    """Whether one of the tracks begins a note in the PLAYING bars before the first new one."""
    begin, stop = bars[max(0, first - PLAYING)].start, bars[first].start
    return any(bool(np.any((n["onset"] >= begin) & (n["onset"] < stop))) for n in (score.tracks[i].notes for i in tracks))


def _drums_on(score: Score, parts: Mapping[str, Part], bars: Sequence[Bar], opened: range, notes: list[str]) -> Score:
    """The piece with its drums going on in the new bars as in the last four, where no model writes them."""
    known = {i for part in parts.values() for i in part.tracks}
    first = opened[0] - 1
    while first > max(0, opened[0] - PATTERN) and bars[first - 1].meter == bars[opened[0]].meter and bars[first - 1].whole:
        first -= 1
    begin, stop = bars[first].start, bars[opened[0]].start
    tracks: list[Track] = []
    gone_on = []
    for i, track in enumerate(score.tracks):
        pattern = track.notes[(track.notes["onset"] >= begin) & (track.notes["onset"] < stop)]
        if not track.is_drum or i in known or len(pattern) == 0:
            tracks.append(track)
            continue
        copies = [track.notes]
        for shift in range(stop - begin, score.length - begin, stop - begin):
            copy = pattern.copy()
            copy["onset"] += shift
            copies.append(copy[copy["onset"] < score.length])
        tracks.append(replace(track, notes=notes_array(np.concatenate(copies))))
        gone_on.append(called(score, i))
    if gone_on:
        notes.append(f"{listed(gone_on)}: the last {opened[0] - first} bars go on under the new ones, by rule.")
    return score.with_tracks(tracks)
