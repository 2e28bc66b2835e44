"""Score -> ABC 2.1: one melody with its chord symbols, as tune books print it.

Lost on the way: all other tracks, velocities, the lengths of notes that sound into the next one, and times off the grid
that notation.py chooses.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from antiphon.errors import InputError
from antiphon.io.notation import STEPS, Bar, Piece, bars_of, single_voice
from antiphon.music.harmony import FIFTHS_STEPS, spell
from antiphon.music.score import Score, Track

_UNIT = STEPS // 2
"""Steps of the unit note length, L:1/8."""
_BARS_A_LINE = 4
_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def dumps(score: Score, *, number: int = 1) -> str:
    """The melody of the piece as one ABC tune.

    The melody is the track of that name, else the first that is pitched and has notes.

    Args:
      score: the piece.
      number: the tune's X: field.

    Raises:
      InputError: no track has a pitched note.
      LimitError: the piece has more bars than can be written down.
    """
    track = _melody(score)
    bars = bars_of(score)
    voice = single_voice(track, bars, score.resolution)
    first = bars[0].meter
    head = [
        f"X:{number}",
        f"T:{_line(score.title)}",
        f"M:{first.numerator}/{first.denominator}",
        "L:1/8",
        f"Q:{_tempo(score.tempos[0].qpm)}",
        f"K:{_key(score, 0)}",
    ]
    marks = _marks(score, bars)
    lines: list[str] = []
    spelled: dict[int, tuple[str, int, int]] = {}
    for k, bar in enumerate(bars):
        if k % _BARS_A_LINE == 0:
            lines.append("")
        sign = " |]" if k == len(bars) - 1 else " | "
        lines[-1] += _bar(voice[k], bar, _fifths(score, bar.start), marks[k], spelled) + sign
    return "\n".join([*head, *(line.rstrip() for line in lines)]) + "\n"


def _melody(score: Score) -> Track:
    pitched = [t for t in score.tracks if len(t) and not t.is_drum]
    if not pitched:
        raise InputError("ABC holds a melody, and the piece has no pitched track with notes.")
    return next((t for t in pitched if t.name.lower() == "melody"), pitched[0])


def _line(text: str) -> str:
    """Text that stays on its line and says nothing in ABC's own signs."""
    return " ".join(text.replace("%", " ").replace("\\", " ").split())


def _tempo(qpm: float) -> str:
    return f"1/4={round(qpm)}" if abs(qpm - round(qpm)) < 0.01 else f"1/4={qpm:.3f}"


def _step(score: Score, tick: int) -> int:
    return (2 * tick * STEPS + score.resolution) // (2 * score.resolution)


def _key(score: Score, step: int) -> str:
    """Key in force at a step, as K: names it; "C" where the piece names none."""
    keys = [mark.key for mark in score.keys if _step(score, mark.tick) <= step]
    if not keys:
        return "C"
    key = keys[-1]
    place = key.fifths + 3 * key.minor  # of the tonic on the line of fifths, C = 0
    accidental = (place + 1) // 7
    return FIFTHS_STEPS[(place + 1) % 7] + {-1: "b", 0: "", 1: "#"}[accidental] + ("m" if key.minor else "")


def _fifths(score: Score, step: int) -> int:
    keys = [mark.key.fifths for mark in score.keys if _step(score, mark.tick) <= step]
    return keys[-1] if keys else 0


def _marks(score: Score, bars: list[Bar]) -> list[list[tuple[int, str]]]:
    """For every bar what stands in it beside the notes: (steps from its start, text), in order."""
    found: list[list[tuple[int, str]]] = [[] for _ in bars]

    def put(step: int, text: str) -> None:
        for k in range(len(bars) - 1, -1, -1):
            if bars[k].start <= step:
                if step < bars[k].start + bars[k].length:
                    found[k].append((step - bars[k].start, text))
                return

    for section in score.sections:
        label = _line(section.label).replace("]", ")")
        if label:
            put(_step(score, section.tick), f"[P:{label}]")
    for before, bar in pairwise(bars):
        if bar.meter[1:] != before.meter[1:]:
            put(bar.start, f"[M:{bar.meter.numerator}/{bar.meter.denominator}]")
    for mark in score.keys:
        if mark.tick > 0:
            put(_step(score, mark.tick), f"[K:{_key(score, _step(score, mark.tick))}]")
    for tempo in score.tempos[1:]:
        put(_step(score, tempo.tick), f"[Q:{_tempo(tempo.qpm)}]")
    for chord in score.chords:
        step = _step(score, chord.tick)
        name = "N.C." if chord.chord is None else chord.chord.name(flats=_fifths(score, step) < 0)
        put(step, f'"{name}"')
    return [sorted(bar, key=lambda m: m[0]) for bar in found]


def _bar(
    pieces: list[Piece], bar: Bar, fifths: int, marks: list[tuple[int, str]], spelled: dict[int, tuple[str, int, int]]
) -> str:
    """One bar of music code; a note is cut, and tied, where a mark stands inside it.

    `spelled` keeps how each pitch was last written, as a tied note must keep its letter.
    """
    out: list[str] = []
    altered: dict[str, int] = {}
    exact: dict[tuple[str, int], int] = {}
    waiting = list(marks)
    pieces = pieces or [Piece(0, bar.length)]
    for i, piece in enumerate(pieces):
        if i and piece.start % bar.beat == 0:
            out.append(" ")
        if piece.opens:
            members = next(k for k, p in enumerate(pieces[i:]) if p.closes) + 1
            out.append(f"(3:2:{members}")
        at, stop = piece.start, piece.start + piece.length
        while at < stop:
            while waiting and waiting[0][0] <= at:
                out.append(waiting.pop(0)[1])
            end = stop if piece.tuplet or not waiting else min(stop, waiting[0][0])
            length = Fraction((end - at) * (3 if piece.tuplet else 2), 2 * _UNIT)
            tied = "-" if piece.pitches and (end < stop or piece.tied_on) else ""
            names = []
            for pitch, _ in piece.pitches:
                if not piece.tied_back and at == piece.start:
                    spelled[pitch] = spell(pitch, fifths)
                names.append(_name(spelled[pitch], fifths, altered, exact))
            body = "z" if not names else names[0] if len(names) == 1 else f"[{''.join(names)}]"
            out.append(body + _length(length) + tied)
            at = end
    out.extend(text for _, text in waiting)
    return "".join(out)


def _length(length: Fraction) -> str:
    above = "" if length.numerator == 1 else str(length.numerator)
    return above if length.denominator == 1 else f"{above}/{'' if length.denominator == 2 else length.denominator}"


def _name(spelled: tuple[str, int, int], fifths: int, altered: dict[str, int], exact: dict[tuple[str, int], int]) -> str:
    """A note with the accidental it needs for readers that hold it in one octave, and for those that hold it in all."""
    step, alter, octave = spelled
    sharps, flats = FIFTHS_STEPS[: max(fifths, 0)], FIFTHS_STEPS[7 + fifths :] if fifths < 0 else ()
    usual = 1 if step in sharps else -1 if step in flats else 0
    sign = ""
    if altered.get(step, usual) != alter or exact.get((step, octave), usual) != alter:
        sign = _SIGNS[alter]
        altered[step] = exact[step, octave] = alter
    letter = step.lower() + "'" * (octave - 5) if octave >= 5 else step + "," * (4 - octave)
    return sign + letter
