"""Rhythmic intensity and polyphony asked of a piece: measured by hand, met, each without the other; all else as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from filling_generator import POP, FillingGenerator
from hypothesis import given, settings
from hypothesis import strategies as st

import antiphon
from antiphon.cli.main import main
from antiphon.compose.answer import Answer
from antiphon.compose.fit import bars_of
from antiphon.compose.leveling import leveled
from antiphon.compose.levels import Grid, onsets_for, polyphony, rhythmic_intensity, steps_for
from antiphon.compose.likeness import contour_likeness
from antiphon.errors import BriefError
from antiphon.io import midi
from antiphon.music.score import Meter, Score, Track, notes_array
from strategies import midi_scores


def song(bars: int = 4, meter: tuple[int, int] = (4, 4)) -> Score:
    """A melody in quarters, a broken chord in eighths, a bass, drums; four chords in turn."""
    bar = 1920 * meter[0] // meter[1]
    melody, piano, low, drums = [], [], [], []
    for b in range(bars):
        root = (60, 57, 65, 67)[b % 4]
        third = 3 if root == 57 else 4
        melody += [(b * bar + t, 480, root + 12 + (0, third, 7, 12)[t // 480 % 4], 90) for t in range(0, bar - 479, 480)]
        piano += [(b * bar + t, 240, root - 12 + (0, 7, 12, 12 + third)[t // 240 % 4], 60) for t in range(0, bar, 240)]
        low.append((b * bar, bar, root - 24, 80))
        drums += [(b * bar + t, 60, 42, 70) for t in range(0, bar, 120)]
    tracks = (
        Track("melody", 73, notes=notes_array(melody)),
        Track("piano", 0, notes=notes_array(piano)),
        Track("bass", 32, notes=notes_array(low)),
        Track("drums", 0, True, notes_array(drums)),
    )
    return Score(480, tracks, meters=(Meter(0, *meter),), length=bars * bar)


def measured(score: Score) -> tuple[np.ndarray, np.ndarray]:
    grid = Grid.of(bars_of(score), score.resolution)
    return rhythmic_intensity(score, grid), polyphony(score, grid)


def wish(answer: Answer, name: str) -> tuple[object, bool]:
    found = next(w for w in answer.wishes if w.name == name)
    return found.measured, found.kept


def test_both_measures_by_hand() -> None:
    """Eight of sixteen places are struck; a quarter, an eighth and a whole note sound everywhere: three at a time."""
    busy, thick = measured(song(2))
    assert busy.tolist() == [0.5, 0.5] and thick.tolist() == [3.0, 3.0]
    held = Score(480, (Track("x", 0, notes=notes_array([(0, 2880, 60, 80), (2400, 30, 64, 80)])),), length=3840)
    busy, thick = measured(held)
    assert busy.tolist() == [1 / 16, 1 / 16] and thick.tolist() == [1.0, (8 + 1) / 16]


def test_a_note_played_early_belongs_to_the_beat_it_is_meant_for() -> None:
    early = Score(480, (Track("x", 0, notes=notes_array([(0, 480, 60, 80), (1910, 490, 62, 80)])),), length=3840)
    busy, thick = measured(early)
    assert busy.tolist() == [1 / 16, 1 / 16] and thick.tolist() == [0.25, 0.25]


def test_one_number_is_the_mean_and_the_busy_stay_the_busier() -> None:
    counts = np.full(6, 16)
    now = np.array([4, 8, 0, 12, 2, 6]) / 16
    for asked in (0.1, 0.3, 0.5, 0.8, 1.0):
        wanted = onsets_for([asked], now, counts)
        assert wanted[2] == 0 and wanted[[0, 1, 3, 4, 5]].min() >= 1 and wanted.max() <= 16
        assert abs(wanted[now > 0].mean() / 16 - asked) <= 0.02
        assert all(wanted[i] <= wanted[k] + 1 for i, k in ((4, 0), (0, 5), (5, 1), (1, 3)))
    assert onsets_for([0.25, 0.75], np.full(3, 0.5), np.full(3, 16)).tolist() == [4, 8, 12]
    assert steps_for([4.0], np.array([2.0, 4.0, 0.0]), np.full(3, 16)).tolist() == [43, 85, 0]


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (6, 8)])
@pytest.mark.parametrize(("intensity", "voices"), [(0.25, None), (0.9, None), (None, 2.0), (None, 4.5), (0.3, 4.0), (0.8, 2.5)])
def test_what_is_asked_is_met_and_the_other_stays(
    meter: tuple[int, int], intensity: float | None, voices: float | None
) -> None:
    before = song(8, meter)
    answer = antiphon.vary(before, rhythmic_intensity=intensity, polyphony=voices)
    busy, thick = (values.mean() for values in measured(answer.score))
    was = [values.mean() for values in measured(before)]
    assert abs(busy - (was[0] if intensity is None else intensity)) <= 0.02
    assert abs(thick - (was[1] if voices is None else voices)) <= 0.1
    assert all(w.kept for w in answer.wishes), answer.wishes
    assert {w.name for w in answer.wishes} == {"untouched", "rhythmic intensity", "polyphony", "chroma", "contour"}
    assert np.array_equal(answer.score.tracks[3].notes, before.tracks[3].notes)
    assert (answer.score.meters, answer.score.end, answer.model.name) == (before.meters, before.end, "rules")


def test_the_melody_goes_last() -> None:
    """Thinned to the melody's own onsets, the melody is what it was; below that its contour is."""
    before = song(8)
    assert np.array_equal(antiphon.vary(before, rhythmic_intensity=0.25).score.tracks[0].notes, before.tracks[0].notes)
    sparse = antiphon.vary(before, rhythmic_intensity=0.125).score
    assert len(sparse.tracks[0]) < len(before.tracks[0])
    one, two = (s.with_tracks((s.tracks[0],)) for s in (before, sparse))
    assert contour_likeness(one, two) > 0.8
    thin = antiphon.vary(before, polyphony=1.5).score
    assert np.array_equal(thin.tracks[0].notes["pitch"], before.tracks[0].notes["pitch"])


def test_a_broken_chord_becomes_a_chord_and_keeps_its_tones() -> None:
    before = song(4)
    after = antiphon.vary(before, rhythmic_intensity=0.125, polyphony=4.0, tracks=("melody", "piano")).score
    for bar in range(4):
        old, new = ({int(p) % 12 for o, _, p, _ in s.tracks[1].notes.tolist() if o // 1920 == bar} for s in (before, after))
        assert new <= old and len(new) >= 2
    assert max(np.unique(after.tracks[1].notes["onset"], return_counts=True)[1]) >= 2


def test_added_tones_are_of_the_chord_and_below_the_melody() -> None:
    before = song(8)
    after = antiphon.vary(before, polyphony=5.0).score
    old = {(i, n.onset, n.pitch) for i, t in enumerate(before.tracks) for n in t}
    new = [n for i, t in enumerate(after.tracks) for n in t if (i, n.onset, n.pitch) not in old]
    assert new
    for note in new:
        bar = note.onset // 1920
        sounding = {n.pitch % 12 for t in before.tracks[:3] for n in t if n.onset // 1920 == bar}
        assert note.pitch % 12 in sounding
        assert all(note.pitch < n.pitch for n in before.tracks[0] if n.onset <= note.onset < n.onset + n.duration)


def test_only_the_bars_and_tracks_named_change() -> None:
    before = song(8)
    answer = antiphon.vary(before, rhythmic_intensity="+0.25", bars=(3, 4), tracks=("piano",))
    after = answer.score
    assert [np.array_equal(a.notes, b.notes) for a, b in zip(before.tracks, after.tracks, strict=True)] == [
        True,
        False,
        True,
        True,
    ]
    for notes in (before.tracks[1].notes, after.tracks[1].notes):
        assert len(notes) > 0
    outside = [t.notes[(t.notes["onset"] < 3840) | (t.notes["onset"] >= 7680)] for t in (before.tracks[1], after.tracks[1])]
    assert np.array_equal(*outside)
    assert measured(after)[0].tolist() == [0.5, 0.5, 0.75, 0.75, 0.5, 0.5, 0.5, 0.5]
    assert answer.asked == {"rhythmic_intensity": "+0.25", "bars": [3, 4], "tracks": ["piano"]}


def test_nothing_asked_for_changes_nothing() -> None:
    before = song(8)
    bars = bars_of(before)
    assert leveled(before, bars, range(3), range(8)) == before
    assert leveled(before, bars, range(3), range(8), [0.5], [3.0]) == before
    assert antiphon.vary(before, polyphony="+0").score == before


def test_a_line_alone_gets_no_second_voice() -> None:
    before = song(4).with_tracks(song(4).tracks[:1])
    answer = antiphon.vary(before, polyphony=3.0)
    assert answer.score == before and wish(answer, "polyphony") == (1.0, False)


@settings(max_examples=15, deadline=None)
@given(midi_scores().filter(lambda s: s.resolution >= 96), st.floats(0, 1), st.floats(1, 8))
def test_any_piece_comes_back_whole(score: Score, intensity: float, voices: float) -> None:
    score = midi.loads(midi.dumps(score))
    if not any(len(t) and not t.is_drum for t in score.tracks):
        with pytest.raises(BriefError):
            antiphon.vary(score, rhythmic_intensity=intensity, polyphony=voices)
        return
    answer = antiphon.vary(score, rhythmic_intensity=intensity, polyphony=voices)
    busy, was = measured(answer.score)[0], measured(score)[0]
    assert ((busy > 0) == (was > 0)).all()
    for old, new in zip(score.tracks, answer.score.tracks, strict=True):
        assert not old.is_drum or np.array_equal(old.notes, new.notes)
        assert (new.notes["duration"] > 0).all() and (new.notes["onset"] >= 0).all()
    assert antiphon.vary(score, rhythmic_intensity=intensity, polyphony=voices).score == answer.score


@settings(max_examples=15, deadline=None)
@given(midi_scores().filter(lambda s: s.resolution >= 96), st.floats(0, 1), st.floats(1, 8), st.data())
def test_closed_bars_stay_through_files(score: Score, intensity: float, voices: float, data: st.DataObject) -> None:
    score = midi.loads(midi.dumps(score))
    grid = bars_of(score)
    first = data.draw(st.integers(0, min(30, len(grid) - 1))) if grid else 0
    last = min(len(grid) - 1, first + 2)
    try:
        answer = antiphon.vary(score, rhythmic_intensity=intensity, polyphony=voices, bars=(first + 1, last + 1))
    except BriefError:
        return
    start, stop = grid[first].start, grid[last].stop
    for old, new in zip(score.tracks, midi.loads(midi.dumps(answer.score)).tracks, strict=True):
        kept = [t.notes[(t.notes["onset"] < start) | (t.notes["onset"] >= stop)] for t in (old, new)]
        assert np.array_equal(*kept)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"rhythmic_intensity": 1.5}, "The rhythmic intensity must be a number from 0 to 1, several that follow each other"),
        ({"rhythmic_intensity": "busy"}, "The rhythmic intensity must be"),
        ({"polyphony": float("nan")}, "The polyphony must be a number from 1 to 12"),
        ({"polyphony": 3, "amount": 0.5}, "are changed by rule; leave the amount out"),
        ({"polyphony": 3, "style": "pop", "top_k": 3}, "are changed by rule; leave the style, top-k out"),
        ({"polyphony": 3, "tracks": ("flute",)}, "There is no track 'flute'; the piece has 'melody', 'piano', 'bass'."),
        ({"polyphony": 3, "tracks": ("drums",)}, "No track that may change has a pitched note."),
        ({"polyphony": 3, "bars": (7, 9)}, "there is no bar 9"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(asked: dict[str, object], told: str) -> None:
    with pytest.raises(BriefError) as caught:
        antiphon.vary(song(8), **asked)  # type: ignore[arg-type]
    assert told in str(caught.value)


def test_without_levels_a_share_is_written_anew_as_ever() -> None:
    writer = FillingGenerator("pop", POP)
    plain = antiphon.vary(song(8), seed=3, takes=1, generator=writer)
    assert plain.score == antiphon.vary(song(8), amount=0.3, seed=3, takes=1, generator=writer).score != song(8)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    antiphon.write(song(8), tmp_path / "song.mid")
    with pytest.raises(SystemExit) as end:
        main(["vary", str(tmp_path / "song.mid"), "--rhythmic-intensity", "0.75", "--polyphony", "-0.5", "--json",
              "-o", str(tmp_path / "new.mid")])  # fmt: skip
    assert (end.value.code or 0) == 0
    told = {w["name"]: w["measured"] for w in json.loads(capsys.readouterr().out)["wishes"]}
    assert told["rhythmic intensity"] == 0.75 and abs(told["polyphony"] - 2.5) <= 0.1
    busy, _ = measured(antiphon.read(tmp_path / "new.mid"))
    assert busy.mean() == 0.75
