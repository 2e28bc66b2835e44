"""A piece explained: keys, chords, form, cadences, texture, faults, the critic bar by bar, energy and tension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from antiphon.compose.critique import faults as style_faults
from antiphon.compose.critique import style_departures
from antiphon.compose.critique_bars import BarVerdict, bar_verdicts, weakest
from antiphon.compose.critique_ear import ANY, ear_for
from antiphon.compose.explain_form import Part, Phrase, phrases, sections
from antiphon.compose.explain_harmony import Harmony, KeySpan, close, harmonies, heard_chords, key_at, key_spans, main_key
from antiphon.compose.explain_shape import TrackShape, energy, tension, track_shapes
from antiphon.errors import LimitError
from antiphon.music.beats import bar_count, duration_seconds
from antiphon.music.harmony import Key
from antiphon.music.measure import faults
from antiphon.music.score import Meter, Score, Tempo

MOST_NOTES, MOST_BARS = 200_000, 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What can be said of a piece.

    Attributes:
      title, bars, seconds, notes: its name and size.
      meters, tempos: as the file has them.
      key: of the whole; keys: where which key holds.
      chords: the chords with their numerals; marked: whether the file itself names them.
      sections: with letters; labelled: whether the file itself marks them.
      phrases, cadences: phrases of the leading part, and for each what its close is, None for none.
      tracks: what each part does.
      faults: sentences on what a teacher would mark; notes beyond a part's range are counted in `tracks`.
      critic: (sentence, points) on the whole, the gravest first; heat: one verdict a bar; weakest: one sentence.
      energy, tension: one number a bar, 0 to 1.
    """

    title: str
    bars: int
    seconds: float
    notes: int
    meters: tuple[Meter, ...]
    tempos: tuple[Tempo, ...]
    key: Key | None
    keys: tuple[KeySpan, ...]
    chords: tuple[Harmony, ...]
    marked: bool
    sections: tuple[Part, ...]
    labelled: bool
    phrases: tuple[Phrase, ...]
    cadences: tuple[str | None, ...]
    tracks: tuple[TrackShape, ...]
    faults: tuple[str, ...]
    critic: tuple[tuple[str, float], ...]
    heat: tuple[BarVerdict, ...]
    weakest: str
    energy: tuple[float, ...]
    tension: tuple[float, ...]

    def text(self) -> str:
        """The explanation for a reader."""
        from antiphon.compose.explain_text import text

        return text(self)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON values."""
        from antiphon.compose.explain_text import to_dict

        return to_dict(self)


def explain(score: Score, *, style: str | None = None, nats: Sequence[float] | None = None) -> Explanation:
    """Explain any piece: what is marked in it is believed, all else is heard in its notes.

    Args:
      score: any music; a piece without notes is explained as silence.
      style: whose usual measures the critic compares with ("pop", "folk", "chorale"); None, or a style that it has no ear
        for: those of all three.
      nats: surprise of each bar under a sequence model, if one has read the piece.

    Raises:
      LimitError: the piece is longer than the explanation can be read.
    """
    bars = bar_count(score)
    if score.note_count > MOST_NOTES or bars > MOST_BARS:
        raise LimitError(
            f"The piece has {score.note_count:,} notes in {bars:,} bars; at most {MOST_NOTES:,} notes in {MOST_BARS:,} bars "
            "can be explained."
        )
    home = main_key(score)
    spans = key_spans(score, home)
    chords = harmonies(score, heard_chords(score) if home is not None else (), spans)
    parts, labelled = sections(score)
    lines = phrases(score)
    closes = tuple(close(chords, p.final, key_at(spans, p.span.last), p.pitch) for p in lines)
    heat = bar_verdicts(score, home, nats) if score.note_count else ()
    return Explanation(
        title=score.title,
        bars=bars,
        seconds=duration_seconds(score),
        notes=score.note_count,
        meters=score.meters,
        tempos=score.tempos,
        key=home,
        keys=spans,
        chords=chords,
        marked=bool(score.chords),
        sections=parts,
        labelled=labelled,
        phrases=lines,
        cadences=closes,
        tracks=track_shapes(score),
        faults=tuple(f.text for f in faults(score) if f.kind != "range"),
        critic=_critic(score, home, style),
        heat=heat,
        weakest=weakest(heat),
        energy=tuple(round(float(v), 3) for v in energy(score)),
        tension=tuple(round(float(v), 3) for v in tension(score, chords, home)),
    )


def _critic(score: Score, key: Key | None, style: str | None) -> tuple[tuple[str, float], ...]:
    """What the critic says of the whole, the gravest first."""
    if score.note_count == 0:
        return ()
    ear = ear_for(style or ANY)
    found = [(r.text, r.points * ear.factor(r.kind)) for r in style_faults(score, key)]
    found += [(r.text, r.points) for r in style_departures(score, ear)]
    return tuple(sorted(((text, round(points, 3)) for text, points in found), key=lambda item: -item[1]))
