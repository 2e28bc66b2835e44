"""antiphon studio: what it says where a part is missing, and what cannot be opened."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from antiphon.cli.main import main


def test_a_missing_package_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("starlette", "uvicorn") else found(name))
    with pytest.raises(SystemExit) as end:
        main(["studio", "--no-browser"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said == "antiphon: The studio needs starlette, uvicorn: install them with pip install 'antiphon[studio]'.\n"


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--token", "short"], "8 characters"), (["--host", "203.0.113.7", "--port", "0"], "Cannot listen")]
)
def test_what_cannot_be_opened_is_said(
    arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["studio", "--no-browser", "--home", str(tmp_path), *arguments])
    assert end.value.code == 2 and word in capsys.readouterr().err
