"""General MIDI tables and the guess of a program from a name."""

from __future__ import annotations

import pytest

from antiphon.music.instruments import DRUM_KEYS, FAMILIES, PROGRAMS, family, guess_program, is_drum_name, usual_range


def test_tables_are_whole():
    assert len(PROGRAMS) == len(set(PROGRAMS)) == 128
    assert len(FAMILIES) == 16
    assert set(range(35, 82)) <= set(DRUM_KEYS)
    assert all(0 <= low < high <= 127 for low, high in map(usual_range, range(128)))
    assert (family(0), family(40), family(127)) == ("piano", "strings", "sound effects")


@pytest.mark.parametrize("program", range(128))
def test_every_own_name_is_found(program):
    assert guess_program(PROGRAMS[program]) == program


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("Violin I", 40), ("Viola", 41), ("Violoncello", 42), ("Contrabass", 43), ("E-Bass", 33), ("Bass Clarinet", 71),
        ("English Horn", 69), ("Horn in F", 60), ("Klarinette in B", 71), ("Soprano", 52), ("Tenor Sax", 66),
        ("melody", 0), ("piano", 0), ("strings", 48), ("Flauto", 73), ("Steel Drums", 114), ("Harp", 46), ("", 0),
    ],
)  # fmt: skip
def test_guesses(name, program):
    assert guess_program(name) == program


def test_default_and_drums():
    assert guess_program("qwerty", 12) == 12
    assert is_drum_name("Drum Set") and is_drum_name("Percussion") and is_drum_name("drums")
    assert not is_drum_name("Steel drums") and not is_drum_name("melody")
