"""Briefs as files: the published schema, what is read back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.document import document, from_document, read_wishes, words
from antiphon.compose.gather import gather
from antiphon.compose.schema import BRIEF, PLAN, check, schema_text
from antiphon.errors import AntiphonError, BriefError, InputError

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schemas_are_those_of_the_code() -> None:
    assert (DOCS / "brief.schema.json").read_text(encoding="utf-8") == schema_text(BRIEF)
    assert (DOCS / "plan.schema.json").read_text(encoding="utf-8") == schema_text(PLAN)


def test_every_example_of_the_schema_is_a_brief() -> None:
    for name, part in BRIEF["properties"].items():
        for example in part.get("examples", []):
            if name != "model":
                assert document(from_document({name: example, "seed": 1}))[name]


CURVES = st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=1, max_size=5)
BRIEFS = st.fixed_dictionaries(
    {"seed": st.integers(0, 2**32 - 1)},
    optional={
        "bars": st.integers(32, 99),
        "key": st.sampled_from(["A minor", "Bb", "F# major"]),
        "tempo": st.integers(40, 200).map(float),
        "meter": st.sampled_from(["3/4", "6/8"]),
        "chords": st.sampled_from(["Am F C G", "C", "C G |", "Dm7 | G7 N.C. | C/E", "I V vi IV", "ii7 V7 |"]),
        "form": st.sampled_from(["AABA", "A16B16", "i4ABo2"]).filter(lambda f: f != "A16B16"),
        "energy": CURVES,
        "density": CURVES,
        "valence": CURVES,
        "arousal": CURVES,
        "instruments": st.sampled_from(["violin, piano", "melody=flute", ["melody=flute", "harp"], {"piano": "harp"}]),
        "ranges": st.just("melody=C4-C6"),
        "polyphony": st.just({"piano": 4}),
        "track_density": st.just("piano=0.5"),
        "silences": st.just("piano in intro; bass in bars 1-4; drums throughout"),
        "tracks": st.just("melody,piano"),
        "strict": st.booleans(),
        "on_conflict": st.sampled_from(["refuse", "key", "chords"]),
        "takes": st.integers(1, 9),
        "temperature": st.just(0.9),
    },
)


@given(BRIEFS)
def test_a_brief_is_read_as_it_is_written(wishes: dict[str, object]) -> None:
    brief = read_brief(**wishes)  # type: ignore[arg-type]
    again = json.loads(json.dumps(document(brief)))
    check(again, BRIEF, "The brief")
    assert from_document(again) == brief
    assert words(brief)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*BRIEF["properties"], "colour"]), JSON, max_size=4))
def test_any_values_are_a_brief_or_refused_in_one_sentence(data: dict[str, object]) -> None:
    try:
        assert isinstance(from_document(data), Brief)
    except BriefError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1500


def test_files(tmp_path: Path) -> None:
    toml = tmp_path / "brief.toml"
    toml.write_text('key = "A minor"\nenergy = [0.2, 0.9]\n[instruments]\nmelody = "violin"\n')
    assert read_wishes(toml) == {"key": "A minor", "energy": [0.2, 0.9], "instruments": {"melody": "violin"}}
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"manifest": 1, "brief": {"seed": 3, "key": "C major"}}))
    assert read_wishes(manifest) == {"seed": 3, "key": "C major"}


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.json", b"{", "is not valid JSON"),
        ("a.toml", b"= 3", "is not valid TOML"),
        ("a.json", b"[1]", "holds no table"),
        ("a.json", b"\xff\xfe\x00", "is not text"),
        ("a.json", b'{"bar": 3}', "did you mean 'bars'"),
        ("a.json", b'{"bars": 3.5}', "bars must be a whole number"),
        ("a.json", b'{"mood": "hangry"}', "mood must be one of"),
        ("a.json", b"[" * 100_000, "is not valid JSON"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AntiphonError, match=r"^[^\n]+$") as caught:
        read_wishes(tmp_path / name)
    assert word in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_wishes(tmp_path / "none.json")


def test_flags_go_before_the_sentence_and_the_sentence_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text('{"tempo": 70, "bars": 8, "key": "C"}')
    brief, remarks = gather("in D minor at 90 bpm, zorgle", file, {"tempo": 111.0, "bars": None, "seed": 5})
    assert (brief.tempo, brief.bars, str(brief.key), brief.seed) == (111.0, 8, "D minor", 5)
    assert remarks == ("Understood: in D minor, 111 bpm, 8 bars.", "Not understood: zorgle.")


def test_a_later_wish_takes_the_place_of_an_earlier_one_in_other_words() -> None:
    assert gather("calm, AABA with an intro", None, {"valence": "0.2", "form": "AB"})[0].mood is None
    assert gather("calm, AABA with an intro", None, {"form": "i2AB"})[0].intro is None
