"""The one sentence, with a fake generator: the same seed gives the same piece, and what is asked for is kept or reported."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import antiphon
from antiphon.compose.brief import MOODS, read_brief
from antiphon.compose.compose import Composition, compose
from antiphon.compose.finish import finish, finished
from antiphon.compose.manifest import manifest
from antiphon.compose.plan import plan, take_seed
from antiphon.compose.repair import voice_faults
from antiphon.errors import BriefError
from antiphon.io import midi
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.score import Meter, Score, Tempo, Track
from conftest import FakeGenerator


def made(seed: int = 7, **wishes: object) -> Composition:
    return compose(read_brief(seed=seed, **wishes), FakeGenerator())  # type: ignore[arg-type]


def kept(piece: Composition) -> dict[str, bool]:
    return {wish.name: wish.kept for wish in piece.wishes}


def test_same_wishes_and_seed_give_the_same_bytes() -> None:
    first, second = made(mood="sad", bars=8), made(mood="sad", bars=8)
    assert midi.dumps(first.score) == midi.dumps(second.score)
    assert manifest(first) == manifest(second)
    assert midi.dumps(made(seed=8, mood="sad", bars=8).score) != midi.dumps(first.score)


def test_a_choir_is_given_without_parallel_fifths() -> None:
    fake = FakeGenerator()
    intent = plan(read_brief(seed=1, bars=1), fake.description)
    fifths = Score(
        480,
        (
            Track("soprano", 52, notes=[(i * 960, 960, p, 80) for i, p in enumerate((67, 69))]),
            Track("bass", 52, notes=[(i * 960, 960, p, 80) for i, p in enumerate((48, 50))]),
        ),
        length=1920,
    )
    done = finished(fifths, intent, fake.description)
    assert voice_faults(fifths)["parallel fifths"] == 1 and not voice_faults(done.score)["parallel fifths"]
    assert any("moved for the voice leading" in note for note in done.notes)
    renamed = replace(fifths, tracks=tuple(replace(t, name=n) for t, n in zip(fifths.tracks, ("flute", "cello"), strict=True)))
    assert [t.notes.tolist() for t in finished(renamed, intent, fake.description).score.tracks] == [
        t.notes.tolist() for t in fifths.tracks
    ]


def test_more_takes_change_only_the_choice() -> None:
    fake = FakeGenerator()
    brief = read_brief(seed=11, bars=8)
    intent = plan(brief, fake.description)
    alone = [finish(fake.write(intent.request, [take_seed(11, i)])[0].score, intent, fake.description) for i in range(6)]
    for takes in (1, 2, 6):
        piece = made(seed=11, bars=8, takes=takes)
        assert piece.score == alone[piece.chosen]
        assert [v.seed for v in piece.verdicts] == [take_seed(11, i) for i in range(takes)]


def test_the_least_penalty_wins() -> None:
    piece = made(takes=8)
    assert piece.verdicts[piece.chosen].penalty == min(v.penalty for v in piece.verdicts)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 24), st.sampled_from([None, "3/4"]), st.sampled_from([None, "A minor", "Bb"]), st.integers(0, 2**32 - 1))
def test_bars_meter_and_key_are_exact(bars: int, meter: str | None, key: str | None, seed: int) -> None:
    piece = made(seed=seed, bars=bars, meter=meter, key=key, takes=1)
    assert bar_count(piece.score) == bars
    assert piece.score.end == piece.score.length == bars * (1440 if meter else 1920)
    assert all(kept(piece)[name] for name in ("bars", *(["meter"] if meter else [])))
    if key is not None:
        assert str(piece.score.keys[0].key).startswith(key.split()[0])


@settings(deadline=None, max_examples=25)
@given(st.floats(5, 150), st.sampled_from([None, *MOODS]))
def test_seconds_are_exact(seconds: float, mood: str | None) -> None:
    piece = made(seconds=seconds, mood=mood, takes=1)
    assert abs(duration_seconds(piece.score) - seconds) <= 0.01
    assert kept(piece)["seconds"]


def test_seconds_and_tempo_are_both_kept_by_a_slower_end() -> None:
    piece = made(seconds=31, tempo=120)
    wish = next(w for w in piece.wishes if w.name == "seconds")
    assert (wish.asked, wish.measured, wish.kept) == (31, 31.0, True)
    assert "slowed" in wish.why
    assert kept(piece)["tempo"]
    paces = [t.qpm for t in piece.score.tempos]
    assert paces[0] == pytest.approx(120)
    assert paces == sorted(paces, reverse=True)
    assert piece.score.tempos[1].tick == 13 * 1920


@settings(deadline=None, max_examples=15)
@given(st.floats(5, 60), st.integers(60, 160), st.sampled_from(["4/4", "3/4"]))
def test_any_seconds_at_any_tempo_are_exact_or_reported(seconds: float, tempo: int, meter: str) -> None:
    piece = made(seconds=seconds, tempo=float(tempo), meter=meter, takes=1)
    assert abs(duration_seconds(piece.score) - seconds) <= 0.01 or not kept(piece)["seconds"]
    assert kept(piece)["seconds"] or piece.plan.request.bars == 1
    assert kept(piece)["tempo"]


def test_form_curves_and_forces_are_kept() -> None:
    piece = made(
        form="i2A4B4A4o2", energy=[0.2, 0.9], density=[0.3, 0.6], polyphony="piano=2", instruments="flute, harp",
        ranges="melody=C4-C6", silences="piano in intro", chords="Am | F C | G/B | C", takes=2,
    )  # fmt: skip
    assert {w.name: w for w in piece.wishes if not w.kept} == {}
    assert {"form", "energy", "density", "polyphony of piano", "range of melody", "instruments", "silences"} <= kept(
        piece
    ).keys()
    assert [s.label for s in piece.score.sections] == ["i2", "A4", "B4", "A4", "o2"]
    assert len(piece.takes) == 2
    assert piece.takes[piece.chosen] == piece.score


def test_what_the_model_cannot_do_is_reported_as_not_kept() -> None:
    piece = made(instruments="violin, drums", silences="piano in B")
    lost = {wish.name: (wish.asked, wish.why) for wish in piece.wishes if not wish.kept}
    assert lost["instruments"] == ("drums", "model 'fake' writes no drums")
    assert lost["silences"] == ("piano in B", "the form has no such phrase")


def test_a_strict_key_has_no_foreign_note() -> None:
    piece = compose(read_brief(seed=3, key="F#", strict=True, bars=4), Careless())
    assert kept(piece)["strict key"]
    assert any("foreign to F# major moved" in note for note in piece.notes)


def test_remarks_come_first_among_the_notes() -> None:
    piece = antiphon.compose("calm, in C, zorgle", bars=4, seed=1, generator=FakeGenerator())
    assert piece.notes[:2] == ("Understood: calm, in C major, 4 bars.", "Not understood: zorgle.")
    assert manifest(piece)["notes"] == list(piece.notes)


def test_wishes_are_measured_on_the_score() -> None:
    piece = made(key="A minor", tempo=96, meter="4/4", tracks="melody,piano", chords="Am F C G", mood="calm")
    assert set(kept(piece)) == {"bars", "range", "tempo", "meter", "key", "chords", "tracks", "mood"}
    assert all(kept(piece)[name] for name in ("bars", "range", "tempo", "meter", "key", "tracks"))
    assert [t.name for t in piece.score.tracks] == ["melody", "piano"]
    assert [str(m.chord) for m in piece.score.chords[:5]] == ["Am", "F", "C", "G", "Am"]
    assert [m.tick for m in piece.score.chords[:5]] == [0, 1920, 3840, 5760, 7680]


def test_a_mood_changes_the_music_and_says_so() -> None:
    plain, sad = made(), made(mood="sad")
    assert sad.score.keys[0].key.minor
    assert 60 <= sad.score.tempos[0].qpm <= 76.01
    loud, soft = (np.mean([n.velocity for t in piece.score.tracks for n in t]) for piece in (plain, sad))
    assert soft < loud
    assert sum("because the mood is sad" in decision for decision in sad.plan.decisions) == 4


class Careless(FakeGenerator):
    """A generator that ignores length, meter and tempo."""

    def write(self, request, seeds):  # type: ignore[no-untyped-def]
        takes = super().write(request, seeds)
        notes = [(0, 50_000, 60, 100), (1919, 10, 62, 100), (200_000, 10, 64, 100)]
        score = Score(480, (Track("melody", 0, False, notes), Track("void")), (Tempo(0, 300_000),), (Meter(0, 7, 8),))
        return [type(take)(score, take.log_likelihood, take.seed) for take in takes]


def test_finish_holds_a_careless_generator_to_the_plan() -> None:
    piece = compose(read_brief(seed=1, bars=2, tempo=100), Careless())
    assert piece.score.end == piece.score.length == 3840
    assert piece.score.meters == (Meter(0, 4, 4),)
    assert piece.score.tempos[0].qpm == pytest.approx(100)
    assert [t.name for t in piece.score.tracks] == ["melody"]
    assert [tuple(n)[:3] for n in piece.score.tracks[0]] == [(0, 3840, 60), (1919, 10, 62)]


def test_a_silent_take_never_wins_and_breaks_nothing() -> None:
    class Mute(FakeGenerator):
        def write(self, request, seeds):  # type: ignore[no-untyped-def]
            takes = super().write(request, seeds)
            return [type(takes[0])(Score(480), float("nan"), seeds[0]), *takes[1:]]

    piece = compose(read_brief(seed=1, bars=4), Mute())
    assert piece.chosen != 0
    assert "there is not one note" in [r.text for r in piece.verdicts[0].reasons]
    json.dumps(manifest(piece), allow_nan=False)  # type: ignore[arg-type]
    assert manifest(piece)["takes"][0]["log_likelihood"] is None


def test_manifest_is_plain_json_and_complete() -> None:
    piece = made(key="A minor", chords="Am F | C G", mood="calm", seconds=30.0, tracks="melody,piano", meter="4/4")
    told = json.loads(json.dumps(manifest(piece), allow_nan=False))
    assert told["seed"] == 7
    assert told["brief"] == {
        "seed": 7, "seconds": 30.0, "key": "A minor", "chords": "Am F | C G", "mood": "calm",
        "tracks": ["melody", "piano"], "meter": "4/4", "takes": 3,
    }  # fmt: skip
    assert told["model"]["digest"] == "0" * 64
    assert {take["kept"] for take in told["takes"]} == {True, False}
    assert all({"name", "asked", "measured", "kept", "why"} == set(wish) for wish in told["wishes"])
    assert told["piece"]["seconds"] == pytest.approx(30, abs=0.01)
    assert told["versions"]["antiphon"] == antiphon.__version__


def test_progress_is_told() -> None:
    said: list[str] = []
    compose(read_brief(seed=1, bars=2, takes=3), FakeGenerator(), said.append)
    assert said == ["loading the model", "writing 3 takes of 2 bars", "judging"]


def test_the_public_sentence() -> None:
    piece = antiphon.compose(bars=4, seed=7, key="C", generator=FakeGenerator())
    assert isinstance(piece, antiphon.Composition)
    assert (piece.seed, bar_count(piece.score)) == (7, 4)
    with pytest.raises(antiphon.AntiphonError):
        antiphon.compose(bars=10_000, generator=FakeGenerator())
    with pytest.raises(BriefError, match="fake"):
        antiphon.compose(style="chorale", generator=FakeGenerator())
