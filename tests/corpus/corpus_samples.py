"""Small corpora in the layouts that the readers know, made note by note, so that tests can tell what must come out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from antiphon.io import midi
from antiphon.music.harmony import Chord
from antiphon.music.score import Score, Track

SIXTEENTH = 55
CHORDS = (("C:maj", 0, (0, 4, 7)), ("A:min", 9, (9, 0, 4)), ("F:maj", 5, (5, 9, 0)), ("G:maj/3", 11, (7, 11, 2)))


def melody(bars: int, seed: int = 0) -> list[tuple[int, int]]:
    """(onset in sixteenths, pitch): eight eighths a bar, the first of every bar left out."""
    rng = np.random.default_rng(seed)
    return [
        (16 * b + 2 * k, int(p))
        for b in range(bars)
        for k, p in enumerate(rng.choice([60, 62, 64, 65, 67, 69, 71, 72], 8))
        if k
    ]


def pop909(folder: Path, number: str, *, bars: int = 16, shift: int = 20, extra_at: int | None = None, seed: int = 0) -> None:
    """One song whose notes lie `shift` sixteenths after the labels, and eight more from bar `extra_at` on."""
    labels = melody(bars, seed)

    def played(at: int) -> int:
        return at + shift + (8 if extra_at is not None and at >= 16 * extra_at else 0)

    tune = [(played(t) * SIXTEENTH, SIXTEENTH, p, 100) for t, p in labels]
    piano = [
        (played(16 * b + 4 * k) * SIXTEENTH, 4 * SIXTEENTH, 48 + pc, 70)
        for b in range(bars)
        for k in range(4)
        for pc in CHORDS[b % 4][2]
    ]
    bridge = [(max(0, played(0) - 2) * SIXTEENTH, SIXTEENTH, 76, 90)]
    tracks = (Track("MELODY", 0, False, tune), Track("BRIDGE", 0, False, bridge), Track("PIANO", 0, False, piano))
    (folder / "score_quantised").mkdir(parents=True, exist_ok=True)
    (folder / "score_quantised" / f"{number}.mid").write_bytes(midi.dumps(Score(220, tracks)))
    place = folder / "structure" / number
    place.mkdir(parents=True)
    lines, at = [], 0
    for t, p in labels:
        if t > at:
            lines.append(f"0 {t - at}")
        lines.append(f"{p} 1")
        at = t + 1
    (place / "melody.txt").write_text("\n".join(lines) + "\n")
    chords = [f"{name} {sorted(tones)} {bass} 4 " for name, bass, tones in CHORDS]
    (place / "finalized_chord.txt").write_text("\n".join(chords[b % 4] for b in range(bars)) + "\n")
    (place / "analyzed_key.txt").write_text("C:maj")
    (place / "human_label1.txt").write_text(f"i4A{bars - 8}o4\n")
    (place / "human_label2.txt").write_text(f"i4A{bars - 4}\n")
    (place / "tempo.txt").write_text("75")
    with (folder / "index.csv").open("a", encoding="utf-8") as index:
        if index.tell() == 0:
            index.write("song_id,name,artist,modify_times,num_beats_per_measure,num_quavers_per_beat\n")
        index.write(f"{number},歌{number},Somebody,1,2,2\n")


def jsb(folder: Path, pieces: int = 2) -> None:
    """Chorales of 36 steps (a pickup of a quarter, two bars): the same chord shape moved up by a tone for every piece."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    data = {}
    for split in ("train", "valid", "test"):
        data[split] = []
        for _ in range(pieces):
            roots = np.repeat(rng.choice([0, 2, 4, 5, 7], 9), 4)
            data[split].append([[int(r) + 72, int(r) + 67, int(r) + 64, int(r) + 48] for r in roots])
    (folder / "Jsb16thSeparated.json").write_text(json.dumps(data))


def nottingham(folder: Path, names: tuple[str, ...] = ("ashover1", "reelsa-c12", "jigs7")) -> None:
    """Tunes with a melody and block chords C, F, G7, C, a bar of 4/4 each, after a pickup."""
    (folder / "MIDI").mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        rng = np.random.default_rng(seed)
        tune = [(1440 + 480 * i, 480, int(p), 90) for i, p in enumerate(rng.choice([67, 69, 71, 72, 74, 76], 33))]
        chords = (Chord(0), Chord(5), Chord(7, "7"), Chord(0))
        block = [
            (1920 * (i + 1), 1920, 36 + pc + 12 * (pc < c.root), 70) for i, c in enumerate(chords * 2) for pc in c.pitch_classes
        ]
        score = Score(480, (Track("", 0, False, tune), Track("", 0, False, block)))
        (folder / "MIDI" / f"{name}.mid").write_bytes(midi.dumps(score))


def random_song(seed: int, notes: int = 60) -> Score:
    """A two-track piece unlike that of any other seed, on a sixteenth grid."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, base in (("melody", 72), ("bass", 45)):
        onset = np.cumsum(rng.choice([120, 240, 480], notes)) - 120
        rows = zip(
            onset.tolist(), (base + rng.integers(-9, 10, notes)).tolist(), rng.integers(40, 100, notes).tolist(), strict=True
        )
        parts.append(Track(name, 0, False, [(o, 120, p, v) for o, p, v in rows]))
    return Score(480, tuple(parts))
