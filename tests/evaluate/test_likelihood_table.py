"""The judge's likelihood: hand-made readers, fair marks and roles, halves, refusals, the report and the command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from invented_songs import song, songs

from antiphon.cli.evaluate import evaluate as command
from antiphon.cli.evaluate import find_listener
from antiphon.errors import SnapshotError
from antiphon.evaluate import report
from antiphon.evaluate.clip import Roles
from antiphon.evaluate.judge import evaluate
from antiphon.evaluate.likelihood import MOST_PIECES, Listener, likelihood_table, readable
from antiphon.io import midi
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Score, Section, Track, notes_array

ROLES = ("melody", "chords", "bass")


class Ear:
    """A reader that remembers what it was given and calls a piece as probable as it has notes."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.given: list[Score] = []

    def __call__(self, scores: Sequence[Score], bars: int) -> list[dict[str, float] | str]:
        self.given += scores
        return [self.refuse or {"nats per note": float(s.note_count), "nats per bar": s.note_count / bars} for s in scores]


def test_means_are_by_work_with_intervals_and_halves() -> None:
    ours, real = songs(3), songs(6, 20)
    works = ["a", "a", "b", "c", "d", "e"]
    found = likelihood_table(Listener("ear", ROLES, Ear()), ours, real, 8, works)
    counts = [s.note_count for s in real]
    row = found["rows"][0]
    assert row["statistic"] == "nats per note"
    assert row["value"] == pytest.approx(sum(s.note_count for s in ours) / 3)
    assert row["real"]["value"] == pytest.approx(((counts[0] + counts[1]) / 2 + sum(counts[2:])) / 5)
    assert row["low"] <= row["value"] <= row["high"] and row["real"]["low"] < row["real"]["high"]
    # five works: two in one half, three in the other
    assert row["half A"]["value"] * 2 + row["half B"]["value"] * 3 == pytest.approx(row["real"]["value"] * 5)
    assert found["pieces"] == {"generated": 3, "reference": 6}
    assert str(found) == str(likelihood_table(Listener("ear", ROLES, Ear()), ours, real, 8, works))


def test_both_sets_are_read_alike() -> None:
    marked = replace(song(1), keys=(KeyMark(0, Key(3)),), chords=(ChordMark(0, Chord(3)),), sections=(Section(0, "A8"),))
    ear = Ear()
    found = likelihood_table(Listener("ear", ROLES, ear), [marked], songs(4, 9), 8)
    assert (found["keys"], found["roles"]["matched by"]) == ("found", "name")
    assert all(s.keys == () and s.chords == () and s.sections == () for s in ear.given)
    ear = Ear()
    assert likelihood_table(Listener("ear", ROLES, ear), [marked], [marked] * 4, 8)["keys"] == "marked"
    assert all(s.keys == marked.keys and s.chords == () for s in ear.given)


def test_foreign_tracks_become_roles_by_register() -> None:
    names = iter(("tuba", "lead", "pad"))
    foreign = song(1).with_tracks([Track(next(names), t.program, False, t.notes) for t in reversed(song(1).tracks)])
    drums = Track("kit", 0, True, notes_array([(0, 1, 36, 90)]))
    ear = Ear()
    found = likelihood_table(Listener("ear", ROLES, ear), [foreign.with_tracks([*foreign.tracks, drums])], songs(4), 8)
    assert found["roles"]["matched by"] == "register"
    assert [t.name for t in ear.given[0].tracks] == list(ROLES)
    heights = [float(t.notes["pitch"].mean()) for t in ear.given[0].tracks]
    assert heights == sorted(heights, reverse=True)
    alone = readable(song(1), Roles(("melody",), True), True)
    assert [t.name for t in alone.tracks] == ["melody"] and alone.note_count == song(1).note_count


def test_silent_pieces_are_passed_over_and_large_sets_are_drawn_from() -> None:
    silent = Score(4, (Track("melody"),))
    ear = Ear()
    found = likelihood_table(Listener("ear", ROLES, ear), [silent, song(1)], songs(MOST_PIECES + 30), 8)
    assert found["pieces"] == {"generated": 1, "reference": MOST_PIECES} and len(ear.given) == 1 + MOST_PIECES


def test_what_cannot_be_read_is_named_and_no_figure_is_given() -> None:
    listener = Listener("ear", ROLES, Ear("The meter 7/8 is not one that this model knows."))
    result: dict[str, Any] = evaluate(songs(4), songs(4, 9), neural=False, listener=listener)
    assert result["likelihood"]["rows"] == []
    assert any("song 9" in line and "7/8" in line for line in result["left out"])
    page = report.markdown(result)
    assert "likelihood: not available, ear can read no piece" in page and "## Likelihood" not in page


def test_the_report_shows_the_likelihood() -> None:
    result = evaluate(songs(4), songs(8, 9), neural=False, listener=Listener("ear", ROLES, Ear()))
    files = report.files(result)
    assert json.loads(files["report.json"])["likelihood"]["rows"][1]["statistic"] == "nats per bar"
    for name in ("report.md", "report.html"):
        assert "Likelihood under a sequence snapshot" in files[name].decode() and "half A" in files[name].decode()
    none = evaluate(songs(4), songs(8, 9), neural=False)
    assert none["not available"]["likelihood"] == "no sequence snapshot was given"


def test_a_lone_piece_of_drums_gives_a_report_that_claims_nothing() -> None:
    drums = Track("kit", 0, True, notes_array([(i * 4, 1, 36 + i % 3, 90) for i in range(32)]))
    found = evaluate([replace(song(1), keys=(KeyMark(0, Key(0)),)).with_tracks([drums])], songs(4, 9), neural=False)
    said = " ".join(report.summary(found))
    assert "1 generated piece (1 window of 8 bars)" in said and "accuracy" not in said and "–" not in said


def test_a_short_piece_is_named_once() -> None:
    def read(scores: Sequence[Score], bars: int) -> list[dict[str, float] | str]:
        return [{"nats per note": 1.0} if s.end > 64 else "It does not fill three quarters of 8 bars." for s in scores]

    short = song(1, 2)
    result = evaluate([*songs(3), short], songs(4, 9), bars=8, neural=False, listener=Listener("ear", ROLES, read))
    assert [line for line in result["left out"] if "song 1" in line] == [
        "generated: song 1: shorter than three quarters of 8 bars in one meter"
    ]


def test_the_command_reads_with_a_shipped_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, scores in (("generated", songs(2)), ("real", songs(4, 9))):
        (tmp_path / name).mkdir()
        for i, score in enumerate(scores):
            (tmp_path / name / f"{i}.mid").write_bytes(midi.dumps(score))
    command(tmp_path / "generated", tmp_path / "real", tmp_path / "out", bars=4, neural=False, likelihood="folk")
    rows = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["likelihood"]["rows"]
    note, quiet, bar = (r["value"] for r in rows)
    assert 0 < quiet < note < bar
    assert "Likelihood" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    with pytest.raises(SnapshotError, match="no model"):
        find_listener("nobody")
