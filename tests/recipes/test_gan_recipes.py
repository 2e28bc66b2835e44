"""Adversarial recipes end to end on tiny data: every architecture, warm start, resume, watch, export, parity, takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import antiphon
from antiphon.compose.manifest import manifest
from antiphon.corpus.piece import Piece
from antiphon.errors import BriefError, TrainingError
from antiphon.generate.load import load
from antiphon.generate.request import Generator, Request
from antiphon.generate.rolls import RollGenerator
from antiphon.models.gan.rolls import RollGenerator as RollNet
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import KeyMark, Score, Track
from antiphon.recipes.adversarial import ARCHITECTURES, GanRecipe, build
from antiphon.recipes.adversarial_batches import stream
from antiphon.recipes.adversarial_phases import game_phases
from antiphon.recipes.adversarial_run import describe, facts_of, run, trained_generator
from antiphon.recipes.export_gan import export_gan, ready
from antiphon.recipes.gans import GANS
from antiphon.recipes.rollgrid import roll_grid
from antiphon.recipes.rolls_data import prepare_rolls
from antiphon.representations.pianoroll import PianoRollSpec
from antiphon.training.adversarial import LOSSES, Adversary
from antiphon.training.loop import _move

SPEC = PianoRollSpec(("melody", "piano"), (0, 5), bars=2, lowest=36, pitches=48)


def tune(seed: int, minor: bool) -> Score:
    """Eight bars in G: a wandering melody over block chords; each third piece has no piano."""
    rng = np.random.default_rng(seed)
    melody, piano = [], []
    for bar in range(8):
        root = (7, 0, 2, 7)[bar % 4]
        piano += [(bar * 1920, 960, 48 + (root + step) % 12, 50) for step in (0, 4, 7)]
        for beat in range(4):
            melody.append((bar * 1920 + beat * 480, 480, 67 + int(rng.choice([0, 2, 4, 5, 7])), 90))
    tracks = [Track("melody", 0, notes=melody)] + ([Track("piano", 5, notes=piano)] if seed % 3 else [])
    return Score(480, tuple(tracks), keys=(KeyMark(0, Key(7, minor)),), length=8 * 1920)


def pieces() -> list[Piece]:
    splits = ["train"] * 6 + ["valid"] * 2
    return [Piece(tune(i, i % 2 == 1), f"tune/{i}", f"{'ab'[i % 2]}/{i}.mid", split) for i, split in enumerate(splits)]


def recipe(architecture: str, **changes: object) -> GanRecipe:
    made = GanRecipe(f"test-{architecture}", "pop", SPEC, architecture, sides=("one", "other"), corpora=("a", "b")).tiny()
    return replace(made, **changes)  # type: ignore[arg-type]


def test_windows_are_packed_without_loss_and_absent_roles_are_masked() -> None:
    data = prepare_rolls(pieces(), SPEC)
    part = data.splits["train"]
    assert len(part.places) == 6 * 7
    assert part.cells(0).shape == SPEC.shape
    assert part.mask(0).tolist() == [1, 0]  # the first piece has no piano
    assert part.mask(7).tolist() == [1, 1]
    assert part.cells(7)[0, 1, 0, 0].sum() == 3
    assert data.facts["rates"]["sounding"] == [1, 1]  # silence that is only absence is not counted
    assert data.facts["rates"]["cells"][0][0] == pytest.approx(4 / 16 / 48)
    assert data.facts["velocities"][0][0] > data.facts["velocities"][1][0]
    with pytest.raises(TrainingError, match="Too little is left"):
        prepare_rolls(pieces()[:2], SPEC)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_step_of_every_pair_is_finite_and_moves_only_its_phase(architecture: str) -> None:
    data = prepare_rolls(pieces(), SPEC)
    losses = ["least-squares", "hinge"] if architecture == "cycle" else sorted(LOSSES)
    for name in losses:
        objective = Adversary(name, gp=1.0, r1=0.5, r2=0.5)
        made = recipe(architecture, adversary=objective, spectral=name == "hinge", minibatch=name == "minimax")
        networks = build(made)
        phases, _ = game_phases(made, networks)
        batch = next(stream(made, data.splits["train"], networks.noise, 0, (0, 1)))
        for phase in phases:
            phase.module.requires_grad_(False)
        for phase in phases:
            before = [{k: v.clone() for k, v in p.module.named_parameters()} for p in phases]
            optimisers = phase.optimisers(phase.module)
            # a small step: after a large one minimax has no slope left where the critic is sure, which is its known fault
            logged = _move(phase, optimisers, [[1e-4] for _ in optimisers], 1.0, batch)
            assert all(np.isfinite(v) for v in logged.values()), (name, logged)
            for p, old in zip(phases, before, strict=True):
                moved = any(not torch.equal(v, old[k]) for k, v in p.module.named_parameters())
                assert moved is (p is phase), (name, phase.name, p.name)


def test_absent_roles_are_masked_in_what_the_critic_sees_of_fakes() -> None:
    made = recipe("mlp")
    networks = build(made)
    seen: list[torch.Tensor] = []
    networks.critic.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    batch = dict(next(stream(made, prepare_rolls(pieces(), SPEC).splits["train"], networks.noise, 0, (0, 1))))
    batch["present"] = torch.tensor([[1.0, 0.0]]).expand(4, 2)
    batch["shift"] = torch.zeros(4, 1)
    game_phases(made, networks)[0][0].loss(batch)
    assert seen[1][:, :, 0].sum() > 0
    assert seen[1][:, :, 1].sum() == 0


def test_a_killed_warm_start_and_game_resume_bit_for_bit(tmp_path: Path) -> None:
    made = recipe("attention", warm_steps=5)
    run(made, iter(pieces()), tmp_path / "straight")
    for moment in (-1, 4):  # in the warm start (which counts up to zero), and in the game

        def stop(step: int, logged: dict[str, float], at: int = moment) -> None:
            if step == at:
                raise RuntimeError("killed")

        with pytest.raises(RuntimeError, match="killed"):
            run(made, iter(pieces()), tmp_path / "killed", progress=stop)
    run(made, iter(pieces()), tmp_path / "killed")
    a, b = (torch.load(tmp_path / f / "checkpoint.pt", weights_only=True) for f in ("straight", "killed"))
    for part in ("modules", "averages"):
        for name, state in a[part].items():
            assert all(torch.equal(value, b[part][name][key]) for key, value in state.items())
    rows = [json.loads(line) for line in (tmp_path / "straight" / "stats.jsonl").read_text().splitlines()]
    for name in (
        "critic/seen",
        "critic/unseen",
        "sample/diversity",
        "sample/coverage",
        "sample/notes_melody",
        "generator/cells",
    ):
        assert name in rows[-1]
    assert (tmp_path / "straight" / "samples.png").stat().st_size > 200
    assert (tmp_path / "straight" / "health.txt").read_text().startswith("The samples are ")
    with pytest.raises(TrainingError, match="batch: 4 -> 5"):
        run(replace(made, batch=5), iter(pieces()), tmp_path / "straight")


def test_a_warm_start_lowers_its_loss_and_reads_back(tmp_path: Path) -> None:
    made = recipe("attention", warm_steps=180, steps=1, warm_lr=1e-2, width=32, batch=8, evaluate_every=60, log_every=10)
    run(made, iter(pieces()), tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "warm" / "stats.jsonl").read_text().splitlines()]
    assert rows[-1]["autoencoder/cells"] < 0.7 * rows[0]["autoencoder/cells"]
    assert rows[-1]["valid/hold_f1"] > 0.3


CHAIN = {"latents": "chain", "warm_steps": 3, "warm_batch": 6, "muon": 0.01, "fitted": True}


@pytest.mark.parametrize(("architecture", "changes"), [("attention", {}), ("attention", CHAIN), ("sequence", {})])
def test_snapshots_play_what_pytorch_writes(architecture: str, changes: dict[str, object], tmp_path: Path) -> None:
    made = recipe(architecture, **changes)
    run(made, iter(pieces()), tmp_path)
    export_gan(made, tmp_path, tmp_path / "snapshot", {"data": "made by the test"})
    player = load(str(tmp_path / "snapshot"))
    assert isinstance(player, RollGenerator)
    assert isinstance(player, Generator)
    net = ready(made, tmp_path)
    with torch.no_grad():
        noise = torch.randn(3, player.noise, generator=torch.Generator().manual_seed(0))
        found = player.graph.run(None, {"noise": noise.numpy()})[0]
        if isinstance(net, RollNet):
            # a logit within rounding of the threshold may fall to either side
            assert float((torch.from_numpy(found) != net(noise)).double().mean()) < 1e-4
        else:
            assert np.allclose(found, net.get_submodule("").logits(noise), atol=1e-4)  # type: ignore[operator]
    _check_takes(player)


def test_a_manifest_says_that_there_is_no_likelihood(tmp_path: Path) -> None:
    made = recipe("conv")
    run(made, iter(pieces()), tmp_path)
    export_gan(made, tmp_path, tmp_path / "snapshot", {"data": "made by the test"})
    told = manifest(antiphon.compose(model=str(tmp_path / "snapshot"), bars=4, takes=2, seed=1))
    text = json.dumps(told, allow_nan=False)
    for take in told["takes"]:
        assert take["log_likelihood"] is None
        assert take["reasons"][0] == {"text": "it has no likelihood to go by: a network of this kind gives none", "points": 0}
    assert "no likelihood at all" not in text


def _check_takes(player: RollGenerator) -> None:
    """What every roll generator owes to who asks."""
    request = Request(bars=5)
    together = player.write(request, [1, 2, 3])
    assert [t.score for t in together] == [player.write(request, [seed])[0].score for seed in (1, 2, 3)]
    assert all(t.score.length == 5 * 1920 for t in together)
    asked = Request(bars=3, meter=(4, 4), key=Key(9, True), tracks=("piano",), tempo=133.0)
    score = player.write(asked, [4])[0].score
    assert score.keys[0].key == Key(9, True)
    assert round(score.tempos[0].qpm) == 133
    assert [t.name for t in score.tracks] in ([], ["piano"])
    with pytest.raises(BriefError, match="cannot follow given ones"):
        player.write(Request(1, chords=((Chord(0),),)), [1])
    with pytest.raises(BriefError, match="4/4 only"):
        player.write(Request(1, meter=(3, 4)), [1])
    told = player.description
    assert (told.kind, told.meters, told.roles, told.likelihood) == ("gan", ((4, 4),), SPEC.roles, False)
    assert "joined" in str(told.card["windows"])


def test_facts_and_descriptors_of_samples_by_hand() -> None:
    x = torch.zeros(1, *SPEC.shape)
    x[0, 0, 0, 0, 0, 12] = x[0, 0, 0, 1, 1, 12] = 1  # a note of two steps
    x[0, 0, 0, 0, 4, 14] = 1  # and one of a single step
    found = facts_of(x, SPEC.roles)
    assert found["notes_melody"] == 2
    assert found["silent_melody"] == 0.5
    assert found["longer_melody"] == 0.5
    assert found["silent_piano"] == 1
    up = torch.roll(x, 12, -1)
    apart = (describe(x) - describe(up)).abs()[0]
    assert apart.nonzero().flatten().tolist() == [2]  # an octave up changes the melody's register and nothing else


def test_the_grid_shows_windows_side_by_side() -> None:
    x = np.zeros((5, *SPEC.shape))
    x[0, 0, 0, 0, 1, 0] = 1
    picture = roll_grid(x, columns=4, zoom=1)
    assert picture.size == (4 * (32 + 6), 2 * (48 + 6))
    assert picture.getpixel((1, 47)) == (222, 79, 52)


def test_recipes_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no architecture"):
        build(recipe("sonnet"))
    with pytest.raises(TrainingError, match="Only attention can start"):
        build(replace(recipe("mlp"), warm_steps=3))
    with pytest.raises(TrainingError, match="train first"):
        trained_generator(recipe("mlp"), tmp_path)
    for corpora in (("a", "c"), ("", "b")):
        with pytest.raises(TrainingError, match="pieces of two corpora"):
            run(recipe("cycle", corpora=corpora), iter(pieces()), tmp_path / corpora[1])


def test_every_listed_recipe_builds_at_its_tiny_size() -> None:
    for made in GANS.values():
        networks = build(made.tiny())
        assert sum(p.numel() for p in networks.critic.parameters()) > 0
