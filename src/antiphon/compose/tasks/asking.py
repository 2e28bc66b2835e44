"""What every task does before and after writing: who writes, what is open, what is said, the Answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.brief import (
    MAX_SEED,
    MAX_TAKES,
    MAX_TOP_K,
    PENALTY_LIMITS,
    TEMPERATURE_LIMITS,
    Progression,
    chords_text,
    new_seed,
    within,
)
from antiphon.compose.compose import Progress
from antiphon.compose.fit import Bar, Span, bars_of, joined, tiling
from antiphon.compose.heard import chords_of, key_of, off_grid, typed_over
from antiphon.compose.naming import called, listed, named_tracks
from antiphon.compose.rewrite import Means, Work, Written, rewrite
from antiphon.compose.roles import Part, match
from antiphon.compose.styles import writer_for
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Generator, cannot_narrow
from antiphon.music.harmony import parse_chords
from antiphon.music.score import ChordMark, Score, Track

FREE = "free"
"""Typed instead of chords: the model writes the harmony of what is open."""


def means_of(
    score: Score,
    *,
    style: str | None,
    model: str | None,
    takes: int,
    seed: int | None,
    temperature: float | None,
    top_k: int | None,
    repetition_penalty: float | None,
    generator: Generator | None,
    progress: Progress | None,
    leader: bool = False,
) -> tuple[Means, list[str]]:
    """Who writes and how, checked; and what is to be said of the choice.

    Raises:
      BriefError: a number is out of its limits, or there is no such style.
      SnapshotError: the model is missing or damaged.
    """
    if not 1 <= takes <= MAX_TAKES:
        raise BriefError(f"The number of takes must be 1 to {MAX_TAKES}, not {takes}.")
    number = new_seed() if seed is None else seed
    if not 0 <= number <= MAX_SEED:
        raise BriefError(f"The seed must be 0 to {MAX_SEED}, not {number}.")
    heat = 1.0 if temperature is None else temperature
    within("temperature", heat, TEMPERATURE_LIMITS)
    few, penalty = 0 if top_k is None else top_k, 1.0 if repetition_penalty is None else repetition_penalty
    if not 0 <= few <= MAX_TOP_K:
        raise BriefError(f"The top-k must be 0 to {MAX_TOP_K}, not {few}.")
    within("repetition penalty", penalty, PENALTY_LIMITS)
    tell = progress or (lambda _: None)
    tell("loading the model")
    if generator is not None:
        if style is not None and style != generator.description.style:
            held = generator.description
            raise BriefError(f"Model {held.name!r} writes in the style {held.style!r}, not {style!r}.")
        writer, said = generator, list[str]()
    else:
        writer, said = writer_for(score, style, model, leader=leader)
    if (few or penalty != 1.0) and not writer.description.narrows:
        raise cannot_narrow(writer.description.name)
    return Means(writer, takes, number, heat, tell, few, penalty), said


def progression(chords: str | None) -> Progression | None:
    """The chords that a user typed; None where none are, or where the model is to be free.

    Raises:
      BriefError: a symbol is unknown.
    """
    if chords is None or chords.strip().lower() == FREE:
        return None
    return tuple(tuple(bar) for bar in parse_chords(chords))


def music_of(score: Score) -> list[Bar]:
    """The bars of a piece that has at least one note.

    Raises:
      BriefError: there is not one note.
    """
    if score.note_count == 0:
        raise BriefError("There is not one note in this piece.")
    return bars_of(score)


def chosen_bars(bars: Sequence[Bar], asked: tuple[int, int] | None) -> range:
    """Bars asked for, counted from 1 with both ends, as indices; all of them where none are asked for.

    Raises:
      BriefError: there are no such bars.
    """
    if asked is None:
        return range(len(bars))
    first, last = asked
    if not 1 <= first <= last:
        raise BriefError(f"Bars {first} to {last} are no stretch of bars; write the first and the last, counted from 1.")
    if last > len(bars):
        raise BriefError(f"The piece has {len(bars)} bars; there is no bar {last}.")
    return range(first - 1, last)


@dataclass(frozen=True, slots=True)
class Cast:
    """Which tracks play which roles, and which of the roles are open."""

    parts: Mapping[str, Part]
    opened: tuple[str, ...]


def cast_of(score: Score, means: Means, names: Sequence[str] | None, notes: list[str]) -> Cast:
    """The roles that the piece's tracks play, and those that the names (of tracks or of roles) open; None: all.

    Raises:
      BriefError: a name fits no track and no role, or fits a track that the model has no part for.
    """
    model = means.writer.description
    wanted = {name: named_tracks(score, name) for name in names or ()}
    parts = match(score, model.roles, [i for found in wanted.values() for i in found])
    playing = {i: role for role, part in parts.items() for i in part.tracks}
    opened: set[str] = set()
    for name, found in wanted.items():
        if name.lower() in parts:
            opened.add(name.lower())
        elif any(i in playing for i in found):
            opened |= {playing[i] for i in found if i in playing}
        elif found:
            raise BriefError(f"Track {name!r} plays no role that model {model.name!r} writes ({', '.join(model.roles)}).")
        else:
            there = listed([called(score, i) for i, t in enumerate(score.tracks) if len(t)], 20)
            raise BriefError(f"There is no track {name!r}; the piece has {there}.")
    if not parts:
        raise BriefError(f"No track of the piece plays a role that model {model.name!r} writes ({', '.join(model.roles)}).")
    notes.extend(cast_notes(score, parts))
    ordered = tuple(r for r in model.roles if r in (opened if names else parts))
    return Cast(parts, ordered)


def cast_notes(score: Score, parts: Mapping[str, Part]) -> list[str]:
    """Who plays what, and who plays nothing that the model knows, in two sentences at most."""

    told = [f"{' and '.join(called(score, i) for i in part.tracks)} as {role}" for role, part in parts.items()]
    taken = {i for part in parts.values() for i in part.tracks}
    left = [called(score, i) for i, t in enumerate(score.tracks) if i not in taken and len(t)]
    said = [f"Understood {', '.join(told)}."] if told else []
    if len(left) == 1:
        said.append(f"{left[0]} plays no role of the model's and stays as it was.")
    elif left:
        said.append(f"{listed(left)} play no role of the model's and stay as they were.")
    return said


def cells_of(
    bars: Sequence[Bar],
    asked: Iterable[int],
    roles: Collection[str],
    means: Means,
    notes: list[str],
    *,
    strict: bool,
    loose: bool = False,
) -> dict[int, frozenset[str]]:
    """The cells to open: those roles in all bars asked for that the model can be told of.

    Args:
      strict: refuse a bar that it cannot be told of; else it stays as it was, which is said.

    Raises:
      BriefError: a bar cannot be told of (strict), or none can.
    """
    model = means.writer.description
    known = ", ".join(f"{n}/{d}" for n, d in model.meters)
    found: dict[int, frozenset[str]] = {}
    out: dict[str, list[int]] = {}
    for i in asked:
        bar = bars[i]
        meter = f"{bar.meter[0]}/{bar.meter[1]}"
        if not bar.whole:
            out.setdefault("cut short by a change of meter", []).append(i)
        elif tiling(bar.meter, model.meters, loose) is None:
            out.setdefault(f"in {meter}, and model {model.name!r} knows {known}", []).append(i)
        else:
            found[i] = frozenset(roles)
    for why, which in out.items():
        several = len(which) > 1
        if strict or not found:
            raise BriefError(f"{runs_text(which)} {'are' if several else 'is'} {why}.")
        notes.append(f"{runs_text(which)} {'stay as they were' if several else 'stays as it was'}, being {why}.")
    return found


def runs_text(indices: Sequence[int]) -> str:
    """Bars by index as people count them: "Bars 3 to 5 and 9"."""
    runs: list[list[int]] = []
    for i in indices:
        if runs and runs[-1][1] == i - 1:
            runs[-1][1] = i
        else:
            runs.append([i, i])
    texts = [f"{a + 1}" if a == b else f"{a + 1} to {b + 1}" for a, b in runs]
    return f"Bar{'s' * (len(indices) > 1)} {listed(texts)}" if len(texts) != 2 else f"Bars {texts[0]} and {texts[1]}"


def harmony_of(
    score: Score, bars: Sequence[Bar], opened: Sequence[int], chords: str | None, notes: list[str]
) -> tuple[tuple[ChordMark, ...], bool]:
    """The harmony, typed over the open bars or the piece's own; and whether the model is free of it there.

    It is free where the user says so, and where an open bar is silent in all tracks.
    """
    typed = progression(chords)
    marks = chords_of(score)
    if typed is not None:
        notes.append(f"The open bars have the chords {chords_text(typed)}.")
        return typed_over(marks, typed, bars, opened), False
    if chords is not None:
        notes.append("The model writes its own harmony in the open bars.")
        return marks, True
    pitched = [t.notes for t in score.tracks if not t.is_drum and len(t)]
    onset = np.concatenate([n["onset"] for n in pitched]) if pitched else np.zeros(0)
    end = onset + np.concatenate([n["duration"] for n in pitched]) if pitched else onset
    if not score.chords and any(not np.any((onset < bars[b].stop) & (end > bars[b].start)) for b in opened):
        notes.append("Where the piece is silent the model writes its own harmony.")
        return marks, True
    notes.append("The new notes keep the harmony of the piece; --chords free, or chords of your own, would change it.")
    return marks, False


def stretch_notes(score: Score, bars: Sequence[Bar], opened: Sequence[int]) -> list[str]:
    """The key heard around the open bars, and a warning where the piece is not on the grid."""
    first, last = bars[max(0, opened[0] - 8)], bars[min(len(bars) - 1, opened[-1] + 8)]
    key = key_of(score, first.start, last.stop)
    said = [f"The open bars are heard in {key}."] if key is not None else []
    share = off_grid(score, [(first.start, last.stop)])
    if share > 0.1:
        said.append(
            f"{share:.0%} of the notes around the open bars begin off the grid of sixteenths (triplets, or played freely): "
            "the model hears them on it, the file keeps them as they are, new notes are on it."
        )
    return said


def spans_of(work: Work) -> dict[int, list[Span]]:
    """Track -> the stretches of it, in ticks, that are open."""
    found: dict[int, list[Span]] = {}
    for bar, roles in work.cells.items():
        for role in roles:
            for i in work.parts[role].tracks:
                found.setdefault(i, []).append((work.bars[bar].start, work.bars[bar].stop))
    return {i: joined(spans) for i, spans in found.items()}


def untouched(before: Score, after: Score, spans: Mapping[int, Sequence[Span]]) -> Wish:
    """Whether everything outside the openings is as it was, note for note."""
    same, total = 0, 0
    for i, track in enumerate(before.tracks):
        closed = _closed(track, spans.get(i, ()))
        total += len(closed)
        if i < len(after.tracks):
            kept = _closed(after.tracks[i], spans.get(i, ()))
            same += len(closed) if np.array_equal(closed, kept) else 0
    asked = "bars and tracks that are not open stay as they were"
    return Wish("untouched", asked, f"{same} of {total} notes", same == total, "compared note for note")


def _closed(track: Track, spans: Sequence[Span]) -> np.ndarray:
    outside = np.ones(len(track), dtype=bool)
    for a, b in spans:
        outside &= ~((track.notes["onset"] >= a) & (track.notes["onset"] < b))
    return np.asarray(track.notes[outside])


def written(work: Work, means: Means) -> Written:
    """What stands in the openings now; where nothing is open, the piece itself as the only take."""
    return rewrite(work, means)


def answer_of(
    task: str,
    asked: Mapping[str, object],
    before: Score,
    work: Work,
    done: Written,
    means: Means,
    notes: Sequence[str],
    wishes: Sequence[Wish] = (),
    added: int | None = None,
) -> Answer:
    """The Answer, with the promise of every task measured on the piece that was kept.

    Args:
      added: tick from which on everything is new.
    """
    score = done.takes[done.chosen]
    spans = spans_of(work)
    if added is not None:
        spans = {i: [*spans.get(i, []), (added, score.end + 1)] for i in range(len(before.tracks))}
    kept = untouched(before, score, spans)
    said = {name: value for name, value in asked.items() if value is not None} | means.told
    return Answer(
        task,
        said,
        score,
        done.takes,
        done.verdicts,
        done.chosen,
        (kept, *wishes),
        (*notes, *done.notes),
        means.writer.description,
        means.seed,
        done.originality,
    )


def with_parts(score: Score, parts: Mapping[str, Part], new: Mapping[str, Track]) -> tuple[Score, dict[str, Part]]:
    """The piece with an empty track for each new role at its end, and the parts with those roles."""
    tracks, found = list(score.tracks), dict(parts)
    for role, track in new.items():
        found[role] = Part(role, (len(tracks),))
        tracks.append(replace(track))
    return score.with_tracks(tracks), found
