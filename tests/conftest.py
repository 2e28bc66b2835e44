"""What several rooms' tests share: a fake generator, which writes simple music without any model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import settings

from antiphon.generate.request import Description, Request, Take
from antiphon.music.harmony import Chord, Key
from antiphon.music.score import ChordMark, KeyMark, Meter, Score, Tempo, Track

# A change is judged by the same examples each time; `pytest --hypothesis-profile=search` draws others.
settings.register_profile("gate", derandomize=True)
settings.register_profile("search", derandomize=False, print_blob=True)
settings.load_profile("gate")


class FakeGenerator:
    """The fake twin of a snapshot: a wandering melody over held chords, all drawn from the take's seed alone."""

    def __init__(self, *, max_bars: int = 64, typical: dict[str, float] | None = None) -> None:
        card: dict[str, object] = {"data": "none", "licence": "none"}
        if typical is not None:
            card["typical"] = typical
        self.description = Description(
            "fake", "pop", "fake", ("melody", "bridge", "piano"), ((4, 4), (3, 4)), max_bars, card, "0" * 64
        )
        self.asked: list[Request] = []

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        self.asked.append(request)
        return [self._take(request, seed) for seed in seeds]

    def _take(self, request: Request, seed: int) -> Take:
        rng = np.random.default_rng(seed)
        meter = request.meter or (4, 4)
        key = request.key or Key(int(rng.integers(12)), bool(rng.integers(2)))
        tempo = request.tempo or float(rng.integers(80, 121))
        bar, place = 480 * 4 * meter[0] // meter[1], 7
        melody, piano, marks = [], [], []
        for i in range(request.bars):
            root = key.scale[int(rng.choice([0, 3, 4]))] if i < request.bars - 1 else key.tonic
            chord = Chord(root, "m" if key.minor else "") if request.chords is None else request.chords[i][0]
            marks.append(ChordMark(i * bar, chord))
            tones = chord.pitch_classes if chord is not None else ()
            piano += [(i * bar, bar, 48 + (pc - tones[0]) % 12 + tones[0] - 12 * (tones[0] > 6), 70) for pc in tones]
            for tick in range(i * bar, (i + 1) * bar, 480):
                place = int(np.clip(place + rng.integers(-2, 3), 0, 13))
                pitch = 60 + 12 * (place // 7) + (key.scale[place % 7] - key.tonic) % 12
                on_chord = min(range(60, 84), key=lambda p, t=pitch: (p % 12 not in tones, abs(p - t)))
                melody.append((tick, 460, on_chord if tick % bar == 0 and tones else pitch, int(rng.integers(70, 100))))
        wanted = request.tracks or self.description.roles
        parts = {"melody": Track("melody", 0, False, melody), "bridge": Track("bridge", 0, False, melody[::2])}
        parts["piano"] = Track("piano", 0, False, piano)
        tracks = tuple(parts[role] for role in self.description.roles if role in wanted)
        score = Score(480, tracks, (Tempo.from_qpm(0, tempo),), (Meter(0, *meter),), (KeyMark(0, key),), tuple(marks))
        return Take(score, -1.5 + 0.1 * float(rng.standard_normal()), seed)


@pytest.fixture
def fake() -> FakeGenerator:
    """A fake generator that writes up to 64 bars of pop."""
    return FakeGenerator()
