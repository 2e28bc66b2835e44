"""Standard MIDI Files <-> Score: read by symusic behind guards, written by numpy; `loads(dumps(score)) == score`.

What a file holds beside the notes, and where:

* conductor track (the first): title as its name, tempo map, meter map, keys, sections as markers (FF 06), chord symbols
  as text events "chord: Am7" (FF 01; MIDI itself has no chord event), and an end-of-track event at the end of the piece;
* one further track for each part: name, program, notes, sustain pedal (controller 64). Drums are on channel 10, any other
  part on a channel of its own while there are at most fifteen; beyond, parts of one program share a channel first.

Lost on the way out: parts without notes (written, but no reader keeps them), and what a MIDI channel cannot say, which
`playable` removes beforehand (two notes of one pitch sounding at once, overlapping pedals, a pedal for drums).
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import symusic

from antiphon.errors import BriefError, FormatError, InputError, LimitError
from antiphon.music.edit import without_overlaps
from antiphon.music.harmony import Key, parse_chord
from antiphon.music.score import (
    MAX_NOTES,
    MAX_TICK,
    NOTE,
    SPAN,
    ChordMark,
    KeyMark,
    Meter,
    NoteArray,
    Score,
    Section,
    Tempo,
    Track,
    spans_array,
)

MAX_BYTES = 32 * 2**20
"""Largest file that is parsed: twice what MAX_NOTES notes need."""
MAX_MARKS = 100_000
"""Most tempo, meter, key or text marks that a file may hold of one kind."""
CHORD_PREFIX = "chord: "
DRUM_CHANNEL = 9

_META, _NAME, _TEXT, _MARKER, _END, _TEMPO, _METER, _KEY = 0xFF, 0x03, 0x01, 0x06, 0x2F, 0x51, 0x58, 0x59
_LARGEST_VLQ = 2**28 - 1


# ---------------------------------------------------------------------------------------------------------- reading


def loads(data: bytes, *, title: str = "") -> Score:
    """The piece in the bytes of a Standard MIDI File of format 0, 1 or 2 (a RIFF wrapper, ".rmi", is taken off).

    A slightly damaged file (data bytes above 127, a last chunk cut short) is rescued where its notes can be told.
    Notes of no length get one tick; notes that never end are dropped; marks that mean nothing (a meter of 0/4) are too.

    Args:
      data: content of the file.
      title: title of the piece where the file names none.

    Raises:
      FormatError: the bytes are not MIDI, are damaged beyond rescue, or count time in SMPTE frames.
      LimitError: the file is larger, longer or fuller than any music (see MAX_BYTES, MAX_TICK, MAX_NOTES, MAX_MARKS).
    """
    if len(data) > MAX_BYTES:
        raise LimitError(f"This MIDI file has {len(data):,} bytes; the limit is {MAX_BYTES:,}.")
    data = _unwrap(data)
    if data[:4] != b"MThd" or len(data) < 14:
        raise FormatError("This is not a MIDI file: it does not begin with the header MThd.")
    if data[12] & 0x80:
        raise FormatError("This MIDI file counts time in SMPTE frames, not in beats; save it with ticks per quarter note.")
    resolution = int.from_bytes(data[12:14], "big")
    if resolution == 0:
        raise FormatError("This MIDI file says zero ticks per quarter note; it cannot be read.")
    parsed = _parse(data)
    if parsed.note_num() > MAX_NOTES:
        raise LimitError(f"This MIDI file has more than {MAX_NOTES:,} notes.")
    for marks in (parsed.tempos, parsed.time_signatures, parsed.key_signatures, parsed.markers):
        if len(marks) > MAX_MARKS:
            raise LimitError(f"This MIDI file has {len(marks):,} tempo, meter, key or text marks; the limit is {MAX_MARKS:,}.")
    conductor = _conductor(data)
    try:
        tracks = tuple(_track(t) for t in parsed.tracks if len(t.notes))
        return Score(
            resolution=resolution,
            tracks=tracks,
            tempos=_tempos(parsed),
            meters=_meters(parsed),
            keys=tuple(
                KeyMark(k.time, Key.from_fifths(k.key, k.tonality == 1)) for k in parsed.key_signatures if -7 <= k.key <= 7
            ),
            chords=conductor.chords,
            sections=tuple(Section(m.time, _clean(m.text)) for m in parsed.markers),
            title=conductor.title or title,
            length=conductor.end if max((t.end for t in tracks), default=0) < conductor.end <= MAX_TICK else 0,
        )
    except LimitError:
        raise
    except InputError as error:
        raise FormatError(f"This MIDI file is damaged: {error}") from error


def _unwrap(data: bytes) -> bytes:
    """The Standard MIDI File inside a RIFF RMID wrapper, or the data itself."""
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        at = data.find(b"MThd")
        if at < 0:
            raise FormatError("This RIFF file holds no MIDI data.")
        return data[at:]
    return data


def _parse(data: bytes) -> Any:
    """symusic's score: strictly first, then with data bytes clamped, then with a shortened last chunk."""
    failure: Exception | None = None
    for mend, sanitize in ((False, False), (False, True), (True, True)):
        try:
            return symusic.Score.from_midi(_mended(data) if mend else data, sanitize_data=sanitize)
        except (RuntimeError, ValueError, OverflowError, UnicodeError) as error:
            failure = failure or error
    reason = str(failure).removeprefix("MiniMidi: ").split("!")[0].split(": iostream")[0]
    raise FormatError(f"This MIDI file is damaged: {reason[:1].lower()}{reason[1:]}.") from failure


def _mended(data: bytes) -> bytes:
    """The file with its chunk lengths made true and any stray bytes after the last whole chunk cut off."""
    parts = [data[:14]]
    header = 8 + int.from_bytes(data[4:8], "big")
    at = header if 14 <= header < len(data) else 14
    while at + 8 <= len(data) and data[at : at + 4] == b"MTrk":
        body = data[at + 8 : at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")]
        parts.append(b"MTrk" + struct.pack(">I", len(body)) + body)
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "big")
    parts[0] = b"MThd\0\0\0\6" + data[8:10] + struct.pack(">H", len(parts) - 1) + data[12:14]
    return b"".join(parts)


def _track(track: Any) -> Track:
    """One symusic track as ours; no loop over its notes."""
    soa = track.notes.numpy()
    notes = np.empty(len(soa["time"]), dtype=NOTE)
    notes["onset"], notes["pitch"] = soa["time"], soa["pitch"]
    notes["duration"] = np.maximum(soa["duration"], 1)
    notes["velocity"] = np.maximum(soa["velocity"], 1)
    pedals = _pedals(track, int((notes["onset"].astype(np.int64) + notes["duration"]).max()))
    return Track(_clean(track.name), track.program, track.is_drum, notes, pedals)


def _pedals(track: Any, end: int) -> NoteArray:
    """Sustain pedals from controller 64 (symusic's own spans begin at 0 on any channel but the first).

    A pedal never released is held to the end of the notes.
    """
    if track.is_drum or not len(track.controls):
        return spans_array([])
    soa = track.controls.numpy()
    sustain = soa["number"] == 64
    tick, down = soa["time"][sustain], soa["value"][sustain] >= 64
    changed = tick[np.diff(down, prepend=False)]
    if len(changed) % 2:
        changed = np.append(changed, max(end, int(changed[-1])))
    pedals = np.empty(len(changed) // 2, dtype=SPAN)
    pedals["onset"], pedals["duration"] = changed[::2], changed[1::2] - changed[::2]
    return pedals[pedals["duration"] > 0]


def _tempos(parsed: Any) -> tuple[Tempo, ...]:
    soa = parsed.tempos.numpy()
    if len(soa["mspq"]) and int(soa["mspq"].min()) <= 0:
        raise FormatError("This MIDI file has a tempo of zero microseconds per quarter note; it cannot be read.")
    return tuple(map(Tempo._make, zip(soa["time"].tolist(), soa["mspq"].tolist(), strict=True)))


def _meters(parsed: Any) -> tuple[Meter, ...]:
    marks = (Meter(m.time, m.numerator, m.denominator) for m in parsed.time_signatures)
    return tuple(m for m in marks if 1 <= m.numerator <= 255 and m.denominator in (1, 2, 4, 8, 16, 32, 64))


def _clean(text: str) -> str:
    """Text of a file without the padding that some programs leave."""
    return text.replace("\0", "").strip()


class _Conductor(NamedTuple):
    """What only the first track says and symusic does not tell; `end` is -1 unless that track is free of music."""

    title: str = ""
    chords: tuple[ChordMark, ...] = ()
    end: int = -1


def _conductor(data: bytes) -> _Conductor:
    """Title, chord texts and end of the first track, read as long as it holds nothing but meta events."""
    single = data[8:10] == b"\0\0"
    at = 8 + int.from_bytes(data[4:8], "big")
    if data[at : at + 4] != b"MTrk":
        return _Conductor()
    stop = min(len(data), at + 8 + int.from_bytes(data[at + 4 : at + 8], "big"))
    at, tick, title = at + 8, 0, ""
    chords: list[ChordMark] = []
    try:
        for _ in range(4 * MAX_MARKS):
            delta, at = _vlq(data, at)
            tick += delta
            if at + 2 > stop or data[at] != _META:
                break
            kind = data[at + 1]
            size, at = _vlq(data, at + 2)
            text = data[at : at + size] if kind in (_NAME, _TEXT) else b""
            at += size
            if kind == _END:
                return _Conductor(title, tuple(chords), -1 if single else tick)
            if kind == _NAME and not title and not single:
                title = _clean(_decode(text))
            elif kind == _TEXT and text.startswith(CHORD_PREFIX.encode()):
                chords.append(ChordMark(tick, parse_chord(_decode(text)[len(CHORD_PREFIX) :])))
    except (IndexError, BriefError):
        return _Conductor()
    return _Conductor("", tuple(chords))


def _vlq(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity at this place, and the place after it."""
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


# ---------------------------------------------------------------------------------------------------------- writing


def playable(track: Track) -> Track:
    """The track as one MIDI channel can say it: no pitch sounds into itself, pedals do not overlap, drums have none."""
    pedals = track.pedals if not track.is_drum else spans_array([])
    if len(pedals):
        start = pedals["onset"].astype(np.int64)
        end = np.maximum.accumulate(start + pedals["duration"])
        fresh = np.concatenate([[True], start[1:] >= end[:-1]])
        last = np.concatenate([np.nonzero(fresh)[0][1:] - 1, [len(end) - 1]])
        pedals = spans_array(list(zip(start[fresh].tolist(), (end[last] - start[fresh]).tolist(), strict=True)))
        pedals = spans_array(pedals[pedals["duration"] > 0])
    return Track(track.name, track.program, track.is_drum, without_overlaps(track.notes), pedals)


def dumps(score: Score) -> bytes:
    """The piece as a Standard MIDI File of format 1; see the head of this file for what stands where.

    Raises:
      LimitError: the piece is longer than a MIDI file can say in one step (2**28 - 1 ticks).
    """
    if score.end > _LARGEST_VLQ:
        raise LimitError(f"The piece reaches tick {score.end:,}; a MIDI file can say at most {_LARGEST_VLQ:,}.")
    chunks = [_conductor_chunk(score)]
    for track, channel in zip(score.tracks, _channels(score.tracks), strict=True):
        chunks.append(_track_chunk(playable(track), channel, score.end))
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), score.resolution)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)


def _channels(tracks: tuple[Track, ...]) -> list[int]:
    """A channel for each track: 9 for drums; others one each, or one for each program where there are over fifteen."""
    free = [c for c in range(16) if c != DRUM_CHANNEL]
    pitched = [t for t in tracks if not t.is_drum]
    if len(pitched) <= len(free):
        places = iter(free)
        return [DRUM_CHANNEL if t.is_drum else next(places) for t in tracks]
    programs = list(dict.fromkeys(t.program for t in pitched))
    return [DRUM_CHANNEL if t.is_drum else free[programs.index(t.program) % len(free)] for t in tracks]


def _conductor_chunk(score: Score) -> bytes:
    events: list[tuple[int, int, bytes]] = []

    def put(tick: int, kind: int, payload: bytes) -> None:
        events.append((tick, kind, payload))

    if score.title:
        put(0, _NAME, score.title.encode("utf-8", "replace"))
    for tempo in score.tempos:
        put(tempo.tick, _TEMPO, tempo.mspq.to_bytes(3, "big"))
    for meter in score.meters:
        click = 36 if meter.denominator >= 8 and meter.numerator % 3 == 0 else max(1, 96 // meter.denominator)
        put(meter.tick, _METER, bytes([meter.numerator, meter.denominator.bit_length() - 1, click, 8]))
    for mark in score.keys:
        put(mark.tick, _KEY, struct.pack("bB", mark.key.fifths, mark.key.minor))
    for section in score.sections:
        put(section.tick, _MARKER, section.label.encode("utf-8", "replace"))
    for chord in score.chords:
        symbol = "N.C." if chord.chord is None else chord.chord.name()
        put(chord.tick, _TEXT, (CHORD_PREFIX + symbol).encode())
    put(max([score.end, *(e[0] for e in events)]), _END, b"")
    events.sort(key=lambda e: e[0])
    chunk, now = bytearray(), 0
    for tick, kind, payload in events:
        chunk += _to_vlq(tick - now) + bytes([_META, kind]) + _to_vlq(len(payload)) + payload
        now = tick
    return bytes(chunk)


def _track_chunk(track: Track, channel: int, end: int) -> bytes:
    """One part: name and program, then its events in order of time, releases before presses."""
    name = track.name.encode("utf-8", "replace")
    head = b"\0" + bytes([_META, _NAME]) + _to_vlq(len(name)) + name if name else b""
    head += b"\0" + bytes([0xC0 | channel, track.program])
    notes, pedals = track.notes, track.pedals
    blocks = [
        _events(notes, "onset", 3, 0x90 | channel, notes["pitch"], notes["velocity"]),
        _events(notes, "end", 0, 0x80 | channel, notes["pitch"], np.full(len(notes), 64)),
        _events(pedals, "onset", 2, 0xB0 | channel, np.full(len(pedals), 64), np.full(len(pedals), 127)),
        _events(pedals, "end", 1, 0xB0 | channel, np.full(len(pedals), 64), np.zeros(len(pedals))),
    ]
    rows = np.concatenate(blocks)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    last = int(rows[-1, 0]) if len(rows) else 0
    tail = _to_vlq(max(end, last) - last) + bytes([_META, _END, 0])
    return head + _pack(rows) + tail


def _events(items: NoteArray, when: str, rank: int, status: int, first: Any, second: Any) -> npt.NDArray[np.int64]:
    """Rows [N, 5] of (tick, rank within the tick, status, data byte 1, data byte 2)."""
    tick = items["onset"].astype(np.int64) + (items["duration"] if when == "end" else 0)
    rows = np.empty((len(items), 5), dtype=np.int64)
    rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4] = tick, rank, status, first, second
    return rows


def _pack(rows: npt.NDArray[np.int64]) -> bytes:
    """Event rows, sorted, as bytes: each gets its delta as a variable-length quantity of one to four bytes."""
    delta = np.diff(rows[:, 0], prepend=0)
    table = np.empty((len(rows), 7), dtype=np.uint8)
    keep = np.ones(table.shape, dtype=bool)
    for column, bits in enumerate((21, 14, 7)):
        table[:, column] = 0x80 | (delta >> bits) & 0x7F
        keep[:, column] = delta >> bits > 0
    table[:, 3] = delta & 0x7F
    table[:, 4:] = rows[:, 2:]
    return table[keep].tobytes()


def _to_vlq(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | value & 0x7F)
    return bytes(reversed(out))
