"""antiphon listen, from folders of music to a scored report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from antiphon.cli.listen import app
from antiphon.errors import InputError
from antiphon.io import audio, files
from antiphon.music.score import Score, Track

RATE = 8000


def sounds(folder: Path, gain: float) -> Path:
    folder.mkdir(parents=True)
    for k in range(2):
        noise = np.random.default_rng(k).normal(0, gain, 2 * RATE).astype(np.float32)
        audio.write(folder / f"piece{k}.wav", np.clip(noise, -1, 1), RATE)
    return folder


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_make_then_score(tmp_path: Path) -> None:
    one, two, test = sounds(tmp_path / "gnu", 0.02), sounds(tmp_path / "ibex", 0.2), tmp_path / "test"
    said = run("make", one, two, "-o", test, "--reference", one, "--seconds", "1", "--wav")
    assert "Wrote 4 trials" in said
    key = json.loads((test / "key.json").read_text())
    assert (key["systems"], key["reference"]) == (["gnu", "ibex"], "gnu")
    clips = [audio.read(p)[0] for p in (test / "page" / "audio").iterdir()]
    checked = {t["check"] for t in key["trials"]}
    assert len(clips) == 8
    assert len(checked) == 3
    chosen = [
        {"trial": t["id"], "choice": t["check"] or next(c["id"] for c in t["clips"] if c["system"] == "gnu")}
        for t in key["trials"]
    ]
    head = {"format": "antiphon-listening-results", "version": 1, "test": key["test"], "session": "s1"}
    back = tmp_path / "back"
    back.mkdir()
    (back / "a.json").write_text(json.dumps(head | {"answers": chosen}))
    (back / "b.json").write_text("{")
    report = run("score", back, "--key", test / "key.json", "-o", tmp_path / "report.json")
    assert "gnu (reference)" in report
    assert "| gnu over ibex | 100% |" in report
    assert "b.json is not valid JSON" in report
    values = json.loads((tmp_path / "report.json").read_text())
    assert (values["listeners"], values["pairs"][0]["wins"]) == (1, 2)
    assert values == json.loads(run("score", back, "--key", test / "key.json", "--json"))


def test_midi_is_rendered_and_folders_of_one_name_keep_their_paths(tmp_path: Path) -> None:
    for parent, pitch in (("x", 60), ("y", 67)):
        folder = tmp_path / parent / "out"
        folder.mkdir(parents=True)
        files.save(
            Score(tracks=(Track("melody", notes=[(960 + 240 * k, 240, pitch + k) for k in range(8)]),)), folder / "tune.mid"
        )
    run(
        "make",
        tmp_path / "x" / "out",
        tmp_path / "y" / "out",
        "-o",
        tmp_path / "test",
        "--seconds",
        "1",
        "--checks",
        "0",
        "--quiet",
    )
    key = json.loads((tmp_path / "test" / "key.json").read_text())
    assert key["systems"] == [str(tmp_path / "x" / "out"), str(tmp_path / "y" / "out")]
    lengths = {len(audio.read(p)[0]) for p in (tmp_path / "test" / "page" / "audio").glob("*.flac")}
    assert lengths == {44100}


def test_what_cannot_be_tested_says_why(tmp_path: Path) -> None:
    good = sounds(tmp_path / "good", 0.1)
    empty = tmp_path / "empty"
    empty.mkdir()
    silent = tmp_path / "silent"
    silent.mkdir()
    files.save(Score(), silent / "none.mid")
    for folder, words in ((tmp_path / "missing", "not a folder"), (empty, "no clips"), (silent, "no notes")):
        with pytest.raises(InputError, match=words):
            run("make", good, folder, "-o", tmp_path / "test")
    assert not (tmp_path / "test").exists()
