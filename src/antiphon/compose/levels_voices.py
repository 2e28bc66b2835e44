"""A bar made thicker or thinner on the onsets that it has: inner voices added, lengthened, shortened or left out.

No onset comes or goes, no note of the melody either (where nothing else is left it is shortened), and the lowest note of a
chord is the last of it to go.
"""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.compose.levels_sheet import Row, Sheet

ROUNDS = 6
"""Voices that can be added to one onset."""
LOWEST, CLOSE = 28, 48
"""No tone is added below the first pitch; below the second tones a third apart or less are mud."""
HIGHEST = 96
SOFTER = 0.85


def set_voices(sheet: Sheet, bar: int, wanted: int, held: Sequence[Row]) -> None:
    """Bring the sixteenths that all notes of a bar sound together to a number, as far as the bar allows.

    Args:
      held: rows of earlier bars that sound on into this one.
    """
    if sheet.total(bar) > wanted:
        _thinner(sheet, bar, wanted, held)
    elif sheet.total(bar) < wanted:
        for step in (_legato, _tones, _pedal, _doublings):
            step(sheet, bar, wanted)


def _thinner(sheet: Sheet, bar: int, wanted: int, held: Sequence[Row]) -> None:
    start, stop = sheet.span(bar)
    for row in sorted(held, key=lambda r: -r.pitch):
        if sheet.total(bar) <= wanted:
            return
        if sheet.may(row) and not row.sung:
            sheet.until(row, max(start, min(row.last, stop) - (sheet.total(bar) - wanted)))
    while (excess := sheet.total(bar) - wanted) > 0:
        spare = _spare(sheet, bar)
        if not spare:
            break
        fits = [item for item in spare if item[0] == spare[0][0] and _inside(item[1], stop) <= excess]
        if not fits:
            row = max((item[1] for item in spare if item[0] == spare[0][0]), key=lambda r: (_inside(r, stop), r.pitch))
            sheet.until(row, min(row.last, stop) - excess)
            continue
        sheet.drop(max(fits, key=lambda item: (_inside(item[1], stop), item[1].pitch))[1], bar)
    for sung in (False, True):
        rows = [r for r in sheet.rows[bar] if sheet.may(r) and r.sung == sung]
        least = {id(r): max(1, _inside(r, stop) // 2) if sung else 1 for r in rows}
        while (excess := sheet.total(bar) - wanted) > 0:
            longest = max(rows, key=lambda r: (_inside(r, stop) - least[id(r)], r.pitch), default=None)
            if longest is None or (inside := _inside(longest, stop)) <= least[id(longest)]:
                break
            sheet.until(longest, longest.first + max(least[id(longest)], inside - excess, inside // 2))


def _inside(row: Row, stop: int) -> int:
    """Sixteenths that a row sounds up to the end of its bar."""
    return min(row.last, stop) - row.first


def _spare(sheet: Sheet, bar: int) -> list[tuple[int, Row]]:
    """Rows that can go, the least missed first: doublings, then inner tones, then the lowest where the melody still sounds."""
    found: list[tuple[int, Row]] = []
    for rows in sheet.struck(bar).values():
        movable = [r for r in rows if sheet.may(r) and not r.sung]
        if len(rows) < 2 or not movable:
            continue
        classes = [r.pitch % 12 for r in rows]
        for row in movable:
            lowest = row is rows[0]
            doubled = classes.count(row.pitch % 12) > 1
            found.append((3 if lowest else 1 if doubled else 2, row))
    return sorted(found, key=lambda item: item[0])


def _legato(sheet: Sheet, bar: int, wanted: int) -> None:
    """Notes that end before their track goes on last until then."""
    _, stop = sheet.span(bar)
    for row in sorted(sheet.rows[bar], key=lambda r: (r.first, r.pitch)):
        need = wanted - sheet.total(bar)
        if need <= 0:
            return
        if sheet.may(row) and not row.sung and row.track != sheet.lead:
            ahead = min((r.first for r in sheet.rows[bar] if r.track == row.track and r.first > row.first), default=stop)
            _lengthen(sheet, bar, row, min(ahead, _fits_until(sheet, bar, row.pitch, row.first)), need)


def _pedal(sheet: Sheet, bar: int, wanted: int) -> None:
    """Notes last on through the ones that follow, until the harmony changes; not in lines."""
    for row in sorted(sheet.rows[bar], key=lambda r: (r.first, r.pitch)):
        need = wanted - sheet.total(bar)
        if need <= 0:
            return
        if sheet.may(row) and not row.sung and row.track not in sheet.lines:
            _lengthen(sheet, bar, row, _fits_until(sheet, bar, row.pitch, row.first), need)


def _lengthen(sheet: Sheet, bar: int, row: Row, limit: int, need: int) -> None:
    """A row up to a sixteenth, but not into the next note of its pitch."""
    same = min((r.first for r in sheet.rows[bar] if r.track == row.track and r.pitch == row.pitch and r.first > row.first),
               default=limit)  # fmt: skip
    last = min(limit, same, row.last + need)
    if last > row.last:
        sheet.until(row, last)


def _tones(sheet: Sheet, bar: int, wanted: int) -> None:
    """Tones of the chord join the onsets, strong ones first, between bass and melody."""
    _add(sheet, bar, wanted, octaves=False)


def _doublings(sheet: Sheet, bar: int, wanted: int) -> None:
    """Octaves of what sounds, where the chord has no tone left."""
    _add(sheet, bar, wanted, octaves=True)


def _add(sheet: Sheet, bar: int, wanted: int, *, octaves: bool) -> None:
    hosts = _hosts(sheet, bar)
    if not hosts:
        return
    struck = sheet.struck(bar)
    order = sorted(struck, key=lambda p: (-sheet.weight(bar, p), p))
    for _ in range(ROUNDS):
        added = False
        for place in order:
            need = wanted - sheet.total(bar)
            if need <= 0:
                return
            added |= any(_joined(sheet, bar, place, host, need, octaves) for host in hosts)
        if not added:
            return


def _hosts(sheet: Sheet, bar: int) -> list[int]:
    """Tracks that play chords and may change, those that play in this bar first; the melody's own last.

    Where none does, a melody alone on an instrument that could; a voice or a flute never.
    """
    playing = [t for t in sorted(sheet.free) if len(sheet.score.tracks[t])]
    here = {r.track for r in sheet.rows[bar]}
    chordal = [t for t in playing if t not in sheet.lines]
    if chordal:
        return sorted(chordal, key=lambda t: (t == sheet.lead, t not in here, t))
    return [t for t in playing if sheet.chordal(t)]


def _joined(sheet: Sheet, bar: int, place: int, host: int, need: int, octaves: bool) -> bool:
    """Add one tone at an onset; whether there was one to add."""
    near = sheet.rows[max(0, bar - 1) : bar + 1]
    live = [r for rows in near for r in rows if r.first < sheet.change_after(place) and r.last > place]
    taken = {r.pitch for r in live}
    top = min((r.pitch for r in live if r.sung), default=max(taken, default=72) + 1)
    low = min(taken, default=48)
    mine = [r.pitch for r in live if r.track == host] or [r.pitch for r in sheet.rows[bar] if r.track == host]
    middle = sum(mine) / len(mine) if mine else 60.0
    classes = {p % 12 for p in taken} if octaves else sheet.classes(place)
    tick = max(int(sheet.grid.starts[bar]), min(r.onset for r in sheet.rows[bar] if r.first == place))
    lowest = max(LOWEST, low - 24) if octaves else low + 1
    highest = min(HIGHEST, top)
    choice = [
        p
        for p in range(lowest, highest)
        if p % 12 in classes and p not in taken and (p >= CLOSE or all(abs(p - q) > 4 for q in taken))
        and all(abs(p - q) > 1 for q in taken)
        and not sheet.blocked(host, p, tick, bar)
    ]  # fmt: skip
    if not choice:
        return False
    loud = [r.velocity for r in sheet.rows[bar] if r.first == place]
    doubled = {r.pitch % 12 for r in live}
    pitch = min(choice, key=lambda p: (p % 12 in doubled, abs(p - middle)))
    velocity = max(1, round(SOFTER * sum(loud) / len(loud)))
    again = min(
        (r.first for r in sheet.rows[bar] if r.pitch == pitch and r.track == host and r.first > place), default=place + need
    )
    last = max(place + 1, min(_fits_until(sheet, bar, pitch, place), place + need, again))
    end = sheet.grid.tick(last)
    if end <= tick:
        return False
    sheet.add(Row(host, tick, end, pitch, velocity, place, last), bar)
    return True


def _fits_until(sheet: Sheet, bar: int, pitch: int, place: int) -> int:
    """How long a pitch may sound from an onset on: to the bar's end, or a change into a harmony that it does not belong to."""
    _, stop = sheet.span(bar)
    limit = sheet.change_after(place)
    while limit < stop and pitch % 12 in sheet.classes(limit):
        limit = sheet.change_after(limit)
    return min(stop, limit)
