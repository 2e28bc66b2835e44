"""What the learning worker does: a shipped model adapted to the user's own music, by `antiphon adapt` in a process below."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from antiphon.errors import AntiphonError, InputError
from antiphon.io import files
from antiphon.studio.reading import load, members
from antiphon.studio.worker import Tell, Verb

FEWEST = 4
"""Pieces below which nothing can be learnt and measured."""


def train(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Learn a style from an upload; it is there for the next piece when this returns.

    Raises:
      InputError: there is too little music, or the training says what is wrong with it.
    """
    name = args["name"]
    with tempfile.TemporaryDirectory(prefix="antiphon-") as place:
        music = Path(place) / "music"
        music.mkdir()
        tell({"kind": "progress", "message": "reading the music", "fraction": None})
        count = unpack(Path(args["folder"]), music)
        if count < FEWEST:
            raise InputError(f"{count} pieces are too few to learn a style from; give {FEWEST} or more, better twenty.")
        told = _adapt(music, args, tell)
    better = told["before"] - told["after"]
    gain = f"{better:.2f} nats an event better than the base" if better > 0 else "no better than the base"
    sentences = [
        f"Learnt from {told['pieces']} pieces in {told['steps']} steps.",
        f"Music of yours that was set aside is foreseen {gain} ({told['before']:.2f} to {told['after']:.2f}).",
        "Takes in this style are compared with your files, so that they do not copy them.",
    ]
    return {"result": {"style": name, "sentences": sentences, **told}}


def unpack(upload: Path, folder: Path) -> int:
    """Write the pieces of an upload that can be read, one MusicXML or MIDI file each; how many there are."""
    count = 0
    with tempfile.TemporaryDirectory(prefix="antiphon-") as place:
        for name, data in members(upload):
            try:
                scores = load(name, data, Path(place))
            except AntiphonError:
                continue  # the survey has told of it
            for score in scores:
                files.save(score, folder / f"{count:05d}.mid")
                count += 1
    return count


def _adapt(music: Path, args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Run the training; returns what it told at its end.

    Raises:
      InputError: it failed, with its own sentence.
    """
    out = Path(args["styles"]) / args["name"]
    command = [
        sys.executable, "-m", "antiphon", "adapt", str(music), "--out", str(out), "--base", args["base"],
        "--name", args["name"], "--minutes", str(args["minutes"]), "--lines",
    ]  # fmt: skip
    done: dict[str, Any] | None = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            message = json.loads(line)
            if "done" in message:
                done = message["done"]
            else:
                tell({"kind": "progress", **message})
        last = process.stderr.read().strip().splitlines()
    if process.returncode or done is None:
        said = last[-1].removeprefix("antiphon: ") if last else f"it ended with code {process.returncode}"
        raise InputError(f"The training failed: {said}")
    return done


VERBS: dict[str, Verb] = {"train": train}
