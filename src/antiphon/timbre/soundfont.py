"""SoundFont 2 reader: the RIFF chunks of an .sf2 file, and the zones that a preset plays.

Follows the SoundFont Technical Specification 2.04 (Creative/E-mu 2006): section 7 for the chunks, 8 for generators and
modulators, 9.4 for how the preset level is added to the instrument level.
"""

from __future__ import annotations

import importlib.util
import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError, InputError

ENVIRONMENT = "ANTIPHON_SOUNDFONT"
"""Environment variable that names a SoundFont to use instead of the one that comes with the install."""

PRESET = np.dtype(
    [
        ("name", "S20"),
        ("program", "<u2"),
        ("bank", "<u2"),
        ("bag", "<u2"),
        ("library", "<u4"),
        ("genre", "<u4"),
        ("morph", "<u4"),
    ]
)
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
GENERATOR = np.dtype([("kind", "<u2"), ("amount", "<i2")])
MODULATOR = np.dtype([("source", "<u2"), ("target", "<u2"), ("amount", "<i2"), ("control", "<u2"), ("transform", "<u2")])
SAMPLE = np.dtype(
    [("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"), ("rate", "<u4")]
    + [("key", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2")]
)
_TABLES = {
    b"phdr": PRESET,
    b"pbag": BAG,
    b"pmod": MODULATOR,
    b"pgen": GENERATOR,
    b"inst": INSTRUMENT,
    b"ibag": BAG,
    b"imod": MODULATOR,
    b"igen": GENERATOR,
    b"shdr": SAMPLE,
}
_MAX_REGIONS = 20_000
"""More zones than this in one preset can only come from a hostile file."""
_VORBIS = 0x10
_ROM = 0x8000


class Generator(IntEnum):
    """Numbers of the generators that are used here (specification 8.1.2)."""

    START = 0
    END = 1
    LOOP_START = 2
    LOOP_END = 3
    START_COARSE = 4
    MOD_LFO_TO_PITCH = 5
    VIB_LFO_TO_PITCH = 6
    MOD_ENV_TO_PITCH = 7
    CUTOFF = 8
    RESONANCE = 9
    MOD_LFO_TO_CUTOFF = 10
    MOD_ENV_TO_CUTOFF = 11
    END_COARSE = 12
    MOD_LFO_TO_VOLUME = 13
    PAN = 17
    MOD_LFO_DELAY = 21
    MOD_LFO_FREQUENCY = 22
    VIB_LFO_DELAY = 23
    VIB_LFO_FREQUENCY = 24
    MOD_ENV = 25
    VOLUME_ENV = 33
    INSTRUMENT = 41
    KEY_RANGE = 43
    VELOCITY_RANGE = 44
    LOOP_START_COARSE = 45
    KEY = 46
    VELOCITY = 47
    ATTENUATION = 48
    LOOP_END_COARSE = 50
    COARSE_TUNE = 51
    FINE_TUNE = 52
    SAMPLE = 53
    SAMPLE_MODES = 54
    SCALE_TUNING = 56
    EXCLUSIVE_CLASS = 57
    ROOT_KEY = 58


N_GENERATORS = 61
_ENVELOPE_TIMES = (0, 1, 2, 3, 5)
_DEFAULTS = np.zeros(N_GENERATORS)
_DEFAULTS[Generator.CUTOFF] = 13500
for _base in (Generator.MOD_ENV, Generator.VOLUME_ENV):
    for _offset in _ENVELOPE_TIMES:
        _DEFAULTS[_base + _offset] = -12000
_DEFAULTS[[Generator.MOD_LFO_DELAY, Generator.VIB_LFO_DELAY]] = -12000
_DEFAULTS[[Generator.KEY, Generator.VELOCITY, Generator.ROOT_KEY]] = -1
_DEFAULTS[Generator.SCALE_TUNING] = 100
_SAMPLE_ONLY = [0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58, 41, 43, 44, 53]
"""Generators that mean something at instrument level only, and so are never added from the preset level."""


class Modulator(NamedTuple):
    """From a controller (and a second one) by an amount to a generator (specification 8.2)."""

    source: int
    target: int
    amount: int
    control: int
    transform: int


DEFAULT_MODULATORS = (
    Modulator(0x0502, Generator.ATTENUATION, 960, 0, 0),
    Modulator(0x0587, Generator.ATTENUATION, 960, 0, 0),
)
"""Velocity and channel volume to attenuation. The specification's velocity to cut-off is left out: it jumps at velocity
64, FluidSynth leaves it out too, and fonts made for it ask for it by modulators of their own."""


class Sample(NamedTuple):
    """One recording in the font: where it lies (in sample frames), its loop, rate [Hz] and pitch."""

    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int
    key: int
    correction: int


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One zone of a preset: for which keys and velocities it sounds, its sample and its generators.

    Attributes:
      keys, velocities: lowest and highest, both included.
      generators: float64 [61], in the specification's units, instrument and preset level summed.
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    sample: Sample
    generators: npt.NDArray[np.float64]
    modulators: tuple[Modulator, ...]


class _Zone(NamedTuple):
    """Generators and modulators of one bag, before levels are combined."""

    amounts: dict[int, int]
    modulators: dict[tuple[int, int, int, int], Modulator]
    keys: tuple[int, int]
    velocities: tuple[int, int]


def find_soundfont(path: Path | None = None) -> Path:
    """The SoundFont to use: the given one, else the one ANTIPHON_SOUNDFONT names, else the one of the install.

    Fonts that happen to lie elsewhere on the system are not looked for: the same command shall give the same sound.

    Raises:
      InputError: the file does not exist, or the install has lost its font.
    """
    named = path or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if named is not None:
        if not named.is_file():
            raise InputError(f"There is no SoundFont at {named}; give the path of an .sf2 file.")
        return named
    # The General MIDI font lies inside pretty_midi's wheel; the package itself is slow to import and not needed.
    spec = importlib.util.find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(folder) / "TimGM6mb.sf2"
        if bundled.is_file():
            return bundled
    raise InputError(f"The SoundFont of the install is missing; reinstall pretty_midi or set {ENVIRONMENT} to an .sf2 file.")


class SoundFont:
    """A SoundFont file opened for reading; zones are put together preset by preset when asked for.

    Attributes:
      path: where it was read from.
      data: int16 [n_frames], all recordings one after the other, read from disk as they are touched.
      presets: (bank, program) -> index; bank 128 holds the drum kits.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data, self._tables = _read(path)
        heads = self._tables[b"phdr"]
        self.presets: dict[tuple[int, int], int] = {}
        for i in range(len(heads) - 1):
            self.presets.setdefault((int(heads["bank"][i]), int(heads["program"][i])), i)
        if not self.presets:
            raise self._damaged("it holds no preset")
        self._regions: dict[int, tuple[Region, ...]] = {}

    def name(self, bank: int, program: int) -> str:
        """The preset's name in the font."""
        return bytes(self._tables[b"phdr"]["name"][self._index(bank, program)]).split(b"\0")[0].decode("latin-1").strip()

    def regions(self, bank: int, program: int) -> tuple[Region, ...]:
        """Zones of a preset; where the font lacks it, of the nearest one as FluidSynth picks it.

        A missing drum kit gives the standard kit, a missing variation its bank 0, a missing program program 0.

        Raises:
          FormatError: the preset points outside the font.
        """
        index = self._index(bank, program)
        if index not in self._regions:
            self._regions[index] = self._build(index)
        return self._regions[index]

    def _index(self, bank: int, program: int) -> int:
        for key in ((bank, program), (128, 0) if bank == 128 else (0, program), (0, 0)):
            if key in self.presets:
                return self.presets[key]
        return next(iter(self.presets.values()))

    def _damaged(self, what: str) -> FormatError:
        return FormatError(f"{self.path} is not a usable SoundFont: {what}.")

    def _build(self, index: int) -> tuple[Region, ...]:
        instruments = self._tables[b"inst"]
        found: list[Region] = []
        preset_zones, preset_global = self._zones(b"p", self._tables[b"phdr"]["bag"], index, Generator.INSTRUMENT)
        for upper in preset_zones:
            which = upper.amounts[Generator.INSTRUMENT] & 0xFFFF
            if which >= len(instruments) - 1:
                raise self._damaged(f"a preset asks for instrument {which} of {len(instruments) - 1}")
            upper = _over(preset_global, upper)
            zones, instrument_global = self._zones(b"i", instruments["bag"], which, Generator.SAMPLE)
            for lower in zones:
                region = self._region(upper, _over(instrument_global, lower))
                if region is not None:
                    found.append(region)
                if len(found) > _MAX_REGIONS:
                    raise self._damaged(f"a preset has more than {_MAX_REGIONS:,} zones")
        return tuple(found)

    def _zones(self, level: bytes, bags: npt.NDArray[Any], index: int, target: int) -> tuple[list[_Zone], _Zone | None]:
        """Zones of one preset or instrument that end in a target, and the global zone that stands before them."""
        bag = self._tables[level + b"bag"]
        first, last = int(bags[index]), int(bags[index + 1])
        if not first <= last <= len(bag) - 1:
            raise self._damaged("its zone table is out of order")
        zones: list[_Zone] = []
        common: _Zone | None = None
        for i in range(first, last):
            zone = self._zone(level, bag[i], bag[i + 1])
            if target in zone.amounts:
                zones.append(zone)
            elif i == first:
                common = zone
        return zones, common

    def _zone(self, level: bytes, bag: Any, after: Any) -> _Zone:
        generators, modulators = self._tables[level + b"gen"], self._tables[level + b"mod"]
        g0, g1, m0, m1 = int(bag["generator"]), int(after["generator"]), int(bag["modulator"]), int(after["modulator"])
        if not (g0 <= g1 <= len(generators) and m0 <= m1 <= len(modulators)):
            raise self._damaged("its generator table is out of order")
        amounts = {int(kind): int(amount) for kind, amount in generators[g0:g1].tolist() if kind < N_GENERATORS}
        mods = [Modulator(*row) for row in modulators[m0:m1].tolist()]
        ranges = []
        for kind in (Generator.KEY_RANGE, Generator.VELOCITY_RANGE):
            value = amounts.get(kind)
            ranges.append((0, 127) if value is None else (value & 0xFF, value >> 8 & 0xFF))
        return _Zone(amounts, {(m.source, m.target, m.control, m.transform): m for m in mods}, ranges[0], ranges[1])

    def _region(self, upper: _Zone, lower: _Zone) -> Region | None:
        keys = max(upper.keys[0], lower.keys[0]), min(upper.keys[1], lower.keys[1])
        velocities = max(upper.velocities[0], lower.velocities[0]), min(upper.velocities[1], lower.velocities[1])
        if keys[0] > keys[1] or velocities[0] > velocities[1]:
            return None
        values = _DEFAULTS.copy()
        for kind, amount in lower.amounts.items():
            values[kind] = amount
        for kind, amount in upper.amounts.items():
            if kind not in _SAMPLE_ONLY:
                values[kind] += amount
        sample = self._sample(lower.amounts[Generator.SAMPLE] & 0xFFFF, values)
        if sample is None:
            return None
        mods = {(m.source, m.target, m.control, m.transform): m for m in DEFAULT_MODULATORS} | lower.modulators
        return Region(keys, velocities, sample, values, (*mods.values(), *upper.modulators.values()))

    def _sample(self, which: int, values: npt.NDArray[np.float64]) -> Sample | None:
        """The recording with the zone's address offsets applied; None where there is nothing to hear (ROM, empty)."""
        heads = self._tables[b"shdr"]
        if which >= len(heads) - 1:
            raise self._damaged(f"a zone asks for sample {which} of {len(heads) - 1}")
        head = heads[which]
        if int(head["type"]) & _VORBIS:
            raise FormatError(f"{self.path} is a compressed SoundFont (SF3); convert it to .sf2 first.")
        if int(head["type"]) & _ROM:
            return None
        pairs = ((0, 4), (1, 12), (2, 45), (3, 50))
        offsets = [int(values[fine]) + 32768 * int(values[coarse]) for fine, coarse in pairs]
        names = ("start", "end", "loop_start", "loop_end")
        places = [int(head[name]) + offset for name, offset in zip(names, offsets, strict=True)]
        start, end = max(places[0], 0), min(places[1], len(self.data))
        if end - start < 2:
            return None
        loop_start, loop_end = max(places[2], start), min(places[3], end)
        if loop_end - loop_start < 2:
            loop_start, loop_end = start, end
        rate = min(max(int(head["rate"]), 400), 192_000)
        return Sample(start, end, loop_start, loop_end, rate, int(head["key"]), int(head["correction"]))


def _over(common: _Zone | None, zone: _Zone) -> _Zone:
    """A zone laid over the global zone of its level: what it says itself counts."""
    if common is None:
        return zone
    keys = zone.keys if Generator.KEY_RANGE in zone.amounts else common.keys
    velocities = zone.velocities if Generator.VELOCITY_RANGE in zone.amounts else common.velocities
    return _Zone(common.amounts | zone.amounts, common.modulators | zone.modulators, keys, velocities)


def _read(path: Path) -> tuple[npt.NDArray[np.int16], dict[bytes, npt.NDArray[Any]]]:
    """The recordings and the nine tables of a font, checked for presence and size.

    Raises:
      FormatError: not a SoundFont, cut off, or compressed.
      InputError: the file cannot be opened.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            chunks = _chunks(path, file, size)
            tables: dict[bytes, npt.NDArray[Any]] = {}
            for name, dtype in _TABLES.items():
                if name not in chunks:
                    raise FormatError(f"{path} is not a usable SoundFont: its {name.decode()} table is missing.")
                offset, length = chunks[name]
                if length % dtype.itemsize or length < dtype.itemsize:
                    raise FormatError(f"{path} is not a usable SoundFont: its {name.decode()} table has an impossible size.")
                file.seek(offset)
                tables[name] = np.frombuffer(file.read(length), dtype=dtype)
    except OSError as error:
        raise InputError(f"The SoundFont {path} cannot be read ({error.strerror or error}).") from error
    if b"smpl" not in chunks or chunks[b"smpl"][1] < 2:
        raise FormatError(f"{path} is not a usable SoundFont: it holds no recordings.")
    if (tables[b"shdr"]["type"][:-1] & _VORBIS).any():
        raise FormatError(f"{path} is a compressed SoundFont (SF3); convert it to .sf2 first.")
    offset, length = chunks[b"smpl"]
    return np.memmap(path, dtype="<i2", mode="r", offset=offset, shape=(length // 2,)), tables


def _chunks(path: Path, file: Any, size: int) -> dict[bytes, tuple[int, int]]:
    """Where each chunk's bytes lie: name -> (offset, length)."""
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise FormatError(f"{path} is not a SoundFont (.sf2).")
    found: dict[bytes, tuple[int, int]] = {}
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if at + 8 + length > size:
            raise FormatError(f"{path} is damaged: it ends in the middle of its {name.decode('latin-1')!r} chunk.")
        if name == b"LIST":
            at += 12
            continue
        found.setdefault(name, (at + 8, length))
        at += 8 + length + (length & 1)
    return found
