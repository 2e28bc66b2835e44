"""Takes that are the best of several drawings by the model's own critic, and what that critic says in the choice."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from antiphon.compose.brief import read_brief
from antiphon.compose.compose import compose
from antiphon.compose.critique_own import KIND, critic_of
from antiphon.compose.drawings import Choosing, drawing_seed, drawings_of
from antiphon.errors import BriefError, SnapshotError
from antiphon.evaluate.clip import cut_clips, named_roles
from antiphon.evaluate.descriptor import describe
from antiphon.evaluate.realness import FILE, Realness, fitted
from antiphon.generate.load import find, load
from antiphon.generate.request import Generator, Request


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    """The shipped model with a critic that likes full textures, fitted to its own takes of four bars."""
    folder = tmp_path_factory.mktemp("drawings") / "model"
    shutil.copytree(find("pop-grid").folder, folder)
    writer = load(str(folder))
    roles = named_roles(writer.description.roles)
    takes = writer.write(Request(4), range(60))
    clips = [clip for take in takes for clip in cut_clips(take.score, 4, roles, str(take.seed), 1)]
    rows = [describe(clip) for clip in clips]
    full = np.array([row["notes a bar mean"] for row in rows])
    values = np.array([list(row.values()) for row in rows])
    few, many = values[full <= np.median(full)], values[full > np.median(full)]
    critic = Realness(writer.description.roles, tuple(rows[0]), {4: fitted(few, many, range(len(few)), range(len(many)))})
    critic.save(folder / FILE)
    return writer


def test_the_critic_keeps_one_drawing_of_each_take(heard: Generator) -> None:
    request, seeds = Request(4), [3, 4, 5]
    critic = critic_of(heard, request)
    assert critic is not None
    kept = Choosing(heard, 4).write(request, seeds)
    assert [take.seed for take in kept] == seeds
    for take, seed in zip(kept, seeds, strict=True):
        drawn = heard.write(request, [drawing_seed(seed, i) for i in range(4)])
        ratios = critic.ratios([one.score for one in drawn])
        assert take.score == drawn[int(np.argmax(ratios))].score
    assert drawing_seed(7, 0) == 7 and len({drawing_seed(7, i) for i in range(50)}) == 50
    assert Choosing(heard, 1).write(request, seeds) == heard.write(request, seeds)


def test_a_request_that_the_critic_does_not_know_is_written_as_ever(heard: Generator) -> None:
    request = Request(4, tracks=("melody",))
    assert critic_of(heard, request) is None
    assert Choosing(heard, 4).write(request, [1]) == heard.write(request, [1])


def test_its_reasons_count_in_the_choice_in_place_of_the_ears(heard: Generator) -> None:
    brief = read_brief(seed=2, bars=4, takes=3, drawings=1)
    made = compose(brief, heard)
    for verdict in made.verdicts:
        own = [reason for reason in verdict.reasons if reason.kind == KIND]
        assert len(own) == 1 and own[0].points >= 0
        assert verdict.penalty == pytest.approx(sum(reason.points for reason in verdict.reasons))
    assert made.chosen == int(np.argmin([v.penalty for v in made.verdicts]))


@pytest.mark.parametrize("name", ["pop-grid", "folk-grid"])
def test_shipped_grids_have_a_critic_that_tells_their_drawings_apart(name: str) -> None:
    writer, request = load(name), Request(8, meter=(4, 4))
    critic = critic_of(writer, request)
    assert critic is not None and critic.roles == writer.description.roles
    assert {8, 16, 32, 64} == set(critic.lengths) and all(0.7 < one.right < 1 for one in critic.lengths.values())
    takes = writer.write(request, range(16))
    assert all(take.score.note_count for take in takes)
    assert np.std(critic.ratios([take.score for take in takes])) > 0.3


def test_many_takes_are_drawn_once_each() -> None:
    asked = {(takes, drawings): drawings_of(read_brief(seed=1, takes=takes, drawings=drawings))
             for takes in (1, 3, 4) for drawings in (None, 5)}  # fmt: skip
    assert asked == {(1, None): 8, (3, None): 8, (4, None): 1, (1, 5): 5, (3, 5): 5, (4, 5): 5}


def test_drawings_are_checked_and_told() -> None:
    with pytest.raises(BriefError, match="number of drawings must be 1 to 64"):
        read_brief(seed=1, drawings=0)


def test_a_damaged_critic_is_said(heard: Generator, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(heard.snapshot.folder, folder)  # type: ignore[attr-defined]
    (folder / FILE).write_bytes(b"nothing")
    with pytest.raises(SnapshotError, match="critic fit"):
        critic_of(load(str(folder)), Request(4))
