"""The encoder that comes with the package: it is what its card says, gives the same every time, and hears damage."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from invented_songs import clips, songs

from antiphon.evaluate.damage import bars_of_others, jitter, random_notes, shuffled_pitches
from antiphon.evaluate.distance import frechet_distance
from antiphon.evaluate.encoder import SHIPPED, Encoder, shipped_encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    found = shipped_encoder()
    assert found is not None
    return found


def test_the_graph_is_what_its_card_says(encoder: Encoder) -> None:
    data = SHIPPED.read_bytes()
    card = json.loads(SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == hashlib.sha256(data).hexdigest() and card["sha256"][:12] == encoder.version
    assert len(data) <= 2**20 and card["parameters"] <= 500_000
    assert all(card[name] for name in ("what", "trained to", "material", "licence", "limits", "taught", "data", "scores"))


def test_features_are_the_same_every_time_and_in_every_batch(encoder: Encoder) -> None:
    some = clips(songs(6))
    first = encoder(some)
    assert first.shape == (6, 96) and np.isfinite(first).all()
    assert np.array_equal(first, encoder(some))
    assert np.allclose(first, encoder(some, batch=1), atol=1e-4)
    assert np.allclose(first, Encoder(SHIPPED)(some), atol=0)


def test_every_window_length_is_read(encoder: Encoder) -> None:
    for bars in (16, 4, 1):
        assert encoder(clips(songs(2, bars=bars), bars)).shape == (2, 96)


def test_spoiled_songs_are_farther_than_other_songs(encoder: Encoder) -> None:
    one, other = (clips(songs(40, first, bars=16), 16) for first in (0, 100))
    real = encoder(other)
    ceiling = frechet_distance(encoder(one), real)
    for spoil in (jitter, shuffled_pitches, bars_of_others, random_notes):
        assert frechet_distance(encoder(spoil(one, np.random.default_rng(0))), real) > 1.2 * ceiling, spoil.__name__
