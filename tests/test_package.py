"""The front door: public names, light imports, version."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import antiphon

HEAVY = {"torch", "onnxruntime", "pretty_midi", "symusic", "scipy", "numpy", "pydantic", "PIL", "soundfile"}


def run(code: str) -> str:
    """Standard output of a fresh interpreter."""
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True).stdout


def test_all_is_the_public_api() -> None:
    assert sorted(antiphon.__all__) == antiphon.__all__
    assert [name for name in dir(antiphon) if not name.startswith("_")] == antiphon.__all__
    for name in antiphon.__all__:
        thing = getattr(antiphon, name)
        assert callable(thing)
        assert thing.__doc__


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'decompose'"):
        _ = antiphon.decompose


def test_import_is_light() -> None:
    loaded = set(run("import sys, antiphon; print(*sys.modules)").split())
    assert loaded & HEAVY == set()


def test_composing_needs_no_torch() -> None:
    loaded = set(
        run("import sys, antiphon.compose.compose, antiphon.render.folder, antiphon.cli.main; print(*sys.modules)").split()
    )
    assert loaded & {"torch", "pretty_midi", "scipy", "sklearn"} == set()


def test_the_function_compose_is_not_hidden_by_its_room() -> None:
    code = (
        "import antiphon; from antiphon.compose.brief import Brief; import antiphon.compose.plan;"
        "from antiphon.compose import critique;"
        "print(antiphon.compose.__name__, type(antiphon.compose).__name__, Brief.__name__)"
    )
    assert run(code).split() == ["compose", "function", "Brief"]


def test_version_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", antiphon.__version__)
