"""Nets over events: shapes, causality, positions that depend on distance alone, heads that never peep."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from antiphon.models.gru import EventGru, GruConfig, GruStep
from antiphon.models.heads import EventHeads, event_nll
from antiphon.models.transformer import EventTransformer, TransformerConfig, TransformerStep, rotary, turn

SIZES = (7, 11, 5, 3)


def net(kind: str) -> EventTransformer | EventGru:
    """A small net whose weights are all drawn anew, since a fresh Transformer block does nothing at all."""
    torch.manual_seed(1)
    model = (
        EventTransformer(TransformerConfig(SIZES, 32, 2, 2, 0.0))
        if kind == "transformer"
        else EventGru(GruConfig(SIZES, 32, 2, 0.0))
    )
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim > 1:
                p.copy_(torch.randn_like(p) * 0.3)
    return model.eval()


def batch(seed: int, length: int = 12) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    events = torch.stack([torch.randint(1, n, (2, length), generator=rng) for n in SIZES], dim=-1)
    return events, torch.randint(0, 4, (2, length), generator=rng).cumsum(1)


@pytest.mark.parametrize("kind", ["transformer", "gru"])
@torch.no_grad()
def test_one_distribution_a_field_and_event(kind: str) -> None:
    events, times = batch(0)
    logits = net(kind)(events[:, :-1], times[:, :-1], events[:, 1:])
    assert [tuple(x.shape) for x in logits] == [(2, 11, n) for n in SIZES]
    assert event_nll(logits, events[:, 1:]).shape == (2, 11)


@pytest.mark.parametrize("kind", ["transformer", "gru"])
@pytest.mark.parametrize("at", [0, 5, 10])
@torch.no_grad()
def test_a_later_event_never_changes_an_earlier_prediction(kind: str, at: int) -> None:
    model, (events, times) = net(kind), batch(0)
    other, later = events.clone(), times.clone()
    other[:, at] = (other[:, at] + 1) % torch.tensor(SIZES)
    later[:, at:] += 3
    before = model.states(events, times)
    after = model.states(other, later)
    assert torch.equal(before[:, :at], after[:, :at])
    assert not torch.allclose(before[:, at:], after[:, at:])


@torch.no_grad()
def test_a_field_sees_only_the_fields_before_it() -> None:
    torch.manual_seed(0)
    heads = EventHeads(SIZES, 16)
    h, following = torch.randn(2, 4, 16), batch(1, 4)[0]
    plain = heads(h, following)
    for f in range(4):
        other = following.clone()
        other[..., f:] = 0
        assert torch.equal(heads(h, other)[f], plain[f])
        if f:
            other[..., f - 1] = (following[..., f - 1] + 1) % SIZES[f - 1]
            assert not torch.allclose(heads(h, other)[f], plain[f])


@torch.no_grad()
def test_the_transformer_knows_distances_not_places() -> None:
    model, (events, times) = net("transformer"), batch(2)
    assert torch.allclose(model.states(events, times), model.states(events, times + 640), atol=1e-4)
    assert not torch.allclose(model.states(events, times), model.states(events, times * 2), atol=1e-2)


@torch.no_grad()
def test_rotary_scores_depend_on_the_distance() -> None:
    q, k = torch.randn(1, 1, 1, 16), torch.randn(1, 1, 1, 16)

    def score(i: int, j: int) -> float:
        a = turn(q, *rotary(torch.tensor([[i]]), torch.tensor([[3 * i]]), 16))
        b = turn(k, *rotary(torch.tensor([[j]]), torch.tensor([[3 * j]]), 16))
        return float((a * b).sum())

    assert score(7, 4) == pytest.approx(score(107, 104), abs=1e-3)
    assert abs(score(7, 4) - score(7, 5)) > 1e-3
    assert float(turn(q, *rotary(torch.tensor([[9]]), torch.tensor([[5]]), 16)).norm()) == pytest.approx(
        float(q.norm()), rel=1e-5
    )


@torch.no_grad()
def test_the_gru_counts_steps_with_a_clock_of_eight_bars() -> None:
    model, (events, times) = net("gru"), batch(2)
    assert torch.allclose(model.states(events, times), model.states(events, times + 128), atol=1e-4)
    assert not torch.allclose(model.states(events, times), model.states(events, times + 1), atol=1e-2)


@torch.no_grad()
def test_event_by_event_is_the_same_as_all_at_once() -> None:
    events, times = batch(3)
    transformer, gru = net("transformer"), net("gru")
    past = [torch.zeros(2, 2, 0, 16) for _ in range(4)]
    state = torch.zeros(2, 2, 32)
    for t in range(12):
        at = torch.full((2,), t)
        h, *new = TransformerStep(transformer)(events[:, t : t + 1], at[:, None], times[:, t : t + 1], at, past)
        past = [torch.cat([a, b], dim=2) for a, b in zip(past, new, strict=True)]
        assert torch.allclose(h[:, 0], transformer.states(events, times)[:, t], atol=1e-4)
        h, state = GruStep(gru)(events[:, t], times[:, t], state)
        assert torch.allclose(h, gru.states(events, times)[:, t], atol=1e-4)


@torch.no_grad()
def test_rows_of_different_lengths_are_read_on_side_by_side() -> None:
    """Row 0 has read 7 events, row 1 has read 4, in one buffer of 9 places; both go on with three at once."""
    events, times = batch(5)
    model = net("transformer")
    assert isinstance(model, EventTransformer)
    step, lengths = TransformerStep(model), torch.tensor([7, 4])
    past = [torch.randn(2, 2, 9, 16) for _ in range(4)]  # what lies beyond a row's length must not matter
    for row, n in enumerate(lengths.tolist()):
        empty = [torch.zeros(1, 2, 0, 16) for _ in range(4)]
        _, *new = step(events[row : row + 1, :n], torch.arange(n)[None], times[row : row + 1, :n], torch.tensor([0]), empty)
        for buffer, one in zip(past, new, strict=True):
            buffer[row, :, :n] = one[0]
    rest = torch.stack([events[0, 7:10], events[1, 4:7]])
    time = torch.stack([times[0, 7:10], times[1, 4:7]])
    h, *_ = step(rest, lengths[:, None] + torch.arange(3), time, lengths, past)
    whole = model.states(events, times)
    assert torch.allclose(h[0], whole[0, 7:10], atol=1e-4)
    assert torch.allclose(h[1], whole[1, 4:7], atol=1e-4)


def test_padding_costs_nothing_and_uniform_costs_the_logarithm() -> None:
    following = torch.tensor([[[1, 2, 3, 0], [0, 0, 0, 0]]])
    nll = event_nll([torch.zeros(1, 2, n) for n in SIZES], following)
    assert nll[0, 0].item() == pytest.approx(float(torch.tensor(SIZES).double().log().sum()), rel=1e-6)
    assert nll[0, 1].item() == 0


@pytest.mark.parametrize("kind", ["transformer", "gru"])
def test_every_weight_learns(kind: str) -> None:
    model, (events, times) = net(kind), batch(4)
    event_nll(model(events[:, :-1], times[:, :-1], events[:, 1:]), events[:, 1:]).sum().backward()
    assert isinstance(model, nn.Module)
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())
