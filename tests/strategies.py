"""Hypothesis strategies shared by all tests: Scores as files can hold them, small enough to be hand-checked."""

from __future__ import annotations

from hypothesis import strategies as st

from antiphon.music.edit import without_overlaps
from antiphon.music.harmony import QUALITIES, Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Section, Tempo, Track, notes_array, spans_array

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
