"""The forces of a piece: for each role its instrument, range, polyphony, density and rests, as the brief asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.compose.brief import Brief
from antiphon.compose.brief_values import DRUMS, program_name
from antiphon.compose.layout import bars_of
from antiphon.compose.measure import ROLE_RANGES
from antiphon.compose.roles import profile
from antiphon.errors import BriefError
from antiphon.generate.request import Description
from antiphon.music.form import Phrase
from antiphon.music.instruments import guess_program, is_drum_name, usual_range


@dataclass(frozen=True, slots=True)
class Force:
    """What one role is held to; None leaves it as the model writes it.

    Attributes:
      role: name of the track.
      program: General MIDI program.
      low, high: MIDI pitches, both given or none.
      polyphony: most notes at once; density: onsets, 1 being sixteenth notes throughout.
      rests: (first, stop) bars from 0, half-open, in which it is silent.
    """

    role: str
    program: int | None = None
    low: int | None = None
    high: int | None = None
    polyphony: int | None = None
    density: float | None = None
    rests: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Unmet:
    """A wish that the plan already knows to be beyond the model: its name, what was asked, and why."""

    name: str
    asked: object
    why: str


def muster(
    brief: Brief, model: Description, form: Sequence[Phrase] | None, bars: int
) -> tuple[tuple[Force, ...], tuple[Unmet, ...]]:
    """The forces that the brief asks for, and what of it the model has no track for.

    Raises:
      BriefError: a role is named that the model does not have, or a rest beyond the end.
    """
    roles = brief.tracks or model.roles
    unmet: list[Unmet] = []
    programs = _instruments(brief, model, roles, unmet)
    for what, named in (
        ("range", [r.role for r in brief.ranges]),
        ("polyphony", [role for role, _ in brief.polyphony]),
        ("density", [role for role, _ in brief.track_density]),
    ):
        unknown = [role for role in named if role not in roles]
        if unknown:
            raise BriefError(f"A {what} is asked of {unknown[0]}, but the piece has the tracks {', '.join(roles)}.")
    rests = _rests(brief, roles, programs, form, bars, unmet)
    ranges = {r.role: (r.low, r.high) for r in brief.ranges}
    forces = []
    for role in roles:
        program = programs.get(role)
        low, high = ranges.get(role, _played(role, program) if program is not None else (None, None))
        forces.append(
            Force(
                role, program, low, high, dict(brief.polyphony).get(role), dict(brief.track_density).get(role),
                tuple(sorted(rests.get(role, []))),
            )
        )  # fmt: skip
    asked = any((programs, rests, brief.ranges, brief.polyphony, brief.track_density))
    return (tuple(forces) if asked else ()), tuple(unmet)


def _played(role: str, program: int) -> tuple[int, int]:
    """Pitches that suit both the role and the instrument; the instrument's own where they share less than an octave."""
    low, high = usual_range(program)
    role_low, role_high = ROLE_RANGES.get(role, (low, high))
    shared = max(low, role_low), min(high, role_high)
    return shared if shared[1] - shared[0] >= 12 else (low, high)


def _instruments(brief: Brief, model: Description, roles: Sequence[str], unmet: list[Unmet]) -> dict[str, int]:
    """Role -> program: those named by role, then those simply wanted, each to the role that suits its name, else in order.

    In a band each goes to the role that its kind commonly plays, and who has no instrument of its own keeps the usual one.
    """
    found: dict[str, int] = {}
    for role, program in brief.instruments:
        if role is None:
            continue
        if role not in roles:
            raise BriefError(f"An instrument is asked for {role}, but the piece has the tracks {', '.join(roles)}.")
        if program == DRUMS:
            unmet.append(Unmet("instruments", f"{role} on drums", "a role of pitches cannot be played on drums"))
        else:
            found[role] = program
    wanted = list(dict.fromkeys(i.program for i in brief.instruments if i.role is None))
    if DRUMS in wanted:
        wanted.remove(DRUMS)
        if not any(is_drum_name(role) for role in roles):
            unmet.append(Unmet("instruments", "drums", f"model {model.name!r} writes no drums"))
    band = any(is_drum_name(role) for role in model.roles)
    roles = [role for role in roles if not is_drum_name(role)]
    if len(wanted) > len(roles):
        for program in wanted[len(roles) :]:
            why = f"the piece has {len(roles)} track{'s' * (len(roles) > 1)}"
            unmet.append(Unmet("instruments", program_name(program), why))
        wanted = wanted[: len(roles)]
    if not wanted:
        return found
    free = list(roles)
    left: list[int] = []
    for program in wanted:
        match = next((r for r in free if len(wanted) > 1 and guess_program(r, -1) == program), None)
        if match is None and band:
            match = next((r for r in free if program // 8 in profile(r).families), None)
        if match is None:
            left.append(program)
        else:
            found[match] = program
            free.remove(match)
    for role in list(free):
        if left:
            found[role] = left.pop(0)
            free.remove(role)
    for role in () if band else free:  # what has no instrument of its own doubles with the last one named
        found[role] = wanted[-1]
    return found


def _rests(
    brief: Brief,
    roles: Sequence[str],
    programs: dict[str, int],
    form: Sequence[Phrase] | None,
    bars: int,
    unmet: list[Unmet],
) -> dict[str, list[tuple[int, int]]]:
    """Role -> bars where it rests; a name that is no role may be an instrument's. What nobody plays is silent already."""
    found: dict[str, list[tuple[int, int]]] = {}
    for silence in brief.silences:
        names = [silence.role] if silence.role in roles else []
        if not names:
            program = guess_program(silence.role, -1)
            names = [role for role, asked in programs.items() if asked == program]
        where = bars_of(silence, form, bars)
        if not where:
            unmet.append(Unmet("silences", str(silence), "the form has no such phrase"))
        for name in names:
            found.setdefault(name, []).extend(where)
    return found


def range_of(force: Force | None, role: str, program: int) -> tuple[int, int]:
    """Pitches that a track must keep to: those of its force, else of its role, else of its instrument."""
    if force is not None and force.low is not None and force.high is not None:
        return force.low, force.high
    return ROLE_RANGES.get(role, usual_range(program))
