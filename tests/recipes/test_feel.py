"""The feel recipe on corpora made by the test: drummers, pianists and soloists of known habits are found again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.music.accents import SLOTS
from antiphon.music.score import Meter, Score, Tempo, Track, notes_array
from antiphon.recipes.feel import fit, fit_drums, fit_pitched, groove_of, quantiles
from antiphon.recipes.feel_timing import Solo, fit_line_timing, fit_solo_timing, fit_swing, is_held_out, read_solos, swung

RNG = np.random.default_rng(0)


def drummer(bars: int = 40, accent: int = 110, late_ms: float = 12.0) -> Piece:
    """Hats on eighths at 60, snares on two and four louder and late by so many milliseconds at 120 beats a minute."""
    late = round(late_ms * 0.96)
    hats = [(240 * i + 100, 50, 42, 60) for i in range(8 * bars)]
    snares = [(960 * i + 480 + 100 + late, 50, 38, accent) for i in range(2 * bars)]
    score = Score(480, (Track("drums", 0, True, notes_array(hats + snares)),), tempos=(Tempo(0, 500_000),))
    return Piece(score, "groove/a", "a", extras={"style": "rock/1", "beat_type": "beat"})


def test_a_drummers_habits_are_found() -> None:
    table = fit_drums([drummer()])
    assert set(table) == {"band", "rock"}
    cells = table["rock"]["cells"]
    assert cells["snare"]["5"]["loud"][0] > 30 and cells["hat"]["any"]["loud"][0] < 0
    assert cells["snare"]["5"]["late"] - cells["hat"]["1"]["late"] == pytest.approx(12, abs=0.6)
    assert table["rock"]["own_ms"] < 6


def test_a_grooves_loudness_and_lateness_are_its_own() -> None:
    groove = groove_of(drummer().score)
    assert abs(float(groove.loud.mean())) < 1e-9 and abs(float(groove.late.mean())) < 1e-9
    assert quantiles([1, 1, 1]) == [1.0] * 13


def test_a_pianists_accents_are_found() -> None:
    rows = [(480 * i, 480, 60 + i % 12, 70 + (20 if i % 4 == 0 else 0) + int(RNG.integers(-3, 4))) for i in range(400)]
    score = Score(480, (Track("melody", 0, False, notes_array(rows)),))
    found = fit_pitched([Piece(score, "pop909/1", "1")])["melody"]
    assert len(found["slots"]) == SLOTS
    assert found["slots"][0] - found["slots"][4] == pytest.approx(20, abs=2)
    assert abs(found["rest"][6]) < 2


def test_played_lines_have_their_spread() -> None:
    off = RNG.normal(0, 20, 400)
    rows = [(round(480 * (i + 1) + ms * 0.96), 200, 60, 80) for i, ms in enumerate(off)]
    score = Score(480, (Track("bridge", 0, False, notes_array(rows)),), (Tempo(0, 500_000),), (Meter(0, 1, 4),))
    found = fit_line_timing([Piece(score, "pop909/1", "1")])
    assert found["spread_ms"] == pytest.approx(20, abs=3) and found["rho"] < 0.2


def soloist(place: float = 0.6, behind: float = 0.04) -> Solo:
    beats = np.arange(100)
    notated = np.sort(np.concatenate([beats, beats + 0.5]))
    played = np.where(notated % 1 == 0, notated + behind, np.floor(notated) + place + behind)
    return Solo("a", played, notated, np.full(200, 2), np.full(200, 0.5))


def test_a_soloists_swing_and_lag_are_found() -> None:
    place, tempo = swung(soloist())
    assert place.round(6).tolist() == [0.6] * 100 and set(tempo.tolist()) == {120.0}
    assert fit_swing([soloist()])["place_by_tempo"] == [[120, 0.6]]
    assert fit_solo_timing([soloist()])["behind_ms"] == pytest.approx(20)


def test_solos_are_read_from_their_tables(tmp_path: Path) -> None:
    for folder in ("melody", "beat"):
        (tmp_path / folder).mkdir()
    beats = "\n".join(["onset,bar", *(f"{i / 2},{i // 4}" for i in range(120))])
    notes = "\n".join(["onset,division,tatum", *(f"{i / 2 + 0.02},1,1" for i in range(100))])
    (tmp_path / "beat" / "solo_beattrack.csv").write_text(beats)
    (tmp_path / "melody" / "solo.csv").write_text(notes)
    (tmp_path / "melody" / "lonely.csv").write_text(notes)
    (solo,) = read_solos(tmp_path)
    assert len(solo.played) == 100
    assert (solo.played - solo.notated).round(6).tolist() == [0.04] * 100


def test_a_fifth_is_held_out_and_missing_corpora_are_told(tmp_path: Path) -> None:
    held = sum(is_held_out(f"pop909/{n:03d}") for n in range(500))
    assert 60 < held < 140
    with pytest.raises(TrainingError, match="groove"):
        fit(tmp_path, tmp_path / "feel.json")


def test_the_shipped_table_is_of_this_recipe() -> None:
    from antiphon.compose.feel import tables

    shipped = tables()
    assert shipped["version"] == 1 and json.dumps(shipped)
    assert {s["name"] for s in shipped["sources"]} >= {"POP909", "Weimar Jazz Database"}
