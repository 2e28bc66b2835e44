"""An explanation as a text for learners and as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from antiphon.compose.explain_harmony import CADENCES, Harmony
from antiphon.music.harmony import Key, spell

if TYPE_CHECKING:
    from antiphon.compose.explain import Explanation

MOST_FAULTS, MOST_REASONS, A_LINE = 12, 6, 4
BLOCKS = " ▁▂▃▄▅▆▇█"


def pitch_name(pitch: int, key: Key | None) -> str:
    """A pitch as "F#4", spelled as the key has it."""
    step, alter, octave = spell(pitch, key.fifths if key is not None else 0)
    return f"{step}{'#' * alter if alter > 0 else 'b' * -alter}{octave}"


def text(told: Explanation) -> str:
    """The explanation in paragraphs with headings, plain text."""
    parts = [_head(told), _keys(told), _chords(told), _form(told), _phrases(told), _tracks(told), _curves(told), _critic(told)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _head(told: Explanation) -> list[str]:
    if told.notes == 0:
        return [told.title or "Untitled", "There is not one note in it."]
    meters = ", ".join(dict.fromkeys(f"{m.numerator}/{m.denominator}" for m in told.meters[:6]))
    slow, fast = min(t.qpm for t in told.tempos), max(t.qpm for t in told.tempos)
    pace = f"{slow:.0f}" if fast - slow < 1 else f"{slow:.0f} to {fast:.0f}"
    clock = f"{int(told.seconds) // 60}:{int(told.seconds) % 60:02d}"
    key = f", in {told.key}" if told.key is not None else ", without pitches"
    return [told.title or "Untitled", f"{told.bars} bars of {meters}, {pace} quarter notes a minute, {clock} long{key}."]


def _keys(told: Explanation) -> list[str]:
    if not told.keys:
        return []
    if len(told.keys) == 1:
        return ["KEY", f"The piece stays in {told.keys[0].key}."]
    return ["KEYS", *(f"bars {s.first}-{s.last}: {s.key}{_relation(s.key, told.key)}" for s in told.keys)]


def _relation(key: Key, home: Key | None) -> str:
    """How a key stands to the home key, for a learner."""
    if home is None or key == home:
        return "" if home is None else " (home)"
    if key.fifths == home.fifths:
        return " (the relative key: the same notes)"
    steps = {1: "dominant side", -1: "subdominant side"}.get(key.fifths - home.fifths)
    if key.tonic == home.tonic:
        return " (the same tonic in the other mode)"
    return f" (one step to the {steps})" if steps else ""


def _chords(told: Explanation) -> list[str]:
    if not told.chords:
        return []
    by_bar: dict[int, list[Harmony]] = {}
    for chord in told.chords:
        by_bar.setdefault(chord.bar, []).append(chord)
    flats = told.key is not None and told.key.fifths < 0
    cells = []
    for bar in range(1, told.bars + 1):
        here = by_bar.get(bar, [])
        said = " ".join("N.C." if h.chord is None else f"{h.chord.name(flats)} ({h.numeral})" for h in here)
        cells.append(said or "%")
    source = "as marked in the file" if told.marked else "as heard in the notes"
    lines = [f"CHORDS, {source} (with roman numerals; % means the chord goes on)"]
    for at in range(0, len(cells), A_LINE):
        lines.append(f"{at + 1:>4} | " + " | ".join(cells[at : at + A_LINE]) + " |")
    return lines


def _form(told: Explanation) -> list[str]:
    if not told.sections:
        return []
    source = "as marked in the file" if told.labelled else "by what returns"
    lines = [f"FORM, {source}: " + " ".join(p.label for p in told.sections)]
    for part in told.sections:
        alike = "" if part.likeness is None else f" (like the first {part.label.rstrip(chr(39))}: {part.likeness:.0%})"
        lines.append(f"  {part.label}: bars {part.span.first}-{part.span.last}{alike}")
    return lines


def _phrases(told: Explanation) -> list[str]:
    if not told.phrases:
        return []
    lines = ["PHRASES AND CADENCES"]
    for phrase, kind in zip(told.phrases, told.cadences, strict=True):
        said = CADENCES[kind] if kind is not None else "no cadence"
        lines.append(f"  bars {phrase.span.first}-{phrase.span.last}: {said}")
    return lines


def _tracks(told: Explanation) -> list[str]:
    lines = ["TRACKS"] if told.tracks else []
    for t in told.tracks:
        if t.lowest is None or t.highest is None:
            span = "drums"
        else:
            span = f"{pitch_name(t.lowest, told.key)} to {pitch_name(t.highest, told.key)}"
        beyond = f", {t.outside} beyond the instrument's usual range" if t.outside else ""
        lines.append(f"  {t.name}: {t.notes} notes, {span}, {t.notes_a_bar:g} a bar, in {t.sounding:.0%} of the bars{beyond}")
    return lines


def _curves(told: Explanation) -> list[str]:
    if told.notes == 0:
        return []
    heat = [bar.points for bar in told.heat]
    top = max([*heat, 2.0])
    return [
        "BAR BY BAR (each sign a bar)",
        *_rows("energy", list(told.energy)),
        *_rows("tension", list(told.tension)),
        *_rows("critic", [h / top for h in heat]),
    ]


def _rows(name: str, values: list[float], wide: int = 64) -> list[str]:
    """Values from 0 to 1 as blocks, at most `wide` a line."""
    signs = "".join(BLOCKS[min(8, max(0, round(8 * v)))] for v in values)
    return [f"  {name if i == 0 else '':8}|{signs[i : i + wide]}|" for i in range(0, len(signs), wide)]


def _critic(told: Explanation) -> list[str]:
    if told.notes == 0:
        return []
    lines = ["THE CRITIC", f"  {told.weakest}" if told.weakest else "  No bar stands out as weak."]
    lines += [f"  {said} ({points:.1f})" for said, points in told.critic[:MOST_REASONS] if points >= 0.05]
    if told.faults:
        more = len(told.faults) - MOST_FAULTS
        lines += ["", "WHAT A TEACHER WOULD MARK", *(f"  {fault}" for fault in told.faults[:MOST_FAULTS])]
        lines += [f"  and {more} more"] if more > 0 else []
    return lines


def to_dict(told: Explanation) -> dict[str, Any]:
    """The explanation as JSON values; bars and beats count from 1."""
    flats = told.key is not None and told.key.fifths < 0
    return {
        "title": told.title,
        "bars": told.bars,
        "seconds": round(told.seconds, 3),
        "notes": told.notes,
        "meters": [{"tick": m.tick, "meter": f"{m.numerator}/{m.denominator}"} for m in told.meters],
        "tempos": [{"tick": t.tick, "qpm": round(t.qpm, 3)} for t in told.tempos],
        "key": None if told.key is None else str(told.key),
        "keys": [{"first_bar": s.first, "last_bar": s.last, "key": str(s.key)} for s in told.keys],
        "chords_marked": told.marked,
        "chords": [
            {
                "tick": h.tick,
                "bar": h.bar,
                "beat": h.beat,
                "chord": None if h.chord is None else h.chord.name(flats),
                "numeral": h.numeral,
            }
            for h in told.chords
        ],
        "sections_marked": told.labelled,
        "sections": [
            {"label": p.label, "first_bar": p.span.first, "last_bar": p.span.last, "likeness": p.likeness}
            for p in told.sections
        ],
        "phrases": [
            {"first_bar": p.span.first, "last_bar": p.span.last, "start": p.span.start, "stop": p.span.stop, "cadence": kind}
            for p, kind in zip(told.phrases, told.cadences, strict=True)
        ],
        "tracks": [t._asdict() for t in told.tracks],
        "faults": list(told.faults),
        "critic": [{"text": said, "points": points} for said, points in told.critic],
        "weakest": told.weakest,
        "heat": [
            {"bar": v.bar, "points": round(v.points, 3), "marks": [{"kind": m.kind, "text": m.text} for m in v.marks]}
            for v in told.heat
        ],
        "energy": list(told.energy),
        "tension": list(told.tension),
    }
