"""The translator from training to a user's file: both ways exported, the same as in PyTorch, what it cannot say kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import antiphon
from antiphon.cli.main import app
from antiphon.corpus.piece import Piece
from antiphon.errors import BriefError, SnapshotError
from antiphon.generate.load import load
from antiphon.generate.request import Request
from antiphon.generate.translate import StyleTranslator
from antiphon.models.gan.cycle import Translator
from antiphon.models.gan.rolls import RollShape
from antiphon.music.score import Meter, Note, Score, Tempo, Track
from antiphon.recipes import runs
from antiphon.recipes.adversarial import GanRecipe
from antiphon.recipes.adversarial_phases import chroma_cosine
from antiphon.recipes.adversarial_run import trained_generator
from antiphon.recipes.gans import GANS
from antiphon.recipes.rolls_data import prepare_rolls
from antiphon.representations.pianoroll import PianoRollSpec, encode, notes_of
from antiphon.training.adversarial import Adversary

SPEC = PianoRollSpec(("all",), (0,), bars=2, lowest=36, pitches=48)
BAR = 1920


def hymn(seed: int) -> Score:
    """Eight bars of block chords in halves, in two tracks."""
    rng = np.random.default_rng(seed)
    upper, lower = [], []
    for half in range(16):
        root = int(rng.choice([0, 5, 7]))
        upper.append(Note(half * 960, 960, 64 + root))
        lower += [Note(half * 960, 960, 48 + root), Note(half * 960, 960, 55 + root)]
    return Score(480, (Track("soprano", 52, notes=upper), Track("bass", 52, notes=lower)), length=8 * BAR)


def dance(seed: int) -> Score:
    """Eight bars of repeated eighths over a bass."""
    rng = np.random.default_rng(seed)
    tune = [Note(i * 240, 240, 67 + int(rng.choice([0, 2, 4]))) for i in range(64)]
    return Score(480, (Track("tune", 0, notes=tune), Track("bass", 32, notes=[Note(0, 8 * BAR, 43)])), length=8 * BAR)


def pieces() -> list[Piece]:
    splits = ["train"] * 4 + ["valid"]
    return [Piece(make(i), f"{make.__name__}/{i}", f"{make.__name__}/{i}.mid", split)
            for make in (hymn, dance) for i, split in enumerate(splits)]  # fmt: skip


def recipe() -> GanRecipe:
    return GanRecipe(
        "test-cycle", "pop", SPEC, "cycle", Adversary("least-squares"), sides=("hymn", "dance"), corpora=("hymn", "dance"),
        content=1.0,
    ).tiny()  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a tiny translator and its snapshot in the folder below."""
    place = tmp_path_factory.mktemp("cycle")
    runs.start(recipe(), pieces(), place)
    runs.export_run(place, place / "snapshot", card={"data": "made by the test"})
    return place


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's file at an odd resolution: two pitched tracks, drums, and two bars of 3/4 in the middle."""
    waltz, back = 4 * 4 * 96, 4 * 4 * 96 + 2 * 3 * 96
    lead = [Note(i * 96, 90, 60 + i % 5, 70) for i in range(38)]
    chords = [Note(i * 192, 192, 48 + p, 50) for i in range(19) for p in (0, 7)]
    drums = [Note(i * 48, 20, 36 + 6 * (i % 2), 100) for i in range(76)]
    score = Score(
        96, (Track("Lead", 73, notes=lead), Track("Pad", 48, notes=chords), Track("Kit", 0, True, drums)),
        (Tempo.from_qpm(0, 97),), (Meter(0, 4, 4), Meter(waltz, 3, 4), Meter(back, 4, 4)), length=back + 4 * 4 * 96,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("song") / "song.mid"
    antiphon.write(score, path)
    return path


def test_the_run_reads_back_and_says_its_sides(folder: Path) -> None:
    assert runs.read_recipe(folder) == recipe()
    assert (folder / "samples.png").stat().st_size > 200
    player = load(str(folder / "snapshot"))
    assert isinstance(player, StyleTranslator)
    assert player.styles == ("hymn", "dance")
    told = player.description
    assert (told.kind, told.roles, told.meters, told.infills, told.likelihood) == ("cycle", ("all",), ((4, 4),), False, False)
    assert told.card["data"] == "made by the test"


def test_both_graphs_say_what_pytorch_says(folder: Path) -> None:
    player = load(str(folder / "snapshot"))
    assert isinstance(player, StyleTranslator)
    nets = trained_generator(recipe(), folder)
    assert isinstance(nets, torch.nn.ModuleDict)
    cells = (np.random.default_rng(0).random((5, *SPEC.shape)) < 0.1).astype(np.float32)
    for to, way in (("dance", "ab"), ("hymn", "ba")):
        net = nets[way]
        assert isinstance(net, Translator)
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(p.half().float())
            wanted = net.logits(torch.from_numpy(cells))
        found = player.graphs[to].run(None, {"cells": cells})[0] > 0
        sure = wanted.abs().numpy() > 1e-4  # a logit within rounding of the threshold may fall to either side
        assert np.array_equal(found[sure], (wanted > 0).numpy()[sure])
        assert sure.mean() > 0.99


def test_a_translator_without_reasons_gives_a_piece_back(folder: Path) -> None:
    """Untrained to speak of, it keeps what came in: onsets, pitches and lengths of any number of bars."""
    player = load(str(folder / "snapshot"))
    assert isinstance(player, StyleTranslator)
    for bars in (1, 5):
        notes = [Note(i * 240, 240, 60 + i % 7) for i in range(8 * bars)]
        piece = Score(480, (Track("x", 0, notes=notes),), length=bars * BAR)
        moved = player.translate(piece, "dance")
        assert [(n.onset, n.duration, n.pitch) for n in moved.tracks[0]] == [(n.onset, n.duration, n.pitch) for n in notes]
    with pytest.raises(BriefError, match="between hymn and dance, not to 'jazz'"):
        player.translate(piece, "jazz")
    with pytest.raises(BriefError, match="use it with restyle"):
        player.write(Request(4), [1])


def test_a_users_file_is_translated_and_what_cannot_be_said_stays(folder: Path, song: Path, tmp_path: Path) -> None:
    score = antiphon.read(song)
    answer = antiphon.restyle(score, style="dance", model=str(folder / "snapshot"), seed=1)
    new, old = answer.score, {t.name: t for t in score.tracks}
    by_name = {t.name: t for t in new.tracks}
    assert new.resolution == 96
    assert new.meters == score.meters
    assert np.array_equal(by_name["Kit"].notes, old["Kit"].notes)
    waltz = (4 * 4 * 96, 4 * 4 * 96 + 2 * 3 * 96)
    for name in ("Lead", "Pad"):  # only what begins in the bars of 3/4 is left of them, as it was
        inside = (old[name].notes["onset"] >= waltz[0]) & (old[name].notes["onset"] < waltz[1])
        assert np.array_equal(by_name[name].notes, old[name].notes[inside])
    piano = by_name["piano"].notes
    assert len(piano) > 30
    assert not np.any((piano["onset"] >= waltz[0]) & (piano["onset"] < waltz[1]))
    wishes = {w.name: w for w in answer.wishes}
    assert wishes["untouched"].kept
    assert wishes["chroma"].measured is not None
    said = " ".join(answer.notes)
    assert "3/4" in said
    assert "one piano part" in said
    assert "one take" in said
    assert len(answer.takes) == 1
    assert answer.verdicts[0].reasons[0].text.startswith("it has no likelihood")
    again = antiphon.restyle(score, style="dance", model=str(folder / "snapshot"), seed=2, takes=1)
    assert again.score == new  # nothing is drawn by chance

    out = tmp_path / "new.mid"
    run = CliRunner().invoke(
        app, ["restyle", str(song), "--style", "hymn", "--model", str(folder / "snapshot"), "-o", str(out)]
    )
    assert run.exit_code == 0, run.output
    assert np.array_equal({t.name: t for t in antiphon.read(out).tracks}["Kit"].notes["onset"], old["Kit"].notes["onset"])


def test_refusals_say_why(folder: Path, song: Path, tmp_path: Path) -> None:
    model, score = str(folder / "snapshot"), antiphon.read(song)
    with pytest.raises(BriefError, match="not to 'jazz'"):
        antiphon.restyle(score, style="jazz", model=model)
    with pytest.raises(BriefError, match="leave tracks and chords out"):
        antiphon.restyle(score, style="dance", model=model, tracks=("Lead",))
    with pytest.raises(BriefError, match="no pitched note"):
        antiphon.restyle(score.with_tracks([t for t in score.tracks if t.is_drum]), style="dance", model=model)
    with pytest.raises(BriefError, match="3/4"):
        antiphon.restyle(Score(96, score.tracks, meters=(Meter(0, 3, 4),)), style="dance", model=model)
    with pytest.raises(BriefError, match="composes none"):
        antiphon.compose(model=model, bars=4)
    told = json.loads((folder / "snapshot" / "snapshot.json").read_text())
    del told["facts"]["sides"]
    for path in (folder / "snapshot").glob("*.onnx"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "snapshot.json").write_text(json.dumps(told))
    with pytest.raises(SnapshotError, match="export it again"):
        load(str(tmp_path))


def test_the_role_all_is_every_pitched_track() -> None:
    kit = Track("kit", 0, True, [Note(0, 120, 38)])
    score = Score(480, (Track("a", 0, notes=[Note(0, 480, 60)]), Track("b", 0, notes=[Note(0, 480, 64)]), kit), length=BAR)
    assert notes_of(score.tracks, "all")["pitch"].tolist() == [60, 64]
    assert notes_of(score.tracks, "kit")["pitch"].tolist() == [38]
    assert len(notes_of(score.tracks, "c")) == 0
    rolls = encode(score, SPEC).rolls
    assert np.argwhere(rolls[0, 0, 0]).tolist() == [[0, 24], [0, 28]]


def test_windows_are_found_by_corpus_or_folder() -> None:
    part = prepare_rolls(pieces(), SPEC).splits["train"]
    hymns, dances = part.windows_of("hymn"), part.windows_of("dance")
    assert len(hymns) == len(dances) == 4 * 7
    assert sorted([*hymns.tolist(), *dances.tolist()]) == part.windows_of("").tolist() == part.windows_of("files").tolist()
    assert len(part.windows_of("jazz")) == 0
    cells, _ = part.some(3, 0, "dance")
    assert (cells[:, :, 0, 0].sum((1, 2, 3)) >= 16).all()


def test_content_is_the_cosine_of_pitch_classes_by_beat() -> None:
    one = torch.zeros(1, *SPEC.shape)
    one[0, 0, 0, 0, 0, 0] = one[0, 0, 0, 1, 1, 0] = 1  # C in the first beat
    one[0, 0, 0, 0, 4, 7] = 1  # G in the second
    octaves = torch.roll(one, 12, -1)
    assert float(chroma_cosine(octaves, one, 4)) == pytest.approx(1)
    half = one.clone()
    half[0, 0, 0, 0, 4] = 0
    assert float(chroma_cosine(half, one, 4)) == pytest.approx(0.5)
    both = one.clone()
    both[0, 0, 0, 0, 4, 11] = 1
    assert float(chroma_cosine(both, one, 4)) == pytest.approx((1 + 0.5**0.5) / 2)


def test_what_a_translator_changes_does_not_hang_on_absolute_pitch_alone() -> None:
    """The view of a cell's surroundings is the same for all pitches; only the learnt place of each row tells them apart."""
    torch.manual_seed(0)
    net = Translator(RollShape(2, 1, 16, 48), 16, 8, 1).eval()
    with torch.no_grad():
        net.pitch.zero_()
        net.told.weight.zero_()
    cells = torch.zeros(1, *SPEC.shape)
    cells[0, 0, 0, 0, 4, 20] = cells[0, 0, 0, 1, 5:16, 20] = cells[0, 1, 0, 1, 0:3, 20] = 1
    up = torch.roll(cells, 3, -1)
    assert torch.allclose(torch.roll(net.logits(cells), 3, -1)[..., 12:36], net.logits(up)[..., 12:36], atol=1e-5)
    assert torch.equal(net(cells), (net.logits(cells) > 0).float())


def test_the_listed_recipe_names_both_styles() -> None:
    made = GANS["gan-cycle"]
    assert made.sides == ("chorale", "pop")
    assert all(made.corpora)
    assert made.rolls.roles == ("all",)
