"""A bar made busier or calmer: onsets on weak sixteenths join stronger ones, or what sounds is struck again on strong ones.

The melody goes last: its notes are left out only where nothing else is left, and the note before each lasts on, so that its
contour stays. Broken chords become block chords and the other way round; the harmony of a bar is what it was.
"""

from __future__ import annotations

from antiphon.compose.levels_sheet import Row, Sheet

SOFTER = 0.9
"""Loudness of a note struck again, as a share of the first stroke's."""


def set_onsets(sheet: Sheet, bar: int, wanted: int) -> None:
    """Bring the sixteenths of a bar on which notes begin to a number, as far as the tracks that may change allow."""
    struck = sheet.struck(bar)
    if not struck:
        return
    if len(struck) > wanted:
        _thin(sheet, bar, struck, wanted)
    elif len(struck) < wanted:
        _strike(sheet, bar, struck, wanted - len(struck))


def _thin(sheet: Sheet, bar: int, struck: dict[int, list[Row]], wanted: int) -> None:
    """Keep the onsets that matter most: those that may not change, of the melody, of a new chord, on strong sixteenths."""
    start, _ = sheet.span(bar)

    def worth(place: int) -> tuple[bool, bool, bool, int, int, int]:
        rows = struck[place]
        held = any(not sheet.may(r) for r in rows)
        changes = sheet.change_before(place) == place or place == start
        sung = any(r.sung for r in rows)
        return held, sung, changes, sheet.weight(bar, place), max(r.steps for r in rows), -place

    order = sorted(struck, key=worth, reverse=True)
    kept = sorted(order[: max(wanted, sum(any(not sheet.may(r) for r in rows) for rows in struck.values()))])
    for place in sorted(set(struck) - set(kept)):
        for row in struck[place]:
            _merge(sheet, bar, row, [k for k in kept if k < place], struck)


def _merge(sheet: Sheet, bar: int, row: Row, earlier: list[int], struck: dict[int, list[Row]]) -> None:
    """One note less: of a line the note before lasts on; a chord's tone joins the onset before it in the same harmony."""
    mine = sheet.track_rows(row.track, bar)
    before = [r for r in mine if r.onset < row.onset]
    near = [k for k in earlier if k >= sheet.change_before(row.first)]
    if row.sung or row.track in sheet.lines or not near:
        if before and sheet.may(before[-1]) and (before[-1].sung or not row.sung) and before[-1].last >= row.first - 1:
            ahead = min((r.first for r in mine if r.first > row.first), default=row.last)
            sheet.until(before[-1], min(row.last, ahead))
        sheet.drop(row, bar)
        return
    own = [k for k in near if any(r.track == row.track for r in struck[k])]
    place = (own or near)[-1]
    twin = next((r for r in before if sheet.may(r) and r.pitch == row.pitch and r.first <= place and r.last >= place), None)
    if twin is not None:
        sheet.until(twin, max(twin.last, row.last))
        sheet.drop(row, bar)
        return
    tick = max(int(sheet.grid.starts[bar]), min(r.onset for r in struck[place]))
    again = any(r.pitch == row.pitch and place <= r.first < row.first for r in before)
    if again or sheet.blocked(row.track, row.pitch, tick, bar, row):
        sheet.drop(row, bar)
    else:
        sheet.onto(row, place, tick)


def _strike(sheet: Sheet, bar: int, struck: dict[int, list[Row]], need: int) -> None:
    """Strike what sounds again on free sixteenths, the strongest first: chords, then lines, then the melody."""
    start, stop = sheet.span(bar)
    places = [p for p in range(start, stop) if p not in struck]
    places.sort(key=lambda p: (-sheet.weight(bar, p), p))
    for place in places:
        if need and (_again(sheet, bar, place) or _filled(sheet, bar, place)):
            need -= 1


def _again(sheet: Sheet, bar: int, place: int) -> bool:
    """Split a note that sounds at a sixteenth: another tone of a chord each time, as in a broken chord."""
    near = sheet.rows[max(0, bar - 1) : bar + 1]
    live = [r for rows in near for r in rows if r.first < place < r.last and sheet.may(r)]
    if not live:
        return False
    for kind in (0, 1, 2):
        some = sorted((r for r in live if _kind(sheet, r) == kind), key=lambda r: r.pitch)
        if some:
            row = some[(place - sheet.span(bar)[0]) % len(some)]
            new = Row(row.track, sheet.grid.tick(place), row.end, row.pitch, _soft(row.velocity), place, row.last, row.sung)
            sheet.until(row, place)
            row.end = min(row.end, new.onset)
            sheet.add(new, bar)
            return True
    return False


def _kind(sheet: Sheet, row: Row) -> int:
    """0 for chords, 1 for other lines, 2 for the melody."""
    return 2 if row.sung else 1 if row.track in sheet.lines else 0


def _filled(sheet: Sheet, bar: int, place: int) -> bool:
    """Where all is silent, a short note: the last one before it in its track, or the chord's tone next to that."""
    near = sheet.rows[max(0, bar - 1) : bar + 1]
    ended = [r for rows in near for r in rows if r.last <= place and sheet.may(r)]
    coming = [r for r in sheet.rows[bar] if r.first > place and sheet.may(r)]
    source = max(ended, key=lambda r: (-_kind(sheet, r), r.first, r.pitch), default=None) or min(
        coming, key=lambda r: (_kind(sheet, r), r.first, -r.pitch), default=None
    )
    if source is None:
        return False
    classes = sheet.classes(place)
    pitch = source.pitch
    if classes and pitch % 12 not in classes:
        pitch = min(
            (p for p in range(max(0, pitch - 6), min(128, pitch + 7)) if p % 12 in classes), key=lambda p: abs(p - pitch)
        )
    tick = sheet.grid.tick(place)
    following = [r.onset for r in sheet.rows[bar] if r.track == source.track and r.pitch == pitch and r.onset > tick]
    end = min([sheet.grid.tick(place + 1), *following])
    if end <= tick or sheet.blocked(source.track, pitch, tick, bar):
        return False
    sheet.add(Row(source.track, tick, end, pitch, _soft(source.velocity), place, place + 1, source.sung), bar)
    return True


def _soft(velocity: int) -> int:
    return max(1, round(velocity * SOFTER))
