"""The recipe of chord models, on progressions made here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.music.harmony import Key, parse_chords
from antiphon.music.progression import ChordModel
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Track
from antiphon.recipes.progression import RECIPES, ProgressionRecipe, fit, progression_of, write


def sheet(text: str, *, upbeat: bool = False, sections: tuple[Section, ...] = ()) -> Score:
    first = 480 if upbeat else 0
    marks = []
    for i, bar in enumerate(parse_chords(text)):
        marks += [ChordMark(first + i * 1920 + j * 1920 // len(bar), chord) for j, chord in enumerate(bar)]
    end = first + 1920 * len(parse_chords(text))
    meters = (Meter(0, 4, 4), Meter(480, 4, 4)) if upbeat else (Meter(0, 4, 4),)
    notes = [(0, end, 60, 80)]
    return Score(480, (Track("melody", 0, False, notes),), (), meters, (KeyMark(0, Key(0)),), tuple(marks), sections)  # type: ignore[arg-type]


def test_chords_are_read_by_half_bars_relative_to_the_key() -> None:
    found = progression_of(sheet("C | F G | Am | G"), ProgressionRecipe("x"))
    assert found is not None
    assert found.tokens == ("0:", "0:", "5:", "7:", "9:m", "9:m", "7:", "7:")
    assert found.places == ("f0", "f1", "m0", "m1", "p0", "p1", "e0", "e1")


def test_an_upbeat_is_left_out_and_labelled_phrases_are_used() -> None:
    assert progression_of(sheet("C | F G | Am | G", upbeat=True), ProgressionRecipe("x")) == progression_of(
        sheet("C | F G | Am | G"), ProgressionRecipe("x")
    )
    labelled = progression_of(sheet("C | F | G | C", sections=(Section(0, "A2"), Section(3840, "A2"))), ProgressionRecipe("x"))
    assert labelled is not None
    assert labelled.places[::2] == ("p0", "c0", "p0", "e0")


def test_fitting_and_writing(tmp_path: Path) -> None:
    pieces = [
        Piece(sheet("C | F G | Am | G | C | F | G | C"), f"w{i}", f"s{i}", "train" if i else "test", "free") for i in range(6)
    ]
    model = fit(pieces, RECIPES["pop"])
    assert model["card"]["licences"] == {"free": 5}
    assert model["card"]["scores"]["bits_a_slot"] < model["card"]["scores"]["unigram_bits_a_slot"]
    write(model, tmp_path / "m.json")
    again = json.loads((tmp_path / "m.json").read_text())
    assert ChordModel.from_json(again["major"]).vocabulary == ("0:", "5:", "7:", "9:m")
    with pytest.raises(TrainingError):
        fit([], RECIPES["pop"])
