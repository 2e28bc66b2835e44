"""A melody and its harmony in the parts of another style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.critique import Reason, best
from antiphon.compose.heard import chords_of, typed_over
from antiphon.compose.likeness import chroma_likeness, contour_likeness
from antiphon.compose.melodies import leading, skyline
from antiphon.compose.naming import called, listed
from antiphon.compose.rewrite import Work, Written, rewrite
from antiphon.compose.roles import Part, new_track, profile
from antiphon.compose.tasks.asking import answer_of, cells_of, means_of, music_of, progression, stretch_notes, with_parts
from antiphon.compose.tasks.harmonize import part_bars
from antiphon.compose.tasks.translating import translated
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Generator
from antiphon.generate.translate import StyleTranslator
from antiphon.music.score import Score, Track, notes_array

CHROMA = 0.9
"""Likeness of the pitch classes, bar by bar, from which on the content counts as kept."""
LOST = 20.0
"""Points against a take for what it lacks of that, for a whole 1."""


def restyle(
    score: Score,
    *,
    style: str,
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
    """Keep the melody, note for note, and the harmony; write all other parts as another style has them.

    Args:
      score: any piece; where no track is a single line, the uppermost notes are its melody.
      style: as `available` lists them, or one of a translator's two (see `translating`), which rewrites all pitched notes;
        tracks: the melody by name.
      chords: instead of the piece's own; "free": the model's.
      model, takes, seed, temperature, top_k, repetition_penalty, generator, progress: as for `infill`.

    Raises:
      BriefError: there is no such style, or it knows none of the piece's meters; melody or harmony are asked to stay of a
        translator.
      SnapshotError: the model is missing or damaged.
    """
    grid = music_of(score)
    means, notes = means_of(
        score,
        style=style if model is None and not isinstance(generator, StyleTranslator) else None,
        model=model,
        takes=takes,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        repetition_penalty=repetition_penalty,
        generator=generator,
        progress=progress,
    )
    if isinstance(means.writer, StyleTranslator):
        if tracks is not None or chords is not None:
            raise BriefError("A translator rewrites all pitched notes, melody and harmony too; leave tracks and chords out.")
        return translated(score, style, means.writer, means, notes, {"style": style, "model": model})
    roles = means.writer.description.roles
    melody = melody_track(score, roles[0], tracks, notes)
    gone = [called(score, i) for i, t in enumerate(score.tracks) if len(t) and t.name != melody.name]
    if gone:
        notes.append(f"In place of {listed(gone)} the style has {listed(roles[1:])}.")
    typed = progression(chords)
    free = chords is not None and typed is None
    marks = chords_of(score) if typed is None else typed_over((), typed, grid, range(len(grid)))
    bare = replace(score, tracks=(melody,), chords=marks, length=max(score.length, score.end))
    part = Part(roles[0], (0,))
    new: dict[str, Track] = {}
    for role in roles[1:]:
        new[role] = new_track(role, 52, roles, bare.with_tracks((melody, *new.values())))
    whole, parts = with_parts(bare, {roles[0]: part}, new)
    sounding = tuple(i for i, t in enumerate(score.tracks) if len(t) and not t.is_drum)
    first, last = part_bars(score, Part("", sounding), [bar.start for bar in grid])
    cells = cells_of(grid, range(first, last + 1), roles[1:], means, notes, strict=False, loose=True)
    notes += stretch_notes(score, grid, sorted(cells))
    work = Work(whole, grid, cells, parts, marks, free, loose=True)
    edges = [bar.start for bar in grid] + [grid[-1].stop]
    done = _by_content(rewrite(work, means), score, edges)
    final = done.takes[done.chosen]
    chroma, contour = chroma_likeness(score, final, edges), contour_likeness(bare, final)
    wishes = (
        Wish("chroma", CHROMA, round(chroma, 4), chroma >= CHROMA, "mean cosine to the source, pitch classes bar by bar"),
        Wish(
            "contour",
            "as in the source",
            None if np.isnan(contour) else round(contour, 4),
            bool(contour >= CHROMA),
            "correlation of the melody with the uppermost line",
        ),
    )
    asked = {
        "style": means.writer.description.style,
        "model": model,
        "tracks": list(tracks) if tracks else None,
        "chords": chords,
    }
    return answer_of("restyle", asked, bare, work, done, means, notes, wishes)


def _by_content(done: Written, source: Score, edges: Sequence[int]) -> Written:
    """The takes judged by what they keep of the source too."""
    verdicts = []
    for verdict, take in zip(done.verdicts, done.takes, strict=True):
        chroma = chroma_likeness(source, take, edges)
        points = LOST * max(0.0, CHROMA - chroma)
        said = Reason(f"the pitch classes are like the source's to {chroma:.2f}", points, "content")
        verdicts.append(replace(verdict, penalty=verdict.penalty + points, reasons=(*verdict.reasons, said)))
    return Written(done.takes, tuple(verdicts), best(verdicts).take)


def melody_track(score: Score, role: str, tracks: tuple[str, ...] | None, notes: list[str]) -> Track:
    """The melody as a track of its own, brought into the role's register by octaves.

    Raises:
      BriefError: there is no pitched note.
    """
    try:
        part = leading(score, role, tracks)
        track = score.tracks[part.tracks[0]]
        notes.append(f"{called(score, part.tracks[0])} is the melody, and stays.")
        octave = part.octave
    except BriefError:
        if tracks:
            raise
        line = skyline(score)
        if len(line) == 0:
            raise BriefError("There is no pitched note in this piece.") from None
        fullest = max((t for t in score.tracks if not t.is_drum), key=len)
        track = Track(role, fullest.program, notes=line)
        notes.append("No track is a single line: the uppermost notes are taken for the melody.")
        away = profile(role).centre - float(line["pitch"].mean())
        octave = 0 if abs(away) <= 10 else 12 * round(away / 12)
    if octave == 0:
        return track
    notes.append(f"The melody is moved by {octave // 12:+d} octave{'s' * (abs(octave) > 12)} into the register of the {role}.")
    moved = track.notes.copy()
    moved["pitch"] = np.clip(moved["pitch"] + octave, 0, 127)
    return replace(track, notes=notes_array(moved))
