"""The command line: help and version, thin verbs, and one sentence with exit code 2 for all that a user can get wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import antiphon
from antiphon.cli import compose
from antiphon.cli.main import main
from antiphon.cli.summary import model_text, short, summary
from antiphon.compose.brief import MOODS
from antiphon.io import files
from antiphon.music.score import Score, Track


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """A MIDI file of two bars."""
    score = Score(480, (Track("melody", 0, False, [(480 * i, 460, 60 + i, 80) for i in range(8)]),), title="Tune")
    files.save(score, tmp_path / "tune.mid")
    return tmp_path / "tune.mid"


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--help", capsys=capsys)
    assert code == 0
    for verb in ("compose", "render", "convert", "picture", "models"):
        assert f"  {verb} " in out
    assert "--install-completion" in out


@pytest.mark.parametrize("verb", ["compose", "render", "convert", "picture", "models"])
def test_every_verb_explains_its_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(verb, "--help", capsys=capsys)
    assert code == 0
    assert "Usage: antiphon" in out


def test_the_help_names_every_mood() -> None:
    assert compose.MOODS.rstrip(".").replace(" or ", ", ").split(", ") == sorted(MOODS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version", capsys=capsys)[:2] == (0, f"antiphon {antiphon.__version__}\n")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom antiphon.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    print(*sys.modules)"
    )
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert loaded & {"numpy", "torch", "onnxruntime", "PIL", "symusic", "soundfile", "pydantic"} == set()


def test_python_dash_m(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "antiphon", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"antiphon {antiphon.__version__}\n"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--bars", "0"], "at least one bar"),
        (["--key", "H major"], "'H major' is not a key"),
        (["--chords", "Am Qq"], "'Qq' is not a chord"),
        (["--mood", "hungry"], "There is no mood 'hungry'"),
        (["--meter", "4"], "'4' is not a meter"),
        (["--tempo", "1"], "The tempo must be 20 to 320, not 1."),
        (["--seconds", "-3"], "The length in seconds must be"),
        (["--takes", "0"], "The number of takes"),
        (["--temperature", "9"], "The temperature must be"),
        (["--seed", "-1"], "The seed must be"),
        (["--format", "aiff"], "There is no audio format 'aiff'; available: flac, wav, ogg, mp3."),
        (["--soundfont", "missing.sf2"], "There is no SoundFont at missing.sf2"),
        (["--tracks", ","], "No track is named"),
        (["--bars", "8", "--seconds", "20", "--tempo", "90"], "two of them fix the third"),
    ],
)
def test_wrong_wishes_end_in_one_sentence(
    options: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("compose", "-o", tmp_path / "song", *options, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("antiphon: ")
    assert err.count("\n") == 1
    assert word in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["compose", "a song", "another"],
        ["compose", "-o", "x", "--bars", "many"],
        ["compose", "-o", "x", "--loud"],
        ["decompose"],
        ["render", "x.mid"],
        ["convert", "x.mid"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(*arguments, capsys=capsys)
    assert code == 2
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["render", "missing.mid", "-o", "x.flac"],
        ["convert", "missing.mid", "x.mid"],
        ["convert", "{tune}", "x.docx"],
        ["picture", "missing.mid", "-o", "x.png"],
        ["picture", "{tune}", "-o", "x.gif"],
        ["picture", "{tune}", "-o", "x.png", "--width", "5"],
        ["picture", "{tune}", "-o", "missing/x.png"],
        ["render", "{tune}", "-o", "x.flac", "--soundfont", "missing.sf2"],
        ["render", "{tune}", "-o", "x.doc"],
        ["render", "{tune}", "-o", "missing/x.flac"],
        ["render", "{tune}", "-o", "x.flac", "--soundfont", "{tune}"],
        ["render", "{tune}", "-o", "x.flac", "--stems", "{tune}"],
    ],
)
def test_what_cannot_be_read_or_written_ends_in_one_sentence(
    arguments: list[str], tune: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tune.parent)
    code, out, err = run(*[a.format(tune=tune) for a in arguments], capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("antiphon: ")
    assert err.count("\n") == 1


def test_an_interrupt_ends_with_130_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "load", interrupted)
    code, out, err = run("convert", "a.mid", "b.mid", capsys=capsys)
    assert (code, out) == (130, "")
    assert err.strip() == "antiphon: interrupted."


def test_convert_keeps_the_notes(tune: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("convert", tune, tune.with_name("copy.midi"), capsys=capsys)[0] == 0
    assert files.load(tune.with_name("copy.midi")).tracks == files.load(tune).tracks


def test_picture_draws(tune: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("picture", tune, "-o", tune.with_suffix(".png"), "--width", "700", capsys=capsys)[0] == 0
    with Image.open(tune.with_suffix(".png")) as picture:
        assert picture.width == 700


def test_render_writes_mix_and_stems(tune: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tune.with_suffix(".wav")
    code, said, _ = run("render", tune, "-o", out, "--stems", tune.parent / "stems", capsys=capsys)
    assert (code, said) == (0, f"Wrote {out}.\n")
    mix, rate = antiphon_audio(out)
    stem, _ = antiphon_audio(tune.parent / "stems" / "melody.wav")
    assert rate == 44100
    assert len(mix) > 4 * 44100
    assert np.abs(mix - stem).max() < 1e-3  # one track alone is the mix


def antiphon_audio(path: Path) -> tuple[np.ndarray, int]:
    from antiphon.io import audio

    return audio.read(path)


def test_summaries_say_what_was_not_kept() -> None:
    told = {
        "piece": {"key": "A minor", "meter": "4/4", "tempo": 96.0, "bars": 16, "seconds": 40.0, "title": "Song in A minor"},
        "takes": [{"take": 0, "kept": False}, {"take": 1, "kept": True}],
        "plan": {"decisions": ["16 bars, because no length is asked for."]},
        "wishes": [
            {"name": "key", "asked": "A minor", "measured": {"share_in_key": 0.98765}, "kept": True, "why": "x"},
            {"name": "seconds", "asked": 31, "measured": 32.0, "kept": False, "why": "whole bars"},
        ],
        "model": {"name": "pop"},
        "seed": 7,
        "files": ["piece.mid", "piece.ogg", "piece.musicxml"],
    }
    assert summary(told, Path("song")).split("\n") == [
        "Song in A minor: 4/4, 96 bpm, 16 bars, 40.0 s",
        "  16 bars, because no length is asked for.",
        "  Not kept: seconds: asked 31; came 32 (whole bars).",
        "Model pop, seed 7, take 2 of 2.",
        f"Listen: {Path('song') / 'piece.ogg'}",
    ]


def test_cards_are_told_in_lines() -> None:
    values = {
        "name": "pop", "style": "pop", "kind": "transformer", "tracks": ["melody", "piano"], "meters": ["4/4"],
        "max_bars": 64, "card": {"data": "POP909", "scores": {"nats": 0.51234}, "faults": ["no drums"]},
    }  # fmt: skip
    assert model_text(values).split("\n")[-3:] == ["  data: POP909", "  scores: nats 0.5123", "  faults: no drums"]
    assert short({"a": [1, 2.0], "b": None}) == "a 1, 2, b None"
    assert json.dumps(values)
