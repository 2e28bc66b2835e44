"""Chord progressions: keys heard in chords, tokens, places, and a model whose counts can be checked by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import InputError
from antiphon.music.harmony import QUALITIES, Chord, Key, parse_chord, parse_chords, parse_key
from antiphon.music.progression import ChordModel, chord_from, key_of_chords, place_of, slots_in, token_of


@given(st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.integers(0, 11), st.booleans())
def test_tokens_keep_the_root(root: int, quality: str, tonic: int, minor: bool) -> None:
    key = Key(tonic, minor)
    again = chord_from(token_of(Chord(root, quality), key), key)
    assert again is not None and again.root == root


def test_tokens_are_relative() -> None:
    assert token_of(parse_chord("G7/B"), parse_key("C")) == token_of(parse_chord("D9"), parse_key("G")) == "7:7"
    assert token_of(None, Key(0)) == "-"
    assert chord_from("-", Key(0)) is None


def test_places_and_slots() -> None:
    assert [place_of(bar, 4, 1, False) for bar in range(4)] == ["f1", "m1", "p1", "c1"]
    assert place_of(3, 4, 0, True) == "e0"
    assert place_of(0, 1, 0, False) == "c0"
    assert [slots_in(m, False) for m in ((4, 4), (3, 4), (6, 8), (2, 4))] == [2, 1, 2, 1]
    assert [slots_in(m, True) for m in ((4, 4), (3, 4), (6, 8))] == [4, 3, 2]


def test_the_key_of_chords() -> None:
    assert key_of_chords(parse_chords("Dm7 G7 C")) == Key(0)
    assert key_of_chords([[None]]) is None


def song(text: str) -> tuple[list[str], list[str]]:
    tokens = [token_of(chord, Key(0)) for bar in parse_chords(text) for chord in bar]
    return tokens, [place_of(i, len(tokens), 0, True) for i in range(len(tokens))]


def test_probabilities_are_a_distribution_and_follow_what_was_counted() -> None:
    model = ChordModel()
    for _ in range(20):
        model.learn(*song("C F G C"))
    p = model.probabilities(["0:", "5:"], "p0")
    assert p.sum() == pytest.approx(1)
    assert model.vocabulary[int(np.argmax(p))] == "7:"
    assert model.vocabulary[int(np.argmax(model.probabilities(["0:", "5:", "7:"], "e0")))] == "0:"
    tokens, places = song("C F G C")
    assert model.bits(tokens, places) < 0.5 * model.unigram_bits(tokens)
    assert model.bits(["3:dim"], ["f0"]) == pytest.approx(-np.log2(1e-4))


def test_songs_are_counted_once_in_long_contexts() -> None:
    model = ChordModel()
    model.learn(*song("C F C F C F C G"))
    assert model.counts["0 0:"] == {"5:": 1, "7:": 1}
    assert model.counts["0"] == {"0:": 4, "5:": 3, "7:": 1}


def test_a_model_is_read_as_it_is_written() -> None:
    model = ChordModel()
    model.learn(*song("C Am F G7 C"))
    again = ChordModel.from_json(json.loads(json.dumps(model.to_json())))
    assert (again.counts, again.places, again.vocabulary) == (model.counts, model.places, model.vocabulary)
    assert len(model.pruned(2).counts) < len(model.counts)
    with pytest.raises(InputError, match="damaged"):
        ChordModel.from_json({"tokens": ["0:"], "contexts": {"0": "9"}, "places": {}})
