"""Named corpora are recognised by their layout and read with their labels in the right places."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import corpus_samples as samples
import numpy as np
import pytest

from antiphon.corpus.ingest import find_units, iter_pieces
from antiphon.corpus.piece import Cause, Piece, Refusal, Unit
from antiphon.corpus.readers import emopia, generic, groove, jsb, nottingham, openewld, pop909, reader_for
from antiphon.corpus.readers.pop909_align import align
from antiphon.corpus.readers.pop909_labels import parse_chord_name, read_chords
from antiphon.errors import FormatError, InputError
from antiphon.io import midi
from antiphon.music.beats import bar_starts
from antiphon.music.edit import named
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track


def only(folder: Path) -> Piece:
    (piece,) = iter_pieces(folder)
    return piece


def test_a_pop909_song_comes_out_on_its_bar_lines(tmp_path: Path) -> None:
    samples.pop909(tmp_path, "001")
    piece = only(tmp_path)
    score = piece.score
    assert reader_for(tmp_path) is pop909
    assert (piece.work, piece.source, piece.split, piece.corpus) == ("pop909/001", "score_quantised/001.mid", None, "pop909")
    assert [t.name for t in score.tracks] == ["melody", "bridge", "piano"]
    assert (score.resolution, score.title, piece.extras["artist"]) == (480, "歌001", "Somebody")
    assert score.tempos == (Tempo(0, 800_000),)
    assert score.meters == (Meter(0, 4, 4),)
    # the bridge begins two sixteenths before the first label, so one bar of lead-in stands before it
    assert piece.extras["lead_in_bars"] == "1"
    tune = named(score.tracks, "melody")
    assert tune is not None
    assert [(n.onset, n.pitch) for n in tune] == [(1920 + 120 * t, p) for t, p in samples.melody(16)]
    assert {n.velocity for n in tune} == {100}
    assert score.chords[:3] == (ChordMark(0, None), ChordMark(1920, Chord(0)), ChordMark(3840, Chord(9, "m")))
    assert score.chords[4] == ChordMark(7680, Chord(7, "", 11))
    assert score.keys == (KeyMark(0, Key(0)),)
    assert score.sections == (Section(1920, "i4"), Section(5 * 1920, "A8"), Section(13 * 1920, "o4"))
    assert score.length == 17 * 1920
    assert piece.extras["chord_tones"] == "1.000"


@pytest.mark.parametrize("shift", [0, 4, 17, 80])
def test_any_constant_shift_is_found(tmp_path: Path, shift: int) -> None:
    samples.pop909(tmp_path, "001", shift=shift)
    tune = named(only(tmp_path).score.tracks, "melody")
    assert tune is not None
    assert tune.notes["onset"][0] % 1920 == 240


def test_two_beats_more_than_the_labels_know_become_a_bar_of_two_quarters(tmp_path: Path) -> None:
    samples.pop909(tmp_path, "001", extra_at=8, shift=16)
    piece = only(tmp_path)
    score = piece.score
    assert score.meters == (Meter(0, 4, 4), Meter(9 * 1920, 2, 4), Meter(9 * 1920 + 960, 4, 4))
    starts = bar_starts(score)
    piano = named(score.tracks, "piano")
    assert piano is not None
    for mark in score.chords[1:]:
        assert mark.tick in starts
    assert set(np.unique(piano.notes["onset"] % 480)) == {0}
    assert piece.extras["irregular_bars"] == "1"
    assert piece.extras["chord_tones"] == "1.000"
    assert score.sections[-1] == Section(13 * 1920 + 960, "o4")


def test_songs_that_do_not_fit_are_refused_with_their_reasons(tmp_path: Path) -> None:
    samples.pop909(tmp_path, "001")
    samples.pop909(tmp_path, "002", seed=1)
    (tmp_path / "score_quantised" / "002.mid").unlink()
    samples.pop909(tmp_path, "003", seed=2)
    (tmp_path / "structure" / "003" / "melody.txt").write_text("41 3\n43 2\n")
    samples.pop909(tmp_path, "004", seed=3)
    (tmp_path / "structure" / "004" / "finalized_chord.txt").write_text("nonsense\n")
    samples.pop909(tmp_path, "005", seed=4)
    (tmp_path / "structure" / "005" / "finalized_chord.txt").write_text("F#:maj [1, 6, 10] 6 64\n")
    outcomes = [o for unit in pop909.units(tmp_path) for o in pop909.load(unit)]
    causes = [o.cause if isinstance(o, Refusal) else None for o in outcomes]
    assert causes == [None, Cause.NO_GRID, Cause.MISALIGNED, Cause.UNREADABLE, Cause.MISALIGNED]
    assert [p.work for p in iter_pieces(tmp_path)] == ["pop909/001"]


def test_phrases_that_disagree_with_the_chords_give_way_to_the_second_annotator_or_none(tmp_path: Path) -> None:
    samples.pop909(tmp_path, "001")
    label = tmp_path / "structure" / "001"
    (label / "human_label1.txt").write_text("i4A4")
    (label / "human_label2.txt").write_text("A16")
    piece = only(tmp_path)
    assert (piece.score.sections, piece.extras["sections_by"]) == ((Section(1920, "A16"),), "2")
    (label / "human_label2.txt").write_text("A1")
    assert only(tmp_path).score.sections == ()


@pytest.mark.parametrize(
    ("name", "bass", "chord"),
    [
        ("B:maj7/3", 3, Chord(11, "maj7", 3)),
        ("Bb:min", 10, Chord(10, "m")),
        ("F:sus4(b7)", 5, Chord(5, "7sus4")),
        ("F#:hdim7", 6, Chord(6, "m7b5")),
        ("N", None, None),
    ],
)
def test_chord_names_of_pop909(name: str, bass: int | None, chord: Chord | None) -> None:
    assert parse_chord_name(name, bass) == chord


def test_chord_lines_with_stray_characters_are_read_and_nonsense_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "chords.txt"
    file.write_text("F:sus4(b7)\x01 [0, 5, 10] 5 2\n\nN []  7 \nAb:maj [0, 3, 8] 8 4 2\n")
    assert [(s.chord, s.beats) for s in read_chords(file)] == [(Chord(5, "7sus4"), 2), (None, 7), (Chord(8), 2)]
    file.write_text("H:maj [1] 1 2\n")
    with pytest.raises(Exception, match="note name"):
        read_chords(file)
    file.write_text("C:funny [1] 1 2\n")
    with pytest.raises(FormatError, match="not a chord name"):
        read_chords(file)


def test_alignment_needs_a_common_note_and_ignores_noise() -> None:
    assert align([(0, 60)], [(0, 61)]) is None
    labels = samples.melody(12)
    noisy = [(t + 5 + (i % 7 == 0), p) for i, (t, p) in enumerate(labels)]
    found = align(noisy, labels)
    assert found is not None
    assert [s.shift for s in found.stretches] == [-5]
    assert found.near == 1.0
    assert 0.8 < found.exact < 1.0


def test_chorales_have_four_voices_a_split_and_quarter_notes(tmp_path: Path) -> None:
    samples.jsb(tmp_path)
    pieces = list(iter_pieces(tmp_path))
    assert reader_for(tmp_path) is jsb
    assert [p.split for p in pieces] == ["train"] * 2 + ["valid"] * 2 + ["test"] * 2
    assert [t.name for t in pieces[0].score.tracks] == ["soprano", "alto", "tenor", "bass"]
    assert pieces[0].extras["pickup_beats"] == "1"
    steps = json.loads((tmp_path / jsb.FILE).read_text())["train"][0]
    for voice, track in enumerate(pieces[0].score.tracks):
        sounding = np.zeros(48, dtype=int)
        for note in track:
            sounding[note.onset // 120 : (note.onset + note.duration) // 120] = note.pitch
        assert sounding.tolist() == [0] * 12 + [s[voice] for s in steps]  # three beats of rest before the upbeat
    assert pieces[0].score.length == 48 * 120
    assert pieces[0].score.chords[0].tick == 0


def test_held_and_repeated_notes_of_a_chorale_are_told_apart_by_the_other_voices() -> None:
    steps = np.array([[72, 67, 64, 48]] * 4 + [[72, 65, 62, 48]] * 4 + [[72, 65, 62, 48]] * 4 + [[-1, 65, 62, 50]] * 4)
    soprano, alto, _, bass = jsb.chorale(steps).tracks
    assert [(n.onset, n.duration) for n in soprano] == [(0, 480), (480, 960)]  # cut where alto moves, held where none does
    assert [(n.onset, n.duration) for n in alto] == [(0, 480), (480, 960), (1440, 480)]
    assert [(n.onset, n.duration) for n in bass] == [(0, 1440), (1440, 480)]  # the bass holds on


def test_folk_tunes_have_a_melody_chord_marks_and_a_type(tmp_path: Path) -> None:
    samples.nottingham(tmp_path)
    pieces = list(iter_pieces(tmp_path))
    assert reader_for(tmp_path) is nottingham
    assert [p.extras["tune_type"] for p in pieces] == ["dance", "jig", "reel"]
    score = pieces[0].score
    assert [t.name for t in score.tracks] == ["melody", "chords"]
    assert [(m.tick, str(m.chord)) for m in score.chords[:4]] == [(1920, "C"), (3840, "F"), (5760, "G7"), (7680, "C")]
    assert len(score.keys) == 1


SHEET = """<?xml version="1.0"?><score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Voice</part-name>
</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><key><fifths>1</fifths></key>
<time><beats>4</beats><beat-type>4</beat-type></time></attributes>
<harmony><root><root-step>E</root-step></root><kind>minor</kind></harmony>
{notes}</measure></part></score-partwise>"""
NOTE = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>1</duration><type>quarter</type></note>"


def test_lead_sheets_have_melody_chords_and_the_mode_of_their_last_chord(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>',
        )
        archive.writestr("a.xml", SHEET.format(notes="".join(NOTE.format(s) for s in "EGBE")))
    place = tmp_path / "mxl" / "Somebody"
    place.mkdir(parents=True)
    (place / "A_Song.mxl").write_bytes(packed.getvalue())
    (place / "Broken.mxl").write_bytes(b"PK no")
    (tmp_path / "works.csv").write_text("file,title,authors,genres,styles\nmxl/Somebody/A_Song.mxl,A Song,Somebody,Folk,\n")
    assert reader_for(tmp_path) is openewld
    piece = only(tmp_path)
    assert [t.name for t in piece.score.tracks] == ["melody"]
    assert piece.score.chords == (ChordMark(0, Chord(4, "m")),)
    assert piece.score.keys == (KeyMark(0, Key(4, minor=True)),)
    assert (piece.score.title, piece.extras["artist"], piece.extras["genres"]) == ("A Song", "Somebody", "Folk")
    refused = openewld.load(Unit("openewld", str(tmp_path), "mxl/Somebody/Broken.mxl"))
    assert isinstance(refused[0], Refusal)
    assert refused[0].cause is Cause.UNREADABLE


def test_clips_of_one_recording_are_one_work_with_their_emotions(tmp_path: Path) -> None:
    for n, name in enumerate(["Q1_a-b_0", "Q1_a-b_1", "Q3_a-b_2", *(f"Q4_x_y{i}_0" for i in range(5))]):
        (tmp_path / f"{name}.mid").write_bytes(midi.dumps(samples.random_song(n)))
    assert reader_for(tmp_path) is emopia
    pieces = list(iter_pieces(tmp_path))
    assert [p.work for p in pieces[:4]] == ["emopia/a-b", "emopia/a-b", "emopia/a-b", "emopia/x_y0"]
    assert [p.extras["quadrant"] for p in pieces[:3]] == ["Q1", "Q1", "Q3"]
    assert (pieces[2].extras["valence"], pieces[2].extras["arousal"]) == ("-1", "-1")
    assert {t.name for p in pieces for t in p.score.tracks} == {"piano"}


def test_drum_performances_have_style_split_and_general_midi_drums(tmp_path: Path) -> None:
    kit = Score(480, (Track("kit", 0, True, [(480 * i, 60, p, 90) for i, p in enumerate((36, 22, 26, 58, 38))]),))
    place = tmp_path / "drummer1" / "session1"
    place.mkdir(parents=True)
    (place / "1_rock_100_beat_4-4.mid").write_bytes(midi.dumps(kit))
    (place / "broken.mid").write_bytes(b"")
    (tmp_path / "info.csv").write_text(
        "drummer,style,bpm,beat_type,midi_filename,split\n"
        "drummer1,rock,100,beat,drummer1/session1/1_rock_100_beat_4-4.mid,validation\n"
    )
    assert reader_for(tmp_path) is groove
    piece = only(tmp_path)
    assert [n.pitch for n in piece.score.tracks[0]] == [36, 42, 46, 43, 38]
    assert (piece.split, piece.extras["style"], piece.extras["bpm"]) == ("valid", "rock", "100")
    assert piece.score.tracks[0].is_drum


def test_several_corpora_and_loose_files_below_one_folder_are_all_read_once(tmp_path: Path) -> None:
    samples.pop909(tmp_path / "pop", "001")
    samples.nottingham(tmp_path / "folk" / "nottingham", ("ashover1",))
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "a.mid").write_bytes(midi.dumps(samples.random_song(1)))
    (tmp_path / "loose" / "notes.txt").write_text("no music")
    (tmp_path / "loose" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = [(u.reader, u.key) for u in find_units(tmp_path)]
    assert found == [("nottingham", "MIDI/ashover1.mid"), ("pop909", "score_quantised/001.mid"), ("files", "loose/a.mid")]


def test_processes_give_the_same_pieces_in_the_same_order(tmp_path: Path) -> None:
    samples.nottingham(tmp_path, tuple(f"jigs{n}" for n in range(1, 20)))
    assert [p.work for p in iter_pieces(tmp_path, jobs=2)] == [p.work for p in iter_pieces(tmp_path)]


def test_a_missing_folder_is_told_and_damaged_files_are_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        list(iter_pieces(tmp_path / "none"))
    (tmp_path / "bad.mid").write_bytes(b"MThd nothing")
    (tmp_path / "empty.mid").write_bytes(b"")
    for unit in generic.units(tmp_path):
        (refusal,) = generic.load(unit)
        assert isinstance(refusal, Refusal)
        assert refusal.detail
        assert str(tmp_path) not in refusal.detail
