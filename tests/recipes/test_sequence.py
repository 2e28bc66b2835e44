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
from antiphon.generate.request import Opening, Request
from antiphon.models.gru import EventGru
from antiphon.models.transformer import EventTransformer
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Score, Section, Track
from antiphon.recipes.catalog import RECIPES, find
from antiphon.recipes.data import drop_marks, drop_roles, prepare, window
from antiphon.recipes.export import export, trained
from antiphon.recipes.infilling import infilling, whole_bars
from antiphon.recipes.runs import check_begin
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


def test_takes_of_different_lengths_are_read_as_each_alone(snapshot: tuple[SequenceRecipe, Path, Path]) -> None:
    runtime = load(str(snapshot[2])).runtime  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    sizes = [v.size for v in EventCodec(SPEC).vocabularies]
    parts = [(rng.integers(0, sizes, (n, 4)), np.arange(n)) for n in (150, 3, 31)]
    parts.append(parts[1])
    state = runtime.prime(parts)
    more = rng.integers(0, sizes, (4, 4))
    following = runtime.feed(more, np.full(4, 200))
    for row, (events, times) in enumerate(parts):
        runtime.reset(1)
        slowly = [runtime.feed(events[t : t + 1], times[t : t + 1])[0] for t in range(len(events))]
        assert np.abs(state[row] - slowly[-1]).max() < 1e-4
        assert np.abs(following[row] - runtime.feed(more[row : row + 1], np.full(1, 200))[0]).max() < 1e-4
        runtime.reset(1)
        assert np.abs(runtime.read(events[None], times[None])[0] - np.array(slowly)).max() < 1e-4


def test_a_run_goes_on_from_its_base_and_learns_to_write_into_pieces(tmp_path: Path) -> None:
    base = replace(recipe(), steps=30)
    run(base, iter(pieces()), tmp_path / "base")
    made = replace(base, spec=replace(SPEC, fills=True), fills=0.7, base="test", name="filling", steps=20)
    with pytest.raises(TrainingError, match="name a run of that with --start"):
        check_begin(made, None, False)
    with pytest.raises(TrainingError, match="begins from nothing"):
        check_begin(base, tmp_path / "base", False)
    with pytest.raises(TrainingError, match="no trained run of 'test'"):
        check_begin(made, tmp_path, False)
    check_begin(made, tmp_path / "base", False)
    logged = run(made, iter(pieces()), tmp_path / "run", begin=tmp_path / "base")
    without = run(made, iter(pieces()), tmp_path / "without")
    assert logged["valid/nll"] < without["valid/nll"] and logged["valid/opening"] < without["valid/opening"]
    with pytest.raises(TrainingError, match="other weights"):
        run(replace(made, width=64), iter(pieces()), tmp_path / "wide", begin=tmp_path / "base")
    export(made, tmp_path / "run", tmp_path / "snapshot", {})
    generator, given = load(str(tmp_path / "snapshot")), replace(tune(5), sections=())
    assert generator.description.infills
    request = Request(8, given=given, openings=(Opening(2, 4, ("melody",)), Opening(4, 8, ("melody", "piano"))))
    takes = generator.write(request, [1, 2])
    assert generator.write(request, [2])[0] == takes[1] and takes[0].score != takes[1].score
    for take in takes:
        old, new = given.tracks[0].notes, take.score.tracks[0].notes
        assert (new[new["onset"] < 2 * 1920] == old[old["onset"] < 2 * 1920]).all() and take.log_likelihood < 0


def test_an_example_with_an_opening_is_the_window_in_another_order() -> None:
    data = prepare(iter(pieces()), replace(SPEC, fills=True))
    kind = data.codec.vocabularies[0]
    note, seen = kind.span("note"), set()
    for seed in range(60):
        found = infilling(data.codec, data.splits["train"], 0, seed % 5, 400, False, np.random.default_rng(seed))
        events, times, learnt = found["events"], found["times"], found["learnt"].astype(bool)
        fill = int(np.flatnonzero(events[:, 0] == kind.encode("fill"))[0])
        assert not learnt[: fill + 1].any() and learnt[fill + 1 :].all() and times[fill] == times[fill + 1]
        plain, plain_times, _ = whole_bars(data.splits["train"], 0, seed % 5, 320)
        is_note = (events[:, 0] >= note.start) & (events[:, 0] < note.stop)
        got = sorted((int(t), *map(int, e)) for t, e in zip(times[is_note], events[is_note], strict=True))
        mask = (plain[:, 0] >= note.start) & (plain[:, 0] < note.stop)
        whole = sorted((int(t), *map(int, e)) for t, e in zip(plain_times[mask], plain[mask], strict=True))
        assert set(got) <= set(whole) and len(set(got)) == len(got)
        seen.add(len(got) == len(whole))
        assert (np.diff(times[fill:]) >= 0).all() and kind.decode(int(events[-1, 0]))[0] == "end"
    assert seen == {True, False}  # parts still to be written after the gap are left out in some


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
