"""Plans: what the brief leaves open is decided, by rules that a person can check by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.compose.brief import MOODS, read_brief
from antiphon.compose.plan import key_of_chords, plan, take_seed
from antiphon.errors import BriefError
from antiphon.generate.request import Description
from antiphon.music.form import parse_form
from antiphon.music.harmony import Chord, Key, parse_chords, parse_key

MODEL = Description("fake", "pop", "fake", ("melody", "piano"), ((4, 4), (3, 4)), 64)


def test_no_wish_gives_sixteen_bars_and_leaves_the_rest_open() -> None:
    made = plan(read_brief(seed=1), MODEL)
    request = made.request
    assert (request.bars, request.key, request.tempo, request.chords, request.tracks) == (16, None, None, None, None)
    assert (request.meter, made.meter, request.temperature, made.dynamics) == (None, (4, 4), 1.0, 1.0)
    assert made.decisions == ("16 bars, because no length is asked for.",)


def test_explicit_wishes_pass_through() -> None:
    brief = read_brief(seed=1, bars=8, key="Eb", tempo=90.5, meter="3/4", tracks="piano", temperature=0.7)
    request = plan(brief, MODEL).request
    assert (request.bars, request.key, request.tempo, request.meter) == (8, Key(3), 90.5, (3, 4))
    assert (request.tracks, request.temperature) == (("piano",), 0.7)


@given(st.floats(4, 180), st.sampled_from([None, "3/4"]), st.sampled_from([None, *MOODS]))
def test_seconds_are_met_by_bars_and_tempo(seconds: float, meter: str | None, mood: str | None) -> None:
    made = plan(read_brief(seed=5, seconds=seconds, meter=meter, mood=mood), MODEL)
    assert made.request.tempo is not None
    assert 60 * made.quarters / made.request.tempo == pytest.approx(seconds, abs=1e-6)
    assert 1 <= made.request.bars <= 64


@pytest.mark.parametrize(("seconds", "bars"), [(30, 12), (38.4, 16), (60, 24), (120, 48)])
def test_natural_tempos_and_whole_phrases_are_preferred(seconds: float, bars: int) -> None:
    made = plan(read_brief(seed=5, seconds=seconds), MODEL)
    assert made.request.bars == bars
    assert made.request.tempo is not None
    assert 76 <= made.request.tempo <= 124


def test_a_tempo_asked_for_is_kept_and_the_end_is_slowed_to_the_seconds() -> None:
    made = plan(read_brief(seed=5, seconds=31, tempo=120), MODEL)
    assert (made.request.bars, made.request.tempo, made.slowing) == (15, 120, 1)  # 15.5 bars of two seconds
    assert plan(read_brief(seed=5, seconds=32, tempo=120), MODEL).slowing == 0


def test_seconds_and_bars_fix_the_tempo() -> None:
    assert plan(read_brief(seed=5, seconds=16, bars=8), MODEL).request.tempo == pytest.approx(120)
    with pytest.raises(BriefError, match="would need a tempo of 960"):
        plan(read_brief(seed=5, seconds=2, bars=8), MODEL)


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        ({"bars": 10_000}, "at most 64 bars, not 10000"),
        ({"meter": "6/8"}, "knows the meters 4/4, 3/4, not 6/8"),
        ({"tracks": "melody,tuba"}, "has the tracks melody, piano, not tuba"),
        ({"style": "chorale"}, "writes in the style 'pop', not 'chorale'"),
        ({"seconds": 3600.0}, "would need a tempo"),
        ({"seconds": 3600.0, "tempo": 100.0}, "at most 153.6 seconds"),
        ({"bars": 2, "chords": "C F G C"}, "has 4 bars, but the piece only 2"),
    ],
)
def test_what_the_model_cannot_do_is_refused(wishes: dict[str, object], word: str) -> None:
    with pytest.raises(BriefError) as caught:
        plan(read_brief(seed=0, **wishes), MODEL)  # type: ignore[arg-type]
    assert word in str(caught.value)


def test_chords_are_repeated_and_cut() -> None:
    made = plan(read_brief(seed=0, chords="C G | Am", bars=5), MODEL)
    assert made.request.chords is not None
    assert [[str(c) for c in bar] for bar in made.request.chords] == [["C", "G"], ["Am"], ["C", "G"], ["Am"], ["C", "G"]]
    assert any("cut at bar 5" in decision for decision in made.decisions)


def test_length_without_wish_holds_whole_progressions() -> None:
    assert plan(read_brief(seed=0, chords="C F G Am Dm"), MODEL).request.bars == 20


@pytest.mark.parametrize(
    ("chords", "key"),
    [
        ("Am F C G", "A minor"),
        ("C G Am F", "C major"),
        ("Dm G7 C", "C major"),
        ("Em C G D Em", "E minor"),
        ("F Bb C F", "F major"),
        ("Bm7b5 E7 Am", "A minor"),
        ("G D Em C", "G major"),
        ("Cm Fm G7 Cm", "C minor"),
    ],
)
def test_chords_tell_their_key(chords: str, key: str) -> None:
    read = tuple(tuple(bar) for bar in parse_chords(chords))
    assert key_of_chords(read) == parse_key(key)


def test_no_chord_tells_no_key() -> None:
    assert key_of_chords(((None,), (None,))) is None


@given(st.sampled_from(sorted(MOODS)), st.integers(0, 2**32 - 1))
def test_moods_are_planned(mood: str, seed: int) -> None:
    made = plan(read_brief(seed=seed, mood=mood), MODEL)
    meaning = MOODS[mood]
    assert made.request.tempo is not None
    assert meaning.tempo[0] <= made.request.tempo <= meaning.tempo[1]
    assert made.dynamics == meaning.dynamics
    assert made.request.temperature == meaning.temperature
    assert (made.request.key is None) == (meaning.minor is None)
    if made.request.key is not None:
        assert made.request.key.minor == meaning.minor
    assert made == plan(read_brief(seed=seed, mood=mood), MODEL)


def test_the_dials_of_a_mood() -> None:
    bright = plan(read_brief(seed=1, valence=0.9, arousal=1.0), MODEL)
    assert bright.request.key is not None and not bright.request.key.minor
    assert bright.request.tempo is not None and 136 <= bright.request.tempo <= 152
    assert plan(read_brief(seed=1, valence=0.5), MODEL).request.key is None
    still = plan(read_brief(seed=1, arousal=[0.0, 0.2]), MODEL)
    assert still.energy is not None and still.energy[0] < still.energy[-1] < 0.5


def test_a_valence_that_moves_is_heard_in_the_harmony() -> None:
    made = plan(read_brief(seed=1, valence=[0.1, 0.9], key="C", bars=16), MODEL)
    assert made.own_harmony and made.request.chords is not None
    assert made.request.chords[15] == (Chord(0),)
    assert any("A minor" in decision for decision in made.decisions)


def test_a_strict_key_and_foreign_chords() -> None:
    with pytest.raises(BriefError, match="F#m cannot sound strictly in C major"):
        plan(read_brief(seed=1, key="C", chords="F#m C", strict=True), MODEL)
    held = plan(read_brief(seed=1, key="C", chords="F#m C", strict=True, on_conflict="key"), MODEL)
    assert held.request.chords is not None and held.request.chords[0] == (Chord(5),)
    led = plan(read_brief(seed=1, key="C", chords="F#m D A E", strict=True, on_conflict="chords"), MODEL)
    assert led.request.key == parse_key("F#m")
    assert plan(read_brief(seed=1, key="C", chords="F#m C"), MODEL).request.key == Key(0)


def test_numerals_get_a_key() -> None:
    made = plan(read_brief(seed=1, chords="i iv V7 i"), MODEL)
    assert made.request.key is not None and made.request.key.minor
    assert plan(read_brief(seed=1, chords="I V", key="D"), MODEL).request.chords is not None
    first = plan(read_brief(seed=1, chords="I V", key="D"), MODEL).request.chords
    assert first is not None and [str(bar[0]) for bar in first[:2]] == ["D", "A"]


def test_forces_are_mustered() -> None:
    made = plan(read_brief(seed=1, instruments="flute, piano", silences="piano in B", form="A4B4"), MODEL)
    assert [(f.role, f.program, f.rests) for f in made.forces] == [("melody", 73, ()), ("piano", 0, ((4, 8),))]
    one = plan(read_brief(seed=1, instruments="violin"), MODEL)
    assert [f.program for f in one.forces] == [40, 40]
    many = plan(read_brief(seed=1, instruments="violin, cello, harp, drums"), MODEL)
    assert [(u.asked, u.name) for u in many.unmet] == [("drums", "instruments"), ("harp", "instruments")]
    assert plan(read_brief(seed=1), MODEL).forces == ()
    with pytest.raises(BriefError, match="but the piece has the tracks melody, piano"):
        plan(read_brief(seed=1, polyphony="harp=3"), MODEL)


def test_a_form_says_how_long_the_piece_is() -> None:
    made = plan(read_brief(seed=1, form="i2A8B8o2"), MODEL)
    assert made.request.bars == 20
    assert made.request.form == parse_form("i2A8B8o2")
    assert plan(read_brief(seed=1, form="AABA", seconds=60.0), MODEL).request.bars == 24
    with pytest.raises(BriefError, match="the model writes at most 64"):
        plan(read_brief(seed=1, form="A40B40"), MODEL)


def test_explicit_wishes_overrule_the_mood() -> None:
    request = plan(read_brief(seed=4, mood="sad", key="C major", tempo=150, temperature=1.2), MODEL).request
    assert (request.key, request.tempo, request.temperature) == (Key(0), 150, 1.2)


def test_seeds_of_takes_depend_on_seed_and_index_only() -> None:
    assert [take_seed(7, i) for i in range(3)] == [393969088, 1834709978, 856967280]
    assert len({take_seed(seed, take) for seed in range(30) for take in range(30)}) == 900
