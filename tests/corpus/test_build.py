"""A build is complete, repeatable, survives hostile files and being killed, and accounts for everything it was given."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import corpus_samples as samples
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from antiphon.cli.corpus import app
from antiphon.corpus import build as building
from antiphon.corpus import catalogue
from antiphon.corpus.build import build
from antiphon.corpus.clean import Limits
from antiphon.corpus.readers import READERS
from antiphon.corpus.stats import describe
from antiphon.corpus.store import Store
from antiphon.errors import InputError
from antiphon.io import midi
from antiphon.music.edit import transpose
from antiphon.music.score import Score, Track


def write(path: Path, score: Score) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(midi.dumps(score))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three corpora, 40 loose songs, copies, versions and things that are no music."""
    folder = tmp_path_factory.mktemp("library")
    samples.pop909(folder / "pop", "001")
    samples.pop909(folder / "pop", "002", seed=1)
    samples.jsb(folder / "chorales")
    samples.nottingham(folder / "folk")
    for seed in range(40):
        write(folder / "loose" / f"{seed:02d}.mid", samples.random_song(seed, 120))
    write(folder / "loose" / "copy of 03.mid", samples.random_song(3, 120))
    write(folder / "loose" / "higher 04.mid", transpose(samples.random_song(4, 120), 5))
    edited = samples.random_song(5, 120)
    write(folder / "loose" / "edited 05.mid", edited.with_tracks([replace(t, notes=t.notes[:-9]) for t in edited.tracks]))
    write(folder / "loose" / "tiny.mid", Score(480, (Track("a", 0, False, [(0, 480, 60, 80)]),)))
    (folder / "loose" / "bad.mid").write_bytes(b"MThd\x00\x00\x00\x06 broken")
    (folder / "loose" / "empty.kar").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def built(library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[building.Report, Store]:
    seen: list[tuple[int, int]] = []
    out = tmp_path_factory.mktemp("out") / "store"
    report = build(library, out, jobs=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 57)
    assert seen[-1] == (57, 57)
    return report, Store.open(out)


def test_everything_is_accounted_for(built: tuple[building.Report, Store]) -> None:
    report, store = built
    assert report.units == 2 + 6 + 3 + 46
    assert report.refused == {"duplicate of another piece": 2, "unreadable file": 2, "too few notes": 1}
    assert report.pieces == len(store) == report.units - 5
    assert report.corpora == {"jsb": 6, "nottingham": 3, "pop909": 2, "files": 41}
    assert sum(report.splits.values()) == report.pieces
    refusals = {r["source"]: r for r in store.refusals()}
    assert refusals["loose/copy of 03.mid"]["detail"] == "the same notes as loose/03.mid"
    assert refusals["loose/higher 04.mid"]["cause"] == "duplicate of another piece"
    assert set(refusals) == {
        "loose/copy of 03.mid", "loose/higher 04.mid", "loose/tiny.mid", "loose/bad.mid", "loose/empty.kar",
    }  # fmt: skip
    assert store.verify()


def test_scores_are_stored_as_they_were_read(built: tuple[building.Report, Store], library: Path) -> None:
    _, store = built
    by_source = {store.words(i)["source"]: i for i in range(len(store))}
    for seed in (0, 17, 39):
        stored = store.score(by_source[f"loose/{seed:02d}.mid"])
        assert stored == midi.loads((library / "loose" / f"{seed:02d}.mid").read_bytes(), title=stored.title)
    assert [t.name for t in store.score(by_source["pop/score_quantised/001.mid"]).tracks] == ["melody", "bridge", "piano"]


def test_versions_share_a_work_and_a_side_and_published_splits_stand(built: tuple[building.Report, Store]) -> None:
    report, store = built
    pieces = {p.source: p for p in store}
    assert pieces["loose/05.mid"].work == pieces["loose/edited 05.mid"].work == "loose/05"
    assert pieces["loose/05.mid"].split == pieces["loose/edited 05.mid"].split
    assert [tuple(sorted((a, b))) for a, b, _ in report.near_copies] == [("loose/05.mid", "loose/edited 05.mid")]
    for source, piece in pieces.items():
        if piece.corpus == "jsb":
            assert source == f"chorales/Jsb16thSeparated.json#{piece.split}/{source[-3:]}"


def test_the_same_folder_gives_the_same_store_with_any_number_of_processes(
    built: tuple[building.Report, Store], library: Path, tmp_path: Path
) -> None:
    _, store = built
    again = build(library, tmp_path / "again", jobs=1)
    assert Store.open(again.path).manifest["sha256"] == store.manifest["sha256"]
    assert [p.name for p in tmp_path.iterdir()] == ["again"]


def test_a_grid_is_kept_by_every_note(library: Path, tmp_path: Path) -> None:
    report = build(library / "folk", tmp_path / "grid", grid=2, jobs=1)
    for piece in Store.open(report.path):
        step = piece.score.resolution // 2
        assert all((t.notes["onset"] % step == 0).all() and (t.notes["duration"] % step == 0).all() for t in piece.score.tracks)


KILLED = """
import sys
from antiphon.corpus.build import build
if __name__ == "__main__":
    print(build(sys.argv[1], sys.argv[2], jobs=1).resumed)
"""


def test_a_killed_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    music = tmp_path / "music"
    for seed in range(building.SHARD_UNITS * 3):
        write(music / f"{seed:03d}.mid", samples.random_song(seed, 30))
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(music), str(tmp_path / "store")]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    shards = tmp_path / ".store.building" / "shards"
    while process.poll() is None and not list(shards.glob("*.npz")):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    made = {p: p.stat().st_mtime_ns for p in shards.glob("*.npz")}
    assert made
    assert not (tmp_path / "store").exists()
    (shards / ".000099.1.part").write_bytes(b"left over")
    resumed = build(music, tmp_path / "store", jobs=1)
    assert resumed.resumed == len(made)
    whole = build(music, tmp_path / "whole", jobs=2)
    assert whole.resumed == 0
    assert Store.open(resumed.path).manifest["sha256"] == Store.open(whole.path).manifest["sha256"]
    assert not shards.exists()


def test_changed_music_or_options_begin_anew(tmp_path: Path) -> None:
    music = tmp_path / "music"
    write(music / "a.mid", samples.random_song(1))
    left = tmp_path / ".store.building"
    (left / "shards").mkdir(parents=True)
    (left / "plan.txt").write_text("another plan")
    (left / "shards" / "000000.npz").write_bytes(b"of other music")
    report = build(music, tmp_path / "store", jobs=1)
    assert (report.resumed, report.pieces) == (0, 1)


def test_wrong_wishes_are_told(tmp_path: Path, library: Path) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="No music"):
        build(tmp_path / "void", tmp_path / "s")
    with pytest.raises(InputError, match="no folder"):
        build(tmp_path / "missing", tmp_path / "s")
    with pytest.raises(InputError, match="grid"):
        build(library, tmp_path / "s", grid=0)
    with pytest.raises(InputError, match="exists"):
        build(library, tmp_path / "void", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["void"]


def test_nothing_left_is_a_store_of_nothing_that_says_so(tmp_path: Path) -> None:
    write(tmp_path / "music" / "a.mid", samples.random_song(1))
    report = build(tmp_path / "music", tmp_path / "store", jobs=1, limits=Limits(min_notes=10_000))
    store = Store.open(report.path)
    assert (len(store), report.refused) == (0, {"too few notes": 1})
    with pytest.raises(InputError, match="holds no pieces"):
        describe(store)


def test_an_old_store_is_replaced_only_on_purpose(tmp_path: Path) -> None:
    write(tmp_path / "music" / "a.mid", samples.random_song(1))
    build(tmp_path / "music", tmp_path / "store", jobs=1)
    write(tmp_path / "music" / "b.mid", samples.random_song(2))
    with pytest.raises(InputError, match="exists"):
        build(tmp_path / "music", tmp_path / "store", jobs=1)
    assert build(tmp_path / "music", tmp_path / "store", jobs=1, overwrite=True).pieces == 2


def test_facts_agree_with_the_scores(built: tuple[building.Report, Store]) -> None:
    _, store = built
    facts = describe(store)
    scores = [p.score for p in store]
    assert facts["notes"] == sum(s.note_count for s in scores)
    assert facts["tracks"] == sum(len(s.tracks) for s in scores)
    pitches = np.bincount([n.pitch for s in scores for t in s.tracks if not t.is_drum for n in t], minlength=128)
    assert [n for _, n in facts["pitches"]] == pitches.tolist()
    for name, total in (("lengths", len(store)), ("tempos", len(store)), ("meters", len(store)), ("density", facts["tracks"])):
        assert sum(n for _, n in facts[name]) == total
    assert sum(n for _, n in facts["durations"]) == facts["notes"]
    assert dict(facts["keys"])["C major"] == sum(str(k.key) == "C major" for s in scores for k in s.keys)
    assert dict(facts["chords"])["7"] == sum(c.chord is not None and c.chord.quality == "7" for s in scores for c in s.chords)


def test_the_command_line_builds_counts_and_draws(tmp_path: Path, library: Path) -> None:
    runner = CliRunner()
    store, png = tmp_path / "store", tmp_path / "page.png"
    done = runner.invoke(app, ["build", str(library / "folk"), "-o", str(store), "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "3 pieces" in done.output
    facts = runner.invoke(app, ["stats", str(store), "--json", "--picture", str(png)])
    assert json.loads(facts.stdout)["pieces"] == 3
    with Image.open(png) as page:
        assert page.size[0] > 1000
        assert len(page.convert("RGB").getcolors(1 << 20) or []) > 20
    assert "3 pieces" in runner.invoke(app, ["stats", str(store)]).output
    refused = runner.invoke(app, ["build", str(library / "folk"), "-o", str(store), "--grid", "fine"])
    assert isinstance(refused.exception, InputError)


def test_the_catalogue_names_known_readers_and_rights() -> None:
    names = [d.name for d in catalogue.DATA_SETS]
    assert len(set(names)) == len(names) >= 15
    for entry in catalogue.DATA_SETS:
        assert entry.reader in READERS
        assert entry.rights in catalogue.MEANING
        assert entry.url.startswith("https://github.com/")
        assert all(part and " " not in part for origin in entry.origin for part in origin.split("/"))
    assert catalogue.find("jsb").reader == "jsb"
    with pytest.raises(InputError, match="no data set"):
        catalogue.find("lmd")
    listed = CliRunner().invoke(app, ["list", "--json"])
    assert [d["name"] for d in json.loads(listed.stdout)] == names
    assert "pop909" in CliRunner().invoke(app, ["list"]).output
