"""ABC tunes: the round trip, the reading of each sign, and damaged texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from antiphon.errors import FormatError, InputError, LimitError
from antiphon.io import abc
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Note, Score, Section, Tempo, Track
from strategies import melodies


def tune(music: str, *, meter: str = "4/4", unit: str = "1/8", key: str = "C", more: str = "") -> Score:
    return abc.loads(f"X:1\nT:t\nM:{meter}\nL:{unit}\n{more}K:{key}\n{music}\n")[0]


def heard(score: Score) -> list[tuple[float, int, float]]:
    """(onset, pitch, duration) in eighths."""
    eighth = score.resolution / 2
    return [(n.onset / eighth, n.pitch, n.duration / eighth) for n in score.tracks[0]]


@settings(max_examples=40, deadline=None)
@given(melodies())
def test_round_trip(score):
    (found,) = abc.loads(abc.dumps(score))
    assert [list(t) for t in found.tracks] == [list(t) for t in score.tracks]
    assert (found.tempos, found.meters, found.chords) == (score.tempos, score.meters, score.chords)
    assert found.keys[-1].key == (score.keys[-1].key if score.keys else Key(0))
    assert found.title == score.title
    assert found.end == score.end


def test_what_a_tune_looks_like():
    notes = [
        (0, 480, 69),
        (480, 240, 71),
        (720, 240, 72),
        (960, 960, 76),
        (1920, 160, 80),
        (2080, 160, 81),
        (2240, 160, 83),
        (2400, 480, 81),
    ]
    score = Score(480, (Track("melody", 0, False, notes),), keys=(KeyMark(0, Key(9, True)),), title="Air", length=3840,
                  chords=(ChordMark(0, Chord(9, "m")), ChordMark(960, Chord(4, "7"))))  # fmt: skip
    assert abc.dumps(score) == 'X:1\nT:Air\nM:4/4\nL:1/8\nQ:1/4=120\nK:Am\n"Am"A2 Bc "E7"e4 | (3:2:3^gab a2 z4 |]\n'


def test_pitches_lengths_and_rests():
    assert heard(tune("C,C2c'/2 z/ e3/2f//g/4x2|")) == [
        (0, 48, 1), (1, 60, 2), (3, 84, 0.5), (4, 76, 1.5), (5.5, 77, 0.25), (5.75, 79, 0.25)
    ]  # fmt: skip


def test_accidentals_hold_to_the_bar_line_in_every_octave():
    assert [p for _, p, _ in heard(tune("^F2 F2 f2 =f2|F2 _B2 B2 z2|", key="C"))] == [66, 66, 78, 77, 65, 70, 70]


@pytest.mark.parametrize(
    ("key", "mark", "pitches"),
    [
        ("D", Key(2), [66, 73]),
        ("Dm", Key(2, True), [65, 72]),
        ("Ddor", Key(2, True), [65, 72]),
        ("A Mixolydian", Key(9), [66, 73]),
        ("D mix", Key(2), [66, 72]),
        ("EM", Key(4), [66, 73]),
        ("Bb", Key(10), [65, 72]),
        ("Gb", Key(6), [65, 71]),
        ("C exp ^f", Key(0), [66, 72]),
        ("none", Key(0), [65, 72]),
        ("HP", Key(9), [66, 73]),
    ],
)
def test_keys(key, mark, pitches):
    score = tune("F4c4|", key=key)
    assert [p for _, p, _ in heard(score)] == pitches
    assert score.keys == (KeyMark(0, mark),)


def test_tuplets_and_broken_rhythm():
    third = pytest.approx(2 / 3)
    assert [d for _, _, d in heard(tune("(3abc d2 (3a/b/c/|"))] == [third, third, third, 2, *[pytest.approx(1 / 3)] * 3]
    assert [d for _, _, d in heard(tune("a>b c<d a>>b c2|"))] == [1.5, 0.5, 0.5, 1.5, 1.75, 0.25, 2]
    assert [d for _, _, d in heard(tune("(3:2:2c2d (5:4:5abcde|", meter="none"))][2:] == [0.8] * 5


def test_ties_chords_grace_notes_and_decorations():
    assert heard(tune('{cd}"^slow"[CEG]2 ~c2- c2 !trill!d2-|d4 z4|')) == [
        (0, 60, 2), (0, 64, 2), (0, 67, 2), (2, 72, 4), (6, 74, 6)
    ]  # fmt: skip
    assert [n.velocity for n in tune("!ff!c4 !p!d4|").tracks[0]] == [112, 49]


def test_repeats_and_endings():
    assert [p for _, p, _ in heard(tune("|:C8|1 D8:|2 E8|]F8:|"))] == [60, 62, 60, 64, 65, 65]
    assert [p for _, p, _ in heard(tune("C8::D8:|"))] == [60, 60, 62, 62]
    assert [p for _, p, _ in heard(tune("|:C8|[1,3 D8:|[2 E8:|F8|"))] == [60, 62, 60, 64, 60, 62, 65]


def test_pickup_symbols_fields_and_voices():
    score = tune('G2|"Am7"c8|[M:3/4][K:G]"N.C."F6|\nP:B\n[Q:1/4=90]F6|', more="Q:3/8=80\n")
    assert heard(score)[:2] == [(6, 67, 2), (8, 72, 8)]
    assert score.chords == (ChordMark(1920, Chord(9, "m7")), ChordMark(3840, None))
    assert score.meters == (Meter(0, 4, 4), Meter(3840, 3, 4))
    assert score.keys == (KeyMark(0, Key(0)), KeyMark(3840, Key(7)))
    assert score.tempos == (Tempo(0, 500_000), Tempo(5280, 666_667))
    assert score.sections == (Section(5280, "B"),)
    two = tune("[V:1] c4 d4|\n[V:2] C8|\nV:1\ne8|\n", more='V:1 name="Violin"\nV:2 nm=Cello\n')
    assert [(t.name, t.program, [n.pitch for n in t]) for t in two.tracks] == [
        ("Violin", 40, [72, 74, 76]),
        ("Cello", 42, [60]),
    ]


def test_several_tunes_a_file_header_and_comments():
    text = "M:3/4\nL:1/4\n\nX:1\nT:one\nK:C\nCDE|% a comment\n\nfree text\nX:2\nT:two\nL:1/8\nK:C\nC6|\n\nX:3\nT:empty\nK:C\n"
    one, two = abc.loads(text)
    assert (one.title, two.title) == ("one", "two")
    assert one.meters == two.meters == (Meter(0, 3, 4),)
    assert [n.duration for n in one.tracks[0]] == [480] * 3
    assert list(two.tracks[0]) == [Note(0, 1440, 60, 80)]


def test_latin_1_and_multi_bar_rests():
    (score,) = abc.loads("X:1\nT:Für\nM:2/4\nK:C\nZ2|C4|".encode("latin-1"))
    assert score.title == "Für"
    assert score.tracks[0].notes["onset"].tolist() == [1920]


@pytest.mark.parametrize("text", ["", "no tune", "X:1\nT:no key\nCDE|\n", "X:1\nK:C\n", "X:1\nK:C\nC1234567890|"])
def test_refuses_in_one_sentence(text):
    with pytest.raises(FormatError) as caught:
        abc.loads(text)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_limits():
    with pytest.raises(LimitError):
        abc.loads("X:1\nK:C\nZ999999|\n")
    with pytest.raises(LimitError):
        abc.loads("X:1\nK:C\nC99999999|C99999999|C99999999|\n")


def test_drums_alone_have_no_melody():
    with pytest.raises(InputError):
        abc.dumps(Score(480, (Track("drums", 0, True, [(0, 10, 36)]),)))
