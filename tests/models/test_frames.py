"""Tests of the models over frames: nothing leaks from the future, every probability is counted once."""

from __future__ import annotations

import itertools
from typing import TypeVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from antiphon.models import frame_keys
from antiphon.models.frame import FrameConfig
from antiphon.models.frame_fill import FillGraph, FrameFill, neighbours
from antiphon.models.frame_history import history, repetitions
from antiphon.models.frame_keys import KEYS, FrameKeys, KeysConfig, KeysLikelihood, key_history
from antiphon.models.frame_voices import FrameVoices, VoicesConfig, VoicesLikelihood

KINDS = ("transformer", "gru")
M = TypeVar("M", bound=nn.Module)


def shaken(model: M) -> M:
    """A model whose weights are all far from zero, so that what depends on something shows."""
    torch.manual_seed(1)
    for p in model.parameters():
        nn.init.normal_(p, std=0.2)
    return model.requires_grad_(False).eval()


def voices(kind: str, order: tuple[int, ...] = (0, 3, 1, 2)) -> FrameVoices:
    return shaken(FrameVoices(VoicesConfig(order=order, frame=FrameConfig(kind, 16, 1, 2, 0.2, 4, 16))))


def chorale(frames: int, seed: int = 0) -> torch.Tensor:
    """Notes that move little, rest now and then, and come again after a while."""
    rng = np.random.default_rng(seed)
    notes = np.array([72, 67, 62, 55]) + rng.integers(-2, 3, (frames, 4)).repeat(2, axis=0)[:frames]
    notes[rng.random(notes.shape) < 0.05] = -1
    notes[frames // 2 : frames // 2 + frames // 3] = notes[: frames // 3]
    return torch.from_numpy(notes)[None]


@pytest.mark.parametrize("kind", KINDS)
def test_a_note_depends_on_what_was_written_before_it_alone(kind: str) -> None:
    model = VoicesLikelihood(voices(kind))
    notes, order = chorale(40), model.model.config.order
    plain = model(notes)
    assert torch.allclose(plain.exp().sum(-1), torch.ones(1, 40, 4), atol=1e-5)
    for t, voice in itertools.product((0, 1, 17, 39), range(4)):
        other = notes.clone()
        other[0, t, voice] = 50
        moved = (model(other) - plain).abs().amax(-1)[0].detach()
        place = order.index(voice)
        assert float(moved[:t].sum()) == 0
        assert float(moved[t, list(order[: place + 1])].sum()) == 0
        assert all(float(moved[t, v]) > 0 for v in order[place + 1 :])


def test_the_cost_of_a_note_is_minus_its_log_probability() -> None:
    model, notes = voices("gru"), chorale(20)
    symbols = torch.where(notes < 0, 0, notes - model.config.lowest + 1)
    nats = model.nll(history(symbols, model.config.symbols), symbols)
    logp = VoicesLikelihood(model)(notes)
    assert torch.allclose(nats, -logp.gather(-1, symbols[..., None])[..., 0])


def test_all_frames_of_a_small_alphabet_sum_to_one() -> None:
    model = shaken(FrameVoices(VoicesConfig(60, 62, (1, 0), FrameConfig("gru", 16, 1, 2, 0.2, 4, 16))))
    total = 0.0
    for upper, lower in itertools.product((-1, 60, 61, 62), repeat=2):
        notes = torch.tensor([[[61, 60], [60, -1], [upper, lower]]])
        logp = VoicesLikelihood(model)(notes)[0, 2]
        codes = [0 if n < 0 else n - 59 for n in (upper, lower)]
        total += float((logp[0, codes[0]] + logp[1, codes[1]]).exp())
    assert total == pytest.approx(1.0, abs=1e-5)


def test_history_by_hand() -> None:
    symbols = torch.tensor([[[5, 1], [5, 1], [6, 1], [6, 0], [5, 1], [5, 1], [9, 9]]])
    past = history(symbols, 20)
    assert past["prev"][0, :, 0].tolist() == [20, 5, 5, 6, 6, 5, 5]
    assert past["hold"][0, :, 0].tolist() == [0, 0, 1, 0, 1, 0, 1]
    assert past["before"][0, :, 0].tolist() == [20, 20, 20, 5, 5, 6, 6]
    assert past["first"][0].tolist() == [20, 1, 1, 1, 1, 1, 1]
    # frames 4 and 5 repeat 0 and 1, a beat of four frames before: 6 (and 1) followed there
    assert past["level"][0, 5].tolist() == [1, 1, 1]
    assert past["level"][0, 6].tolist() == [2, 2, 2]
    assert past["whole"][0, 6].tolist() == [6, 1]
    assert past["again"][0, 6].tolist() == [6, 1]
    assert past["level"][0, 4].tolist() == [0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(5, 40), st.sampled_from([1, 4]))
def test_repetitions_are_the_longest_ones(seed: int, frames: int, beat: int) -> None:
    symbols = np.random.default_rng(seed).integers(0, 2, (frames, 1))
    source, level = repetitions(torch.from_numpy(symbols)[None], beat)
    for t in range(frames):
        lengths = []
        for s in range(t):
            n = 0
            while (t - s) >= beat and (t - s) % beat == 0 and s - n - 1 >= 0 and symbols[s - n - 1] == symbols[t - n - 1]:
                n += 1
            lengths.append(n)
        longest = max(lengths, default=0)
        assert int(level[0, 0, t]) == (min(7, longest.bit_length()) if longest else 0)
        if longest:
            assert lengths[int(source[0, 0, t])].bit_length() == longest.bit_length()


def keys_model(kind: str) -> FrameKeys:
    return shaken(FrameKeys(KeysConfig(FrameConfig(kind, 16, 1, 2, 0.2, 4, 16))))


def rolls(frames: int, seed: int = 0) -> torch.Tensor:
    made = (np.random.default_rng(seed).random((frames, KEYS)) < 0.05).astype(np.int64)
    made[frames // 2 : frames // 2 + frames // 3] = made[: frames // 3]
    made[3] = 0
    return torch.from_numpy(made)[None]


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_depends_on_earlier_frames_alone(kind: str) -> None:
    model, x = keys_model(kind), rolls(30)
    plain = model.nll(key_history(x.float()), x.float())
    other = x.clone()
    other[0, 20:] = rolls(30, 1)[0, 20:]
    changed = model.nll(key_history(other.float()), other.float())
    assert torch.equal(plain[0, :20], changed[0, :20])
    assert bool((plain[0, 20:] != changed[0, 20:]).any())


def test_all_sets_of_keys_sum_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_keys, "KEYS", 6)
    model = keys_model("gru")
    total = 0.0
    for last in itertools.product((0, 1), repeat=6):
        x = torch.tensor([[[0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0], last]])
        total += float((-model.nll(key_history(x.float()), x.float())[0, 2]).exp())
    assert total == pytest.approx(1.0, abs=1e-4)


def test_the_graph_of_keys_costs_what_the_model_costs() -> None:
    model, x = keys_model("gru"), rolls(24)
    logp = KeysLikelihood(model)(x)
    assert logp.shape == (24, 16, KEYS + 1)
    nats = model.nll(key_history(x.float()), x.float())[0]
    for t in range(24):
        chosen = [*np.flatnonzero(x[0, t].numpy()).tolist(), KEYS]
        assert float(nats[t]) == pytest.approx(-sum(float(logp[t, n, k]) for n, k in enumerate(chosen)), abs=1e-3)


def test_filling_sees_what_is_given_and_nothing_else() -> None:
    config = VoicesConfig(order=(0, 1, 2, 3), frame=FrameConfig("transformer", 16, 1, 2, 0.2, 4, 16))
    graph, notes = FillGraph(shaken(FrameFill(config))), chorale(24)
    mask = torch.zeros_like(notes)
    mask[0, 8:16, 1:3] = 1
    plain = graph(notes, mask)
    assert torch.allclose(plain.exp().sum(-1), torch.ones(1, 24, 4), atol=1e-5)
    hidden, given_later = notes.clone(), notes.clone()
    hidden[0, 8:16, 1:3] = 44
    given_later[0, 20, 0] = 44
    assert torch.equal(graph(hidden, mask), plain)
    assert bool((graph(given_later, mask) != plain)[0, 8:16, 1].any())


def test_neighbours_by_hand() -> None:
    symbols, known = torch.tensor([[[7], [8], [9], [4]]]), torch.tensor([[[True], [False], [False], [True]]])
    near = neighbours(symbols, known, 20)
    assert near["left"][0, :, 0].tolist() == [20, 7, 7, 7]
    assert near["right"][0, :, 0].tolist() == [4, 4, 4, 20]
    assert near["since"][0, 1:, 0].tolist() == [1, 2, 3]
    assert near["until"][0, :3, 0].tolist() == [3, 2, 1]
