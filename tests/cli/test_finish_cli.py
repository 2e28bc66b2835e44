"""antiphon arrange and antiphon humanize: files of every kind in and out, lists, one-sentence refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

import antiphon
from antiphon.cli.main import main
from antiphon.music.score import Score, Track, notes_array


@pytest.fixture
def song(tmp_path: Path) -> Path:
    tune = [(480 * i, 480, 67 + (i * 2) % 9, 80) for i in range(32)]
    chords = [(1920 * b, 1920, p + b % 3, 70) for b in range(8) for p in (48, 60, 64)]
    score = Score(480, (Track("melody", 0, False, notes_array(tune)), Track("piano", 0, False, notes_array(chords))))
    path = tmp_path / "song.mid"
    antiphon.write(score, path)
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return int(end.value.code or 0)


@pytest.mark.parametrize("suffix", [".mid", ".musicxml", ".mxl", ".abc"])
def test_arrange_and_humanize_write_every_format(song: Path, tmp_path: Path, suffix: str) -> None:
    quartet, played = tmp_path / f"quartet{suffix}", tmp_path / f"played{suffix}"
    assert run("arrange", song, "--tracks", "string-quartet", "-o", quartet) == 0
    players = 1 if suffix == ".abc" else 4
    assert len(antiphon.read(quartet).tracks) == players
    assert run("humanize", quartet, "-o", played, "--seed", 3) == 0
    assert len(antiphon.read(played).tracks) == players


def test_arrange_tells_what_it_did(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("arrange", song, "-t", "flute,cello,drums", "-o", tmp_path / "out.mid") == 0
    said = capsys.readouterr().out
    assert "Arranged for flute, cello, drums." in said and "The drummer rests" in said


def test_arrange_lists_ensembles(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("arrange", "--list") == 0
    assert "string-quartet" in capsys.readouterr().out


def test_humanize_keeps_what_is_fixed(song: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    assert run("humanize", song, "-o", out, "--keep", "melody", "--keep-bars", "1-2, 5", "--swing", "auto") == 0
    before, after = antiphon.read(song), antiphon.read(out)
    assert after.tracks[0] == before.tracks[0]
    assert after.tracks[1] != before.tracks[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("arrange", "song.mid", "-t", "kazoo", "-o", "out.mid"), "no ensemble 'kazoo'"),
        (("arrange", "none.mid", "-t", "piano", "-o", "out.mid"), "There is no file"),
        (("humanize", "song.mid", "-o", "out.mid", "--swing", "much"), "number from 0 to 1"),
        (("humanize", "song.mid", "-o", "out.mid", "--amount", "7"), "amount must be 0 to 2"),
        (("humanize", "song.mid", "-o", "out.mid", "--keep", "flute"), "no track 'flute'"),
        (("humanize", "song.mid", "-o", "out.mid", "--keep-bars", "x"), "no stretch of bars"),
        (("humanize", "song.mid", "-o", "out.xyz"), "of no kind that can be written"),
    ],
)
def test_wrong_wishes_get_one_sentence(
    song: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = [str(tmp_path / a) if "." in a and not a.startswith("-") else a for a in arguments]
    assert run(*placed) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
    assert not (tmp_path / "out.mid").exists()
