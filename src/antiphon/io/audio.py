"""Recordings on disk: WAV, FLAC, OGG Vorbis and MP3, told by the suffix, written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError, InputError, LimitError, OutputError
from antiphon.io.files import write_atomic

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
"""What `write` writes; `read` reads these and whatever else libsndfile knows."""

_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
_MAX_FRAMES = 2 * 3600 * 192_000
"""Longest recording that is read: two hours at the highest rate."""


def write(path: Path | str, samples: npt.NDArray[np.floating], rate: int, *, bits: int = 16) -> None:
    """Write a recording in the format of its suffix.

    Args:
      samples: [n] or [n, channels], full scale 1.
      rate: samples a second.
      bits: 16 or 24, for WAV and FLAC; OGG and MP3 compress with loss, at high quality.

    Raises:
      InputError: the suffix is not known, or the samples are empty, not finite or beyond full scale.
      OutputError: the file cannot be written.
    """
    import soundfile  # takes a quarter of a second that other commands need not pay

    target = Path(path)
    kind = _FORMATS.get(target.suffix.lower())
    if kind is None:
        raise InputError(f"Cannot write {target.name!r}: a recording is one of {', '.join(SUFFIXES)}.")
    if bits not in (16, 24):
        raise InputError(f"A recording has 16 or 24 bits a sample, not {bits}.")
    if len(samples) == 0 or not np.isfinite(samples).all():
        raise InputError(f"Cannot write {target.name!r}: the recording is empty or holds values that are no numbers.")
    if np.abs(samples).max() > 1:
        raise InputError(f"Cannot write {target.name!r}: the recording passes full scale and would be clipped.")
    subtype = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}.get(kind, f"PCM_{bits}")
    # The highest quality of both lossy coders: for MP3 some 200 kbit/s, for Vorbis about 190.
    level = {"OGG": 0.2, "MP3": 0.1}.get(kind)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer, "w", samplerate=rate, channels=channels, format=kind, subtype=subtype, compression_level=level
        ) as file:
            # In pieces of a second: libsndfile overflows its stack when it is given minutes of Vorbis at once.
            for at in range(0, len(samples), rate):
                file.write(samples[at : at + rate])
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        raise OutputError(f"Cannot write {target.name!r} as {kind}: {error}") from error
    write_atomic(target, buffer.getvalue())


def read(path: Path | str) -> tuple[npt.NDArray[np.float32], int]:
    """A recording as samples [n, channels], full scale 1, and its rate.

    Raises:
      InputError: there is no such file.
      FormatError: it is not a recording, or damaged.
      LimitError: it lasts for hours.
    """
    import soundfile

    source = Path(path)
    if not source.is_file():
        raise InputError(f"There is no recording at {source}.")
    try:
        with soundfile.SoundFile(source) as file:
            if file.frames > _MAX_FRAMES:
                raise LimitError(f"{source} holds {file.frames:,} samples; the limit is {_MAX_FRAMES:,}.")
            samples = file.read(dtype="float32", always_2d=True)
            return np.asarray(samples, dtype=np.float32), int(file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise FormatError(f"{source} is not a recording that can be read ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    text = str(error).split(": ")[-1].rstrip(".")
    return text[:1].lower() + text[1:]
