"""Top-k and repetition penalty as wishes: from options, files, sentences and plans to the request; who cannot, refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import antiphon
from antiphon.cli.main import main
from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.compose import compose, find_generator
from antiphon.compose.document import document, from_document, read_wishes, words
from antiphon.compose.manifest import manifest
from antiphon.compose.plan import plan
from antiphon.compose.plan_file import brief_of, plan_document
from antiphon.compose.schema import BRIEF, PLAN, check
from antiphon.compose.sentence import read_sentence
from antiphon.errors import BriefError
from conftest import FakeGenerator

ASKED = {"top_k": 8, "repetition_penalty": 2.5}


@pytest.fixture
def narrowing(fake: FakeGenerator) -> FakeGenerator:
    """The fake generator, which says that it obeys both."""
    fake.description = replace(fake.description, narrows=True)
    return fake


def test_both_reach_the_request_and_the_manifest(narrowing: FakeGenerator) -> None:
    piece = antiphon.compose("8 bars", seed=1, takes=2, top_k=8, repetition_penalty=2.5, generator=narrowing)
    assert [(r.top_k, r.repetition_penalty) for r in narrowing.asked] == [(8, 2.5)]
    told = manifest(piece)
    assert {name: told["brief"][name] for name in ASKED} == ASKED
    assert {name: told["plan"][name] for name in ASKED} == ASKED


def test_not_asked_they_are_off_and_not_spoken_of(narrowing: FakeGenerator) -> None:
    piece = compose(read_brief(seed=1, bars=4, takes=1), narrowing)
    assert [(r.top_k, r.repetition_penalty) for r in narrowing.asked] == [(0, 1.0)]
    told = manifest(piece)
    assert not ASKED.keys() & (told["brief"].keys() | told["plan"].keys())


def test_a_brief_is_read_as_it_is_written() -> None:
    brief = read_brief(seed=1, top_k=8, repetition_penalty=2.5)
    again = json.loads(json.dumps(document(brief)))
    check(again, BRIEF, "The brief")
    assert from_document(again) == brief
    assert words(brief) == "top-k 8, repetition penalty 2.5"
    assert from_document({"seed": 1, "top_k": 8.0}).top_k == 8


def test_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "brief.toml").write_text("top_k = 8\nrepetition_penalty = 2.5\n")
    assert read_wishes(tmp_path / "brief.toml") == ASKED


@pytest.mark.parametrize(
    "sentence",
    [
        "calm, top-k 8, repetition penalty 2.5",
        "repetition penalty of 2.5 and top k = 8, calm",
        "calm topk:8 repetition penalty: 2.5",
    ],
)
def test_in_a_sentence(sentence: str) -> None:
    said = read_sentence(sentence)
    assert said.wishes == {"mood": "calm", **ASKED}
    assert not said.unknown


def test_a_plan_keeps_them(narrowing: FakeGenerator) -> None:
    brief = read_brief(seed=1, bars=8, top_k=8, repetition_penalty=2.5)
    told = plan_document(plan(brief, narrowing.description), brief, narrowing.description)
    check(told, PLAN, "The plan")
    again = brief_of(told)
    assert (again.top_k, again.repetition_penalty) == (8, 2.5)


@pytest.mark.parametrize("asked", [{"top_k": 3}, {"repetition_penalty": 2.0}])
def test_a_model_that_cannot_is_not_asked(asked: dict[str, float], fake: FakeGenerator) -> None:
    told = "Model 'fake' obeys no top-k and no repetition penalty; leave them out or choose a sequence model."
    with pytest.raises(BriefError) as caught:
        compose(read_brief(seed=1, **asked), fake)  # type: ignore[arg-type]
    assert str(caught.value) == told and not fake.asked
    assert compose(read_brief(seed=1, bars=2, takes=1, top_k=0, repetition_penalty=1.0), fake).score.note_count


def test_a_style_is_asked_of_its_sequence_model() -> None:
    for brief in (Brief(1, style="pop", top_k=3), Brief(1, repetition_penalty=2.5)):
        assert find_generator(brief).description.kind == "transformer" and find_generator(brief).description.narrows


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        (["--top-k", "-1"], "The top-k must be 0 to 1000, not -1."),
        (["--top-k", "1001"], "The top-k must be 0 to 1000, not 1001."),
        (["--repetition-penalty", "0.9"], "The repetition penalty must be 1 to 100, not 0.9."),
        (["--repetition-penalty", "nan"], "The repetition penalty must be 1 to 100, not nan."),
    ],
)
def test_wrong_numbers_end_in_one_sentence(
    wishes: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["compose", "-o", str(tmp_path / "song"), *wishes])
    assert end.value.code == 2
    assert capsys.readouterr() == ("", f"antiphon: {word}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_model_obeys_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wishes = ["--style", "folk", "--bars", "4", "--takes", "1", "--key", "G", "--tempo", "100", "--form", "A4", "--top-k", "1"]
    found = []
    for seed in ("1", "2"):
        with pytest.raises(SystemExit) as end:
            main(["compose", *wishes, "--seed", seed, "--no-audio", "--quiet", "-o", str(tmp_path / seed)])
        assert (end.value.code or 0, capsys.readouterr().err) == (0, "")
        score = antiphon.read(tmp_path / seed / "piece.mid")
        found.append([track.notes["pitch"].tolist() for track in score.tracks])
    assert found[0] == found[1] and any(found[0])  # of one option each there is one piece
