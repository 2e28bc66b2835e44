"""Arranging: every ensemble in range and playable, melody and harmony kept, octaves by phrases, what is left out told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.compose.arrange import arrange
from antiphon.compose.ensembles import ENSEMBLES, INSTRUMENTS, find_ensemble
from antiphon.compose.fit_range import choose_octaves, fit_chords, fit_line, phrase_edges
from antiphon.compose.texture import melody_track, skyline, texture
from antiphon.errors import BriefError
from antiphon.music.beats import bar_starts
from antiphon.music.harmony import parse_chord
from antiphon.music.instruments import usual_range
from antiphon.music.score import ChordMark, Note, Score, Section, Track, notes_array
from antiphon.music.tonality import pitch_class_weights
from strategies import midi_scores

BAR = 1920
TUNE = (72, 74, 76, 77, 79, 77, 76, 74)


def line(*pitches: int, step: int = 480, start: int = 0) -> list[Note]:
    return [Note(start + i * step, step, p, 80) for i, p in enumerate(pitches)]


def chord(tick: int, length: int, *pitches: int) -> list[Note]:
    return [Note(tick, length, p, 64) for p in pitches]


def song(drums: bool = False) -> Score:
    """Eight bars: a tune over broken and block chords, as a piano song has them."""
    tune = line(*TUNE * 4)
    harmony = []
    for bar in range(8):
        root = (48, 53, 55, 48)[bar % 4]
        harmony += chord(bar * BAR, BAR // 2, root - 12, root, root + 4, root + 7)
        harmony += line(root, root + 4, root + 7, root + 4, step=240, start=bar * BAR + BAR // 2)
    tracks = [Track("melody", 0, False, notes_array(tune)), Track("piano", 0, False, notes_array(harmony))]
    if drums:
        tracks.append(Track("kit", 0, True, notes_array([(i * 480, 100, 36 + 2 * (i % 2), 90) for i in range(32)])))
    return Score(480, tuple(tracks), sections=(Section(0, "A"),), title="Song")


def chroma(score: Score, other: Score) -> float:
    """Least cosine over the bars between the pitch-class contents of two pieces."""
    edges = [*bar_starts(score), score.end]
    a, b = pitch_class_weights(score, edges), pitch_class_weights(other, edges)
    return float(min((a * b).sum(1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-9)))


def check_playable(arranged: Score, ensemble: str | tuple[str, ...]) -> None:
    """Every note in range, lines single, chords within voices; tracks as the ensemble has its players."""
    players = find_ensemble(ensemble)
    by_name = {p.name: p for p in players}
    pitched = [p.name for p in players if not p.is_drum]
    assert [t.name for t in arranged.tracks if not t.is_drum] == pitched
    for track in arranged.tracks:
        if track.is_drum or len(track) == 0:
            continue
        can, notes = by_name[track.name].can, track.notes
        assert track.program == can.program
        assert notes["pitch"].min() >= can.low and notes["pitch"].max() <= can.high
        ends = notes["onset"].astype(np.int64) + notes["duration"]
        at_once = [int(((notes["onset"] <= t) & (ends > t)).sum()) for t in notes["onset"].tolist()]
        assert max(at_once) <= can.voices


def check_melody(source: Score, arranged: Score, ensemble: str | tuple[str, ...]) -> None:
    """Every onset of the melody sounds with its pitch class in the melody player's part."""
    lead = next(p.name for p in find_ensemble(ensemble) if "melody" in p.duties)
    part = next(t for t in arranged.tracks if t.name == lead)
    heard = {(n.onset, n.pitch % 12) for n in part}
    melody = texture(source).melody
    assert {(int(n["onset"]), int(n["pitch"]) % 12) for n in melody} <= heard


@pytest.mark.parametrize("ensemble", sorted(ENSEMBLES))
def test_every_ensemble_plays_a_song(ensemble: str) -> None:
    score = song(drums=True)
    arranged, said = arrange(score, ensemble=ensemble)
    check_playable(arranged, ensemble)
    check_melody(score, arranged, ensemble)
    assert chroma(score, arranged) >= (0.85 if ensemble in ("chiptune", "string-trio") else 0.9)
    assert said[0].startswith("Arranged for ")
    drummer = any(p.is_drum for p in find_ensemble(ensemble))
    assert any(t.is_drum for t in arranged.tracks) == drummer
    assert ("The drums were left out: nobody in the ensemble plays them." in said) != drummer
    assert (arranged.sections, arranged.tempos, arranged.title) == (score.sections, score.tempos, score.title)


def test_instruments_lie_within_their_usual_ranges_and_can_hold_an_octave() -> None:
    for name, can in INSTRUMENTS.items():
        low, high = usual_range(can.program)
        assert low <= can.low <= can.easy_low < can.easy_high <= can.high <= high, name
        assert can.high - can.low >= 12 and can.easy_high - can.easy_low >= 12, name


def test_every_ensemble_is_whole() -> None:
    for name, players in ENSEMBLES.items():
        names = [p.name for p in players]
        assert len(set(names)) == len(names), name
        assert sum("melody" in p.duties for p in players) == 1, name
        assert sum("bass" in p.duties for p in players) >= 1, name
        assert all(p.doubles in names for p in players if p.doubles), name


def test_a_chorale_goes_line_by_line_to_a_quartet() -> None:
    voices = {"soprano": (72, 74, 76), "alto": (67, 67, 67), "tenor": (64, 62, 60), "bass": (48, 47, 48)}
    score = Score(480, tuple(Track(n, 52, False, notes_array(line(*p))) for n, p in voices.items()))
    arranged, said = arrange(score, ensemble="string-quartet")
    assert [t.notes["pitch"].tolist() for t in arranged.tracks] == [list(p) for p in voices.values()]
    assert said == ["Arranged for violin 1, violin 2, viola, cello."]


def test_two_lines_are_doubled_where_there_are_more_players() -> None:
    score = Score(480, (Track("a", 0, False, notes_array(line(*TUNE))), Track("b", 0, False, notes_array(line(*[48] * 8)))))
    arranged, said = arrange(score, ensemble="string-quartet")
    assert arranged.tracks[1].notes["pitch"].tolist() == [p - 12 for p in TUNE]
    assert any(s.startswith("The violin 2 doubles the violin 1") for s in said)


def test_a_phrase_moves_by_octaves_as_a_whole() -> None:
    low = line(*[p - 24 for p in TUNE])
    score = Score(480, (Track("melody", 0, False, notes_array(low)), Track("x", 0, False, notes_array(line(36, 43)))))
    arranged, said = arrange(score, ensemble="flute,bassoon")
    flute = arranged.tracks[0].notes["pitch"].astype(int)
    assert len({int(a - b) for a, b in zip(flute, TUNE, strict=True)}) == 1
    assert any("another octave in 1 phrase, to suit the flute" in s for s in said)


def test_octaves_follow_the_register_and_seldom_change() -> None:
    flute = INSTRUMENTS["flute"]
    low, high = np.array([50, 52]), np.array([74, 76])
    assert choose_octaves([low, low], flute) == [1, 1]
    assert choose_octaves([high, high], flute) == [0, 0]
    assert choose_octaves([], flute) == []


def test_a_note_outside_is_folded_and_counted() -> None:
    notes = notes_array(line(60, 64, 67, 30))
    fitted, phrases, single = fit_line(Score(480, (Track("a", 0, False, notes),)), notes, INSTRUMENTS["violin"])
    assert (phrases, single) == (0, 1)
    assert fitted["pitch"].tolist() == [60, 64, 67, 66]


def test_hands_reach_so_far_and_no_farther() -> None:
    wide = notes_array(chord(0, 480, 36, 52, 60, 68, 84, 96))
    score = Score(480, (Track("a", 0, False, wide),))
    fitted, gone = fit_chords(score, wide, notes_array([]), INSTRUMENTS["piano"])
    pitches = set(fitted["pitch"].tolist())
    assert gone == 1 and len(pitches) == 5
    assert {36, 96} <= pitches


def test_a_lead_sheet_gets_its_harmony_written_out() -> None:
    marks = tuple(ChordMark(i * BAR, parse_chord(c)) for i, c in enumerate(("C", "Am")))
    score = Score(480, (Track("melody", 73, False, notes_array(line(*TUNE))),), chords=marks)
    arranged, said = arrange(score, ensemble="string-quartet")
    assert any("written out from the chord symbols" in s for s in said)
    assert {n.pitch % 12 for n in arranged.tracks[3]} == {0, 9}
    assert {n.pitch % 12 for t in arranged.tracks[1:] for n in t} >= {0, 4, 9}


def test_the_melody_is_found_by_name_by_height_or_on_top() -> None:
    tune, low = notes_array(line(*TUNE)), notes_array(line(*[48] * 8))
    assert melody_track(Score(480, (Track("x", 0, False, low), Track("Vocals", 0, False, low)))).name == "Vocals"
    assert melody_track(Score(480, (Track("x", 0, False, low), Track("y", 0, False, tune)))).name == "y"
    both = notes_array(line(*TUNE) + line(*[48] * 8))
    assert melody_track(Score(480, (Track("piano", 0, False, both),))) is None
    assert both["pitch"][skyline(both, 40)].tolist() == list(TUNE)
    held = notes_array([Note(0, 1920, 72), *line(60, 64, 67, start=480)])
    assert held["pitch"][skyline(held, 40)].tolist() == [72]


def test_names_are_forgiving_and_unknown_ones_told() -> None:
    assert find_ensemble("String Quartet") == find_ensemble("string-quartet")
    assert find_ensemble("SATB") == find_ensemble("choir")
    assert [p.name for p in find_ensemble("violin, Violin,cello")] == ["violin 1", "violin 2", "cello"]
    assert [p.duties for p in find_ensemble("flute,cello,piano,drums")] == [
        ("melody",), ("bass",), ("chords",), ("drums",)
    ]  # fmt: skip
    assert find_ensemble("harp")[0].duties == ("melody", "chords", "bass")
    assert find_ensemble(("piano",))[0].duties == ("melody", "chords", "bass")
    for wrong, word in (("kazoo-orchestra", "no ensemble"), ("violin,kazoo", "no instrument 'kazoo'"), (",", "No instrument")):
        with pytest.raises(BriefError, match=word):
            find_ensemble(wrong)
    with pytest.raises(BriefError, match="at most 32"):
        find_ensemble(("violin",) * 33)


def test_phrases_begin_at_sections_and_every_fourth_bar() -> None:
    score = Score(480, (), sections=(Section(0, "A"), Section(6 * BAR, "B")), length=12 * BAR)
    assert (phrase_edges(score) // BAR).tolist() == [0, 4, 6, 10, 12]


@settings(max_examples=25, deadline=None)
@given(midi_scores(), st.sampled_from(sorted(ENSEMBLES)) | st.sampled_from(["violin,cello", "flute", "tuba,piano", "drums"]))
def test_whatever_comes_is_playable(score: Score, ensemble: str) -> None:
    arranged, said = arrange(score, ensemble=ensemble)
    check_playable(arranged, ensemble)
    if any("melody" in p.duties for p in find_ensemble(ensemble)):
        check_melody(score, arranged, ensemble)
    assert arranged.end <= score.end
    assert len(said) >= 1 and all(s.endswith(".") for s in said)
    assert arrange(score, ensemble=ensemble)[0] == arranged
