"""Plans as files: written for people, obeyed when read, and refused with the name of the field that is wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.brief import read_brief
from antiphon.compose.compose import compose
from antiphon.compose.plan import explicit, plan
from antiphon.compose.plan_file import brief_of, plan_document, plan_text, read_plan
from antiphon.compose.schema import PLAN, check
from antiphon.errors import BriefError
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.harmony import Key
from conftest import FakeGenerator

FAKE = FakeGenerator()


def written(**wishes: object) -> dict[str, Any]:
    """A plan document with everything decided."""
    brief = read_brief(seed=9, takes=1, **wishes)  # type: ignore[arg-type]
    made = explicit(plan(brief, FAKE.description), brief, FAKE.description)
    told = plan_document(made, brief, FAKE.description)
    check(told, PLAN, "The plan")
    return json.loads(plan_text(told))  # type: ignore[no-any-return]


def test_a_plan_says_everything() -> None:
    told = written(bars=16, key="A minor", mood="sad")
    assert told["form"] == [{"phrase": p, "bars": 4} for p in "AABA"]
    assert len(told["harmony"]) == len(told["energy"]) == 16
    assert told["harmony"][:3] == told["harmony"][4:7]
    assert told["harmony"][15] == "Am"
    assert told["density"] is None
    assert [t["role"] for t in told["tracks"]] == ["melody", "bridge", "piano"]
    assert 60 <= told["tempo"] <= 76


def test_a_plan_as_written_is_a_brief_of_the_same_plan() -> None:
    for wishes in (
        {}, {"seconds": 31.5}, {"seconds": 31.0, "tempo": 120.0}, {"chords": "C G/B | N.C. | F", "form": "AABA"},
        {"instruments": "violin, piano", "ranges": "melody=C4-C6", "silences": "piano in intro", "intro": 2, "bars": 10},
        {"polyphony": "piano=2", "track_density": "melody=0.5", "meter": "3/4", "density": [0.2, 0.7]},
        {"arousal": [0.2, 0.9], "valence": 0.8}, {"key": "C", "strict": True},
    ):  # fmt: skip
        told = written(**wishes)
        again = brief_of(copy.deepcopy(told))
        made = plan(again, FAKE.description)
        found = plan_document(made, again, FAKE.description)
        changing = {"decisions", "brief", "seconds"}  # what was decided is asked for now; a length may be said by the tempo
        assert {k: v for k, v in found.items() if k not in changing} == {k: v for k, v in told.items() if k not in changing}
        assert made.request.bars == told["bars"]
        assert made.request.tempo == pytest.approx(told["tempo"])


def test_an_edited_plan_is_obeyed(tmp_path: Path) -> None:
    told = written(bars=8)
    told |= {"key": "D major", "tempo": 100, "harmony": ["D", "A/C#", "Bm", "G"] * 2, "energy": [0.2] * 4 + [0.8] * 4}
    told["tracks"][2] |= {"rests": ["1-2"], "instrument": "harp", "range": "C2-C6"}
    file = tmp_path / "plan.json"
    file.write_text(plan_text(told), encoding="utf-8")
    piece = compose(read_plan(file), FAKE)
    assert bar_count(piece.score) == 8
    assert piece.score.keys[0].key == Key(2)
    assert [str(m.chord) for m in piece.score.chords[:4]] == ["D", "A/C#", "Bm", "G"]
    harp = next(t for t in piece.score.tracks if t.name == "piano")
    assert harp.program == 46
    assert min(n.onset for n in harp) >= 2 * 1920
    assert all(wish.kept for wish in piece.wishes if wish.name not in ("key", "range")), piece.wishes
    assert piece.seed == 9


def test_seconds_of_a_plan_are_met() -> None:
    piece = compose(brief_of(written(seconds=45.0, tempo=90.0, meter="3/4")), FAKE)
    assert duration_seconds(piece.score) == pytest.approx(45, abs=0.01)


def test_the_plan_of_a_manifest_is_read(tmp_path: Path) -> None:
    told = written(bars=4)
    (tmp_path / "manifest.json").write_text(
        json.dumps({"manifest": 1, "brief": told["brief"], "plan": {k: v for k, v in told.items() if k != "brief"}})
    )
    assert read_plan(tmp_path / "manifest.json") == brief_of(told)


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        ({"bars": 0}, "bars must be 1"),
        ({"bars": 9}, "form has 8 bars, but the piece has 9"),
        ({"form": None, "energy": [0.5]}, "energy has 1 entries, but the piece has 8 bars"),
        ({"harmony": ["C"] * 7}, "harmony has 7 entries"),
        ({"harmony": ["C"] * 7 + ["Q9"]}, "harmony of bar 8"),
        ({"harmony": ["C | G"] * 8}, "harmony of bar 1"),
        ({"energy": [2] * 8}, "energy, entry 1, must be 0 to 1"),
        ({"key": "H"}, "is not a key"),
        ({"meter": "5"}, "is not a meter"),
        ({"tempo": "fast"}, "tempo must be a number or null"),
        ({"tempo": 60, "seconds": 3}, "bars at tempo 60 last 32 seconds"),
        ({"tracks": [{"role": "melody", "rests": ["1-99"]}]}, "do not lie within the 8 bars"),
        ({"tracks": [{"role": "melody", "rests": ["x"]}]}, "no stretch of bars"),
        ({"tracks": [{"role": "melody", "instrument": "kazoo-thing"}]}, "no instrument"),
        ({"tracks": [{"name": "melody"}]}, "lacks 'role'"),
        ({"trakcs": []}, "did you mean 'tracks'"),
        ({"form": [{"phrase": "AB", "bars": 8}]}, "phrase is too long"),
        ({"plan": 2}, "plan must be one of 1"),
    ],
)
def test_a_wrong_field_is_named(edit: dict[str, Any], word: str) -> None:
    with pytest.raises(BriefError, match=r"^[^\n]+$") as caught:
        brief_of({**written(bars=8), **edit})
    assert word in str(caught.value)


def test_a_file_without_a_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BriefError, match="holds no plan"):
        read_plan(tmp_path / "x.json")


JUNK = (
    st.none()
    | st.integers(-3, 300)
    | st.floats()
    | st.text(max_size=8)
    | st.lists(st.text(max_size=3) | st.integers(), max_size=3)
)
BASE = written(bars=4)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(BASE)), JUNK, min_size=1, max_size=3))
def test_any_edit_is_understood_or_refused(edit: dict[str, Any]) -> None:
    try:
        plan(brief_of({**copy.deepcopy(BASE), **edit}), FAKE.description)
    except BriefError as error:
        assert "\n" not in str(error)


def test_a_plan_by_style_stays_one_and_a_plan_by_model_too() -> None:
    """So that the snapshot that leads in a style is asked again, and not the style's own."""
    assert brief_of(written() | {"model": "pop"}).style == "pop"
    assert brief_of(written() | {"model": "pop"}).model is None
    assert brief_of(written() | {"model": "pop-grid"}).model == "pop-grid"
    assert brief_of(written(model="pop")).model == "pop"
