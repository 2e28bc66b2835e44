"""Several processes as one: each takes its slice of every batch, and gradients are averaged before weights move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn


def place() -> tuple[int, int]:
    """(rank, number of processes); (0, 1) where there is only one."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


@contextmanager
def joined(device: str = "cpu") -> Iterator[tuple[int, int]]:
    """Join the other processes that torchrun started, if it did, and leave them at the end; gives (rank, processes)."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield 0, 1
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield place()
    finally:
        distributed.destroy_process_group()


def wait() -> None:
    """Wait until every process has come here."""
    if place()[1] > 1:
        distributed.barrier()


def average_gradients(module: nn.Module) -> None:
    """Replace each gradient by its mean over all processes."""
    _, processes = place()
    if processes == 1:
        return
    for p in module.parameters():
        if p.grad is not None:
            distributed.all_reduce(p.grad)
            p.grad /= processes


def average_terms(terms: torch.Tensor) -> torch.Tensor:
    """Logged values, averaged over all processes."""
    _, processes = place()
    if processes == 1:
        return terms
    out = terms.detach().clone()
    distributed.all_reduce(out)
    return out / processes
