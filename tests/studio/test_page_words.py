"""The page's words: both languages say the same things, and nothing is asked for that they do not say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import antiphon
from antiphon.studio.phrases import templates, values_of

PAGE = Path(antiphon.__file__).parent / "studio" / "page"
SOURCES = [path for path in sorted(PAGE.rglob("*.js")) if path.parent.name != "words"]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


def book(*files: str) -> dict[str, str]:
    """Key -> text of some files of words.

    Raises:
      AssertionError: a key stands twice.
    """
    found: dict[str, str] = {}
    for name in files:
        for line in (PAGE / "words" / f"{name}.js").read_text(encoding="utf-8").splitlines():
            if match := re.fullmatch(r"\s+(\"[^\"]+\"): (\".*\"),", line):
                key = ast.literal_eval(match[1])
                assert key not in found, f"{key} stands twice"
                found[key] = ast.literal_eval(match[2])
    return found


ENGLISH, CHINESE = book("en", "en-music"), book("zh", "zh-music")
SERVER = book("zh-server", "zh-notes")


def test_both_languages_have_the_same_keys() -> None:
    assert len(ENGLISH) > 300
    assert ENGLISH.keys() == CHINESE.keys()


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_both_languages_take_the_same_values(key: str) -> None:
    assert ENGLISH[key].strip() and CHINESE[key].strip()
    assert set(re.findall(r"\{(\w+)\}", ENGLISH[key])) == set(re.findall(r"\{(\w+)\}", CHINESE[key]))


def test_chinese_is_chinese() -> None:
    """Only what has no words of its own may look the same in both."""
    same = {key for key in ENGLISH if ENGLISH[key] == CHINESE[key]}
    assert {key for key in same if not key.startswith("grid.")} <= {"ask.placeholder", "facts.tempo", "train.namePlaceholder"}
    foreign = {key for key in CHINESE if not re.search(r"[\u4e00-\u9fff]", CHINESE[key])}
    assert {key for key in foreign if not key.startswith("grid.")} - same <= {"export.download", "judge.missed"}


def test_every_text_asked_for_is_there() -> None:
    asked = set(re.findall(r"\bsay\(\"([^\"]+)\"", TEXT)) | set(re.findall(r"\bsay\([^()\"`]*\? \"([^\"]+)\"", TEXT))
    assert len(asked) > 150
    assert asked - ENGLISH.keys() == set()


def test_every_made_key_has_its_texts() -> None:
    """Keys put together at run time: at least one text has the beginning and the end of each."""
    made = re.findall(r"\bsay\(`([\w.]*)\$\{[^}]+\}(\w*)`", TEXT)
    assert len(made) > 10
    for start, end in made:
        assert any(key.startswith(start) and key.endswith(end) for key in ENGLISH), f"{start}…{end}"
    for prefix in re.findall(r"\bwords\.name\(\"(\w+)\"", TEXT):
        assert any(key.startswith(f"{prefix}.") for key in ENGLISH), prefix


def test_no_text_is_left_over() -> None:
    literal = set(re.findall(r"\"([\w.]+)\"", TEXT))
    made = [(start, end) for start, end in re.findall(r"`([\w.]*)\$\{[^}]+\}(\w*)`", TEXT) if start]
    named = tuple(f"{prefix}." for prefix in re.findall(r"words\.name\(\"(\w+)\"", TEXT))
    prefixes = tuple(f"{prefix}." for prefix in re.findall(r"\"(\w+)\"", TEXT) if prefix in {"mood", "key"})
    idle = [
        key for key in ENGLISH
        if key not in literal
        and not key.startswith(named + prefixes)
        and not any(key.startswith(start) and key.endswith(end) for start, end in made)
        and not any(f"{key}{suffix}" in ENGLISH for suffix in ("Hint",))
        and not (key.endswith("Hint") and key.removesuffix("Hint") in ENGLISH)
    ]  # fmt: skip
    assert idle == []


def test_what_the_server_says_has_its_chinese() -> None:
    """By the same codes, in words that are Chinese, with no value that the server's sentence has not."""
    said = templates()
    assert SERVER.keys() == said.keys()
    for code, text in SERVER.items():
        assert re.search(r"[\u4e00-\u9fff]", text) or code in ("request.field", "plan.key_why")
        assert set(re.findall(r"\{(\w+)\}", text)) <= values_of(said[code]), code


def test_moods_and_keys_of_the_package_are_named() -> None:
    from antiphon.compose.mood import MOODS

    assert {f"mood.{mood}" for mood in MOODS} <= ENGLISH.keys()
