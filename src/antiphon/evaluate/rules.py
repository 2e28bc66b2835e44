"""Rules of harmony and voice leading over a set of pieces: the facts of each as statistics, and the worst bars in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from antiphon.evaluate.clip import STEPS_PER_QUARTER, Clip
from antiphon.music.measure import Facts, facts, faults, parallels
from antiphon.music.score import Meter, Score, Track, notes_array

LEAST_MOVES = 8
"""Simultaneous moves below which a share of parallels says nothing: one of one is no hundred per cent."""
CLOSES = ("authentic", "plagal", "half", "deceptive")


def clip_score(clip: Clip) -> Score:
    """The clip as a Score on the sixteenth grid, all programs piano, one track a role."""
    tracks = tuple(
        Track(p.role, 0, p.is_drum, notes_array(zip(p.onset.tolist(), p.duration.tolist(), p.pitch.tolist(), strict=True)))
        for p in clip.parts
    )
    quarters = clip.bar_quarters
    meter = next(((int(quarters * d / 4), d) for d in (4, 8, 16) if (quarters * d / 4).is_integer()), (4, 4))
    return Score(STEPS_PER_QUARTER, tracks, meters=(Meter(0, *meter),), length=clip.steps)


def rule_statistics(clip: Clip) -> dict[str, float]:
    """Facts of one clip by name, as columns beside the other statistics."""
    score = clip_score(clip)
    return _columns(facts(score), parallels(score)[1])


def _columns(found: Facts, moves: int) -> dict[str, float]:
    groups = max(1, -(-found.bars // 4))
    kinds = Counter(kind for _, kind in found.cadences)
    return {
        "out-of-key notes, strong beats": found.out_of_key_strong,
        "out-of-key notes, weak beats": found.out_of_key_weak,
        "non-chord notes, strong beats": found.non_chord_strong,
        "non-chord notes, weak beats": found.non_chord_weak,
        "parallel fifths and octaves, % of moves": found.parallels if moves >= LEAST_MOVES else float("nan"),
        "cadences a four-bar group": len(found.cadences) / groups,
        **{f"{close} cadences a group": kinds[close] / groups for close in CLOSES},
    }


def explain(scores: Sequence[Score], most: int = 12) -> list[tuple[str, int, list[str]]]:
    """For each piece its title, number of faults, and the first `most` of them in words."""
    out = []
    for i, score in enumerate(scores):
        found = faults(score)
        out.append((score.title or f"piece {i + 1}", len(found), [f.text for f in found[:most]]))
    return out
