"""The judge's encoder: its network, its objective, a tiny run that resumes, the graph it exports and its card."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from antiphon.corpus.piece import Piece
from antiphon.errors import TrainingError
from antiphon.evaluate.encoder import Encoder
from antiphon.models.encoder import ClipEncoder
from antiphon.music.score import Score, Track, notes_array
from antiphon.recipes.encoder import (
    TAUGHT,
    EncoderRecipe,
    build,
    export_encoder,
    maker,
    prepare_clips,
    run,
    save_spread,
    transposed,
    view,
    whiten,
)
from antiphon.training.batches import batches
from antiphon.training.contrastive import contrastive, info_nce
from antiphon.training.phase import adam

TINY = EncoderRecipe().tiny()


def piece(seed: int, split: str = "train", bars: int = 12) -> Piece:
    """An invented song: one melody pattern and one bass pattern, moved by a progression."""
    rng = np.random.default_rng(seed)
    pattern = np.flatnonzero(rng.random(16) < 0.4)
    pattern = pattern if len(pattern) else np.array([0])
    steps = rng.choice([0, 2, 4, 7, 9, 12], len(pattern)).tolist()
    tonic, roots = int(rng.integers(-5, 6)), rng.choice([0, 5, 7, 9], 4).tolist()
    melody = [(b * 16 + int(p), 2, 64 + tonic + s, 80) for b in range(bars) for p, s in zip(pattern, steps, strict=True)]
    bass = [(b * 16, 16, 40 + tonic + roots[b % 4], 80) for b in range(bars)]
    tracks = tuple(Track(name, notes=notes_array(notes)) for name, notes in (("melody", melody), ("piano", bass)))
    return Piece(Score(4, tracks, title=f"song {seed}"), str(seed), f"{seed}.mid", split, "CC0")


PIECES = [piece(i, "train" if i < 8 else "valid") for i in range(12)]


def test_the_network_has_its_size_and_takes_any_length() -> None:
    model = ClipEncoder().eval()
    assert sum(p.numel() for p in model.parameters()) <= 500_000
    with torch.no_grad():
        assert [tuple(model(torch.zeros(2, 3, t, 84)).shape) for t in (256, 192, 64, 16, 8)] == [(2, 96)] * 5


def test_features_of_a_clip_do_not_depend_on_the_batch() -> None:
    model = ClipEncoder(8, 16)
    x = (torch.rand(4, 3, 64, 84, generator=torch.Generator().manual_seed(0)) < 0.03).float()
    with torch.no_grad():
        assert torch.allclose(model(x)[1:2], model(x[1:2]), atol=1e-5)
    assert not list(model.buffers())


def test_info_nce_by_hand() -> None:
    orthogonal = torch.eye(2).repeat(2, 1)  # rows 0 and 2 belong together, 1 and 3 too
    assert float(info_nce(orthogonal, 1.0)) == pytest.approx(math.log(1 + 2 / math.e))
    assert float(info_nce(orthogonal, 0.01)) == pytest.approx(0, abs=1e-6)
    crossed = torch.eye(2)[[0, 1, 1, 0]]
    assert float(info_nce(crossed, 1.0)) == pytest.approx(math.log(math.e + 2))


def test_examples_are_seeded_and_a_spoiled_view_differs() -> None:
    songs = prepare_clips(PIECES, TINY).splits["train"]
    make = maker(songs, TINY)
    a, b = (make(3, np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(a[k], b[k]) for k in a)
    assert a["one"].shape == a["spoiled"].shape == (3, 64, 84) and a["one"].any()
    kinds = {int(make(0, np.random.default_rng(i))["kind"][0]) for i in range(40)}
    assert kinds == set(range(1, 1 + len(TAUGHT)))


def test_transposition_moves_the_rolls() -> None:
    clip = prepare_clips(PIECES, TINY).splits["train"][0][0]
    assert np.array_equal(view(transposed(clip, 3), 64)[:, :, 3:], view(clip, 64)[:, :, :-3])
    assert view(clip, 80).shape == (3, 80, 84) and view(clip, 32).shape == (3, 32, 84)


def test_a_corpus_of_one_song_is_refused() -> None:
    for few in ([], [piece(0)], [piece(0, bars=4), piece(1, bars=4)]):
        with pytest.raises(TrainingError, match="Too little"):
            prepare_clips(few, TINY)


def test_both_tasks_can_be_learnt() -> None:
    songs = prepare_clips(PIECES, TINY).splits["train"]
    batch = next(batches(len(songs), maker(songs, TINY), 4, 0))
    phase = contrastive(build(TINY), adam(3e-3), 0.1)[0]
    optimiser = phase.optimisers(phase.module)[0]
    losses = []
    for _ in range(20):
        terms = phase.loss(batch)
        optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimiser.step()
        losses.append({k: float(v.detach()) for k, v in terms.items()})
    assert losses[-1]["pairs"] < 0.5 * losses[0]["pairs"] and losses[-1]["damage"] < 0.8 * losses[0]["damage"]


def test_a_tiny_run_is_examined_and_exported(tmp_path: Path) -> None:
    whole = run(TINY, PIECES, tmp_path / "whole")
    assert 0 <= whole["valid/whole"] <= 1 and 0 <= whole["valid/found"] <= 1
    with pytest.raises(TrainingError, match="another recipe"):
        run(replace(TINY, steps=13), PIECES, tmp_path / "whole")
    out = tmp_path / "encoder.onnx"
    export_encoder(TINY, tmp_path / "whole", out, {"name": "tiny"})
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest() and card["data"]["licences"] == {"CC0": 8}
    clips = [song[0] for song in prepare_clips(PIECES, TINY).splits["train"]]
    encoder = Encoder(out)
    features = encoder(clips)
    assert encoder.version == card["sha256"][:12] and features.shape == (8, 16) and np.isfinite(features).all()


def test_whitened_features_have_variance_one(tmp_path: Path) -> None:
    songs = prepare_clips(PIECES, TINY).splits["train"]
    model = build(TINY).encoder
    save_spread(model, songs, TINY, tmp_path, "cpu")
    whiten(model, tmp_path / "spread.npz")
    cells = np.stack([view(c, 64) for song in songs for c in song[:2]])
    with torch.no_grad():
        found = model(torch.from_numpy(cells).float()).numpy()
    strong = np.linalg.eigvalsh(np.cov(found.T))[-5:]  # so few windows do not span all 16 directions
    assert np.allclose(strong, 1, atol=0.1) and np.allclose(found.mean(0), 0, atol=0.1)


def test_export_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint"):
        export_encoder(TINY, tmp_path, tmp_path / "encoder.onnx", {})
    assert list(tmp_path.iterdir()) == []
