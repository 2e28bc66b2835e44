"""MusicXML: the round trip, music21 as a second reader, hand-written documents, and hostile ones."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import music21
import pytest
from hypothesis import given, settings

from antiphon.errors import FormatError, LimitError
from antiphon.io import musicxml
from antiphon.io.musicxml_kinds import read_harmony, write_harmony
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Note, Score, Section, Tempo, Track
from strategies import midi_scores, notated_scores


def document(*measures: str, head: str = "<divisions>2</divisions>", part: str = "<part-name>Flute</part-name>") -> bytes:
    """A partwise document of one part; `head` is what the attributes of the first measure hold."""
    bars = "".join(
        f'<measure number="{i + 1}"{" implicit=" + chr(34) + "yes" + chr(34) if m.startswith("!") else ""}>'
        + (f"<attributes>{head}</attributes>" if i == 0 else "")
        + m.lstrip("!")
        + "</measure>"
        for i, m in enumerate(measures)
    )
    return (
        '<?xml version="1.0"?><score-partwise version="3.1"><part-list><score-part id="P1">'
        f'{part}</score-part></part-list><part id="P1">{bars}</part></score-partwise>'
    ).encode()


def note(step: str, octave: int, duration: int, inside: str = "") -> str:
    return f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{duration}</duration>{inside}</note>"


def rest(duration: int) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'


def pitches(score: Score) -> list[tuple[int, int]]:
    return [(n.onset, n.pitch) for n in score.tracks[0]]


@settings(max_examples=40, deadline=None)
@given(notated_scores())
def test_round_trip(score):
    assert musicxml.loads(musicxml.dumps(score)) == score


@settings(max_examples=10, deadline=None)
@given(notated_scores())
def test_compressed_holds_the_same(score):
    data = musicxml.dumps_mxl(score)
    assert musicxml.loads(data) == musicxml.loads(musicxml.dumps(score))
    assert data == musicxml.dumps_mxl(score)


@settings(max_examples=8, deadline=None)
@given(notated_scores())
@pytest.mark.filterwarnings("ignore")
def test_music21_hears_the_same(score):
    stream = music21.converter.parseData(musicxml.dumps(score).decode(), format="musicxml")
    heard: list[list[int]] = []
    for part in stream.parts:
        held: dict[int, list[int]] = {}
        for event in sorted(part.flatten().notes, key=lambda e: e.offset):
            if isinstance(event, music21.harmony.ChordSymbol):
                continue
            start, length = round(event.offset * score.resolution), round(event.duration.quarterLength * score.resolution)
            for each in getattr(event, "notes", [event]):
                tie = each.tie.type if each.tie else ""
                if tie in ("stop", "continue"):
                    assert held[each.pitch.midi][0] + held[each.pitch.midi][1] == start
                    held[each.pitch.midi][1] += length
                else:
                    heard.append([start, length, each.pitch.midi])
                    held[each.pitch.midi] = heard[-1]
    assert sorted(heard) == sorted([n.onset, n.duration, n.pitch] for t in score.tracks for n in t)


@settings(max_examples=15, deadline=None)
@given(midi_scores().filter(lambda score: score.resolution >= 220))
def test_anything_can_be_written(score):
    found = musicxml.loads(musicxml.dumps(score))
    assert [t.program for t in found.tracks] == [t.program for t in score.tracks] or not score.tracks
    assert all(len(t) for t in found.tracks) or not score.tracks
    assert found.title == score.title


def test_triplets_ties_and_voices():
    rows = [
        (0, 160, 60),
        (160, 160, 62),
        (320, 160, 64),
        (480, 80, 65),
        (560, 80, 67),
        (640, 80, 69),
        (720, 240, 71),
        (960, 1680, 72),
    ]
    score = Score(480, (Track("v", 40, False, [*rows, (960, 480, 60), (1440, 1200, 59)]),), length=3840)
    text = musicxml.dumps(score).decode()
    assert musicxml.loads(text.encode()) == replace(score, tracks=musicxml.loads(text.encode()).tracks)
    assert list(musicxml.loads(text.encode()).tracks[0]) == list(score.tracks[0])
    assert text.count('<tuplet type="start"') == 2
    assert text.count('<tie type="start"') == 2
    assert "<voice>2</voice>" in text


def test_played_music_is_moved_to_the_grid():
    track = Track("p", 0, False, [(7, 450, 72, 80), (473, 120, 74, 80), (611, 150, 76, 80), (949, 300, 77, 80)])
    found = musicxml.loads(musicxml.dumps(Score(480, (track,))))
    assert [n.onset * 4 / found.resolution for n in found.tracks[0]] == [0, 4, 5, 8]


def test_a_note_moved_into_the_next_bar_takes_its_grid():
    """The first note falls on the bar line of a bar of a sixteenth's length, before a beat of triplets."""
    track = Track("v", 40, False, [(2218, 2, 60, 80), (6144, 1, 62, 80), (18090, 1, 64, 80)])
    score = Score(32767, (track,), meters=(Meter(0, 4, 4), Meter(6144, 4, 4)))
    found = musicxml.loads(musicxml.dumps(score))
    assert [n.onset * 24 / found.resolution for n in found.tracks[0]] == [93, 96, 104]  # the short bar is read as an upbeat


def test_piano_gets_two_staves_and_drums_their_places():
    piano = Track("piano", 0, False, [(0, 960, 40), (0, 480, 76), (480, 480, 74)])
    drums = Track("drums", 0, True, [(0, 10, 36), (0, 10, 42), (480, 10, 38)])
    text = musicxml.dumps(Score(480, (piano, drums), keys=(KeyMark(0, Key(2)),))).decode()
    assert "<staves>2</staves>" in text and "<staff>2</staff>" in text
    assert "<sign>percussion</sign>" in text and "<notehead>x</notehead>" in text
    back = musicxml.loads(text.encode())
    assert [t.is_drum for t in back.tracks] == [False, True]
    assert [(n.onset, n.pitch) for n in back.tracks[1]] == [(0, 36), (0, 42), (480, 38)]
    assert list(back.tracks[0]) == list(piano)


def test_fewer_voices_cut_held_notes():
    track = Track("p", 0, False, [(0, 1920, 72), (480, 1440, 76), (960, 960, 79)])
    two = musicxml.dumps(Score(480, (track,)), max_voices=2).decode()
    assert "<voice>3</voice>" not in two
    assert len(musicxml.loads(two.encode()).tracks[0]) == 3


def test_accidentals_follow_the_key():
    track = Track("v", 40, False, [(0, 480, 66), (480, 480, 65), (960, 480, 65), (1440, 480, 66)])
    text = musicxml.dumps(Score(480, (track,), keys=(KeyMark(0, Key(7)),))).decode()
    assert text.count("<accidental>natural</accidental>") + text.count("<accidental>sharp</accidental>") == 2


@pytest.mark.parametrize("quality", sorted(QUALITIES))
def test_every_chord_quality(quality):
    for chord in (Chord(10, quality), Chord(1, quality, 8)):
        assert read_harmony(write_harmony(chord, -3, 0)) == chord


def test_chord_kinds_of_other_programs():
    def harmony(kind: str, extra: str = "") -> bytes:
        return f"<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>{kind}{extra}</harmony>".encode()

    degree = "<degree><degree-value>{}</degree-value><degree-alter>{}</degree-alter><degree-type>{}</degree-type></degree>"
    cases = [
        (harmony('<kind text="m7">minor-seventh</kind>', degree.format(5, -1, "alter")), Chord(10, "m7b5")),
        (harmony("<kind>dominant</kind>", degree.format(9, -1, "add")), Chord(10, "7")),
        (harmony('<kind text="maj7#11">other</kind>'), Chord(10, "maj7")),
        (harmony("<kind>dominant</kind>", degree.format(5, 1, "alter")), Chord(10, "aug7")),
        (harmony("<kind>none</kind>"), None),
    ]
    for text, chord in cases:
        score = musicxml.loads(document(text.decode() + note("C", 4, 8)))
        assert score.chords == (ChordMark(0, chord),)


def test_pickup_is_padded_to_a_whole_bar():
    score = musicxml.loads(document("!" + note("C", 5, 2), note("D", 5, 8), note("E", 5, 6)))
    assert pitches(score) == [(6, 72), (8, 74), (16, 76)]
    assert score.meters == (Meter(0, 4, 4),)
    assert score.length == 24


def test_repeats_endings_and_the_state_at_a_jump():
    ending = '<barline location="left"><ending number="{}" type="start"/></barline>'
    stop = '<barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>'
    score = musicxml.loads(
        document(
            FORWARD + note("C", 4, 8),
            ending.format(1) + note("D", 4, 8) + stop,
            ending.format(2) + note("E", 4, 8),
            note("F", 4, 8),
        )
    )
    assert pitches(score) == [(0, 60), (8, 62), (16, 60), (24, 64), (32, 65)]


def test_da_capo_al_fine():
    score = musicxml.loads(
        document(note("C", 4, 8), note("D", 4, 8) + '<sound fine="yes"/>', note("E", 4, 8) + '<sound dacapo="yes"/>')
    )
    assert [p for _, p in pitches(score)] == [60, 62, 64, 60, 62]


def test_backup_chord_tie_grace_and_transposition():
    measure = (
        note("C", 4, 4, '<tie type="start"/>')
        + "<note><chord/><pitch><step>E</step><octave>4</octave></pitch><duration>4</duration></note>"
        + "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
        + note("C", 4, 4, '<tie type="stop"/>')
        + "<backup><duration>8</duration></backup>"
        + note("G", 3, 8)
    )
    head = "<divisions>2</divisions><transpose><chromatic>-2</chromatic></transpose><key><fifths>2</fifths></key>"
    score = musicxml.loads(document(measure, head=head))
    assert list(score.tracks[0]) == [Note(0, 8, 53, 80), Note(0, 8, 58, 80), Note(0, 4, 62, 80)]
    assert score.keys == (KeyMark(0, Key(0)),)


def test_directions():
    measure = (
        "<direction><direction-type><rehearsal>A</rehearsal></direction-type></direction>"
        "<direction><direction-type><dynamics><ff/></dynamics></direction-type></direction>"
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>"
        "</metronome></direction-type></direction>" + note("C", 4, 4) + '<sound tempo="120"/>' + note("D", 4, 4)
    )
    score = musicxml.loads(document(measure))
    assert score.sections == (Section(0, "A"),)
    assert score.tempos == (Tempo(0, 666_667), Tempo(4, 500_000))
    assert [n.velocity for n in score.tracks[0]] == [112, 112]


def test_short_bar_before_a_repeat_and_bars_too_long():
    score = musicxml.loads(document(note("B", 3, 8), FORWARD + note("C", 4, 6) + REPEAT, note("D", 4, 8)))
    assert pitches(score) == [(0, 59), (8, 60), (14, 60), (20, 62)]
    assert score.meters == (Meter(0, 4, 4), Meter(14, 4, 4), Meter(20, 4, 4))
    score = musicxml.loads(document(note("C", 4, 10), note("D", 4, 8)))
    assert score.meters == (Meter(0, 4, 4), Meter(10, 4, 4))


def test_timewise_and_modes():
    text = (
        '<score-timewise><part-list><score-part id="P1"/></part-list><measure number="1"><part id="P1"><attributes>'
        "<divisions>1</divisions><key><fifths>0</fifths><mode>dorian</mode></key></attributes>"
        f"{note('C', 4, 4)}</part></measure></score-timewise>"
    )
    score = musicxml.loads(text.encode())
    assert list(score.tracks[0]) == [Note(0, 4, 60, 80)]
    assert score.keys == (KeyMark(0, Key(2, minor=True)),)


def test_archive_whose_container_is_broken_or_missing():
    for container in (b"<container><rootfiles><rootfile full-path='it's.xml'/></rootfiles></container>", None):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            if container:
                archive.writestr("META-INF/container.xml", container)
            archive.writestr("it's.xml", document(note("C", 4, 8)))
        assert musicxml.loads(buffer.getvalue()).note_count == 1


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><score-partwise>&b;</score-partwise>'


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "well-formed"),
        (b"<score-partwise>", "well-formed"),
        (b"<html/>", "root is <html>"),
        (BOMB.encode(), "entities"),
        (b"<score-partwise><part-list/></score-partwise>", "no measures"),
        (b"PK\x03\x04 nothing", "unpacked"),
        (document(note("H", 4, 8)), "step 'H'"),
        (document(note("C", 4, 8), head="<divisions>0</divisions>"), "divisions"),
        (document(note("C", 4, 8), head="<divisions>two</divisions>"), "number"),
    ],
)
def test_refuses_in_one_sentence(data, word):
    with pytest.raises(FormatError, match=word) as caught:
        musicxml.loads(data)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_limits():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.xml", bytes(65 * 2**20))
    with pytest.raises(LimitError, match="unpacks"):
        musicxml.loads(buffer.getvalue())
    with pytest.raises(LimitError, match="elements"):
        musicxml.loads(b"<a>" + b"<b/>" * 8_000_001 + b"</a>")
    with pytest.raises(LimitError, match="bars"):
        musicxml.dumps(Score(1, length=2**27))
    thousand = FORWARD + note("C", 4, 8) + '<barline location="right"><repeat direction="backward" times="99"/></barline>'
    with pytest.raises(LimitError, match="bars"):
        musicxml.loads(document(*[thousand] * 300))
