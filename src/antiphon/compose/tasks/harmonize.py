"""Other voices written to a melody: a choir below it, or the accompaniment of another style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.harmony import style_model
from antiphon.compose.heard import chords_of, typed_over
from antiphon.compose.melodies import chords_below, leading
from antiphon.compose.naming import called, listed
from antiphon.compose.rewrite import Work, rewrite
from antiphon.compose.roles import Part, new_track
from antiphon.compose.tasks.asking import (
    FREE,
    answer_of,
    cells_of,
    means_of,
    music_of,
    progression,
    stretch_notes,
    with_parts,
)
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Generator
from antiphon.music.score import Score


def harmonize(
    score: Score,
    *,
    style: str | None = "chorale",
    model: str | None = None,
    tracks: tuple[str, ...] | None = None,
    chords: str | None = None,
    takes: int = 3,
    seed: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Write to a melody all that the style has beside it: alto, tenor and bass; bridge and piano; chords.

    The melody and every other track stay as they are; the voices are new tracks.

    Args:
      score: a melody; of several tracks the one that leads is taken.
      style: "chorale" (four voices), "pop" (bridge and piano), "folk" (chords), ...; tracks: the melody by name.
      chords: as "C F | G C", repeated to fill the piece; "free": the model's; None: those of the piece, or, of a bare
        melody, some that suit it; a style whose chords change with every beat (the chorale) writes its own below it.
      model, takes, seed, temperature, top_k, repetition_penalty, generator, progress: as for `infill`.

    Raises:
      BriefError: there is no single line to harmonise, or the model knows none of its meters.
      SnapshotError: the model is missing or damaged.
    """
    grid = music_of(score)
    asked_style = style if model is None and generator is None else None
    means, notes = means_of(
        score,
        style=asked_style,
        model=model,
        takes=takes,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        repetition_penalty=repetition_penalty,
        generator=generator,
        progress=progress,
    )
    roles = means.writer.description.roles
    part = leading(score, roles[0], tracks)
    notes.append(f"{called(score, part.tracks[0])} is the melody.")
    first, last = part_bars(score, part, [bar.start for bar in grid])
    new = {role: new_track(role, score.tracks[part.tracks[0]].program, roles, score) for role in roles[1:]}
    work_score, parts = with_parts(score, {roles[0]: part}, new)
    cells = cells_of(grid, range(first, last + 1), roles[1:], means, notes, strict=False, loose=True)
    opened = sorted(cells)
    notes += stretch_notes(score, grid, opened)
    bare = not any(len(t) for i, t in enumerate(score.tracks) if i not in part.tracks and not t.is_drum)
    typed = progression(chords)
    free = chords is not None and chords.strip().lower() == FREE
    if typed is not None:
        marks = typed_over((), typed, grid, opened)
    elif bare and not score.chords:
        marks = chords_below(score, part, means.writer.description.style)
        free = free or style_model(means.writer.description.style).by_beat
        chosen = listed([str(m.chord or "N.C.") for m in marks], 12)
        notes.append("The model writes the harmony." if free else f"The chords are chosen for the melody: {chosen}.")
    else:
        marks = chords_of(score)
    work_score = replace(work_score, chords=marks)
    work = Work(work_score, grid, cells, parts, marks, free, loose=True)
    done = rewrite(work, means)
    asked = {
        "style": means.writer.description.style,
        "model": model,
        "tracks": list(tracks) if tracks else None,
        "chords": chords,
    }
    sung = done.takes[done.chosen].tracks
    wish = Wish(
        "voices",
        list(roles[1:]),
        [sung[parts[r].tracks[0]].name for r in roles[1:] if len(sung[parts[r].tracks[0]])],
        all(len(sung[parts[r].tracks[0]]) for r in roles[1:]),
        "new tracks that have notes",
    )
    return answer_of("harmonize", asked, score, work, done, means, notes, (wish,))


def part_bars(score: Score, part: Part, starts: list[int]) -> tuple[int, int]:
    """First and last bar in which the part sounds."""
    notes = np.concatenate([score.tracks[i].notes for i in part.tracks])
    if len(notes) == 0:
        raise BriefError("The melody has no note.")
    ends = notes["onset"].astype(np.int64) + notes["duration"]
    at = np.searchsorted(starts, [int(notes["onset"].min()), int(ends.max()) - 1], side="right") - 1
    return int(at[0]), int(at[1])
