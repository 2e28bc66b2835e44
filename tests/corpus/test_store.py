"""A store gives back every Score bit for bit, says what it is, and notices damage."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import corpus_samples as samples
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.corpus.columns import decode_score, encode
from antiphon.corpus.piece import Piece
from antiphon.corpus.shard import Shard, chosen
from antiphon.corpus.store import MANIFEST, Store, save_pieces
from antiphon.errors import FormatError, InputError
from antiphon.music.score import Score
from strategies import midi_scores


@given(st.lists(midi_scores(), max_size=4))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_goes_in_comes_out(scores: list[Score]) -> None:
    pieces = [Piece(s, f"w{i}", f"f{i}", "test", "CC0", "files", {"a": "ü\u2028"}) for i, s in enumerate(scores)]
    with tempfile.TemporaryDirectory() as folder:
        store = save_pieces(Path(folder) / "store", pieces)
        assert len(store) == len(pieces)
        assert list(store) == pieces
        assert [store.score(i) for i in range(len(store))] == scores
        assert store.verify()


@given(st.lists(midi_scores(), min_size=1, max_size=5), st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_chosen_pieces_of_a_shard_stay_whole(scores: list[Score], data: st.DataObject) -> None:
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    tables, text = encode(Piece(s, "w", "f") for s in scores)
    fewer, lines = chosen(Shard(tables, text, []), keep)
    wanted = [s for s, k in zip(scores, keep, strict=True) if k]
    assert [decode_score(fewer, i, json.loads(line)) for i, line in enumerate(lines)] == wanted


def test_splits_numbers_and_words(tmp_path: Path) -> None:
    pieces = [Piece(samples.random_song(i), f"w{i}", f"f{i}", s) for i, s in enumerate(["train", "valid", "train", "test"])]
    store = save_pieces(tmp_path / "s", pieces)
    assert (store.split("train"), store.split("valid"), store.split("test")) == ([0, 2], [1], [3])
    assert store[-1] == pieces[3]
    assert store.words(1)["work"] == "w1"
    assert store.refusals() == []
    with pytest.raises(InputError, match="no split"):
        store.split("dev")
    with pytest.raises(IndexError, match="4 pieces"):
        store[4]
    with pytest.raises(InputError, match="exists"):
        save_pieces(tmp_path / "s", pieces)


def test_notes_are_mapped_not_read(tmp_path: Path) -> None:
    store = save_pieces(tmp_path / "s", [Piece(samples.random_song(1), "w", "f")])
    base = store.tables["notes"]
    while not isinstance(base, np.memmap) and base.base is not None:
        base = base.base
    assert isinstance(base, np.memmap)
    assert not store[0].score.tracks[0].notes.flags.writeable


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a store"):
        Store.open(tmp_path)
    folder = tmp_path / "s"
    store = save_pieces(folder, [Piece(samples.random_song(i), f"w{i}", f"f{i}") for i in range(3)])
    with (folder / "notes.npy").open("r+b") as file:
        file.seek(-3, 2)
        file.write(b"\x07")
    assert not store.verify()
    np.save(folder / "notes.npy", np.zeros(3))
    with pytest.raises(FormatError, match="damaged"):
        Store.open(folder)
    (folder / "notes.npy").write_bytes(b"no array")
    with pytest.raises(FormatError, match="damaged"):
        Store.open(folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "version": 99}))
    with pytest.raises(FormatError, match="another version"):
        Store.open(folder)
    (folder / MANIFEST).write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        Store.open(folder)


def test_a_folder_with_another_kind_of_manifest_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"manifest": 1, "seed": 3}')
    assert not Store.stands_in(tmp_path)
    with pytest.raises(InputError, match="is not a store"):
        Store.open(tmp_path)
