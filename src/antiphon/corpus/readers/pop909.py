"""POP909: quantised melody, bridge and piano on the bar lines of the structure labels, with chords, keys and phrases."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.corpus.piece import Cause, Outcome, Piece, Refusal, Unit
from antiphon.corpus.readers.pop909_align import Alignment, Stretch, align
from antiphon.corpus.readers.pop909_labels import Labels, read_labels
from antiphon.errors import AntiphonError
from antiphon.io import midi
from antiphon.music.edit import named
from antiphon.music.score import ChordMark, KeyMark, Meter, NoteArray, Score, Section, Tempo, Track
from antiphon.music.tonality import pitch_class_weights, place_keys

NAME = "pop909"
LICENCE = "MIT (stated by the compilers; the songs belong to third parties)"
RESOLUTION = 480
STEP = RESOLUTION // 4
MIN_NEAR = 0.85
"""Least share of melody notes that must lie within a sixteenth of their label."""
MIN_CHORD_TONES = 0.6
"""Least share of piano notes that must be tones of the chord label they sound under."""
MAX_LEAD_IN = 208
"""Longest stretch of sixteenths before the first label that is believed to be a lead-in: thirteen bars of 4/4."""
LEAST_KEY_BARS = 4
"""Fewest bars that each of a song's keys is given: only their order is labelled."""


def detect(folder: Path) -> bool:
    """True for a folder laid out as POP909 with quantised scores and structure labels."""
    return (folder / "score_quantised").is_dir() and (folder / "structure").is_dir()


def units(folder: Path) -> Iterator[Unit]:
    """One unit a song, in order of its number; songs that lack the quantised form too, so that they are accounted for."""
    numbers = {p.stem for p in (folder / "score_quantised").glob("*.mid")}
    numbers |= {p.name for part in ("structure", "POP909") for p in (folder / part).glob("*") if p.is_dir()}
    for number in sorted(numbers):
        yield Unit(NAME, str(folder), f"score_quantised/{number}.mid")


@lru_cache(maxsize=2)
def _index(folder: str) -> dict[str, tuple[str, str]]:
    """Song number -> (title, artist)."""
    path = Path(folder) / "index.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return {row["song_id"].zfill(3): (row["name"], row["artist"]) for row in csv.DictReader(lines)}


def load(unit: Unit) -> list[Outcome]:
    """The song of one unit, or the reason why it is not taken."""
    number = unit.path.stem
    labels_folder = Path(unit.folder) / "structure" / number
    if not unit.path.is_file():
        return [Refusal(unit.key, Cause.NO_GRID, "the song lacks the quantised form")]
    if not labels_folder.is_dir():
        return [Refusal(unit.key, Cause.NO_LABELS, "the song lacks structure labels")]
    try:
        raw = midi.loads(unit.path.read_bytes())
        labels = read_labels(labels_folder)
    except AntiphonError as error:
        return [Refusal(unit.key, Cause.UNREADABLE, str(error))]
    title, artist = _index(unit.folder).get(number, ("", ""))
    built = assemble(raw, labels, title)
    if isinstance(built, Refusal):
        return [Refusal(unit.key, built.cause, built.detail)]
    score, extras = built
    return [Piece(score, f"{NAME}/{number}", unit.key, None, LICENCE, NAME, {"artist": artist, **extras})]


class _Span(NamedTuple):
    """Label times [start, end) lie `offset` sixteenths later in the piece."""

    start: int
    end: int
    offset: int


class _Layout(NamedTuple):
    """Bars of the piece, (start, length) in sixteenths, and where label times lie in it."""

    bars: list[tuple[int, int]]
    spans: list[_Span]


def assemble(raw: Score, labels: Labels, title: str = "") -> tuple[Score, dict[str, str]] | Refusal:
    """The song on its bar lines with all labels, and facts about how they fitted."""
    unit = raw.resolution / 4
    melody = named(raw.tracks, "MELODY")
    if melody is None or named(raw.tracks, "PIANO") is None or len(melody) == 0:
        return Refusal("", Cause.MISALIGNED, "there is no melody or no piano to align")
    notes = np.stack([np.rint(melody.notes["onset"] / unit), melody.notes["pitch"]], axis=1).astype(np.int64)
    found = align(notes, labels.melody)
    if found is None or found.near < MIN_NEAR:
        share = 0.0 if found is None else found.near
        return Refusal("", Cause.MISALIGNED, f"only {share:.0%} of the melody notes fit the labels")
    bar = 4 * beats_a_bar(labels)
    onsets = np.concatenate([np.rint(t.notes["onset"] / unit) for t in raw.tracks]).astype(np.int64)
    lead_in = int(max(0, -(onsets.min() + found.stretches[0].shift)))
    if lead_in > MAX_LEAD_IN:
        return Refusal("", Cause.MISALIGNED, f"{lead_in / bar:.1f} bars of notes precede the first label")
    origin = found.stretches[0].shift + bar * -(-lead_in // bar)
    tracks = tuple(_track(t, unit, origin) for t in raw.tracks)
    end = -(-max(t.end for t in tracks) // STEP)
    layout = _layout(found, labels, tracks, bar, origin, end)
    chords = _chords(layout, labels)
    tones = chord_tone_share(named(tracks, "piano"), chords)
    if tones < MIN_CHORD_TONES:
        return Refusal("", Cause.MISALIGNED, f"only {tones:.0%} of the piano notes are tones of the chord labels")
    sections, annotator = _sections(layout, labels, bar)
    score = Score(
        RESOLUTION,
        tracks,
        (Tempo.from_qpm(0, labels.qpm),),
        _meters(layout),
        _keys(tracks, layout, labels),
        chords,
        sections,
        title,
        STEP * sum(layout.bars[-1]),
    )
    irregular = sum(length != bar for _, length in layout.bars)
    extras = {
        "aligned_exactly": f"{found.exact:.3f}",
        "aligned_nearly": f"{found.near:.3f}",
        "chord_tones": f"{tones:.3f}",
        "irregular_bars": str(irregular),
        "lead_in_bars": str((origin - found.stretches[0].shift) // bar),
        "sections_by": annotator,
    }
    return score, extras


def beats_a_bar(labels: Labels) -> int:
    """4 or 3: the bar length on whose first beats the chords change most."""
    begun = np.cumsum([0, *(span.beats for span in labels.chords[:-1])])
    on_first = {n: float(np.mean(begun % n == 0)) for n in (3, 4)}
    return 3 if on_first[3] >= 0.5 and on_first[3] > on_first[4] else 4


def _track(track: Track, unit: float, origin: int) -> Track:
    """A track in ticks of this corpus, `origin` sixteenths later."""
    notes: NoteArray = track.notes.copy()
    onset = np.rint(track.notes["onset"] / unit)
    notes["onset"] = (onset + origin) * STEP
    notes["duration"] = np.maximum(np.rint((track.notes["onset"] + track.notes["duration"]) / unit) - onset, 1) * STEP
    return Track(track.name.lower(), 0, False, notes)


def _layout(found: Alignment, labels: Labels, tracks: tuple[Track, ...], bar: int, origin: int, end: int) -> _Layout:
    """Bars over the whole piece: regular ones, and one of another length wherever the shift changes."""
    at = origin - found.stretches[0].shift
    bars = [(t, bar) for t in range(0, at, bar)]
    spans: list[_Span] = []
    line = 0
    for i, stretch in enumerate(found.stretches):
        offset = origin - stretch.shift
        if i + 1 < len(found.stretches):
            after = found.stretches[i + 1]
            until = _change(stretch, after, labels, tracks, bar, origin, line)
        else:
            until = line + bar * max(0, -(-(end - line - offset) // bar))
        bars += [(t + offset, bar) for t in range(line, until, bar)]
        if i + 1 == len(found.stretches):
            spans.append(_Span(line, max(until, 4 * labels.beats), offset))
            break
        extra = stretch.shift - after.shift
        if extra >= 0:
            whole, rest = divmod(extra, bar)
            spans.append(_Span(line, until, offset))
            line = until
        else:
            whole, rest = 0, extra % bar
            spans.append(_Span(line, until + rest, offset))
            line = until + rest - extra
        begin = until + offset
        bars += [(begin + n * bar, bar) for n in range(whole)]
        bars += [(begin + whole * bar, rest)] if rest else []
    return _Layout(bars, spans)


def _change(
    before: Stretch, after: Stretch, labels: Labels, tracks: tuple[Track, ...], bar: int, origin: int, line: int
) -> int:
    """Label time of the bar line at which the shift changes: between the two stretches' notes, where the chords fit best."""
    dropped = max(0, after.shift - before.shift)
    low = max(line, bar * -(-(before.last + 1) // bar))
    high = bar * ((after.first - dropped) // bar)
    lines = range(low, high + 1, bar)
    if len(lines) < 2:
        return low if len(lines) else max(line, high)
    piano = np.concatenate([t.notes for t in tracks if t.name != "melody"])
    onset, pitch = piano["onset"] // STEP, piano["pitch"] % 12
    table = _chord_table(labels)

    def fits(cut: int) -> float:
        total = 0
        for offset, start, stop in ((origin - before.shift, low, cut), (origin - after.shift, cut + dropped, high + bar)):
            inside = (onset - offset >= start) & (onset - offset < min(stop, len(table)))
            total += int(table[onset[inside] - offset, pitch[inside]].sum())
        return total

    return max(lines, key=fits)


def _chord_table(labels: Labels) -> npt.NDArray[np.bool_]:
    """Which pitch classes belong to the chord at every sixteenth of label time: [sixteenths, 12]."""
    table = np.zeros((4 * labels.beats, 12), dtype=bool)
    at = 0
    for span in labels.chords:
        for pitch_class in span.chord.pitch_classes if span.chord else ():
            table[at : at + 4 * span.beats, pitch_class] = True
        at += 4 * span.beats
    return table


def _meters(layout: _Layout) -> tuple[Meter, ...]:
    marks: list[Meter] = []
    for start, length in layout.bars:
        numerator, denominator = (length // 4, 4) if length % 4 == 0 else (length, 16)
        if not marks or (marks[-1].numerator, marks[-1].denominator) != (numerator, denominator):
            marks.append(Meter(start * STEP, numerator, denominator))
    return tuple(marks)


def _chords(layout: _Layout, labels: Labels) -> tuple[ChordMark, ...]:
    """Chords at their places; None where labels are wanting for a whole bar or more and after the last of them."""
    marks: list[ChordMark] = []
    begun, at = [], 0
    for span in labels.chords:
        begun.append((4 * at, 4 * (at + span.beats), span.chord))
        at += span.beats
    filled = 0
    for part in layout.spans:
        if part.start + part.offset - filled >= 12:
            marks.append(ChordMark(filled * STEP, None))
        for start, end, chord in begun:
            if start < part.end and end > part.start:
                mark = ChordMark((max(start, part.start) + part.offset) * STEP, chord)
                if not marks or marks[-1].chord != chord:
                    marks.append(mark)
        filled = min(part.end, 4 * at) + part.offset
    if filled < sum(layout.bars[-1]):
        marks.append(ChordMark(filled * STEP, None))
    return tuple(marks)


def _sections(layout: _Layout, labels: Labels, bar: int) -> tuple[tuple[Section, ...], str]:
    """Phrases of the first annotator, else of the second, whose bars agree with the chords within one; and whose they are."""
    for annotator, phrases in zip(("1", "2"), labels.phrases, strict=True):
        total = sum(bars for _, bars in phrases)
        if phrases and abs(total * bar - 4 * labels.beats) <= bar:
            marks, at = [], 0
            for label, bars in phrases:
                place = next((s.offset for s in layout.spans if s.start <= at < s.end), None)
                if place is not None:
                    marks.append(Section((at + place) * STEP, f"{label}{bars}"))
                at += bars * bar
            return tuple(marks), annotator
    return (), "none: label bars and chord track disagree"


def _keys(tracks: tuple[Track, ...], layout: _Layout, labels: Labels) -> tuple[KeyMark, ...]:
    """The keys in the order of the labels, each from the bar at which its profile begins to fit better."""
    if len(labels.keys) < 2:
        return tuple(KeyMark(0, key) for key in labels.keys)
    edges = [start * STEP for start, _ in layout.bars] + [STEP * sum(layout.bars[-1])]
    starts = place_keys(pitch_class_weights(Score(RESOLUTION, tracks), edges), labels.keys, LEAST_KEY_BARS)
    return tuple(KeyMark(edges[cell], key) for cell, key in zip(starts, labels.keys, strict=True))


def chord_tone_share(track: Track | None, chords: tuple[ChordMark, ...]) -> float:
    """Share of a track's notes that begin on a tone of the chord in force; notes without a chord do not count."""
    if track is None:
        return 0.0
    ticks = np.array([c.tick for c in chords])
    table = np.zeros((len(ticks) + 1, 12), dtype=bool)
    labelled = np.zeros(len(ticks) + 1, dtype=bool)
    for i, mark in enumerate(chords, start=1):
        if mark.chord is not None:
            labelled[i] = True
            table[i, list(mark.chord.pitch_classes)] = True
    place = np.searchsorted(ticks, track.notes["onset"], side="right")
    counted = labelled[place]
    return float(table[place, track.notes["pitch"] % 12][counted].mean()) if counted.any() else 0.0
