"""A model's own critic: it tells what it was fitted to tell, free of keys, and comes back from its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import FormatError, InputError
from antiphon.evaluate.clip import cut_clips, named_roles
from antiphon.evaluate.descriptor import describe
from antiphon.evaluate.realness import Realness, at_home, fitted, logistic
from antiphon.music.edit import transpose
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Score, Track, notes_array

ROLES = ("melody",)


def line(seed: int, smooth: bool, bars: int = 4, tonic: int = 0) -> Score:
    """Quarter notes in a major key: by steps, or by leaps."""
    rng = np.random.default_rng(seed)
    scale, at, notes = (0, 2, 4, 5, 7, 9, 11), 14, []
    for beat in range(4 * bars):
        at = int(np.clip(at + rng.choice([-1, 1]) if smooth else rng.integers(7, 22), 7, 21))
        notes.append((beat * 480, 480, 48 + tonic + 12 * (at // 7) + scale[at % 7], 80))
    return Score(480, (Track("melody", 0, notes=notes_array(notes)),), keys=(KeyMark(0, Key(tonic)),), length=bars * 1920)


def vectors(scores: list[Score]) -> np.ndarray:
    roles = named_roles(ROLES)
    return np.array([list(describe(cut_clips(s, 4, roles, "x", 1)[0]).values()) for s in scores])


@pytest.fixture(scope="module")
def critic() -> Realness:
    music, takes = [line(i, True) for i in range(40)], [line(i, False) for i in range(40)]
    names = tuple(describe(cut_clips(music[0], 4, named_roles(ROLES), "x", 1)[0]))
    return Realness(ROLES, names, {4: fitted(vectors(takes), vectors(music), range(40), range(40))})


def test_music_is_told_from_takes(critic: Realness) -> None:
    assert critic.lengths[4].right > 0.9
    music, takes = ([line(100 + i, smooth) for i in range(20)] for smooth in (True, False))
    assert np.mean(critic.ratios(music)) > 1 > -1 > np.mean(critic.ratios(takes))
    heard = critic.hear(takes)[0]
    assert heard is not None and heard.usual > heard.ratio
    against = dict(heard.minded)
    assert against.get("upper mean interval", True) and len(against) > 0  # leaps are what the takes have more of


def test_a_piece_is_heard_alike_in_every_key_and_in_any_company(critic: Realness) -> None:
    piece = line(7, True)
    alone = critic.ratios([piece])[0]
    assert critic.ratios([line(1, False), transpose(piece, 3), piece])[1:] == pytest.approx([alone, alone])
    assert at_home(transpose(piece, 5)).tracks[0].notes.tolist() == piece.tracks[0].notes.tolist()


def test_what_is_short_or_silent_is_not_heard(critic: Realness) -> None:
    silent = Score(480, (Track("melody", 0, notes=notes_array([])),), length=4 * 1920)
    assert critic.hear([line(1, True, bars=3), silent]) == [None, None]
    assert critic.ratios([silent])[0] < min(critic.ratios([line(i, False) for i in range(20)]))
    assert critic.hear([line(1, True, bars=9)])[0] is not None


def test_it_comes_back_from_its_file(critic: Realness, tmp_path: Path) -> None:
    critic.save(tmp_path / "critic.npz")
    again = Realness.load(tmp_path / "critic.npz")
    pieces = [line(50 + i, i % 2 == 0) for i in range(6)]
    assert again.ratios(pieces) == pytest.approx(critic.ratios(pieces), abs=1e-3)
    assert again.names == critic.names and again.roles == ROLES
    (tmp_path / "critic.npz").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="damaged"):
        Realness.load(tmp_path / "critic.npz")


def test_too_little_is_refused() -> None:
    rows = vectors([line(i, True) for i in range(5)])
    with pytest.raises(InputError, match="at least 20"):
        fitted(rows, rows, range(5), range(5))


def test_logistic_is_a_log_ratio_of_densities() -> None:
    """Two normal distributions a deviation of 2 apart: slope 2, zero half way, however unequal the counts."""
    rng = np.random.default_rng(0)
    made, real = rng.normal(0, 1, (20_000, 1)), rng.normal(2, 1, (5_000, 1))
    slope, constant = logistic(made, real, 1e-6)
    assert slope == pytest.approx(2, abs=0.1) and -constant / slope == pytest.approx(1, abs=0.05)
