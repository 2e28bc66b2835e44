"""TensorBoard event files of a run: its figures, and pictures of what the model wrote."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt


class TensorBoard:
    """Writes figures and pictures to a folder that `tensorboard --logdir` shows. Needs the package tensorboard."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the package says of its own dependencies is nobody's concern here
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(folder))

    def figures(self, step: int, logged: dict[str, float]) -> None:
        """Write all figures of a step."""
        for name, value in logged.items():
            self.writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, pixels: npt.NDArray[np.uint8]) -> None:
        """Write a picture [height, width, 3]."""
        self.writer.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is still held back."""
        self.writer.close()
