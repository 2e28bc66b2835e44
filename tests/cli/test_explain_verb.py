"""The verbs `explain` and `critic` through files, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from antiphon.cli.main import main
from antiphon.io import files
from antiphon.music.score import Score, Track


def tune(shift: int = 0) -> Score:
    line = [(i * 480, 480, 60 + shift + p, 80) for i, p in enumerate([0, 2, 4, 5, 7, 5, 4, 2, 0, 4, 7, 4, 7, 5, 2, 0])]
    return Score(480, (Track("melody", 0, False, line),), length=4 * 1920)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return int(end.value.code or 0)


def test_explain_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.save(tune(), tmp_path / "tune.mid")
    out, picture = tmp_path / "told.json", tmp_path / "told.png"
    assert run("explain", str(tmp_path / "tune.mid"), "--json", str(out), "--picture", str(picture)) == 0
    assert "in C major" in capsys.readouterr().out
    told = json.loads(out.read_text())
    assert (told["key"], told["bars"], len(told["heat"])) == ("C major", 4, 4)
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert run("explain", str(tmp_path / "tune.mid"), "--json", "-", "--style", "folk") == 0
    assert json.loads(capsys.readouterr().out)["key"] == "C major"


def test_explain_refuses_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mid").write_bytes(b"nonsense")
    assert run("explain", str(tmp_path / "a.mid")) == 2
    files.save(tune(), tmp_path / "tune.mid")
    assert run("explain", str(tmp_path / "tune.mid"), "--picture", str(tmp_path / "a.jpg"), "-q") == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


def test_the_critic_learns_and_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for i in range(4):
        files.save(tune(i), tmp_path / f"{i}.mid")
        rows.append({"file": f"{i}.mid", "stars": 1 + i})
    (tmp_path / "ratings.json").write_text(json.dumps({"ratings": rows}))
    learnt = tmp_path / "critic.json"
    assert run("critic", "update", str(tmp_path / "ratings.json"), "-o", str(learnt)) == 0
    assert "4 ratings change nothing yet" in capsys.readouterr().out
    assert run("critic", "show", str(learnt)) == 0
    assert "Ratings: 4 stars." in capsys.readouterr().out
    assert run("critic", "show", str(learnt), "--json") == 0
    assert json.loads(capsys.readouterr().out)["report"]["active"] is False
    assert run("critic", "show") == 0
    assert "chorale: generated" in capsys.readouterr().out
    assert run("critic", "update", str(tmp_path / "missing.json")) == 2
