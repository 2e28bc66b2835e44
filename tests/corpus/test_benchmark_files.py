"""Tests of the benchmark data as plain arrays: MATLAB 5 files against another reader, damaged files, wrong shapes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.corpus.benchmarks import chorale_grids, count, key_rolls
from antiphon.corpus.matfile import cells_of
from antiphon.errors import AntiphonError, FormatError, InputError


def mat_bytes(sizes: tuple[int, ...], compressed: bool, seed: int = 0) -> tuple[bytes, dict[str, list[np.ndarray]]]:
    """A file as the polyphonic sets come in: three cell arrays of binary matrices."""
    rng = np.random.default_rng(seed)
    cells, plain = {}, {}
    for name in ("traindata", "validdata", "testdata"):
        plain[name] = [(rng.random((n, 88)) < 0.05).astype(np.uint8) for n in sizes]
        array = np.empty((1, len(sizes)), dtype=object)
        for i, m in enumerate(plain[name]):
            array[0, i] = m
        cells[name] = array
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, cells | {"note": np.arange(3)}, do_compression=compressed)
    return buffer.getvalue(), plain


@pytest.mark.parametrize("compressed", [False, True])
def test_a_mat_file_is_read_as_it_was_written(tmp_path: Path, compressed: bool) -> None:
    data, plain = mat_bytes((1, 7, 30), compressed)
    path = tmp_path / "Nottingham.mat"
    path.write_bytes(data)
    found = cells_of(path)
    assert set(found) == set(plain)
    for name, cells in plain.items():
        assert all(np.array_equal(a, b) for a, b in zip(found[name], cells, strict=True))
    rolls = key_rolls(tmp_path, "nottingham")
    assert count(rolls) == dict.fromkeys(("train", "valid", "test"), (3, 38))
    assert rolls["test"][1].dtype == np.int64
    with pytest.raises(InputError, match=r"no MuseData\.mat"):
        key_rolls(tmp_path, "muse")
    with pytest.raises(InputError, match="choose one of jsb, nottingham"):
        key_rolls(tmp_path, "bach")


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), cut=st.integers(0, 10**6), whole=st.booleans())
def test_a_damaged_mat_file_ends_in_one_sentence(place: int, value: int, cut: int, whole: bool) -> None:
    data, _ = mat_bytes((2, 3), compressed=False)
    broken = bytearray(data)
    broken[place % len(data)] = value
    content = bytes(broken) if whole else bytes(broken[: cut % len(data)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: content)
        patch.setattr(Path, "is_file", lambda self: True)
        try:
            key_rolls(Path("x.mat"), "jsb")
        except AntiphonError as error:
            assert "\n" not in str(error)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "JSB_Chorales.mat"
    path.write_bytes(b"MThd" + bytes(300))
    with pytest.raises(FormatError, match="not a MATLAB 5 file"):
        key_rolls(tmp_path, "jsb")


def test_chorales_keep_their_voices_and_splits(tmp_path: Path) -> None:
    splits = {"train": [[[72, 67, 64, 48]] * 8], "valid": [[[71, -1, 62, 43]] * 4], "test": [[[60, 57, 53, 41]] * 2]}
    (tmp_path / "Jsb16thSeparated.json").write_text(json.dumps(splits))
    found = chorale_grids(tmp_path)
    assert found["train"][0].shape == (8, 4) and found["valid"][0][0].tolist() == [71, -1, 62, 43]
    assert np.array_equal(chorale_grids(tmp_path / "Jsb16thSeparated.json")["test"][0], found["test"][0])


GOOD = [[[1, 1, 1, 1], [1, 1, 1, 1]]]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        json.dumps({"train": [], "valid": [], "test": []}),
        json.dumps({"train": [[[1, 2, 3]]], "valid": 1, "test": 2}),
        json.dumps({"train": [[[200, 1, 1, 1], [1, 1, 1, 1]]], "valid": GOOD, "test": GOOD}),
    ],
)
def test_wrong_chorales_end_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "Jsb16thSeparated.json").write_text(content)
    with pytest.raises(FormatError):
        chorale_grids(tmp_path)
    with pytest.raises(InputError, match="give the folder"):
        chorale_grids(tmp_path / "nowhere")
