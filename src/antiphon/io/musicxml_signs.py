"""The signs that follow from what is written: how beams join notes, and which accidentals must be printed."""

from __future__ import annotations

from antiphon.io.notation import STEPS, Bar, Piece, Staff
from antiphon.music.harmony import FIFTHS_STEPS, spell

_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_BEAMS = {"eighth": 1, "16th": 2, "32nd": 3}

Spelling = tuple[str, int, int, str]
"""Step, alteration, octave, and the printed accidental ("" for none)."""


def beams(pieces: list[Piece], bar: Bar) -> dict[int, list[str]]:
    """For each piece by its index the state of its beams ("begin", "continue", "end", hooks), grouped by beat."""
    size = max(bar.beat, STEPS // 2)
    wide = 2 * size if bar.meter[1:] in ((4, 4), (2, 2)) else size
    uneven = {p.start // wide for p in pieces if p.pitches and (p.tuplet or p.length != STEPS // 2)}
    groups: dict[int, list[int]] = {}
    for i, piece in enumerate(pieces):
        if piece.pitches and piece.value[0] in _BEAMS:
            half = piece.start // wide
            groups.setdefault(piece.start // size if half in uneven else half * wide // size, []).append(i)
    found: dict[int, list[str]] = {}
    for group in groups.values():
        run: list[int] = []
        for i in [*group, -1]:
            if run and i != run[-1] + 1:
                if len(run) > 1:
                    found.update(_beam_run(run, [_BEAMS[pieces[k].value[0]] for k in run]))
                run = []
            run.append(i)
    return found


def _beam_run(run: list[int], levels: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {i: [] for i in run}
    for level in range(1, max(levels) + 1):
        for k, i in enumerate(run):
            if levels[k] < level:
                continue
            left = k > 0 and levels[k - 1] >= level
            right = k + 1 < len(run) and levels[k + 1] >= level
            hook = "forward hook" if k == 0 else "backward hook"
            found[i].append(("continue" if left else "begin") if right else ("end" if left else hook))
    return found


def accidentals(staves: list[Staff], k: int, fifths: int) -> dict[tuple[int, int], Spelling]:
    """Spelling and printed accidental of every note of bar k under a key signature, by (id of its piece, pitch)."""
    sharps, flats = FIFTHS_STEPS[: max(fifths, 0)], FIFTHS_STEPS[7 + fifths :] if fifths < 0 else ()
    found: dict[tuple[int, int], Spelling] = {}
    for staff in staves:
        state: dict[tuple[str, int], int] = {}
        pieces = sorted((p for voice in staff.voices for p in voice[k]), key=lambda p: p.start)
        for piece in pieces:
            for pitch, _ in piece.pitches:
                step, alter, octave = spell(pitch, fifths)
                usual = 1 if step in sharps else -1 if step in flats else 0
                sign = ""
                if state.get((step, octave), usual) != alter and not piece.tied_back:
                    sign = _ACCIDENTALS[alter]
                    state[step, octave] = alter
                found[id(piece), pitch] = (step, alter, octave, sign)
    return found
