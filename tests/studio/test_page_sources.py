"""The page's files: captions, sizes, imports, brackets, and no way for a name to become markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import antiphon

PAGE = Path(antiphon.__file__).parent / "studio" / "page"
MODULES = sorted(PAGE.rglob("*.js"))
FILES = sorted(path for path in PAGE.rglob("*") if path.is_file())
FORBIDDEN = (
    r"\binnerHTML\b", r"\bouterHTML\b", r"\binsertAdjacentHTML\b", r"\bdocument\.write", r"\beval\s*\(", r"\bnew Function\b",
    r"\bsetHTML", r"\bDOMParser\b", r"\bcreateContextualFragment\b", r"\bsetAttribute\(\s*[\"']style", r"\bjavascript:",
    r"setTimeout\(\s*[\"'`]", r"setInterval\(\s*[\"'`]",
)  # fmt: skip
"""What could turn a track's name into markup or a text into code; the CSP forbids some of it as well."""


def name(path: Path) -> str:
    return str(path.relative_to(PAGE))


def code_only(text: str) -> str:
    """JavaScript without its comments, and with the content of its strings and patterns blanked.

    Raises:
      ValueError: a string, pattern or comment has no end.
    """
    out: list[str] = []
    stack: list[str] = []
    at = 0
    while at < len(text):
        two, one = text[at : at + 2], text[at]
        if two == "//":
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        elif two == "/*":
            end = text.find("*/", at)
            if end < 0:
                raise ValueError("a comment has no end")
            at = end + 2
        elif one in "\"'":
            match = re.compile(rf"{one}(?:[^{one}\\\n]|\\.)*{one}").match(text, at)
            if match is None:
                raise ValueError(f"a string has no end: {text[at : at + 40]!r}")
            out.append(one + one)
            at = match.end()
        elif one == "`" or (one == "}" and stack and stack[-1] == "${"):
            if one == "}":
                stack.pop()
                out.append("}")
            at, opened = _template(text, at + 1)
            if opened:
                stack.append("${")
                out.append("{")
        elif one == "/" and re.search(r"(?:^|[(,=:\[!&|?{};>]|return)\s*$", "".join(out[-40:])):
            match = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*").match(text, at)
            if match is None:
                raise ValueError(f"a pattern has no end: {text[at : at + 40]!r}")
            at = match.end()
        else:
            if one == "{":
                stack.append("{")
            elif one == "}" and stack:
                stack.pop()
            out.append(one)
            at += 1
    return "".join(out)


def _template(text: str, at: int) -> tuple[int, bool]:
    """Where a template's text ends, and whether with an opened expression."""
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == "`":
            return at + 1, False
        elif text.startswith("${", at):
            return at + 2, True
        else:
            at += 1
    raise ValueError("a template has no end")


def balanced(code: str) -> bool:
    """Every bracket closed by its own kind."""
    pairs = {")": "(", "]": "[", "}": "{"}
    stack: list[str] = []
    for sign in code:
        if sign in "([{":
            stack.append(sign)
        elif sign in pairs and (not stack or stack.pop() != pairs[sign]):
            return False
    return not stack


@pytest.mark.parametrize(
    ("text", "well"),
    [
        ("const a = `x ${b ? `y${c}` : {}} )`;", True),
        ("if (/[)\\]]\\//.test(a)) { b(')'); } // )", True),
        ("f({ a: [1, 2] }", False),
        ("const a = b / c; const d = (e / f);", True),
        ("/* ( */ const a = [1};", False),
    ],
)
def test_the_checker_of_brackets(text: str, well: bool) -> None:
    assert balanced(code_only(text)) is well


def test_there_is_a_page() -> None:
    assert (PAGE / "index.html").is_file()
    assert (PAGE / "main.js") in MODULES
    assert len(MODULES) > 30


@pytest.mark.parametrize("path", FILES, ids=name)
def test_each_file_has_a_caption_and_is_not_too_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    marks = {".js": ("// ", ""), ".css": ("/* ", " */"), ".html": ("<!-- ", " -->"), ".svg": ("<!-- ", " -->")}
    opening, closing = marks[path.suffix]
    assert first.startswith(opening) and first.endswith(closing) and len(first) > 20
    assert first.removesuffix(closing).rstrip().endswith(".")
    assert text.endswith("\n")
    assert len(text.splitlines()) <= 365


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_each_module_is_whole(path: Path) -> None:
    assert balanced(code_only(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_each_import_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for names, where in re.findall(r"^import (?:\{([^}]*)\} from )?\"([^\"]+)\";", text, re.MULTILINE):
        assert where.startswith(("./", "../")), f"{where} is not of this page"
        target = (path.parent / where).resolve()
        assert target.is_file(), f"{where} is missing"
        exported = target.read_text(encoding="utf-8")
        for each in filter(None, (part.strip() for part in names.split(","))):
            found = re.search(rf"^export (async )?(function|class|const) {re.escape(each)}\b", exported, re.MULTILINE)
            assert found or re.search(rf"^export \{{[^}}]*\b{re.escape(each)}\b", exported, re.MULTILINE), f"{where}: no {each}"


def test_node_agrees_that_every_module_parses() -> None:
    """Only where a node is installed; the two tests above hold everywhere."""
    node = shutil.which("node")
    for path in MODULES if node else []:
        flags = ["--check", "--experimental-default-type=module"]
        done = subprocess.run([str(node), *flags, str(path)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", [*MODULES, PAGE / "index.html"], ids=name)
def test_no_text_can_become_markup_or_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [pattern for pattern in FORBIDDEN if re.search(pattern, text)] == []


def test_the_frame_keeps_the_policy() -> None:
    """No inline script, style or listener, and nothing from elsewhere."""
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", text) == []
    links = re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    assert links and all((PAGE / link.removeprefix("/static/")).is_file() for link in links)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    found = re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"')]*", path.read_text(encoding="utf-8"))
    assert [link for link in found if not link.startswith("http://www.w3.org/2000/svg")] == []


def test_every_style_sheet_is_whole() -> None:
    for path in PAGE.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert balanced(re.sub(r"\"[^\"\n]*\"", '""', text)), path.name


def test_motion_is_reduced_where_asked_for() -> None:
    assert "prefers-reduced-motion" in (PAGE / "css" / "base.css").read_text(encoding="utf-8")


def test_focus_is_always_seen() -> None:
    """A visible ring everywhere; only the main element, which takes focus from a skip link, goes without."""
    sheets = {path.name: path.read_text(encoding="utf-8") for path in PAGE.rglob("*.css")}
    assert ":focus-visible" in sheets["base.css"]
    assert sum(text.count("outline: none") + text.count("outline: 0") for text in sheets.values()) == 1
