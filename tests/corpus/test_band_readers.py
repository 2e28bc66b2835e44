"""Tests of the band reader: roles by name, program and playing; parts merged in turn; the grid; works; whole files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antiphon.corpus.build import build
from antiphon.corpus.ingest import find_units, iter_pieces
from antiphon.corpus.piece import Cause, Piece, Refusal
from antiphon.corpus.readers import band_free, band_roles, reader_for
from antiphon.corpus.store import Store
from antiphon.io import midi
from antiphon.music.beats import bar_starts
from antiphon.music.score import Meter, Score, Track

Q, BAR = 480, 1920


def line(pitches: list[int], length: int = Q // 2, begin: int = 0) -> list[tuple[int, int, int, int]]:
    """One note after the other."""
    return [(begin + i * length, length, p, 90) for i, p in enumerate(pitches)]


def chords(bars: int, pitches: tuple[int, ...], length: int = Q) -> list[tuple[int, int, int, int]]:
    return [(t, length, p, 80) for t in range(0, bars * BAR, length) for p in pitches]


def beat(bars: int, keys: tuple[int, ...] = (35, 42, 40, 42)) -> list[tuple[int, int, int, int]]:
    return [(b * BAR + i * Q, 30 + i, key, 100) for b in range(bars) for i, key in enumerate(keys)]


def rock(bars: int = 8, seed: int = 0) -> Score:
    """Five tracks that play the five roles, named so that only their programs and notes tell."""
    rng = np.random.default_rng(seed)
    tune = rng.choice([71, 72, 74, 76, 77, 79], 8 * bars).tolist()
    tracks = (
        Track("Track 1", 33, False, line([33, 33, 28, 31] * 2 * bars)),
        Track("Track 2", 30, False, chords(bars, (45, 52, 57))),
        Track("Track 3", 81, False, line(tune)),
        Track("Track 4", 89, False, chords(bars, (57, 60, 64), BAR)),
        Track("Track 5", 0, True, beat(bars)),
    )
    return Score(Q, tracks)


def test_roles_are_found_by_program_and_playing() -> None:
    assert band_roles.roles_of(rock()) == {"lead": [2], "keys": [1], "strings": [3], "bass": [0], "drums": [4]}


def test_names_win_over_programs() -> None:
    part = line([60, 62, 64, 65] * 8)
    low = line([40, 41, 43, 45] * 8)
    score = Score(
        Q,
        (
            Track("Lead gtr", 0, False, part),
            Track("Bas", 80, False, low),
            Track("Warm pad", 0, False, chords(4, (60, 64), BAR)),
        ),
    )
    assert band_roles.roles_of(score) == {"lead": [0], "strings": [2], "bass": [1]}


def test_without_a_bass_guitar_the_lowest_line_is_the_bass() -> None:
    score = Score(Q, (Track("a", 0, False, line([36, 43] * 16)), Track("b", 0, False, chords(4, (60, 64, 67)))))
    assert band_roles.roles_of(score) == {"keys": [1], "bass": [0]}


def test_effects_and_tracks_of_a_few_notes_play_nothing() -> None:
    score = Score(
        Q,
        (
            Track("wind", 122, False, line([60] * 20)),
            Track("timpani", 47, False, line([40] * 20)),
            Track("hit", 27, False, line([60] * 7)),
            Track("gtr", 27, False, chords(4, (60, 64))),
        ),
    )
    assert band_roles.roles_of(score) == {"keys": [3]}


def test_two_tracks_of_one_role_play_in_turn_and_never_over_each_other() -> None:
    first = [(t, Q, p, 80) for t in (*range(0, BAR, Q), *range(2 * BAR, 4 * BAR, Q)) for p in (52, 57)]
    second = [(t, 2 * Q, p, 80) for t in range(BAR, 3 * BAR, 2 * Q) for p in (60, 64)]
    score = Score(Q, (Track("gtr", 27, False, first), Track("gtr 2", 27, False, second)), length=4 * BAR)
    band = band_roles.as_band(score)
    assert band is not None
    keys = band.score.tracks[0]
    bars = [{n.pitch for n in keys if b * BAR <= n.onset < (b + 1) * BAR} for b in range(4)]
    assert bars == [{52, 57}, {60, 64}, {52, 57}, {52, 57}]  # the busier one wherever it plays
    assert all(n.onset + n.duration <= 2 * BAR for n in keys if n.onset < 2 * BAR)
    assert band.unused == 4


def test_a_bass_is_one_line_and_chords_keep_their_lowest_and_highest_notes() -> None:
    score = Score(Q, (Track("bass", 33, False, chords(2, (28, 40))), Track("piano", 0, False, chords(2, (48, 52, 55, 60, 64)))))
    band = band_roles.as_band(score)
    assert band is not None
    keys, bass = band.score.tracks
    assert {n.pitch for n in bass} == {28}
    assert {n.pitch for n in keys} == {48, 55, 60, 64}


def test_drums_have_one_length_no_twins_and_a_place_on_the_grid() -> None:
    late = [(t + 7, d, p, v) for t, d, p, v in beat(2, (35, 57, 40, 59))]
    score = Score(Q, (Track("k", 0, True, late), Track("k2", 0, True, beat(2, (36, 100, 38, 20))), *rock(2).tracks[:2]))
    band = band_roles.as_band(score)
    assert band is not None
    kit = band.score.tracks[-1]
    assert (kit.name, kit.is_drum) == ("drums", True)
    assert [(n.onset, n.duration, n.pitch) for n in kit][:4] == [(0, 120, 36), (480, 120, 49), (960, 120, 38), (1440, 120, 51)]
    assert len(kit) == 8


def test_drums_alone_are_no_band() -> None:
    assert band_roles.as_band(Score(Q, (Track("k", 0, True, beat(4)),))) is None


def test_what_lies_near_sixteenths_counts_and_triplets_do_not() -> None:
    even = Score(Q, (Track("a", 0, False, line([60, 62] * 8, 120)),))
    assert band_free.on_grid(even) == 1.0
    assert band_free.on_grid(Score(Q, (Track("a", 0, False, [(t + 30, 100, 60, 80) for t in range(0, BAR, 120)]),))) == 1.0
    triplets = Score(Q, (Track("a", 0, False, line([60] * 12, 160)),))
    assert band_free.on_grid(triplets) == pytest.approx(1 / 3)


def test_a_short_first_bar_is_left_out() -> None:
    late = [(t + 240, d, p, v) for t, d, p, v in line([60] * 12)]
    score = Score(Q, (Track("a", 0, False, late),), meters=(Meter(0, 1, 8), Meter(240, 4, 4)))
    found = band_free.without_lead_in(score)
    assert [(m.tick, m.numerator, m.denominator) for m in found.meters] == [(0, 4, 4)]
    assert [n.onset for n in found.tracks[0]] == [n.onset - 240 for n in score.tracks[0]]
    assert bar_starts(found)[:2] == [0, BAR]
    plain = rock()
    assert band_free.without_lead_in(plain) is plain


@pytest.mark.parametrize(
    ("key", "work"),
    [
        ("freedoom/d_e1m1.mid", "band-free/freedoom/d_e1m1"),
        ("freedoom-older/d_e1m1_503a64f.mid", "band-free/freedoom/d_e1m1"),
        ("freedoom-older/D_E1M1__8f068cc.mid", "band-free/freedoom/d_e1m1"),
        ("simutrans/01-Main.mid", "band-free/simutrans/01-main"),
    ],
)
def test_versions_of_a_track_are_one_work(key: str, work: str) -> None:
    assert band_free.work_of(key) == work


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Two projects: a song in two versions, one that is off the grid, one without pitches, and a broken file."""
    songs = {
        "freedoom/d_e1m1.mid": rock(8, 1),
        "freedoom-older/d_e1m1_1234567.mid": rock(12, 1),
        "freedoom-older/other_89abcde.mid": rock(8, 2),
        "tannerhelland/waltz.mid": Score(Q, (Track("a", 0, False, line([60, 64, 67] * 16, 160)),)),
        "tannerhelland/kit.mid": Score(Q, (Track("a", 0, True, beat(8)),)),
    }
    for name, score in songs.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(midi.dumps(score))
    (tmp_path / "tannerhelland" / "broken.mid").write_bytes(b"MThd nothing")
    return tmp_path


def test_a_library_becomes_pieces_with_roles_key_chords_and_licence(library: Path) -> None:
    assert reader_for(library) is band_free
    assert reader_for(library / "freedoom") is None
    pieces = list(iter_pieces(library))
    assert [p.source for p in pieces] == [
        "freedoom/d_e1m1.mid", "freedoom-older/d_e1m1_1234567.mid", "freedoom-older/other_89abcde.mid",
    ]  # fmt: skip
    first = pieces[0]
    assert [t.name for t in first.score.tracks] == list(band_roles.ROLES)
    assert str(first.score.keys[0].key) in ("A minor", "C major", "E minor")
    assert len(first.score.chords) >= 1
    assert first.licence == "BSD-3-Clause (Freedoom)"
    assert first.work == pieces[1].work != pieces[2].work


def test_what_cannot_be_used_is_refused_with_its_reason(library: Path) -> None:
    found = {u.key: band_free.load(u)[0] for u in find_units(library)}
    causes = {key: o.cause for key, o in found.items() if isinstance(o, Refusal)}
    assert causes == {
        "tannerhelland/waltz.mid": Cause.NO_GRID,
        "tannerhelland/kit.mid": Cause.FEW_NOTES,
        "tannerhelland/broken.mid": Cause.UNREADABLE,
    }
    refusal = found["tannerhelland/waltz.mid"]
    assert isinstance(refusal, Refusal)
    assert refusal.detail.startswith("33% of the notes begin on a sixteenth")
    assert sum(isinstance(o, Piece) for o in found.values()) == 3


def test_versions_of_a_song_never_straddle_a_split(library: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    build(library, store, jobs=1, valid=0.4, test=0.3)
    split = {p.source: p.split for p in Store.open(store)}
    assert split["freedoom/d_e1m1.mid"] == split["freedoom-older/d_e1m1_1234567.mid"]
