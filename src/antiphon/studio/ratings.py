"""Ratings: thumbs, stars and choices between two takes, each kept with the exact piece that was heard."""

from __future__ import annotations

import json
import math
from typing import Any

from antiphon.errors import InputError
from antiphon.studio.database import Database, new_id, now
from antiphon.studio.library import NotFoundError
from antiphon.studio.scorejson import to_json, unpack

FORMAT = 1


class Ratings:
    """What the database knows of the listener's opinions, and what the critic learnt from them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def rate(self, kind: str, take: str, value: int) -> None:
        """Keep a thumb (-1, 1) or stars (1 to 5) for a take, instead of an earlier one; 0 takes it back.

        Raises:
          NotFoundError: there is no such take.
        """
        score = self._score(take)
        with self.database.change() as db:
            db.execute("DELETE FROM ratings WHERE kind = ? AND take = ?", (kind, take))
            if value:
                db.execute(
                    "INSERT INTO ratings VALUES (?, ?, ?, NULL, ?, NULL, ?, ?)", (new_id("r"), kind, take, score, value, now())
                )

    def choose(self, take: str, other: str) -> None:
        """Keep that a take was preferred to another.

        Raises:
          NotFoundError: there is no such take.
          InputError: both are the same take.
        """
        if take == other:
            raise InputError("A choice is between two different takes.")
        values = (new_id("r"), "ab", take, other, self._score(take), self._score(other), 1, now())
        with self.database.change() as db:
            db.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def _score(self, take: str) -> str:
        row = self.database.row("SELECT score FROM takes WHERE id = ?", (take,))
        if row is None:
            raise NotFoundError(f"There is no take {take}.")
        return str(row[0])

    def count(self) -> int:
        """How many ratings there are."""
        return int(self.database.rows("SELECT count(*) FROM ratings")[0][0])

    def all(self) -> list[dict[str, Any]]:
        """All ratings, oldest first."""
        rows = self.database.rows("SELECT id, kind, take, other, value, created FROM ratings ORDER BY created, rowid")
        return [dict(row) for row in rows]

    def pieces(self) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
        """All ratings with the hashes of their pieces, and the exact form of each piece."""
        rows = [dict(row) for row in self.database.rows("SELECT * FROM ratings ORDER BY created, rowid")]
        stored = self.database.rows(
            "SELECT hash, data FROM scores WHERE hash IN (SELECT score FROM ratings UNION SELECT other_score FROM ratings)"
        )
        return rows, {row["hash"]: row["data"] for row in stored}

    def export(self) -> dict[str, Any]:
        """Everything about the ratings, the pieces included, as plain JSON."""
        rows, pieces = self.pieces()
        return {
            "format": FORMAT,
            "ratings": [{name: row[name] for name in ("kind", "score", "other_score", "value", "created")} for row in rows],
            "scores": {name: to_json(unpack(data)) for name, data in pieces.items()},
            "critic": self.learnt(),
        }

    def reset(self) -> None:
        """Forget all ratings."""
        with self.database.change() as db:
            db.execute("DELETE FROM ratings")

    def learnt(self) -> dict[str, Any] | None:
        """What the critic learnt from the ratings; None: nothing."""
        row = self.database.row("SELECT data FROM critic WHERE one = 1")
        return None if row is None else dict(json.loads(row[0]))

    def learn(self, data: dict[str, Any] | None) -> None:
        """Keep what the critic learnt, or (None) forget it."""
        with self.database.change() as db:
            db.execute("DELETE FROM critic")
            if data is not None:
                db.execute("INSERT INTO critic VALUES (1, ?, ?)", (json.dumps(data), now()))


def settings(database: Database) -> dict[str, Any]:
    """What the page asked to remember."""
    return {row["name"]: json.loads(row["value"]) for row in database.rows("SELECT * FROM settings ORDER BY name")}


def keep_settings(database: Database, values: dict[str, Any]) -> None:
    """Remember these values instead of the earlier ones.

    Raises:
      InputError: a number is not finite.
    """
    if any(isinstance(v, float) and not math.isfinite(v) for v in values.values()):
        raise InputError("A setting must be a finite number.")
    with database.change() as db:
        db.execute("DELETE FROM settings")
        db.executemany("INSERT INTO settings VALUES (?, ?)", [(name, json.dumps(value)) for name, value in values.items()])
