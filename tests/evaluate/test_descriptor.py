"""Clips, the descriptor and the harmony under it: shapes, invariances, hand-made cases, keys against music21."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_songs import clip_of, clips, song, songs
from music21 import analysis, note, stream

from antiphon.evaluate import damage
from antiphon.evaluate.clip import Clip, common_roles, cut_clips
from antiphon.evaluate.descriptor import VERSION, describe, describe_all
from antiphon.evaluate.equalise import equalise
from antiphon.evaluate.harmony import CHORD_SHAPES, estimate_chords, estimate_key
from antiphon.evaluate.prepare import choose_bars, halves, prepare
from antiphon.music.edit import resample, shift, transpose
from antiphon.music.score import Meter, Score, Tempo, Track, notes_array


def test_the_descriptor_is_large_and_finite_on_music() -> None:
    vectors, names = describe_all(clips(songs(4)))
    assert len(names) == vectors.shape[1] >= 120 and len(set(names)) == len(names)
    assert np.isfinite(vectors).mean() > 0.97


def test_the_descriptor_does_not_know_names_order_or_loudness() -> None:
    plain = song(3)
    renamed = plain.with_tracks(
        replace(t, name=f"x{i}", program=5, notes=notes_array([(*n[:3], 33) for n in t]))
        for i, t in enumerate(reversed(plain.tracks))
    )
    a, b = (describe(clips([s])[0]) for s in (plain, renamed))
    for name, value in a.items():
        if name not in ("phrase length mean", "phrase length deviation"):
            assert value == pytest.approx(b[name], abs=1e-9, nan_ok=True), name


@given(st.integers(-5, 6), st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_harmony_and_rhythm_do_not_hear_transposition(move: int, seed: int) -> None:
    a, b = (describe(clips([s])[0]) for s in (song(seed), transpose(song(seed), move)))
    for name in a:
        if name.startswith(("degree", "onset at", "chord", "root motion", "upper interval", "interval class")):
            assert a[name] == pytest.approx(b[name], abs=1e-9, nan_ok=True), name


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(0, 127)), max_size=30), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_any_notes_can_be_described(notes: list[tuple[int, int, int]], bars: int) -> None:
    tracks = (Track("melody", notes=notes_array([(o, d, p, 80) for o, d, p in notes])),)
    score = Score(4, tracks, length=64)
    found = cut_clips(score, bars, common_roles([score]), "0")
    lengths = {len(describe(c)) for c in found}
    assert len(lengths) <= 1
    assert describe(Clip("0", bars, 16, ())).keys() == describe(clip_of([(0, 4, 60)])).keys()


def test_key_estimate_against_music21() -> None:
    for seed in range(6):
        c = clips([song(seed)])[0]
        _, duration, pitch = c.pitched
        line = stream.Stream()
        for d, p in zip(duration.tolist(), pitch.tolist(), strict=True):
            line.append(note.Note(p, quarterLength=d / 4))
        expected = analysis.discrete.KrumhanslKessler(line).getSolution(line)
        found = estimate_key(np.bincount(pitch % 12, duration, 12).astype(float))
        assert (found.tonic, found.minor) == (expected.tonic.pitchClass, expected.mode == "minor")
        assert found.strength == pytest.approx(expected.correlationCoefficient, abs=1e-6)


def test_every_chord_shape_is_recognised_in_every_place() -> None:
    rows, expected = [], []
    for i, (name, shape) in enumerate(CHORD_SHAPES.items()):
        for root in range(12) if name != "augmented" else range(4):
            row = np.zeros(12)
            row[[(root + s) % 12 for s in shape]] = 1
            rows.append(row)
            expected.append((root, i))
    found = estimate_chords(np.array([*rows, np.zeros(12)]))
    assert list(zip(found.root.tolist(), found.shape.tolist(), strict=True))[:-1] == expected
    assert found.root[-1] == -1


def test_roles_by_name_or_by_register() -> None:
    named = songs(3)
    assert common_roles(named, named).names == ("melody", "chords", "bass")
    nameless = [s.with_tracks(replace(t, name="") for t in s.tracks) for s in named]
    roles = common_roles(nameless, named)
    assert not roles.by_name and len(roles.names) == 3
    assert [t[0].program for t in roles.of(nameless[0])] == [73, 0, 32]


def test_windows_do_not_overlap_and_stay_in_one_meter() -> None:
    long = song(1, bars=40)
    found = cut_clips(long, 8, common_roles([long]), "7", most=4)
    assert len(found) == 4 and {c.group for c in found} == {"7"}
    waltz_after = replace(song(1, bars=12), meters=(Meter(0, 4, 4), Meter(8 * 16, 3, 4)))
    assert {c.bar_steps for c in cut_clips(waltz_after, 4, common_roles([waltz_after]), "0")} == {16, 12}


def test_short_and_silent_pieces_are_named() -> None:
    empty = Score(4, (Track("melody"),), title="nothing")
    pair = prepare([*songs(2), song(9, bars=2), empty], songs(4, 10), bars=8)
    assert len(pair.generated) == 2
    assert pair.left_out == (
        "generated: song 9: shorter than three quarters of 8 bars in one meter",
        "generated: nothing: silent",
    )


def test_the_window_follows_the_generated_pieces() -> None:
    assert choose_bars(songs(3, bars=16)) == 16
    assert choose_bars(songs(3, bars=7)) == 8
    assert choose_bars([]) == 1


def test_halves_split_by_piece() -> None:
    some = [replace(c, group=str(i // 2)) for i, c in enumerate(clips(songs(8)))]
    a, b = halves(some, np.random.default_rng(0))
    assert not {some[i].group for i in a} & {some[i].group for i in b} and len(a) + len(b) == 8


@pytest.mark.parametrize("name", list(damage.DAMAGES))
def test_damages_keep_the_size_of_the_set_and_stay_inside_the_clip(name: str) -> None:
    some = clips(songs(12))
    spoiled = damage.DAMAGES[name](some, np.random.default_rng(0))
    assert len(spoiled) == len(some)
    for c in spoiled:
        for p in c.parts:
            assert ((p.onset >= 0) & (p.onset + p.duration <= c.steps) & (p.duration > 0)).all()
            assert ((p.pitch >= 0) & (p.pitch < 128)).all()


def test_shuffled_bars_keep_the_notes_and_collapse_keeps_ten() -> None:
    some = clips(songs(12))
    shuffled = damage.shuffled_bars(some, np.random.default_rng(0))
    assert sorted(shuffled[0].pitched[2].tolist()) == sorted(some[0].pitched[2].tolist())
    assert len({id(c.parts) for c in damage.collapsed(some, np.random.default_rng(0))}) == 10


def test_the_document_names_every_feature() -> None:
    """Every feature stands in docs/measures.md, by itself or as one of a numbered family."""
    text = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    names = list(describe(clips(songs(1))[0]))
    assert f"{VERSION}`, {len(names)} features" in text
    for name in names:
        plain = name.removeprefix("upper ").removeprefix("lower ").split(", lag")[0]
        family = re.sub(r"\d+(/16|$| )", "", plain).strip()
        assert f"`{plain}`" in text or f"`{family}" in text or f" {family}`" in text, name


def test_an_equalised_piece_keeps_notes_and_loses_its_file() -> None:
    plain = song(5)
    roles = common_roles([plain], [plain])
    loud = replace(shift(resample(plain, 480), 2 * 1920), tempos=(Tempo.from_qpm(0, 77),), title="x")
    loud = loud.with_tracks(replace(t, program=9, notes=notes_array([(*n[:3], 111) for n in t])) for t in reversed(loud.tracks))
    assert equalise(loud, roles) == equalise(plain, roles)
    assert {n.velocity for t in equalise(loud, roles).tracks for n in t} == {80}
