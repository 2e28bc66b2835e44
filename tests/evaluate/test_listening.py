"""Listening tests: the page gives nothing away, known preferences are recovered, bad answers are set aside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from antiphon.errors import FormatError, InputError
from antiphon.evaluate.listening import comparisons, judge
from antiphon.evaluate.listening_answers import load_answers, read_sheet
from antiphon.evaluate.listening_key import Heard, Key, Trial, load_key
from antiphon.evaluate.listening_page import PEAK, Clip, Design, Desk, excerpt, lowpass, make_test, with_beeps
from antiphon.evaluate.listening_report import markdown, to_dict
from antiphon.evaluate.paired import bradley_terry, holm, sign_test

RATE = 4000


def rms(samples: npt.NDArray[np.floating], rate: int) -> float:
    return 10 * float(np.log10(np.mean(np.asarray(samples, dtype=np.float64) ** 2)))


def write_raw(path: Path, samples: npt.NDArray[np.floating], rate: int) -> None:
    path.write_bytes(np.asarray(samples, dtype="<f4").tobytes())


DESK = Desk(rms, write_raw)


def clip(piece: str, seed: int, gain: float, seconds: float = 3.0) -> Clip:
    def load() -> tuple[npt.NDArray[np.floating], int]:
        noise = np.random.default_rng(seed).normal(0, gain, (round(seconds * RATE), 2))
        return np.clip(noise, -1, 1).astype(np.float32), RATE

    return Clip(piece, load)


def systems(names: tuple[str, ...] = ("zebra", "quagga", "okapi"), pieces: int = 4) -> dict[str, list[Clip]]:
    return {n: [clip(f"piece{k}", 10 * i + k, 0.02 * (i + 1)) for k in range(pieces)] for i, n in enumerate(names)}


def design(**changes: Any) -> Design:
    return Design(**({"trials": 4, "seconds": 2.0, "suffix": ".wav"} | changes))


def made(folder: Path, **changes: Any) -> Key:
    return make_test(systems(), folder / "test", design(**changes), DESK)


def page_data(folder: Path) -> dict[str, Any]:
    text = (folder / "test" / "page" / "index.html").read_text(encoding="utf-8")
    found = re.search(r"const test = (\{.*\});", text)
    assert found is not None
    data: dict[str, Any] = json.loads(found.group(1))
    return data


@pytest.mark.parametrize(("mode", "per_trial", "count"), [("preference", 2, 3 * 4 + 2), ("rating", 3, 4 + 2)])
def test_page_holds_blind_trials_and_nothing_else(tmp_path: Path, mode: str, per_trial: int, count: int) -> None:
    key = made(tmp_path, mode=mode)
    data = page_data(tmp_path)
    assert len(data["trials"]) == len(key.trials) == count
    assert all(len(t["clips"]) == per_trial for t in data["trials"])
    assert {t["id"] for t in data["trials"]} == {t.id for t in key.trials}
    on_disk = {p.stem for p in (tmp_path / "test" / "page" / "audio").iterdir()}
    assert on_disk == {c for t in data["trials"] for c in t["clips"]} == {c.id for t in key.trials for c in t.clips}
    shared = b"".join(p.name.encode() + p.read_bytes() for p in (tmp_path / "test" / "page").rglob("*") if p.is_file())
    for secret in (b"zebra", b"quagga", b"okapi", b"piece", b"key.json", b'"check"'):
        assert secret not in shared
    assert load_key(tmp_path / "test" / "key.json") == key
    assert sorted(p.name for p in tmp_path.iterdir()) == ["test"]


def test_the_page_asks_nothing_of_any_server(tmp_path: Path) -> None:
    made(tmp_path)
    text = (tmp_path / "test" / "page" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|<script[^>]+src|<link[^>]+stylesheet|@import", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_title_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    made(tmp_path, title="</title><script>alert(1)</script>")
    text = (tmp_path / "test" / "page" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert text.count("<script>") == 1


def test_same_seed_same_bytes_other_seed_other_names(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        folder.mkdir()
        made(folder, seed=seed)
    files = [{str(p.relative_to(f)): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders]
    assert files[0] == files[1]
    assert not {n for n in files[0] if "audio" in n} & set(files[2])


def test_clips_are_equally_loud_and_none_clips(tmp_path: Path) -> None:
    key = made(tmp_path, checks=0)
    sounds = [np.frombuffer(p.read_bytes(), dtype="<f4") for p in (tmp_path / "test" / "page" / "audio").iterdir()]
    levels = [rms(s, RATE) for s in sounds]
    assert max(levels) - min(levels) < 1e-3
    assert max(float(np.abs(s).max()) for s in sounds) <= PEAK + 1e-6
    assert all(len(s) == 2 * RATE * 2 for s in sounds)
    assert key.checks == ()


def test_checks_beep_in_the_one_clip_that_the_key_names(tmp_path: Path) -> None:
    key = made(tmp_path, checks=5)
    assert len(key.checks) == 5
    for trial in key.checks:
        beeping = []
        for heard in trial.clips:
            assert heard.system is None
            raw = np.frombuffer((tmp_path / "test" / "page" / "audio" / f"{heard.id}.wav").read_bytes(), dtype="<f4")
            mono = raw.reshape(-1, 2).mean(axis=1)
            power = np.abs(np.fft.rfft(mono)) ** 2
            near = np.abs(np.fft.rfftfreq(len(mono), 1 / RATE) - 1000) < 30
            beeping.append((power[near].mean() > 4 * power.mean(), heard.id))
        assert [name for loud, name in beeping if loud] == [trial.check]


def test_pieces_of_the_same_name_meet_and_each_pair_meets_equally_often(tmp_path: Path) -> None:
    key = made(tmp_path, trials=3)
    real = [t for t in key.trials if t.check is None]
    assert all(t.clips[0].piece == t.clips[1].piece for t in real)
    pairs = [frozenset(c.system for c in t.clips) for t in real]
    assert sorted(pairs.count(p) for p in set(pairs)) == [3, 3, 3]


def test_pieces_without_common_names_are_drawn(tmp_path: Path) -> None:
    groups = {"a": [clip("x", 1, 0.1)], "b": [clip(f"y{k}", k, 0.1) for k in range(5)]}
    key = make_test(groups, tmp_path / "test", design(trials=9, checks=0), DESK)
    assert len(key.trials) == 5
    assert {c.piece for t in key.trials for c in t.clips if c.system == "b"} == {f"y{k}" for k in range(5)}


def test_anchor_is_the_lowpassed_reference(tmp_path: Path) -> None:
    rate = 16000
    time = np.arange(rate) / rate
    both = (np.sin(2 * np.pi * 500 * time) + np.sin(2 * np.pi * 6000 * time)).astype(np.float32) / 4
    spectrum = np.abs(np.fft.rfft(lowpass(both, rate)))
    assert spectrum[500] == pytest.approx(rate / 8, rel=1e-3)
    assert spectrum[6000] < 1
    key = made(tmp_path, mode="rating", anchor=True, reference="okapi")
    assert key.systems == ("zebra", "quagga", "okapi", "anchor")
    assert all(
        sorted(str(c.system) for c in t.clips) == ["anchor", "okapi", "quagga", "zebra"] for t in key.trials if not t.check
    )


@pytest.mark.parametrize(
    ("groups", "changes", "words"),
    [
        ({"a": [clip("x", 1, 0.1)]}, {}, "at least two"),
        ({"a": [clip("x", 1, 0.1)], "b": []}, {}, "no clips"),
        (systems(), {"reference": "gnu"}, "none of the systems"),
        (systems(), {"anchor": True}, "needs a rating test"),
        (systems(), {"seconds": 0.1}, "cannot be used"),
        (systems(), {"trials": 0}, "1 to 1000"),
        (systems(), {"suffix": ".mp3"}, "lose sound"),
        ({"a": [clip("x", 1, 0.0)], "b": [clip("x", 1, 0.1)]}, {}, "a/x is silent"),
        ({"a": [clip("x", 1, 0.1, 0.2)], "b": [clip("x", 1, 0.1)]}, {}, "half a second"),
    ],
)
def test_impossible_tests_are_refused_and_leave_nothing(tmp_path: Path, groups: Any, changes: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make_test(groups, tmp_path / "test", design(**changes), DESK)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_test_is_never_overwritten(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(InputError, match="already there"):
        made(tmp_path)


def test_excerpt_begins_with_the_sound_and_fades() -> None:
    sound = np.concatenate([np.zeros(1000), np.full(3 * RATE, 0.5)]).astype(np.float32)
    cut = excerpt(sound, RATE, 2.0, "x")
    assert len(cut) == 2 * RATE
    assert cut[0] == 0
    assert cut[RATE] == 0.5
    assert cut[-1] == 0
    assert excerpt(sound, RATE, 5.0, "x")[-1] == 0.5
    broken = sound.copy()
    broken[1500] = np.nan
    with pytest.raises(InputError):
        excerpt(broken, RATE, 2.0, "x")
    assert np.isfinite(with_beeps(cut, RATE, np.random.default_rng(0))).all()


# Answers ---------------------------------------------------------------------------------------------------------------


def small_key(mode: str = "preference", names: tuple[str, ...] = ("a", "b", "c"), rounds: int = 6) -> Key:
    groups = [(i, j) for i in range(len(names)) for j in range(i)] if mode == "preference" else [tuple(range(len(names)))]
    trials = [
        Trial(f"t{k}x{g}", tuple(Heard(f"{names[i]}{k}", names[i], f"p{k}") for i in group))
        for k in range(rounds)
        for g, group in enumerate(groups)
    ]
    size = len(groups[0])
    checks = [Trial(f"check{n}", tuple(Heard(f"q{n}{i}", None, "a/p") for i in range(size)), f"q{n}1") for n in range(2)]
    return Key("test1", mode, names, None, 0, tuple(trials + checks))  # type: ignore[arg-type]


def answers(
    key: Key, session: str, strength: Mapping[str, float], rng: np.random.Generator, careless: bool = False
) -> dict[str, Any]:
    out = []
    for trial in key.trials:
        ids = [c.id for c in trial.clips]
        entry: dict[str, Any] = {"trial": trial.id, "order": [ids[i] for i in rng.permutation(len(ids))], "seconds": 9}
        if trial.check is not None:
            wrong = [i for i in ids if i != trial.check]
            if key.mode == "preference":
                entry["choice"] = wrong[0] if careless else trial.check
            else:
                entry["ratings"] = {i: 70 if careless or i != trial.check else 2 for i in ids}
        elif key.mode == "preference":
            x, y = (strength[str(c.system)] for c in trial.clips)
            entry["choice"] = ids[0] if rng.random() < 1 / (1 + np.exp(y - x)) else ids[1]
        else:
            entry["ratings"] = {
                c.id: float(np.clip(50 + 10 * strength[str(c.system)] + rng.normal(0, 8), 0, 100)) for c in trial.clips
            }
        out.append(entry)
    return {"format": "antiphon-listening-results", "version": 1, "test": key.test, "session": session, "answers": out}


def write_all(folder: Path, key: Key, truth: Mapping[str, float], listeners: int, seed: int = 0) -> list[Path]:
    rng = np.random.default_rng(seed)
    paths = [folder / f"answers-{n}.json" for n in range(listeners)]
    for n, path in enumerate(paths):
        path.write_text(json.dumps(answers(key, f"s{n}", truth, rng)))
    return paths


def test_known_preferences_are_recovered(tmp_path: Path) -> None:
    truth = {"a": 0.8, "b": -0.1, "c": -0.7}
    key = small_key()
    sheets, aside = load_answers(write_all(tmp_path, key, truth, 30), key)
    assert aside == {}
    for unit in ("auto", "answers", "both"):
        verdict = judge(sheets, key, unit=unit, replicates=400)  # type: ignore[arg-type]
        assert [s.system for s in verdict.standings] == ["a", "b", "c"]
        for standing in verdict.standings:
            low, high = standing.strength_interval
            assert low <= standing.strength <= high
            assert low <= truth[standing.system] <= high
            assert standing.comparisons == 30 * 12
    strongest = next(d for d in verdict.duels if (d.left, d.right) == ("a", "c"))
    assert strongest.rate == pytest.approx(1 / (1 + np.exp(-1.5)), abs=0.08)
    assert strongest.p_holm < 1e-6
    assert verdict.first_shown == pytest.approx(0.5, abs=0.1)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """In 40 simulated tests of three systems, 95% intervals miss rarely: 6 of 120 expected, dozens if the formula is wrong."""
    truth = {"a": 0.5, "b": 0.0, "c": -0.5}
    key = small_key(rounds=5)
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(40):
        sheets = [_sheet(key, answers(key, f"s{n}", truth, rng)) for n in range(20)]
        for standing in judge(sheets, key, replicates=200).standings:
            low, high = standing.strength_interval
            missed += not low <= truth[standing.system] <= high
    assert missed <= 18


def _sheet(key: Key, raw: dict[str, Any]) -> Any:
    from antiphon.evaluate.listening_answers import Sheet

    return Sheet(
        raw["session"],
        raw["session"],
        {a["trial"]: a["choice"] for a in raw["answers"] if "choice" in a},
        {a["trial"]: a["ratings"] for a in raw["answers"] if "ratings" in a},
        {a["trial"]: a["order"][0] for a in raw["answers"]},
    )


def test_ratings_are_averaged_with_intervals(tmp_path: Path) -> None:
    truth = {"a": 2.0, "b": 0.0, "c": -1.0}
    key = small_key("rating")
    sheets, _ = load_answers(write_all(tmp_path, key, truth, 15), key)
    verdict = judge(sheets, key, replicates=400)
    for standing in verdict.standings:
        assert standing.rating is not None
        assert standing.rating_interval is not None
        low, high = standing.rating_interval
        assert low <= 50 + 10 * truth[standing.system] <= high
        assert high - low < 6
    assert [s.system for s in verdict.standings] == ["a", "b", "c"]
    text = markdown(verdict)
    assert "| system | rating |" in text
    assert json.loads(json.dumps(to_dict(verdict)))["systems"][0]["system"] == "a"


@pytest.mark.parametrize("mode", ["preference", "rating"])
def test_careless_listeners_are_left_out(tmp_path: Path, mode: str) -> None:
    key = small_key(mode)
    truth = {"a": 3.0, "b": 0.0, "c": -3.0}
    paths = write_all(tmp_path, key, truth, 6)
    rng = np.random.default_rng(9)
    for n in range(4):
        paths.append(tmp_path / f"careless-{n}.json")
        paths[-1].write_text(json.dumps(answers(key, f"z{n}", {k: -v for k, v in truth.items()}, rng, careless=True)))
    skipped = tmp_path / "skipped.json"
    whole = answers(key, "skipper", truth, rng)
    skipped.write_text(json.dumps(whole | {"answers": [a for a in whole["answers"] if "check" not in a["trial"]]}))
    sheets, _ = load_answers([*paths, skipped], key)
    verdict = judge(sheets, key, replicates=100)
    assert verdict.listeners == 6
    expected = {f"careless-{n}.json": 2 for n in range(4)} | {"skipped.json": 2}
    assert {Path(p).name: n for p, n in verdict.left_out.items()} == expected
    assert verdict.standings[0].system == "a"
    assert "careless-0.json (2 failed)" in markdown(verdict)
    assert judge(sheets, key, allowed_failures=2, replicates=100).listeners == 11
    with pytest.raises(InputError, match="No answers are left"):
        judge([s for s in sheets if "careless" in Path(s.source).name], key)


def test_ties_count_half_and_are_left_out_of_the_sign_test() -> None:
    key = small_key(names=("a", "b"), rounds=10)
    real = [t for t in key.trials if t.check is None]
    choice = {t.id: ("tie" if k < 4 else t.clips[0 if t.clips[0].system == "a" else 1].id) for k, t in enumerate(real)}
    sheet = _sheet(key, {"session": "s", "answers": []})
    full = type(sheet)("s", "s", choice | {t.id: str(t.check) for t in key.checks}, {}, {})
    assert comparisons([full], key).score.sum() == 8
    duel = judge([full], key, replicates=50).duels[0]
    assert (duel.wins, duel.ties, duel.losses, duel.rate) == (6, 4, 0, 0.8)
    assert duel.p == pytest.approx(2 / 64)


def _good(key: Key) -> dict[str, Any]:
    return answers(key, "abc123", {"a": 0, "b": 0, "c": 0}, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r | {"format": "else"}, "not an answer file"),
        (lambda r: r | {"version": 99}, "not an answer file"),
        (lambda r: r | {"test": "other"}, "another test"),
        (lambda r: r | {"session": "../../etc"}, "no session"),
        (lambda r: r | {"session": 7}, "no session"),
        (lambda r: r | {"answers": {"a": 1}}, "no list"),
        (lambda r: r | {"answers": []}, "empty"),
        (lambda r: r | {"answers": [3]}, "a trial that"),
        (lambda r: r | {"answers": r["answers"] + r["answers"][:1]}, "one trial twice"),
        (lambda r: r | {"answers": [{"trial": ["x"]}]}, "a trial that"),
        (lambda r: r | {"answers": [r["answers"][0] | {"choice": "zzz"}]}, "not on offer"),
        (lambda r: r | {"answers": [r["answers"][0] | {"choice": None}]}, "not on offer"),
    ],
)
def test_wrong_answer_files_are_set_aside_with_the_reason(tmp_path: Path, change: Any, words: str) -> None:
    key = small_key()
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(_good(key) | {"session": "fine"}))
    bad.write_text(json.dumps(change(_good(key))))
    sheets, aside = load_answers([good, bad, good], key)
    assert len(sheets) == 1
    assert words in aside[str(bad)]
    assert "handed in before" in aside[str(good)]


@pytest.mark.parametrize(
    "ratings",
    [
        None,
        {},
        {"a0": 50, "b0": 50},
        {"a0": 50, "b0": 50, "c0": 101},
        {"a0": True, "b0": 1, "c0": 1},
        {"a0": "9", "b0": 1, "c0": 1},
    ],
)
def test_wrong_ratings_are_refused(tmp_path: Path, ratings: Any) -> None:
    key = small_key("rating")
    path = tmp_path / "bad.json"
    raw = _good(key)
    raw["answers"][0]["ratings"] = ratings
    path.write_text(json.dumps(raw))
    with pytest.raises(FormatError):
        read_sheet(path, key)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe\x00", b'{"a": NaN}', b"null"])
def test_bytes_that_are_no_answers(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        read_sheet(path, small_key())
    with pytest.raises(FormatError):
        load_key(path)
    with pytest.raises(FormatError):
        load_key(tmp_path / "missing.json")


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_change_to_a_good_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    key = small_key(rounds=2)
    raw: Any = _good(key)
    junk = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}))
    spot: Any = raw
    for _ in range(data.draw(st.integers(0, 2))):
        inner = list(spot.values()) if isinstance(spot, dict) else list(spot)
        inner = [v for v in inner if isinstance(v, dict | list) and v]
        if not inner:
            break
        spot = data.draw(st.sampled_from(inner))
    where = data.draw(st.sampled_from(list(spot) if isinstance(spot, dict) else list(range(len(spot)))))
    spot[where] = data.draw(junk)
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text(json.dumps(raw))
    sheets, aside = load_answers([path], key)
    assert len(sheets) + len(aside) == 1
    if sheets and not sheets[0].failed_checks(key):
        to_dict(judge(sheets, key, replicates=5))


def test_a_key_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    good = json.loads(small_key().dumps())
    path = tmp_path / "key.json"
    for change in (
        {"systems": ["a"]},
        {"systems": ["a", "b", "x"]},
        {"mode": "guess"},
        {"trials": []},
        {"trials": [good["trials"][0]] * 2},
        {"reference": "nobody"},
        {"trials": 3},
        {"version": 2},
    ):
        path.write_text(json.dumps(good | change))
        with pytest.raises(FormatError):
            load_key(path)


# Statistics ------------------------------------------------------------------------------------------------------------


def test_two_systems_have_the_log_odds_of_their_wins() -> None:
    strength = bradley_terry(np.array([[0.0, 30.0], [10.0, 0.0]]), prior=0.0)
    assert strength[0] - strength[1] == pytest.approx(np.log(3))
    assert strength.sum() == pytest.approx(0)


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_strengths_solve_the_likelihood_equations(size: int, seed: int) -> None:
    wins = np.random.default_rng(seed).integers(0, 40, (size, size)).astype(float)
    np.fill_diagonal(wins, 0)
    strength = bradley_terry(wins, prior=0.1)
    won = wins + 0.1 * (1 - np.eye(size))
    expected = ((won + won.T) / (1 + np.exp(strength[None, :] - strength[:, None]))).sum(1)
    assert won.sum(1) == pytest.approx(expected, abs=1e-6)
    assert bradley_terry(wins.T, prior=0.1) == pytest.approx(-strength, abs=1e-8)


def test_a_system_that_never_lost_has_a_finite_strength() -> None:
    strength = bradley_terry(np.array([[0.0, 500.0], [0.0, 0.0]]))
    assert np.isfinite(strength).all()
    assert strength[0] > 3


@given(st.integers(0, 300), st.integers(0, 300))
def test_sign_test_agrees_with_the_binomial_test(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
