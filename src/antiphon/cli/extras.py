"""Whether an optional part is installed, asked before anything of it is imported."""

from __future__ import annotations

import importlib.util

from antiphon.errors import MissingExtraError

TRAINING = ("torch", "tensorboard", "onnx", "onnxscript")


def need_training(what: str, packages: tuple[str, ...] = TRAINING) -> None:
    """See that the workshop is installed.

    Raises:
      MissingExtraError: something is missing.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"{what} needs {', '.join(missing)}: install them with pip install 'antiphon[train]'.")
