"""The house's floors and laws, read from the imports: which room may know which, and what is found nowhere."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import antiphon

SOURCE = Path(antiphon.__file__).parent

EVERYWHERE = {"errors", "__version__"}
MAY_KNOW: dict[str, set[str]] = {
    "errors": set(),
    "music": set(),
    "models": set(),
    "training": set(),
    "io": {"music"},
    "representations": {"music"},
    "evaluate": {"music", "representations"},
    "corpus": {"music", "io"},
    "generate": {"music", "representations"},
    "timbre": {"music", "io"},
    "compose": {"music", "generate", "evaluate"},
    "recipes": {"music", "corpus", "representations", "models", "training", "evaluate", "generate"},
    "render": {"music", "io", "timbre"},
    "studio": {"music", "io", "evaluate", "generate", "compose", "render"},
}
"""Room -> rooms that it may import, beside itself and EVERYWHERE; cli and the package's own front door may know all."""
FREE = {"cli", "__init__", "__main__"}
TORCH_ROOMS = {"models", "training", "recipes"}
TORCH = {"torch", "tensorboard", "onnxscript", "safetensors"}
NOWHERE = {"pickle", "cPickle", "dill", "shelve", "marshal"}
FRONT_DOORS = {"cli", "__main__"}


def imported(tree: ast.AST, package: str) -> list[str]:
    """Full dotted names of everything that a module imports, at any depth; `package` resolves relative imports."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names += [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            first = node.args[0] if node.args else None
            if called in ("import_module", "__import__") and isinstance(first, ast.Constant) and isinstance(first.value, str):
                names.append(first.value)
    return names


def offences(path: str, text: str) -> list[str]:
    """What a file of this path (relative to the package) breaks, in words."""
    tree = ast.parse(text)
    parts = Path(path).with_suffix("").parts
    room = parts[0]
    found: list[str] = []
    if not ast.get_docstring(tree):
        found.append(f"{path}: the first statement is no docstring")
    for name in imported(tree, ".".join(["antiphon", *parts[:-1]])):
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top in NOWHERE:
            found.append(f"{path}: {top} is found nowhere in this house")
        if top in TORCH and room not in TORCH_ROOMS:
            found.append(f"{path}: {top} belongs to the workshop, not to {room}")
        if top != "antiphon" or not target or target == room or room in FREE:
            continue
        if room not in MAY_KNOW:
            found.append(f"{path}: room {room} has no floor; add it to MAY_KNOW and to docs/architecture.md")
        elif target in FRONT_DOORS or target not in MAY_KNOW[room] | EVERYWHERE:
            found.append(f"{path}: {room} may not know {target}")
    return found


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", [str(f.relative_to(SOURCE)) for f in files()])
def test_every_file_keeps_the_laws(path: str) -> None:
    assert offences(path, (SOURCE / path).read_text(encoding="utf-8")) == []


def test_the_floors_have_no_circle() -> None:
    left = {room: set(known) for room, known in MAY_KNOW.items()}
    while left:
        ground = [room for room, known in left.items() if not known & left.keys()]
        assert ground, f"these rooms know each other in a circle: {sorted(left)}"
        for room in ground:
            del left[room]


def test_every_room_has_a_caption() -> None:
    rooms = [folder for folder in SOURCE.iterdir() if folder.is_dir() and any(folder.glob("*.py"))]
    assert len(rooms) > 10
    assert all((room / "__init__.py").is_file() for room in rooms)


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        ("music/x.py", '"""Caption."""\nfrom antiphon.io import midi\n', "music may not know io"),
        ("music/x.py", '"""Caption."""\nimport antiphon.generate.load\n', "music may not know generate"),
        ("models/x.py", '"""Caption."""\nfrom antiphon.music.score import Score\n', "models may not know music"),
        ("training/x.py", '"""Caption."""\ndef f():\n    from antiphon import models\n', "training may not know models"),
        ("compose/x.py", '"""Caption."""\nfrom antiphon.recipes import catalog\n', "compose may not know recipes"),
        ("compose/x.py", '"""Caption."""\nfrom ..corpus import store\n', "compose may not know corpus"),
        ("io/x.py", '"""Caption."""\nimport importlib\nimportlib.import_module("antiphon.cli.main")\n', "io may not know cli"),
        ("generate/x.py", '"""Caption."""\nimport torch\n', "torch belongs to the workshop"),
        ("compose/x.py", '"""Caption."""\ndef f():\n    import torch.nn as nn\n', "torch belongs to the workshop"),
        ("models/x.py", '"""Caption."""\nimport pickle\n', "pickle is found nowhere"),
        ("recipes/x.py", '"""Caption."""\nfrom pickle import loads\n', "pickle is found nowhere"),
        ("music/x.py", "import numpy\n", "no docstring"),
        ("attic/x.py", '"""Caption."""\nfrom antiphon.music import score\n', "no floor"),
    ],
)
def test_the_checker_finds_what_is_forbidden(path: str, text: str, word: str) -> None:
    assert any(word in offence for offence in offences(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("compose/x.py", '"""Caption."""\nfrom antiphon.music.score import Score\nfrom antiphon.errors import BriefError\n'),
        ("compose/x.py", '"""Caption."""\nfrom . import brief\nfrom antiphon.compose.brief import Brief\n'),
        ("cli/x.py", '"""Caption."""\nfrom antiphon.recipes import catalog\n'),
        ("__init__.py", '"""Caption."""\nfrom antiphon.render import folder\n'),
    ],
)
def test_the_checker_lets_pass_what_is_allowed(path: str, text: str) -> None:
    assert offences(path, text) == []
