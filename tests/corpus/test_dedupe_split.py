"""Copies are found, near copies share a work, and no work is ever on two sides of the split."""

from __future__ import annotations

import corpus_samples as samples
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.corpus.dedupe import Groups, Match, exact_copies, group_works, near_copies, stacked
from antiphon.corpus.split import SPLITS, assign, place
from antiphon.errors import InputError
from antiphon.music import fingerprint as fp
from antiphon.music.edit import cut, transpose


def test_exact_copies_point_at_the_first() -> None:
    digests = np.array([[1, 1], [2, 2], [1, 1], [3, 3], [2, 2], [1, 1]], dtype=np.uint8)
    assert exact_copies(digests) == {2: 0, 4: 1, 5: 0}


def test_versions_are_found_among_strangers() -> None:
    songs = [samples.random_song(seed, 200) for seed in range(30)]
    songs.append(transpose(songs[7], 3))
    songs.append(cut(songs[9], 0, songs[9].end * 4 // 5))
    found = near_copies(stacked([fp.sketch(fp.shingles(s)) for s in songs]), 0.5)
    assert [(m.first, m.second) for m in found] == [(7, 30), (9, 31)]
    assert found[0].likeness == 1.0
    assert 0.6 < found[1].likeness < 0.95
    assert near_copies(stacked([]), 0.5) == []


def test_a_crowd_of_equal_pieces_becomes_one_group_without_comparing_all_pairs() -> None:
    sketch = fp.sketch(fp.shingles(samples.random_song(1)))
    found = near_copies(stacked([sketch] * 300), 0.5)
    assert len(found) < 4 * 300
    assert set(group_works([f"w{i:03d}" for i in range(300)], found)) == {"w000"}


def test_pieces_without_shingles_match_nothing() -> None:
    blank = fp.sketch(np.zeros(0, dtype=np.uint64))
    assert near_copies(stacked([blank, blank, blank]), 0.1) == []


def test_works_join_by_name_and_by_likeness_through_chains() -> None:
    works = ["b", "a", "b", "c", "d"]
    assert group_works(works, [Match(2, 3, 0.9)]) == ["b", "a", "b", "b", "d"]
    assert group_works(works, [Match(2, 3, 0.9), Match(1, 3, 0.6)]) == ["a", "a", "a", "a", "d"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_groups_are_what_joining_step_by_step_gives(pairs: list[tuple[int, int]]) -> None:
    groups, plain = Groups(20), [{i} for i in range(20)]
    for a, b in pairs:
        groups.join(a, b)
        both = plain[a] | plain[b]
        for member in both:
            plain[member] = both
    assert [groups.root(i) for i in range(20)] == [min(plain[i]) for i in range(20)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.none() | st.sampled_from(SPLITS)), max_size=30), st.integers(0, 5))
def test_no_unpublished_piece_leaks_and_published_splits_stand(pieces: list[tuple[str, str | None]], seed: int) -> None:
    works, published = [w for w, _ in pieces], [s for _, s in pieces]
    found = assign(works, published, 0.2, 0.2, seed)
    for split, given_split in zip(found, published, strict=True):
        assert given_split in (None, split)
    for work in set(works):
        own = [s for s, w, p in zip(found, works, published, strict=True) if w == work and p is None]
        fixed = [p for w, p in pieces if w == work and p is not None]
        assert len(set(own)) <= 1
        if own and fixed:
            assert own[0] == max(fixed, key=SPLITS.index)


def test_shares_are_met_and_a_work_never_moves() -> None:
    names = [f"work {i}" for i in range(5000)]
    found = [place(name, 0.1, 0.2) for name in names]
    assert abs(found.count("test") / 5000 - 0.2) < 0.03
    assert abs(found.count("valid") / 5000 - 0.1) < 0.03
    assert [place(name, 0.1, 0.2) for name in names[::7]] == found[::7]
    assert [place(name, 0.1, 0.2, seed=1) for name in names] != found


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.1, 1.2)])
def test_senseless_shares_are_refused(valid: float, test: float) -> None:
    with pytest.raises(InputError, match="nothing to train"):
        assign(["a"], [None], valid, test)
