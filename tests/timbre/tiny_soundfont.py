"""A SoundFont of a few hundred bytes that the tests of this room write themselves."""

from __future__ import annotations

import struct

import numpy as np

from antiphon.timbre.soundfont import BAG, GENERATOR, INSTRUMENT, MODULATOR, PRESET, SAMPLE, Generator

Zone = list[tuple[int, int]]
RATE = 44100
PERIOD = 100
"""Frames of one cycle of the sample: 441 Hz, an A that is 4 cents sharp."""
CYCLES = 40


def keys(low: int, high: int) -> int:
    """A range as the amount of a key or velocity range generator."""
    amount = low | high << 8
    return amount - 65536 if amount > 32767 else amount


def sine() -> np.ndarray:
    return np.rint(np.sin(2 * np.pi * np.arange(PERIOD * CYCLES) / PERIOD) * 16384).astype("<i2")


def tiny_soundfont(
    instrument: list[Zone] | None = None,
    preset: list[Zone] | None = None,
    *,
    bank: int = 0,
    modulators: list[tuple[int, int, int, int, int]] | None = None,
    sample_type: int = 1,
    root: int = 69,
) -> bytes:
    """A font with one preset, one instrument and one looped sine; zones are lists of (generator, amount).

    A zone of the instrument that names no sample is its global zone; every other one plays sample 0. Modulators belong to
    the instrument's last zone.
    """
    lower = [[(Generator.SAMPLE_MODES, 1), (Generator.SAMPLE, 0)]] if instrument is None else instrument
    upper = [[(Generator.INSTRUMENT, 0)]] if preset is None else preset
    data = np.concatenate([sine(), np.zeros(46, dtype="<i2")]).tobytes()
    head = ("sine", 0, PERIOD * CYCLES, PERIOD, PERIOD * (CYCLES - 1), RATE, root, 0, 0, sample_type)
    mods = modulators or []

    def bags(zones: list[Zone], modulated: int) -> bytes:
        starts = np.cumsum([0, *(len(z) for z in zones)]).tolist()
        rows = [(s, 0) for s in starts[:-1]] + [(starts[-1], modulated)]
        return np.array(rows, dtype=BAG).tobytes()

    def generators(zones: list[Zone]) -> bytes:
        return np.array([g for z in zones for g in z] + [(0, 0)], dtype=GENERATOR).tobytes()

    empty = np.zeros(1, dtype=MODULATOR).tobytes()
    tables = {
        b"phdr": np.array([("tiny", 0, bank, 0, 0, 0, 0), ("EOP", 0, 0, len(upper), 0, 0, 0)], dtype=PRESET).tobytes(),
        b"pbag": bags(upper, 0),
        b"pmod": empty,
        b"pgen": generators(upper),
        b"inst": np.array([("tiny", 0), ("EOI", len(lower))], dtype=INSTRUMENT).tobytes(),
        b"ibag": bags(lower, len(mods)),
        b"imod": np.array(mods, dtype=MODULATOR).tobytes() + empty,
        b"igen": generators(lower),
        b"shdr": np.array([head, ("EOS", *[0] * 9)], dtype=SAMPLE).tobytes(),
    }
    info = _chunk(b"LIST", b"INFO" + _chunk(b"ifil", struct.pack("<HH", 2, 1)))
    sound = _chunk(b"LIST", b"sdta" + _chunk(b"smpl", data))
    hydra = _chunk(b"LIST", b"pdta" + b"".join(_chunk(name, table) for name, table in tables.items()))
    return _chunk(b"RIFF", b"sfbk" + info + sound + hydra)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
