"""Pictures: the right size, the right colours at the right places, any score at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from antiphon.errors import InputError, OutputError
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track
from antiphon.render.picture import PAPER, ROLE_COLOURS, piano_roll, save_picture, track_colours


def song(bars: int, *, drums: bool = False) -> Score:
    """A melody note a beat, a held bass, perhaps drums."""
    melody = [(480 * i, 470, 60 + i % 12, 40 + i % 80) for i in range(4 * bars)]
    bass = [(1920 * i, 1920, 40, 90) for i in range(bars)]
    beats = [(240 * i, 60, (36, 42, 38, 42)[i % 4], 100) for i in range(8 * bars)]
    tracks = [Track("melody", 0, False, melody), Track("bass", 33, False, bass)]
    return Score(480, tuple(tracks + ([Track("drums", 0, True, beats)] if drums else [])), length=1920 * bars)


def has(picture: Image.Image, colour: tuple[int, int, int], tolerance: int = 40) -> bool:
    pixels = np.asarray(picture).astype(int)
    return bool((np.abs(pixels - np.array(colour)).max(axis=-1) <= tolerance).any())


@pytest.mark.parametrize("bars", [1, 2, 7, 8, 9, 16, 33, 64, 100, 1000])
def test_any_length_wraps_into_systems(bars: int) -> None:
    picture = piano_roll(song(bars), width=900)
    assert picture.width == 900
    assert picture.mode == "RGB"
    assert 250 < picture.height < 24 * 420


def test_systems_grow_with_the_piece() -> None:
    heights = [piano_roll(song(bars), width=900).height for bars in (8, 16, 32, 48, 64)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[3] < heights[4]


def test_every_track_shows_in_its_colour() -> None:
    picture = piano_roll(song(8, drums=True))
    assert all(has(picture, ROLE_COLOURS[role]) for role in ("melody", "bass", "drums"))
    assert not has(picture, ROLE_COLOURS["bridge"], 12)


def test_a_note_lies_where_it_sounds() -> None:
    one = Score(480, (Track("melody", 0, False, [(960, 960, 72, 127)]),), length=1920)
    pixels = np.asarray(piano_roll(one, width=1000)).astype(int)
    red = np.abs(pixels - np.array(ROLE_COLOURS["melody"])).max(axis=-1) <= 30
    red[:70] = False  # the legend
    _, columns = np.nonzero(red)
    field = 1000 - 66 - 26
    assert abs(columns.min() - (66 + field / 2)) <= 4
    assert abs(columns.max() - (66 + field)) <= 4
    high = replace(one, tracks=(Track("melody", 0, False, [(960, 960, 72, 127), (0, 960, 60, 127)]),))
    pixels = np.asarray(piano_roll(high, width=1000)).astype(int)
    red = np.abs(pixels - np.array(ROLE_COLOURS["melody"])).max(axis=-1) <= 30
    red[:70] = False
    left, right = np.nonzero(red[:, :500])[0], np.nonzero(red[:, 540:])[0]
    assert right.mean() < left.mean()  # higher pitch, higher in the picture


def test_louder_is_more_solid() -> None:
    def ink(velocity: int) -> float:
        score = Score(480, (Track("melody", 0, False, [(0, 1920, 60, velocity)]),))
        pixels = np.asarray(piano_roll(score, width=600)).astype(int)[80:]
        return float(np.abs(pixels - np.array(PAPER)).sum())

    assert ink(20) < ink(70) < ink(110)


def test_chords_sections_and_keys_are_drawn_above() -> None:
    plain = song(8)
    marked = replace(
        plain,
        chords=tuple(ChordMark(480 * i, Chord(i % 12, "m7b5")) for i in range(32)),
        sections=(Section(0, "intro"), Section(4 * 1920, "a section with a name that is far too long for its place")),
        keys=(KeyMark(0, Key(3)),),
    )
    assert piano_roll(marked).height > piano_roll(plain).height


def test_colours_are_distinct_for_ten_tracks() -> None:
    tracks = tuple(Track(name) for name in ("melody", "piano", "piano", "x", "y", "z", "bass", "strings", "", "guitar"))
    assert len(set(track_colours(Score(480, tracks)))) == 10
    assert len(track_colours(Score(480, tracks * 4))) == 40


@pytest.mark.parametrize(
    "score",
    [
        Score(),
        Score(480, (Track("empty"),)),
        Score(480, (Track("kit", 0, True, [(0, 10, 3, 1), (5, 10, 127, 127)]),)),
        Score(480, (Track("high", 0, False, [(0, 1, 127, 127)]), Track("low", 0, False, [(0, 1, 0, 1)]))),
        Score(480, (Track("\x00 no\nname \U0001f3b9" * 40, 0, False, [(0, 9, 60, 60)]),), title="長い題名 " * 80),
        Score(1, (Track("", 0, False, [(0, 1, 60, 60)]),), meters=(Meter(0, 1, 64), Meter(1, 255, 1))),
        Score(480, tuple(Track(f"track number {i}", i, False, [(i, 99, 40 + i, 60)]) for i in range(40))),
    ],
)
def test_odd_scores_are_drawn(score: Score) -> None:
    assert piano_roll(score, width=700).width == 700


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 9000), st.integers(0, 127), st.integers(1, 127)), max_size=30),
    st.booleans(),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (12, 8)]),
)
def test_any_notes_are_drawn(notes: list[tuple[int, int, int, int]], drums: bool, meter: tuple[int, int]) -> None:
    score = Score(480, (Track("part", 0, drums, notes),), (Tempo(0, 400_000),), (Meter(0, *meter), Meter(5760, 4, 4)))
    assert piano_roll(score, width=500).width == 500


def test_the_file_is_a_png_of_the_same_picture(tmp_path: Path) -> None:
    save_picture(song(8), tmp_path / "roll.png", width=800)
    with Image.open(tmp_path / "roll.png") as picture:
        assert picture.format == "PNG"
        assert np.array_equal(np.asarray(picture), np.asarray(piano_roll(song(8), width=800)))
    assert (tmp_path / "roll.png").stat().st_size < 200_000


def test_bad_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="400 to 8000"):
        piano_roll(song(1), width=10)
    with pytest.raises(InputError, match="png"):
        save_picture(song(1), tmp_path / "roll.jpg")
    with pytest.raises(OutputError):
        save_picture(song(1), tmp_path / "missing" / "roll.png")
