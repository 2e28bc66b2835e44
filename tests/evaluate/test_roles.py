"""Roles given by name: parts stay matched where a model leaves one silent, which register would pair wrongly."""

from __future__ import annotations

import pytest

from antiphon.errors import InputError
from antiphon.evaluate.clip import common_roles, named_roles
from antiphon.evaluate.compare import compare
from antiphon.evaluate.prepare import prepare
from antiphon.music.score import Note, Score, Track


def piece(place: int, names: tuple[str, ...] = ("melody", "bridge", "piano")) -> Score:
    """Eight bars; the bridge lies above the melody and plays eighths, the melody halves, the piano whole notes."""
    tracks = []
    for name, pitch, length in (("bridge", 84, 240), ("melody", 72, 960), ("piano", 48, 1920)):
        notes = [Note(t, length, pitch + (place + i) % 5) for i, t in enumerate(range(0, 8 * 1920, length))]
        tracks.append(Track(name, 0, notes=notes if name in names else []))
    return Score(480, tuple(tracks), length=8 * 1920)


WITHOUT = ("melody", "piano")
NAMES = ("melody", "bridge", "piano")


def test_register_pairs_a_melody_with_a_bridge_and_names_do_not() -> None:
    real, bare = [piece(i) for i in range(12)], [piece(i, WITHOUT) for i in range(12)]
    assert not common_roles(bare, real).by_name  # the default is what it was
    assert named_roles(NAMES, bare, real).names == NAMES
    loose = prepare(bare, real, 4)
    assert [len(p.onset) for p in loose.generated[0].parts] == [8, 4, 0]  # the melody stands where the bridge should
    pair = prepare(bare, real, 4, roles=NAMES)
    assert pair.roles.by_name
    assert {tuple((p.role, len(p.onset)) for p in c.parts) for c in pair.generated} == {
        (("melody", 8), ("bridge", 0), ("piano", 4))
    }
    assert {tuple((p.role, len(p.onset)) for p in c.parts) for c in pair.reference} == {
        (("melody", 8), ("bridge", 32), ("piano", 4))
    }


def test_the_order_asked_for_is_kept_and_strangers_join_the_last() -> None:
    odd = piece(0).with_tracks((*piece(0).tracks, Track("Flute", 73, notes=[Note(0, 480, 96)])))
    pair = prepare([odd], [piece(1)], 8, roles=("Piano", "melody", "bridge"))
    assert pair.roles.names == ("piano", "melody", "bridge")
    assert 96 in pair.generated[0].parts[2].pitch


def test_statistics_tell_of_the_silent_part_itself() -> None:
    real, bare = [piece(i) for i in range(12)], [piece(i, WITHOUT) for i in range(12)]
    found = compare(bare, real, bars=4, roles=NAMES)["statistics"]
    assert (found["empty bars [bridge]"]["generated"], found["empty bars [bridge]"]["reference"]) == (1, 0)
    assert (found["empty bars [melody]"]["generated"], found["empty bars [melody]"]["reference"]) == (0, 0)


def test_drum_tracks_are_the_role_of_that_name() -> None:
    both = [piece(i).with_tracks((*piece(i).tracks, Track("kit", 0, True, [Note(0, 120, 36)]))) for i in range(2)]
    pair = prepare(both[:1], both[1:], 8, roles=("melody", "bridge", "piano", "drums"))
    assert pair.generated[0].parts[3].is_drum
    assert pair.generated[0].parts[3].pitch.tolist() == [36]


def test_roles_that_nobody_plays_are_refused() -> None:
    with pytest.raises(InputError, match="has a track named oboe"):
        prepare([piece(0)], [piece(1)], 4, roles=("oboe",))
    for wrong in ((), ("drums",), ("melody", "Melody ")):
        with pytest.raises(InputError, match="not distinct names"):
            named_roles(wrong, [piece(0)])
