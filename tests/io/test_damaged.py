"""Damaged files of every kind: whatever the bytes, only an AntiphonError comes out, and never a crash."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.errors import AntiphonError
from antiphon.io import abc, midi, musicxml
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track

MUTANTS = 250


def piece(seed: int) -> Score:
    rng = np.random.default_rng(seed)
    lengths, pitches, loud = rng.integers(1, 8, 60) * 60, rng.integers(40, 90, 60), rng.integers(1, 128, 60)
    rows = list(zip(range(0, 7200, 120), lengths.tolist(), pitches.tolist(), loud.tolist(), strict=True))
    tracks = (Track("melody", 0, False, rows[:30], [(0, 400), (960, 300)]), Track("drums", 0, True, rows[30:]))
    return Score(
        480,
        tracks,
        tempos=(Tempo(0, 500_000), Tempo(960, 400_000)),
        meters=(Meter(0, 3, 4), Meter(2880, 4, 4)),
        keys=(KeyMark(0, Key(2)),),
        chords=(ChordMark(0, Chord(2, "m7")), ChordMark(960, None)),
        sections=(Section(0, "A"),),
        title="t",
    )


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """The data with one to eight damages: flipped, random, missing, doubled or cut bytes, or a number replaced."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(0, max(1, len(found))))
        size = int(rng.integers(1, 12))
        match int(rng.integers(0, 7)):
            case 0:
                found[at : at + 1] = bytes([(found[at] if found else 0) ^ (1 << int(rng.integers(0, 8)))])
            case 1:
                found[at : at + size] = rng.bytes(size)
            case 2:
                del found[at : at + size]
            case 3:
                found[at:at] = found[at : at + size] * int(rng.integers(1, 4))
            case 4:
                found[at:at] = rng.bytes(size)
            case 5:
                del found[at : len(found) if rng.random() < 0.2 else at + 1]
            case _:
                found[at : at + 4] = int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80808080])).to_bytes(4, "big")
    return bytes(found)


CASES = {
    "midi": (midi.loads, [midi.dumps(piece(s)) for s in range(3)]),
    "musicxml": (musicxml.loads, [musicxml.dumps(piece(s)) for s in range(2)]),
    "mxl": (musicxml.loads, [musicxml.dumps_mxl(piece(0))]),
    "abc": (abc.loads, [abc.dumps(piece(s)).encode() for s in range(3)]),
}


@pytest.mark.parametrize("kind", CASES)
def test_only_antiphon_errors_come_out(kind):
    read, originals = CASES[kind]
    rng = np.random.default_rng(7)
    read_well = 0
    for _ in range(MUTANTS):
        data = mutated(originals[int(rng.integers(0, len(originals)))], rng)
        try:
            read(data)
            read_well += 1
        except AntiphonError as error:
            assert "\n" not in str(error), data
    assert read_well < MUTANTS
    assert read_well > 0 or kind == "mxl"  # the checksums of a zip notice every damage


@pytest.mark.parametrize("at", range(4, 22))
def test_lies_in_the_midi_header(at):
    data = bytearray(midi.dumps(piece(0)))
    for value in (0, 1, 0x7F, 0x80, 0xFF):
        data[at] = value
        try:
            midi.loads(bytes(data))
        except AntiphonError:
            continue
