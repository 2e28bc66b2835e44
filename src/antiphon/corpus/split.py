"""Splitting by work: training, validation and test never share a work, and the same work always falls on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from antiphon.errors import InputError

SPLITS = ("train", "valid", "test")


def place(work: str, valid: float, test: float, seed: int = 0) -> str:
    """The split of a work, by a hash of its name: adding or removing other works never moves it."""
    digest = hashlib.sha256(f"{seed}:{work}".encode("utf-8", "surrogatepass")).digest()
    at = int.from_bytes(digest[:8], "big") / 2**64
    return "test" if at < test else "valid" if at < test + valid else "train"


def assign(works: Sequence[str], published: Sequence[str | None], valid: float, test: float, seed: int = 0) -> list[str]:
    """Split of every piece.

    A published split is respected. A piece without one follows a published sibling of its work, the strictest where they
    differ (test before valid before train), so that no work leaks; else its work's hash decides.

    Args:
      works: work of every piece, near copies bound to one work already.
      published: split published with the corpus, or None.
      valid, test: shares of the works that are set aside.
      seed: another seed, another division.

    Raises:
      InputError: the shares make no sense.
    """
    if valid < 0 or test < 0 or valid + test >= 1:
        raise InputError(f"Shares of {valid:g} for validation and {test:g} for testing leave nothing to train on.")
    strictest: dict[str, str] = {}
    for work, split in zip(works, published, strict=True):
        if split is not None:
            known = strictest.get(work, "train")
            strictest[work] = max(split, known, key=SPLITS.index)
    return [
        split or strictest.get(work) or place(work, valid, test, seed) for work, split in zip(works, published, strict=True)
    ]
