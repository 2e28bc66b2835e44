"""The frozen encoder hook: activations of a small trained network, versioned by the hash of its file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.errors import SnapshotError
from antiphon.evaluate.clip import Clip, Floats, sounding

LOWEST, PITCHES = 24, 84
SHIPPED = Path(__file__).with_name("encoder.onnx")
"""Where an encoder that comes with the package lies; there may be none."""


def rolls(clips: Sequence[Clip]) -> np.ndarray:
    """Input of an encoder: onsets and holds of the pitched parts together, drum onsets, MIDI 24..107 [N, 3, T, 84] float32.

    Leading empty bars are dropped; clips of differing length are filled up with silence.
    """
    steps = max(c.steps for c in clips)
    out = np.zeros((len(clips), 3, steps, PITCHES), dtype=np.float32)
    for i, raw in enumerate(clips):
        clip = raw.led()
        onset, duration, pitch = clip.pitched
        inside = (pitch >= LOWEST) & (pitch < LOWEST + PITCHES)
        onset, duration, lane = onset[inside], duration[inside], pitch[inside] - LOWEST
        out[i, 0, onset, lane] = 1.0
        out[i, 1, : clip.steps] = (sounding(onset, duration, lane, clip.steps, PITCHES) > 0) - out[i, 0, : clip.steps] > 0
        for part in clip.parts:
            if part.is_drum:
                out[i, 2, part.onset, np.clip(part.pitch - LOWEST, 0, PITCHES - 1)] = 1.0
    return out


class Encoder:
    """An ONNX graph from `rolls` [N, 3, T, 84] to features [N, E].

    Attributes:
      version: first 12 hex digits of the file's SHA-256; distances of different versions do not compare.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        try:
            data = path.read_bytes()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own that share no public base
            raise SnapshotError(f"The encoder {path} cannot be read: {str(error).splitlines()[0]}.") from error
        self.version = hashlib.sha256(data).hexdigest()[:12]

    def __call__(self, clips: Sequence[Clip], batch: int = 32) -> Floats:
        """Features of the clips [N, E]."""
        name = self._session.get_inputs()[0].name
        parts = [self._session.run(None, {name: rolls(clips[i : i + batch])})[0] for i in range(0, len(clips), batch)]
        return np.concatenate(parts).astype(np.float64)


def shipped_encoder() -> Encoder | None:
    """The encoder that comes with the package, or None where none does."""
    return Encoder(SHIPPED) if SHIPPED.is_file() else None
