"""Draws up a blind listening test: clips cut and matched in loudness, trials shuffled by seed, one static page and its key.

The page's folder needs no server and holds nothing that tells one system from another; the key lies beside it.
Shapes: samples are [n] or [n, channels] float, full scale 1.
"""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError, OutputError
from antiphon.evaluate.listening_key import ANCHOR, Heard, Key, Mode, Trial

Samples = npt.NDArray[np.float32]

LOUDEST = -16.0
"""LUFS that all clips are brought to, if none of them would clip there; else all go down together."""
PEAK = 10 ** (-1 / 20)
"""Highest sample of any clip: -1 dBFS."""
SILENCE = 10 ** (-60 / 20)
"""What stays below this at the beginning of a clip is cut away."""
FADE_IN, FADE_OUT = 0.01, 0.5
"""Seconds."""
HEAR_AT_LEAST = 6.0
"""Seconds of each clip that the page asks to be heard (or the whole clip) before it takes an answer."""
ANCHOR_HZ = (3500.0, 4000.0)
"""The anchor passes all below the first and nothing above the second frequency (ITU-R BS.1534)."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One piece of one system: the name that pairs it with the same item of other systems, and how to get its sound."""

    piece: str
    load: Callable[[], tuple[npt.NDArray[np.floating], int]]


@dataclass(frozen=True, slots=True)
class Desk:
    """The two things done to sound that this room leaves to others.

    Attributes:
      loudness: (samples, rate) -> LUFS, -inf for silence.
      write: (path, samples, rate) writes an audio file by its suffix.
    """

    loudness: Callable[[npt.NDArray[np.floating], int], float]
    write: Callable[[Path, Samples, int], object]


@dataclass(frozen=True, slots=True)
class Design:
    """How a test is laid out.

    Attributes:
      mode: "preference" or "rating".
      trials: questions for each pair of systems (preference) or in all (rating), as far as there are pieces.
      checks: attention checks.
      seconds: longest clip.
      seed: decides pieces, order and blind ids.
      reference: the system that is music by people, named in the report only.
      anchor: in a rating test, add a low-passed copy of the reference (or of the first system).
      title: heading of the page.
      suffix: audio format of the clips.
    """

    mode: Mode = "preference"
    trials: int = 10
    checks: int = 2
    seconds: float = 20.0
    seed: int = 0
    reference: str | None = None
    anchor: bool = False
    title: str = "Listening test"
    suffix: str = ".flac"


def make_test(systems: Mapping[str, Sequence[Clip]], folder: Path, design: Design, desk: Desk) -> Key:
    """Write a test into a new folder: `page/` for the listeners, `key.json` for whoever scores it.

    Pieces of the same name in all systems are compared with each other; without common names pieces are drawn by the
    seed. The same systems, design and seed give the same bytes.

    Raises:
      InputError: fewer than two systems, an empty system, a silent clip, a folder that is already there, or a design
        that cannot be.
      OutputError: the folder cannot be written.
    """
    _validate(systems, folder, design)
    rng = np.random.default_rng(design.seed)
    key = _plan(systems, design, rng)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        (partial / "page" / "audio").mkdir(parents=True)
        _write_clips(systems, key, partial / "page" / "audio", design, desk, rng)
        (partial / "page" / "index.html").write_text(page(key, design), encoding="utf-8")
        (partial / "key.json").write_text(key.dumps(), encoding="utf-8")
        partial.rename(folder)
    except OSError as error:
        raise OutputError(f"The listening test cannot be written to {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return key


def _validate(systems: Mapping[str, Sequence[Clip]], folder: Path, design: Design) -> None:
    if len(systems) < 2:
        raise InputError("A listening test compares at least two systems; give two folders or more.")
    if ANCHOR in systems:
        raise InputError(f"A system may not be called {ANCHOR!r}; rename its folder.")
    for name, clips in systems.items():
        if not clips:
            raise InputError(f"The system {name!r} has no clips; its folder needs MIDI or audio files.")
    if design.reference is not None and design.reference not in systems:
        raise InputError(f"The reference {design.reference!r} is none of the systems {', '.join(systems)}.")
    if design.anchor and design.mode != "rating":
        raise InputError("An anchor needs a rating test; a preference test has no place for it.")
    if design.suffix not in (".flac", ".wav"):
        raise InputError(f"Clips of a listening test are .flac or .wav, not {design.suffix}: others lose sound.")
    if not (1 <= design.trials <= 1000 and 0 <= design.checks <= 20):
        raise InputError("A test has 1 to 1000 trials and 0 to 20 attention checks.")
    if not 1.0 <= design.seconds <= 600.0:
        raise InputError(f"Clips of {design.seconds:g} seconds cannot be used; choose 1 to 600.")
    if folder.exists():
        raise InputError(f"{folder} is already there; choose a new folder for the test, so that no key is lost.")


def _blind(rng: np.random.Generator) -> str:
    return rng.bytes(5).hex()


def _plan(systems: Mapping[str, Sequence[Clip]], design: Design, rng: np.random.Generator) -> Key:
    """Which pieces meet in which trial; a clip keeps its id in all trials, checks get ids of their own."""
    ids: dict[tuple[str, str], str] = {}

    def heard(system: str, piece: str) -> Heard:
        return Heard(ids.setdefault((system, piece), _blind(rng)), system, piece)

    names = tuple(systems)
    trials: list[Trial] = []
    groups = list(itertools.combinations(names, 2)) if design.mode == "preference" else [names]
    for group in groups:
        for pieces in _items([systems[s] for s in group], design.trials, rng):
            clips = [heard(s, p) for s, p in zip(group, pieces, strict=True)]
            if design.anchor:
                clips.append(heard(ANCHOR, pieces[group.index(design.reference or names[0])]))
            trials.append(Trial(_blind(rng), tuple(clips[i] for i in rng.permutation(len(clips)))))
    size = len(trials[0].clips)
    for _ in range(design.checks):
        drawn = [names[int(rng.integers(len(names)))] for _ in range(size)]
        picked = [systems[s][int(rng.integers(len(systems[s])))].piece for s in drawn]
        checked = tuple(Heard(_blind(rng), None, f"{s}/{p}") for s, p in zip(drawn, picked, strict=True))
        trials.append(Trial(_blind(rng), checked, checked[int(rng.integers(size))].id))
    shuffled = tuple(trials[i] for i in rng.permutation(len(trials)))
    shown = (*names, ANCHOR) if design.anchor else names
    digest = hashlib.sha256(repr((design, shown, shuffled)).encode()).hexdigest()[:12]
    return Key(digest, design.mode, shown, design.reference, design.seed, shuffled)


def _items(groups: Sequence[Sequence[Clip]], wanted: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Up to `wanted` tuples of pieces, one of each system: of equal names if there are any, else drawn by lot."""
    stems = [[clip.piece for clip in clips] for clips in groups]
    common = sorted(set(stems[0]).intersection(*stems[1:]))
    if common:
        return [(common[i],) * len(groups) for i in rng.permutation(len(common))[:wanted]]
    drawn = [[pieces[i] for i in rng.permutation(len(pieces))] for pieces in stems]
    count = min(wanted, max(len(pieces) for pieces in drawn))
    return [tuple(pieces[k % len(pieces)] for pieces in drawn) for k in range(count)]


def _write_clips(
    systems: Mapping[str, Sequence[Clip]], key: Key, folder: Path, design: Design, desk: Desk, rng: np.random.Generator
) -> None:
    sources = {(name, clip.piece): clip for name, clips in systems.items() for clip in clips}
    anchored = design.reference or next(iter(systems))
    prepared: dict[str, tuple[Samples, int]] = {}
    loaded: dict[tuple[str, str], tuple[Samples, int]] = {}
    for trial in key.trials:
        for heard in trial.clips:
            if heard.id in prepared:
                continue
            system, piece = heard.piece.split("/", 1) if heard.system is None else (heard.system, heard.piece)
            source = (anchored if system == ANCHOR else system, piece)
            if source not in loaded:
                samples, rate = sources[source].load()
                loaded[source] = (
                    excerpt(np.asarray(samples, dtype=np.float32), rate, design.seconds, f"{source[0]}/{piece}"),
                    rate,
                )
            samples, rate = loaded[source]
            prepared[heard.id] = (lowpass(samples, rate), rate) if system == ANCHOR else (samples, rate)
    gains = _gains(prepared, desk)
    beeping = {trial.check for trial in key.trials if trial.check is not None}
    for name in sorted(prepared):
        samples, rate = prepared[name]
        level = samples * np.float32(gains[name])
        if name in beeping:
            level = with_beeps(level, rate, rng)
        desk.write(folder / f"{name}{design.suffix}", level, rate)


def _gains(clips: Mapping[str, tuple[Samples, int]], desk: Desk) -> dict[str, float]:
    """The gain of each clip that makes all equally loud and lets none clip."""
    loudness = {name: desk.loudness(samples, rate) for name, (samples, rate) in clips.items()}
    room = [loudness[name] - 20 * math.log10(float(np.abs(samples).max()) / PEAK) for name, (samples, _) in clips.items()]
    target = min(LOUDEST, *room)
    return {name: 10 ** ((target - value) / 20) for name, value in loudness.items()}


def excerpt(samples: Samples, rate: int, seconds: float, name: str) -> Samples:
    """The first `seconds` from where the sound begins, with a short fade in, and a fade out where it was cut.

    Raises:
      InputError: the clip is silent, broken (NaN), or shorter than half a second.
    """
    if samples.ndim not in (1, 2) or not np.isfinite(samples).all():
        raise InputError(f"The clip {name} holds samples that are not sound.")
    loud = np.abs(samples).reshape(len(samples), -1).max(axis=1) > SILENCE if samples.size else np.zeros(0, dtype=bool)
    if not loud.any():
        raise InputError(f"The clip {name} is silent; leave it out of the test.")
    sound = samples[int(loud.argmax()) :]
    cut = sound[: round(seconds * rate)].copy()
    if len(cut) < rate / 2:
        raise InputError(f"The clip {name} sounds for less than half a second; leave it out of the test.")
    rows = cut.reshape(len(cut), -1)
    ramp = np.linspace(0, 1, round(FADE_IN * rate), endpoint=False, dtype=np.float32)
    rows[: len(ramp)] *= ramp[:, None]
    if len(cut) < len(sound):
        fall = np.linspace(1, 0, min(len(cut), round(FADE_OUT * rate)), dtype=np.float32)
        rows[len(cut) - len(fall) :] *= fall[:, None]
    return cut


def lowpass(samples: Samples, rate: int) -> Samples:
    """The anchor of a clip: its spectrum above 4 kHz removed, between 3.5 and 4 kHz faded."""
    spectrum = np.fft.rfft(samples, axis=0)
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    keep = np.clip((ANCHOR_HZ[1] - hertz) / (ANCHOR_HZ[1] - ANCHOR_HZ[0]), 0, 1)
    shaped = spectrum * keep.reshape(-1, *[1] * (samples.ndim - 1))
    return np.asarray(np.fft.irfft(shaped, len(samples), axis=0), dtype=np.float32)


def with_beeps(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """The clip with three short beeps within the first seconds that every listener is asked to hear."""
    length = len(samples) / rate
    begin = float(rng.uniform(0.25, 0.4)) * min(length, HEAR_AT_LEAST)
    beep, gap = 0.03 * min(length, HEAR_AT_LEAST), 0.06 * min(length, HEAR_AT_LEAST)
    time = np.arange(round(beep * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 1000 * time) * np.hanning(len(time)) ** 0.25
    out = samples.copy()
    first = round(begin * rate)
    out[first : first + round((3 * gap) * rate)] *= np.float32(0.25)
    for k in range(3):
        start = first + round(k * gap * rate)
        rows = out[start : start + len(tone)].reshape(len(tone), -1)
        rows += tone[:, None].astype(np.float32)
    return out


def page(key: Key, design: Design) -> str:
    """The test's page: the static template with the blind trials written into it."""
    trials = [{"id": t.id, "clips": [c.id for c in t.clips]} for t in key.trials]
    data = {
        "test": key.test,
        "mode": key.mode,
        "suffix": design.suffix,
        "hear": HEAR_AT_LEAST,
        "seconds": design.seconds,
        "beeps": design.checks > 0,
        "trials": trials,
    }
    # "<" written as an escape keeps any text from ending the script element that holds it.
    inline = json.dumps(data).replace("<", "\\u003c")
    template = files("antiphon.evaluate").joinpath("listening.html").read_text(encoding="utf-8")
    return template.replace("__TITLE__", html.escape(design.title)).replace("__DATA__", inline)
