"""antiphon plan and antiphon brief: what they print and write, and refusals in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from antiphon.cli.main import main
from antiphon.compose import compose as composing
from antiphon.compose.schema import BRIEF, PLAN
from conftest import FakeGenerator


@pytest.fixture(autouse=True)
def fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is loaded."""
    monkeypatch.setattr(composing, "find_generator", lambda brief: FakeGenerator())


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run("brief", "--schema", capsys=capsys)[1]) == BRIEF
    assert json.loads(run("plan", "--schema", capsys=capsys)[1]) == PLAN


def test_a_plan_is_written_and_its_decisions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plan.json"
    code, said, err = run("plan", "calm, in C, zorgle", "--bars", 8, "--seed", 1, "-o", file, capsys=capsys)
    assert (code, err) == (0, "")
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (told["bars"], told["key"], len(told["harmony"])) == (8, "C major", 8)
    assert "Not understood: zorgle." in said
    assert f"antiphon compose --plan {file}" in said
    assert run("plan", "calm, in C, zorgle", "--bars", 8, "--seed", 1, capsys=capsys)[1] == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["brief", "zorgle"], "is understood"),
        (["brief", "--brief", "missing.toml"], "cannot be read"),
        (["plan", "--form", "A!"], "is not a form"),
        (["plan", "--energy", "2"], "The energy must be"),
        (["plan", "--ranges", "melody=C4"], "range of melody cannot be read"),
        (["plan", "--bars", "0"], "at least one bar"),
        (["compose", "--plan", "missing.json"], "cannot be read"),
        (["compose", "--plan", "missing.json", "--tempo", "90"], "instead of --tempo"),
        (["compose", "--key", "C", "--strict", "--chords", "F#m"], "cannot sound strictly in C major"),
    ],
)
def test_refusals_are_one_sentence(
    arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, err = run(*arguments, capsys=capsys)
    assert (code, said) == (2, "")
    assert err.startswith("antiphon: ")
    assert err.count("\n") == 1
    assert word in err
    assert list(tmp_path.iterdir()) == []
