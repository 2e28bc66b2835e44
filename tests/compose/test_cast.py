"""A foreign piece with its tracks named as a model's roles."""

from __future__ import annotations

from antiphon.compose.cast import as_roles
from antiphon.music.score import Score, Track, notes_array

LEAD = notes_array([(i * 480, 480, 72 + i % 5, 90) for i in range(32)])
CHORDS = notes_array([(i * 1920, 1920, 48 + k, 60) for i in range(8) for k in (0, 4, 7)])
DRUMS = notes_array([(i * 480, 10, 36, 99) for i in range(32)])


def test_tracks_get_the_names_of_the_roles_they_play() -> None:
    score = Score(tracks=(Track("Drum kit", 0, True, DRUMS), Track("Grand", 0, notes=CHORDS), Track("Flute", 73, notes=LEAD)))
    cast = as_roles(score, ("melody", "piano"))
    assert cast is not None
    assert {t.name: len(t) for t in cast.tracks} == {"melody": 32, "piano": 24}
    assert cast.chords and str(cast.chords[0].chord) == "C" and cast.end == score.end


def test_a_piece_without_any_role_is_none() -> None:
    assert as_roles(Score(tracks=(Track("Drum kit", 0, True, DRUMS),)), ("melody", "piano")) is None
