"""The journal's tables."""

from __future__ import annotations

APPLICATION_ID = 0x6E64544A
"""In the file's header: it is a journal of a campaign, and no other database."""

VERSION = 1
"""It grows when the tables change."""

TABLES = (
    "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE profiles (
        label TEXT PRIMARY KEY, source TEXT NOT NULL, copy TEXT, repairs TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE recipes (
        number INTEGER PRIMARY KEY, profile TEXT NOT NULL REFERENCES profiles, options TEXT NOT NULL,
        identity TEXT NOT NULL, compress INTEGER NOT NULL, arguments TEXT NOT NULL
    )""",
    """CREATE TABLE sessions (
        number INTEGER PRIMARY KEY, engine TEXT NOT NULL, begun TEXT NOT NULL, ended TEXT, outcome TEXT
    )""",
    """CREATE TABLE cells (
        ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, recipe INTEGER NOT NULL REFERENCES recipes,
        seed INTEGER NOT NULL, trace TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT 'pending',
        session INTEGER REFERENCES sessions, attempts INTEGER NOT NULL DEFAULT 0, seconds REAL,
        events INTEGER, runs INTEGER, bytes INTEGER, digest TEXT, error TEXT
    )""",
    "CREATE INDEX cells_by_state ON cells (state, ordinal)",
    """CREATE TABLE violations (
        ordinal INTEGER NOT NULL REFERENCES cells, invariant TEXT NOT NULL, cases INTEGER NOT NULL,
        PRIMARY KEY (ordinal, invariant)
    ) WITHOUT ROWID""",
)
