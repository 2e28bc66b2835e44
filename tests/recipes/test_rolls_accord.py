"""Parts that lean towards each other: odds by hand, what is added to logits, and the way through training and export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from antiphon.corpus.piece import Piece
from antiphon.generate.load import load
from antiphon.generate.rolls import RollGenerator as Player
from antiphon.models.gan.attention import AttentionCritic, intervals
from antiphon.models.gan.rolls import RollGenerator, RollShape
from antiphon.music.score import Score, Track, notes_array
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.adversarial_run import run
from antiphon.recipes.export_gan import export_gan, ready
from antiphon.recipes.rolls_accord import LEAST, beat_shares, interval_odds
from antiphon.representations.pianoroll import PianoRollSpec


def music(*rows: list[int], beats: int = 4) -> Tensor:
    """Windows of one bar, 12 rows, a crotchet a beat: rows[role][i] is the role's pitch class in beat i, -1 for none."""
    cells = torch.zeros(len(rows[0]) // beats, 1, len(rows), 2, 16, 12)
    for role, row in enumerate(rows):
        for i, pitch in enumerate(row):
            if pitch >= 0:
                step = 4 * (i % beats)
                cells[i // beats, 0, role, 0, step, pitch] = 1
                cells[i // beats, 0, role, 1, step + 1 : step + 4, pitch] = 1
    return cells


def test_shares_of_a_beat_are_what_sounds_in_it() -> None:
    x = music([0, 4, -1, 7])
    x[0, 0, 0, 0, 2, 7] = 1  # one step of G beside four of C in the first beat
    shares = beat_shares(x)
    assert shares.shape == (1, 1, 1, 4, 12)
    assert shares[0, 0, 0, 0].nonzero().flatten().tolist() == [0, 7]
    assert shares[0, 0, 0, 0, [0, 7]].tolist() == pytest.approx([0.8, 0.2])
    assert shares[0, 0, 0, 1, 4] == 1
    assert float(shares[0, 0, 0, 2].sum()) == 0


def test_odds_tell_a_part_that_always_sounds_a_fifth_above() -> None:
    low = [i % 12 for i in range(48)]
    odds = interval_odds(music(low, [(p + 7) % 12 for p in low], [-1] * 48))
    assert odds.shape == (3, 3, 12)
    assert float(odds[0, 1, 7]) == pytest.approx(np.log((1 + LEAST) / (1 / 12 + LEAST)), abs=1e-4)
    assert odds[0, 1, [0, 6, 8]].tolist() == pytest.approx([np.log(LEAST / (1 / 12 + LEAST))] * 3, abs=1e-4)
    assert torch.allclose(odds[1, 0, [5]], odds[0, 1, [7]], atol=1e-4)  # the same interval heard from above
    assert float(odds[[0, 1], [0, 1]].abs().max()) == 0
    assert float(odds[2].abs().max()) < 1e-6  # a part that never sounds says nothing


def test_parts_that_do_not_hear_each_other_have_no_odds() -> None:
    rng = np.random.default_rng(0)
    parts = [rng.choice(12, 8000, p=[0.4, 0.2, *[0.04] * 10]).tolist() for _ in range(2)]
    assert float(interval_odds(music(*parts)).abs().max()) < 0.15
    fifths = [(p + 7) % 12 for p in parts[0]]
    assert float(interval_odds(music(parts[0], fifths), deaf=[1]).abs().max()) == 0


def attuned(roles: int = 2, steps: int = 16, rows: int = 24) -> RollGenerator:
    net = RollGenerator(RollShape(1, roles, steps, rows), 4)
    net.attune(torch.randn(roles, roles, 12, generator=torch.Generator().manual_seed(2)) * (1 - torch.eye(roles))[:, :, None])
    return net


def test_a_part_leans_towards_what_goes_with_the_others() -> None:
    odds = torch.zeros(2, 2, 12)
    odds[0, 1, 7], odds[0, 1, 1] = 0.75, -0.5
    net = RollGenerator(RollShape(1, 2, 16, 24), 4)
    cells = torch.full((2, 1, 2, 2, 16, 24), -30.0)
    cells[:, 0, 0, 0, 4, 2] = 30.0  # the first role sounds a D, surely, in the second beat
    sounds = torch.tensor([[[30.0, 30.0]], [[-30.0, 30.0]]])  # but not in the second window
    assert net.agreed(cells, sounds) is cells
    net.attune(odds, 2.0)
    moved = net.agreed(cells, sounds) - cells
    assert float(moved[:, :, 0].abs().max()) < 1e-4  # nobody tells the first role anything
    assert float(moved[1].abs().max()) < 1e-4
    second = moved[0, 0, 1]
    assert float(second[:, [*range(4), *range(8, 16)]].abs().max()) < 1e-4
    assert torch.allclose(second[:, 4:8, [9, 21]], torch.tensor(1.5), atol=0.01)  # an A, in both octaves and layers
    assert torch.allclose(second[:, 4:8, [3, 15]], torch.tensor(-1.0), atol=0.01)
    net.attune(None)
    assert net.agreed(cells, sounds) is cells


@pytest.mark.parametrize(("roles", "steps"), [(2, 16), (5, 24)])
def test_leaning_is_each_windows_own_and_moves_with_transposition(roles: int, steps: int) -> None:
    net = attuned(roles, steps, 12)
    draws = torch.Generator().manual_seed(3)
    cells = torch.randn(3, 1, roles, 2, steps, 12, generator=draws)
    sounds = torch.randn(3, 1, roles, generator=draws)
    moved = net.agreed(cells, sounds)
    assert torch.allclose(moved[1:2], net.agreed(cells[1:2], sounds[1:2]), atol=1e-6)
    assert torch.allclose(moved.roll(5, -1), net.agreed(cells.roll(5, -1), sounds), atol=1e-5)
    assert not torch.allclose(moved, cells, atol=0.01)
    assert torch.equal(net.decided(cells, sounds), net.fire(cells, sounds).bool())


def test_the_critic_hears_intervals_whatever_the_key() -> None:
    classes = torch.zeros(1, 2, 1, 12)
    classes[0, 0, 0, 0], classes[0, 1, 0, 4] = 3, 4
    found = intervals(classes)
    assert found.shape == (1, 3, 1, 12)  # first with itself, first with second, second with itself
    assert found[0, 1, 0].nonzero().flatten().tolist() == [4]
    assert float(found[0, 1, 0, 4]) == pytest.approx(3 / 4 * 4 / 5)
    assert torch.allclose(intervals(classes.roll(3, -1)), found)
    torch.manual_seed(0)
    critic = AttentionCritic(RollShape(1, 2, 16, 24), 16, pairs=True)
    x = (torch.rand(3, 1, 2, 2, 16, 24) < 0.1).float()
    x[1] = 0  # silence must not make slopes explode
    x.requires_grad_(True)
    critic(x, torch.ones(3, 2)).sum().backward()
    assert x.grad is not None
    assert float(x.grad.abs().max()) < 10


def pieces(roles: tuple[str, ...]) -> list[Piece]:
    """Eight bars for any parts: each plays chord notes of C and G in turn."""
    out = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        tracks = []
        for r, name in enumerate(roles):
            notes = [
                (beat * 480, 480, 48 + 5 * r + (0, 7)[beat // 4 % 2] + int(rng.choice([0, 4, 7])), 80)
                for beat in range(32)
                if rng.random() < 0.8
            ]
            tracks.append(Track(name, 0, notes=notes_array(notes)))
        out.append(
            Piece(Score(480, tuple(tracks), length=8 * 1920), f"tune/{seed}", f"{seed}.mid", ("train", "valid")[seed > 5])
        )
    return out


@pytest.mark.parametrize("steps", [16, 24])
def test_any_number_of_parts_trains_and_plays_what_was_trained(steps: int, tmp_path: Path) -> None:
    spec = PianoRollSpec(("soprano", "alto", "tenor", "bass"), (52,) * 4, bars=2, steps=steps, lowest=36, pitches=48)
    made = GanRecipe(
        "test-accord", "chorale", spec, latents="chain", warm_steps=3, muon=0.01, fitted=True, pairs=True, accord=1.0
    ).tiny()
    run(made, iter(pieces(spec.roles)), tmp_path)
    export_gan(made, tmp_path, tmp_path / "snapshot", {"data": "made by the test"})
    player, net = load(str(tmp_path / "snapshot")), ready(made, tmp_path)
    assert isinstance(player, Player)
    assert isinstance(net, RollGenerator)
    assert net.accord is not None
    noise = torch.randn(5, player.noise, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = torch.from_numpy(player.graph.run(None, {"noise": noise.numpy()})[0]).bool()
        cells, sounds = net.logits(made.spread * noise)
        assert float((found != net.decided(cells, sounds)).double().mean()) < 1e-4
        leant = net.agreed(cells, sounds)
    assert found.shape == (5, 2, 4, 2, steps, 48)
    assert not torch.allclose(leant, cells, atol=0.01)
