"""Parts added to a piece: by a model where it has such a role, else by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from antiphon.compose.answer import Answer
from antiphon.compose.compose import Progress
from antiphon.compose.critique import Verdict
from antiphon.compose.fit import Bar, in_threes
from antiphon.compose.heard import chords_of, typed_over
from antiphon.compose.melodies import chords_below, leading
from antiphon.compose.naming import listed
from antiphon.compose.plan import take_seed
from antiphon.compose.rewrite import Means, Work, Written, rewrite
from antiphon.compose.roles import PROFILES, SPLIT, free_name, match, new_track, profile, traits
from antiphon.compose.rulemade import bass, drums, pad
from antiphon.compose.tasks.asking import (
    answer_of,
    cast_notes,
    cells_of,
    means_of,
    music_of,
    progression,
    stretch_notes,
    with_parts,
)
from antiphon.compose.wishes import Wish
from antiphon.errors import BriefError
from antiphon.generate.request import Description, Generator, Request, Take
from antiphon.music.instruments import FAMILIES, guess_program, is_drum_name
from antiphon.music.score import ChordMark, NoteArray, Score, Track

RULES = Description("rules", "any", "rules", ("bass", "drums", "strings"), (), 20_000, {"data": "none: parts made by rule"})
_RULE_STREAM = 4
_CHORDAL = ("piano", "organ", "guitar", "chromatic percussion")
_PADS = ("ensemble", "synth pad")


@dataclass(frozen=True, slots=True)
class Added:
    """A part that is asked for: as typed, the role that writes it (None: by rule), its rule and its instrument."""

    typed: str
    role: str | None
    rule: str | None
    program: int


class ByRule:
    """Stands for a generator where all parts are made by rule."""

    description = RULES

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """Never asked."""
        raise BriefError("Rules write into pieces only by accompany.")


def accompany(
    score: Score,
    *,
    add: tuple[str, ...],
    style: str | None = None,
    model: str | None = None,
    chords: str | None = None,
    takes: int = 3,
    seed: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    repetition_penalty: float | None = None,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Add parts as new tracks; everything that is there stays as it is.

    Args:
      score: any piece.
      add: roles ("piano", "bridge", "chords", "alto") or instruments ("strings", "bass", "drums", "flute"). What the
        model has a role for, it writes; a bass, drums and a string pad are made by rule where it has none.
      chords: of the whole piece, repeated to fill it; None: those of the piece.
      style, model, takes, seed, temperature, top_k, repetition_penalty, generator, progress: as for `infill`.

    Raises:
      BriefError: a part is unknown or asked for twice, or neither model nor rule can make it.
      SnapshotError: the model is missing or damaged.
    """
    grid = music_of(score)
    names = tuple(name.strip().lower() for name in add if name.strip())
    if not names:
        raise BriefError("No part is named; write for example piano, bass, drums or strings.")
    if len(set(names)) < len(names):
        raise BriefError(f"A part is asked for twice in {', '.join(names)}.")
    suggested = _style_for(names, score) if style is None and model is None and generator is None else style
    if suggested == RULES.style:
        generator, suggested = ByRule(), None
    means, notes = means_of(
        score,
        style=suggested,
        model=model,
        takes=takes,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        repetition_penalty=repetition_penalty,
        generator=generator,
        progress=progress,
    )
    parts = planned(names, means.writer.description)
    which = _sounding(score, grid)
    marks = _harmony(score, grid, which, chords, means.writer.description.style, notes)
    work = _work(score, grid, which, parts, marks, means, notes)
    done = rewrite(work, means) if work.cells else _untouched(work, means)
    done = _with_rules(done, score, grid, which, parts, marks, means)
    if any(p.role is None for p in parts):
        made = listed([p.typed for p in parts if p.role is None])
        notes.append(f"Made by rule, from the chords and the rhythm of the piece: {made}.")
    final = done.takes[done.chosen]
    playing = [t.name for t in final.tracks[len(score.tracks) :] if len(t)]
    wish = Wish("added", list(names), playing, len(playing) == len(names), "new tracks that have notes")
    asked = {"add": list(names), "style": style, "model": model, "chords": chords}
    return answer_of("accompany", asked, score, work, done, means, notes, (wish,))


def _style_for(names: Sequence[str], score: Score) -> str:
    """The style whose roles are asked for and that knows the meter; that of the rules where no model is needed."""
    if any(name in ("soprano", "alto", "tenor") for name in names):
        return "chorale"
    if all(_rule(name) in ("bass", "drums") for name in names):
        return RULES.style
    return "folk" if "chords" in names or in_threes(score.meters[0][1:]) else "pop"


def _rule(name: str) -> str | None:
    """The rule that can make a part of this name."""
    if is_drum_name(name):
        return "drums"
    if name == "bass" or guess_program(name, -1) // 8 == FAMILIES.index("bass"):
        return "bass"
    return "strings" if FAMILIES[max(0, guess_program(name, 0)) // 8] in _PADS else None


def planned(names: Sequence[str], model: Description) -> list[Added]:
    """Who writes each part that is asked for.

    Raises:
      BriefError: a part is unknown, or nobody can write it.
    """
    found: list[Added] = []
    for name in names:
        taken = {p.role for p in found}
        program = guess_program(name, -1)
        rule = _rule(name)
        if name in model.roles and model is not RULES:
            found.append(Added(name, name, None, profile(name).program if name in PROFILES else max(0, program)))
            continue
        if program < 0 and rule is None and name not in PROFILES:
            raise BriefError(f"There is no instrument or role {name!r}; name for example piano, strings, flute, bass or drums.")
        kind = FAMILIES[max(0, program) // 8]
        chordal = profile(name).voices > 0 if name in PROFILES else kind in _CHORDAL
        wanted = ("piano", "chords") if chordal else ("bridge", "melody")
        role = next((r for r in wanted if r in model.roles and r not in taken), None) if rule in (None, "strings") else None
        if role is None and rule is None:
            raise BriefError(f"Model {model.name!r} writes {', '.join(model.roles)}; none of these is free for the {name}.")
        usual = {"bass": 33, "drums": 0, "strings": 48, None: 0}[rule]
        found.append(Added(name, role, rule if role is None else None, program if program >= 0 and name != rule else usual))
    return found


def _sounding(score: Score, bars: Sequence[Bar]) -> list[int]:
    """Bars from the first to the last in which the piece sounds."""
    first = min(int(t.notes["onset"].min()) for t in score.tracks if len(t))
    last = max(t.end for t in score.tracks)
    return [i for i, bar in enumerate(bars) if bar.stop > first and bar.start < last]


def _harmony(
    score: Score, bars: Sequence[Bar], which: Sequence[int], chords: str | None, style: str, notes: list[str]
) -> tuple[ChordMark, ...]:
    """The chords typed, those of the piece, or, below a bare melody, some that suit it."""
    typed = progression(chords)
    if typed is not None:
        return typed_over((), typed, bars, which)
    found = traits(score)
    pitched = [i for i, t in enumerate(score.tracks) if len(t) and not t.is_drum]
    if not score.chords and len(pitched) == 1 and found[pitched[0]].voices < SPLIT:
        marks = chords_below(score, leading(score, "melody"), style)
        notes.append(f"The chords are chosen for the melody: {listed([str(m.chord or 'N.C.') for m in marks], 12)}.")
        return marks
    return chords_of(score)


def _work(
    score: Score,
    bars: Sequence[Bar],
    which: Sequence[int],
    parts: Sequence[Added],
    marks: tuple[ChordMark, ...],
    means: Means,
    notes: list[str],
) -> Work:
    """The piece with new tracks, and those of them open that the model writes."""
    roles = means.writer.description.roles
    new: dict[str, Track] = {}
    whole = score
    for part in parts:
        if part.role is not None:
            program = part.program if part.typed != part.role else None
            track = new_track(part.role, _beside(score), roles, whole, program)
            new[part.role] = replace(track, name=free_name(part.typed, whole))
            whole = whole.with_tracks((*whole.tracks, new[part.role]))
    if not new:
        return Work(score, bars, {}, {}, marks)
    known = match(score, roles, barred=tuple(new))
    whole, cast = with_parts(score, known, new)
    notes.extend(cast_notes(score, known))
    cells = cells_of(bars, which, tuple(new), means, notes, strict=False, loose=True)
    notes.extend(stretch_notes(score, bars, sorted(cells)))
    return Work(whole, bars, cells, cast, marks, loose=True)


def _beside(score: Score) -> int:
    """Program of the piece's fullest pitched track."""
    pitched = [t for t in score.tracks if not t.is_drum]
    return max(pitched, key=len).program if pitched else 0


def _untouched(work: Work, means: Means) -> Written:
    """As many takes of the piece as it is, for rules to add to."""
    verdicts = (Verdict(i, take_seed(means.seed, i), float("nan"), 0.0, ()) for i in range(means.takes))
    return Written((work.score,) * means.takes, tuple(verdicts), 0)


def _with_rules(
    done: Written,
    score: Score,
    bars: Sequence[Bar],
    which: Sequence[int],
    parts: Sequence[Added],
    marks: Sequence[ChordMark],
    means: Means,
) -> Written:
    """The takes with the parts that are made by rule, in the order in which they were asked for."""
    if all(p.role is not None for p in parts):
        return done
    makers: Mapping[str, Callable[[np.random.Generator], NoteArray]] = {
        "bass": lambda rng: bass(score, bars, which, marks, rng),
        "drums": lambda rng: drums(score, bars, which, rng),
        "strings": lambda _: pad(score, bars, which, marks),
    }
    takes = []
    for i, take in enumerate(done.takes):
        rng = np.random.default_rng(np.random.SeedSequence(means.seed, spawn_key=(_RULE_STREAM, i)))
        for part in parts:
            if part.rule is not None:
                track = Track(free_name(part.typed, take), part.program, part.rule == "drums", makers[part.rule](rng))
                take = take.with_tracks((*take.tracks, track))
        takes.append(take)
    return replace(done, takes=tuple(takes))
