"""Likeness ignores key, tempo, note values and track order, survives small edits, and tells strangers apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.music import fingerprint as fp
from antiphon.music.edit import transpose
from antiphon.music.score import Score, Tempo, Track, notes_array


def song(seed: int, notes: int = 200) -> Score:
    rng = np.random.default_rng(seed)
    tracks = []
    for name, base in (("melody", 72), ("bass", 45)):
        onset = np.cumsum(rng.choice([120, 240, 480], notes))
        pitch = base + rng.integers(-9, 10, notes)
        rows = [(int(o), 120, int(p), int(v)) for o, p, v in zip(onset, pitch, rng.integers(40, 100, notes), strict=True)]
        tracks.append(Track(name, 0, False, rows))
    return Score(480, tuple(tracks))


def likeness(a: Score, b: Score) -> float:
    return fp.likeness(fp.sketch(fp.shingles(a)), fp.sketch(fp.shingles(b)))


@pytest.mark.parametrize("up", [-5, 1, 7])
def test_transposition_and_track_order_and_tempo_change_nothing(up: int) -> None:
    original = song(1)
    other = transpose(original, up)
    other = replace(other, tracks=tuple(reversed(other.tracks)), tempos=(Tempo(0, 300_000),), title="other")
    assert likeness(original, other) == 1.0
    assert fp.digest(original) == fp.digest(other)


def test_note_values_twice_as_long_are_the_same_music_to_the_sketch() -> None:
    original = song(2)
    slow = original.with_tracks(
        replace(t, notes=notes_array([(2 * n.onset, 2 * n.duration, n.pitch, n.velocity) for n in t])) for t in original.tracks
    )
    assert likeness(original, slow) == 1.0
    assert fp.digest(original) != fp.digest(slow)


def test_small_edits_keep_pieces_alike_and_strangers_are_unlike() -> None:
    original = song(3, 400)
    notes = original.tracks[0].notes.copy()
    notes["pitch"][[50, 150, 250]] += 1
    edited = original.with_tracks([replace(original.tracks[0], notes=notes_array(notes)), original.tracks[1]])
    assert 0.8 < likeness(original, edited) < 1.0
    assert likeness(original, song(4, 400)) < 0.1


def test_two_arrangements_share_their_leading_line() -> None:
    a, b = song(5), song(6)
    cover = b.with_tracks([transpose(a, 2).tracks[0], b.tracks[1]])
    assert np.array_equal(fp.lead_shingles(a), fp.lead_shingles(cover))
    unnamed = a.with_tracks([replace(a.tracks[1], name=""), replace(a.tracks[0], name="")])
    assert np.array_equal(fp.lead_shingles(a), fp.lead_shingles(unnamed))


def test_the_digest_sees_each_note() -> None:
    original = song(7)
    notes = original.tracks[1].notes.copy()
    notes["duration"][10] += 120
    assert fp.digest(original) != fp.digest(
        original.with_tracks([original.tracks[0], replace(original.tracks[1], notes=notes)])
    )
    louder = original.tracks[0].notes.copy()
    louder["velocity"] = 127
    assert fp.digest(original) == fp.digest(
        original.with_tracks([replace(original.tracks[0], notes=louder), original.tracks[1]])
    )


def test_tiny_pieces_have_no_shingles_and_are_like_nothing() -> None:
    tiny = Score(480, (Track("a", 0, False, [(0, 480, 60, 80), (480, 480, 62, 80)]),))
    assert len(fp.shingles(tiny)) == len(fp.lead_shingles(Score())) == 0
    assert likeness(tiny, tiny) == 0.0
    assert fp.digest(Score()) != fp.digest(tiny)


@settings(deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1), min_size=20, max_size=200), st.floats(0, 1))
def test_sketches_estimate_the_share_of_common_hashes(values: set[int], share: float) -> None:
    hashes = np.array(sorted(values), dtype=np.uint64)
    cut = int(share * len(hashes))
    a, b = hashes, hashes[: max(1, cut)]
    estimated = fp.likeness(fp.sketch(a), fp.sketch(b))
    assert abs(estimated - len(b) / len(a)) < 0.3  # six standard errors at the worst
    assert fp.likeness(fp.sketch(a), fp.sketch(a)) == 1.0
