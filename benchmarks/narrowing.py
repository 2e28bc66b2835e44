"""What top-k and the repetition penalty do to a sequence model's pieces: repeated pitches, notes foreign to the key, nats.

Run: python benchmarks/narrowing.py [MODEL] [TAKES]
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence

import numpy as np

from antiphon.generate.load import load
from antiphon.generate.request import Request, Take
from antiphon.generate.writing import LATELY
from antiphon.music.harmony import Key

BARS = 8
SETTINGS = ((1.0, 0), (1.5, 0), (2.0, 0), (4.0, 0), (1.0, 5), (1.0, 1), (4.0, 1))
"""Repetition penalty, and top-k, of each line."""


def shares(takes: Sequence[Take], role: str) -> tuple[float, float, float]:
    """Of a role's notes: the shares with the pitch of the note before, with one of the last LATELY, and foreign to the key."""
    told = []
    for take in takes:
        recent: deque[int] = deque(maxlen=LATELY)
        for track in take.score.tracks:
            for pitch in track.notes["pitch"].tolist() if track.name == role else ():
                last = recent[-1] if recent else None
                told.append((pitch == last, pitch in recent, pitch % 12 not in Key(0).scale))
                recent.append(pitch)
    before, lately, foreign = np.mean(told, axis=0).tolist()
    return before, lately, foreign


def main(model: str = "pop", takes: int = 32) -> None:
    """Print one line of a table for each setting."""
    writer = load(model)
    roles = (writer.description.roles[0], writer.description.roles[-1])
    heads = [f" {role}: as the one before | as one of the last {LATELY} | foreign |" for role in roles]
    print(f"| penalty | top-k |{''.join(heads)} nats |")
    for penalty, top_k in SETTINGS:
        found = writer.write(Request(BARS, key=Key(0), top_k=top_k, repetition_penalty=penalty), range(takes))
        cells = [f"{share:.3f}" for role in roles for share in shares(found, role)]
        nats = -float(np.mean([take.log_likelihood for take in found]))
        print(f"| {penalty:g} | {top_k or 'all'} | {' | '.join(cells)} | {nats:.2f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "pop", int(sys.argv[2]) if len(sys.argv) > 2 else 32)
