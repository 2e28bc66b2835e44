"""Cleaning keeps what is music and says of everything else what is wrong with it."""

from __future__ import annotations

import corpus_samples as samples
import numpy as np
import pytest

from antiphon.corpus.clean import Limits, clean, grid_pull
from antiphon.corpus.piece import Cause, Piece, Refusal
from antiphon.music.score import Score, Tempo, Track


def piece(score: Score) -> Piece:
    return Piece(score, "work", "file.mid")


def cause(score: Score, limits: Limits | None = None, grid: int | None = None) -> Cause | None:
    outcome = clean(piece(score), limits or Limits(), grid)
    return outcome.cause if isinstance(outcome, Refusal) else None


def repeated(pitches: list[int], duration: int = 240, step: int = 240) -> Score:
    return Score(480, (Track("a", 0, False, [(i * step, duration, p, 80) for i, p in enumerate(pitches)]),))


SCALE = [60, 62, 64, 65, 67, 69, 71, 72] * 4


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (Score(), Cause.NO_NOTES),
        (repeated([60, 62, 64]), Cause.FEW_NOTES),
        (repeated(SCALE, 10, 10), Cause.SHORT),
        (repeated([60] * 32), Cause.ONE_PITCH),
        (repeated(SCALE, 480 * 65, 240), Cause.ABSURD_DURATIONS),
        (Score(480, repeated(SCALE).tracks, (Tempo(0, 1),)), Cause.ABSURD_TEMPO),
        (Score(480, repeated(SCALE).tracks, (Tempo(0, 0xFFFFFF),)), Cause.ABSURD_TEMPO),
        (repeated(SCALE, 480, 480 * 1000), Cause.LONG),
        (repeated(SCALE), None),
    ],
)
def test_each_cause_is_found(score: Score, expected: Cause | None) -> None:
    assert cause(score) == expected


def test_a_few_long_notes_are_endured_and_too_many_notes_are_not() -> None:
    long = Score(480, (*repeated(SCALE).tracks, Track("pad", 0, False, [(0, 480 * 70, 40, 80)])))
    assert cause(long) is None
    assert cause(repeated(SCALE), Limits(max_notes=31)) is Cause.LONG


def test_empty_tracks_go_and_nothing_else_changes() -> None:
    score = Score(480, (Track("empty"), *repeated(SCALE).tracks), title="t")
    kept = clean(piece(score), Limits())
    assert isinstance(kept, Piece)
    assert kept.score == score.with_tracks(score.tracks[1:])
    whole = piece(repeated(SCALE))
    assert clean(whole, Limits()) is whole


def test_music_without_beats_is_refused_only_where_a_grid_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    rows = [(int(t), 200, int(p), 80) for t, p in zip(rng.integers(0, 100_000, 300), rng.integers(40, 90, 300), strict=True)]
    free = Score(480, (Track("a", 0, False, rows),))
    assert cause(free) is None
    assert cause(free, grid=4) is Cause.NO_GRID
    assert grid_pull(free) < 0.2 < 0.9 < grid_pull(samples.random_song(1))
    assert grid_pull(Score()) == 0.0


def test_played_music_is_snapped_to_the_grid() -> None:
    rng = np.random.default_rng(1)
    straight = samples.random_song(2)
    notes = straight.tracks[0].notes.copy()
    notes["onset"] = np.maximum(notes["onset"] + rng.integers(-25, 26, len(notes)), 0)
    kept = clean(piece(straight.with_tracks([Track("melody", 0, False, notes)])), Limits(), 4)
    assert isinstance(kept, Piece)
    assert kept.score.tracks[0].notes["onset"].tolist() == straight.tracks[0].notes["onset"].tolist()
