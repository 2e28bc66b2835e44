"""A fake generator that infills: openings are filled with seeded chord tones, everything else comes back as it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from antiphon.generate.request import Description, Opening, Request, Take
from antiphon.music.edit import without_overlaps
from antiphon.music.harmony import Key
from antiphon.music.score import NOTE, Meter, Score, Track, notes_array

POP = ("melody", "bridge", "piano")
CHORALE = ("soprano", "alto", "tenor", "bass")
FOLK = ("melody", "chords")
CENTRES = {"melody": 70, "bridge": 67, "piano": 57, "soprano": 70, "alto": 64, "tenor": 58, "bass": 48, "chords": 55}


class FillingGenerator:
    """Writes two notes a beat into each opening, drawn by the seed from the chord given there, else from the key."""

    def __init__(
        self,
        style: str = "pop",
        roles: tuple[str, ...] = POP,
        meters: tuple[tuple[int, int], ...] = ((4, 4), (3, 4)),
        max_bars: int = 256,
        infills: bool = True,
    ) -> None:
        self.description = Description(
            f"filling-{style}", style, "fake", roles, meters, max_bars, {}, "0" * 64, infills=infills
        )
        self.asked: list[Request] = []

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        self.asked.append(request)
        return [Take(self._filled(request, np.random.default_rng(seed)), -1.0, seed) for seed in seeds]

    def _filled(self, request: Request, rng: np.random.Generator) -> Score:
        given, openings = request.given, request.openings
        if given is None:
            length = request.bars * Meter(0, *(request.meter or (4, 4))).bar_ticks(480)
            given = Score(480, (), (), (Meter(0, *(request.meter or (4, 4))),), length=length)
            openings = (Opening(0, request.bars, request.tracks or self.description.roles),)
        assert request.meter in self.description.meters
        assert all(t.name in self.description.roles for t in given.tracks)
        bar = given.meters[0].bar_ticks(given.resolution)
        assert given.end == request.bars * bar
        parts = {t.name: t for t in given.tracks}
        for opening in openings:
            for role in opening.roles:
                old = parts.get(role) or Track(role)
                rows = []
                for i in range(opening.first, opening.stop):
                    chord = request.chords[i][0] if request.chords else None
                    scale = (request.key or Key(0)).scale
                    classes = chord.pitch_classes if chord is not None else (scale[0], scale[2], scale[4])
                    for tick in range(i * bar, (i + 1) * bar, given.resolution // 2):
                        centre = CENTRES.get(role, 60) + int(rng.integers(-7, 8))
                        pitch = next(p for d in range(12) for p in (centre + d, centre - d) if p % 12 in classes)
                        rows.append((tick, given.resolution // 2, pitch, int(rng.integers(50, 100))))
                outside = np.array(
                    [not opening.first * bar <= o < opening.stop * bar for o in old.notes["onset"].tolist()], dtype=bool
                )
                kept = old.notes[outside] if len(old) else np.zeros(0, NOTE)
                parts[role] = replace(old, notes=without_overlaps(np.concatenate([kept, notes_array(rows)])))
        return given.with_tracks(parts[r] for r in self.description.roles if r in parts)


def chorale() -> FillingGenerator:
    """A fake choir."""
    return FillingGenerator("chorale", CHORALE, ((4, 4),))


def folk() -> FillingGenerator:
    """A fake fiddler with a guitar."""
    return FillingGenerator("folk", FOLK, ((4, 4), (6, 8), (3, 4), (2, 4), (9, 8)))
