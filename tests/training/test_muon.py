"""Muon in single precision is PyTorch's Muon but for rounding."""

import pytest
import torch

from antiphon.training import muon, precision


@pytest.mark.parametrize("shape", [(5, 9), (9, 5)])
def test_orthogonal_brings_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(muon.orthogonal(torch.randn(shape)))
    assert (values > 0.5).all() and (values < 1.3).all()


def test_steps_are_pytorchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muon, "quick_on_cpu", lambda: False)
    torch.manual_seed(1)
    begin, grads = torch.randn(12, 8), [torch.randn(12, 8) for _ in range(3)]
    ours, theirs = torch.nn.Parameter(begin.clone()), torch.nn.Parameter(begin.clone())
    one = muon.Muon([ours], lr=0.1, weight_decay=0.05)
    other = torch.optim.Muon([theirs], lr=0.1, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for grad in grads:
        ours.grad, theirs.grad = grad.clone(), grad.clone()
        one.step()
        other.step()
    moved = (theirs - begin).norm()
    assert (ours - theirs).norm() < 0.03 * moved  # bfloat16 keeps three digits
    assert one.state_dict()["state"][0].keys() == other.state_dict()["state"][0].keys()


def test_bfloat16_only_where_it_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for quick in (False, True):
        monkeypatch.setattr(precision, "quick_on_cpu", lambda quick=quick: quick)
        with precision.mixed_precision("cpu", True):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == (torch.bfloat16 if quick else torch.float32)
    with precision.mixed_precision("cpu", False):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
