"""The choice among takes: copies are dropped and counted, the listener's taste has its say, and both are told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from antiphon.compose.critique import Verdict
from antiphon.compose.critique_bars import bar_verdicts, weakest_bar
from antiphon.compose.critique_ear import ANY, departures, ear_for, ears
from antiphon.compose.critique_measures import NAMES, WORDS, measures
from antiphon.compose.critique_rank import choose
from antiphon.compose.provenance import FILE, added, copying, index_in, model_provenance
from antiphon.compose.taste import FEATURES, features, learn, read_preference
from antiphon.errors import FormatError, InputError, SnapshotError
from antiphon.evaluate.originality import Index
from antiphon.evaluate.preference import Preference, Report, Stars, fit
from antiphon.generate.request import Description
from antiphon.generate.snapshot import Snapshot
from antiphon.music.edit import transpose
from antiphon.music.score import Score, Track
from antiphon.representations.events import EventSpec


def tune(seed: int, notes: int = 48) -> Score:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.integers(1, 5, notes)) * 120
    pitch = 60 + rng.integers(0, 20, notes)
    return Score(480, (Track("melody", 0, False, [(int(o), 120, int(p)) for o, p in zip(onset, pitch, strict=True)]),))


class Writer:
    """A generator that has nothing but a snapshot's folder."""

    def __init__(self, folder: Path | None) -> None:
        self.description = Description("small", "any", "none", ("melody",), ((4, 4),), 8, {"data": "d", "licences": "l"})
        if folder is not None:
            spec = EventSpec(("melody",), (0,), ((4, 4),), 4, 16)
            self.snapshot = Snapshot(folder, "small", "any", "none", spec, {}, {}, {}, "")

    def write(self, request, seeds):  # type: ignore[no-untyped-def]
        raise AssertionError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pieces = [(f"song {i}", tune(i)) for i in range(12)]
    Index.build(pieces, sketch=True).calibrate([tune(100 + i) for i in range(30)]).save(tmp_path / FILE)
    return tmp_path


def verdicts(*penalties: float) -> list[Verdict]:
    return [Verdict(i, i, -1.0, p, ()) for i, p in enumerate(penalties)]


def test_a_take_that_copies_is_dropped_and_counted(folder: Path) -> None:
    copy = transpose(tune(3), 2)
    ranking = choose(verdicts(0.0, 1.0, 0.5), [copy, tune(50), tune(51)], Writer(folder))
    assert ranking.chosen == 2
    assert ranking.order == (2, 1, 0)
    assert [v.copies for v in ranking.verdicts] == [True, False, False]
    assert ranking.originality["dropped"] == 1
    assert ranking.originality["against"] == "12 training pieces of small"
    assert not ranking.originality["copies_more_than_people"]
    assert "One take was dropped" in ranking.notes[0]
    assert json.loads(json.dumps(ranking.originality)) == ranking.originality


def test_where_all_copy_the_least_is_kept_and_said(folder: Path) -> None:
    whole, half = tune(3), tune(60).with_tracks([Track("melody", 0, False, [*tune(60).tracks[0]][:28])])
    few = [(n.onset + 40_000, n.duration, n.pitch, 80) for n in list(tune(4).tracks[0])[:20]]
    half = Score(480, (Track("melody", 0, False, [*half.tracks[0], *few]),))
    ranking = choose(verdicts(0.0, 9.0), [whole, half], Writer(folder))
    assert ranking.chosen == 1
    assert "All 2 takes copy" in ranking.notes[0]
    assert ranking.originality["copies_more_than_people"]
    alone = choose(verdicts(0.0), [whole], Writer(folder))
    assert "there being no other" in alone.notes[0]
    assert alone.originality["dropped"] == 0


def test_what_was_given_is_not_held_against_a_take(folder: Path) -> None:
    index = index_in(folder)
    assert index is not None
    given = tune(3)
    bass = Track("bass", 32, False, [(i * 480, 480, 40 + i * i % 7) for i in range(20)])
    take = given.with_tracks([*given.tracks, bass])
    assert copying(take, index).copies
    assert not copying(take, index, before=given.with_tracks([*given.tracks, Track("bass", 32)])).copies
    assert len(added(take, given).tracks[0]) == 0
    assert added(take, given).tracks[1] == bass


def test_without_an_index_the_least_penalty_wins_and_that_is_said() -> None:
    ranking = choose(verdicts(2.0, 1.0, 1.0), [tune(0), tune(1), tune(2)], Writer(None))
    assert ranking.chosen == 1
    assert ranking.originality["known"] is False
    assert "no index" in ranking.originality["said"]
    assert index_in(Path("nowhere")) is None


def test_a_damaged_index_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no index")
    with pytest.raises(SnapshotError, match="not a readable originality index"):
        index_in(tmp_path)


def test_the_report_names_the_nearest_piece(folder: Path) -> None:
    index = index_in(folder)
    assert index is not None
    found = copying(tune(7), index)
    part = found.to_dict()["parts"]["melody"]
    assert part["longest_run"] == part["notes"] == 48
    assert part["nearest"]["piece"] == "song 7"
    assert part["percentile"]["longest"] > 95
    assert "song 7" in found.text()
    assert "No part" in copying(Score(), index).text()


def test_the_provenance_is_what_the_card_says() -> None:
    told = model_provenance(Writer(None).description)
    assert (told["model"], told["data"], told["licences"], told["trained"]) == ("small", "d", "l", None)


@pytest.mark.parametrize("style", ["pop", "chorale", "folk", "jazz", None])
def test_ears_are_whole(style: str | None) -> None:
    ear = ear_for(style)
    assert ear.style == (style if style in ("pop", "chorale", "folk") else ANY)
    assert ear.usual.shape == (5, len(NAMES))
    assert (np.diff(ear.usual, axis=0) >= 0).all()
    assert (ear.over >= 0).all()
    assert (ear.under >= 0).all()
    assert ear.factor("rest") == ear.factor("typical") == 1
    assert set(ears()["provenance"]["figures"]) == {"pop", "chorale", "folk", "any"}
    assert set(WORDS) == set(NAMES)


def test_departures_say_which_way() -> None:
    ear = ear_for("folk")
    row = dict(zip(NAMES, ear.usual[2], strict=True))
    assert departures(row, ear) == []
    worst = int(np.argmax(ear.over))
    row[NAMES[worst]] = float(ear.usual[4][worst] + 10)
    found = departures(row, ear)
    assert [d.name for d in found] == [NAMES[worst]]
    assert found[0].text.startswith(WORDS[NAMES[worst]][0])
    assert measures(Score()) == {}


def test_bars_are_marked_for_what_is_in_them() -> None:
    scale = [60, 62, 64, 65, 67, 65, 64, 62] * 4
    line = [(i * 480, 480, p, 80) for i, p in enumerate(scale)]
    chords = [(i * 1920, 1920, p, 60) for i in range(8) for p in (48, 52, 55)]
    good = Score(480, (Track("melody", 0, False, line), Track("piano", 0, False, chords)))
    assert max(v.points for v in bar_verdicts(good)) <= 0.5
    leaping = list(line)
    leaping[13] = (13 * 480, 480, 84, 80)
    bad = good.with_tracks([Track("melody", 0, False, leaping), good.tracks[1]])
    assert max(bar_verdicts(bad), key=lambda v: v.points).bar == 4
    assert weakest_bar(bad) == "Bar 4 is the weakest: the melody leaps by more than an octave."
    assert weakest_bar(Score()) == ""
    surprised = bar_verdicts(good, nats=[10, 10, 11, 10, 60, 10, 10, 11])
    assert max(surprised, key=lambda v: v.points).bar == 5
    assert "the model did not expect it" in surprised[4].marks[0].text


def liking(weight: float) -> Preference:
    """A listener who cares for the mean pitch alone."""
    weights = np.zeros(len(FEATURES))
    weights[FEATURES.index("mean pitch")] = weight
    report = Report({"stars": 60}, 0.9, 0.8, 1.0, True, "known")
    centre = np.nan_to_num(features(tune(1)))
    return Preference(weights, centre, np.ones(len(FEATURES)), FEATURES, report)


def test_the_listeners_taste_has_its_say() -> None:
    low, high = tune(1), transpose(tune(1), 12)
    for weight, kept in ((20.0, 1), (-20.0, 0)):
        ranking = choose(verdicts(1.0, 1.0), [low, high], Writer(None), preference=liking(weight))
        assert ranking.chosen == kept
        assert any("your ratings speak" in r.text for r in ranking.verdicts[1].reasons)
    plain = choose(verdicts(1.0, 0.5), [low, high], Writer(None), preference=liking(-20.0).with_strength(0))
    assert plain.chosen == 1
    assert plain.verdicts == tuple(verdicts(1.0, 0.5))
    few = fit(np.zeros((2, len(FEATURES))), [Stars(0, 5)], FEATURES)
    assert choose(verdicts(1.0, 0.5), [low, high], Writer(None), preference=few).verdicts == tuple(verdicts(1.0, 0.5))


def test_ratings_in_a_file(tmp_path: Path) -> None:
    rows = {f"{i}.mid": features(tune(i)).tolist() for i in range(14)}
    rows = {name: [0.0 if np.isnan(v) else v for v in row] for name, row in rows.items()}
    given = [{"file": name, "stars": 1 + i % 5} for i, name in enumerate(rows)]
    given += [{"file": "0.mid", "thumb": "up"}, {"better": "1.mid", "worse": "2.mid"}]
    path = tmp_path / "ratings.json"
    path.write_text(json.dumps({"ratings": given, "features": rows}))

    def never(_: Path) -> Score:
        raise AssertionError

    learnt = learn(path, never)
    assert learnt.report.ratings == {"stars": 14, "thumbs": 1, "choices": 1}
    (tmp_path / "critic.json").write_text(learnt.to_json())
    assert read_preference(tmp_path / "critic.json").report == learnt.report
    other = fit(np.zeros((1, 2)), [], ["a", "b"])
    (tmp_path / "other.json").write_text(other.to_json())
    with pytest.raises(FormatError, match="other features"):
        read_preference(tmp_path / "other.json")
    path.write_text(json.dumps({"ratings": [{"file": "x.mid", "stars": 3}]}))
    assert learn(path, lambda _: tune(0)).report.ratings["stars"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"ratings": 3}', '{"ratings": [3]}', '{"ratings": [{"file": "a", "stars": "x"}]}',
        '{"ratings": [{"file": "a", "stars": 9}]}', '{"ratings": [{"file": "", "stars": 3}]}',
        '{"ratings": [{"file": "a", "thumb": "side"}]}', '{"ratings": [{"better": "a", "worse": "a"}]}',
        '{"ratings": [{"file": "a", "stars": 3}], "features": {"a": [1]}}',
        '{"ratings": [{"file": "a", "stars": 3}], "features": {"a": "x"}}',
    ],
)  # fmt: skip
def test_wrong_rating_files_are_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ratings.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        learn(path, lambda _: tune(0))
    assert "\n" not in str(error.value)
    with pytest.raises(InputError):
        learn(tmp_path / "missing.json", lambda _: tune(0))
    with pytest.raises(InputError):
        read_preference(tmp_path / "missing.json")
