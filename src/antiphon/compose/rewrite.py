"""The one way in which every task writes: windows around what is open, a request for each, takes put back and judged."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from antiphon.compose.critique import Reason, Verdict, judge
from antiphon.compose.critique_rank import choose
from antiphon.compose.fit import Bar, Cells, Window, given, windows
from antiphon.compose.fixed import Fixed
from antiphon.compose.heard import by_bar, key_of
from antiphon.compose.plan import take_seed
from antiphon.compose.putback import cleared, level, put_back, remarked
from antiphon.compose.repair import repair
from antiphon.compose.roles import Part
from antiphon.compose.seams import missed, seam_reasons
from antiphon.errors import BriefError
from antiphon.generate.request import Generator, Request, Take
from antiphon.music.beats import tempo_at
from antiphon.music.score import ChordMark, Meter, Score

_WINDOW_STREAM = 2


@dataclass(frozen=True, slots=True)
class Means:
    """Who writes, how many takes, from which seed, how boldly and from how many options, and whom to tell what begins now."""

    writer: Generator
    takes: int
    seed: int
    temperature: float
    tell: Callable[[str], None]
    top_k: int = 0
    repetition_penalty: float = 1.0

    @property
    def told(self) -> dict[str, object]:
        """The numbers that were asked for, by name."""
        usual = {"temperature": 1.0, "top_k": 0, "repetition_penalty": 1.0}
        return {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}


@dataclass(frozen=True, slots=True)
class Work:
    """A piece with parts of it open.

    Attributes:
      score: the piece, tracks for new roles added.
      bars: its bars; cells: which roles are open in which of them; parts: what plays each role.
      chords: the harmony, in ticks of the file.
      free: whether the generator writes its own harmony where bars are open; else the chords bind there.
      loose: whether a meter may run across the model's bar lines.
    """

    score: Score
    bars: Sequence[Bar]
    cells: Cells
    parts: Mapping[str, Part]
    chords: tuple[ChordMark, ...]
    free: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """Every take as a whole piece, the critic on each, the index of the best, what it copies, and notes on the choice."""

    takes: tuple[Score, ...]
    verdicts: tuple[Verdict, ...]
    chosen: int
    originality: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def rewrite(work: Work, means: Means) -> Written:
    """Write what is open: window after window, each knowing what the one before it got; several takes side by side.

    Raises:
      BriefError: the generator cannot write into a given piece.
    """
    model = means.writer.description
    if not model.infills:
        raise BriefError(f"Model {model.name!r} writes whole pieces only; choose one that can work on a given piece.")
    found = windows(work.bars, work.cells, work.score.resolution, model.meters, model.max_bars, work.loose)
    blank = work.score
    for window in found:
        blank = cleared(blank, work.parts, window.spans)
    pieces = [blank] * means.takes
    judged: list[list[Verdict]] = [[] for _ in pieces]
    for number, window in enumerate(found):
        means.tell(
            f"writing {means.takes} take{'s' * (means.takes > 1)} of bars {window.changed[0] + 1} to {window.changed[1] + 1}"
        )
        requests = [_request(work, piece, window, model.roles, means) for piece in pieces]
        takes = _heard_again(means, requests, _takes(means, requests, number))
        scores = [voiced_well(take.score, window) for take in takes]
        levels = {role: level(work.score, work.parts[role], window) for role in window.spans}
        pieces = [put_back(p, work.parts, window, s, levels) for p, s in zip(pieces, scores, strict=True)]
        if work.free and work.score.chords:
            pieces = [remarked(p, window, t.score.chords) for p, t in zip(pieces, takes, strict=True)]
        closed = replace(window, spans={})
        bound = () if work.free else work.chords
        seen = [given(p, work.parts, closed, r.key, bound, model.roles) for p, r in zip(pieces, requests, strict=True)]
        for row, verdict in zip(judged, judge(takes, seen, model, requests[0]), strict=True):
            row.append(replace(verdict, weakest=in_file(verdict.weakest, window)))
        for row, piece in zip(judged, seen, strict=True):
            row[-1] = _with(row[-1], seam_reasons(piece, window.openings, window.bars))
    verdicts = tuple(_together(i, take_seed(means.seed, i), rows) for i, rows in enumerate(judged))
    ranking = choose(verdicts, pieces, means.writer, before=blank)
    return Written(tuple(pieces), ranking.verdicts, ranking.chosen, ranking.originality, ranking.notes)


def _request(work: Work, piece: Score, window: Window, roles: Sequence[str], means: Means) -> Request:
    key = key_of(work.score, window.start, window.stop)
    here = {role: part for role, part in work.parts.items() if role in roles}
    told = given(piece, here, window, key, work.chords, roles)
    opened = {role for opening in window.openings for role in opening.roles}
    playing = tuple(r for r in roles if r in opened or any(t.name == r and len(t) for t in told.tracks))
    alone = Request(
        bars=window.bars,
        meter=window.meter,
        key=key,
        chords=None if work.free else by_bar(work.chords, window),
        tracks=playing,
        tempo=tempo_at(piece, window.start).qpm,
        temperature=means.temperature,
        top_k=means.top_k,
        repetition_penalty=means.repetition_penalty,
    )
    if told.note_count == 0:
        return alone  # nothing stays that the model could hear: it writes these bars as a piece of their own
    return replace(alone, given=told, openings=window.openings, free_harmony=work.free)


def _takes(means: Means, requests: Sequence[Request], number: int) -> list[Take]:
    """One take for each request; equal requests are written side by side."""
    seeds = [window_seed(means.seed, i, number) for i in range(means.takes)]
    if all(request == requests[0] for request in requests[1:]):
        return means.writer.write(requests[0], seeds)
    return [means.writer.write(request, [seed])[0] for request, seed in zip(requests, seeds, strict=True)]


def _heard_again(means: Means, requests: Sequence[Request], takes: Sequence[Take]) -> list[Take]:
    """The takes, in which parts that fell silent without need were written once more, with the rest of the take in view."""
    done = []
    for request, take in zip(requests, takes, strict=True):
        silent = missed(take.score, request.openings, request.bars) if request.given is not None else ()
        if silent and any(len(track) for track in take.score.tracks):
            again = replace(request, given=take.score, openings=silent, free_harmony=False)
            take = replace(means.writer.write(again, [take.seed])[0], log_likelihood=take.log_likelihood)
        done.append(take)
    return done


def _with(verdict: Verdict, more: Sequence[Reason]) -> Verdict:
    """The verdict with further reasons."""
    return replace(verdict, penalty=verdict.penalty + sum(r.points for r in more), reasons=(*verdict.reasons, *more))


def voiced_well(score: Score, window: Window) -> Score:
    """What a choir was given and wrote, its new notes moved where the voice leading asks for it; other pieces as they are."""
    if "soprano" not in {track.name for track in score.tracks}:
        return score
    length = Meter(0, *window.meter).bar_ticks(score.resolution)
    stays = []
    for track in score.tracks:
        opened = [(o.first * length, o.stop * length) for o in window.openings if track.name in o.roles]
        kept = np.ones(len(track), dtype=bool)
        for a, b in opened:
            kept &= (track.notes["onset"] < a) | (track.notes["onset"] >= b)
        stays.append(kept)
    voices = tuple(t.name for t in score.tracks if len(t))
    return repair(score, Fixed(notes=tuple(stays)), voices)[0]


def window_seed(seed: int, take: int, window: int) -> int:
    """Seed of one take of one window; of the first window it is the take's own seed."""
    if window == 0:
        return take_seed(seed, take)
    return int(np.random.SeedSequence(seed, spawn_key=(_WINDOW_STREAM, take, window)).generate_state(1)[0])


def _together(take: int, seed: int, rows: Sequence[Verdict]) -> Verdict:
    """One verdict of a take over all its windows: likelihoods averaged, penalties averaged, reasons once each."""
    finite = [row.log_likelihood for row in rows if math.isfinite(row.log_likelihood)]
    reasons: dict[str, Reason] = {}
    for row in rows:
        for reason in row.reasons:
            known = reasons.get(reason.text)
            points = reason.points / len(rows) + (known.points if known is not None else 0.0)
            reasons[reason.text] = replace(reason, points=points)
    told = tuple(reasons.values())
    likelihood = float(np.mean(finite)) if finite else float("nan")
    weakest = max((row for row in rows if row.weakest), key=lambda row: row.penalty, default=rows[0]).weakest
    return Verdict(take, seed, likelihood, sum(r.points for r in told), told, weakest, any(row.copies for row in rows))


def in_file(said: str, window: Window) -> str:
    """A sentence on bars of a window, with the numbers that these have in the file; empty where they have none."""
    first = window.begins
    return "" if first is None else re.sub(r"\b([Bb]ars? )(\d+)", lambda m: f"{m[1]}{int(m[2]) + first}", said)
