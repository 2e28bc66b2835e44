"""From ten MIDI files to a model that composes, by the command line alone; and what it says when that cannot be."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from antiphon.cli.main import main
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.io import files
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Score, Tempo, Track
from antiphon.recipes import runs
from antiphon.recipes.markov import MarkovRecipe, counted
from antiphon.representations.events import EventCodec


def tune(seed: int, bars: int = 4) -> Score:
    rng = np.random.default_rng(seed)
    melody = [(480 * i, 480, 60 + int(rng.choice([0, 2, 4, 5, 7, 9])), 90) for i in range(4 * bars)]
    piano = [(1920 * i, 1920, 48 + step, 60) for i in range(bars) for step in (0, 4, 7)]
    tracks = (Track("melody", 0, notes=melody), Track("piano", 0, notes=piano))
    marks = {"tempos": (Tempo.from_qpm(0, 100.0),), "keys": (KeyMark(0, Key(0)),)}
    return Score(480, tracks, **marks, chords=(ChordMark(0, Chord(0)),), length=1920 * bars)


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten MIDI files."""
    place = tmp_path_factory.mktemp("tunes")
    for i in range(10):
        files.save(tune(i), place / f"{i}.mid")
    return place


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A Markov chain counted and exported by the command line: its run and its snapshot."""
    place = tmp_path_factory.mktemp("markov")
    card = place / "card.json"
    card.write_text('{"data": "ten invented tunes"}')
    run, snapshot = place / "run", place / "snapshot"
    assert command("train", "pop-markov1", "--data", folder, "-o", run, "--tiny", "--quiet") == 0
    assert command("export", run, "-o", snapshot, "--name", "little", "--card", card, "--quiet") == 0
    return run, snapshot


def test_a_net_is_trained_watched_and_resumed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    ask = ("train", "pop-transformer", "--data", folder, "-o", run, "--tiny", "--json")
    assert command(*ask) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == ""
    assert told["recipe"] == "pop-transformer" and 0 < told["valid/nll"] < 30
    assert {"sample/notes_a_bar", "sample/in_key", "sample/empty_bars", "model/nll"} <= told.keys()
    assert sorted(p.name for p in (run / "samples").iterdir())[:2] == ["step-000006-1.mid", "step-000006-1.png"]
    assert any(p.name.startswith("events.out.tfevents") for p in (run / "tensorboard").iterdir())
    assert command(*ask) == 0  # nothing is left to do: the same figures stand
    assert torch.load(run / "checkpoint.pt", weights_only=True)["step"] == 12
    assert command("train", "pop-transformer", "--data", folder, "-o", run, "--tiny", "--steps", "13") == 2
    assert "steps: 12 -> 13" in capsys.readouterr().err


def test_a_chain_is_counted_and_played(made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = load(str(made[1]))
    assert generator.description.name == "little" and generator.description.kind == "markov"
    assert generator.description.card["data"] == "ten invented tunes"
    together = generator.write(Request(2), [1, 2, 3])
    assert together[1:2] == generator.write(Request(2), [2])
    assert all(take.score.length == 2 * 1920 for take in together)
    assert command("recipes", "--json") == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert listed["pop-markov1"]["parameters"] is None and listed["pop-transformer"]["parameters"] > 5e6
    assert listed["chorale-gru"]["kind"] == "gru" and listed["folk-markov"]["tracks"] == ["melody", "chords"]


def test_onnx_gives_the_chain_s_own_probabilities(made: tuple[Path, Path]) -> None:
    recipe = runs.read_recipe(made[0])
    assert isinstance(recipe, MarkovRecipe) and recipe.slots == 2**10
    model, codec = counted(recipe, made[0]), EventCodec(recipe.spec)
    events = codec.encode(tune(3), Key(0)).astype(np.int64)
    rows = torch.from_numpy(events)
    with torch.no_grad():
        wanted = model(rows[None, :-1], torch.zeros(1), rows[None, 1:])
    runtime = load(str(made[1])).runtime  # type: ignore[attr-defined]
    runtime.reset(2)
    for t in range(len(events) - 1):
        state = runtime.feed(np.stack([events[t]] * 2), np.zeros(2, np.int64))
        for f in range(4):
            got = runtime.logits(f, state, np.stack([events[t + 1, :f]] * 2))
            assert np.allclose(got, wanted[f][0, t].numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train", "nothing", "--data", ".", "-o", "run"), "There is no recipe 'nothing'"),
        (("train", "pop-markov1", "--data", "nowhere", "-o", "run"), "There is no folder nowhere"),
        (("train", "pop-markov1", "--data", ".", "-o", "run"), "Too little is left"),
        (("train", "pop-markov1", "--data", ".", "-o", "run", "--steps", "3"), "has no number of steps"),
        (("train", "pop-gru", "--data", ".", "-o", "run", "--steps", "0"), "at least one step"),
        (("train", "pop-gru", "--data", ".", "-o", "run", "--device", "abacus"), "cannot use the device 'abacus'"),
        (("export", "nowhere", "-o", "snapshot"), "nowhere holds no run"),
        (("export", ".", "-o", "snapshot", "--card", "nowhere.json"), "The card nowhere.json cannot be read"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    arguments: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(*arguments) == 2
    err = capsys.readouterr().err
    assert sentence in err and err.startswith("antiphon: ") and err.count("\n") == 1


def test_without_the_workshop_one_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for arguments in (("recipes",), ("train", "pop-gru", "--data", ".", "-o", "x"), ("export", "x", "-o", "y")):
        assert command(*arguments) == 2
        assert "pip install 'antiphon[train]'" in capsys.readouterr().err


def test_ctrl_c_saves_and_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object, **options: object) -> dict[str, float]:
        return {"interrupted": 1.0}

    monkeypatch.setattr(runs, "start", interrupted)
    assert command("train", "pop-gru", "--data", folder, "-o", tmp_path / "run", "--tiny") == 0
    assert "Stopped and saved" in capsys.readouterr().out
