"""Projects and their takes: a tree of versions that only grows, and a history of which one is current."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.errors import InputError
from antiphon.music.score import Score
from antiphon.studio.database import Database, new_id, now
from antiphon.studio.locks import Lock
from antiphon.studio.phrases import phrases
from antiphon.studio.scorejson import Packed, unpack

NO_NAME = "Untitled"


class NotFoundError(InputError):
    """There is no project, take or job of this identity."""


class ConflictError(InputError):
    """What was asked does not fit the present state."""


@dataclass(frozen=True, slots=True)
class NewTake:
    """A take to be kept: its music, and how it came to be.

    Attributes:
      packed: the music.
      verb, asked: what made it, and with which parameters.
      said, wishes, verdict, manifest: what the composer told about it.
      name: as shown; None: by its number.
    """

    packed: Packed
    verb: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    wishes: tuple[Mapping[str, Any], ...] = ()
    verdict: Mapping[str, Any] | None = None
    manifest: Mapping[str, Any] | None = None
    seed: int | None = None
    model: str | None = None
    name: str | None = None
    chosen: bool = False


class Library:
    """What the database knows of projects, takes and history."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- projects

    def new_project(self, name: str | None = None) -> str:
        """Make a project; returns its identity."""
        identity, at = new_id("p"), now()
        with self.database.change() as db:
            db.execute(
                "INSERT INTO projects (id, name, created, updated) VALUES (?, ?, ?, ?)", (identity, name or NO_NAME, at, at)
            )
            db.execute("INSERT INTO history VALUES (?, 0, NULL, '[]', '', ?)", (identity, at))
        return identity

    def project(self, identity: str) -> dict[str, Any]:
        """A project as the page sees it.

        Raises:
          NotFoundError: there is none.
        """
        row = self._project(identity)
        return self._project_json(row)

    def _project(self, identity: str) -> sqlite3.Row:
        row = self.database.row(
            "SELECT p.*, h.take AS current, h.locks AS locks,"
            " (SELECT count(*) FROM takes t WHERE t.project = p.id AND NOT t.removed) AS takes"
            " FROM projects p JOIN history h ON h.project = p.id AND h.position = p.position WHERE p.id = ?",
            (identity,),
        )
        if row is None:
            raise NotFoundError(f"There is no project {identity}.")
        return row

    @staticmethod
    def _project_json(row: sqlite3.Row) -> dict[str, Any]:
        return {name: row[name] for name in ("id", "name", "created", "updated", "takes", "current")}

    def projects(self) -> list[dict[str, Any]]:
        """All projects that are not in the bin, the one last touched first."""
        rows = self.database.rows(
            "SELECT p.*, h.take AS current, (SELECT count(*) FROM takes t WHERE t.project = p.id AND NOT t.removed) AS takes"
            " FROM projects p JOIN history h ON h.project = p.id AND h.position = p.position"
            " WHERE NOT p.removed ORDER BY p.updated DESC, p.rowid DESC"
        )
        return [self._project_json(row) for row in rows]

    def rename_project(self, identity: str, name: str) -> None:
        """Give a project another name."""
        self._project(identity)
        with self.database.change() as db:
            db.execute("UPDATE projects SET name = ?, updated = ? WHERE id = ?", (name, now(), identity))

    def remove_project(self, identity: str, removed: bool = True) -> None:
        """Move a project into the bin, or take it out again."""
        self._project(identity)
        with self.database.change() as db:
            db.execute("UPDATE projects SET removed = ?, updated = ? WHERE id = ?", (removed, now(), identity))

    # --- history

    def current(self, project: str) -> str | None:
        """The take that is current."""
        take: str | None = self._project(project)["current"]
        return take

    def locks(self, project: str) -> tuple[Lock, ...]:
        """The locks that hold."""
        return read_locks(self._project(project)["locks"])

    def record(self, project: str, label: str, *, take: str | None = None, locks: Iterable[Lock] | None = None) -> None:
        """A step that can be undone: another current take, other locks, or both; what was undone before is forgotten.

        Args:
          label: what the step did, for the undo button.
          take, locks: None leaves them as they are.
        """
        row = self._project(project)
        position = row["position"] + 1
        kept = row["locks"] if locks is None else write_locks(locks)
        with self.database.change() as db:
            db.execute("DELETE FROM history WHERE project = ? AND position >= ?", (project, position))
            db.execute(
                "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)",
                (project, position, take if take is not None else row["current"], kept, label, now()),
            )
            db.execute("UPDATE projects SET position = ?, updated = ? WHERE id = ?", (position, now(), project))

    def step(self, project: str, by: int) -> None:
        """Undo (-1) or redo (+1) one step.

        Raises:
          ConflictError: there is none.
        """
        position = self._project(project)["position"] + by
        if self.database.row("SELECT 1 FROM history WHERE project = ? AND position = ?", (project, position)) is None:
            raise ConflictError("There is nothing to undo." if by < 0 else "There is nothing to redo.")
        with self.database.change() as db:
            db.execute("UPDATE projects SET position = ?, updated = ? WHERE id = ?", (position, now(), project))

    def history(self, project: str) -> dict[str, Any]:
        """What undo and redo would do, and where in the history the project stands."""
        position = self._project(project)["position"]
        rows = self.database.rows(
            "SELECT position, label FROM history WHERE project = ? AND position BETWEEN ? AND ?",
            (project, position, position + 1),
        )
        labels = {row["position"]: row["label"] for row in rows}
        depth = self.database.rows("SELECT count(*) FROM history WHERE project = ?", (project,))[0][0] - 1
        undo = labels[position] if position > 0 else None
        redo = labels.get(position + 1)
        return {"undo": undo, "redo": redo, "depth": depth, "position": position, "phrases": phrases((undo, redo))}

    # --- takes

    def keep_score(self, packed: Packed) -> None:
        """Store a piece; one that is there already costs nothing."""
        with self.database.change() as db:
            db.execute(
                "INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?)",
                (packed.hash, packed.data, packed.view, json.dumps(packed.piece)),
            )

    def add_take(self, project: str, new: NewTake, *, parent: str | None = None, job: str | None = None) -> str:
        """Keep a take; returns its identity.

        Raises:
          NotFoundError: there is no such project.
        """
        self._project(project)
        identity = new_id("t")
        with self.database.change() as db:
            self.keep_score(new.packed)
            row = db.execute("SELECT coalesce(max(number), 0) + 1 FROM takes WHERE project = ?", (project,)).fetchone()
            number = int(row[0])
            values = {
                "id": identity, "project": project, "parent": parent, "job": job, "number": number,
                "name": new.name or f"Take {number}", "verb": new.verb, "score": new.packed.hash,
                "asked": json.dumps(dict(new.asked)), "said": json.dumps(list(new.said)),
                "wishes": json.dumps([dict(w) for w in new.wishes]),
                "verdict": _dump(new.verdict), "manifest": _dump(new.manifest), "chosen": new.chosen, "seed": new.seed,
                "model": new.model, "created": now(),
            }  # fmt: skip
            marks = ", ".join(f":{name}" for name in values)
            db.execute(f"INSERT INTO takes ({', '.join(values)}) VALUES ({marks})", values)
            db.execute("UPDATE projects SET updated = ? WHERE id = ?", (now(), project))
        return identity

    def change_take(self, identity: str, values: Mapping[str, Any]) -> None:
        """Set columns of a take: name, notes, removed, chosen; or, as JSON, said, wishes, verdict, manifest, explanation.

        Raises:
          NotFoundError: there is no such take.
        """
        self._take(identity)
        plain = {"name", "notes", "removed", "chosen"}
        texts = {"said", "wishes", "verdict", "manifest", "explanation"}
        if not values.keys() <= plain | texts:
            raise ValueError(f"columns {sorted(values)}")
        if not values:
            return
        stored = {name: value if name in plain else _dump(value) for name, value in values.items()}
        with self.database.change() as db:
            db.execute(
                f"UPDATE takes SET {', '.join(f'{n} = :{n}' for n in stored)} WHERE id = :id", {**stored, "id": identity}
            )

    def _take(self, identity: str) -> sqlite3.Row:
        row = self.database.row(f"{_TAKES} WHERE t.id = ?", (identity,))
        if row is None:
            raise NotFoundError(f"There is no take {identity}.")
        return row

    def take(self, identity: str) -> dict[str, Any]:
        """A take as the page sees it.

        Raises:
          NotFoundError: there is none.
        """
        return _take_json(self._take(identity))

    def manifest(self, identity: str) -> dict[str, Any] | None:
        """The manifest of a take, where it has one."""
        text = self._take(identity)["manifest"]
        return None if text is None else dict(json.loads(text))

    def takes(self, project: str) -> list[dict[str, Any]]:
        """All takes of a project, oldest first."""
        return [_take_json(row) for row in self.database.rows(f"{_TAKES} WHERE t.project = ? ORDER BY t.number", (project,))]

    def score_of(self, take: str) -> Score:
        """The music of a take.

        Raises:
          NotFoundError: there is no such take.
        """
        return unpack(self.data_of(take)[1])

    def data_of(self, take: str) -> tuple[str, bytes]:
        """Hash and exact form (gzipped JSON) of a take's music."""
        row = self._stored(take)
        return row["hash"], row["data"]

    def view_of(self, take: str) -> tuple[str, bytes]:
        """Hash and drawn form (gzipped JSON) of a take's music."""
        row = self._stored(take)
        return row["hash"], row["view"]

    def _stored(self, take: str) -> sqlite3.Row:
        row = self.database.row("SELECT s.* FROM takes t JOIN scores s ON s.hash = t.score WHERE t.id = ?", (take,))
        if row is None:
            raise NotFoundError(f"There is no take {take}.")
        return row


_TAKES = (
    "SELECT t.*, s.piece,"
    " (SELECT value FROM ratings r WHERE r.take = t.id AND r.kind = 'thumb') AS thumb,"
    " (SELECT value FROM ratings r WHERE r.take = t.id AND r.kind = 'stars') AS stars"
    " FROM takes t JOIN scores s ON s.hash = t.score"
)


def _take_json(row: sqlite3.Row) -> dict[str, Any]:
    plain = ("id", "project", "parent", "job", "number", "name", "notes", "verb", "seed", "model", "created")
    told: dict[str, Any] = {name: json.loads(row[name]) for name in ("asked", "said", "wishes", "piece")}
    verdict = None if row["verdict"] is None else json.loads(row["verdict"])
    wishes = [wish.get(part) for wish in told["wishes"] for part in ("name", "why")]
    reasons = [reason["text"] for reason in (verdict or {}).get("reasons", ())]
    return {
        **{name: row[name] for name in plain},
        **told,
        "verdict": verdict,
        "explanation": None if row["explanation"] is None else json.loads(row["explanation"]),
        "phrases": phrases([*told["said"], *wishes, *reasons]),
        "chosen": bool(row["chosen"]),
        "removed": bool(row["removed"]),
        "rating": {"thumb": row["thumb"], "stars": row["stars"]},
    }


def read_locks(text: str) -> tuple[Lock, ...]:
    """Locks as the database has them."""
    return tuple(
        Lock(lock["first"], lock["last"], None if lock["tracks"] is None else tuple(lock["tracks"]))
        for lock in json.loads(text)
    )


def locks_json(locks: Iterable[Lock]) -> list[dict[str, Any]]:
    """Locks as the page has them."""
    return [{"first": k.first, "last": k.last, "tracks": None if k.tracks is None else list(k.tracks)} for k in locks]


def write_locks(locks: Iterable[Lock]) -> str:
    """Locks as the database has them."""
    return json.dumps(locks_json(locks))


def _dump(value: object | None) -> str | None:
    return None if value is None else json.dumps(value)
