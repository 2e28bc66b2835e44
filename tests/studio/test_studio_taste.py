"""The critic that learns: a simulated listener's taste is found again, and few ratings change nothing."""

from __future__ import annotations

import base64
import math

import numpy as np

from antiphon.compose.critique import Reason, Verdict
from antiphon.music.score import Score, Tempo, Track, notes_array
from antiphon.studio.scorejson import pack
from antiphon.studio.taste import learn, points, ranked, verdict_json


def played(rng: np.random.Generator) -> Score:
    """Eight bars at a random tempo, height and density."""
    low, step = int(rng.integers(40, 70)), int(rng.choice([240, 480, 960]))
    notes = [(t, step, low + int(rng.choice([0, 2, 4, 5, 7, 9, 11, 12])), 80) for t in range(0, 8 * 1920, step)]
    return Score(tracks=(Track("melody", notes=notes_array(notes)),), tempos=(Tempo.from_qpm(0, float(rng.integers(60, 160))),))


def taste(score: Score) -> float:
    """This listener loves what is high and hates what is busy."""
    notes = score.tracks[0].notes
    return float(notes["pitch"].mean()) / 10 - len(notes) / 64


def ratings(scores: list[Score], count: int) -> dict[str, object]:
    rank = np.argsort(np.argsort([taste(s) for s in scores[:count]]))
    rows = [
        {"kind": "stars", "score": pack(s).hash, "other_score": None, "value": 1 + int(5 * r // count)}
        for s, r in zip(scores, rank.tolist(), strict=False)
    ]
    return {"ratings": rows, "scores": {pack(s).hash: base64.b64encode(pack(s).data).decode() for s in scores[:count]}}


def verdict(penalty: float, take: int) -> Verdict:
    return Verdict(take, take, math.nan, penalty, (Reason("x", penalty),))


def test_a_known_taste_is_found_after_sixty_ratings_and_ranks_the_next_takes() -> None:
    rng = np.random.default_rng(3)
    scores = [played(rng) for _ in range(100)]
    told = learn(ratings(scores, 60))
    assert told["learned"] and told["accuracy"] > 0.7 and told["leans"]
    fresh = scores[60:]
    order = ranked(fresh, [verdict(0.0, i) for i in range(40)], told)
    wanted = np.argsort(np.argsort([-taste(s) for s in fresh]))
    assert np.corrcoef(order.places, wanted)[0, 1] >= 0.6
    assert order.places[order.best] == 1 and all(0 < p < 1 for p in order.preferences if p is not None)


def test_few_ratings_change_nothing_and_say_so() -> None:
    rng = np.random.default_rng(4)
    scores = [played(rng) for _ in range(8)]
    told = learn(ratings(scores, 8))
    assert not told["learned"] and "nothing" in told["sentence"]
    order = ranked(scores[:3], [verdict(2.0, 0), verdict(1.0, 1), verdict(1.0, 2)], told)
    assert (order.places, order.preferences, order.best) == ([3, 1, 2], [None, None, None], 1)


def test_points_fall_with_the_penalty() -> None:
    assert points(0) == points(-3) == 10.0 and points(3.5) == 5.0
    told = verdict_json(verdict(3.5, 0), 1, None)
    assert (told["score"], told["log_likelihood"], told["rank"]) == (5.0, None, 1)
