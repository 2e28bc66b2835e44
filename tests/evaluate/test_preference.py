"""Preference: a known taste is found again, few ratings change nothing, and the file gives back what was learnt."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import FormatError, InputError
from antiphon.evaluate.preference import LEAST_RATINGS, Choice, Preference, Rating, Stars, Thumb, fit


def pieces(count: int, seed: int = 0, d: int = 12) -> np.ndarray:
    """Correlated features, as real ones are."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, d)) @ np.random.default_rng(99).normal(size=(d, d)) + 3


def listener(seed: int, rows: np.ndarray) -> np.ndarray:
    """Worth of the pieces to a listener who cares for three features."""
    rng = np.random.default_rng([seed, 5])
    weights = np.zeros(rows.shape[1])
    weights[rng.choice(rows.shape[1], 3, replace=False)] = rng.normal(size=3)
    worth = ((rows - rows.mean(axis=0)) / rows.std(axis=0)) @ weights
    return (worth - worth.mean()) / worth.std()


def given_ratings(kind: str, worth: np.ndarray, count: int, seed: int) -> list[Rating]:
    rng = np.random.default_rng([seed, 7])
    heard = worth + 0.4 * rng.normal(size=len(worth))
    if kind == "stars":
        return [Stars(i, float(np.clip(round(3 + 1.2 * heard[i]), 1, 5))) for i in range(count)]
    if kind == "thumbs":
        return [Thumb(i, bool(heard[i] > 0.2)) for i in range(count)]
    pairs = [rng.choice(count, 2, replace=False).tolist() for _ in range(count)]
    return [Choice(a, b) if heard[a] > heard[b] else Choice(b, a) for a, b in pairs]


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(x)) for x in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize("kind", ["stars", "thumbs", "choices"])
def test_a_known_taste_is_recovered_on_unseen_pieces(kind: str) -> None:
    found = []
    for seed in range(6):
        rows = pieces(260, seed)
        worth = listener(seed, rows)
        learnt = fit(rows, given_ratings(kind, worth, 60, seed), seed=seed)
        if learnt.report.active:
            found.append(rank_correlation(learnt.score(rows[60:]), worth[60:]))
    assert len(found) >= 3
    assert float(np.median(found)) >= 0.6


def test_the_told_accuracy_is_honest() -> None:
    """The cross-validated share of pairs agrees with that on unseen pieces, for listeners with and without a taste."""
    told, true = [], []
    for seed in range(8):
        rows = pieces(260, seed)
        worth = listener(seed, rows)
        learnt = fit(rows, given_ratings("stars", worth, 60, seed))
        score = learnt.score(rows[60:])
        upper = np.triu_indices(200, 1)
        gaps = (score[:, None] - score[None])[upper] * (worth[60:, None] - worth[None, 60:])[upper]
        told.append(learnt.report.accuracy)
        true.append(float((gaps > 0).mean()))
    assert abs(float(np.mean([t for t in told if t is not None])) - float(np.mean(true))) < 0.08


def test_a_listener_without_taste_seldom_changes_anything() -> None:
    active = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        ratings = [Stars(i, float(rng.integers(1, 6))) for i in range(40)]
        active += fit(pieces(40, seed), ratings).report.active
    assert active <= 3


def test_few_ratings_change_nothing_and_say_so() -> None:
    rows = pieces(20)
    for count in (0, 1, LEAST_RATINGS - 1):
        learnt = fit(rows, [Stars(i, float(1 + i % 5)) for i in range(count)])
        assert not learnt.report.active
        assert (learnt.score(rows) == 0).all()
        assert str(count) in learnt.report.why
        assert "change nothing" in learnt.report.why
    alike = fit(rows, [Stars(i, 3.0) for i in range(12)])
    assert not alike.report.active
    assert "alike" in alike.report.why


def test_strength_nought_is_the_plain_critic() -> None:
    rows = pieces(80)
    learnt = fit(rows, given_ratings("stars", listener(1, rows), 60, 1))
    assert learnt.report.active
    assert np.abs(learnt.score(rows)).max() > 0
    assert (learnt.with_strength(0).score(rows) == 0).all()
    assert np.allclose(learnt.with_strength(2).score(rows), 2 * learnt.score(rows))
    with pytest.raises(InputError):
        learnt.with_strength(-1)


def test_the_order_of_choices_is_kept() -> None:
    """Twenty choices for more of the only feature: more is liked."""
    rows = np.arange(21.0)[:, None]
    learnt = fit(rows, [Choice(i + 1, i) for i in range(20)])
    assert learnt.report.active
    assert (np.diff(learnt.score(rows)) > 0)[3:-3].all()
    assert learnt.likes()[0][1] > 0


def test_json_gives_back_the_same_preference() -> None:
    rows = pieces(80)
    names = [f"feature {i}" for i in range(rows.shape[1])]
    learnt = fit(rows, given_ratings("thumbs", listener(2, rows), 60, 2), names)
    back = Preference.from_json(learnt.to_json())
    assert (back.score(rows) == learnt.score(rows)).all()
    assert back.report == learnt.report
    assert back.names == tuple(names)
    assert back.to_json() == learnt.to_json() == fit(rows, given_ratings("thumbs", listener(2, rows), 60, 2), names).to_json()


@pytest.mark.parametrize("key", ["weights", "spread", "report", "format", "names", "strength"])
def test_a_damaged_preference_is_refused_in_one_sentence(key: str) -> None:
    good = json.loads(fit(pieces(12), [Stars(i, float(1 + i % 5)) for i in range(12)]).to_json())
    for bad in (good | {key: "x"}, good | {key: None}, {k: v for k, v in good.items() if k != key}):
        if key == "names" and bad.get(key) == "x":
            continue
        with pytest.raises(FormatError) as error:
            Preference.from_json(json.dumps(bad))
        assert "\n" not in str(error.value)
    with pytest.raises(FormatError):
        Preference.from_json("[1, 2")


def test_wrong_ratings_are_refused() -> None:
    rows = pieces(5)
    for bad in (Stars(5, 3), Stars(0, 6), Stars(0, 0), Thumb(-1, True), Choice(1, 1), Choice(0, 9)):
        with pytest.raises(InputError):
            fit(rows, [bad])
    with pytest.raises(InputError):
        fit(np.zeros(4), [])
    with pytest.raises(InputError):
        fit(rows, [], ["one"])
    with pytest.raises(InputError):
        fit(rows, [Stars(0, 3)]).score(np.zeros((1, 3)))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5), st.integers(0, 2)), max_size=30))
def test_any_ratings_of_any_features_give_numbers(drawn: list[tuple[int, int, int, int]]) -> None:
    rows = pieces(10)
    rows[3, 2], rows[:, 5], rows[4] = np.nan, 7.0, np.inf
    ratings: list[Rating] = []
    for a, b, stars, kind in drawn:
        ratings.append(Stars(a, stars) if kind == 0 or a == b else Thumb(a, stars > 3) if kind == 1 else Choice(a, b))
    learnt = fit(rows, ratings)
    assert np.isfinite(learnt.score(rows)).all()
    assert Preference.from_json(learnt.to_json()).report == learnt.report
