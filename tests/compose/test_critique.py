"""The critic: each fault on the smallest score that has it, and a faultless piece."""

from __future__ import annotations

from dataclasses import replace

import pytest

from antiphon.compose.critique import Verdict, best, faults, judge, typical_likelihood
from antiphon.compose.measure import chord_agreement, foreign_on_strong_beats, out_of_range, share_in_key, strong_ticks
from antiphon.errors import BriefError
from antiphon.generate.request import Description, Request, Take
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, Meter, Score, Track

C_MAJOR = Key(0)
SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def melody(pitches: list[int], *, step: int = 480, name: str = "melody", length: int = 0) -> Score:
    notes = [(i * step, step, pitch, 80) for i, pitch in enumerate(pitches)]
    return Score(480, (Track(name, 0, False, notes),), length=length)


def words(score: Score, key: Key | None = C_MAJOR) -> str:
    return "; ".join(reason.text for reason in faults(score, key))


def test_a_scale_home_is_faultless() -> None:
    assert faults(melody([*SCALE, *SCALE[::-1]]), C_MAJOR) == []


def test_no_note_at_all() -> None:
    assert words(Score()) == "there is not one note"


def test_empty_bars_and_silence() -> None:
    said = words(melody([60, 64, 67, 60], length=4 * 1920))
    assert "3 of 4 bars are empty" in said
    assert "6.0 seconds of silence" in said


def test_silence_before_the_first_note_counts() -> None:
    late = Score(480, (Track("melody", 0, False, [(4 * 1920, 1920, 60, 80)]),))
    assert "8.0 seconds of silence" in words(late)


def test_endless_repetition() -> None:
    assert "6 bars in a row are the same" in words(melody([60, 62, 64, 60] * 6))
    assert "row" not in words(melody([60, 62, 64, 60] * 3))
    back_and_forth = melody(([60, 62, 64, 60] + [64, 62, 64, 60]) * 5)
    assert "only 2 of 10 bars are different" in words(back_and_forth)


def test_one_pitch_on_end() -> None:
    assert "strikes one pitch 13 times" in words(melody([60] + [62, 62] + [64] * 13 + [60, 62, 64, 60]))
    assert "strikes" not in words(melody([64] * 13 + [60], name="piano"))


def test_a_melody_sings_most_of_the_time_and_seldom_leaps() -> None:
    sparse = melody([60, 62, 64, 60], length=16 * 1920)
    held = replace(sparse, tracks=(*sparse.tracks, Track("piano", 0, False, [(0, 16 * 1920, 48, 80)])))
    assert "the melody sings in only 6% of the bars" in words(held)
    assert "sings" not in words(melody([60, 62, 64, 60], name="piano", length=16 * 1920))
    assert "33% of the melody's steps are wider than an octave" in words(melody([60, 74, 72, 71, 85, 84, 83]))
    assert "the melody has no note" in words(Score(480, (Track("melody"), *melody([60, 62, 64, 60], name="piano").tracks)))


def test_foreign_notes_on_strong_beats() -> None:
    assert foreign_on_strong_beats(melody([61, 62, 64, 63, 60, 61, 64, 66]), C_MAJOR) == 0.25
    assert foreign_on_strong_beats(melody([60, 61, 64, 63, 60, 61, 67, 66]), C_MAJOR) == 0
    assert "25% of the notes on strong beats are foreign to C major" in words(melody([61, 62, 64, 65, 60, 62, 64, 60]))


def test_minor_may_raise_its_sixth_and_seventh() -> None:
    assert foreign_on_strong_beats(melody([66, 69, 68, 69]), Key(9, minor=True)) == 0
    assert share_in_key(melody([66, 69, 68, 69]), Key(9, minor=True)) == 1
    assert share_in_key(melody([66, 69, 68, 69]), C_MAJOR) == 0.5


def test_the_end_is_home() -> None:
    assert "not the tonic" in words(melody([60, 62, 64, 62]))
    assert "not the tonic" not in words(melody([60, 62, 64, 60]))


def test_ranges() -> None:
    assert out_of_range(Track("bass", 32, False, [(0, 1, 80, 80), (1, 1, 40, 80)])) == 0.5
    assert out_of_range(Track("tuba", 58, False, [(0, 1, 90, 80)])) == 1
    assert out_of_range(Track("drums", 0, True, [(0, 1, 1, 80)])) == 0
    assert "50% of the soprano's notes are out of its range" in words(melody([72, 30, 72, 30], name="soprano"))


def test_strong_beats_follow_the_meter() -> None:
    bar = melody([60] * 8)
    assert strong_ticks(bar) == [0, 960, 1920, 2880]
    assert strong_ticks(replace(bar, meters=(Meter(0, 3, 4),), length=2 * 1440)) == [0, 1440, 2880]
    assert strong_ticks(replace(bar, meters=(Meter(0, 6, 8),), length=2 * 1440)) == [0, 720, 1440, 2160, 2880, 3600]


def test_chord_agreement() -> None:
    marks = (ChordMark(0, Chord(0)), ChordMark(1920, Chord(7)))
    score = replace(melody([60, 62, 64, 65, 67, 62, 65, 62]), chords=marks)
    assert chord_agreement(score) == 0.75  # C and E belong to C, G belongs to G, F does not
    assert chord_agreement(replace(score, chords=(ChordMark(0, None),))) == 0


def described(**card: object) -> Description:
    return Description("fake", "pop", "fake", ("melody",), ((4, 4),), 64, dict(card))


def test_the_typical_take_wins_and_not_the_likeliest() -> None:
    score = melody([*SCALE, *SCALE[::-1]])
    takes = [Take(score, value, i) for i, value in enumerate([-0.2, -1.4, -3.0])]
    verdicts = judge(takes, [score] * 3, described(typical={"mean": -1.5, "std": 0.3}), Request(4, key=C_MAJOR))
    assert best(verdicts).take == 1
    more = [round(v.penalty - verdicts[1].penalty, 6) for v in verdicts]
    assert more == [round(0.5 * (1.3 / 0.3 - 0.5), 6), 0.0, 2.25]
    assert "0.3 deviations from pieces the model never saw" in verdicts[1].reasons[0].text


def test_without_a_card_or_with_chords_given_the_middle_of_the_takes_is_typical() -> None:
    free, given = Request(4), Request(1, chords=((None,),))
    card = described(typical={"mean": -1.5, "std": 0.3})
    assert typical_likelihood([-1.0, -2.0, -9.0], described(), free)[0] == -2.0
    assert typical_likelihood([-1.0], described(typical={"mean": "?"}), free)[0] == -1.0
    assert typical_likelihood([float("nan")], described(), free)[0] == 0.0
    assert typical_likelihood([-1.0, -2.0, -9.0], card, free)[:2] == (-1.5, 0.3)
    assert typical_likelihood([-1.0, -2.0, -9.0], card, given)[:2] == (-2.0, 0.3)


def test_chords_count_only_where_asked_for() -> None:
    score = replace(melody([*SCALE, *SCALE[::-1]]), chords=(ChordMark(0, Chord(1)),))
    takes = [Take(score, -1.0, 0)]
    asked = Request(4, key=C_MAJOR, chords=((Chord(1),),) * 4)
    free, bound = (judge(takes, [score], described(), request)[0] for request in (Request(4, key=C_MAJOR), asked))
    assert not any("not in the chord" in reason.text for reason in free.reasons)
    assert "not in the chord" in bound.reasons[-1].text
    assert bound.penalty == pytest.approx(free.penalty + bound.reasons[-1].points)


def test_the_earlier_take_wins_a_tie() -> None:
    verdicts = [Verdict(i, i, 0.0, penalty, ()) for i, penalty in enumerate([2.0, 1.0, 1.0])]
    assert best(verdicts).take == 1


def test_requests_refuse_contradictions() -> None:
    for wrong in ({"bars": 0}, {"bars": 2, "chords": ((None,),)}, {"bars": 1, "chords": ((),)}, {"bars": 1, "tracks": ()}):
        with pytest.raises(BriefError):
            Request(**wrong)  # type: ignore[arg-type]
    for wrong in ({"tempo": 0.0}, {"tempo": float("nan")}, {"temperature": 0.0}):
        with pytest.raises(BriefError):
            Request(1, **wrong)  # type: ignore[arg-type]
