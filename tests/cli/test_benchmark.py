"""Benchmarks by the command line: a recipe trained in seconds, measured on its data, and the sentences of what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from antiphon.cli.main import main


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the chorales are published in, with two short ones a split."""
    rng = np.random.default_rng(0)
    splits = {
        s: [(np.array([70, 65, 60, 52]) + rng.integers(-2, 3, (9, 4)).repeat(4, axis=0)).tolist() for _ in range(2)]
        for s in ("train", "valid", "test")
    }
    folder = tmp_path_factory.mktemp("chorales")
    (folder / "Jsb16thSeparated.json").write_text(json.dumps(splits))
    return folder


def test_a_recipe_is_trained_and_measured(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert command("benchmark", "jsb16", data, "--train", "jsb16-gru", "--tiny", "-o", run, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = report["rows"]
    assert row["test"]["units"] == 2 * 36 * 4 and 0 < row["test"]["nll"] < 5
    assert set(report["choices"]) == {"order", "average", "rests", "first step", "chords"}
    assert command("train", "jsb16-gru", "--data", data, "-o", run, "--tiny", "--json") == 0
    assert json.loads(capsys.readouterr().out)["recipe"] == "jsb16-gru"
    assert command("export", run, "-o", tmp_path / "out", "--name", "mine") == 0
    assert "Wrote mine" in capsys.readouterr().out
    assert command("benchmark", "jsb16", data, "--model", tmp_path / "out", "--quiet") == 0
    table = capsys.readouterr().out
    assert "mine" in table and "first step: counted" in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("benchmark", "jsb16", "nowhere"), "give the folder"),
        (("benchmark", "polyphonic", "DATA", "--train", "jsb16-gru"), "choose one of polyphonic-jsb"),
        (("benchmark", "jsb16", "DATA", "--model", "nothing"), "no benchmark model"),
        (("train", "jsb16-gru", "--data", "DATA", "-o", "RUN", "--device", "cuda"), "on a processor"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    arguments: tuple[str, ...], words: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": data, "RUN": tmp_path / "run"}
    assert command(*(places.get(a, a) for a in arguments)) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
