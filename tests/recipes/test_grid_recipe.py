"""The any-order grid end to end on tiny data: codec both ways, no peeping ahead, resume, export, parity, requests kept."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from antiphon.corpus.piece import Piece
from antiphon.errors import BriefError, TrainingError
from antiphon.generate.grid import GridGenerator, rounds
from antiphon.generate.grid_runtime import LUCK, Places, Shares
from antiphon.generate.load import load
from antiphon.generate.request import Opening, Request
from antiphon.models.grid_hand import HandSteps
from antiphon.models.grid_steps import MindRound
from antiphon.music.form import Phrase
from antiphon.music.harmony import Chord, Key, parse_chord
from antiphon.music.score import ChordMark, KeyMark, Score, Section, Track, notes_array
from antiphon.recipes import runs
from antiphon.recipes.export_grid import trained_network
from antiphon.recipes.grid import GridRecipe, build, evaluate, examined, run, stream
from antiphon.recipes.grid_data import prepare_grid, writing_order
from antiphon.representations.grid import BEGIN, COPIES, END, FIRST_QUALITY, MOST, PITCHES, GridSpec, decode, encode
from antiphon.representations.returns import SIGNS, Written

SPEC = GridSpec(("melody", "piano"), (0, 5))
RECIPE = replace(GridRecipe("test-grid", "pop", SPEC).tiny(), mixed=False)


def tune(seed: int, bars: int = 12) -> Score:
    """A melody in G over block chords, with chord marks and phrases of four bars; each third piece has no piano."""
    rng = np.random.default_rng(seed)
    melody, piano, chords = [], [], []
    for bar in range(bars):
        root = (7, 0, 2, 7)[bar % 4]
        chords.append(ChordMark(bar * 1920, Chord(root, "")))
        piano += [(bar * 1920, 960, 48 + (root + step) % 12, 50) for step in (0, 4, 7)]
        for beat in range(4):
            melody.append((bar * 1920 + beat * 480, 480, 67 + int(rng.choice([0, 2, 4, 5, 7])), 90))
    tracks = [Track("melody", 0, notes=notes_array(melody))]
    tracks += [Track("piano", 5, notes=notes_array(piano))] if seed % 3 else []
    phrases = tuple(Section(b * 1920, ("A4", "B4")[b // 4 % 2]) for b in range(0, bars, 4))
    marks = tuple(m for i, m in enumerate(chords) if i == 0 or m.chord != chords[i - 1].chord)
    return Score(480, tuple(tracks), keys=(KeyMark(0, Key(7)),), chords=marks, sections=phrases, length=bars * 1920)


def pieces() -> list[Piece]:
    splits = ["train"] * 6 + ["valid"] * 2
    return [Piece(tune(i), f"tune/{i}", f"{i}.mid", split) for i, split in enumerate(splits)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run and its snapshot."""
    folder = tmp_path_factory.mktemp("grid")
    run(RECIPE, iter(pieces()), folder / "run")
    runs.export_run(folder / "run", folder / "snapshot", card={"data": "made up"})
    return folder


@pytest.fixture(scope="module")
def player(trained: Path) -> GridGenerator:
    """The tiny snapshot, ready to write."""
    found = load(str(trained / "snapshot"))
    assert isinstance(found, GridGenerator)
    return found


def same(first: Score, second: Score) -> bool:
    """Whether two pieces have the same tracks and notes."""
    names = [t.name for t in first.tracks] == [t.name for t in second.tracks]
    return names and all(a.notes.tobytes() == b.notes.tobytes() for a, b in zip(first.tracks, second.tracks, strict=True))


def test_codec_reads_what_it_wrote() -> None:
    score = tune(1)
    found = encode(score, SPEC, Key(7))
    assert found.valid.all() and found.present.all()
    # G is moved to C: the melody's first pitch, the chord of G on the root C, phrase A at its first of four bars
    assert found.cells[0][0].tolist() == [[0, 1 + PITCHES, FIRST_QUALITY]]
    assert found.features[0].tolist() == [1, 1, 4, 0] and found.features[11].tolist() == [1, 4, 1, 1]
    again = decode(found.cells, SPEC, Key(7), sections=[(0, 0), (4, 1), (8, 0)])
    assert [t.name for t in again.tracks] == ["melody", "piano"]
    for a, b in zip(again.tracks, score.tracks, strict=True):
        for name in ("onset", "duration", "pitch"):
            np.testing.assert_array_equal(a.notes[name], b.notes[name])
    assert again.chords == score.chords and again.end == score.end
    assert [(s.tick, s.label) for s in again.sections] == [(0, "A"), (7680, "B"), (15360, "A")]


def test_a_bar_too_full_keeps_its_first_events() -> None:
    notes = [(step * 120, 120, 40 + 2 * k, 80) for step in range(16) for k in range(3)]
    found = encode(Score(480, (Track("piano", 5, notes=notes_array(notes)),), length=1920), SPEC, Key(0))
    assert len(found.cells[0][2]) == MOST and found.present.tolist() == [False, False, True]


def test_orders_hold_every_cell_once() -> None:
    for seed in range(60):
        order = writing_order([0, 1, 2], 8, np.random.default_rng(seed))
        assert sorted(order) == [(bar, row) for bar in range(8) for row in range(3)]


def test_no_cell_sees_a_later_one() -> None:
    data = prepare_grid(pieces(), SPEC)
    network = build(RECIPE).eval()
    batch = next(stream(RECIPE, data.splits["train"], 0))
    batch["same"][:] = 0  # of a cell told as a copy only the telling counts
    cells = batch["row"].shape[1]

    def by_cell(given: dict[str, torch.Tensor]) -> torch.Tensor:
        nats, cell = network.losses(given)
        return torch.zeros(given["row"].numel()).index_add_(0, cell, nats).view(given["row"].shape)

    with torch.no_grad():
        before = by_cell(batch)
        for at in (1, cells // 2, cells - 1):
            changed = {k: v.clone() for k, v in batch.items()}
            changed["events"][:, at] = 3
            changed["counts"][:, at] = 5
            moved = (by_cell(changed) - before).abs()
            assert float(moved[:, :at].max()) < 1e-4
            assert float(moved[:, at].min()) > 0.1


def test_resumed_is_straight(tmp_path: Path) -> None:
    straight = tmp_path / "straight"
    run(RECIPE, iter(pieces()), straight)
    killed = tmp_path / "killed"
    run(replace(RECIPE, steps=3), iter(pieces()), killed)
    text = json.loads((killed / "recipe.json").read_text()) | {"steps": RECIPE.steps}
    # the schedule of the first three steps is the same, as they are its warm-up
    (killed / "recipe.json").write_text(json.dumps(text))
    run(RECIPE, iter(pieces()), killed)
    one, two = (torch.load(f / "checkpoint.pt", weights_only=True) for f in (straight, killed))
    assert one["step"] == two["step"] == RECIPE.steps
    for name, value in one["modules"]["model"].items():
        assert torch.equal(value, two["modules"]["model"][name]), name


def test_stream_goes_on_where_it_stopped() -> None:
    part = prepare_grid(pieces(), SPEC).splits["train"]
    straight = list(islice(stream(RECIPE, part, 0), 7))
    for step in (1, 3, 4, 6):
        for name, value in next(stream(RECIPE, part, step)).items():
            assert torch.equal(value, straight[step][name])
    assert straight[3]["bar"].max() == 2 * RECIPE.bars - 1 and straight[0]["bar"].max() == RECIPE.bars - 1


def test_writing_agrees_with_likelihood(trained: Path, player: GridGenerator) -> None:
    """What mind and hand say of cells while writing them is what the network says of them when it reads them."""
    network = trained_network(RECIPE, trained / "run")
    runtime, rng = player.runtime, np.random.default_rng(0)
    memory, piece = runtime.begin(2), np.array([[1, 2], [2, 3]])
    written, shares = Written(2, 2, 4, copying=False), Shares((1.0,) * 4, (1e-6,) * 4)
    rows: dict[str, list[np.ndarray]] = {"events": [], "counts": [], "row": [], "bar": [], "features": [], "echo": []}
    nats = []
    for row, bar in [(1, 0), (1, 1), (2, 0), (3, 1), (2, 1), (3, 0)]:
        ask = Places(np.full((2, 1), row), np.full((2, 1), bar), rng.integers(0, 4, (2, 1, 4)))
        made, likely = runtime.write(memory, piece, ask, rng.random((2, 1, MOST, 3), dtype=np.float32), shares, written)
        nats.append(likely)
        for name in rows:
            value = getattr(made, name)
            if name == "events":
                value = np.pad(value, ((0, 0), (0, 0), (0, MOST - value.shape[2]), (0, 0)))[:, :, :MOST]
            rows[name].append(value)
    batch = {k: torch.from_numpy(np.concatenate(v, axis=1)) for k, v in rows.items()} | {"piece": torch.from_numpy(piece)}
    batch |= {"returns": torch.zeros(2, 6, len(COPIES), 1 + SIGNS), "same": torch.zeros(2, 6, dtype=torch.uint8)}
    with torch.no_grad():
        each, cell = network.losses(batch)
    total = torch.zeros(12).index_add_(0, cell, -each).view(2, 6).numpy()
    # the hand knows what is legal, so it may only be surer than the reader
    assert (np.concatenate(nats, axis=1) >= total - 1e-2).all()


def test_graphs_are_the_network(trained: Path, player: GridGenerator) -> None:
    network = trained_network(RECIPE, trained / "run")
    rng = np.random.default_rng(3)
    s = player.runtime.shape

    def ints(high: int, *size: int) -> np.ndarray:
        return rng.integers(0, high, size)

    events = [np.stack([ints(18, 9), ints(70, 9), ints(20, 9)], -1) for _ in range(2)]
    given = {
        "piece": ints(3, 3, 2), "read": events[0], "write": events[1], "owner": ints(6, 9), "row": ints(4, 3, 2),
        "bar": ints(9, 3, 2), "features": ints(4, 3, 2, 4), "echo": ints(20, 3, 2), "ask_row": 1 + ints(3, 3, 4),
        "ask_bar": ints(9, 3, 4), "ask_features": ints(4, 3, 4, 4), "length": np.array([5]),
    }  # fmt: skip
    past = rng.standard_normal((2 * s["layers"], 3, s["heads"], 8, s["head"])).astype(np.float32)
    with torch.no_grad():
        wanted = MindRound(network)(*(torch.from_numpy(v) for v in given.values()), [torch.from_numpy(x) for x in past])
    for ours, theirs in zip(
        player.runtime.mind.run(None, given | {f"past{i}": x for i, x in enumerate(past)}), wanted, strict=True
    ):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-4)
    # twelve cells of three takes, laid out in another order than they stand in
    last, slot = np.tile([BEGIN, 0, 0], (12, 1)), rng.permutation(12)
    look = rng.standard_normal((2, 3, s["looks"], 11, s["look"])).astype(np.float32)
    hand = {
        "answer": wanted[0].numpy().reshape(12, -1), "row": 1 + np.arange(12) % 3, "bar": ints(9, 12), "keys": look[0],
        "values": look[1], "seen": 1 + ints(10, 3), "returns": ints(2, 12, len(COPIES), 1 + SIGNS).astype(np.float32),
        "temperature": np.linspace(0.8, 1, 4).astype(np.float32), "floor": np.full(4, 0.01, np.float32), "last": last,
        "state": np.zeros((12, s["hand"]), np.float32),
        "uniform": rng.random((MOST, 12, 3), dtype=np.float32) * LUCK, "slot": slot, "cell": np.argsort(slot).reshape(3, 4),
        "stop": np.array(3),
    }  # fmt: skip
    with torch.no_grad():
        written, likely, state = HandSteps(network, PITCHES, FIRST_QUALITY)(*(torch.from_numpy(v) for v in hand.values()))
    found = player.runtime.hand.run(None, hand)
    np.testing.assert_array_equal(found[0], written.numpy())
    np.testing.assert_allclose(found[1], likely.numpy(), atol=2e-4)
    np.testing.assert_allclose(found[2], state.numpy(), atol=2e-4)
    # it stops as soon as so few cells are open
    ended = np.maximum.accumulate(found[0][..., 0] >= END).sum(1)
    assert (ended[:-1] < 12 - hand["stop"]).all() and len(ended) in (MOST, 1 + int((ended < 12 - hand["stop"]).sum()))


def test_takes_do_not_mind_company(player: GridGenerator) -> None:
    """Whatever is drawn beside it, whether it is laid out anew as others end or not: a take is the same to the last bit."""
    seeds = list(range(40, 51))
    together = player.write(Request(6), seeds)
    for take, seed in zip(together, seeds, strict=True):
        alone = player.write(Request(6), [seed])[0]
        assert same(take.score, alone.score) and abs(take.log_likelihood - alone.log_likelihood) < 1e-5
    few = player.write(Request(6), seeds[3:6])
    assert all(same(a.score, b.score) for a, b in zip(few, together[3:6], strict=True))
    threads, player.threads = player.threads, 1
    in_turn = player.write(Request(6), seeds)
    player.threads = threads
    assert all(same(a.score, b.score) for a, b in zip(in_turn, together, strict=True))
    assert [a.log_likelihood for a in in_turn] == [b.log_likelihood for b in together]
    assert not same(together[0].score, together[1].score)
    assert all(np.isfinite(t.log_likelihood) and t.score.end == 6 * 1920 for t in together)


def test_what_is_asked_is_kept(player: GridGenerator) -> None:
    chords = tuple((parse_chord(name),) for name in ("Am", "F", "C", "G"))
    form = (Phrase("A", 2), Phrase("B", 2))
    score = player.write(Request(4, key=Key(0), chords=chords, tempo=99, tracks=("melody",), form=form), [3])[0].score
    assert [str(m.chord) for m in score.chords] == ["Am", "F", "C", "G"]
    assert {t.name for t in score.tracks} <= {"melody"} and round(score.tempos[0].qpm) == 99
    assert [(s.tick, s.label) for s in score.sections] == [(0, "A"), (3840, "B")]
    with pytest.raises(BriefError, match="4/4"):
        player.write(Request(4, meter=(3, 4)), [0])
    with pytest.raises(BriefError, match="tracks melody, piano, not tuba"):
        player.write(Request(4, tracks=("tuba",)), [0])


def test_longer_than_seen_is_written_in_parts(player: GridGenerator) -> None:
    score = player.write(Request(21), [1])[0].score
    assert score.end == 21 * 1920 and len(score.sections) > 1


def test_openings_are_written_and_the_rest_stays(player: GridGenerator) -> None:
    given = tune(1, 8)
    request = Request(8, given=given, openings=(Opening(2, 4, ("melody",)), Opening(6, 8, ("melody", "piano"))))
    takes = player.write(request, [0, 1, 2, 3])
    for take in takes:
        for track in given.tracks:
            now = next(t for t in take.score.tracks if t.name == track.name).notes
            opened = [(2, 4), (6, 8)] if track.name == "melody" else [(6, 8)]
            for bar in range(8):
                if not any(a <= bar < b for a, b in opened):
                    inside = (track.notes["onset"] // 1920 == bar, now["onset"] // 1920 == bar)
                    assert track.notes[inside[0]].tobytes() == now[inside[1]].tobytes()
        assert take.score.chords == given.chords and take.score.end == given.end
    assert not same(takes[0].score, takes[1].score)


def test_parts_are_written_as_a_wave() -> None:
    bars = [[0, 1], [0, 1], [0, 1]]
    assert rounds([0, 2, 1], bars, 1) == [[(0, 0)], [(1, 0)], [(0, 2)], [(1, 2), (0, 1)], [(1, 1)]]
    assert rounds([0, 2, 1], bars, 2) == [[(0, 0), (1, 0)], [(0, 2), (1, 2)], [(0, 1), (1, 1)]]
    assert rounds([1], [[3]], 1) == [[(3, 1)]]


def test_recipe_comes_back_from_its_run(trained: Path) -> None:
    assert runs.read_recipe(trained / "run") == RECIPE
    assert runs.kind_of(RECIPE) == "grid" and runs.roles_of(RECIPE) == SPEC.roles
    assert (runs.parameters(RECIPE) or 0) > 1000
    card = load(str(trained / "snapshot")).description.card
    assert card["data"] == "made up" and "valid/nll_note" in card["scores"]  # type: ignore[operator]
    with pytest.raises(TrainingError, match="no checkpoint"):
        trained_network(RECIPE, trained / "nothing")


def test_evaluate_counts_nats_by_part() -> None:
    data = prepare_grid(pieces(), SPEC)
    found = evaluate(build(RECIPE), examined(data.splits["valid"], 4), SPEC.roles)
    assert set(found) == {"nll_note", "spread", "nll_harmony", "nll_melody", "nll_piano"} and all(v > 0 for v in found.values())
