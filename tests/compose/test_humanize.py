"""Humanising: nothing at amount 0, order and pitch kept, limits kept, fixed notes untouched, spread as players have it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.feel import CLASSICAL, FEELS, choose_feel, drift, normal_share, tables, usual_swing
from antiphon.compose.fixed import Fixed, fixed_notes
from antiphon.compose.humanize import humanize, limit_ticks, shaded
from antiphon.errors import BriefError
from antiphon.music.accents import FEATURES, KIT, SLOTS
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.score import Meter, NoteArray, Score, Tempo, Track, notes_array
from strategies import midi_scores

BAR = 1920


def flat(bars: int = 16, program: int = 0, drums: bool = True) -> Score:
    """A tune, chords and a beat, on the grid and all of one loudness."""
    tune = [(480 * i, 480, 72 + (i * 5) % 8, 80) for i in range(4 * bars)]
    harmony = [(BAR * b + 960 * h, 960, p + (b % 3), 80) for b in range(bars) for h in range(2) for p in (48, 60, 64, 67)]
    beat = [
        (240 * i, 60, p, 80) for i in range(8 * bars) for p in ((42, 36) if i % 4 == 0 else (42, 38) if i % 4 == 2 else (42,))
    ]
    tracks = [
        Track("melody", program, False, notes_array(tune)),
        Track("piano", program, False, notes_array(harmony)),
    ]
    if drums:
        tracks.append(Track("drums", 0, True, notes_array(beat)))
    return Score(480, tuple(tracks), tempos=(Tempo.from_qpm(0, 100),))


def paired(before: NoteArray, after: NoteArray) -> tuple[NoteArray, NoteArray]:
    """Notes of two versions of a track, matched: those of a pitch keep their order."""
    keys = ("onset", "pitch")
    return before[np.lexsort([before[k] for k in keys])], after[np.lexsort([after[k] for k in keys])]


def check_kept(score: Score, played: Score, swing: float) -> None:
    """Same notes in the same order, no onset farther than the limit."""
    for a, b in zip(score.tracks, played.tracks, strict=True):
        assert (a.name, a.program, a.is_drum) == (b.name, b.program, b.is_drum)
        before, after = paired(a.notes, b.notes)
        assert np.array_equal(before["pitch"], after["pitch"])
        order = np.lexsort((after["onset"], before["onset"]))
        was, now = before["onset"][order].astype(int), after["onset"][order].astype(int)
        groups = np.split(now, np.flatnonzero(np.diff(was)) + 1) if len(was) else []
        assert all(left.max() < right.min() for left, right in pairwise(groups))
        for x, y in zip(was.tolist(), now.tolist(), strict=True):
            assert abs(x - y) <= limit_ticks(score, x, swing)


@settings(max_examples=15, deadline=None)
@given(
    midi_scores(), st.sampled_from(FEELS), st.sampled_from([0.3, 1.0, 2.0]), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 9)
)
def test_order_pitch_and_limits_hold(score: Score, feel: str, amount: float, swing: float, seed: int) -> None:
    played = humanize(score, amount=amount, seed=seed, feel=feel, swing=swing)
    check_kept(score, played, swing)
    assert played.end == score.end and bar_count(played) == bar_count(score)
    assert abs(duration_seconds(played) - duration_seconds(score)) < 0.01
    assert humanize(score, amount=amount, seed=seed, feel=feel, swing=swing) == played


@settings(max_examples=10, deadline=None)
@given(midi_scores(), st.data())
def test_fixed_notes_stay(score: Score, data: st.DataObject) -> None:
    masks = tuple(
        np.array(data.draw(st.lists(st.booleans(), min_size=len(t), max_size=len(t))), dtype=bool) for t in score.tracks
    )
    names = [t.name for t in score.tracks if score.tracks and t.name]
    fixed = Fixed(tuple(names[:1]), ((2, 2),), masks, tempo=True)
    held = fixed_notes(score, fixed)
    played = humanize(score, fixed=fixed, swing=0.7, amount=1.5)
    check_kept(score, played, 0.7)
    assert played.tempos == score.tempos
    for a, b, mask in zip(score.tracks, played.tracks, held, strict=True):
        assert {tuple(n) for n in a.notes[mask].tolist()} <= {tuple(n) for n in b.notes.tolist()}


@given(midi_scores(), st.integers(0, 5), st.sampled_from(FEELS))
@settings(max_examples=8, deadline=None)
def test_amount_nothing_is_the_identity(score: Score, seed: int, feel: str) -> None:
    assert humanize(score, amount=0, seed=seed, feel=feel) == score


def test_more_amount_more_deviation_and_seeds_differ() -> None:
    score = flat()
    spread = []
    for amount in (0.25, 0.5, 1.0):
        played = humanize(score, amount=amount, feel="rock")
        spread.append([float(t.notes["velocity"].std()) for t in played.tracks])
    assert all(a < b < c for a, b, c in zip(*spread, strict=True))
    assert humanize(score, seed=1) != humanize(score, seed=2)


def test_levels_stay_and_accents_come() -> None:
    played = humanize(flat(32), feel="rock")
    for track in played.tracks:
        assert abs(float(track.notes["velocity"].mean()) - 80) < 4
    drums = played.tracks[2].notes
    snare, hat = (drums["velocity"][drums["pitch"] == p].mean() for p in (38, 42))
    assert snare > hat + 10


def test_what_is_played_already_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    rows = [(480 * i + int(rng.integers(-40, 40)) + 40, 300, 60 + i % 7, int(rng.integers(30, 120))) for i in range(64)]
    score = Score(480, (Track("piano", 0, False, notes_array(rows)),))
    played = humanize(score, feel="pop")
    assert np.array_equal(played.tracks[0].notes["onset"], score.tracks[0].notes["onset"])
    assert np.array_equal(played.tracks[0].notes["velocity"], score.tracks[0].notes["velocity"])


def test_swing_moves_the_second_eighth_and_leaves_triplets() -> None:
    eighths = [(240 * i, 240, 60, 80) for i in range(8)]
    score = Score(480, (Track("a", 0, False, notes_array(eighths)),), length=2 * BAR)
    swung = humanize(score, amount=0, swing=1.0).tracks[0].notes
    assert swung["onset"].tolist() == [0, 320, 480, 800, 960, 1280, 1440, 1760]
    assert swung["duration"].tolist() == [320, 160] * 4
    triplets = notes_array([*eighths, (1920, 160, 60, 80), (2080, 160, 62, 80), (2240, 160, 64, 80)])
    held = humanize(score.with_tracks([Track("a", 0, False, triplets)]), amount=0, swing=1.0)
    assert held.tracks[0].notes["onset"].tolist()[-3:] == [1920, 2080, 2240]
    compound = replace(score, meters=(Meter(0, 6, 8),))
    assert humanize(compound, amount=0, swing=1.0).tracks == compound.tracks


def test_lines_stay_single_and_repeated_notes_breathe() -> None:
    score = flat(4, drums=False)
    score = score.with_tracks([Track("melody", 40, False, notes_array([(480 * i, 480, 72, 80) for i in range(16)]))])
    notes = humanize(score, feel="classical").tracks[0].notes
    gaps = np.diff(notes["onset"].astype(int)) - notes["duration"][:-1]
    assert (gaps > 0).all()
    tune = humanize(flat(8, program=40, drums=False), feel="classical").tracks[0].notes
    assert (np.diff(tune["onset"].astype(int)) >= tune["duration"][:-1]).all()


def test_pianos_get_a_pedal_and_strings_none() -> None:
    piano = humanize(flat(8, drums=False), feel="pop")
    assert len(piano.tracks[1].pedals) >= 4 and len(piano.tracks[0].pedals) == 0
    assert all(int(p["onset"]) + int(p["duration"]) <= piano.end for p in piano.tracks[1].pedals)
    assert not any(len(t.pedals) for t in humanize(flat(8, program=48), feel="pop").tracks)
    kept = humanize(flat(8, drums=False), feel="pop", fixed=Fixed(("piano",)))
    assert kept.tracks[1] == flat(8, drums=False).tracks[1]


def test_classical_rubato_keeps_the_seconds_and_ends_slower() -> None:
    score = flat(16, program=40, drums=False)
    played = humanize(score, feel="classical")
    assert len(played.tempos) > 16 and played.tempos[-1].qpm < 0.9 * score.tempos[0].qpm
    assert abs(duration_seconds(played) - duration_seconds(score)) < 0.01
    assert humanize(score, feel="classical", fixed=Fixed(tempo=True)).tempos == score.tempos
    own = replace(score, tempos=(Tempo.from_qpm(0, 90), Tempo.from_qpm(BAR, 100)))
    assert humanize(own, feel="classical").tempos == own.tempos


def test_feel_is_chosen_by_who_plays() -> None:
    assert choose_feel(flat(), "auto") == "band"
    assert choose_feel(flat(drums=False), "auto") == "pop"
    assert choose_feel(flat(program=40, drums=False), "auto") == "classical"
    assert choose_feel(flat(), "jazz") == "jazz"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"amount": -1}, "amount"),
        ({"amount": float("nan")}, "amount"),
        ({"swing": 2.0}, "swing"),
        ({"feel": "polka"}, "no feel"),
    ],
)
def test_wrong_wishes_are_refused(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(BriefError, match=word):
        humanize(flat(1), **wrong)  # type: ignore[arg-type]


def test_the_tables_tell_where_they_are_from_and_are_whole() -> None:
    table = tables()
    assert {source["licence"] for source in table["sources"]} == {"CC BY 4.0 (Google LLC)", "MIT (compilation)", "ODbL 1.0"}
    assert set(table["drums"]) == set(FEELS) - {"auto", "classical"}
    count = len(table["levels"])
    for style in table["drums"].values():
        assert 0 <= style["rho"] < 1 and 0 <= style["constancy"] <= 1
        for kit, cells in style["cells"].items():
            assert kit in KIT and "any" in cells
            assert all(len(c["loud"]) == count and sorted(c["loud"]) == c["loud"] for c in cells.values())
    for role in ("melody", "fill", "chords"):
        assert len(table["pitched"][role]["slots"]) == SLOTS and set(table["pitched"][role]["weights"]) == set(FEATURES)
    assert len(CLASSICAL["slots"]) == SLOTS  # type: ignore[arg-type]
    assert 0 <= usual_swing(60) <= usual_swing(160) <= 1


def test_drift_is_normal_and_remembers() -> None:
    values = drift(20_000, 0.5, np.random.default_rng(0))
    assert abs(float(values.std()) - 1) < 0.03
    assert abs(float(np.corrcoef(values[:-1], values[1:])[0, 1]) - 0.5) < 0.03
    assert normal_share(np.array([0.0, 1.96])).round(3).tolist() == [0.5, 0.975]


def test_shading_changes_loudness_alone_and_keeps_each_track_as_loud() -> None:
    rng = np.random.default_rng(3)
    notes = [(int(t) * 240, 240, int(rng.integers(50, 80)), 64) for t in range(64)]
    score = Score(480, (Track("melody", 0, notes=notes_array(notes)), Track("piano", 0, notes=notes_array(notes[::2]))))
    done = shaded(score, seed=1)
    assert done == shaded(score, seed=1)
    for before, after in zip(score.tracks, done.tracks, strict=True):
        for name in ("onset", "duration", "pitch"):
            assert np.array_equal(before.notes[name], after.notes[name])
        assert abs(float(after.notes["velocity"].mean()) - 64) < 1
        assert float(after.notes["velocity"].std()) > 3
    assert shaded(done, seed=1).tracks[0].notes["velocity"].std() == pytest.approx(
        done.tracks[0].notes["velocity"].std(), rel=0.2
    )
