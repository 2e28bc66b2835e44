"""antiphon compose with the shipped model, end to end: a whole folder, the same again by its seed, refusals in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import antiphon
from antiphon.cli.main import main
from antiphon.generate.load import load, shipped
from antiphon.generate.request import Request
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.harmony import Key


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of `antiphon compose`."""
    with pytest.raises(SystemExit) as end:
        main(["compose", *(str(a) for a in arguments)])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_a_piece_is_made_and_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song, again = tmp_path / "song", tmp_path / "again"
    code, said, err = run("-o", song, "--bars", 4, "--takes", 2, "--format", "wav", capsys=capsys)
    assert (code, err) == (0, "")
    told = json.loads((song / "manifest.json").read_bytes())
    assert f"seed {told['seed']}" in said
    assert f"Listen: {song / 'piece.wav'}" in said
    assert {p.relative_to(song).as_posix() for p in song.rglob("*") if p.is_file()} == set(told["files"])
    assert {wish["name"]: wish["kept"] for wish in told["wishes"]}["bars"]
    code, said, _ = run("-o", again, "--bars", 4, "--takes", 2, "--seed", told["seed"], "--json", capsys=capsys)
    assert code == 0
    assert json.loads(said) == json.loads((again / "manifest.json").read_bytes())
    assert (again / "piece.mid").read_bytes() == (song / "piece.mid").read_bytes()
    assert (again / "piece.musicxml").read_bytes() == (song / "piece.musicxml").read_bytes()
    kept = next(take["take"] for take in told["takes"] if take["kept"])
    assert (song / "takes" / f"take-{kept + 1:02}.mid").read_bytes() == (song / "piece.mid").read_bytes()
    assert len(list((song / "takes").iterdir())) == 2


def test_sound_may_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, err = run("-o", tmp_path, "--style", "folk", "--bars", 2, "--takes", 1, "--no-audio", capsys=capsys)
    assert (code, err) == (0, "") and f"Written: {tmp_path}" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["manifest.json", "piece.mid", "piece.musicxml", "roll.png"]


def test_wishes_reach_the_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wishes = ["--seconds", 9, "--chords", "Am F", "--key", "A minor", "--tracks", "melody,piano", "--takes", 1, "--seed", 5]
    code, said, err = run("-o", tmp_path / "song", *wishes, "--quiet", capsys=capsys)
    assert (code, said, err) == (0, "", "")
    score = antiphon.read(tmp_path / "song" / "piece.mid")
    assert abs(duration_seconds(score) - 9) <= 0.01
    assert {t.name for t in score.tracks} <= {"melody", "piano"}
    assert score.keys[0].key == Key(9, minor=True)
    assert [str(mark.chord) for mark in score.chords[:2]] == ["Am", "F"]
    told = json.loads((tmp_path / "song" / "manifest.json").read_bytes())
    assert {wish["name"] for wish in told["wishes"]} == {"bars", "range", "seconds", "key", "chords", "tracks"}


@pytest.mark.parametrize("style", antiphon.available())
def test_every_shipped_style_composes_and_describes_itself(style: str) -> None:
    generator = load(style)
    model = generator.description
    assert model.style == style
    assert len(model.digest) == 64
    piece = antiphon.compose(style=style, bars=2, takes=1, seed=3)
    assert bar_count(piece.score) == 2
    assert piece.score.note_count > 0
    assert {t.name for t in piece.score.tracks} <= set(model.roles)
    assert {"data", "scores"} <= model.card.keys()


def test_takes_do_not_depend_on_each_other() -> None:
    generator = load("pop")
    request = Request(2, key=Key(0), tempo=100)
    together = generator.write(request, [11, 12, 13])
    assert [generator.write(request, [seed])[0].score for seed in (11, 12, 13)] == [take.score for take in together]


def test_pop_is_shipped() -> None:
    assert "pop" in antiphon.available()


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        (["--style", "gamelan"], "There is no style 'gamelan'; available: "),
        (["--bars", "10000"], "not 10000"),
        (["--meter", "13/16"], "not 13/16"),
        (["--tracks", "melody,theremin"], "not theremin"),
        (["--model", "missing"], "missing"),
        (["--model", "{empty}"], "snapshot"),
        (["--style", "polka", "--model", "pop"], "not 'polka'"),
        (["--chords", "C G", "--bars", "1"], "the piece only 1"),
        (["--bars", "256", "--seconds", "3"], "would need a tempo"),
    ],
)
def test_what_the_model_cannot_do_is_one_sentence_and_what_was_there_stays(
    wishes: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "song").mkdir()
    (tmp_path / "song" / "piece.mid").write_text("older")
    code, said, err = run("-o", tmp_path / "song", *(w.format(empty=tmp_path / "empty") for w in wishes), capsys=capsys)
    assert (code, said) == (2, "")
    assert err.startswith("antiphon: ")
    assert err.count("\n") == 1
    assert word in err
    assert [p.name for p in (tmp_path / "song").iterdir()] == ["piece.mid"]
    assert (tmp_path / "song" / "piece.mid").read_text() == "older"


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["models"])
    assert not end.value.code
    listed = capsys.readouterr().out
    assert all(f"style {style}" in listed for style in antiphon.available())
    with pytest.raises(SystemExit):
        main(["models", "--json"])
    assert len(json.loads(capsys.readouterr().out)) == len(shipped())
