"""Edits, locks and stored scores: nothing that is locked ever changes, and what is stored comes back exactly."""

from __future__ import annotations

import base64
import contextlib
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from studio_verbs import piece

from antiphon.errors import FormatError, InputError, LimitError
from antiphon.music.harmony import Chord
from antiphon.music.score import Meter, Score, Track, notes_array
from antiphon.studio import shapes_edits
from antiphon.studio.compare import compare
from antiphon.studio.edits import apply, free_name
from antiphon.studio.locks import Lock, LockedError, checked, keep_locked, locked_notes
from antiphon.studio.scorejson import facts, from_json, pack, packed_json, read_packed, to_json, unpack, view
from strategies import midi_scores

OPERATION: TypeAdapter[shapes_edits.Operation] = TypeAdapter(shapes_edits.Operation)


def ops(*values: dict[str, object]) -> list[shapes_edits.Operation]:
    return [OPERATION.validate_python(v) for v in values]


def rows(score: Score, track: int = 0) -> list[tuple[int, ...]]:
    return [tuple(n) for n in score.tracks[track].notes.tolist()]


@settings(deadline=None, max_examples=60)
@given(midi_scores())
def test_a_stored_score_comes_back_exactly(score: Score) -> None:
    packed = pack(score)
    assert unpack(packed.data) == score
    assert from_json(json.loads(json.dumps(to_json(score)))) == score
    assert pack(unpack(packed.data)) == packed
    assert read_packed(json.loads(json.dumps(packed_json(packed)))) == packed


@pytest.mark.parametrize(
    "data", [b"", b"no gzip", pack(piece()).data[:50], base64.b64decode("H4sIAAAAAAACA6tWSssvyk0sUbIy1FFKSixJzgAARwN4exIAAAA=")]
)
def test_a_damaged_score_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(FormatError, match="stored score"):
        unpack(data)


@settings(deadline=None, max_examples=60)
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_any_json_is_a_score_or_an_input_error(values: object) -> None:
    whole = to_json(piece())
    for name in whole:
        with contextlib.suppress(InputError):
            assert isinstance(from_json({**whole, name: {"x": values}}), Score)


def test_the_page_gets_seconds_chords_and_instruments() -> None:
    seen = view(piece(bars=2))
    assert seen["bars"] == [[0, 0.0], [1920, 2.0]]
    assert seen["tempos"] == [[0, 120.0, 0.0]] and seen["chords"] == [[0, "C"]] and seen["keys"] == [[0, "C major"]]
    assert [t["instrument"] for t in seen["tracks"]] == ["acoustic grand piano", "bright acoustic piano"]
    assert facts(piece(bars=2))["notes"] == 16


def test_a_piece_of_absurd_length_is_refused() -> None:
    one = Score(resolution=1, meters=(Meter(0, 1, 64),), tracks=(Track(notes=notes_array([(2**27, 1, 60, 80)])),))
    with pytest.raises(LimitError, match="bars"):
        pack(one)


# --- edits


def test_notes_are_drawn_moved_resized_and_removed() -> None:
    score = piece(bars=1, tracks=("melody",))
    first = rows(score)[0]
    after, _ = apply(
        score,
        ops(
            {"op": "add", "track": 0, "onset": 100, "duration": 50, "pitch": 90, "velocity": 99},
            {"op": "change", "track": 0, "onset": 0, "pitch": first[2], "to": {"onset": 10, "pitch": 91, "velocity": 5}},
            {"op": "change", "track": 0, "onset": 10, "pitch": 91, "to": {"duration": 7}},
            {"op": "remove", "track": 0, "onset": 480, "pitch": rows(score)[1][2], "duration": 480},
        ),
    )
    assert rows(after)[:2] == [(10, 7, 91, 5), (100, 50, 90, 99)]
    assert rows(after)[2:] == rows(score)[2:]


def test_whole_pieces_are_transposed_cut_and_marked() -> None:
    score = piece(bars=4)
    up, _ = apply(score, ops({"op": "transpose", "semitones": 2}))
    assert [n[2] - m[2] for n, m in zip(rows(up), rows(score), strict=True)] == [2] * 16
    assert up.keys[0].key.tonic == 2 and up.chords[0].chord == Chord(2)
    part, _ = apply(score, ops({"op": "transpose", "semitones": -1, "bars": [2, 2], "tracks": ["piano"]}))
    assert rows(part) == rows(score)
    assert [n[2] - m[2] for n, m in zip(rows(part, 1), rows(score, 1), strict=True)] == [0] * 4 + [-1] * 4 + [0] * 8
    cut, _ = apply(score, ops({"op": "cut", "bars": [2, 3]}))
    assert len(rows(cut)) == 8 and cut.end == 2 * 1920
    assert [n[2] for n in rows(cut)] == [n[2] for n in rows(score)[:4] + rows(score)[12:]]
    marked, _ = apply(score, ops({"op": "chord", "bar": 2, "beat": 3, "chord": "F#m7"}, {"op": "tempo", "qpm": 90}))
    assert (marked.chords[1].tick, str(marked.chords[1].chord)) == (1920 + 960, "F#m7")
    assert round(marked.tempos[0].qpm, 3) == 90
    bare, _ = apply(marked, ops({"op": "chord", "bar": 2, "beat": 3, "chord": ""}, {"op": "delete", "bars": [1, 4]}))
    assert len(bare.chords) == 1 and bare.note_count == 0 and bare.end == score.end


def test_tracks_come_go_and_keep_names_of_their_own() -> None:
    after, _ = apply(
        piece(),
        ops(
            {"op": "add_track", "name": "piano", "program": 33},
            {"op": "track", "track": 0, "name": "piano", "program": 5},
            {"op": "remove_track", "track": 1},
            {"op": "title", "title": "New"},
        ),
    )
    assert [(t.name, t.program) for t in after.tracks] == [("piano 3", 5), ("piano 2", 33)] and after.title == "New"
    assert free_name("  ", []) == "track"


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        ({"op": "add", "track": 9, "onset": 0, "duration": 1, "pitch": 1}, "no track number 9"),
        ({"op": "add", "track": 0, "onset": 2**28, "duration": 1, "pitch": 1}, "bars into the piece"),
        ({"op": "remove", "track": 0, "onset": 1, "pitch": 1}, "no such note"),
        ({"op": "transpose", "semitones": 127}, "MIDI range"),
        ({"op": "transpose", "semitones": 127, "bars": [1, 1]}, "MIDI range"),
        ({"op": "delete", "bars": [0 + 3, 9]}, "no bars 3 to 9"),
        ({"op": "delete", "tracks": ["oboe"]}, "oboe"),
        ({"op": "cut", "bars": [1, 4]}, "at least one"),
        ({"op": "chord", "bar": 1, "beat": 9, "chord": "C"}, "4 beats"),
        ({"op": "chord", "bar": 1, "chord": "H9"}, "not a chord"),
    ],
)
def test_what_cannot_be_done_is_said(operation: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=f"Operation 1.*{word}"):
        apply(piece(), ops(operation))


# --- locks

LOCKS = st.lists(
    st.builds(
        lambda first, more, tracks: Lock(first, min(4, first + more), tracks),
        st.integers(1, 4),
        st.integers(0, 3),
        st.none() | st.sampled_from([("melody",), ("piano",), ("melody", "piano")]),
    ),
    min_size=1,
    max_size=3,
)
BARS = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(sorted)
WHERE = {"bars": st.none() | BARS, "tracks": st.none() | st.sampled_from([["melody"], ["piano"]])}
NOTE = {"track": st.integers(0, 1), "onset": st.integers(0, 16).map(lambda i: i * 480), "pitch": st.integers(40, 80)}
EDITS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"op": st.just("add"), **NOTE, "duration": st.integers(1, 4000)}),
        st.fixed_dictionaries({"op": st.just("remove"), **NOTE}),
        st.fixed_dictionaries({"op": st.just("change"), **NOTE, "to": st.fixed_dictionaries({"onset": st.integers(0, 9000)})}),
        st.fixed_dictionaries({"op": st.just("transpose"), "semitones": st.integers(-5, 5), **WHERE}),
        st.fixed_dictionaries({"op": st.just("delete"), **WHERE}),
        st.fixed_dictionaries({"op": st.just("cut"), "bars": BARS}),
        st.fixed_dictionaries({"op": st.just("remove_track"), "track": st.integers(0, 2)}),
        st.fixed_dictionaries({"op": st.just("track"), "track": st.integers(0, 2), "name": st.sampled_from(["melody", "x"])}),
        st.fixed_dictionaries({"op": st.just("add_track"), "name": st.just("melody")}),
        st.fixed_dictionaries({"op": st.just("tempo"), "qpm": st.integers(30, 200)}),
    ),
    min_size=1,
    max_size=6,
)


def held(score: Score, locks: list[Lock]) -> dict[str, list[tuple[int, ...]]]:
    """The locked notes of every track that has any."""
    found = {t.name: [tuple(n) for n in locked_notes(score, locks, t).tolist()] for t in score.tracks}
    return {name: notes for name, notes in found.items() if notes}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(LOCKS, EDITS)
def test_no_edit_changes_what_is_locked(locks: list[Lock], edits: list[dict[str, object]]) -> None:
    score = piece()
    done = score
    for edit in edits:
        try:
            done, _ = apply(done, ops(edit), locks)
        except InputError:
            continue
        assert held(done, locks) == held(score, locks)


@settings(deadline=None, max_examples=100)
@given(LOCKS, st.integers(0, 50), st.booleans(), st.integers(0, 2), st.integers(1, 2))
def test_what_a_verb_changed_is_put_back(locks: list[Lock], seed: int, drop: bool, more: int, finer: int) -> None:
    before = piece()
    after = piece(bars=4 + more, seed=seed + 1, tracks=("melody", "flute") if drop else ("melody", "piano", "flute"))
    if finer == 2:
        tracks = [
            Track(t.name, t.program, notes=notes_array([(o * 2, d * 2, p, v) for o, d, p, v in t.notes.tolist()]))
            for t in after.tracks
        ]
        after = Score(resolution=960, tracks=tuple(tracks), length=after.length * 2)
    kept, _ = keep_locked(before, after, locks)
    for track in kept.tracks:
        last = next((n for n in before.tracks if n.name == track.name), None)
        if last is None:
            continue
        mine = [(o // finer, d // finer, p, v) for o, d, p, v in locked_notes(kept, locks, track).tolist()]
        assert mine == [tuple(n) for n in locked_notes(before, locks, last).tolist() if n[0] < 1920 * 4]
    assert keep_locked(before, kept, locks)[1] is (False if finer == 1 else keep_locked(before, kept, locks)[1])


def test_bars_that_moved_cannot_be_put_back() -> None:
    other = Score(tracks=piece().tracks, meters=(Meter(0, 3, 4),), length=1920 * 4)
    with pytest.raises(LockedError, match="unlock"):
        keep_locked(piece(), other, [Lock(2, 3)])


def test_locks_must_mean_something() -> None:
    with pytest.raises(InputError, match="4 bars"):
        checked(piece(), [Lock(3, 5)])
    with pytest.raises(InputError, match="oboe"):
        checked(piece(), [Lock(1, 1, ("oboe",))])


def test_a_note_that_sounds_into_a_lock_is_cut_there() -> None:
    before = piece(bars=2, tracks=("melody",))
    long = before.with_tracks([Track("melody", notes=notes_array([(0, 3840, 60, 80)]))])
    kept, changed = keep_locked(before, long, [Lock(2, 2)])
    assert changed and rows(kept)[0] == (0, 1920, 60, 80) and rows(kept)[1:] == rows(before)[4:]


# --- comparing


def test_two_takes_differ_where_they_differ() -> None:
    one = piece()
    two, _ = apply(
        one, ops({"op": "transpose", "semitones": 1, "bars": [2, 3], "tracks": ["melody"]}, {"op": "add_track", "name": "x"})
    )
    told = compare(one, two)
    assert {t["name"]: t["differs"] for t in told["tracks"]} == {"melody": [2, 3], "piano": [], "x": []}
    assert (told["same"], told["bars"], told["chords_differ"]) == (False, 4, [])
    assert compare(one, one)["same"]
    chord, _ = apply(one, ops({"op": "chord", "bar": 3, "chord": "G"}))
    assert compare(one, chord)["chords_differ"] == [3, 4]
    assert np.isclose(told["loudness"], -14)
