"""Bars written anew inside a piece, in agreement with what stays before, after and above them."""

from __future__ import annotations

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.rewrite import Work
from antiphon.compose.tasks.asking import (
    answer_of,
    cast_of,
    cells_of,
    chosen_bars,
    harmony_of,
    means_of,
    music_of,
    stretch_notes,
    written,
)
from antiphon.generate.request import Generator
from antiphon.music.score import Score


def infill(
    score: Score,
    *,
    bars: tuple[int, int],
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
    """Write some bars anew; everything else comes back note for note.

    Args:
      score: any piece.
      bars: first and last bar to write, counted from 1.
      tracks: names of tracks, or of roles that tracks play; None: all that the model can write.
      style, model: who writes; None: the style that suits the piece.
      chords: of the open bars, as "Am | F G", repeated to fill them; "free": the model's; None: the piece's own.
      takes: how many are written, the best being kept; seed: None draws one; temperature: 1 is usual.
      top_k: only so many of the likeliest options of each choice are drawn; repetition_penalty: pitches that a part played
        lately are so many times less likely. Sequence models only.
      generator: who writes, instead of a snapshot; progress: told what begins now.

    Raises:
      BriefError: the bars or tracks do not exist, or the model cannot write them (their meter, their role).
      SnapshotError: the model is missing or damaged.
    """
    grid = music_of(score)
    opened = chosen_bars(grid, bars)
    means, notes = means_of(
        score, style=style, model=model, takes=takes, seed=seed, temperature=temperature,
        top_k=top_k, repetition_penalty=repetition_penalty, generator=generator, progress=progress,
    )  # fmt: skip
    cast = cast_of(score, means, tracks, notes)
    cells = cells_of(grid, opened, cast.opened, means, notes, strict=True)
    notes += stretch_notes(score, grid, opened)
    harmony = harmony_of(score, grid, opened, chords, notes)
    work = Work(score, grid, cells, cast.parts, *harmony)
    done = written(work, means)
    asked = {"bars": list(bars), "tracks": list(tracks) if tracks else None, "style": style, "model": model, "chords": chords}
    return answer_of("infill", asked, score, work, done, means, notes)
