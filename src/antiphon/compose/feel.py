"""How players deviate: loudness and lateness of every note of a track, drawn from tables learnt of played music, or by rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import erf, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import BriefError
from antiphon.music.accents import FEATURES, KIT, SLOTS, kit_classes, pitched_features, slots
from antiphon.music.beats import meter_at
from antiphon.music.instruments import family
from antiphon.music.score import Score, Track

FloatArray = npt.NDArray[np.float64]

FEELS = ("auto", "classical", "pop", "band", "rock", "funk", "soul", "hiphop", "latin", "jazz")
"""Feels by name: "auto" chooses classical for acoustic ensembles without drums, band where there are drums, else pop."""
ACOUSTIC = frozenset({"strings", "ensemble", "brass", "reed", "pipe"})

CLASSICAL = {
    "slots": (4.0, -2.5, -1.0, -2.5, 1.0, -2.5, -1.0, -2.5, 2.5, -2.5, -1.0, -2.5, 1.0, -2.5, -1.0, -2.5),
    "weights": {"height": 4.0, "top": 5.0, "bottom": 1.0, "length": 1.0, "arch": 12.0, "thick": -1.0},
    "spread": 2.5,
    "rho": 0.6,
}
"""Loudness by the rules of the KTH performance system (Friberg, Bresin and Sundberg 2006), in MIDI velocity: metrical accent,
high-loud, melody above its chords, longer notes, phrase arch; what the player adds drifts slowly."""

MELODY_LEAD_MS = 15.0
"""How much earlier than its chords a classical melody sounds (Goebl 2001 measured 20 to 30 on the piano)."""
CLASSICAL_MS, CLASSICAL_RHO = 9.0, 0.5
STEADY = 0.6
"""Share of a soloist's unevenness that chords and basses have."""
CHORD_MS = 4.0
"""Standard deviation with which the notes of a chord are struck apart."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """What a player would add to a flat track: velocity steps and milliseconds late, note by note.

    `shared_ms` is the same for all notes of an onset; `own_ms` is each note's.
    """

    loud: FloatArray
    shared_ms: FloatArray
    own_ms: FloatArray


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The tables that ship, with their sources and licences."""
    loaded: dict[str, Any] = json.loads(files("antiphon.compose").joinpath("data/feel.json").read_text(encoding="utf-8"))
    return loaded


def choose_feel(score: Score, feel: str) -> str:
    """The feel by name, "auto" decided.

    Raises:
      BriefError: there is no such feel.
    """
    if feel not in FEELS:
        raise BriefError(f"There is no feel {feel!r}; available: {', '.join(FEELS)}.")
    if feel != "auto":
        return feel
    if any(t.is_drum and len(t) for t in score.tracks):
        return "band"
    pitched = [t for t in score.tracks if len(t)]
    acoustic = sum(family(t.program) in ACOUSTIC for t in pitched)
    return "classical" if pitched and 2 * acoustic > len(pitched) else "pop"


def usual_swing(qpm: float) -> float:
    """How far jazz soloists swing at a tempo, 0 straight to 1 triplets: the median of the Weimar Jazz Database."""
    curve = np.array(tables()["swing"]["place_by_tempo"])
    place = float(np.interp(qpm, curve[:, 0], curve[:, 1]))
    return max(0.0, min(1.0, (place - 0.5) * 6))


def roles_of(score: Score) -> list[str]:
    """What each track is to the players' tables: "drums", "melody", "chords" or "fill"."""
    from antiphon.compose.texture import melody_track  # only here: it is of the arranger's side

    lead = melody_track(score)
    roles = []
    for track in score.tracks:
        begun = len(np.unique(track.notes["onset"]))
        if track.is_drum:
            roles.append("drums")
        elif track is lead:
            roles.append("melody")
        else:
            roles.append("chords" if len(track) > 1.2 * begun else "fill")
    return roles


def deviations(score: Score, track: Track, role: str, feel: str, rng: np.random.Generator) -> Deviations:
    """What a player of this role and feel would add to the track; all draws come from `rng`."""
    if len(track) == 0:
        nothing = np.zeros(0)
        return Deviations(nothing, nothing, nothing)
    if role == "drums":
        styles = tables()["drums"]
        return _drum_deviations(score, track, styles.get(feel, styles["band"]), rng)
    loud = _classical_loudness(score, track, rng) if feel == "classical" else _learnt_loudness(score, track, role, rng)
    return Deviations(loud, _pitched_lateness(score, track, role, feel, rng), CHORD_MS * rng.standard_normal(len(track)))


def normal_share(z: FloatArray) -> FloatArray:
    """Share of a normal distribution below each value."""
    return np.array([0.5 * (1 + erf(v / sqrt(2))) for v in z.tolist()])


def drift(count: int, rho: float, rng: np.random.Generator) -> FloatArray:
    """Standard normal numbers of which each remembers the one before (autoregressive, lag-1 correlation rho)."""
    noise = rng.standard_normal(count)
    out = np.empty(count)
    now = 0.0
    for i, value in enumerate(noise.tolist()):
        now = value if i == 0 else rho * now + sqrt(1 - rho * rho) * value
        out[i] = now
    return out


def _from_quantiles(z: FloatArray, levels: list[float], values: list[float]) -> FloatArray:
    return np.asarray(np.interp(normal_share(z), levels, values))


def _drum_deviations(score: Score, track: Track, style: dict[str, Any], rng: np.random.Generator) -> Deviations:
    """Cells of kit class and slot; a player repeats a pattern's accents, so part of each draw belongs to the cell."""
    levels = tables()["levels"]
    kit = kit_classes(track.notes["pitch"])
    slot, _ = slots(score, track.notes["onset"])
    habit = rng.standard_normal((len(KIT), SLOTS))
    fresh = rng.standard_normal(len(track))
    constancy = float(style["constancy"])
    loud, late = np.zeros(len(track)), np.zeros(len(track))
    for k, s in {(int(a), int(b)) for a, b in zip(kit, slot, strict=True)}:
        here = (kit == k) & (slot == s)
        cells = style["cells"].get(KIT[k]) or tables()["drums"]["band"]["cells"].get(KIT[k])
        if not cells:
            continue
        cell = cells.get(str(s)) or cells["any"]
        z = sqrt(constancy) * habit[k, s] + sqrt(1 - constancy) * fresh[here]
        loud[here] = _from_quantiles(z, levels, cell["loud"])
        late[here] = cell["late"]
    group = np.unique(track.notes["onset"], return_inverse=True)[1]
    shared = float(style["common_ms"]) * drift(int(group.max()) + 1, float(style["rho"]), rng)
    own = float(style["own_ms"]) * rng.standard_normal(len(track))
    return Deviations(loud, shared[group], late + own)


def _learnt_loudness(score: Score, track: Track, role: str, rng: np.random.Generator) -> FloatArray:
    """The linear table of POP909's players, and what it leaves over drawn from its own distribution."""
    table = tables()["pitched"][role]
    slot, _ = slots(score, track.notes["onset"])
    features = pitched_features(score, track.notes)
    loud = np.array(table["slots"])[slot] + features @ np.array([table["weights"][name] for name in FEATURES])
    rest = _from_quantiles(drift(len(track), float(table["rho"]), rng), tables()["levels"], table["rest"])
    return np.asarray(loud + rest)


def _classical_loudness(score: Score, track: Track, rng: np.random.Generator) -> FloatArray:
    slot, _ = slots(score, track.notes["onset"])
    weights: Any = CLASSICAL["weights"]
    loud = np.array(CLASSICAL["slots"])[slot] + pitched_features(score, track.notes) @ np.array([weights[n] for n in FEATURES])
    rest = drift(len(track), float(CLASSICAL["rho"]), rng)  # type: ignore[arg-type]
    return np.asarray(loud - loud.mean() + float(CLASSICAL["spread"]) * rest)  # type: ignore[arg-type]


def _pitched_lateness(score: Score, track: Track, role: str, feel: str, rng: np.random.Generator) -> FloatArray:
    """Milliseconds late, one draw an onset: drifting unevenness; jazz soloists behind the beat, classical melodies ahead."""
    group = np.unique(track.notes["onset"], return_inverse=True)[1]
    count = int(group.max()) + 1
    if feel == "classical":
        lead = -MELODY_LEAD_MS if role == "melody" else 0.0
        return np.asarray((lead + CLASSICAL_MS * drift(count, CLASSICAL_RHO, rng))[group])
    table = tables()["timing"]["solo" if feel == "jazz" else "pop"]
    solo = role == "melody"
    spread = float(table["spread_ms"]) * (1.0 if solo else STEADY)
    late = spread * drift(count, float(table["rho"]), rng)[group]
    if feel == "jazz" and solo:
        slot, _ = slots(score, track.notes["onset"])
        late = late + np.where(slot % 4 == 0, float(table["behind_ms"]), 0.0)
    return np.asarray(late)


def swings(score: Score, tick: int) -> bool:
    """Whether the meter at a tick has eighths in pairs that can be swung."""
    return meter_at(score, tick).denominator <= 4
