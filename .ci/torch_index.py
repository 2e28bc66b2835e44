"""Prints pip's options for PyTorch's CPU builds: on Linux, where PyPI's own build brings gigabytes of CUDA, if reachable."""

from __future__ import annotations

import os
import sys
import threading
import urllib.request

INDEX = os.environ.get("TORCH_INDEX", "https://download.pytorch.org/whl/cpu")
PATIENCE_SECONDS = 8


def reachable(index: str, patience: float = PATIENCE_SECONDS) -> bool:
    """Whether the index answers in time; name resolution counts, which no socket timeout bounds, hence the thread."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{index.rstrip('/')}/torch/", timeout=patience) as reply:
                if reply.status == 200:
                    answered.set()
        except (OSError, ValueError):
            return

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience)
    return answered.is_set()


if __name__ == "__main__":
    if INDEX and sys.platform == "linux" and reachable(INDEX):
        print(f"--extra-index-url {INDEX}")
