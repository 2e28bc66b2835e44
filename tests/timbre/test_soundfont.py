"""The SoundFont reader: zones and levels by hand, the font of the install, and damaged fonts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_soundfont import PERIOD, keys, tiny_soundfont

from antiphon.errors import AntiphonError, FormatError, InputError
from antiphon.timbre.part import Part
from antiphon.timbre.sampler import Sampler
from antiphon.timbre.soundfont import ENVIRONMENT, Generator, SoundFont, find_soundfont


def font_of(folder: Path, data: bytes) -> SoundFont:
    path = folder / "tiny.sf2"
    path.write_bytes(data)
    return SoundFont(path)


def test_one_zone_by_hand(tmp_path: Path) -> None:
    font = font_of(tmp_path, tiny_soundfont())
    (region,) = font.regions(0, 0)
    assert font.name(0, 0) == "tiny"
    assert region.keys == (0, 127) and region.velocities == (0, 127)
    assert (region.sample.loop_start, region.sample.loop_end, region.sample.key) == (PERIOD, 39 * PERIOD, 69)
    assert region.generators[Generator.CUTOFF] == 13500
    assert region.generators[Generator.VOLUME_ENV + 1] == -12000


def test_global_zones_and_levels(tmp_path: Path) -> None:
    g = Generator
    instrument = [
        [(g.ATTENUATION, 100), (g.PAN, -200)],
        [(g.KEY_RANGE, keys(0, 59)), (g.SAMPLE, 0)],
        [(g.KEY_RANGE, keys(60, 127)), (g.ATTENUATION, 30), (g.SAMPLE, 0)],
    ]
    preset = [[(g.ATTENUATION, 7)], [(g.KEY_RANGE, keys(50, 100)), (g.PAN, 50), (g.INSTRUMENT, 0)]]
    low, high = font_of(tmp_path, tiny_soundfont(instrument, preset)).regions(0, 0)
    # A local value replaces the global one of its level, the preset's is added, ranges are cut with one another.
    assert (low.keys, low.generators[g.ATTENUATION], low.generators[g.PAN]) == ((50, 59), 107, -150)
    assert (high.keys, high.generators[g.ATTENUATION], high.generators[g.PAN]) == ((60, 100), 37, -150)


def test_missing_presets_fall_back(tmp_path: Path) -> None:
    font = font_of(tmp_path, tiny_soundfont())
    assert font.regions(0, 77) == font.regions(0, 0) == font.regions(128, 3)


def test_bundled_font_is_general_midi() -> None:
    font = SoundFont(find_soundfont())
    assert {(0, program) for program in range(128)} | {(128, 0)} <= set(font.presets)
    assert "Piano" in font.name(0, 0)


def test_the_package_that_carries_the_font_is_not_imported() -> None:
    code = "import sys; from antiphon.timbre import soundfont; soundfont.find_soundfont(); print('pretty_midi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_where_the_font_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_font, named = tmp_path / "given.sf2", tmp_path / "named.sf2"
    for path in (given_font, named):
        path.write_bytes(tiny_soundfont())
    monkeypatch.setenv(ENVIRONMENT, str(named))
    assert find_soundfont() == named
    assert find_soundfont(given_font) == given_font
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "nowhere.sf2"))
    with pytest.raises(InputError, match=r"no SoundFont at .*nowhere\.sf2"):
        find_soundfont()
    monkeypatch.delenv(ENVIRONMENT)
    assert find_soundfont().name == "TimGM6mb.sf2"


def test_compressed_font_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="SF3"):
        font_of(tmp_path, tiny_soundfont(sample_type=0x11))


def test_no_font_at_all(tmp_path: Path) -> None:
    for data in (b"", b"RIFF", b"MThd" + b"\0" * 40, b"RIFF\x10\0\0\0WAVEfmt \0\0\0\0"):
        with pytest.raises(FormatError):
            font_of(tmp_path, data)


def test_sample_beyond_the_font(tmp_path: Path) -> None:
    font = font_of(tmp_path, tiny_soundfont([[(Generator.SAMPLE, 9)]]))
    with pytest.raises(FormatError, match="sample 9"):
        font.regions(0, 0)


def attempt(folder: Path, data: bytes) -> None:
    """Read a font and play it: either it works, or it says in one sentence why not."""
    try:
        font = font_of(folder, data)
        keys_played = np.array([0, 60, 69, 127])
        onset = np.arange(4) * 0.01
        part = Part(0, False, onset, onset + 0.02, keys_played, np.full(4, 100))
        sound = Sampler(font, 8000).play(part, 800)
    except AntiphonError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(sound).all()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_fonts(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(tiny_soundfont([[(Generator.ATTENUATION, 10)], [(Generator.SAMPLE_MODES, 1), (Generator.SAMPLE, 0)]]))
    tables = whole.find(b"pdta")
    for _ in range(data.draw(st.integers(1, 6))):
        # Most flips go to the tables: a flipped byte of sound is only a click.
        at = data.draw(st.one_of(st.integers(tables, len(whole) - 1), st.integers(0, 60)))
        whole[at] = data.draw(st.integers(0, 255))
    attempt(tmp_path, bytes(whole[: data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))]))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-32768, 32767)), max_size=12))
def test_any_generator_values(tmp_path: Path, zone: list[tuple[int, int]]) -> None:
    attempt(tmp_path, tiny_soundfont([[*zone, (Generator.SAMPLE, 0)]], [[*zone, (Generator.INSTRUMENT, 0)]]))
