"""Originality: copies are found where they stand, strangers are not, and the index survives its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import FormatError, InputError
from antiphon.evaluate.originality import COLUMNS, Index, side_by_side
from antiphon.evaluate.originality_index import SIZES, Table, grams
from antiphon.evaluate.originality_lines import Line, cardinality, lines, steps
from antiphon.music.edit import transpose
from antiphon.music.score import Score, Track

STEP = 120
"""Ticks of a sixteenth at the default resolution."""


def piece(onsets: Sequence[int], pitches: Sequence[int], name: str = "melody") -> Score:
    """A piece of one track; onsets in sixteenths."""
    return Score(tracks=(Track(name, notes=[(o * STEP, STEP, p) for o, p in zip(onsets, pitches, strict=True)]),))


def random_piece(seed: int, notes: int = 120, name: str = "melody") -> Score:
    rng = np.random.default_rng(seed)
    return piece(np.cumsum(rng.integers(1, 7, notes)).tolist(), rng.integers(55, 80, notes).tolist(), name)


def songs(count: int = 12) -> dict[str, Score]:
    return {f"song {i:02}": random_piece(1000 + i) for i in range(count)}


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.build(songs().items())


def planted(length: int, at: int, source: Score, start: int, seed: int = 5) -> Score:
    """Random music of 80 notes whose notes at..at+length are `source`'s from `start`, a fourth higher."""
    own = lines(random_piece(seed, 80))["melody"]
    copied = lines(source)["melody"]
    gaps = np.diff(own.onset, prepend=0)
    pitches = own.pitch.copy()
    pitches[at : at + length] = copied.pitch[start : start + length] + 5
    gaps[at + 1 : at + length] = np.diff(copied.onset[start : start + length])
    # Make sure that the neighbours do not prolong the run by chance.
    for beside, theirs in ((at - 1, start - 1), (at + length, start + length)):
        pitches[beside] = copied.pitch[theirs] + 6
    return piece(np.cumsum(gaps).tolist(), pitches.tolist())


def test_steps_by_hand() -> None:
    line = lines(piece([0, 4, 6], [60, 64, 59]))["melody"]
    assert steps(line).tolist() == [(4 + 64) * 128 + 4, (-5 + 64) * 128 + 2]


def test_grams_are_as_many_as_windows_and_equal_only_where_steps_are() -> None:
    codes = np.array([1, 2, 3, 4, 9, 1, 2, 3, 4], dtype=np.int64)
    hashes = grams(codes, 4)
    assert len(hashes) == 6
    assert hashes[0] == hashes[5]
    assert len(set(hashes.tolist())) == 5
    assert len(grams(codes, 12)) == 0


def test_melody_is_the_named_track_and_else_the_highest_voice() -> None:
    chords = Track("", notes=[(0, 480, 48), (0, 480, 64), (480, 480, 50), (480, 480, 65)])
    tune = Track("MELODY ", notes=[(0, 480, 40), (480, 480, 41)])
    drums = Track("drums", is_drum=True, notes=[(0, 10, 127), (480, 10, 127)])
    assert lines(Score(tracks=(chords, drums)))["melody"].pitch.tolist() == [64, 65]
    assert lines(Score(tracks=(chords, drums, tune)))["melody"].pitch.tolist() == [40, 41]
    assert list(lines(Score(tracks=(Track("Piano", notes=chords.notes), tune)))) == ["melody", "piano"]
    assert lines(Score()) == {}
    assert lines(Score(tracks=(Track("melody", notes=[(0, 1, 60)]),))) == {}


@pytest.mark.parametrize("semitones", [-7, 0, 4])
def test_a_transposed_copy_is_a_copy(index: Index, semitones: int) -> None:
    part = index.report(transpose(songs()["song 03"], semitones)).parts["melody"]
    assert part.longest == part.notes == 120
    assert all(share == 1.0 for share in part.shares.values())
    assert (part.nearest[0].song, part.nearest[0].there, part.nearest[0].bar) == ("song 03", 0, 1)


def test_independent_random_melodies_score_near_zero(index: Index) -> None:
    for seed in range(20):
        part = index.report(random_piece(seed)).parts["melody"]
        assert part.longest <= 5
        assert part.shares[4] < 0.02
        assert part.shares[6] == 0


@settings(deadline=None, max_examples=60)
@given(length=st.integers(6, 40), at=st.integers(1, 38), start=st.integers(1, 70), song=st.integers(0, 11))
def test_a_planted_passage_is_found_at_its_bar_with_its_length(
    index: Index, length: int, at: int, start: int, song: int
) -> None:
    name = f"song {song:02}"
    mine = planted(length, at, songs()[name], start)
    part = index.report(mine, songs=songs()).parts["melody"]
    best = part.nearest[0]
    assert part.longest == best.notes == length
    assert (best.at, best.there, best.song) == (at, start, name)
    assert best.bar == int(lines(mine)["melody"].onset[at]) // 16 + 1
    assert best.song_bar == int(lines(songs()[name])["melody"].onset[start]) // 16 + 1
    assert part.shares[4] >= (length - 4) / 76
    assert part.shares[6] == pytest.approx(max(0, length - 6) / 74)


def test_nearest_names_each_song_once_the_longest_first() -> None:
    """A melody of one repeated motif has hundreds of equal runs in one song; the songs with less must still be named."""
    motif = piece([2 * k for k in range(400)], [60 + k % 3 for k in range(400)])
    less = {f"{n} notes": piece([2 * k for k in range(n)], [70 + k % 3 for k in range(n)]) for n in (6, 9, 7)}
    part = Index.build(({"whole": motif} | less).items()).report(motif, nearest=4).parts["melody"]
    assert [(p.song, p.notes) for p in part.nearest] == [("whole", 400), ("9 notes", 9), ("7 notes", 7), ("6 notes", 6)]
    assert len(Index.build(less.items()).report(motif, nearest=2).parts["melody"].nearest) == 2


def test_runs_do_not_cross_from_one_song_into_the_next() -> None:
    whole = random_piece(7, 60)
    line = lines(whole)["melody"]
    halves = {
        "first": piece(line.onset[:30].tolist(), line.pitch[:30].tolist()),
        "second": piece(line.onset[29:].tolist(), line.pitch[29:].tolist()),
    }
    part = Index.build(halves.items()).report(whole).parts["melody"]
    assert {(p.song, p.notes, p.there) for p in part.nearest} == {("first", 30, 0), ("second", 31, 0)}
    assert part.longest == 31


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=5, max_size=40), st.integers(0, 2**32 - 1))
def test_reach_agrees_with_a_plain_search(moves: list[tuple[int, int]], seed: int) -> None:
    """On a tiny alphabet, where chance runs abound, the table and a search by hand agree on every run."""
    rng = np.random.default_rng(seed)
    corpus = [rng.integers(0, 4, n) * 128 + rng.integers(1, 4, n) for n in (3, 9, 25)]
    codes = np.array([p * 128 + g for p, g in moves], dtype=np.int64)
    found = Table.build([(i, c.astype(np.int64)) for i, c in enumerate(corpus)]).find(codes)

    def longest_from(i: int) -> int:
        best = 0
        for song in corpus:
            for j in range(len(song)):
                k = 0
                while i + k < len(codes) and j + k < len(song) and codes[i + k] == song[j + k]:
                    k += 1
                best = max(best, k)
        return best if best >= SIZES[0] else 0

    expected = [longest_from(i) for i in range(len(codes))]
    assert found.reach.tolist() == expected
    assert found.longest == (max(expected) + 1 if max(expected) else 0)


def test_sketch_bounds_from_above_and_knows_no_places(index: Index) -> None:
    sketch = Index.build(songs().items(), sketch=True)
    for length in (6, 15, 30):
        mine = planted(length, 11, songs()["song 02"], 20)
        exact, bound = index.report(mine).parts["melody"], sketch.report(mine).parts["melody"]
        assert not bound.exact
        assert length == exact.longest <= bound.longest <= length + 8
        assert all(bound.shares[n] >= exact.shares[n] for n in SIZES)
        assert all(p.song in (None, "song 02") and p.there is None for p in bound.nearest)
        assert bound.likest is None or bound.likest[0] == "song 02"
        assert "at most" in bound.text()
    assert sketch.report(random_piece(3)).parts["melody"].longest <= 5


def test_baseline_gives_percentiles_and_words(index: Index) -> None:
    heldout = [planted(k, 11, songs()["song 01"], 20) for k in range(6, 26)]
    calibrated = index.calibrate(heldout, songs=songs())
    copy, stranger = songs()["song 05"], random_piece(77)
    part = calibrated.report(copy, songs=songs()).parts["melody"]
    assert part.percentile["longest"] == 100
    assert part.human["longest"] == pytest.approx((15.5, 24.05))
    assert part.cardinality == 1.0
    assert part.text() == (
        "longest run of notes found in the training songs: 120 (human songs: median 15.5, 95th percentile 24.05)"
    )
    low = calibrated.report(stranger, songs=songs()).parts["melody"]
    assert low.percentile["longest"] == 0
    middle = calibrated.report(heldout[4], songs=songs()).parts["melody"]
    assert middle.percentile["longest"] == pytest.approx((4 + 0.5) / 20 * 100)
    manifest = calibrated.report(copy, songs=songs()).to_dict()
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["melody"]["nearest"][0]["song"] == "song 05"
    assert "120 notes from bar 1, as in song 05 from bar 1" in calibrated.report(copy, songs=songs()).text()


@pytest.mark.parametrize("sketch", [False, True])
def test_load_gives_back_what_was_saved_and_bytes_are_the_same(tmp_path: Path, sketch: bool) -> None:
    pieces = songs() | {"with piano": random_piece(9, name="piano")}
    made = [Index.build(pieces.items(), sketch=sketch).calibrate([random_piece(1)]) for _ in range(2)]
    for i, one in enumerate(made):
        one.save(tmp_path / f"{i}.npz")
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    back = Index.load(tmp_path / "0.npz")
    assert list(back.tables) == list(made[0].tables)
    for query in (planted(9, 3, pieces["song 00"], 4), random_piece(9, name="piano"), Score()):
        assert back.report(query).to_dict() == made[0].report(query).to_dict()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.npz", "1.npz"]


def test_a_damaged_index_is_refused_in_one_sentence(tmp_path: Path, index: Index) -> None:
    path = tmp_path / "index.npz"
    index.save(path)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for k in range(200):
        data = bytearray(good)
        if k % 2:
            data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
        else:
            del data[int(rng.integers(len(data))) :]
        path.write_bytes(bytes(data))
        try:
            Index.load(path).report(random_piece(1))
        except FormatError as error:
            assert "\n" not in str(error)
    path.write_bytes(b"not an index")
    with pytest.raises(FormatError, match="not a readable originality index"):
        Index.load(path)
    with pytest.raises(FormatError):
        Index.load(tmp_path / "missing.npz")
    with np.load(_saved(tmp_path, index)) as file:
        arrays = {name: file[name] for name in file.files}
    for name, wrong in (("melody/counts", np.array([1])), ("melody/songs", arrays["melody/songs"] + 99)):
        np.savez(path, **(arrays | {name: wrong}))
        with pytest.raises(FormatError):
            Index.load(path)


def _saved(folder: Path, index: Index) -> Path:
    index.save(folder / "good.npz")
    return folder / "good.npz"


def test_cardinality_by_hand() -> None:
    onset = np.arange(8, dtype=np.int64) * 2
    line = Line(onset, np.array([60, 62, 64, 65, 67, 69, 71, 72], dtype=np.int64), onset * STEP)
    moved = Line(onset + 37, line.pitch - 9, onset)
    assert cardinality(line, moved) == 1.0
    changed = moved.pitch.copy()
    changed[[1, 6]] += 1
    assert cardinality(line, Line(moved.onset, changed, onset)) == 6 / 8
    short = Line(onset[:7], line.pitch[:7], onset[:7])
    assert cardinality(short, moved) is None


def test_passages_side_by_side(index: Index) -> None:
    mine = planted(7, 11, songs()["song 04"], 20)
    passage = index.report(mine).parts["melody"].nearest[0]
    rows = side_by_side(mine, songs()["song 04"], passage).splitlines()
    assert len(rows) == 2
    assert rows[0].startswith(f"this piece, bar {passage.bar}:")
    assert rows[1].startswith("song 04, bar ")
    assert len(rows[0].split(":")[1].split()) == 7
    with pytest.raises(InputError):
        side_by_side(random_piece(0, 5), songs()["song 04"], passage)


def test_empty_and_foreign_pieces_say_so(index: Index) -> None:
    assert index.report(Score()).text() == "no part could be compared with the training songs"
    assert index.report(piece([0, 4], [60, 62])).parts["melody"].longest == 0
    assert "fewer than 5" in index.report(piece([0, 4], [60, 62])).text()
    with pytest.raises(InputError):
        Index.build([("empty", Score())])
    with pytest.raises(InputError):
        index.calibrate([Score()])
    assert len(COLUMNS) == len(SIZES) + 2
