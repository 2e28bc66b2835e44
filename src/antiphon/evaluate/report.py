"""The report: the judge's result as Markdown, as one self-contained HTML page, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any, NamedTuple

from antiphon.evaluate.plots import heat_map, lines, rail

OTHERS = ("ceiling", "shuffled bars", "another song's melody", "random notes")
SEEN = 0.01


class Table(NamedTuple):
    """Rows of cells under headings; `rails` holds an SVG for each row, or nothing."""

    heading: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rails: tuple[str, ...] = ()


def number(value: Any) -> str:
    """A figure as people read it; a dash where there is none."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return "–"
    if isinstance(value, str | int):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def probability(value: Any) -> str:
    """A p-value; below one in ten thousand only that."""
    if value is None or not isfinite(value):
        return "–"
    return "< .0001" if value < 1e-4 else f"{value:.4f}"


def interval(row: dict[str, Any]) -> str:
    """The 95% interval of a reading."""
    return f"{number(row['low'])} to {number(row['high'])}" if isfinite(row["low"]) else "–"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def summary(result: dict[str, Any]) -> list[str]:
    """The report in a few sentences: what is like the real music and what is not."""
    rows = [r for r in result["headline"] if isfinite(r["p_value"])]
    odd = [r["measure"] for r in rows if r["p_value"] < SEEN]
    count = result["counts"]
    said = [
        f"{_many(count['generated pieces'], 'generated piece')} ({_many(count['generated windows'], 'window')} of "
        f"{_many(result['bars'], 'bar')}) against {count['reference pieces']} real ones "
        f"({_many(count['reference windows'], 'window')})."
    ]
    verdict = f"the generated set from real music at p < {SEEN}"
    if not rows:
        said.append(f"Too few pieces to tell {verdict} by any headline measure.")
    elif odd:
        said.append(
            f"{len(odd)} of {len(rows)} headline measures {'tells' if len(odd) == 1 else 'tell'} {verdict}: {', '.join(odd)}."
        )
    else:
        said.append(f"None of {_many(len(rows), 'headline measure')} tells {verdict}.")
    for name in ("two-sample test, ridge", "two-sample test, network"):
        for r in (r for r in rows if r["measure"] == name and isfinite(r["value"])):
            base = f"; two halves of the real music: {number(r['ceiling'])}" if "ceiling" in r else ""
            said.append(
                f"{name[0].upper()}{name[1:]}: accuracy {number(r['value'])} ({interval(r)}), 0.5 is indistinguishable{base}."
            )
    for r in (r for r in result.get("likelihood", {}).get("rows", []) if r["statistic"] == "nats per note"):
        real = r["real"]
        said.append(
            f"Likelihood under {result['likelihood']['snapshot']}: {_with_interval(r)} nats per note; "
            f"real music: {_with_interval(real)}."
        )
    return said


def _headline(result: dict[str, Any]) -> Table:
    rows, rails = [], []
    present = [o for o in OTHERS if any(o in r for r in result["headline"])]
    for r in result["headline"]:
        rows.append(
            (
                r["measure"],
                number(r["value"]),
                interval(r),
                *(number(r.get(o)) for o in present),
                number(r["z"]),
                probability(r["p_value"]),
            )
        )
        nan = float("nan")
        rails.append(rail(r["value"], r["low"], r["high"], r.get("ceiling", nan), r.get("random notes", nan)))
    note = (
        "Ceiling: the other half of the real pieces. The columns after it are that half, damaged: the floors. p: how often "
        "sets of one kind would differ as much, by permuting pieces (two-sample tests: normal, corrected for shared folds)."
    )
    return Table(
        "Headline measures", note, ("measure", "generated", "95% interval", *present, "z", "p"), tuple(rows), tuple(rails)
    )


def _statistics(heading: str, note: str, rows: Sequence[dict[str, Any]]) -> Table:
    present = [o for o in OTHERS if any(o in r for r in rows)]
    closed = any("gap closed" in r for r in rows)
    columns = ("statistic", "generated", "95% interval", "real", *present, *(("gap closed",) if closed else ()), "p")
    cells = tuple(
        (r["statistic"], number(r["value"]), interval(r), number(r["real"]), *(number(r.get(o)) for o in present),
         *((number(r["gap closed"]),) if closed else ()), probability(r["p_value"]))
        for r in rows
    )  # fmt: skip
    return Table(heading, note, columns, cells)


def _mgeval(result: dict[str, Any]) -> Table:
    sets = result["mgeval"]
    names = list(next(iter(sets.values()))["features"])
    rows = [("mean", *(number(s["mean overlap"]) for s in sets.values()), "")]
    rows += [
        (
            n,
            *(number(s["features"][n]["overlap"]) for s in sets.values()),
            number(sets["generated"]["features"][n]["divergence, as published"]),
        )
        for n in names
    ]
    note = "Overlap area of intra-set and inter-set distances. A smoke alarm only: shuffled pitches reach the ceiling."
    return Table("mgeval", note, ("feature", *sets, "divergence, as published"), tuple(rows))


def _structure(result: dict[str, Any]) -> Table:
    sets = result["structure"]
    rows = [
        (f"structureness, {k} (chroma)", *(number(s["structureness"][k]) for s in sets.values()))
        for k in ("short", "middle", "long")
    ]
    rows += [(k, *(number(s[k]) for s in sets.values())) for k in ("frame consistency", "frame variance")]
    rows.append(
        ("Fréchet distance, extrapolated", "–", *(number(result["Fréchet extrapolated"].get(n)) for n in sets if n != "real"))
    )
    note = "Structureness: fitness of the best repeated segment of 3-8, 8-15, 15 s and more, from the notes' chroma, not audio."
    return Table("Structure, and the Fréchet distance at infinite sample size", note, ("", *sets), tuple(rows))


def _with_interval(row: dict[str, Any]) -> str:
    return f"{number(row['value'])} ({interval(row)})" if isfinite(row["low"]) else number(row["value"])


def _likelihood(result: dict[str, Any]) -> Table:
    found = result["likelihood"]
    sets = ("real", "half A", "half B")
    rows = tuple(
        (
            r["statistic"],
            *(_with_interval(s) for s in (r, *(r[n] for n in sets))),
            probability(r["p_value"]),
            probability(r["p_value, half against half"]),
        )
        for r in found["rows"]
    )
    note = (
        f"Nats of negative log-likelihood under {found['snapshot']} on stretches of {found['bars']} bars, mean over pieces "
        f"({found['pieces']['generated']} generated, {found['pieces']['reference']} real) with 95% interval; the halves are of "
        "the real pieces. Less is not better: duller than real music has less, stranger has more. A snapshot also finds "
        f"probable what it wrote itself or learned from. Keys {found['keys']}, tracks matched by "
        f"{found['roles']['matched by']}."
    )
    columns = ("figure", "generated", *sets, "p", "p, half against half")
    return Table("Likelihood under a sequence snapshot", note, columns, rows)


def tables(result: dict[str, Any]) -> list[Table]:
    """All tables of the report."""
    out = [
        _headline(result),
        _statistics(
            "Statistics", "Means over pieces. Gap closed: 1 at the real value, 0 at random notes.", result["statistics"]
        ),
        _statistics("Harmony and voices", "Key and chords are estimated; real pieces have foreign notes too.", result["rules"]),
        _structure(result),
        _mgeval(result),
    ]
    if result.get("likelihood", {}).get("rows"):
        out.insert(1, _likelihood(result))
    if "originality" in result:
        found = result["originality"]
        keys = list(found["generated"])
        rows = tuple((k, number(found["generated"][k]), number(found["reference"][k])) for k in keys)
        note = "Runs of notes that a training piece has too; the reference is the human yardstick."
        out.append(Table("Originality against the training set", note, ("", "generated", "reference"), rows))
    return out


def _remarks(result: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Lists under headings: closest training pieces, faults by bar, what is missing, what was left out."""
    worst = sorted(result["explanations"], key=lambda e: -e["faults"])[:5]
    faults = [f"{e['piece']}: {e['faults']} faults; {'; '.join(e['first'][:6])}" for e in worst if e["faults"]]
    missing = [f"{name}: not available, {why}" for name, why in result["not available"].items()]
    lists = [
        ("Pieces closest to the training set", result.get("originality", {}).get("closest", [])),
        ("Pieces with most faults, by bar", faults),
        ("Not available", missing),
        (f"Left out ({len(result['left out'])})", result["left out"]),
    ]
    how = f"Tracks matched by {result['roles']['matched by']}: {', '.join(result['roles']['names'])}."
    version = (
        f"Antiphon {result['antiphon']}, {result['descriptor']}, encoder {result['encoder'] or 'none'}, seed {result['seed']}."
    )
    return [(h, list(items)) for h, items in lists if items] + [("How it was measured", [how, version])]


def markdown(result: dict[str, Any]) -> str:
    """The report as Markdown."""
    out = ["# Evaluation", "", *summary(result), ""]
    for table in tables(result):
        out += [f"## {table.heading}", "", table.note, ""]
        out += ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
        out += ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in table.rows]
        out.append("")
    for heading, items in _remarks(result):
        out += [f"## {heading}", "", *(f"- {item}" for item in items), ""]
    return "\n".join(out)


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}
td,th{padding:.2rem .45rem;font-size:13px;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th{white-space:normal;vertical-align:bottom}
td:first-child,th:first-child{text-align:left}tr.odd td{background:#fdf0ee}
figure{display:inline-block;margin:.5rem 1rem .5rem 0;vertical-align:top}.wide{overflow-x:auto}p.note{color:#555}"""


def html(result: dict[str, Any]) -> str:
    """The report as one page that needs nothing else."""
    out = ['<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evaluation</title>']
    out.append(f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>Evaluation</h1>')
    out += [f"<p>{escape(s)}</p>" for s in summary(result)]
    for table in tables(result):
        out.append(_html_table(table))
        if table.heading.startswith("Structure"):
            out.append(_figures(result))
    for heading, items in _remarks(result):
        out.append(f"<h2>{escape(heading)}</h2><ul>{''.join(f'<li>{escape(i)}</li>' for i in items)}</ul>")
    return "".join([*out, "</body></html>\n"])


def _html_table(table: Table) -> str:
    at_p = table.columns.index("p") if "p" in table.columns else None
    names = [f"<th>{escape(c)}</th>" for c in table.columns]
    head = "".join([names[0], *(["<th>floor to ceiling</th>"] if table.rails else []), *names[1:]])
    body = []
    for i, row in enumerate(table.rows):
        seen = at_p is not None and (row[at_p].startswith("<") or (row[at_p] != "–" and float(row[at_p]) < SEEN))
        cells = [f"<td>{escape(c)}</td>" for c in row]
        if table.rails:
            cells.insert(1, f"<td>{table.rails[i]}</td>")
        body.append(f"<tr{' class=odd' if seen else ''}>{''.join(cells)}</tr>")
    note = f'<p class="note">{escape(table.note)}{" Shaded: p below " + str(SEEN) + "." if at_p is not None else ""}</p>'
    return f'<h2>{escape(table.heading)}</h2>{note}<div class="wide"><table><tr>{head}</tr>{"".join(body)}</table></div>'


def _figures(result: dict[str, Any]) -> str:
    sets = result["structure"]
    curves = {
        n: s["repetition by lag"]
        for n, s in sets.items()
        if n in ("generated", "real", "ceiling", "shuffled bars", "random notes")
    }
    ordered = {n: curves[n] for n in ("real", "generated", *curves) if n in curves}
    out = [f"<figure>{lines(ordered, 'Likeness of bars by their distance', 'bars apart', '')}</figure><br>"]
    for name in ("generated", "real"):
        matrix = sets[name]["self-similarity of a typical piece"]
        out.append(f"<figure>{heat_map(matrix, f'A typical piece, bar by bar: {name}')}</figure>")
    return "".join(out)


def plain(value: Any) -> Any:
    """The value with every number that JSON cannot hold as null."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def files(result: dict[str, Any]) -> dict[str, bytes]:
    """The report's three files by name."""
    data = json.dumps(plain(result), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return {"report.md": markdown(result).encode(), "report.html": html(result).encode(), "report.json": data.encode()}
