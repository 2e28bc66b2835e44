"""A snapshot is given a critic of its own takes: from music in its meter, at the lengths that there is music of."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from antiphon.cli.main import app
from antiphon.compose.drawings import Choosing
from antiphon.corpus.piece import Piece
from antiphon.errors import InputError
from antiphon.evaluate.realness import FILE, Realness
from antiphon.generate.load import find, load
from antiphon.generate.request import Request
from antiphon.io import files
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Meter, Score, Track, notes_array
from antiphon.recipes.realness import fit_realness


def song(seed: int, bars: int = 8, meter: tuple[int, int] = (4, 4)) -> Score:
    """A melody by steps over fifths."""
    rng, bar = np.random.default_rng(seed), 1920 * meter[0] // meter[1]
    steps = np.cumsum(rng.choice([-1, 1], bars * bar // 480)) % 14
    melody = [(i * 480, 480, 60 + 12 * (int(s) // 7) + (0, 2, 4, 5, 7, 9, 11)[int(s) % 7], 90) for i, s in enumerate(steps)]
    piano = [(b * bar, bar, pitch, 60) for b in range(bars) for pitch in (48, 55)]
    tracks = (Track("melody", 24, notes=notes_array(melody)), Track("piano", 0, notes=notes_array(piano)))
    return Score(480, tracks, meters=(Meter(0, *meter),), keys=(KeyMark(0, Key(0)),), length=bars * bar)


def test_a_critic_is_fitted_to_takes_and_music_of_its_meter() -> None:
    writer, told = load("pop-grid"), list[str]()
    pieces = [Piece(song(i), f"s/{i}", f"{i}.mid", "train") for i in range(24)]
    waltzes = [Piece(song(i, meter=(3, 4)), f"w/{i}", f"w{i}.mid", "train") for i in range(24)]
    held = [Piece(song(99), "s/99", "99.mid", "valid")]
    critic = fit_realness(writer, [*pieces, *waltzes, *held], ((4, 24), (32, 24)), told.append)
    assert set(critic.lengths) == {4} and critic.roles == writer.description.roles
    assert any(said.startswith("left out: 32 bars, as only 0 pieces") for said in told)
    assert "fitting to 24 stretches of takes and 48 of music" in told
    assert critic.lengths[4].right > 0.8  # nothing like such songs is among the takes
    new = [song(200 + i) for i in range(5)]
    assert min(critic.ratios(new)) > max(critic.ratios([t.score for t in writer.write(Request(4), range(5))]))
    with pytest.raises(InputError, match="at least 20 pieces"):
        fit_realness(writer, waltzes, ((4, 24),))


def test_the_command_puts_it_into_the_snapshot(tmp_path: Path) -> None:
    snapshot, music = tmp_path / "model", tmp_path / "music"
    shutil.copytree(find("pop-grid").folder, snapshot)
    (snapshot / FILE).unlink()
    music.mkdir()
    for i in range(40):
        files.save(song(i, bars=9), music / f"{i}.mid")
    done = CliRunner().invoke(app, ["critic", "fit", str(snapshot), "--data", str(music), "--share", "0.01"])
    assert done.exit_code == 0, done.output
    assert "told apart" in done.output and set(Realness.load(snapshot / FILE).lengths) == {8}
    kept = Choosing(load(str(snapshot)), 2).write(Request(8), [1])
    assert kept[0].score.note_count
