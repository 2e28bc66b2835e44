"""A piece translated as a whole into another style by a trained translator: the other road of restyle.

A translator hears all pitched tracks as one part and writes one piano part in their place. Drums stay, so do bars of a
meter that it cannot be told of, and key, tempo and marks; that the content stays is measured, not promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.critique import judge
from antiphon.compose.critique_rank import choose
from antiphon.compose.fit import Window, given, windows
from antiphon.compose.heard import chords_of, key_of
from antiphon.compose.likeness import chroma_likeness, contour_likeness
from antiphon.compose.naming import called, listed
from antiphon.compose.plan import take_seed
from antiphon.compose.putback import cleared, level, put_back
from antiphon.compose.rewrite import Means, Work, Written
from antiphon.compose.roles import Part, free_name
from antiphon.compose.tasks.asking import answer_of, cells_of, music_of, stretch_notes
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Request, Take
from antiphon.generate.translate import StyleTranslator
from antiphon.music.score import Score, Track

CHROMA = 0.9
"""Likeness of the pitch classes, bar by bar, from which on the content counts as kept."""
PIANO = 0


def translated(
    score: Score, style: str, writer: StyleTranslator, means: Means, notes: list[str], asked: Mapping[str, object]
) -> Answer:
    """The piece in another style, with what is left of its content measured.

    Args:
      score: any piece; style: one of the translator's two.
      writer: the translator; means: it again, with the seed.
      notes: what is to be said already; asked: for the answer.

    Raises:
      BriefError: there is no pitched note, no bar in a meter that the translator knows, or it does not know the style.
    """
    if style not in writer.styles:
        raise BriefError(
            f"Model {writer.description.name!r} translates between {' and '.join(writer.styles)}, not to {style!r}."
        )
    grid = music_of(score)
    sounding = tuple(i for i, t in enumerate(score.tracks) if len(t) and not t.is_drum)
    if not sounding:
        raise BriefError("There is no pitched note in this piece.")
    role, name = writer.description.roles[0], free_name("piano", score)
    notes.append(f"In place of {listed([called(score, i) for i in sounding])} stands one piano part, {name!r}.")
    if means.takes > 1:
        notes.append("A translator draws nothing by chance: there is one take, whatever the seed.")
    whole = replace(score, tracks=(*score.tracks, Track(name, PIANO)), length=max(score.length, score.end))
    work_parts = {role: Part(role, (*sounding, len(score.tracks)))}
    cells = cells_of(grid, range(len(grid)), (role,), means, notes, strict=False)
    notes += stretch_notes(score, grid, sorted(cells))
    work = Work(whole, grid, cells, work_parts, chords_of(score))
    means.tell("translating")
    piece = whole
    for window in windows(grid, cells, score.resolution, writer.description.meters, writer.description.max_bars):
        piece = _window(whole, piece, window, sounding, role, writer, style)
    model = replace(writer.description, style=style)
    bars = Request(bars=len(grid))
    verdicts = judge([Take(piece, float("nan"), take_seed(means.seed, 0))], [piece], model, bars)
    ranking = choose(verdicts, [piece], writer)
    done = Written((piece,), ranking.verdicts, 0, ranking.originality, ranking.notes)
    wishes = _kept(score, piece, [bar.start for bar in grid] + [grid[-1].stop])
    answer = answer_of("restyle", asked, whole, work, done, means, notes, wishes)
    left = piece.with_tracks([t for t in piece.tracks if len(t)])
    return replace(answer, score=left, takes=(left,), model=writer.description)


def _window(
    whole: Score, piece: Score, window: Window, sounding: tuple[int, ...], role: str, writer: StyleTranslator, style: str
) -> Score:
    """The piece with one window of it translated: its pitched notes gone, the new part's at their place."""
    source = Part(role, sounding)
    key = key_of(whole, window.start, window.stop)
    heard = given(whole, {role: source}, replace(window, spans={}), key, (), (role,))
    if heard.note_count == 0:
        return piece
    written = writer.translate(heard, style)
    bare = cleared(piece, {role: source}, window.spans)
    levels = {role: level(whole, source, window)}
    return put_back(bare, {role: Part(role, (len(whole.tracks) - 1,))}, window, written, levels)


def _kept(score: Score, final: Score, edges: list[int]) -> tuple[Wish, Wish]:
    """What is left of the content, by pitch classes and by the uppermost line."""
    chroma, contour = chroma_likeness(score, final, edges), contour_likeness(score, final)
    return (
        Wish("chroma", CHROMA, round(chroma, 4), chroma >= CHROMA, "mean cosine to the source, pitch classes bar by bar"),
        Wish("contour", "as in the source", None if np.isnan(contour) else round(contour, 4), bool(contour >= CHROMA),
             "correlation of the uppermost lines"),
    )  # fmt: skip
