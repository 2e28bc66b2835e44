"""The band line on tiny data: files in the corpus's layout, windows with openings, the tiny recipe, which plays drums."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from antiphon.corpus.ingest import iter_pieces
from antiphon.io import midi
from antiphon.music.score import Score, Track
from antiphon.recipes.catalog import BAND, find
from antiphon.recipes.data import prepare
from antiphon.recipes.infilling import infilling
from antiphon.recipes.runs import read_recipe, start
from antiphon.recipes.sequence import SequenceRecipe
from antiphon.representations.events import PITCHES

BAR = 1920


def song(seed: int, bars: int = 8) -> Score:
    """Guitar chords, bass and drums; every other song has a lead too."""
    rng = np.random.default_rng(seed)
    roots = rng.choice([40, 43, 45, 38], bars).tolist()
    bass = [(b * BAR + i * 240, 240, roots[b], 90) for b in range(bars) for i in range(8)]
    keys = [(b * BAR + i * 480, 480, roots[b] + 12 + p, 80) for b in range(bars) for i in range(4) for p in (0, 7, 12)]
    kit = [(b * BAR + i * 240, 60, (36, 42, 38, 42)[i % 4], 100) for b in range(bars) for i in range(8)]
    tracks = [Track("g", 29, False, keys), Track("b", 33, False, bass), Track("d", 0, True, kit)]
    if seed % 2:
        line = rng.choice([69, 71, 72, 76], 4 * bars).tolist()
        tracks.append(Track("l", 80, False, [(i * 480, 480, int(p), 100) for i, p in enumerate(line)]))
    return Score(480, tuple(tracks))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten songs of two projects."""
    folder = tmp_path_factory.mktemp("bands")
    for seed in range(10):
        place = folder / ("freedoom", "simutrans")[seed % 2] / f"{seed}.mid"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(midi.dumps(song(seed)))
    return folder


def test_every_window_of_a_band_keeps_drums_where_they_are(library: Path) -> None:
    data = prepare(iter_pieces(library), BAND)
    assert data.refused == {}
    assert set(data.facts["licences"]) == {"BSD-3-Clause (Freedoom)", "Artistic License (Simutrans)"}
    assert data.facts["chords"] == 1.0
    value, note = data.codec.vocabularies[1], data.codec.vocabularies[0].span("note")
    first = value.span("pitch").start
    kick, snare, hat = (first + 4 * PITCHES + key - 21 for key in (36, 38, 42))
    rng = np.random.default_rng(0)
    for n in range(40):
        cut = infilling(data.codec, data.splits["train"], n % len(data.splits["train"].pieces), n % 5, 96, bool(n % 2), rng)
        events = cut["events"]
        notes = events[(events[:, 0] >= note.start) & (events[:, 0] < note.stop), 1]
        assert set(notes[notes >= first + 4 * PITCHES].tolist()) <= {kick, snare, hat}


def test_the_tiny_recipe_learns_and_plays_drums(library: Path, tmp_path: Path) -> None:
    recipe = find("band-transformer")
    assert isinstance(recipe, SequenceRecipe)
    made = replace(recipe.tiny(), layers=1, mixed=False)
    sketches: list[Score] = []
    logged = start(made, iter_pieces(library), tmp_path / "run", heard=lambda _, scores: sketches.extend(scores))
    assert logged["valid/nll"] < 20
    assert logged["valid/opening"] < 20
    assert read_recipe(tmp_path / "run") == made
    drums = [t for score in sketches for t in score.tracks if t.name == "drums"]
    assert sketches
    assert drums
    assert all(t.is_drum == (t.name == "drums") for score in sketches for t in score.tracks)
