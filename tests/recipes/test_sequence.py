"""Sequence recipes end to end on tiny data: train, resume, export, play, and parity of ONNX with PyTorch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.generate.events import EventGenerator
from antiphon.generate.likelihood import Likelihood, likelihoods
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.models.gru import EventGru
from antiphon.models.transformer import EventTransformer
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Score, Section, Track
from antiphon.recipes.catalog import RECIPES, find
from antiphon.recipes.data import drop_marks, drop_roles, prepare, window
from antiphon.recipes.export import export, trained
from antiphon.recipes.sequence import SequenceRecipe, evaluate, run
from antiphon.representations.events import EventCodec, EventSpec

SPEC = EventSpec(("melody", "piano"), (0, 0), ((4, 4), (3, 4)), 4, 16)


def tune(seed: int, bars: int = 8) -> Score:
    """A small piece in G major: a wandering melody over block chords."""
    rng = np.random.default_rng(seed)
    melody, piano, chords = [], [], []
    for bar in range(bars):
        root = (7, 0, 2, 7)[bar % 4]
        chords.append(ChordMark(bar * 1920, Chord(root)))
        piano += [(bar * 1920, 1920, 48 + (root + step) % 12, 50) for step in (0, 4, 7)]
        for beat in range(4):
            melody.append((bar * 1920 + beat * 480, 480, 67 + int(rng.choice([0, 2, 4, 5, 7])), 90))
    tracks = (Track("melody", 0, notes=melody), Track("piano", 0, notes=piano))
    return Score(
        480, tracks, keys=(KeyMark(0, Key(7)),), chords=tuple(chords), sections=(Section(0, "A8"),), length=bars * 1920
    )


def pieces() -> list[Piece]:
    splits = ["train"] * 8 + ["valid"] * 2
    return [Piece(tune(i), f"tune/{i}", f"{i}.mid", split) for i, split in enumerate(splits)]


def recipe(kind: str = "transformer") -> SequenceRecipe:
    return replace(SequenceRecipe("test", "pop", SPEC, kind=kind, mixed=False).tiny())


@pytest.fixture(scope="module", params=["transformer", "gru"])  # the Markov chain's one export is in tests/cli/test_train.py
def snapshot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[SequenceRecipe, Path, Path]:
    """A tiny trained run and its snapshot."""
    folder = tmp_path_factory.mktemp(request.param)
    made = recipe(request.param)
    logged = run(made, iter(pieces()), folder / "run")
    assert logged["valid/nll"] < 17
    export(made, folder / "run", folder / "snapshot", {"data": "made by the test"})
    return made, folder / "run", folder / "snapshot"


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    made = replace(recipe(), steps=40, evaluate_every=10)
    run(made, iter(pieces()), tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    found = [row["valid/nll"] for row in rows if "valid/nll" in row]
    assert found[-1] < found[0] - 1


def test_a_killed_run_resumes_bit_for_bit(tmp_path: Path) -> None:
    made = recipe()
    run(made, iter(pieces()), tmp_path / "straight")

    def stop(step: int, logged: dict[str, float]) -> None:
        raise RuntimeError("killed")

    interrupted = tmp_path / "killed"
    with pytest.raises(RuntimeError, match="killed"):
        run(replace(made, steps=12), iter(pieces()), interrupted, progress=stop)
    run(made, iter(pieces()), interrupted)
    a = torch.load(tmp_path / "straight" / "checkpoint.pt", weights_only=True)["modules"]["model"]
    b = torch.load(interrupted / "checkpoint.pt", weights_only=True)["modules"]["model"]
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_another_recipe_may_not_resume(tmp_path: Path) -> None:
    run(recipe(), iter(pieces()), tmp_path)
    with pytest.raises(TrainingError, match=r"lr: 0.01 -> 0.5"):
        run(replace(recipe(), lr=0.5), iter(pieces()), tmp_path)


def test_too_little_data_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="Too little is left"):
        run(recipe(), iter(pieces()[:1]), tmp_path)


def test_onnx_gives_the_log_probabilities_of_pytorch(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    made, folder, exported = snapshot
    model = trained(made, folder)
    assert isinstance(model, EventTransformer | EventGru)
    codec = EventCodec(SPEC)
    events = codec.encode(tune(3), Key(7)).astype(np.int64)
    times = codec.times(events.astype(np.int16)).astype(np.int64)
    with torch.no_grad():
        wanted = model(torch.tensor(events[None, :-1]), torch.tensor(times[None, :-1]), torch.tensor(events[None, 1:]))
    runtime = load(str(exported)).runtime  # type: ignore[attr-defined]
    runtime.reset(2)
    for t in range(len(events) - 1):
        state = runtime.feed(np.stack([events[t]] * 2), np.stack([times[t]] * 2))
        for f in range(4):
            got = runtime.logits(f, state, np.stack([events[t + 1, :f]] * 2))
            a = torch.log_softmax(torch.tensor(got), -1)
            b = torch.log_softmax(wanted[f][0, t], -1)
            assert float((a - b).abs().max()) < 1e-4


def test_a_snapshot_tells_nothing_of_the_machine_it_was_made_on(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    graphs = list(snapshot[2].glob("*.onnx"))
    assert graphs and not any(b".py" in graph.read_bytes() for graph in graphs)


def test_same_seed_same_piece_on_any_batch_size(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    generator = load(str(snapshot[2]))
    request = Request(bars=4)
    together = generator.write(request, [1, 2, 3, 4, 5])
    alone = [generator.write(request, [seed])[0] for seed in (1, 2, 3, 4, 5)]
    assert [t.score for t in together] == [t.score for t in alone]
    assert together[0].score != together[1].score


def test_what_is_asked_is_what_is_written(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    generator = load(str(snapshot[2]))
    chords = ((Chord(9, "m"),), (Chord(5), None), (Chord(0),))
    request = Request(3, (3, 4), Key(9, True), chords, ("melody",), 133.0)
    score = generator.write(request, [7])[0].score
    assert score.length == 3 * 3 * 480
    assert [(m.tick, m.chord) for m in score.chords] == [
        (0, Chord(9, "m")), (1440, Chord(5)), (1440 + 720, None), (2880, Chord(0)),
    ]  # fmt: skip
    assert [t.name for t in score.tracks] in ([], ["melody"])
    assert (score.meters[0].numerator, score.meters[0].denominator) == (3, 4)
    assert round(score.tempos[0].qpm) == 133


def test_long_pieces_outgrow_the_memory_and_still_end(
    snapshot: tuple[SequenceRecipe, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.generate.events.CONTEXT", 40)
    score = load(str(snapshot[2])).write(Request(bars=12), [5])[0].score
    assert score.length == 12 * 1920


def test_exact_likelihood_does_not_depend_on_the_windows(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    made, folder, _ = snapshot
    data = prepare(iter(pieces()), SPEC)
    model = trained(made, folder)
    whole = evaluate(model, data.codec, data.splits["valid"], 10_000)
    events = data.splits["valid"].pieces
    assert whole["nll"] * sum(len(e) - 1 for e in events) == pytest.approx(
        whole["nll_note"] * sum(int((e[:, 0] >= data.codec.vocabularies[0].span("note").start).sum()) for e in events)
    )
    assert whole["note"] < whole["nll_note"]


def test_a_snapshot_finds_pieces_as_probable_as_its_recipe_does(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    made, folder, exported = snapshot
    data = prepare(iter(pieces()), SPEC)
    wanted = evaluate(trained(made, folder), data.codec, data.splits["valid"], 10_000)
    generator = load(str(exported))
    assert isinstance(generator, EventGenerator)
    found = [r for r in likelihoods(generator, [tune(8), tune(9)]) if isinstance(r, Likelihood)]
    assert [r.events for r in found] == [len(e) - 1 for e in data.splits["valid"].pieces]
    nats, notes = sum(sum(r.per_bar) for r in found), sum(r.notes for r in found)
    assert nats / sum(r.events for r in found) == pytest.approx(wanted["nll"], abs=1e-4)
    assert nats / notes == pytest.approx(wanted["nll_note"], abs=1e-4)


def test_windows_hold_whole_bars_and_times_from_zero() -> None:
    data = prepare(iter(pieces()), SPEC)
    part = data.splits["train"]
    cut = window(data.codec, part.pieces[0], part.times[0], part.bars[0], 3, 20)
    assert len(cut["events"]) == 20
    assert cut["times"][:2].tolist() == [0, 0]
    assert np.array_equal(cut["events"][1:], part.pieces[0][part.bars[0][3] :][:19])


def test_dropped_roles_and_marks_leave_the_rest() -> None:
    data = prepare(iter(pieces()), SPEC)
    part = data.splits["train"]
    cut = window(data.codec, part.pieces[0], part.times[0], part.bars[0], 0, 1000)
    fewer = drop_roles(data.codec, cut, np.random.default_rng(1))
    score = data.codec.decode(fewer["events"].astype(np.int16), Key(0))
    names = [t.name for t in score.tracks]
    mask = int(fewer["events"][0, 2]) - data.codec.vocabularies[2].span("roles").start
    assert names == [r for i, r in enumerate(SPEC.roles) if mask >> i & 1]
    bare = data.codec.decode(drop_marks(data.codec, cut, True, True)["events"].astype(np.int16), Key(0))
    assert bare.chords == () and bare.sections == () and bare.note_count == tune(0).note_count


def test_every_recipe_has_a_name_and_unknown_ones_are_refused() -> None:
    assert all(find(name).name == name for name in RECIPES)
    with pytest.raises(TrainingError, match="pop-transformer"):
        find("nothing")
