"""What the sound worker does: a piece rendered into a folder of WAV files, mix and stems."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.errors import OutputError
from antiphon.music.score import Score
from antiphon.render import audio as sound
from antiphon.render.audio import Recording
from antiphon.studio.scorejson import unpack
from antiphon.studio.worker import Tell, Verb

LOUDNESS = -14.0
"""LUFS of every take, so that two are compared at the same loudness."""


def warm(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Load what rendering needs, by playing one note."""
    from antiphon.music.score import Track, notes_array

    render_score(Score(tracks=(Track("piano", notes=notes_array([(0, 480, 60, 80)])),)))
    return {}


def render(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Render a piece into `folder`/`key`, in one step; returns what the page needs to play it."""
    score = unpack(base64.b64decode(args["score"]))
    recording, tracks = render_score(score)
    key, folder = args["key"], Path(args["folder"])
    stage = folder / f".{key}.{secrets.token_hex(4)}.part"
    try:
        stage.mkdir(parents=True)
        _write(stage / "mix.wav", recording.mix, recording.rate)
        stems = []
        for track, samples in zip(tracks, recording.stems.values(), strict=True):
            _write(stage / f"{track}.wav", samples, recording.rate)
            stems.append({"track": track, "name": score.tracks[track].name, "url": f"/api/sound/{key}/{track}.wav"})
        told = {
            "key": key,
            "state": "ready",
            "seconds": round(len(recording.mix) / recording.rate, 3),
            "rate": recording.rate,
            "loudness": LOUDNESS,
            "engine": recording.engine,
            "mix": f"/api/sound/{key}/mix.wav",
            "stems": stems,
        }
        (stage / "sound.json").write_text(json.dumps(told))
        _publish(stage, folder / key)
    except OSError as error:
        raise OutputError(f"Cannot keep the sound: {(error.strerror or str(error)).lower()}.") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return told


def render_score(score: Score) -> tuple[Recording, list[int]]:
    """A piece at the studio's loudness, and the index of the track that each stem plays.

    Raises:
      InputError: there is nothing to hear.
    """
    sounding = [i for i, track in enumerate(score.tracks) if len(track)]
    return sound.render(score, loudness=LOUDNESS), sounding


def _write(path: Path, samples: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> None:
    """A WAV file of 16 bits; written plainly, as its folder only counts once it is complete."""
    import soundfile

    # a stem may pass full scale for a moment where others cancel it in the mix
    soundfile.write(path, np.clip(samples, -1, 1), rate, subtype="PCM_16", format="WAV")


def _publish(stage: Path, target: Path) -> None:
    try:
        stage.rename(target)
    except OSError:
        if not (target / "sound.json").is_file():  # half of it, from a time when the disk was full
            shutil.rmtree(target, ignore_errors=True)
            stage.rename(target)


VERBS: dict[str, Verb] = {"warm": warm, "render": render}
