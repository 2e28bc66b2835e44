"""The database's tables, as numbered steps; a step that has shipped is never changed."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE projects (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        position INTEGER NOT NULL DEFAULT 0,
        removed INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE scores (
        hash TEXT PRIMARY KEY,
        data BLOB NOT NULL,
        view BLOB NOT NULL,
        piece TEXT NOT NULL
    );
    CREATE TABLE takes (
        id TEXT PRIMARY KEY,
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        parent TEXT REFERENCES takes(id) ON DELETE SET NULL,
        job TEXT,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        notes TEXT NOT NULL DEFAULT '',
        verb TEXT NOT NULL,
        score TEXT NOT NULL REFERENCES scores(hash),
        asked TEXT NOT NULL,
        said TEXT NOT NULL,
        wishes TEXT NOT NULL,
        verdict TEXT,
        manifest TEXT,
        explanation TEXT,
        chosen INTEGER NOT NULL DEFAULT 0,
        seed INTEGER,
        model TEXT,
        removed INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        UNIQUE (project, number)
    );
    CREATE INDEX takes_by_job ON takes(job);
    CREATE TABLE history (
        project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        take TEXT REFERENCES takes(id) ON DELETE SET NULL,
        locks TEXT NOT NULL,
        label TEXT NOT NULL,
        created REAL NOT NULL,
        PRIMARY KEY (project, position)
    );
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        project TEXT REFERENCES projects(id) ON DELETE CASCADE,
        verb TEXT NOT NULL,
        take TEXT,
        asked TEXT NOT NULL,
        before TEXT,
        state TEXT NOT NULL,
        message TEXT NOT NULL DEFAULT '',
        chosen TEXT,
        result TEXT,
        error TEXT,
        created REAL NOT NULL,
        started REAL,
        ended REAL
    );
    CREATE INDEX jobs_by_project ON jobs(project, created);
    CREATE TABLE ratings (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('thumb', 'stars', 'ab')),
        take TEXT REFERENCES takes(id) ON DELETE SET NULL,
        other TEXT REFERENCES takes(id) ON DELETE SET NULL,
        score TEXT NOT NULL REFERENCES scores(hash),
        other_score TEXT REFERENCES scores(hash),
        value INTEGER NOT NULL,
        created REAL NOT NULL
    );
    CREATE UNIQUE INDEX one_rating ON ratings(kind, take) WHERE kind IN ('thumb', 'stars');
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE critic (one INTEGER PRIMARY KEY CHECK (one = 1), data TEXT NOT NULL, created REAL NOT NULL);
    """,
)
"""Step n brings a database of version n-1 to version n."""
