"""Muon that is quick on processors without bfloat16: PyTorch's own always orthogonalises in that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from antiphon.training.precision import quick_on_cpu

COEFFICIENTS, ITERATIONS = (3.4445, -4.775, 2.0315), 5
"""Of the quintic Newton-Schulz iteration (Jordan et al. 2024), PyTorch's defaults."""
EPSILON = 1e-7
MATCHED = 0.2
"""Root mean square of an update, about AdamW's, before the learning rate (Liu et al. 2025)."""


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest orthogonal matrix [m, n], roughly: singular values end between .7 and 1.2."""
    a, b, c = COEFFICIENTS
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / x.norm().clamp(min=EPSILON)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if matrix.shape[0] > matrix.shape[1] else x


class Muon(torch.optim.Muon):
    """`torch.optim.Muon` with updates of AdamW's size; in single precision where the processor only imitates bfloat16."""

    def __init__(self, params: list[torch.nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay, momentum=0.95, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; see torch.optim.Muon."""
        if quick_on_cpu() or any(p.device.type != "cpu" for group in self.param_groups for p in group["params"]):
            return super().step(closure)  # type: ignore[no-untyped-call]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._move(p, p.grad, group)
        return loss

    def _move(self, p: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[p]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(grad)
        kept = state["momentum_buffer"]
        kept.lerp_(grad, 1 - group["momentum"])
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.sub_(orthogonal(grad.lerp(kept, group["momentum"])), alpha=group["lr"] * MATCHED * max(p.shape) ** 0.5)
