"""Which track of a foreign file plays which of a model's roles: by name, instrument, register, polyphony and activity.

A track is scored against each role; the assignment with the greatest sum wins, and a pair that scores below LEAST is
left out: such a track plays no role, and no model hears or touches it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from antiphon.music.instruments import guess_program, is_drum_name
from antiphon.music.score import Score, Track

LEAST = 1.5
"""Sum of scores from which on a track is taken to play a role."""
NAME, OTHER_NAME, PROGRAM, TOP = 3.0, -1.5, 0.7, 1.2
SPLIT = 1.35
"""Notes sounding at once, on average, from which on a part counts as polyphonic."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is usual of a role.

    Attributes:
      names: pattern of the names that such tracks have.
      families: General MIDI families (program // 8) that commonly play it.
      centre, spread: middle of its register, and how far it strays, in semitones.
      voices: most notes at once of a single line, least of an accompaniment: -1 a line, 1 chords, 0 either.
      leads: how much it counts to be the highest part, and to play much of the time.
      program: the instrument it gets where it is new and the model names none.
    """

    names: str
    families: tuple[int, ...]
    centre: float
    spread: float
    voices: int
    leads: float = 0.0
    program: int = 0


_LEAD = (3, 5, 6, 7, 8, 9, 10, 13)
PROFILES: dict[str, Profile] = {
    "melody": Profile(
        r"melod|vocal|voice|vox|lead|sing|sung|gesang|solo|tune|cantus|theme|soprano|\bmain\b", _LEAD, 70, 9, -1, 1.0, 24
    ),
    "bridge": Profile(
        r"bridge|counter|strings?\b|second|\b2nd\b|harmony|obbligato|pad\b|fill", (1, 3, 5, 6, 9, 11), 67, 11, 0, 0.0, 4
    ),
    "piano": Profile(r"piano|klavier|keys|keyboard|accomp|begleit|chord|rhythm|\bpno\b|comp\b", (0, 2, 3), 57, 9, 1),
    "chords": Profile(r"chord|accomp|begleit|guitar|harmony|piano|rhythm|comp\b", (0, 2, 3), 54, 9, 1, 0.0, 24),
    "soprano": Profile(r"sopran|\bs\.?$|cantus|discant|violin (i|1)\b|treble", (5, 6), 70, 5, -1, 0.5, 52),
    "alto": Profile(r"\balt|\ba\.?$|contralto|violin (ii|2)\b", (5, 6), 64.5, 5, -1, 0.0, 52),
    "tenor": Profile(r"tenor|\bt\.?$|viola\b", (5, 6), 58, 5, -1, 0.0, 52),
    "bass": Profile(r"\bbass|basso|\bb\.?$|cello|contrabass|tuba", (4, 5, 6), 48, 8, -1, 0.0, 32),
    "guitar": Profile(r"guitar|gitarre|\bgtr", (3,), 57, 9, 0, 0.0, 27),
    "strings": Profile(r"string|violin|viola|cello|pad\b|orchestra", (5, 6, 11), 62, 11, 0, 0.0, 48),
    "drums": Profile(r"drum|perc|kit\b", (), 42, 10, 0),
    "lead": Profile(r"lead|solo|melod|vocal|voice|theme|tune", (3, 7, 8, 9, 10), 68, 9, -1, 1.0, 29),
    "keys": Profile(r"keys|keyboard|piano|organ|guitar|\bgtr|rhythm|chord|comp\b", (0, 1, 2, 3, 10), 55, 10, 1, 0.0, 4),
}
"""Role -> what is usual of it; the registers are those of POP909, of Bach's chorales, of the Nottingham tunes and of bands."""
_BASS_GUITAR = Profile(PROFILES["bass"].names, (4, 5), 38, 8, -1, 0.0, 33)
"""The bass of a band, an octave below the one of a choir."""
LEADERS = ("melody", "soprano", "lead")

_HANDS = re.compile(r"\b(right|left|r\.?h\.?|l\.?h\.?|upper|lower|treble|bass|staff|hand|[12i]+|rechts?|links?)\b|[#:()\d]")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a track is like: mean pitch, notes at once while it sounds, share of the quarters in which it begins a note,
    and share of its sounding time in which it is the highest part."""

    pitch: float
    voices: float
    active: float
    top: float


@dataclass(frozen=True, slots=True)
class Part:
    """A role and the tracks that play it (two: the hands of one instrument), by index in the score.

    Attributes:
      octave: semitones, a multiple of 12, that bring the tracks into the role's register; taken back on the way out.
    """

    role: str
    tracks: tuple[int, ...]
    octave: int = 0


def traits(score: Score) -> list[Traits]:
    """What each track is like, in order."""
    step = max(1, score.resolution // 2)
    cells = min(score.end // step + 1, 200_000)
    highest = np.full(cells, -1, dtype=np.int16)
    sounds: list[np.ndarray] = []
    for track in score.tracks:
        own = np.full(cells, -1, dtype=np.int16)
        if not track.is_drum and len(track):
            order = np.argsort(track.notes["pitch"], kind="stable")
            first = np.minimum(track.notes["onset"][order] // step, cells - 1)
            until = (track.notes["onset"][order].astype(np.int64) + track.notes["duration"][order] - 1) // step
            for a, b, pitch in zip(first.tolist(), until.tolist(), track.notes["pitch"][order].tolist(), strict=True):
                own[a : min(b, a + 64) + 1] = pitch
        sounds.append(own)
        highest = np.maximum(highest, own)
    quarters = max(1, -(-score.end // score.resolution))
    return [_traits(t, own, highest, score.resolution, quarters) for t, own in zip(score.tracks, sounds, strict=True)]


def _traits(track: Track, own: np.ndarray, highest: np.ndarray, resolution: int, quarters: int) -> Traits:
    if len(track) == 0:
        return Traits(0.0, 0.0, 0.0, 0.0)
    onset = track.notes["onset"].astype(np.int64)
    end = onset + track.notes["duration"]
    order = np.argsort(onset, kind="stable")
    reached = np.maximum.accumulate(end[order])
    begun = np.maximum(onset[order], np.insert(reached[:-1], 0, 0))
    covered = int(np.maximum(reached - begun, 0).sum())
    sounding = own >= 0
    return Traits(
        float(track.notes["pitch"].mean()),
        float((end - onset).sum()) / max(1, covered),
        len(np.unique(onset // resolution)) / quarters,
        float(np.mean(own[sounding] >= highest[sounding])) if sounding.any() else 0.0,
    )


def profile(role: str) -> Profile:
    """What is usual of a role; of one that is not in PROFILES, what its name says."""
    known = PROFILES.get(role)
    if known is not None:
        return known
    program = guess_program(role)
    return Profile(re.escape(role), (program // 8,), 60, 14, 0, 0.0, program)


def _profile_among(role: str, roles: Sequence[str]) -> Profile:
    """What is usual of a role beside the others of its style."""
    return _BASS_GUITAR if role == "bass" and "drums" in roles else profile(role)


def likeness(track: Track, what: Traits, role: str, roles: Sequence[str]) -> float:
    """How well a track fits a role; below LEAST it does not."""
    if len(track) == 0 or (track.is_drum or is_drum_name(track.name)) != (role == "drums"):
        return -10.0
    if role == "drums":
        return 5.0 + what.active
    own, name = _profile_among(role, roles), track.name.lower().strip()
    if name == role:
        return 10.0
    said = bool(re.search(own.names, name))
    others = any(re.search(profile(r).names, name) for r in roles if r != role)
    fit = NAME * said if said else OTHER_NAME * others
    fit += PROGRAM * (track.program // 8 in own.families)
    # an octave off is half as bad as it looks: parts are brought into the register by octaves
    away = min(abs(what.pitch - own.centre), 6 + abs(abs(what.pitch - own.centre) - 12) / 2)
    fit += 1.5 * exp(-((away / own.spread) ** 2) / 2)
    if own.voices < 0:
        fit += 0.8 if what.voices < SPLIT else -1.5 * (what.voices - SPLIT)
    elif own.voices > 0:
        fit += 0.8 if what.voices >= SPLIT else -0.6
    return fit + own.leads * TOP * (what.top + min(1.0, 1.5 * what.active) - 1.0)


def match(score: Score, roles: Sequence[str], wanted: Collection[int] = (), barred: Collection[str] = ()) -> dict[str, Part]:
    """The roles that tracks of the score play.

    Args:
      score: the piece.
      roles: the model's, in score order.
      wanted: tracks that must get a role before others, because the user names them.
      barred: roles that no track may get, because a new one is to be written.

    Returns:
      role -> its part; roles that no track plays are missing.
    """
    found = traits(score)
    names = [r for r in roles if r not in barred]
    table = [[likeness(t, f, role, roles) for role in names] for t, f in zip(score.tracks, found, strict=True)]
    for i in wanted:
        table[i] = [value + (20.0 if value > -5 else 0.0) for value in table[i]]
    chosen = _assign(table, len(names))
    parts: dict[str, Part] = {}
    taken = set(chosen.values())
    for at in sorted(chosen):
        first, role = chosen[at], names[at]
        hands: tuple[int, ...] = (first,)
        if profile(role).voices > 0:
            other = _other_hand(score, found, first, taken)
            if other is not None:
                taken.add(other)
                hands = (first, other) if found[first].pitch >= found[other].pitch else (other, first)
        mean = float(np.concatenate([score.tracks[i].notes["pitch"] for i in hands]).mean())
        parts[role] = Part(role, hands, 0 if role == "drums" else _octave(mean, _profile_among(role, roles)))
    return parts


def _assign(table: list[list[float]], roles: int) -> dict[int, int]:
    """Role -> track with the greatest sum of scores, each track once, pairs below LEAST left out."""
    best: dict[int, tuple[float, tuple[tuple[int, int], ...]]] = {0: (0.0, ())}
    for track, row in enumerate(table):
        for mask, (total, pairs) in list(best.items()):
            for role in range(roles):
                if row[role] < LEAST or mask >> role & 1:
                    continue
                entry = (total + row[role], (*pairs, (role, track)))
                if entry[0] > best.get(mask | 1 << role, (-1.0, ()))[0]:
                    best[mask | 1 << role] = entry
    return dict(max(best.values(), key=lambda entry: entry[0])[1])


def _other_hand(score: Score, found: list[Traits], first: int, taken: set[int]) -> int | None:
    """A second track of the same instrument and of the same name but for the hand."""
    here = score.tracks[first]
    bare = _HANDS.sub("", here.name.lower()).strip(" -_,.")
    for i, track in enumerate(score.tracks):
        same = track.program == here.program and not track.is_drum and len(track) and i not in taken
        if same and bare == _HANDS.sub("", track.name.lower()).strip(" -_,.") and abs(i - first) == 1:
            return i
    return None


def _octave(mean: float, own: Profile) -> int:
    """Octaves, in semitones, that bring a mean pitch near the role's centre; none within ten semitones of it."""
    away = own.centre - mean
    return 0 if abs(away) <= max(10.0, own.spread + 4) else 12 * round(away / 12)


def new_track(role: str, beside: int, roles: Sequence[str], score: Score, program: int | None = None) -> Track:
    """An empty track for a role, named like it, of an instrument that goes with what is there.

    Args:
      beside: program of the part that it goes with: voices beside keys or strings are of their kind, else a choir.
      program: the instrument, where it is asked for.
    """
    choir = "soprano" in roles
    chosen = program if program is not None else profile(role).program
    if program is None and choir:
        chosen = beside if beside // 8 in (0, 2, 6) else 48 if beside // 8 == 5 else 52
    return Track(free_name(role, score), chosen, role == "drums")


def free_name(name: str, score: Score) -> str:
    """The name, with a number where a track of the score has it already."""
    taken = {t.name.lower() for t in score.tracks}
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{name} {number}"
    return free
