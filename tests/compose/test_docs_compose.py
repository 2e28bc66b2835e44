"""docs/compose.md: its Python, its console lines and its files are run as they stand, with a fake model."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import antiphon
from antiphon.cli.main import main
from antiphon.compose import compose as composing
from antiphon.compose import plan_file
from antiphon.compose.document import from_document, read_wishes
from antiphon.compose.schema import BRIEF
from antiphon.music.score import Score
from antiphon.render import folder
from conftest import FakeGenerator

TEXT = (Path(__file__).parents[2] / "docs" / "compose.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(autouse=True)
def fake_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No model is loaded and no sound rendered."""

    def quick(score: Score, manifest: Mapping[str, Any], stage: Path, **_: object) -> dict[str, Any]:
        (stage / "manifest.json").write_text(json.dumps(manifest))
        return {**manifest, "files": ["piece.mid", "piece.flac"]}

    monkeypatch.setattr(composing, "find_generator", lambda brief: FakeGenerator())
    monkeypatch.setattr(folder, "write_piece", quick)
    monkeypatch.chdir(tmp_path)


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for code in blocks("python"):
        exec(code, {"antiphon": antiphon})  # it is this project's own documentation
        for line in re.findall(r"^# (.*)$", code, re.MULTILINE):
            assert line in capsys.readouterr().out


def test_the_console_lines_say_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    assert sum(line.startswith("$ ") for line in lines) >= 4
    said = ""
    for line in lines:
        if not line.startswith("$ "):
            assert line in said
            continue
        with pytest.raises(SystemExit) as end:
            main(shlex.split(line)[2:])
        out, err = capsys.readouterr()
        said = out + err
        assert not end.value.code, said
    assert json.loads(Path("song/manifest.json").read_text())["piece"]["bars"] == 16


def test_the_files_are_read(tmp_path: Path) -> None:
    (brief,) = blocks("toml")
    (tmp_path / "brief.toml").write_text(brief)
    piece = composing.compose(from_document(read_wishes(tmp_path / "brief.toml")))
    assert {wish.name for wish in piece.wishes if not wish.kept} <= {"key"}
    (plan,) = blocks("json")
    (tmp_path / "plan.json").write_text(plan)
    piece = composing.compose(plan_file.read_plan(tmp_path / "plan.json"))
    assert {wish.name for wish in piece.wishes if not wish.kept} <= {"key"}
    assert [t.name for t in piece.score.tracks] == ["melody", "piano"]


def test_every_field_is_told() -> None:
    table = TEXT[TEXT.index("| field |") : TEXT.index("The exact shape")]
    assert {name for name in BRIEF["properties"] if f"`{name}`" not in table} == set()
