"""The studio's SQLite file: opened whole or refused, migrated by numbered steps, written in transactions."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from antiphon.errors import FormatError, OutputError
from antiphon.studio.migrations import MIGRATIONS

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(kind: str) -> str:
    """An identity that nobody had before: the kind's letter, an underscore and twelve characters."""
    return f"{kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(12))


class Database:
    """One connection to the studio's file; every change is a transaction that is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        """Open the file, make it where it is missing, check it and bring it up to date.

        Raises:
          FormatError: the file is damaged, no database, or made by a later version.
          OutputError: it cannot be opened or written.
        """
        self.path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        except sqlite3.Error as error:
            raise OutputError(f"Cannot open the studio's database {path}: {error}.") from error
        try:
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # a saved take outlives a power cut, not only a crash
            self._db.execute("PRAGMA foreign_keys = ON")
            self._check()
            self._migrate()
        except (sqlite3.DatabaseError, UnicodeError) as error:  # a damaged schema may not even be text
            self._db.close()
            raise FormatError(
                f"The studio's database {path} cannot be read ({error}); move it away or bring back a copy."
            ) from error
        except FormatError:
            self._db.close()
            raise

    def _check(self) -> None:
        found = [row[0] for row in self._db.execute("PRAGMA quick_check(3)")]
        if found != ["ok"]:
            raise FormatError(f"The studio's database {self.path} is damaged ({found[0]}); bring back a copy of it.")
        if self._db.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise FormatError(f"The studio's database {self.path} is damaged (a row points nowhere); bring back a copy of it.")

    def _migrate(self) -> None:
        version = self.version
        if version > len(MIGRATIONS):
            raise FormatError(
                f"The studio's database {self.path} was made by a later version of Antiphon; "
                "update Antiphon, or give another --home."
            )
        if 0 < version < len(MIGRATIONS):
            self._copy(f"before-{version + 1}")
        for number, step in enumerate(MIGRATIONS[version:], version + 1):
            with self.change() as db:
                for statement in step.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")

    def _copy(self, word: str) -> None:
        """Keep a copy of the file as it was before a migration."""
        target = self.path.with_name(f"{self.path.name}.{word}")
        if not target.exists():
            self._db.execute("VACUUM INTO ?", (str(target),))

    @property
    def version(self) -> int:
        """Number of the last migration that the file has seen."""
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept when the body ends well, nothing of it otherwise; one within another joins it.

        Raises:
          OutputError: the disk is full or the file cannot be written.
        """
        if self._busy():
            yield self._db
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._busy():
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self._busy():
                self._db.execute("ROLLBACK")
            raise OutputError(f"Cannot write the studio's database {self.path}: {error}.") from error

    def _busy(self) -> bool:
        return self._db.in_transaction

    def rows(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._db.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query."""
        found: sqlite3.Row | None = self._db.execute(query, values).fetchone()
        return found

    def close(self) -> None:
        """Write everything into the one file and let it go."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()


def now() -> float:
    """Seconds since 1970, as every table has them."""
    return round(time.time(), 3)
