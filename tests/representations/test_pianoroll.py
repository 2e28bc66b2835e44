"""Piano-rolls: cells by hand, both directions, folding, masks, windows without carried notes, and note lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import InputError
from antiphon.music.edit import quantise, without_overlaps
from antiphon.music.harmony import Key
from antiphon.music.score import Meter, Note, Score, Track, notes_array
from antiphon.representations.notelist import field_sizes, one_hot, to_cells, to_notes
from antiphon.representations.pianoroll import PianoRollSpec, decode, encode, window, windows

SPEC = PianoRollSpec(("melody", "piano"), (0, 5), bars=2)
BAR = 1920


def piece(melody: list[tuple[int, ...]], piano: list[tuple[int, ...]] | None = None, length: int = 2 * BAR) -> Score:
    tracks = [Track("melody", 0, notes=melody)]
    if piano:
        tracks.append(Track("piano", 5, notes=piano))
    return Score(480, tuple(tracks), length=length)


def test_a_repeated_note_is_not_a_long_one() -> None:
    repeated = encode(piece([(0, 240, 60), (240, 240, 60)]), SPEC).rolls[0, 0]
    long = encode(piece([(0, 480, 60)]), SPEC).rolls[0, 0]
    assert np.flatnonzero(repeated[0, :, 36]).tolist() == [0, 2]
    assert np.flatnonzero(repeated[1, :, 36]).tolist() == [1, 3]
    assert np.flatnonzero(long[0, :, 36]).tolist() == [0]
    assert np.flatnonzero(long[1, :, 36]).tolist() == [1, 2, 3]


def test_a_note_is_held_over_the_bar_line() -> None:
    rolls = encode(piece([(BAR - 120, 360, 62)]), SPEC).rolls
    assert np.argwhere(rolls).tolist() == [[0, 0, 0, 15, 38], [1, 0, 1, 0, 38], [1, 0, 1, 1, 38]]
    assert list(decode(rolls, SPEC).tracks[0]) == [Note(BAR - 120, 360, 62, 80)]


def test_a_role_that_is_lacking_is_masked_and_not_silent() -> None:
    assert encode(piece([(0, 480, 60)]), SPEC).present.tolist() == [True, False]
    assert encode(piece([(0, 480, 60)], [(0, 480, 40)]), SPEC).present.tolist() == [True, True]


def test_keys_are_brought_to_c_and_back() -> None:
    score = piece([(0, 480, 67), (480, 480, 71)])
    found = encode(score, SPEC, Key(7)).rolls
    assert np.flatnonzero(found[0, 0, 0].any(0)).tolist() == [72 - 24, 76 - 24]
    back = decode(found, SPEC, Key(7))
    assert [n.pitch for n in back.tracks[0]] == [67, 71]
    assert back.keys[0].key == Key(7)


def test_pitches_outside_the_rows_are_folded_by_octaves() -> None:
    rolls = encode(piece([(0, 480, 21), (480, 480, 108)]), SPEC).rolls
    rows = np.argwhere(rolls[0, 0, 0])[:, 1]
    assert ((rows + 24) % 12).tolist() == [21 % 12, 108 % 12]


def test_only_whole_bars_of_four_quarters_count() -> None:
    meters = (Meter(0, 4, 4), Meter(BAR, 3, 4), Meter(BAR + 1440, 4, 4))
    score = Score(480, (Track("melody", 0, notes=[(0, 240, 60), (BAR, 240, 60), (BAR + 1440, 240, 62)]),), meters=meters)
    found = encode(Score(480, score.tracks, meters=meters, length=2 * BAR + 1440), SPEC)
    assert found.valid.tolist() == [True, False, True]
    assert not found.rolls[1].any()
    assert windows(found.valid, 1) == [0, 2]
    assert windows(found.valid, 2) == []


def test_a_window_leaves_out_notes_that_began_before_it() -> None:
    rolls = encode(piece([(BAR - 480, 960, 60), (BAR, 240, 64)]), SPEC).rolls
    cut = window(rolls, 1, 1)
    assert np.argwhere(cut).tolist() == [[0, 0, 0, 0, 40], [0, 0, 1, 1, 40]]
    assert rolls[1, 0, 1, 0, 36]  # the piece itself is left alone


def test_probabilities_are_read_by_a_threshold() -> None:
    p = np.zeros((1, *SPEC.shape[1:]))
    p[0, 0, 0, 4, 36], p[0, 0, 1, 5, 36], p[0, 0, 1, 6, 36] = 0.9, 0.8, 0.3
    assert list(decode(p, SPEC).tracks[0]) == [Note(480, 240, 60, 80)]
    assert list(decode(p, SPEC, threshold=0.2).tracks[0]) == [Note(480, 360, 60, 80)]


def test_velocities_come_from_the_table_of_role_and_step() -> None:
    loud = np.full((2, 16), 64.0)
    loud[0, 4] = 100.2
    rolls = encode(piece([(0, 240, 60), (480, 240, 60)]), SPEC).rolls
    assert [n.velocity for n in decode(rolls, SPEC, velocities=loud).tracks[0]] == [64, 100]


notes = st.lists(
    st.tuples(st.integers(0, 2 * BAR - 400), st.integers(1, 2 * BAR), st.integers(24, 95), st.just(80)), min_size=1, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(notes, notes)
def test_decoding_gives_the_quantised_piece(melody: list[tuple[int, ...]], piano: list[tuple[int, ...]]) -> None:
    def inside(rows: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        return [(on, min(length, 2 * BAR - on), pitch, loud) for on, length, pitch, loud in rows]

    score = piece(inside(melody), inside(piano))
    wanted = quantise(score, 4)
    wanted = wanted.with_tracks(Track(t.name, t.program, notes=without_overlaps(notes_array(t.notes))) for t in wanted.tracks)
    assert decode(encode(score, SPEC).rolls, SPEC).tracks == wanted.tracks


@settings(max_examples=30, deadline=None)
@given(notes)
def test_twenty_four_steps_hold_triplets(rows: list[tuple[int, ...]]) -> None:
    fine = PianoRollSpec(("melody",), (0,), bars=2, steps=24)
    score = piece([(on // 80 * 80, 80, pitch, 80) for on, _, pitch, _ in rows])
    assert decode(encode(score, fine).rolls, fine).tracks[0] == Track(
        "melody", 0, notes=without_overlaps(score.tracks[0].notes)
    )


@settings(max_examples=40, deadline=None)
@given(notes, notes)
def test_note_lists_say_the_same_as_cells(melody: list[tuple[int, ...]], piano: list[tuple[int, ...]]) -> None:
    short = [(on, min(length, 900, 2 * BAR - on), pitch, 80) for on, length, pitch, _ in melody + piano]
    cells = encode(piece(short[: len(melody)], short[len(melody) :]), SPEC).rolls
    listed = to_notes(cells, SPEC, 64)
    gaps = np.diff(np.flatnonzero(cells[:, :, 0].any((1, 3)).reshape(-1)), prepend=0)
    if (gaps <= 32).all():
        assert np.array_equal(to_cells(listed, SPEC), cells)
    hot = one_hot(listed, SPEC)
    assert hot.shape == (64, sum(field_sizes(SPEC)))
    assert (hot.sum(1) == 4).all()


def test_drums_keep_their_keys() -> None:
    spec = PianoRollSpec(("drums", "melody"), (0, 0), bars=1)
    score = Score(480, (Track("drums", 0, True, [(0, 120, 38)]), Track("melody", 0, notes=[(0, 120, 62)])), length=BAR)
    found = encode(score, spec, Key(2))
    assert [n.pitch for n in decode(found.rolls, spec).tracks[1]] == [60]
    assert [(t.is_drum, t.notes["pitch"].tolist()) for t in decode(found.rolls, spec, Key(2)).tracks] == [
        (True, [38]),
        (False, [62]),
    ]


def test_faults_are_said_in_one_sentence() -> None:
    with pytest.raises(InputError, match="None of the tracks melody, piano"):
        encode(Score(480, (Track("other", 0, notes=[(0, 1, 60)]),)), SPEC)
    with pytest.raises(InputError, match="whole octaves from a C"):
        PianoRollSpec(("melody",), (0,), lowest=21)
    with pytest.raises(InputError, match="none"):
        PianoRollSpec(("melody",), (0,), steps=15)
    with pytest.raises(InputError, match="one program"):
        PianoRollSpec(("melody",), (0, 1))
    with pytest.raises(InputError, match="are not those"):
        decode(np.zeros((1, 2, 3), dtype=bool), SPEC)
    assert PianoRollSpec.from_json(SPEC.to_json()) == SPEC
