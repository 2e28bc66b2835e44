"""Floors and damages: clips spoiled in one known way, to show what a measure can and cannot notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from antiphon.evaluate.clip import Clip, Part

Damage = Callable[[Sequence[Clip], np.random.Generator], list[Clip]]


def _part(part: Part, onset: np.ndarray | None = None, pitch: np.ndarray | None = None, steps: int = 0) -> Part:
    """The part with other onsets or pitches, sorted, within `steps`; exact times follow the grid."""
    onset = part.onset if onset is None else onset
    pitch = part.pitch if pitch is None else pitch
    duration = np.maximum(np.minimum(part.duration, steps - onset), 1) if steps else part.duration
    order = np.lexsort((-duration, pitch, onset))
    keep = np.ones(len(order), dtype=bool)
    keep[1:] = (np.diff(onset[order]) != 0) | (np.diff(pitch[order]) != 0)
    order = order[keep]
    exact = np.stack([onset, duration], axis=1) / 4.0
    return part._replace(onset=onset[order], duration=duration[order], pitch=pitch[order], exact=exact[order])


def _renewed(clip: Clip, parts: Sequence[Part]) -> Clip:
    return replace(clip, parts=tuple(parts))


def wrong_notes(clips: Sequence[Clip], rng: np.random.Generator, share: float = 0.05) -> list[Clip]:
    """That share of notes moved by one or two semitones."""
    out = []
    for clip in clips:
        parts = []
        for part in clip.parts:
            hit = rng.random(len(part.pitch)) < share
            move = rng.choice([-2, -1, 1, 2], len(part.pitch))
            parts.append(part if part.is_drum else _part(part, pitch=np.clip(part.pitch + hit * move, 0, 127)))
        out.append(_renewed(clip, parts))
    return out


def jitter(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """Every onset stays or moves a sixteenth earlier or later, with equal chance."""
    return [
        _renewed(
            c,
            [
                _part(p, onset=np.clip(p.onset + rng.integers(-1, 2, len(p.onset)), 0, c.steps - 1), steps=c.steps)
                for p in c.parts
            ],
        )
        for c in clips
    ]


def shuffled_pitches(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """The pitches of each part dealt out anew among its notes: pitch counts and rhythm stay, melody and harmony go."""
    return [_renewed(c, [_part(p, pitch=rng.permutation(p.pitch)) for p in c.parts]) for c in clips]


def other_melody(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """The part that leads by name or register taken from another piece."""
    out = []
    for clip, other in zip(clips, _strangers(clips, rng), strict=True):
        lead = lead_part(clip)
        out.append(
            _renewed(clip, [o if i == lead else p for i, (p, o) in enumerate(zip(clip.parts, other.parts, strict=True))])
        )
    return out


def lead_part(clip: Clip) -> int:
    """Place of the part named "melody", else of the first part that is not drums."""
    names = [p.role for p in clip.parts]
    return names.index("melody") if "melody" in names else next((i for i, p in enumerate(clip.parts) if not p.is_drum), 0)


def shuffled_bars(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """The bars of each clip in another order; all parts move together."""
    return [_from_bars([(clip, int(b)) for b in rng.permutation(clip.bars)]) for clip in clips]


def bars_of_others(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """Each bar taken, at its own place, from another piece."""
    pool = [c for c in clips if c.bar_steps == clips[0].bar_steps and c.bars == clips[0].bars]
    return [_from_bars([(pool[int(rng.integers(len(pool)))], b) for b in range(pool[0].bars)], c.group) for c in clips]


def looped_bar(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """One bar of each clip, over and over."""
    return [_from_bars([(c, int(b))] * c.bars) for c, b in zip(clips, rng.integers(0, clips[0].bars, len(clips)), strict=True)]


def collapsed(clips: Sequence[Clip], rng: np.random.Generator, left: int = 10) -> list[Clip]:
    """A set of the same size that holds only `left` different clips, each under many names."""
    few = [clips[int(i)] for i in rng.choice(len(clips), min(left, len(clips)), replace=False)]
    return [replace(few[i % len(few)], group=f"{clips[i].group}") for i in range(len(clips))]


def random_notes(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """As many notes in each part, at random places and random pitches within the part's range."""
    out = []
    for clip in clips:
        parts = []
        for p in clip.parts:
            low, high = (int(p.pitch.min()), int(p.pitch.max())) if len(p.pitch) else (60, 60)
            parts.append(
                _part(p, rng.integers(0, clip.steps, len(p.onset)), rng.integers(low, high + 1, len(p.onset)), clip.steps)
            )
        out.append(_renewed(clip, parts))
    return out


def unchanged(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """No damage: other real music."""
    return list(clips)


def _strangers(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """For each clip one of another piece with the same meter (the clip itself where there is none)."""
    out = []
    for clip in clips:
        for _ in range(50):
            other = clips[int(rng.integers(len(clips)))]
            if other.group != clip.group and (other.bar_steps, other.bars) == (clip.bar_steps, clip.bars):
                break
        else:
            other = clip
        out.append(other)
    return out


def _from_bars(places: Sequence[tuple[Clip, int]], group: str | None = None) -> Clip:
    """A clip strung together from (clip, bar) places; notes keep their length, so a cut at bar lines gives nothing away."""
    first, size = places[0][0], places[0][0].bar_steps
    parts = []
    for r, model in enumerate(first.parts):
        onset, duration, pitch = [], [], []
        for at, (clip, bar) in enumerate(places):
            p = clip.parts[r]
            inside = (p.onset >= bar * size) & (p.onset < (bar + 1) * size)
            onset.append(p.onset[inside] + (at - bar) * size)
            duration.append(p.duration[inside])
            pitch.append(p.pitch[inside])
        joined = model._replace(onset=np.concatenate(onset), duration=np.concatenate(duration), pitch=np.concatenate(pitch))
        parts.append(_part(joined, steps=len(places) * size))
    return replace(first, parts=tuple(parts), group=first.group if group is None else group)


DAMAGES: dict[str, Damage] = {
    "none (other half)": unchanged,
    "5% wrong notes": wrong_notes,
    "onsets jittered a sixteenth": jitter,
    "pitches shuffled in each part": shuffled_pitches,
    "melody of another song": other_melody,
    "bars shuffled": shuffled_bars,
    "each bar of another song": bars_of_others,
    "one bar looped": looped_bar,
    "mode collapse to ten pieces": collapsed,
    "random notes": random_notes,
}
