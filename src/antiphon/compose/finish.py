"""From a take to the finished piece: what the plan fixes holds here by construction or by repair, and every repair is told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.agreement import keep_chords, keep_key
from antiphon.compose.brief import Progression
from antiphon.compose.forces import range_of
from antiphon.compose.humanize import shaded
from antiphon.compose.length import slowed_bars
from antiphon.compose.plan import Plan
from antiphon.compose.repair import repair
from antiphon.compose.reprise import reprise, sections
from antiphon.compose.thickness import keep_density, keep_polyphony, play_energy, silenced, within
from antiphon.generate.request import Description
from antiphon.music.chords import recognise_chords
from antiphon.music.edit import cut
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Tempo, Track
from antiphon.music.tonality import find_key

STRAYING = 0.02
"""Share of notes outside the range of a role from which on they are moved into it."""
FLAT = ("grid", "gan")
"""Kinds of models that write no loudness: what players of such parts add is drawn for them."""
EVEN, HALF = 4.0, 0.5
"""Standard deviation of velocities below which a band's track has no loudness, as in half of the files it
was learnt from; and how much it gets of what players of the groove data add, whose strokes are very uneven."""
CHOIR = ("soprano", "alto", "tenor", "bass")
TITLES = {"chorale": "Chorale", "folk": "Tune", "pop": "Song", "band": "Song"}


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished take, and one sentence for every repair that its wishes needed."""

    score: Score
    notes: tuple[str, ...]


def finish(score: Score, plan: Plan, description: Description) -> Score:
    """The take as the plan wants it; see `finished`."""
    return finished(score, plan, description).score


def finished(score: Score, plan: Plan, description: Description) -> Finished:
    """The take as the plan wants it, whatever the generator did: constraints here hold by construction or repair.

    The piece is exactly the plan's number of bars long (notes are cut at its end), in the plan's meter throughout; a
    tempo asked for replaces the tempo map, slowed at the end where the length in seconds needs it; a choir's voice
    leading is mended; phrases of one letter sound alike; forces get their instruments, ranges, rests, density and
    polyphony; notes agree with the chords asked for, and with a strict key; models without loudness of their own, and even
    tracks of a band, get a player's; velocities follow the energy, or are scaled by
    the plan's dynamics; the key and the chords asked for are marked, or those that are heard, where the generator marks
    none; empty tracks that were not asked for are left out.
    """
    said: list[str] = []
    meter = Meter(0, *plan.meter)
    bar = meter.bar_ticks(score.resolution)
    piece = _voiced_well(_held_to_length(score, plan, meter, bar), said)
    if plan.form is not None:
        piece, copied = reprise(replace(piece, sections=sections(plan.form, bar)), plan.form, bar)
        if copied:
            said.append(f"{copied} phrase{'s' * (copied > 1)} written over so that phrases of one letter sound alike.")
    if plan.request.chords is not None:
        piece = replace(piece, chords=_chord_marks(plan.request.chords, bar))
    piece = _held_to_forces(piece, plan, bar, said)
    piece = _held_to_harmony(piece, plan, bar, said)
    if description.kind in FLAT:
        piece = shaded(piece)
    elif "drums" in description.roles:
        piece = shaded(piece, spared=EVEN, amount=HALF)
    if plan.energy is not None:
        piece = play_energy(piece, plan.energy, bar)
    if not piece.keys and (heard := find_key(piece)) is not None:
        piece = replace(piece, keys=(KeyMark(0, heard.key),))
    if not piece.chords:
        piece = replace(piece, chords=recognise_chords(piece))
    wanted = plan.request.tracks or ()
    tracks = [_scaled(track, plan.dynamics) for track in piece.tracks if len(track) or track.name in wanted]
    title = piece.title or _title(piece, description)
    return Finished(replace(piece, tracks=tuple(tracks), title=title), tuple(said))


def _held_to_length(score: Score, plan: Plan, meter: Meter, bar: int) -> Score:
    """Exactly the plan's bars, in its meter, tempo and key."""
    length = plan.request.bars * bar
    piece = replace(score, meters=(meter,), length=length)
    if piece.end > length:
        piece = cut(piece, 0, length)
    if plan.request.tempo is not None:
        piece = replace(piece, tempos=tempo_map(plan, bar, score.resolution))
    if plan.request.key is not None:
        piece = replace(piece, keys=(KeyMark(0, plan.request.key),))
    return piece


def _voiced_well(piece: Score, said: list[str]) -> Score:
    """A choir's parallels, crossings and ranges mended before anything asked for is enforced; other pieces as they are."""
    voices = tuple(t.name for t in piece.tracks if t.name in CHOIR and len(t))
    if len(voices) < 2:
        return piece
    piece, moved = repair(piece, roles=voices)
    if moved:
        said.append(f"{len(moved)} note{'s' * (len(moved) > 1)} moved for the voice leading (parallels, crossings, ranges).")
    return piece


def tempo_map(plan: Plan, bar: int, resolution: int) -> tuple[Tempo, ...]:
    """The plan's tempo, beat by beat slower in the last bars where the piece must last longer than they do."""
    assert plan.request.tempo is not None
    first = Tempo.from_qpm(0, plan.request.tempo)
    if not plan.slowing:
        return (first,)
    beat = resolution * 4 // plan.meter[1]
    slowed = slowed_bars(plan.request.bars)
    begins, beats = (plan.request.bars - slowed) * bar, slowed * plan.meter[0]
    plain = first.mspq * beat / resolution  # microseconds a beat
    growth = np.arange(1, beats + 1) / (beats * (beats + 1) / 2) * plan.slowing * 1e6
    return (first, *(Tempo(begins + i * beat, round((plain + growth[i]) * resolution / beat)) for i in range(beats)))


def _held_to_forces(piece: Score, plan: Plan, bar: int, said: list[str]) -> Score:
    """Instruments, rests, ranges, density and polyphony, in this order: the later do not undo the earlier."""
    bars = plan.request.bars
    tracks = list(piece.tracks)
    shifted = changed = dropped = 0
    for i, track in enumerate(tracks):
        force = plan.force(track.name)
        low, high = range_of(force, track.name, track.program)
        if not track.is_drum and (force is None or force.low is None) and _strays(track, low, high):
            track, count = within(track, low, high)
            shifted += count
            tracks[i] = track
        if force is None:
            continue
        if force.rests:
            track, count = silenced(track, [(first * bar, stop * bar) for first, stop in force.rests])
            dropped += count
        if force.program is not None and not track.is_drum:
            track = replace(track, program=force.program)
        if force.low is not None and force.high is not None and not track.is_drum:
            track, count = within(track, force.low, force.high)
            shifted += count
        if force.density is not None:
            dense, count = keep_density([track], [force.density] * bars, bar, piece.resolution, _resting(force.rests, bars))
            track, changed = dense[0], changed + count
        tracks[i] = track
    if plan.density is not None:
        tracks, count = keep_density(tracks, plan.density, bar, piece.resolution, [False] * bars)
        changed += count
    for i, track in enumerate(tracks):
        force = plan.force(track.name)
        if force is not None and force.polyphony is not None and not track.is_drum:
            tracks[i], count = keep_polyphony(track, force.polyphony)
            dropped += count
    for count, one, many in (
        (dropped, "note", "left out or shortened for the rests and the polyphony asked for"),
        (shifted, "note", "moved by octaves into range"),
        (changed, "onset", "left out or added for the density asked for"),
    ):
        if count:
            said.append(f"{count} {one}{'s' * (count > 1)} {many}.")
    return piece.with_tracks(tracks)


def _strays(track: Track, low: int, high: int) -> bool:
    """Whether more of a track lies outside its usual range than a player would take for colour."""
    outside = (track.notes["pitch"] < low) | (track.notes["pitch"] > high)
    return len(track) > 0 and float(outside.mean()) > STRAYING


def _resting(rests: tuple[tuple[int, int], ...], bars: int) -> list[bool]:
    return [any(first <= i < stop for first, stop in rests) for i in range(bars)]


def _held_to_harmony(piece: Score, plan: Plan, bar: int, said: list[str]) -> Score:
    """Notes in the chords asked for, and in a strict key."""
    ranges = {t.name: range_of(plan.force(t.name), t.name, t.program) for t in piece.tracks}
    chords = plan.request.chords
    if chords is not None:
        piece, words = keep_chords(piece, chords, plan.meter, bar, ranges)
        said += [words] if words else []
    if plan.strict and piece.keys:
        piece, words = keep_key(piece, piece.keys[0].key, chords, bar, ranges)
        said += [words] if words else []
    return piece


def _chord_marks(chords: Progression, bar: int) -> tuple[ChordMark, ...]:
    """A mark wherever the chord changes; the chords of a bar share it evenly."""
    marks: list[ChordMark] = []
    for i, names in enumerate(chords):
        for j, chord in enumerate(names):
            if not marks or marks[-1].chord != chord:
                marks.append(ChordMark(i * bar + j * bar // len(names), chord))
    return tuple(marks)


def _scaled(track: Track, factor: float) -> Track:
    """The track with its velocities times the factor, kept within 1 to 127."""
    if factor == 1.0:
        return track
    notes = track.notes.copy()
    notes["velocity"] = np.clip(np.rint(notes["velocity"] * factor), 1, 127)
    return replace(track, notes=notes)


def _title(score: Score, description: Description) -> str:
    kind = TITLES.get(description.style, description.style.capitalize() or "Piece")
    return f"{kind} in {score.keys[0].key}" if score.keys else kind
