"""What the workers of a studio under test do: music and misfortunes made to order, by the word in the free line."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from antiphon.errors import BriefError
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Score, Track, notes_array
from antiphon.studio.locks import Lock, keep_locked
from antiphon.studio.scorejson import pack, packed_json, unpack
from antiphon.studio.worker import Tell, Verb


def piece(bars: int = 4, seed: int = 0, tracks: tuple[str, ...] = ("melody", "piano")) -> Score:
    """A little piece: quarter notes in every bar of every track."""
    made = []
    for number, name in enumerate(tracks):
        notes = [(i * 480, 480, 48 + 12 * number + (i * (seed + 3)) % 12, 70 + i % 20) for i in range(4 * bars)]
        made.append(Track(name, number, notes=notes_array(notes)))
    return Score(
        tracks=tuple(made), length=1920 * bars, keys=(KeyMark(0, Key(0)),), chords=(ChordMark(0, Chord(0)),), title="Test"
    )


def compose(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    brief = args["brief"]
    word = brief.get("text", "")
    print("noise on standard output must not harm the line")
    tell({"kind": "progress", "message": f"writing {word}", "fraction": 0.1})
    takes = brief.get("takes", 3)
    for i in range(takes):
        tell(_take(i, piece(brief.get("bars", 4), i)))
        if i == 0:
            _mishap(word)
    verdicts = [
        {"score": 9.0 - i, "penalty": i, "log_likelihood": None, "rank": i + 1, "preference": None, "reasons": []}
        for i in range(takes)
    ]
    updates = [{"index": i, "verdict": v, "chosen": i == 0} for i, v in enumerate(verdicts)]
    return {"chosen": 0, "updates": updates, "result": None}


def _mishap(word: str) -> None:
    if word == "sleep":
        time.sleep(600)
    elif word == "spin":
        while True:
            pass
    elif word == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif word == "memory":
        print(len(bytearray(64 * 2**30)))
    elif word == "refuse":
        raise BriefError("This cannot be done; ask for something else.")
    elif word == "bug":
        raise RuntimeError("a bug")


def _take(index: int, score: Score) -> dict[str, Any]:
    return {
        "kind": "take",
        "index": index,
        "packed": packed_json(pack(score)),
        "said": ["Made for a test."],
        "seed": index,
        "model": "fake",
    }


def infill(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    before = unpack(base64.b64decode(args["score"]))
    locks = [Lock(k["first"], k["last"], None if k["tracks"] is None else tuple(k["tracks"])) for k in args["locks"]]
    first, last = args["bars"]
    tracks = []
    for track in before.tracks:
        notes = track.notes.copy()
        open_ = (notes["onset"] >= (first - 1) * 1920) & (notes["onset"] < last * 1920)
        notes["pitch"][open_] = (notes["pitch"][open_] + 1) % 128
        tracks.append(Track(track.name, track.program, track.is_drum, notes_array(notes)))
    after, _ = keep_locked(before, before.with_tracks(tracks), locks)
    tell(_take(0, after))
    return {"chosen": 0, "updates": [{"index": 0, "chosen": True}], "result": None}


def answer(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    return {
        "result": {"ok": True},
        "bytes": base64.b64encode(b"bytes").decode(),
        "styles": [],
        "verbs": {"train": False},
        "reasons": {"train": "Not here."},
    }


def render(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    score = unpack(base64.b64decode(args["score"]))
    if score.note_count == 0:
        raise BriefError("This piece has no notes, so there is nothing to hear.")
    folder = Path(args["folder"]) / args["key"]
    folder.mkdir(exist_ok=True)
    (folder / "mix.wav").write_bytes(bytes(range(100)))
    told = {"key": args["key"], "state": "ready", "seconds": 1.0, "mix": f"/api/sound/{args['key']}/mix.wav", "stems": []}
    (folder / "sound.json").write_text(json.dumps(told))
    return told


VERBS: dict[str, Verb] = {
    "compose": compose, "infill": infill, "render": render,
    **dict.fromkeys(("plan", "options", "file", "export", "explain", "judge", "humanize", "arrange", "update_critic",
                     "continue", "vary", "harmonize", "accompany", "restyle", "survey", "train"), answer),
}  # fmt: skip
