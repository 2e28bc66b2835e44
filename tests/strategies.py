"""Hypothesis strategies shared by all tests: Scores as files can hold them, small enough to be hand-checked."""

from __future__ import annotations

from hypothesis import strategies as st

from antiphon.music.edit import without_overlaps
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, NoteArray, Score, Section, Tempo, Track, notes_array, spans_array

LAST_TICK = 20_000

labels = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
"""Names and labels: printable, without space at either end."""

keys = st.builds(Key, st.integers(0, 11), st.booleans())
chords = st.builds(
    lambda root, quality, bass: Chord(root, quality, None if bass == root else bass),
    st.integers(0, 11),
    st.sampled_from(sorted(QUALITIES)),
    st.none() | st.integers(0, 11),
)
meters = st.sampled_from([(4, 4), (3, 4), (2, 4), (6, 8), (12, 8), (5, 4), (7, 8), (2, 2)])


@st.composite
def tracks(draw: st.DrawFn, *, grid: int = 1, last: int = LAST_TICK, max_notes: int = 24, pedals: bool = True) -> Track:
    """One part with at least one note, all times multiples of `grid` ticks, no pitch sounding into itself."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, last // grid), st.integers(1, 40), st.integers(0, 127), st.integers(1, 127)),
            min_size=1,
            max_size=max_notes,
        )
    )
    notes = without_overlaps(notes_array([(o * grid, d * grid, p, v) for o, d, p, v in rows]))
    drums = draw(st.booleans())
    cuts = sorted(draw(st.sets(st.integers(0, last), max_size=8))) if pedals and not drums else []
    spans = spans_array([(a, b - a) for a, b in zip(cuts[::2], cuts[1::2], strict=False)])
    return Track(draw(st.just("") | labels), draw(st.integers(0, 127)), drums, notes, spans)


def marks(what: st.SearchStrategy[tuple[object, ...]], make: type, last: int = LAST_TICK) -> st.SearchStrategy[list[object]]:
    """A few marks of one kind, at different ticks."""
    return st.dictionaries(st.integers(0, last), what, max_size=4).map(
        lambda found: [make(tick, *rest) for tick, rest in sorted(found.items())]
    )


@st.composite
def midi_scores(draw: st.DrawFn) -> Score:
    """A Score with only what a Standard MIDI File can hold exactly."""
    parts = tuple(draw(st.lists(tracks(), max_size=4)))
    end = max((t.end for t in parts), default=0)
    return Score(
        resolution=draw(st.sampled_from([1, 24, 96, 220, 480, 32767])),
        tracks=parts,
        tempos=tuple(draw(marks(st.tuples(st.integers(1, 0xFFFFFF)), Tempo))),
        meters=tuple(draw(marks(meters, Meter))),
        keys=tuple(draw(marks(st.tuples(keys), KeyMark))),
        chords=tuple(draw(marks(st.tuples(st.none() | chords), ChordMark))),
        sections=tuple(draw(marks(st.tuples(labels), Section))),
        title=draw(st.just("") | labels),
        length=end + LAST_TICK + draw(st.integers(1, 1000)),
    )


@st.composite
def notated_scores(draw: st.DrawFn) -> Score:
    """A Score with only what MusicXML holds exactly: on a sixteenth grid, whole bars, few voices, no pedals, no drums."""
    resolution = draw(st.sampled_from([24, 96, 480]))
    step = resolution // 4
    numerator, denominator = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (7, 8), (12, 8)]))
    bar = resolution * 4 * numerator // denominator
    count = draw(st.integers(1, 4))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        rows, now = [], draw(st.integers(0, 4)) * step
        while now < count * bar and len(rows) < 16:
            length = draw(st.integers(1, 12)) * step
            low = draw(st.integers(24, 96))
            velocity = draw(st.sampled_from([1, 40, 80, 127]))
            rows += [
                (now, length, low + extra, velocity)
                for extra in sorted(draw(st.sets(st.sampled_from([0, 3, 7, 12]), min_size=1)))
            ]
            now += length + draw(st.sampled_from([0, 0, 1, 2, 5])) * step
        rows = [row for row in rows if row[0] + row[1] <= count * bar]
        parts.append(Track(draw(st.just("") | labels), draw(st.integers(0, 127)), False, notes_array(rows)))
    ticks = st.integers(0, count * bar // step - 1).map(lambda n: n * step)
    return Score(
        resolution=resolution,
        tracks=tuple(parts),
        tempos=tuple(Tempo(t, m) for t, m in draw(alternating(ticks, st.integers(1000, 4_000_000)))),
        meters=(Meter(0, numerator, denominator),),
        keys=tuple(KeyMark(t * bar, k) for t, k in draw(alternating(st.integers(0, count - 1), keys))),
        chords=tuple(ChordMark(t, c) for t, c in draw(alternating(ticks, st.none() | chords))),
        sections=tuple(Section(t, s) for t, s in draw(alternating(ticks, labels))),
        title=draw(st.just("") | labels),
        length=count * bar if max((t.end for t in parts), default=0) < count * bar else 0,
    )


@st.composite
def alternating(draw: st.DrawFn, ticks: st.SearchStrategy[int], values: st.SearchStrategy[object]) -> list[tuple[int, object]]:
    """Marks at rising ticks of which none repeats the one before it."""
    found: list[tuple[int, object]] = []
    for tick in sorted(draw(st.sets(ticks, max_size=3))):
        value = draw(values)
        if not found or found[-1][1] != value:
            found.append((tick, value))
    return found


@st.composite
def melodies(draw: st.DrawFn) -> Score:
    """A Score with only what an ABC tune holds exactly: one voice, the usual velocity, whole beats a minute."""
    score = draw(notated_scores())
    notes = draw(st.sampled_from(score.tracks)).notes.copy()
    notes["velocity"] = 80
    qpms = draw(alternating(st.integers(0, 3).map(lambda n: n * score.resolution), st.integers(20, 300)))
    end = bar_end(score)
    if len(notes) == 0:
        notes = notes_array([(0, score.resolution, 60, 80)])
    return Score(
        resolution=480,
        tracks=(Track("", 0, False, notes_array(scaled(notes, 480 // score.resolution))),),
        tempos=tuple(Tempo.from_qpm(t * 480 // score.resolution, q) for t, q in qpms if t < end),
        meters=score.meters,
        keys=tuple(k._replace(tick=k.tick * 480 // score.resolution) for k in score.keys),
        chords=tuple(c._replace(tick=c.tick * 480 // score.resolution) for c in score.chords),
        title=score.title.replace("%", "").replace("\\", ""),
        length=end * 480 // score.resolution,
    )


def bar_end(score: Score) -> int:
    """The first bar line at or after the end of the piece, which has one meter."""
    bar = score.meters[0].bar_ticks(score.resolution)
    return -(-max(score.end, 1) // bar) * bar


def scaled(notes: NoteArray, factor: int) -> list[tuple[int, ...]]:
    """Note rows with their times multiplied."""
    return [(o * factor, d * factor, p, v) for o, d, p, v in notes.tolist()]
