"""Every verb on foreign MIDI files: does it work or refuse in one sentence, and does what is not open stay as it was?

Usage: python benchmarks/foreign_files.py FOLDER [--count 200] [--seed 0] [--model NAME] [--json FILE]

Half of the files are taken as they are, half are made harder first: other meters, sixteen tracks, no tempo, tempo maps,
formats 0 and 2, odd names, triplets. Ctrl-C ends early with what was counted. Without --model the generator is a stand-in
that fills openings with chord tones.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import mido
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "compose"))
from filling_generator import FillingGenerator, chorale, folk

import antiphon
from antiphon.compose.answer import Answer
from antiphon.compose.fit import bars_of
from antiphon.errors import AntiphonError
from antiphon.generate.request import Generator
from antiphon.io import midi
from antiphon.music.score import Score

MUTATIONS = ("as it is", "5/8", "7/8 in the middle", "3/4", "sixteen tracks", "no tempo", "tempo map", "format 0", "format 2",
             "odd names", "triplets", "resolution 25")  # fmt: skip


def mutated(data: bytes, how: str, rng: np.random.Generator) -> bytes:
    """The bytes of a MIDI file made harder."""
    if how == "as it is":
        return data
    file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    if how == "format 0":
        file = mido.MidiFile(type=0, ticks_per_beat=file.ticks_per_beat, tracks=[mido.merge_tracks(file.tracks)])
    elif how == "format 2":
        file.type = 2
    elif how == "sixteen tracks":
        sound = [t for t in file.tracks if any(m.type == "note_on" for m in t)] or file.tracks
        while len(file.tracks) < 17:
            copy = mido.MidiTrack(m.copy() for m in sound[int(rng.integers(len(sound)))])
            file.tracks.append(copy)
        file.type = 1
    elif how == "no tempo":
        for i, track in enumerate(file.tracks):
            file.tracks[i] = without(track, ("set_tempo", "time_signature", "key_signature"))
    elif how in ("5/8", "3/4", "7/8 in the middle", "tempo map"):
        for i, track in enumerate(file.tracks):
            file.tracks[i] = without(track, ("set_tempo",) if how == "tempo map" else ("time_signature",))
        marks = []
        if how == "tempo map":
            every = 4 * file.ticks_per_beat
            paces = rng.integers(300_000, 900_000, 60).tolist()
            marks = [(k * every, mido.MetaMessage("set_tempo", tempo=pace)) for k, pace in enumerate(paces)]
        elif how == "7/8 in the middle":
            bar = 4 * file.ticks_per_beat
            marks = [(0, meter(4, 4)), (8 * bar, meter(7, 8)), (8 * bar + 7 * bar, meter(4, 4))]
        else:
            marks = [(0, meter(*map(int, how.split("/"))))]
        file.tracks.insert(0, at_ticks(marks))
        file.type = 1
    elif how == "odd names":
        for track in file.tracks:
            for k, message in enumerate(track):
                if message.type == "track_name":
                    track[k] = message.copy(name="".join(chr(int(c)) for c in rng.integers(32, 255, 9)))
    elif how == "triplets":
        for track in file.tracks:
            for message in track:
                if rng.random() < 0.3 and message.time:
                    message.time = int(message.time * 2 / 3)
    elif how == "resolution 25":
        file.ticks_per_beat = 25 if file.ticks_per_beat >= 25 else file.ticks_per_beat
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def meter(numerator: int, denominator: int) -> mido.MetaMessage:
    """A time signature."""
    return mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def at_ticks(marks: list[tuple[int, mido.MetaMessage]]) -> mido.MidiTrack:
    """A track of messages at absolute ticks."""
    track, now = mido.MidiTrack(), 0
    for tick, message in marks:
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def without(track: mido.MidiTrack, kinds: tuple[str, ...]) -> mido.MidiTrack:
    """The track without messages of some kinds, all others at their times."""
    kept, carried = mido.MidiTrack(), 0
    for message in track:
        if message.type in kinds:
            carried += message.time
        else:
            kept.append(message.copy(time=message.time + carried))
            carried = 0
    return kept


@dataclass
class Tally:
    """How a verb fared."""

    worked: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    crashed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def closed_equal(before: Score, after: Score, open_ticks: tuple[int, int] | None, open_tracks: bool) -> bool:
    """Whether all notes outside the open ticks (and, where no track is open, all notes) are the same, through files.

    Files keep no track without notes, and cut a note that sounds into the next of its own pitch: so both are written and
    read before they are compared.
    """
    one, two = midi.loads(midi.dumps(before)), midi.loads(midi.dumps(after))
    left, right = notes_of(one, open_ticks), notes_of(two, open_ticks)
    if open_tracks:
        return all(left[k] <= right[k] for k in left)
    return all(left[k] == right.get(k) for k in left)


def notes_of(score: Score, open_ticks: tuple[int, int] | None) -> dict[tuple[object, ...], Counter[tuple[int, ...]]]:
    """Notes outside some ticks, by name and program of their track."""
    found: dict[tuple[object, ...], Counter[tuple[int, ...]]] = {}
    for track in score.tracks:
        rows = [r for r in track.notes.tolist() if open_ticks is None or not open_ticks[0] <= r[0] < open_ticks[1]]
        if rows:
            found.setdefault((track.name, track.program, track.is_drum), Counter()).update(map(tuple, rows))
    return found


Verb = tuple[Callable[[], Answer], tuple[int, int] | None, bool]
"""A verb as a call; the ticks that it may change; whether it adds tracks."""


def verbs(score: Score, generators: dict[str, Generator | None], seed: int) -> dict[str, Verb]:
    """Every verb on one piece."""
    bars = bars_of(score)
    first = min(max(1, len(bars) // 2), max(1, len(bars) - 3))
    last = min(len(bars), first + 3)
    ticks = (bars[first - 1].start, bars[last - 1].stop) if bars else (0, 0)
    end = max((t.end for t in score.tracks), default=1)
    after = (max((bar.stop for bar in bars if bar.start < end), default=0), 2**31)
    pop, choir, fiddle = generators["pop"], generators["chorale"], generators["folk"]
    one = (score.tracks[0].name if score.tracks else "") or "1"
    common = {"seed": seed, "takes": 2}
    return {
        "infill": (lambda: antiphon.infill(score, bars=(first, last), generator=pop, **common), ticks, False),
        "infill one track": (
            lambda: antiphon.infill(score, bars=(first, last), tracks=(one,), generator=pop, **common), ticks, False,
        ),
        "continue": (lambda: antiphon.continue_(score, bars=4, generator=pop, **common), after, False),
        "harmonize": (lambda: antiphon.harmonize(score, style=None, generator=choir, **common), None, True),
        "harmonize folk": (lambda: antiphon.harmonize(score, style=None, generator=fiddle, **common), None, True),
        "accompany": (lambda: antiphon.accompany(score, add=("strings", "bass", "drums"), generator=pop, **common), None, True),
        "vary 0": (lambda: antiphon.vary(score, amount=0, generator=pop, **common), None, False),
        "vary": (lambda: antiphon.vary(score, amount=0.3, bars=(first, last), generator=pop, **common), ticks, False),
        "vary levels": (
            lambda: antiphon.vary(score, rhythmic_intensity="+0.15", polyphony="-0.5", bars=(first, last)), ticks, False,
        ),
        "vary levels, all": (lambda: antiphon.vary(score, rhythmic_intensity=0.3, polyphony=4), (0, 2**31), False),
        "restyle": (lambda: antiphon.restyle(score, style="folk", generator=fiddle, **common), (0, 2**31), True),
        "interpolate": (lambda: antiphon.interpolate(score, score, steps=3, generator=pop, **common), None, False),
    }  # fmt: skip


def one_file(
    path: Path,
    number: int,
    folder: Path,
    generators: dict[str, Generator | None],
    tallies: dict[str, Tally],
    unread: Counter[str],
    rng: np.random.Generator,
) -> None:
    """Run every verb on one file, made harder or not, and count."""
    how = MUTATIONS[0] if number % 2 == 0 else MUTATIONS[1 + (number // 2) % (len(MUTATIONS) - 1)]
    where = f"{path.relative_to(folder)} ({how})"
    try:
        data = mutated(path.read_bytes(), how, rng)
    except (OSError, ValueError, EOFError, KeyError, IndexError) as error:
        unread[f"mido cannot change it: {type(error).__name__}"] += 1
        data = path.read_bytes()
    try:
        score = midi.loads(data)
    except AntiphonError as error:
        unread[str(error)] += 1
        return
    for verb, (call, ticks, adds) in verbs(score, generators, number).items():
        tally = tallies.setdefault(verb, Tally())
        begun = time.perf_counter()
        try:
            answer = call()
        except AntiphonError as error:
            tally.refused[" ".join("#" if any(c.isdigit() for c in w) else w for w in str(error).split())[:110]] += 1
            if "\n" in str(error):
                tally.crashed.append(f"{where}: more than one line")
            continue
        except Exception:
            tally.crashed.append(f"{where}: {traceback.format_exc(limit=-3)}")
            continue
        tally.worked += 1
        tally.seconds.append(time.perf_counter() - begun)
        scores = answer.takes if verb == "interpolate" else (answer.score,)
        if verb == "interpolate":
            same = scores[0] == score and scores[-1] == score
        elif verb == "restyle":
            same = all(wish.kept for wish in answer.wishes if wish.name == "untouched")
        else:
            same = closed_equal(score, answer.score, ticks, adds)
        if not same:
            tally.changed.append(where)


def main() -> None:
    """Run and print one line a verb."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", help="real models by style name instead of the stand-in: 'shipped'")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    files = sorted([*asked.folder.rglob("*.mid"), *asked.folder.rglob("*.MID")])
    by_folder: dict[str, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.relative_to(asked.folder).parts[0], []).append(path)
    groups = list(by_folder.values())
    chosen = [groups[i % len(groups)][int(rng.integers(len(groups[i % len(groups)])))] for i in range(asked.count)]
    generators: dict[str, Generator | None] = {"pop": FillingGenerator(), "chorale": chorale(), "folk": folk()}
    if asked.model == "shipped":
        from antiphon.generate import load

        generators = {name: load.load(name) for name in generators}
    tallies: dict[str, Tally] = {}
    unread = Counter[str]()
    done = 0
    try:
        for number, path in enumerate(chosen):
            one_file(path, number, asked.folder, generators, tallies, unread, rng)
            done += 1
    except KeyboardInterrupt:
        print("interrupted: this is what was counted so far")
    print(f"{done} files")
    for verb, tally in tallies.items():
        middle = float(np.median(tally.seconds)) if tally.seconds else 0.0
        print(f"{verb:18} worked {tally.worked:4}  refused {sum(tally.refused.values()):4}  crashed {len(tally.crashed):3}  "
              f"changed what was closed {len(tally.changed):3}  median {middle:.2f} s")  # fmt: skip
        for text, count in tally.refused.most_common(6):
            print(f"    {count:4} x {text}")
        for text in [*tally.crashed[:3], *tally.changed[:3]]:
            print("    !", text)
    print("not read:", dict(unread))
    if asked.json:
        told = {
            verb: {"worked": t.worked, "refused": sum(t.refused.values()), "crashed": len(t.crashed), "changed": len(t.changed)}
            for verb, t in tallies.items()
        }
        asked.json.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
