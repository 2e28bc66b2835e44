"""Contrastive objective: two views of one thing lie close, views of others far, and damaged views are named by their damage."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from antiphon.training.phase import Batch, Phase


def info_nce(vectors: Tensor, temperature: float) -> Tensor:
    """Normalised cross-entropy over pairs (Chen et al. 2020): row i belongs to row i + B, all other rows are strangers.

    Args:
      vectors: of length 1 [2B, d].
    """
    count = len(vectors)
    likeness = vectors @ vectors.T / temperature
    likeness = likeness.masked_fill(torch.eye(count, dtype=torch.bool, device=vectors.device), float("-inf"))
    partner = (torch.arange(count, device=vectors.device) + count // 2) % count
    return nn.functional.cross_entropy(likeness, partner)


def contrastive(
    model: nn.Module,
    optimisers: Callable[[nn.Module], list[torch.optim.Optimizer]],
    temperature: float,
    judged: float = 1.0,
) -> list[Phase]:
    """One phase: find the other view among strangers, and tell whole views from damaged ones.

    Args:
      model: inputs [N, ...] -> (unit vectors [N, d], logits [N, C]); class 0 is "whole".
      judged: weight of the second task, in which whole and damaged views count alike.

    Batches hold two views "one" and "two" [B, ...], a damaged view "spoiled" [B, ...] and its class "kind" [B, 1].
    """

    def loss(batch: Batch) -> dict[str, Tensor]:
        views = torch.cat([batch["one"], batch["two"], batch["spoiled"]]).float()
        vectors, logits = model(views)
        whole = 2 * len(batch["one"])
        real = nn.functional.cross_entropy(logits[:whole], torch.zeros(whole, dtype=torch.long, device=logits.device))
        spoiled = nn.functional.cross_entropy(logits[whole:], batch["kind"].flatten().long())
        return {"pairs": info_nce(vectors[:whole], temperature), "damage": judged * (real + spoiled) / 2}

    return [Phase("encoder", model, loss, optimisers)]
