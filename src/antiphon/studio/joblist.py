"""Jobs on record: what was asked, how far it is, what came of it; kept so that no crash makes one vanish without a word."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from antiphon.studio.database import Database, new_id, now
from antiphon.studio.library import NotFoundError

OPEN = ("queued", "running")
INTERRUPTED = "The studio was closed while this job was under way; the takes it had finished are kept. Try again."
SHOWN = 20
"""Ended jobs that a project's state still shows."""


class JobList:
    """The jobs table."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, verb: str, asked: dict[str, Any], *, project: str | None, take: str | None, before: str | None) -> str:
        """Put a job on record as queued; returns its identity.

        Args:
          take: what it works on.
          before: the take that was current when it was asked.
        """
        identity = new_id("j")
        with self.database.change() as db:
            db.execute(
                "INSERT INTO jobs (id, project, verb, take, asked, before, state, created)"
                " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?)",
                (identity, project, verb, take, json.dumps(asked), before, now()),
            )
        return identity

    def begin(self, identity: str) -> None:
        """Put on record that a job has begun."""
        with self.database.change() as db:
            db.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ? AND state = 'queued'", (now(), identity))

    def end(
        self,
        identity: str,
        state: str,
        *,
        error: str | None = None,
        result: dict[str, Any] | None = None,
        chosen: str | None = None,
    ) -> None:
        """Put on record how a job ended; one that has ended already stays as it is."""
        with self.database.change() as db:
            db.execute(
                "UPDATE jobs SET state = ?, error = ?, result = ?, chosen = ?, ended = ?"
                " WHERE id = ? AND state IN ('queued', 'running')",
                (state, error, None if result is None else json.dumps(result), chosen, now(), identity),
            )

    def interrupt_all(self) -> int:
        """Mark what an earlier server left unfinished; how many there were."""
        with self.database.change() as db:
            found = db.execute(
                "UPDATE jobs SET state = 'interrupted', error = ?, ended = ? WHERE state IN ('queued', 'running')",
                (INTERRUPTED, now()),
            )
            return found.rowcount

    def get(self, identity: str) -> dict[str, Any]:
        """A job.

        Raises:
          NotFoundError: there is none.
        """
        row = self.database.row("SELECT * FROM jobs WHERE id = ?", (identity,))
        if row is None:
            raise NotFoundError(f"There is no job {identity}.")
        return self._json(row)

    def of_project(self, project: str) -> list[dict[str, Any]]:
        """A project's open jobs and the last that ended, oldest first."""
        rows = self.database.rows(
            "SELECT * FROM jobs WHERE project = ? AND (state IN ('queued', 'running') OR id IN"
            " (SELECT id FROM jobs WHERE project = ? AND ended IS NOT NULL ORDER BY ended DESC LIMIT ?))"
            " ORDER BY created, rowid",
            (project, project, SHOWN),
        )
        return [self._json(row) for row in rows]

    def all_open(self) -> list[dict[str, Any]]:
        """All jobs that have not ended, oldest first."""
        rows = self.database.rows("SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY created, rowid")
        return [self._json(row) for row in rows]

    def count_open(self) -> int:
        """How many jobs have not ended."""
        return int(self.database.rows("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")[0][0])

    def _json(self, row: sqlite3.Row) -> dict[str, Any]:
        takes = self.database.rows("SELECT id FROM takes WHERE job = ? ORDER BY number", (row["id"],))
        plain = ("id", "project", "verb", "take", "state", "message", "chosen", "error", "created", "started", "ended")
        return {
            **{name: row[name] for name in plain},
            "asked": json.loads(row["asked"]),
            "result": None if row["result"] is None else json.loads(row["result"]),
            "before": row["before"],
            "takes": [take[0] for take in takes],
            "progress": None,
            "position": None,
        }
