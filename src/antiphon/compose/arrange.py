"""Arrange: any score for a named ensemble, its melody and harmony kept, every player within range."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from antiphon.compose.ensembles import Instrument, Player, describe, find_ensemble
from antiphon.compose.fit_range import fit_chords, fit_line, phrase_edges, single_line
from antiphon.compose.parts import Line, deal, joined
from antiphon.compose.texture import GROUP, Texture, loudness, texture
from antiphon.music.edit import without_overlaps
from antiphon.music.instruments import family
from antiphon.music.score import NOTE, SPAN, NoteArray, Score, Track, notes_array, spans_array


@dataclass(slots=True)
class _Desk:
    """The arranger's desk: the source, the players, the parts so far, and what is to be told."""

    score: Score
    texture: Texture
    players: tuple[Player, ...]
    parts: dict[str, NoteArray] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def arrange(score: Score, *, ensemble: str | tuple[str, ...]) -> tuple[Score, list[str]]:
    """The piece for an ensemble, and what was done to it, one sentence each.

    The melody goes to the melody player, the bass to the bass player, the rest is dealt to the inner players by voice
    leading and register, or given to those who play chords. Lines are moved by octaves, phrase by phrase, where they
    leave a player's range. Players who double follow at their octave. Tempo, meters, keys, chords and sections stay.

    Args:
      score: any piece.
      ensemble: a name in `ensembles.ENSEMBLES`, or instruments ("violin,cello,piano", or a tuple).

    Raises:
      BriefError: there is no such ensemble or instrument.
    """
    players = find_ensemble(ensemble)
    desk = _Desk(score, texture(score), players)
    if desk.texture.realised:
        desk.said.append("The harmony was written out from the chord symbols, because the piece is a melody alone.")
    _assign(desk)
    _double(desk)
    tracks = [_track(desk, player) for player in players if not player.is_drum]
    tracks += _drums(desk)
    idle = [track.name for track in tracks if len(track) == 0]
    if idle:
        desk.said.append(f"Nothing is left to play for {', '.join(idle)}.")
    desk.said.insert(0, f"Arranged for {describe(players)}.")
    return replace(score, tracks=tuple(tracks)), desk.said


def _assign(desk: _Desk) -> None:
    """Parts of everyone who does not merely double."""
    leads = [p for p in desk.players if "melody" in p.duties]
    lows = [p for p in desk.players if "bass" in p.duties]
    inner = [p for p in desk.players if "inner" in p.duties]
    chords = [p for p in desk.players if "chords" in p.duties]
    solo = [p for p in [*leads, *inner, *lows] if p.can.voices == 1]
    order = list(dict.fromkeys(p.name for p in solo))
    lines = desk.texture.lines
    if not chords and 2 <= len(lines) <= len(order):
        _line_by_line(desk, {p.name: p for p in solo}, order)
        return
    melody, bass = _none(), _none()
    if leads:
        melody = _placed(desk, leads[0], desk.texture.melody, "melody")
    low_line = next((p for p in lows if p.can.voices == 1), None)
    if low_line is not None:
        bass = _placed(desk, low_line, desk.texture.bass, "bass")
    for player in chords:
        _chordal(desk, player, melody if player in leads else _none(), "bass" in player.duties or not lows)
    own = {p.name: _none() for p in solo}
    if leads and leads[0].name in own:
        own[leads[0].name] = single_line(melody)
    if low_line is not None:
        own[low_line.name] = single_line(bass)
    _deal(desk, {p.name: p.can for p in solo}, own, bool(chords), low_line is None and not chords)
    for player in leads:
        if player.can.voices > 1 and player not in chords:
            desk.parts[player.name] = melody


def _none() -> NoteArray:
    return notes_array(np.zeros(0, dtype=NOTE))


def _placed(desk: _Desk, player: Player, notes: NoteArray, what: str) -> NoteArray:
    """A line in a player's range, with a word on the octaves that were needed."""
    placed, phrases, single = fit_line(desk.score, notes, player.can)
    if phrases:
        many = f"{phrases} phrase{'s' * (phrases > 1)}"
        desk.said.append(f"The {what} is played in another octave in {many}, to suit the {player.name}.")
    if single:
        several = f"{single} note{'s' * (single > 1)}"
        desk.said.append(f"In the {what}, {several} could only be kept in the range of the {player.name} by an octave.")
    return placed


def _line_by_line(desk: _Desk, players: dict[str, Player], order: list[str]) -> None:
    """Each line of the source to a player of its own: melody to the first, bass to the last, the others between."""
    lines = desk.texture.lines
    inner = order[1:-1][: len(lines) - 2]
    takers = [order[0], *inner, order[-1]]
    for name, (source, notes) in zip(takers, lines, strict=True):
        desk.parts[name] = single_line(_placed(desk, players[name], notes, source or "line"))
    for i, name in enumerate(n for n in order if n not in takers):
        source, octave = (takers[0], -1) if i % 2 == 0 else (takers[-1], 1)
        desk.parts[name], whole = _followed(desk, desk.parts[source], players[name].can, octave, "always")
        if whole:
            desk.said.append(f"The {name} doubles the {source}, as the piece has only {len(lines)} lines.")


def _chordal(desk: _Desk, player: Player, melody: NoteArray, with_bass: bool) -> None:
    """What a chord instrument plays: the inner notes, the bass where nobody else has it, and the melody if it leads."""
    parts = [desk.texture.inner, *([desk.texture.bass] if with_bass else [])]
    notes = notes_array(np.concatenate(parts))
    fitted, gone = fit_chords(desk.score, notes, melody, player.can)
    desk.parts[player.name] = fitted
    if gone:
        share = gone / max(1, len(notes))
        desk.said.append(f"The {player.name} leaves out {gone} notes ({share:.0%}) that hands or strings cannot reach.")


def _deal(desk: _Desk, players: dict[str, Instrument], own: dict[str, NoteArray], doubled: bool, bass_too: bool) -> None:
    """Inner notes to the monophonic players, who keep their own lines; nothing is dealt where others play the chords."""
    lines = [Line(can, own[name]) for name, can in players.items()]
    inner = desk.texture.inner
    if bass_too:
        inner = notes_array(np.concatenate([inner, desk.texture.bass]))
    free = [line for name, line in zip(players, lines, strict=True) if not (doubled and len(own[name]))]
    if len(inner) and free and not (doubled and all(len(own[name]) for name in players)):
        gone = deal(inner, free, desk.score.resolution, desk.score.resolution // GROUP)
        if gone and not doubled:
            share = gone / max(1, desk.score.note_count)
            desk.said.append(f"{gone} notes ({share:.0%} of the piece) were left out: all hands were full.")
    for name, line in zip(players, lines, strict=True):
        desk.parts[name] = single_line(joined(line))


def _double(desk: _Desk) -> None:
    """Parts of the players who double another, in the phrases that are theirs."""
    for player in desk.players:
        source = desk.parts.get(player.doubles) if player.doubles else None
        if source is not None:
            desk.parts[player.name], _ = _followed(desk, source, player.can, player.octave, player.when)


def _followed(desk: _Desk, notes: NoteArray, can: Instrument, octave: int, when: str) -> tuple[NoteArray, bool]:
    """A part doubled at an octave in every phrase that fits, loud or soft as wished; and whether there is any."""
    edges = phrase_edges(desk.score)
    power = loudness(desk.score, edges)
    middle = np.median(power)
    cell = np.searchsorted(edges, notes["onset"], side="right") - 1
    rows = []
    for c in np.unique(cell).tolist():
        loud = bool(power[min(c, len(power) - 1)] > middle)
        if (when == "loud" and not loud) or (when == "soft" and loud):
            continue
        inside = notes[cell == c].copy()
        for shift in (octave, octave - 1, octave + 1):
            pitch = inside["pitch"] + 12 * shift
            if pitch.min() >= can.low and pitch.max() <= can.high:
                inside["pitch"] = pitch
                rows.append(inside)
                break
    return (notes_array(np.concatenate(rows)), True) if rows else (_none(), False)


def _track(desk: _Desk, player: Player) -> Track:
    """A player's track; keyboards keep the pedals of the source's keyboards."""
    notes = desk.parts.get(player.name, _none())
    held = [t.pedals for t in desk.score.tracks if not t.is_drum and len(t.pedals) and family(t.program) == "piano"]
    pedals = np.concatenate(held) if held and family(player.can.program) == "piano" else np.zeros(0, dtype=SPAN)
    return Track(player.name, player.can.program, False, without_overlaps(notes), spans_array(pedals))


def _drums(desk: _Desk) -> list[Track]:
    """The drummer's track, or a word on why there is none."""
    drummers = [p for p in desk.players if p.is_drum]
    source = desk.texture.drums
    if source and not drummers:
        desk.said.append("The drums were left out: nobody in the ensemble plays them.")
    if drummers and not source:
        desk.said.append("The drummer rests: the piece has no drums.")
    if not drummers or not source:
        return []
    notes = without_overlaps(np.concatenate([t.notes for t in source]))
    return [Track("drums", source[0].program, True, notes)]
