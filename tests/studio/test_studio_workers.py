"""What the workers do, called in this process: real verbs, a fake model, files that other readers open."""

from __future__ import annotations

import base64
import io
import json
import os
import time
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile
from studio_verbs import piece

from antiphon.compose.answer import Answer
from antiphon.compose.critique import Verdict
from antiphon.errors import BriefError, InputError
from antiphon.generate.request import Request, Take
from antiphon.io import midi, musicxml
from antiphon.music.score import Score
from antiphon.studio import bundle, composing, tools
from antiphon.studio.critic import NEEDED
from antiphon.studio.home import Home, default_home
from antiphon.studio.locks import Lock, locked_notes
from antiphon.studio.scorejson import pack, read_packed, unpack
from antiphon.studio.studio import tidy
from antiphon.studio.understood import understand
from antiphon.studio.worker import Verb
from antiphon.studio.writers import Remembering, Writers
from conftest import FakeGenerator


class Heard:
    """Gathers what a verb tells."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def __call__(self, message: dict[str, Any]) -> None:
        json.dumps(message)
        self.all.append(message)

    @property
    def takes(self) -> list[dict[str, Any]]:
        return [m for m in self.all if m["kind"] == "take"]

    def score(self, index: int) -> Score:
        return unpack(read_packed(self.takes[index]["packed"]).data)


def call(score: Score, **more: Any) -> dict[str, Any]:
    return {"score": base64.b64encode(pack(score).data).decode(), "locks": [], "manifest": None, "source": "t_1", **more}


class Shelf(Writers):
    """Writers that only know the fake model."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeGenerator()

    def get(self, name: str, styles: Path) -> FakeGenerator:  # type: ignore[override]
        assert name == "pop"
        return self.fake


def test_the_first_take_comes_alone_and_none_is_written_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shelf, heard = Shelf(), Heard()
    monkeypatch.setattr(composing, "WRITERS", shelf)
    brief = {"text": "a calm piece in D minor, 8 bars", "takes": 3, "seed": 5, "bars": 4}
    told = composing.compose({"brief": brief, "styles": str(tmp_path), "critic": None}, heard)
    assert [m["index"] for m in heard.takes] == [0, 1, 2] and len(shelf.fake.asked) == 2
    assert all(heard.score(i).keys[0].key.tonic == 2 and heard.takes[i]["packed"]["piece"]["bars"] == 4 for i in range(3))
    assert len({m["packed"]["hash"] for m in heard.takes}) == 3
    places = [u["verdict"]["rank"] for u in told["updates"]]
    assert sorted(places) == [1, 2, 3] and places[told["chosen"]] == 1 and told["updates"][told["chosen"]]["chosen"]
    manifest = heard.takes[1]["manifest"]
    assert manifest["seed"] == 5 and manifest["take"] == 1 and manifest["piece"]["bars"] == 4


def test_locked_bars_come_back_whatever_a_model_wrote() -> None:
    before, wild, heard = piece(), piece(seed=9), Heard()
    verdicts = tuple(Verdict(i, i, -1.0, 1.0, ()) for i in range(2))
    answer = Answer("infill", {}, wild, (wild, before), verdicts, 0, (), ("Told.",), FakeGenerator().description, 1)
    locks = (Lock(1, 2, ("melody",)),)
    composing._send_takes(answer, composing.Source(before, locks, None), heard, range(2))
    kept = heard.score(0)
    assert locked_notes(kept, locks, kept.tracks[0]).tolist() == before.tracks[0].notes[:8].tolist()
    assert kept.tracks[1] == wild.tracks[1] and "put back" in heard.takes[0]["said"][-1]
    assert heard.score(1) == before and heard.takes[1]["said"] == ["Told."]


class Infilling(FakeGenerator):
    """A fake that says it works on given pieces; what it writes outside the openings is put away by the task."""

    def __init__(self) -> None:
        super().__init__()
        self.description = replace(self.description, infills=True)
        self.seeds: list[list[int]] = []

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        self.seeds.append(list(seeds))
        return super().write(request, seeds)


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        (composing.do_infill, {"bars": [5, 8]}),
        (composing.do_continue, {"bars": 2}),
        (composing.do_vary, {"amount": 0.5}),
        (composing.do_restyle, {"style": "pop"}),
    ],
)
def test_work_on_a_piece_sends_its_first_take_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: Verb, more: dict[str, Any]
) -> None:
    """The first take comes before the others are begun, none is written twice, and all are those of one writing."""
    shelf = Shelf()
    monkeypatch.setattr(composing, "WRITERS", shelf)
    args = {**call(piece(16)), "styles": str(tmp_path), "model": "pop", "seed": 7, "critic": None, **more}
    heard: list[Heard] = []
    for takes in (3, 1):
        shelf.fake = fake = Infilling()
        heard.append(Heard())
        told = verb({**args, "takes": takes}, heard[-1])
        assert [m["index"] for m in heard[-1].takes] == list(range(takes)) and len(told["updates"]) == takes
        asked = [(request.given, seed) for request, seeds in zip(fake.asked, fake.seeds, strict=True) for seed in seeds]
        assert all(a != b for i, a in enumerate(asked) for b in asked[:i])
    kinds = [m["kind"] for m in heard[0].all]
    first = kinds.index("take")
    assert "progress" in kinds[first:] and kinds[first + 1] != "take"
    assert heard[0].score(0) == heard[1].score(0) != heard[0].score(1)
    places = sorted(u["verdict"]["rank"] for u in told["updates"])
    assert places == [1]


def test_tracks_that_are_locked_throughout_are_not_asked_for() -> None:
    source = composing.Source(piece(), (Lock(1, 3, ("melody",)),), None)
    assert composing._free_tracks(source, (1, 3), None) == ("piano",)
    assert composing._free_tracks(source, (1, 4), None) is None
    assert composing._free_tracks(source, (1, 2), ["melody"]) == ("melody",)


def test_a_remembering_generator_writes_as_the_generator_does() -> None:
    fake = FakeGenerator()
    twice = Remembering(FakeGenerator())
    request = Request(bars=4)
    first = twice.write(request, [1])
    assert [t.score for t in twice.write(request, [1, 2, 1])] == [t.score for t in fake.write(request, [1, 2, 1])]
    assert first[0].score == twice.write(request, [1])[0].score
    assert [t.score for t in twice.write(Request(bars=2), [1])] == [t.score for t in fake.write(Request(bars=2), [1])]


def test_fields_win_over_the_line() -> None:
    found = understand({"text": "a sad waltz in D minor, 24 bars, flugelbinder", "bars": 8, "seed": 1})
    assert (found.brief.bars, str(found.brief.key), found.brief.meter, found.brief.mood) == (8, "D minor", (3, 4), "sad")
    assert "key: D minor" in found.told and "flugelbinder" in found.unclear
    assert understand({"text": "a sad song", "mood": "happy"}).brief.mood == "happy"
    assert understand({"seed": 3}).brief.seed == 3
    with pytest.raises(BriefError):
        understand({"text": "qwertz uiopasdf"})


def test_a_style_that_is_not_there_is_said_and_no_folder_is_opened(tmp_path: Path) -> None:
    for name in ("nothing", str(tmp_path), "../pop"):
        with pytest.raises(BriefError, match="no style"):
            Writers().get(name, tmp_path)


# --- tools


@pytest.mark.parametrize("name", ["piece.mid", "piece.musicxml", "piece.abc", "roll.png"])
def test_a_take_as_a_file(name: str) -> None:
    score = piece(tracks=("melody",))
    data = base64.b64decode(tools.file({**call(score), "file": name}, Heard())["bytes"])
    if name == "piece.mid":
        assert midi.loads(data).tracks[0].notes.tolist() == score.tracks[0].notes.tolist()
    elif name == "piece.musicxml":
        assert musicxml.loads(data).note_count == score.note_count
    else:
        assert data.startswith(b"\x89PNG") if name == "roll.png" else b"X:" in data


def test_verdict_explanation_performance_and_arrangement() -> None:
    told = tools.judge(call(piece(), critic=None), Heard())
    assert told["updates"][0]["take"] == "t_1" and 0 <= told["result"]["score"] <= 10 and told["result"]["reasons"]
    explained = tools.do_explain(call(piece()), Heard())["result"]
    assert explained["text"][0] == "Test" and explained["sections"] and json.dumps(explained)
    heard = Heard()
    tools.do_humanize(call(piece(), verb="humanize", amount=1.0, locks=[{"first": 1, "last": 1, "tracks": None}]), heard)
    played = heard.score(0)
    assert played != piece() and played.tracks[0].notes[:4].tolist() == piece().tracks[0].notes[:4].tolist()
    heard = Heard()
    tools.do_arrange(call(piece(), verb="arrange", ensemble="string quartet"), heard)
    assert "cello" in [t.name for t in heard.score(0).tracks]
    with pytest.raises(InputError, match="unlock"):
        tools.do_arrange(
            call(piece(), verb="arrange", ensemble="duo", locks=[{"first": 1, "last": 1, "tracks": None}]), Heard()
        )


def test_an_export_holds_everything_and_is_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundle, "musescore", lambda: None)
    args = {
        **call(piece(bars=1)),
        "folder": str(tmp_path),
        "zip": "z_1",
        "name": "Take 1",
        "audio": ["ogg", "wav"],
        "stems": True,
    }
    told = tools.do_export(args, Heard())["result"]
    assert told["url"] == "/api/downloads/z_1.zip" and told["name"] == "Test - Take 1.zip" and "MuseScore" in told["notes"][0]
    with zipfile.ZipFile(tmp_path / "z_1.zip") as archive:
        assert archive.testzip() is None and sorted(archive.namelist()) == sorted(told["files"])
        assert midi.loads(archive.read("piece.mid")).note_count == piece(bars=1).note_count
        mix, rate = soundfile.read(io.BytesIO(archive.read("piece.wav")))
        stems = [soundfile.read(io.BytesIO(archive.read(f"stems/{n}.ogg")))[0] for n in ("melody", "piano")]
        assert rate == 44100 and len(mix) == len(stems[0]) and abs(mix - sum(stems)).max() < 0.1
        assert json.loads(archive.read("manifest.json"))["sound"]["loudness"] == -14
    assert [p.name for p in tmp_path.iterdir()] == ["z_1.zip"]


def test_a_silent_piece_is_exported_without_sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundle, "musescore", lambda: None)
    silent = Score(tracks=(), length=1920)
    told = tools.do_export({**call(silent), "folder": str(tmp_path), "zip": "z_2", "name": None}, Heard())["result"]
    assert "No sound: the piece has no notes." in told["notes"] and "piece.mid" in told["files"]


# --- the home


def test_the_home_is_where_the_system_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    assert default_home() == tmp_path / "studio"
    home = Home(tmp_path / "a" / "b")
    home.make()
    for path in (home.downloads / "old.zip", home.downloads / "new.zip", home.downloads / ".x.part"):
        path.write_bytes(b"x")
    (home.sound / ".key.part").mkdir()
    week = time.time() - 8 * 86400
    os.utime(home.downloads / "old.zip", (week, week))
    tidy(home)
    assert [p.name for p in home.downloads.iterdir()] == ["new.zip"] and not list(home.sound.iterdir())
    assert NEEDED == 10
