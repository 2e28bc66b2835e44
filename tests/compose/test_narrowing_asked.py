"""Top-k and repetition penalty as wishes: from options, files, sentences and plans to the request; who cannot, refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from filling_generator import POP, FillingGenerator

import antiphon
from antiphon.cli.main import main
from antiphon.compose.answer import Answer
from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.compose import compose, find_generator
from antiphon.compose.document import document, from_document, read_wishes, words
from antiphon.compose.manifest import manifest
from antiphon.compose.plan import plan
from antiphon.compose.plan_file import brief_of, plan_document
from antiphon.compose.schema import BRIEF, PLAN, check
from antiphon.compose.sentence import read_sentence
from antiphon.errors import BriefError
from antiphon.music.score import Score, Track, notes_array
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


def test_a_model_may_have_a_penalty_of_its_own_and_a_wish_goes_before_it(narrowing) -> None:  # type: ignore[no-untyped-def]
    narrowing.description = replace(narrowing.description, penalty=2.0)
    for asked, used in ((None, 2.0), (1.0, 1.0), (2.5, 2.5)):
        compose(read_brief(seed=1, bars=2, takes=1, repetition_penalty=asked), narrowing)
        assert narrowing.asked[-1].repetition_penalty == used


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


def tune() -> Score:
    """Four bars of a melody over a held piano chord."""
    melody = [(i * 480, 480, (60, 62, 64, 67)[i % 4] + 12, 80) for i in range(16)]
    piano = [(bar * 1920, 1920, pitch, 60) for bar in range(4) for pitch in (48, 52, 55)]
    return Score(480, (Track("melody", 0, notes=notes_array(melody)), Track("piano", 0, notes=notes_array(piano))))


VERBS: dict[str, Callable[..., Answer]] = {
    "infill": lambda **asked: antiphon.infill(tune(), bars=(2, 3), **asked),
    "vary": lambda **asked: antiphon.vary(tune(), amount=0.5, **asked),
    "continue": lambda **asked: antiphon.continue_(tune(), bars=2, **asked),
    "harmonize": lambda **asked: antiphon.harmonize(tune(), **asked),
    "accompany": lambda **asked: antiphon.accompany(tune(), add=("bridge",), **asked),
    "restyle": lambda **asked: antiphon.restyle(tune(), style="pop", **asked),
    "interpolate": lambda **asked: antiphon.interpolate(tune(), tune(), steps=3, **asked),
}


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_on_a_piece_ask_for_both_and_say_so(verb: str) -> None:
    writer = FillingGenerator("pop", POP)
    writer.description = replace(writer.description, narrows=True)
    answer = VERBS[verb](seed=1, takes=1, temperature=0.9, generator=writer, **ASKED)
    assert all((r.top_k, r.repetition_penalty) == (8, 2.5) for r in writer.asked)
    assert bool(writer.asked) or verb == "interpolate"  # pieces that are the same have no joint to write
    assert {name: answer.asked[name] for name in ("temperature", *ASKED)} == {"temperature": 0.9, **ASKED}


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_whose_writer_cannot_refuse(verb: str) -> None:
    writer = FillingGenerator("pop", POP)
    with pytest.raises(BriefError, match="obeys no top-k and no repetition penalty"):
        VERBS[verb](seed=1, generator=writer, top_k=3)
    assert not writer.asked
    plain = VERBS[verb](seed=1, takes=1, generator=writer, top_k=0, repetition_penalty=1.0)
    assert not ASKED.keys() & plain.asked.keys()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"top_k": -1}, "The top-k must be 0 to 1000, not -1."),
        ({"repetition_penalty": 101.0}, "The repetition penalty must be 1 to 100, not 101."),
        ({"repetition_penalty": float("nan")}, "The repetition penalty must be 1 to 100, not nan."),
    ],
)
def test_wrong_numbers_are_refused_by_verbs_too(asked: dict[str, float], told: str) -> None:
    with pytest.raises(BriefError) as caught:
        VERBS["vary"](seed=1, generator=FillingGenerator("pop", POP), **asked)
    assert str(caught.value) == told


def test_parts_made_by_rule_cannot_be_narrowed() -> None:
    with pytest.raises(BriefError, match="obeys no top-k"):
        antiphon.accompany(tune(), add=("drums",), seed=1, top_k=3)


def test_the_shipped_model_obeys_a_verb_on_the_command_line(tmp_path: Path) -> None:
    antiphon.write(tune(), tmp_path / "tune.mid")
    found = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.mid"
        with pytest.raises(SystemExit) as end:
            main(["infill", str(tmp_path / "tune.mid"), "--bars", "2", "--tracks", "melody", "--style", "pop", "--takes", "1",
                  "--top-k", "1", "--repetition-penalty", "1.5", "--seed", seed, "--quiet", "-o", str(out)])  # fmt: skip
        assert (end.value.code or 0) == 0
        found.append(antiphon.read(out).tracks[0].notes["pitch"].tolist())
    assert found[0] == found[1]
