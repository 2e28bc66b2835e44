"""Half-precision forward passes where the processor is quick at them."""

from __future__ import annotations

from functools import lru_cache

import torch


@lru_cache(maxsize=1)
def quick_on_cpu() -> bool:
    """Whether this processor multiplies bfloat16 matrices itself; one that must imitate it takes some fifty times as long."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())


def mixed_precision(device: str, wanted: bool) -> torch.autocast:
    """A context in which matrices are multiplied in bfloat16, if that is wanted and quick on this device ("cpu", "cuda")."""
    return torch.autocast(device, torch.bfloat16, enabled=wanted and (device != "cpu" or quick_on_cpu()))
