"""300 random briefs: is every wish kept or reported, and how often do the notes agree with the chords that were typed?

Most are composed by a generator that scatters notes at random, which is the hardest case for what enforces the wishes; one
in five by the shipped models. Run: python benchmarks/briefs.py [--briefs 300] [--models 60] [--seed 0]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from antiphon.compose.agreement import agreeing
from antiphon.compose.brief import Brief, read_brief
from antiphon.compose.compose import compose
from antiphon.compose.document import document
from antiphon.compose.finish import finish
from antiphon.compose.mood import MOODS
from antiphon.compose.plan import plan, take_seed
from antiphon.errors import BriefError
from antiphon.generate.load import load
from antiphon.generate.request import Description, Generator, Request, Take
from antiphon.music.beats import duration_seconds
from antiphon.music.harmony import Key
from antiphon.music.score import KeyMark, Meter, Score, Tempo, Track

MEASURED = {
    "bars": ("bars",), "seconds": ("seconds",), "tempo": ("tempo",), "meter": ("meter",), "key": ("key",),
    "strict": ("strict key", "key"), "chords": ("chords",), "form": ("form",), "intro": ("form",), "outro": ("form",),
    "mood": ("mood",), "valence": ("mood",), "arousal": ("mood",), "energy": ("energy",), "density": ("density",),
    "track_density": ("density of",), "polyphony": ("polyphony of",), "instruments": ("instruments",),
    "ranges": ("range of",), "silences": ("silences",), "tracks": ("tracks",),
}  # fmt: skip
"""Field of a brief -> beginnings of the names of the wishes that report on it."""
SETTINGS = {"seed", "takes", "style", "model", "temperature", "top_k", "repetition_penalty", "on_conflict"}
ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
QUALITIES = ("", "m", "7", "m7", "maj7", "dim", "sus4", "m7b5", "6", "9")
NUMERALS = ("I", "ii", "iii", "IV", "V", "vi", "ii7", "V7", "bVII", "V65", "vi7", "V7/V")
PROGRESSIONS = (
    "Am F C G", "Dm7 | G7 | Cmaj7 | Cmaj7", "C G/B | Am7 | Dm7 G7 | C", "Em7 A7 | D | Bm7 E7 | A", "F#m D A E/G#",
    "Gm Eb Bb F", "I V vi IV", "ii7 V7 | I", "C E7 | Am D7 | G7 | C N.C.", "Cm7 | F7 | Bbmaj7 | Ebmaj7", "i VI III VII",
    "Asus4 A | D/A A | E7sus4 E7 | A",
)  # fmt: skip
INSTRUMENTS = ("violin", "flute", "harp", "cello", "piano", "clarinet", "nylon guitar", "string ensemble 1", "choir aahs")


class Scatter:
    """A generator that writes notes anywhere: at random pitches, lengths and sixteenths, in every role."""

    def __init__(self) -> None:
        self.description = Description(
            "scatter", "pop", "fake", ("melody", "bridge", "piano"), ((4, 4), (3, 4), (6, 8)), 64, {}, "0" * 64
        )

    def write(self, request: Request, seeds: Sequence[int]) -> list[Take]:
        """One take of noise for each seed."""
        return [self._take(request, seed) for seed in seeds]

    def _take(self, request: Request, seed: int) -> Take:
        rng = np.random.default_rng(seed)
        meter = request.meter or (4, 4)
        end = request.bars * 480 * 4 * meter[0] // meter[1]
        tracks = []
        for role in request.tracks or self.description.roles:
            count = int(end / 480 * rng.uniform(0.5, 2.5)) + 1
            onsets = rng.integers(0, max(1, end // 120), count) * 120
            notes = [
                (int(t), int(rng.integers(1, 12) * 120), int(rng.integers(36, 90)), int(rng.integers(40, 110))) for t in onsets
            ]
            unique = {(t, p): (t, d, p, v) for t, d, p, v in notes}
            tracks.append(Track(role, 0, False, list(unique.values())))  # type: ignore[arg-type]
        key = request.key or Key(int(rng.integers(12)), bool(rng.integers(2)))
        score = Score(480, tuple(tracks), (Tempo.from_qpm(0, 100),), (Meter(0, *meter),), (KeyMark(0, key),))
        return Take(score, -1.5, seed)


def random_brief(rng: np.random.Generator, model: Description, bars: tuple[int, int]) -> Brief:
    """A valid brief for a model, with two to eight wishes."""
    while True:
        wishes: dict[str, object] = {"seed": int(rng.integers(2**32)), "takes": 1}
        names = rng.choice(sorted(_DRAWN), size=int(rng.integers(2, 9)), replace=False)
        for name in names:
            wishes[str(name)] = _DRAWN[str(name)](rng, model, bars)
        wishes.setdefault("bars", int(rng.integers(*bars)))
        if "seconds" in wishes and rng.random() < 0.5:
            wishes.pop("bars")
            wishes["seconds"] = float(np.round(rng.uniform(6, 20), 2))
            wishes.setdefault("tempo", float(rng.integers(70, 140)))
        if wishes.get("strict") and rng.random() < 0.8:
            wishes["on_conflict"] = str(rng.choice(["key", "chords"]))
        try:
            return read_brief(**wishes)  # type: ignore[arg-type]
        except BriefError:
            continue  # wishes that exclude each other; drawn anew


def _typed(rng: np.random.Generator) -> str:
    def symbol() -> str:
        if rng.random() < 0.05:
            return "N.C."
        chord = str(rng.choice(ROOTS)) + str(rng.choice(QUALITIES))
        return chord + "/" + str(rng.choice(ROOTS)) if rng.random() < 0.15 else chord

    bars = [" ".join(symbol() for _ in range(int(rng.choice([1, 1, 2])))) for _ in range(int(rng.integers(2, 5)))]
    return " | ".join(bars)


def _curve(rng: np.random.Generator) -> list[float]:
    return np.round(rng.uniform(0.1, 0.9, int(rng.integers(1, 4))), 2).tolist()


_DRAWN = {
    "bars": lambda r, m, b: int(r.integers(*b)),
    "seconds": lambda r, m, b: float(np.round(r.uniform(6, 30), 2)),
    "tempo": lambda r, m, b: float(r.integers(60, 160)),
    "meter": lambda r, m, b: "/".join(str(x) for x in m.meters[int(r.integers(len(m.meters)))]),
    "key": lambda r, m, b: f"{r.choice(ROOTS)} {r.choice(['major', 'minor'])}",
    "strict": lambda r, m, b: True,
    "chords": lambda r, m, b: _typed(r) if r.random() < 0.7 else " ".join(r.choice(NUMERALS, 4)),
    "form": lambda r, m, b: str(r.choice(["AABA", "ABA", "AB", "i1A2B2o1", "A2A2"])),
    "intro": lambda r, m, b: int(r.integers(0, 3)),
    "outro": lambda r, m, b: int(r.integers(0, 3)),
    "mood": lambda r, m, b: str(r.choice(sorted(MOODS))),
    "valence": lambda r, m, b: _curve(r),
    "arousal": lambda r, m, b: _curve(r),
    "energy": lambda r, m, b: _curve(r),
    "density": lambda r, m, b: _curve(r),
    "track_density": lambda r, m, b: {str(r.choice(m.roles)): float(np.round(r.uniform(0.1, 0.8), 2))},
    "polyphony": lambda r, m, b: {str(r.choice(m.roles)): int(r.integers(1, 5))},
    "instruments": lambda r, m, b: [str(x) for x in r.choice(INSTRUMENTS, int(r.integers(1, 4)), replace=False)],
    "ranges": lambda r, m, b: {str(r.choice(m.roles)): f"C{r.integers(2, 4)}-A{r.integers(4, 6)}"},
    "silences": lambda r, m, b: [f"{r.choice(m.roles)} in {r.choice(['bar 1', 'bars 1-2', 'intro', 'B'])}"],
    "tracks": lambda r, m, b: [str(x) for x in r.choice(m.roles, int(r.integers(1, len(m.roles) + 1)), replace=False)],
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Compose to random briefs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--briefs", type=int, default=300)
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--typed", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    began = time.process_time()
    for title, count, generators, bars in (
        ("scattered notes", options.briefs - options.models, [Scatter()], (2, 17)),
        (
            "shipped models",
            options.models,
            [load(name) for name in ("pop", "folk", "chorale")] if options.models else [],
            (2, 7),
        ),
    ):
        if count:
            _report(title, _run(rng, count, generators, bars))
    if options.typed:
        _typed_chords(options.typed)
    print(f"\n{time.process_time() - began:.0f} CPU seconds")


def _typed_chords(count: int) -> None:
    """Agreement with typed progressions that a musician would type, as each model writes and after the repair."""
    print(f"\ntyped chords, {count} pieces of 8 bars a model: bars that agree as written, and as finished; notes changed")
    for style in ("pop", "folk", "chorale"):
        generator = load(style)
        raw: list[bool] = []
        done: list[bool] = []
        changed = notes = 0
        for i in range(count):
            brief = read_brief(seed=i, bars=8, takes=1, chords=PROGRESSIONS[i % len(PROGRESSIONS)])
            intent = plan(brief, generator.description)
            take = generator.write(intent.request, [take_seed(brief.seed, 0)])[0].score
            score = finish(take, intent, generator.description)
            chords = intent.request.chords or ()
            for found, piece in ((raw, take), (done, score)):
                bar = piece.meters[0].bar_ticks(piece.resolution)
                found += [a for a in agreeing(piece, chords, intent.meter, bar) if a is not None]
            before, after = ({(t.name, *n[:3]) for t in s.tracks for n in t} for s in (take, score))
            changed, notes = changed + len(before - after), notes + len(before)
        print(
            f"  {style:8s} {len(done)} bars: {np.mean(raw):6.1%} as written, {np.mean(done):6.1%} finished; "
            f"{changed} of {notes} notes changed ({changed / notes:.1%})"
        )


def _run(rng: np.random.Generator, count: int, generators: Sequence[Generator], bars: tuple[int, int]) -> dict[str, object]:
    kept: dict[str, Counter[bool]] = defaultdict(Counter)
    why: dict[str, Counter[str]] = defaultdict(Counter)
    lost: list[str] = []
    refused: Counter[str] = Counter()
    agreed = compared = 0
    off: list[float] = []
    for i in range(count):
        generator = generators[i % len(generators)]
        brief = random_brief(rng, generator.description, bars)
        try:
            piece = compose(brief, generator)
        except BriefError as error:
            refused[" ".join(str(error).split()[-6:])] += 1
            continue
        names = [wish.name for wish in piece.wishes]
        for field in document(brief).keys() - SETTINGS:
            value = getattr(brief, field, None)
            if field in ("intro", "outro") and value == 0:
                continue
            if not any(name.startswith(start) for start in MEASURED[field] for name in names):
                lost.append(field)
        for wish in piece.wishes:
            name = " ".join(wish.name.split()[:2]) if " of " in wish.name else wish.name
            kept[name][wish.kept] += 1
            if not wish.kept:
                why[name][wish.why if len(wish.why) < 70 else wish.why[:67] + "..."] += 1
        if brief.seconds is not None:
            off.append(abs(duration_seconds(piece.score) - brief.seconds))
        chords = piece.plan.request.chords
        if chords is not None and (brief.chords is not None or brief.numerals is not None):
            bar = piece.score.meters[0].bar_ticks(piece.score.resolution)
            found = [a for a in agreeing(piece.score, chords, piece.plan.meter, bar) if a is not None]
            agreed, compared = agreed + sum(found), compared + len(found)
    return {
        "kept": kept,
        "why": why,
        "lost": lost,
        "refused": refused,
        "agreed": (agreed, compared),
        "off": off,
        "count": count,
    }


def _report(title: str, result: dict[str, object]) -> None:
    kept, why, refused = result["kept"], result["why"], result["refused"]
    assert isinstance(kept, dict) and isinstance(why, dict) and isinstance(refused, Counter)
    composed = int(str(result["count"])) - sum(refused.values())
    print(f"\n{title}: {result['count']} briefs, {composed} composed, {sum(refused.values())} refused in one sentence")
    for reason, n in refused.most_common(5):
        print(f"    {n:4d}  ... {reason}")
    print(f"  {'wish':16s} {'asked':>6s} {'kept':>6s}  reported as not kept, because")
    for name in sorted(kept):
        total = sum(kept[name].values())
        reasons = "; ".join(f"{n}x {text}" for text, n in why[name].most_common(3)) if name in why else ""
        print(f"  {name:16s} {total:6d} {kept[name][True] / total:6.1%}  {reasons}")
    agreed, compared = result["agreed"]  # type: ignore[misc]
    off = [float(x) for x in result["off"]]  # type: ignore[attr-defined]
    lost = result["lost"]
    print(f"  silently lost: {len(lost)} {sorted(set(lost)) if lost else ''}")  # type: ignore[arg-type, call-overload]
    print(f"  typed chords: {agreed} of {compared} bars agree ({agreed / max(1, compared):.1%})")
    if off:
        print(f"  seconds: {sum(x <= 0.01 for x in off)} of {len(off)} within 10 ms, the worst off by {max(off):.4f} s")


if __name__ == "__main__":
    sys.exit(main())
