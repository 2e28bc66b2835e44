"""Standard MIDI Files: the round trip, good citizenship beside three other readers, and damaged or absurd bytes."""

from __future__ import annotations

import io
import struct

import mido
import music21
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings

from antiphon.errors import FormatError, LimitError
from antiphon.io import midi
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Note, Score, Section, Tempo, Track
from strategies import midi_scores


def chunk(body: bytes) -> bytes:
    return b"MTrk" + struct.pack(">I", len(body)) + body


def smf(*bodies: bytes, form: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, form, len(bodies), division) + b"".join(map(chunk, bodies))


END = b"\x00\xff\x2f\x00"
ONE_NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x40"
BAND = Score(
    480,
    (
        Track("melody", 73, False, [(0, 480, 72, 90), (480, 240, 74, 80), (960, 960, 76, 70)]),
        Track("piano", 0, False, [(0, 960, 48, 60), (0, 960, 64, 60), (960, 960, 50, 60)], [(0, 900), (960, 900)]),
        Track("drums", 0, True, [(t * 240, 60, 42, 50) for t in range(8)]),
    ),
    (Tempo(0, 461_538), Tempo(960, 500_000)),
    (Meter(0, 3, 4), Meter(1440, 6, 8)),
    (KeyMark(0, Key(2, True)), KeyMark(960, Key(10))),
    (ChordMark(0, Chord(9, "m7", 7)), ChordMark(960, None)),
    (Section(0, "intro"), Section(960, "verse")),
    "Übung",
    2880,
)


def test_bytes_of_the_smallest_file():
    score = Score(96, (Track("", 5, False, [(0, 96, 60, 64)]),))
    conductor = b"\x00\xff\x51\x03\x07\xa1\x20" + b"\x00\xff\x58\x04\x04\x02\x18\x08" + b"\x60\xff\x2f\x00"
    part = b"\x00\xc0\x05" + ONE_NOTE + END
    assert midi.dumps(score) == smf(conductor, part, division=96)


def test_round_trip_of_a_band():
    assert midi.loads(midi.dumps(BAND)) == BAND


@settings(max_examples=80, deadline=None)
@given(midi_scores())
def test_round_trip(score):
    assert midi.loads(midi.dumps(score)) == score


def test_length_that_the_notes_reach_is_not_stored_twice():
    score = Score(480, (Track("a", 0, False, [(0, 480, 60)]),), length=480)
    assert midi.loads(midi.dumps(score)).length == 0
    assert midi.loads(midi.dumps(score)).end == 480


def test_channels_and_programs():
    many = [Track(f"t{i}", i, False, [(0, 480, 60)]) for i in range(15)] + [Track("d", 0, True, [(0, 10, 36)])]
    channels = {}
    for track in mido.MidiFile(file=io.BytesIO(midi.dumps(Score(480, tuple(many))))).tracks[1:]:
        programs = [m for m in track if m.type == "program_change"]
        assert len(programs) == 1
        channels[track.name] = {m.channel for m in track if not m.is_meta}
    assert channels.pop("d") == {9}
    assert sorted(c for (c,) in channels.values()) == [c for c in range(16) if c != 9]


def test_beyond_fifteen_parts_one_program_keeps_one_channel():
    many = tuple(Track(f"t{i}", i % 10, False, [(0, 480, 40 + i)]) for i in range(30))
    score = midi.loads(midi.dumps(Score(480, many)))
    assert score.tracks == many


def test_playable_cuts_notes_and_joins_pedals():
    track = Track("p", 0, False, [(0, 100, 60, 80), (50, 100, 60, 70), (50, 20, 60, 90)], [(0, 10), (5, 10), (15, 5)])
    cut = midi.playable(track)
    assert [(n.onset, n.duration) for n in cut] == [(0, 50), (50, 100)]
    assert cut.pedals.tolist() == [(0, 15), (15, 5)]


def by_others(data: bytes) -> dict[str, list[list[Note]]]:
    """Notes of each part with notes, as mido, pretty_midi and music21 read them, in ticks."""
    found: dict[str, list[list[Note]]] = {"mido": [], "pretty_midi": [], "music21": []}
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        now, open_notes, notes = 0, {}, []
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity > 0:
                assert message.note not in open_notes
                open_notes[message.note] = (now, message.velocity)
            elif message.type in ("note_on", "note_off"):
                onset, velocity = open_notes.pop(message.note)
                notes.append(Note(onset, now - onset, message.note, velocity))
        assert not open_notes
        found["mido"] += [sorted(notes, key=lambda n: (n.onset, n.pitch))] if notes else []
    other = pretty_midi.PrettyMIDI(io.BytesIO(data))
    for part in other.instruments:
        ticks = [(other.time_to_tick(n.start), other.time_to_tick(n.end), n.pitch, n.velocity) for n in part.notes]
        notes = [Note(start, end - start, pitch, velocity) for start, end, pitch, velocity in ticks]
        found["pretty_midi"].append(sorted(notes, key=lambda n: (n.onset, n.pitch)))
    stream = music21.converter.parseData(data, format="midi", quantizePost=False)
    for part in stream.parts:
        notes = []
        for event in part.stripTies().flatten().notes:
            for n in getattr(event, "notes", [event]):
                pitch = n.pitch.midi if hasattr(n, "pitch") else n.storedInstrument.percMapPitch
                onset, length = round(event.offset * 480), round(event.duration.quarterLength * 480)
                notes.append(Note(onset, length, pitch, n.volume.velocity))
        found["music21"].append(sorted(notes, key=lambda n: (n.onset, n.pitch)))
    return found


@pytest.mark.filterwarnings("ignore")
def test_other_readers_see_the_same_notes():
    mine = [list(t) for t in BAND.tracks]
    for reader, notes in by_others(midi.dumps(BAND)).items():
        assert notes == mine, reader


@settings(max_examples=30, deadline=None)
@given(midi_scores())
@pytest.mark.filterwarnings("ignore")
def test_mido_agrees_on_anything(score):
    data = midi.dumps(score)
    file = mido.MidiFile(file=io.BytesIO(data))
    assert file.ticks_per_beat == score.resolution
    assert [t.name for t in file.tracks[1:]] == [t.name.encode().decode("latin-1") for t in score.tracks]
    for track, mine in zip(file.tracks[1:], score.tracks, strict=True):
        now = np.cumsum([m.time for m in track])
        starts = [(int(t), m.note) for t, m in zip(now, track, strict=True) if m.type == "note_on"]
        assert sorted(starts) == [(n.onset, n.pitch) for n in mine]
        assert now[-1] == score.end


def test_reads_formats_0_and_2_and_a_riff_wrapper():
    whole = smf(ONE_NOTE + END, form=0)
    assert [list(t) for t in midi.loads(whole).tracks] == [[Note(0, 96, 60, 64)]]
    assert midi.loads(smf(ONE_NOTE + END, ONE_NOTE + END, form=2)).note_count == 2
    wrapped = b"RIFF" + struct.pack("<I", len(whole) + 12) + b"RMIDdata" + struct.pack("<I", len(whole)) + whole
    assert midi.loads(wrapped) == midi.loads(whole)


def test_one_chunk_with_several_channels_becomes_several_parts():
    body = (
        b"\x00\xc0\x05\x00\xc1\x28" + ONE_NOTE + b"\x00\x91\x43\x40\x60\x81\x43\x40" + b"\x00\x99\x24\x40\x10\x89\x24\x40" + END
    )
    score = midi.loads(smf(body, form=0))
    assert [(t.program, t.is_drum, [n.pitch for n in t]) for t in score.tracks] == [
        (5, False, [60]),
        (40, False, [67]),
        (0, True, [36]),
    ]


def test_parts_of_one_name_stay_apart_and_empty_ones_go():
    name = b"\x00\xff\x03\x01p"
    score = midi.loads(smf(name + ONE_NOTE + END, name + END, name + ONE_NOTE + END))
    assert [t.name for t in score.tracks] == ["p", "p"]


def test_notes_of_no_length_and_hanging_notes():
    score = midi.loads(smf(b"\x00\x90\x3c\x40\x00\x80\x3c\x40\x00\x90\x40\x40" + END))
    assert list(score.tracks[0]) == [Note(0, 1, 60, 64)]


def test_rescues_high_data_bytes_and_a_cut_end():
    assert midi.loads(smf(b"\x00\x90\x3c\x40\x60\x80\x3c\xff" + END)).note_count == 1
    cut = smf(ONE_NOTE + END)[:-4]
    assert midi.loads(cut).note_count == 1


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "MThd"),
        (b"no midi at all, only words", "MThd"),
        (b"RIFF\0\0\0\0RMIDdata", "RIFF"),
        (smf(ONE_NOTE + END, division=0), "zero ticks"),
        (smf(ONE_NOTE + END, division=0xE728), "SMPTE"),
        (smf(b"\x00\xff\x51\x03\x00\x00\x00" + ONE_NOTE + END), "tempo of zero"),
        (smf(b"\x00\x90\x3c"), "damaged"),
        (smf(ONE_NOTE + END, form=7), "damaged"),
    ],
)
def test_refuses_in_one_sentence(data, word):
    with pytest.raises(FormatError, match=word) as caught:
        midi.loads(data)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_limits():
    far = b"\xff\xff\xff\x7f\x90\x3c\x40" * 8 + b"\x00\x80\x3c\x40" * 8 + END
    with pytest.raises(LimitError):
        midi.loads(smf(far))
    with pytest.raises(LimitError):
        midi.loads(smf(b"\x01\xff\x51\x03\x07\xa1\x20" * (midi.MAX_MARKS + 1) + END))
    with pytest.raises(LimitError):
        midi.loads(b"MThd" + bytes(midi.MAX_BYTES))
    with pytest.raises(LimitError):
        midi.dumps(Score(480, (), length=2**28))


def test_a_hundred_thousand_notes_at_once():
    body = b"\x00\x90\x3c\x40" * 100_000 + b"\x60\x80\x3c\x40" + b"\x00\x80\x3c\x40" * 99_999 + END
    score = midi.loads(smf(body))
    assert score.note_count == 100_000
    assert midi.loads(midi.dumps(score)).note_count == 1


def test_marks_that_mean_nothing_are_dropped():
    body = b"\x00\xff\x58\x04\x00\x02\x18\x08\x00\xff\x58\x04\x03\x0a\x18\x08\x00\xff\x59\x02\x63\x00" + ONE_NOTE + END
    score = midi.loads(smf(body))
    assert score.meters == (Meter(0, 4, 4),)
    assert score.keys == ()


def test_title_falls_back_to_the_argument():
    assert midi.loads(smf(ONE_NOTE + END), title="sketch").title == "sketch"
    assert midi.loads(midi.dumps(BAND), title="sketch").title == "Übung"
