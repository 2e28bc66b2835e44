"""The verbs that work on a piece, at the command line: folders, single files, refusals; rules need no model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import antiphon
from antiphon.cli.main import main
from antiphon.music.score import Score, Track

TUNE = Score(
    480, (Track("Tune", 73, False, [(t, 480, 60 + (t // 480 * 5) % 12, 80) for t in range(0, 7680, 480)]),), length=7680
)


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """A file with a tune of four bars."""
    path = tmp_path / "tune.mid"
    antiphon.write(TUNE, path)
    return path


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_a_folder_without_sound(tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "band"
    code, said, err = run("accompany", tune, "--add", "bass,drums", "-o", out, "--no-audio", "--seed", 3, capsys=capsys)
    assert (code, err) == (0, "")
    assert "by rule" in said
    told = json.loads((out / "manifest.json").read_bytes())
    assert told["task"] == "accompany"
    assert told["asked"] == {"add": ["bass", "drums"]}
    names = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert names == set(told["files"])
    assert names == {"piece.mid", "piece.musicxml", "roll.png", "manifest.json", *(f"takes/take-0{i}.mid" for i in (1, 2, 3))}
    again = run("accompany", tune, "--add", "bass", "-o", out, "--no-audio", "--takes", 1, "--json", capsys=capsys)[1]
    assert json.loads(again)["asked"] == {"add": ["bass"]}
    assert not list(out.glob("takes/*.mid"))


def test_just_one_file(tune: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new.mid"
    code, said, _ = run("accompany", tune, "--add", "bass", "-o", out, "--quiet", capsys=capsys)
    assert (code, said) == (0, "")
    score = antiphon.read(out)
    assert [t.name for t in score.tracks] == ["Tune", "bass"]
    assert score.tracks[0] == TUNE.tracks[0]
    assert list(tmp_path.iterdir()) == [tune, out] or sorted(p.name for p in tmp_path.iterdir()) == ["new.mid", "tune.mid"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["infill", "FILE", "--bars", "x"], "names no bars"),
        (["infill", "FILE", "--bars", "1-99"], "no bar 99"),
        (["infill", "missing.mid", "--bars", "1"], "no file"),
        (["vary", "FILE", "--amount", "7"], "0 to 1"),
        (["restyle", "FILE", "--style", "zydeco"], "no style"),
        (["accompany", "FILE", "--add", ","], "No part"),
        (["continue", "FILE", "--bars", "0"], "1 to 1000"),
        (["interpolate", "FILE", "FILE", "--steps", "1"], "2 to 64"),
    ],
)
def test_refusals(tune: Path, arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [str(tune) if a == "FILE" else a for a in arguments]
    code, _, err = run(*told, "-o", tmp_path / "out", capsys=capsys)
    assert code == 2
    assert word in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
