"""The judge as a whole: compare, evaluate, report and command; determinism, floors below ceilings, bad input."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from invented_songs import clip_of, clips, song, songs
from onnx import helper

from antiphon.cli.evaluate import evaluate as command
from antiphon.cli.evaluate import read_pieces
from antiphon.errors import InputError, SnapshotError
from antiphon.evaluate import damage, report
from antiphon.evaluate.compare import compare
from antiphon.evaluate.descriptor import Standardiser
from antiphon.evaluate.encoder import Encoder, rolls
from antiphon.evaluate.judge import evaluate
from antiphon.evaluate.reading import read_all, read_mean, sample
from antiphon.evaluate.rules import clip_score, rule_statistics
from antiphon.io import midi
from antiphon.music.score import Score, Track


@pytest.fixture(scope="module")
def result() -> dict:  # type: ignore[type-arg]
    generated = [clip_score(c) for c in damage.random_notes(clips(songs(12, 200)), np.random.default_rng(0))]
    return evaluate(generated, songs(32), train=songs(6, 400), neural=False)


def test_random_notes_are_told_from_music(result: dict) -> None:  # type: ignore[type-arg]
    rows = {r["measure"]: r for r in result["headline"]}
    for name in ("tonal distance", "scale consistency", "Fréchet distance, descriptor", "coverage"):
        assert rows[name]["p_value"] < 0.01, name
    assert rows["two-sample test, ridge"]["value"] > 0.9 > 0.75 > rows["two-sample test, ridge"]["ceiling"]
    assert rows["Fréchet distance, descriptor"]["ceiling"] < rows["Fréchet distance, descriptor"]["random notes"]
    assert rows["Fréchet distance, encoder"]["ceiling"] < rows["Fréchet distance, encoder"]["random notes"]


def test_the_report_is_whole_and_strict_json(result: dict) -> None:  # type: ignore[type-arg]
    files = report.files(result)
    assert set(files) == {"report.md", "report.html", "report.json"}
    assert json.loads(files["report.json"])["bars"] == 8
    page = files["report.html"].decode()
    assert page.count("<svg") > 10 and "http" not in page.replace("http://www.w3.org/2000/svg", "")
    for words in ("Headline measures", "Fréchet distance, encoder", "Originality"):
        assert words in page and words in files["report.md"].decode()


def test_the_same_inputs_give_the_same_bytes() -> None:
    first, second = (report.files(evaluate(songs(6, 50), songs(10), neural=False)) for _ in range(2))
    assert first == second


def test_compare_gives_the_agreed_numbers() -> None:
    found = compare(songs(8, 100), songs(16))
    for name in ("frechet", "kernel", "coverage", "diversity"):
        assert math.isfinite(found[name]) and math.isfinite(found[f"{name} ceiling"])
    assert found["frechet encoder"] >= 0 and len(found["encoder"]) == 12 and 0 <= found["ridge accuracy"] <= 1
    assert len(found["repetition"]["generated"]) == 7
    assert set(found["statistics"]["tonal distance [melody, bass]"]) == {"generated", "reference", "gap in deviations"}
    assert json.dumps(found) == json.dumps(compare(songs(8, 100), songs(16)))


def test_equal_sets_are_not_told_apart_and_copies_are() -> None:
    real, other = sample(clips(songs(30))), sample(clips(songs(30, 100)))
    standard = Standardiser(real.vectors)
    fair = read_all(other, real, standard, neural=False, train=real.vectors)
    assert fair["Fréchet distance, descriptor"].p_value > 0.01 and fair["two-sample test, ridge"].p_value > 0.001
    copies = read_all(real, other, standard, neural=False, train=real.vectors)
    assert copies["data copying"].p_value < 1e-6


def test_a_statistic_reads_by_piece() -> None:
    values, groups = np.array([1.0, 3.0, 10.0]), ["a", "a", "b"]
    reading = read_mean(values, groups, np.array([6.0, 6.0, np.nan]), ["c", "d", "e"])
    assert reading.value == 6.0 and reading.z == 0.0
    assert math.isnan(read_mean(np.array([np.nan]), ["a"], values, groups).value)


def test_one_generated_piece_and_a_tiny_reference_still_give_a_report() -> None:
    found = evaluate([song(1)], songs(2, 5), neural=False)
    assert "ceiling and floors" in found["not available"]
    assert report.files(found)["report.md"].startswith(b"# Evaluation")
    unknown = [r for r in found["headline"] if math.isnan(r["value"])]
    assert unknown and all(math.isnan(r[end]) for r in unknown for end in ("low", "high", "z", "p_value"))
    assert math.isnan({r["measure"]: r for r in found["headline"]}["pitch-class entropy"]["low"])
    found = evaluate([song(1)], songs(6, 5), neural=True)
    assert found["not available"]["two-sample test, network"] == "too few pieces or notes for it"
    assert math.isnan({r["measure"]: r for r in found["headline"]}["two-sample test, network"]["value"])


def test_a_share_of_parallels_needs_moves() -> None:
    still, moving = [(0, 64, 60)], [(i * 4, 4, 60 + i) for i in range(16)]
    octave = [(o, d, p - 12) for o, d, p in moving]
    name = "parallel fifths and octaves, % of moves"
    assert math.isnan(rule_statistics(clip_of(still, [], octave))[name])
    assert rule_statistics(clip_of(moving, [], octave))[name] == 100.0


def test_sets_without_music_are_refused() -> None:
    silent = Score(4, (Track("melody"),))
    with pytest.raises(InputError, match="generated set holds no piece"):
        evaluate([silent], songs(4))
    with pytest.raises(InputError, match="reference set holds no piece"):
        compare(songs(2), [])
    with pytest.raises(InputError, match="fills a window of 64 bars"):
        evaluate(songs(4), songs(4), bars=64)
    with pytest.raises(InputError, match="at least 1"):
        evaluate(songs(4), songs(4), bars=0)


def write(folder: Path, scores: list[Score]) -> Path:
    folder.mkdir(parents=True)
    for i, score in enumerate(scores):
        (folder / f"{i:03}.mid").write_bytes(midi.dumps(score))
    return folder


def test_the_command_writes_the_report_and_names_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generated = write(tmp_path / "generated", [*songs(5, 60), replace(song(1), tracks=())])
    (generated / "broken.mid").write_bytes(b"MThd nonsense")
    real = write(tmp_path / "real", songs(8))
    command(generated, real, tmp_path / "out", bars=8, neural=False)
    told = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert any("broken.mid" in line for line in told["left out"]) and any("silent" in line for line in told["left out"])
    assert "headline measures" in capsys.readouterr().out


def test_folders_without_music_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.mid").write_bytes(b"x")
    for path, words in (
        (tmp_path / "empty", "no music file"),
        (tmp_path / "bad", "can be read"),
        (tmp_path / "no", "no folder"),
    ):
        with pytest.raises(InputError, match=words):
            read_pieces(path)
    file = tmp_path / "one.mid"
    file.write_bytes(midi.dumps(song(1)))
    assert len(read_pieces(file)[0]) == 1


def test_an_encoder_is_versioned_and_refused_when_damaged(tmp_path: Path) -> None:
    bad = tmp_path / "encoder.onnx"
    bad.write_bytes(b"not a graph")
    with pytest.raises(SnapshotError, match="cannot be read"):
        Encoder(bad)
    shape = rolls(clips(songs(2))).shape
    assert shape == (2, 3, 128, 84)


def test_a_small_encoder_gives_features(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["rolls", "axes"], ["features"], keepdims=0)],
        "mean",
        [helper.make_tensor_value_info("rolls", 1, ["n", 3, "t", 84])],
        [helper.make_tensor_value_info("features", 1, ["n", 3])],
        [helper.make_tensor("axes", 7, [2], [2, 3])],
    )
    path = tmp_path / "encoder.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString())
    encoder = Encoder(path)
    some = clips(songs(8))
    assert encoder(some).shape == (8, 3) and len(encoder.version) == 12
    found = compare(songs(6, 30), songs(12), encoder=encoder)
    assert found["encoder"] == encoder.version and math.isfinite(found["frechet encoder"])
