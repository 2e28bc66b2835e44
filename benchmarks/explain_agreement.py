"""How far `antiphon explain` agrees with experts' numerals and with music21's key finding, on chorales of music21's corpus.

    python benchmarks/explain_agreement.py [--chorales 30]

Of the chorales, twenty carry an analysis by hand (keys and numerals with their beats); all are given to music21's key finder.
Read are every chord that the analysis names, at its own tick.
"""

from __future__ import annotations

import argparse
import re
import warnings
from pathlib import Path
from typing import Any

import music21
import numpy as np

from antiphon.compose.explain_harmony import harmonies, heard_chords, key_at, key_spans, main_key
from antiphon.music.beats import bar_starts
from antiphon.music.harmony import Key, parse_key
from antiphon.music.score import Meter, Score, Track

Named = tuple[float, Key, str]
"""Offset in quarter notes, key and numeral of an analysed chord."""


def key_named(text: str) -> Key:
    """A key as analyses write it: "G", "e", "Bb", "f#"."""
    return parse_key(text.replace("-", "b"))


def analysis(path: Path, offsets: dict[int, float]) -> tuple[str, list[Named]]:
    """The work's BWV number and its chords with their keys."""
    work, key, out = "", Key(0), []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("BWV:"):
            work = line.partition(":")[2].strip()
        match = re.match(r"m(\d+) (.*)", line)
        if not match or int(match[1]) not in offsets:
            continue
        at = offsets[int(match[1])]
        for word in match[2].split():
            if re.fullmatch(r"b[\d.]+", word):
                at = offsets[int(match[1])] + float(word[1:]) - 1
            elif re.fullmatch(r"[A-Ga-g][#b-]*:", word):
                key = key_named(word[:-1])
            elif re.match(r"[#b]?[IViv]", word):
                out.append((at, key, word))
    return work, out


def read(parsed: Any) -> tuple[Score, dict[int, float]]:
    """The chorale as written, no repeat played twice, its upbeat at the end of a whole first bar; and where measures begin."""
    measures = {m.number: float(m.offset) for m in parsed.parts[0].getElementsByClass("Measure")}
    meter = next(iter(parsed.parts[0].recurse().getElementsByClass("TimeSignature")))
    bar = float(meter.barDuration.quarterLength)
    pad = bar - measures[1] if 0 in measures and 1 in measures else 0.0
    tracks = []
    for part in parsed.parts:
        rows = [
            (round((float(n.offset) + pad) * 480), max(1, round(float(n.quarterLength) * 480)), int(p.midi), 80)
            for n in part.flatten().stripTies().notes
            for p in n.pitches
        ]
        tracks.append(Track(str(part.partName).lower(), 52, False, rows))
    offsets = {number: 0.0 if number == 0 else at + pad for number, at in measures.items()}
    return Score(480, tuple(tracks), meters=(Meter(0, meter.numerator, meter.denominator),)), offsets


def root_of(numeral: str, key: Key) -> tuple[int, str]:
    """Root pitch class and triad kind of a numeral by music21."""
    tonic = ("C", "C#", "D", "E-", "E", "F", "F#", "G", "A-", "A", "B-", "B")[key.tonic]
    found = music21.roman.RomanNumeral(numeral, music21.key.Key(tonic, "minor" if key.minor else "major"))
    return int(found.root().pitchClass), str(found.quality)


def kind_of(quality: str) -> str:
    """The triad below a quality."""
    if quality in ("m", "m7", "m6", "m9", "mmaj7"):
        return "minor"
    return "diminished" if quality in ("dim", "dim7", "m7b5") else "augmented" if quality in ("aug", "aug7") else "major"


def compare(score: Score, named: list[Named]) -> dict[str, list[bool]]:
    """For each analysed chord whether root, triad, key and degree in that key agree."""
    spans = key_spans(score, main_key(score))
    chords = harmonies(score, heard_chords(score), spans)
    starts = bar_starts(score)
    out: dict[str, list[bool]] = {"root": [], "triad": [], "key": [], "numeral": []}
    for at, key, numeral in named:
        tick = round(at * score.resolution)
        here = next((c for c in reversed(chords) if c.tick <= tick), None)
        bar = int(np.searchsorted(starts, tick, side="right"))
        mine = key_at(spans, bar)
        if here is None or here.chord is None or mine is None:
            continue
        root, kind = root_of(numeral, key)
        out["root"].append(here.chord.root == root)
        out["triad"].append(here.chord.root == root and kind_of(here.chord.quality) == kind)
        out["key"].append(mine == key)
        out["numeral"].append(out["triad"][-1] and mine == key)
    return out


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chorales", type=int, default=30)
    asked = parser.parse_args()
    home = Path(music21.__file__).parent / "corpus" / "bach"
    tables = sorted((home / "choraleAnalyses").glob("*.rntxt"))
    found: dict[str, list[bool]] = {}
    keys_agree, first_agree, seen = [], [], set()
    for table in tables:
        work = re.search(r"BWV:\s*(\S+)", table.read_text(encoding="utf-8"))
        path = home / f"bwv{work[1] if work else ''}.mxl"
        if not path.is_file() or len(seen) >= asked.chorales:
            continue
        seen.add(path.name)
        parsed = music21.converter.parse(path)
        score, offsets = read(parsed)
        named = analysis(table, offsets)[1]
        for name, values in compare(score, named).items():
            found.setdefault(name, []).extend(values)
        mine = main_key(score)
        keys_agree.append(mine == key_named(parsed.analyze("key").tonicPitchNameWithCase.replace("-", "b")))
        first_agree.append(bool(named) and mine == named[0][1])
        print(path.name, len(named), {n: round(float(np.mean(v)), 3) for n, v in found.items()}, flush=True)
    for path in sorted(home.glob("bwv*.mxl")):
        if len(seen) >= asked.chorales:
            break
        if path.name in seen:
            continue
        parsed = music21.converter.parse(path)
        if len(parsed.parts) != 4:
            continue
        seen.add(path.name)
        mine = main_key(read(parsed)[0])
        keys_agree.append(mine == key_named(parsed.analyze("key").tonicPitchNameWithCase.replace("-", "b")))
    print(f"home key: {np.mean(first_agree):.1%} of {len(first_agree)} as the analyst has it, ", end="")
    print(f"{np.mean(keys_agree):.1%} of {len(keys_agree)} as music21 finds it")
    for name, values in found.items():
        print(f"{name}: {np.mean(values):.1%} of {len(values)} analysed chords")


if __name__ == "__main__":
    main()
