"""Sentences by their codes: every template is one that the package says, and is found again with its values."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import antiphon
from antiphon.compose.critique_measures import WORDS
from antiphon.studio import phrases, shapes_jobs
from antiphon.studio.joblist import INTERRUPTED
from antiphon.studio.jobs import label
from antiphon.studio.router import _refusal

ROOT = Path(antiphon.__file__).parent
ROOMS = ("studio", "compose", "io", "music", "generate", "render", "evaluate", "recipes")
CHECKER = {f"request.{name}" for name in ("least", "most", "above", "integer", "number", "text", "required", "unknown", "short",
                                          "long", "few", "many", "pattern")}  # fmt: skip
"""Said by the library that checks requests; the test with real requests below knows them."""
MADE = {"did.infill", "did.vary_bars", "did.restyle", "did.arrange", "train.gain"}
"""Put together from pieces; tested by the functions that do so."""
SAMPLES = {None: "violin 2", "#": "12.5", "w": "word", "key": "Bb minor", "?": "s", "!r": "'jazz'"}


@cache
def said() -> frozenset[str]:
    """All texts of the package, the values of f-strings as {} or, quoted, {!r}."""
    found = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name in ("sentences.py", "sentences_music.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    found.add("".join(_part(part) for part in node.values))
    return frozenset(found)


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "{!r}" if isinstance(part, ast.FormattedValue) and part.conversion == ord("r") else "{}"


def plain(template: str) -> str:
    """A template with its values as `said` has them."""
    return phrases._VALUE.sub(lambda m: "{!r}" if m[3] else "{}", template)


def filled(template: str) -> str:
    """A template with something of its kind for every value."""
    return phrases._VALUE.sub(lambda m: SAMPLES[m[3] or m[2]], template)


@pytest.mark.parametrize("code", sorted(phrases.templates()))
def test_each_sentence_is_said_and_found(code: str) -> None:
    template = phrases.templates()[code]
    if code not in CHECKER | MADE and code != "plan.key_why":
        assert plain(template) in said(), "the package says this no more; write in the table what it says now"
    found = phrases.find(filled(template))
    assert found is not None and found["code"] == code and set(found["values"]) == phrases.values_of(template)


def test_every_word_of_the_critics_ear_has_a_code_of_its_own() -> None:
    codes = {phrases.ear_code(name, side) for name in WORDS for side in ("more", "less")}
    assert len(codes) == 2 * len(WORDS) and codes <= phrases.templates().keys()


def test_values_are_named_and_sentences_in_them_found_too() -> None:
    assert phrases.find("Bar 3 of 'lead' 2 is locked; unlock it first.") == {
        "code": "locked.bar",
        "values": {"bar": "3", "role": "'lead' 2"},
    }
    assert phrases.find("There is no style 'jazz'; available: pop, folk.") == {
        "code": "brief.style",
        "values": {"style": "jazz", "list": "pop, folk"},
    }
    crash = "The compose worker ended unexpectedly with code 3; nothing that was saved is lost."
    why = {"text": "ended unexpectedly with code 3", "code": "died.code", "values": {"n": "3"}}
    assert phrases.find(crash) == {"code": "job.died", "values": {"lane": "compose", "why": why}}
    found = phrases.find("no key is clearly heard (key strength 0.31; nine in ten pop pieces: 0.4 to 0.9)")
    assert found is not None and found["values"]["what"]["code"] == "ear.key_strength.less"
    assert found["values"]["whose"] == {"text": "pop pieces", "code": "whose.style", "values": {"style": "pop"}}


def test_what_is_not_known_is_left_out() -> None:
    assert phrases.find("Xyzzy") is None and phrases.find("Cancelled. " * 100) is None
    assert set(phrases.phrases(["Cancelled.", None, "Xyzzy"])) == {"Cancelled."}


def test_jobs_are_known_by_what_they_did() -> None:
    asked = [
        ("compose", {}), ("infill", {"bars": [5, 8]}), ("vary", {"bars": [1, 2]}), ("vary", {}), ("continue", {"bars": 8}),
        ("restyle", {"style": "folk"}), ("arrange", {"ensemble": "duo"}), ("harmonize", {}), ("accompany", {}),
        ("humanize", {}),
    ]  # fmt: skip
    codes = [(phrases.find(label(verb, values)) or {})["code"] for verb, values in asked]
    assert codes == [f"did.{name}" for name in ("compose", "infill", "vary_bars", "vary", "continue", "restyle", "arrange",
                                                "harmonize", "accompany", "humanize")]  # fmt: skip
    assert phrases.find(INTERRUPTED) == {"code": "job.interrupted", "values": {}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"verb": "compose", "brief": {"bars": 0}}, "request.least"),
        ({"verb": "compose", "brief": {"bars": 2000}}, "request.most"),
        ({"verb": "compose", "brief": {"bars": "x"}}, "request.integer"),
        ({"verb": "compose", "brief": {"bars": 1.5}}, "request.integer"),
        ({"verb": "compose", "brief": {"tempo": "x"}}, "request.number"),
        ({"verb": "compose", "brief": {"key": 3}}, "request.text"),
        ({"verb": "infill"}, "request.required"),
        ({"verb": "compose", "tempo": 3}, "request.unknown"),
        ({"verb": "compose", "brief": {"text": "x" * 2001}}, "request.long"),
        ({"verb": "accompany", "add": []}, "request.few"),
        ({"verb": "judge", "take": "x"}, "request.pattern"),
    ],
)
def test_refused_fields_are_told_by_code(body: dict[str, object], code: str) -> None:
    shape = next(s for s in shapes_jobs.ProjectJob.__args__ if s.model_fields["verb"].annotation.__args__[0] == body["verb"])
    with pytest.raises(ValidationError) as problem:
        TypeAdapter(shape).validate_json(json.dumps(body), strict=True)
    found = phrases.find(_refusal(problem.value).message)
    assert found is not None and found["code"] == "request.field" and found["values"]["why"]["code"] == code


@given(st.text(max_size=700))
def test_no_text_is_too_strange(text: str) -> None:
    for code in ("file.empty", "edit.no_track", "reason.ear", "plan.two_wishes"):
        template = phrases.templates()[code]
        sentence = phrases._VALUE.sub(lambda _: text, template)
        found = phrases.find(sentence)
        assert found is None or re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)+", found["code"])
